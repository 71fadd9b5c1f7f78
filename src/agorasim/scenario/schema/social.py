"""Who knows whom, and how what they say travels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import Name, NonNegative, Positive, Probability, Strict
from agorasim.scenario.schema.crisis import Crisis
from agorasim.scenario.schema.reviews import Reviews
from agorasim.scenario.schema.talk_statistics import TalkStatistics


class WattsStrogatz(Strict):
    """Ring of `degree` nearest neighbours, each edge rewired with probability `rewire` (Watts & Strogatz 1998)."""

    kind: Literal["watts_strogatz"]
    degree: Annotated[int, Field(ge=2, le=1000)] = 10
    rewire: Probability = 0.05


class BarabasiAlbert(Strict):
    """Preferential attachment of `links` edges a newcomer (Barabasi & Albert 1999)."""

    kind: Literal["barabasi_albert"]
    links: Annotated[int, Field(ge=1, le=500)] = 5


class PowerlawCluster(Strict):
    """Preferential attachment with triangles (Holme & Kim 2002)."""

    kind: Literal["powerlaw_cluster"]
    links: Annotated[int, Field(ge=1, le=500)] = 5
    triangle: Probability = 0.5


class ErdosRenyi(Strict):
    """Every pair is linked independently; `degree` is the mean degree."""

    kind: Literal["erdos_renyi"]
    degree: Positive = 10.0


class StochasticBlock(Strict):
    """Segments as blocks: `homophily` of a person's links stay inside the segment, the rest go anywhere."""

    kind: Literal["stochastic_block"]
    degree: Positive = 10.0
    homophily: Probability = 0.7


class Spatial(Strict):
    """Links between homes with probability falling as exp(-distance / scale), scaled to the mean degree."""

    kind: Literal["spatial"]
    degree: Positive = 8.0
    scale: Positive = 1.0
    """Length scale, km."""


class Followers(Strict):
    """Opinion leaders and those who follow them: messages run from a leader to followers only.

    Followers choose leaders in proportion to rank ** -exponent (Zipf), so that a few are followed by many.
    """

    kind: Literal["followers"]
    leaders: Annotated[float, Field(gt=0.0, le=1.0)] = 0.01
    """Share of consumers who are opinion leaders."""
    follows: Annotated[float, Field(gt=0.0, le=50.0)] = 3.0
    """Leaders that a consumer follows, on average (Poisson)."""
    exponent: Annotated[float, Field(ge=0.0, le=5.0)] = 1.0
    """How unequal leaders are; 0 makes them alike."""


class Complete(Strict):
    """Everybody knows everybody; never materialised. Only for rules that count adopters."""

    kind: Literal["complete"]


Generator = Annotated[
    WattsStrogatz | BarabasiAlbert | PowerlawCluster | ErdosRenyi | StochasticBlock | Spatial | Followers | Complete,
    Field(discriminator="kind"),
]


class Layer(Strict):
    """One kind of tie."""

    generator: Generator | None = None
    """How to make the graph (or give `file`)."""
    file: str | None = None
    """Edge list (text, "u v" a line, # comments) or GraphML; relative to the scenario."""
    nodes: Annotated[int, Field(ge=1, le=50_000_000)] | None = None
    """Number of nodes of a file layer when some have no edges."""
    directed: bool = False
    """Whether an edge u v carries messages from u to v only."""
    strength: Probability = 1.0
    """Multiplier of transmission along this layer's ties."""
    strength_cv: Annotated[float, Field(ge=0.0, le=3.0)] = 0.0
    """Coefficient of variation of the strength of single ties around `strength` (gamma distributed); 0: all alike."""

    @model_validator(mode="after")
    def _one_source(self) -> Layer:
        if (self.generator is None) == (self.file is None):
            raise ValueError("give exactly one of 'generator' and 'file'")
        return self


class WordOfMouth(Strict):
    """How adoption and opinion spread. The last three rules act on durables; `cascade` passes messages."""

    rule: Literal["cascade", "contact", "hazard", "threshold"] = "cascade"
    p: Probability = 0.0
    """`contact`, `hazard`: spontaneous adoption (coefficient of innovation), per day."""
    q: NonNegative = 0.0
    """`contact`: per adopted neighbour and day (at most 1). `hazard`: at full adoption (imitation), per day."""
    phi: Probability | Literal["uniform"] = "uniform"
    """`threshold`: adopted share of ties that suffices; "uniform" draws one a person (linear threshold)."""
    innovation: Literal["constant", "awareness"] = "constant"
    """Whether `p` is multiplied by the consumer's awareness, so that advertising drives innovators."""
    adopt: Literal["need", "direct"] = "need"
    """What the last three rules cause: a recognised need that goes through choice, or adoption at once."""
    transmit: Probability = 0.15
    """Probability that a message crosses a tie (times strength and susceptibility)."""
    recommend: Probability = 0.2
    """Probability that a clearly satisfied buyer recommends, per experience."""
    complain: Probability = 0.1
    """Probability that a clearly dissatisfied buyer complains, per experience."""
    pass_on: Probability = 0.05
    """Probability that a receiver passes a message on the next day."""
    awareness: Probability = 0.25
    """Share of the gap to full awareness that a heard message closes, good or bad."""
    good: Probability = 0.06
    """Share of the gap to 1 by which a heard recommendation moves goodwill."""
    bad: Probability = 0.12
    """Share of the gap to -1 by which a heard complaint moves goodwill."""


class Social(Strict):
    """The social graph and word of mouth over it."""

    layers: dict[Name, Layer] = {}
    """Layers by name; messages cross each independently."""
    redraw: bool = True
    """Whether generated graph and population are drawn anew for each replicate."""
    word_of_mouth: WordOfMouth | None = None
    """Word of mouth; absent means nobody talks."""
    reviews: Reviews | None = None
    """Public reviews; absent means there are none."""
    crisis: Crisis | None = None
    """Complaint storms; absent means that complaints stay among friends."""
    statistics: TalkStatistics | None = None
    """Who was told by friends first; absent means that it is not counted."""
