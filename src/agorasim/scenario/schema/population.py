"""Who lives in the world: regions, segments and the traits their members draw."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict


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
