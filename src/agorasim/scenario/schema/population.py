"""Who lives in the world: regions, segments and the traits their members draw."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict
from agorasim.scenario.schema.life_stages import LifeStages, SegmentStages
from agorasim.scenario.schema.modes import ModeShares
from agorasim.scenario.schema.people import Age, ChannelLean, Household, Income, Responses, Taste


class Region(Strict):
    """A place where consumers live."""

    x: Finite = 0.0
    """Centre, km east."""
    y: Finite = 0.0
    """Centre, km north."""
    radius: NonNegative = 5.0
    """Homes are uniform in a disc of this radius, km."""
    share: NonNegative = 1.0
    """Weight among regions (shares are normalised)."""


class Segment(Strict):
    """A kind of consumer; every number is a mean that members share or vary around."""

    label: str = ""
    """Name to show; the key when empty."""
    share: Positive = 1.0
    """Weight among segments (shares are normalised)."""
    regions: dict[Name, NonNegative] = {}
    """Weights of regions for this segment; the regions' own shares when empty."""
    need: NonNegative = 1.0
    """Multiplier of the category's need rate."""
    price_sensitivity: NonNegative = 1.0
    """Multiplier of the price coefficient (mean over members)."""
    price_sensitivity_cv: Annotated[float, Field(ge=0.0, le=3.0)] = 0.0
    """Coefficient of variation of price sensitivity over members (gamma distributed)."""
    deal_proneness: NonNegative = 1.0
    """Multiplier of the promotion signal."""
    talk: NonNegative = 1.0
    """Multiplier of the probability to recommend or complain."""
    susceptibility: NonNegative = 1.0
    """Multiplier of the probability that a friend's message gets through."""
    consent: Probability = 1.0
    """Share that lets brands identify them across touchpoints."""
    use: dict[Name, Probability] = {}
    """Daily probability of using a touchpoint; the touchpoint's own `use` when absent."""
    age: Age | None = None
    """Ages, which move the use of online touchpoints (`population.responses`)."""
    income: Income | None = None
    """Incomes, which move price sensitivity."""
    household: Household | None = None
    """Household sizes, which move the need rate."""
    channel: ChannelLean | None = None
    """Online-active or store-preferring: moves use and utility of online and offline touchpoints."""
    innovativeness: Taste | None = None
    """Utility of a brand that the person has never bought."""
    variety_seeking: Taste | None = None
    """Utility lost by the brand that the person bought last."""
    quality_consciousness: Taste | None = None
    """Added to the weight of quality, as a share of it (0.5: half as much again)."""
    modes: ModeShares | None = None
    """Weights of the buying modes of `category.modes`; the modes' own shares when absent."""
    life_stages: SegmentStages | None = None
    """What differs from `population.life_stages`."""


class SegmentsFrom(Strict):
    """Segments from a table."""

    file: str
    """CSV with a row a segment: `name`, `share` and any keys of a segment (`use.social`, `price_sensitivity_mean`);
    relative to the scenario."""


class Population(Strict):
    """All consumers."""

    size: Annotated[int, Field(ge=1, le=50_000_000)] = 1000
    """Number of consumers."""
    scale: bool = True
    """Whether budgets, stock, capacity and fixed costs follow when a graph file sets the size."""
    regions: dict[Name, Region] = {"everywhere": Region()}
    """Regions by name."""
    segments: Annotated[dict[Name, Segment], Field(min_length=1)] = {"everyone": Segment()}
    """Segments by name."""
    segments_from: SegmentsFrom | None = None
    """A table that `segments` are read from, when the scenario is read."""
    responses: Responses = Responses()
    """How demographics and preferred channels of segments that state them move behaviour."""
    life_stages: LifeStages | None = None
    """Stages of life; absent means that nobody changes."""
