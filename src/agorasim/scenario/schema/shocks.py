"""What happens to a market from outside on dated days, and how a festival moves needs in time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Name, NonNegative, Probability, Strict
from agorasim.scenario.schema.dates import Date


class Shock(Strict):
    """A dated shock, political, economic, social, technological, environmental or legal."""

    start: Date
    """First day (YYYY-MM-DD)."""
    days: Annotated[int, Field(ge=1, le=20_000)] = 1
    """How many days it lasts in full strength."""
    recovery: Annotated[int, Field(ge=0, le=20_000)] = 0
    """Days after it in which multipliers return evenly to 1."""
    need: NonNegative = 1.0
    """Multiplier of need rates."""
    media_price: NonNegative = 1.0
    """Multiplier of media prices."""
    cost_of_goods: NonNegative = 1.0
    """Multiplier of the unit cost of the brands hit."""
    trust: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    """Share of the gap to full goodwill (below 0: to its opposite) that it closes for the brands hit, in all, spread
    evenly over its days."""
    deliveries: bool = True
    """Whether deliveries to the shops and warehouses of the brands hit arrive while it lasts."""
    capacity: Probability = 1.0
    """Share of the service capacity of their places that is left."""
    brands: list[Name] = []
    """Brands hit in cost, trust and supply; empty means all. Needs and media prices are everybody's."""


class Shift(Strict):
    """Needs that a festival draws to itself from other days; in sum none is made or lost."""

    days: Annotated[int, Field(ge=1, le=366)] = 14
    """How many days give needs away."""
    share: Probability = 0.2
    """Share of their needs that they give."""
