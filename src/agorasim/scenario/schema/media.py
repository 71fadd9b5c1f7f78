"""What media costs, when it is on air, and how its clicks are auctioned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import NonNegative, Positive, Probability, Strict

Weekday = Annotated[int, Field(ge=0, le=6)]


class Cost(Strict):
    """What media costs on a touchpoint."""

    model: Literal["cpm", "cpc", "cpa", "fixed", "commission"] = "cpm"
    """`cpm`: price of a thousand impressions; `cpc`: of a click; `cpa`: of an order credited to the touchpoint;
    `fixed`: of the placement for a day, delivered or not; `commission`: a share of credited revenue."""
    price: Positive = 20.0
    """In the scenario's currency (not used by `commission`)."""
    inventory: Positive | None = None
    """Units (impressions, clicks, orders) per consumer and day that exist at the posted price; None: no pressure.
    For `fixed`: impressions per consumer and day that the placement shows (None: 1)."""
    pressure: NonNegative = 1.0
    """Elasticity of the price with respect to demand over inventory, once demand exceeds it."""
    rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    """`commission`: share of credited revenue that is paid."""
    action_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    """`cpa`, `commission`: orders per click that the publisher reckons with when it decides how much to show."""


class Window(Strict):
    """Hours of some weekdays during which a touchpoint is on air."""

    weekdays: Annotated[list[Weekday], Field(min_length=1)] = [0, 1, 2, 3, 4, 5, 6]
    """Days of the week, Monday 0."""
    start: Annotated[int, Field(ge=0, le=23)] = 0
    """Hour at which it begins."""
    end: Annotated[int, Field(ge=1, le=24)] = 24
    """Hour at which it ends."""

    @model_validator(mode="after")
    def _lasts(self) -> Window:
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end}, not after its start at {self.start}; split it at midnight")
        return self


class Auction(Strict):
    """A generalised second-price auction for positions (Edelman, Ostrovsky & Schwarz 2007; Varian 2007)."""

    slots: Annotated[int, Field(ge=1, le=20)] = 4
    """Ads on a page."""
    decay: Probability = 0.7
    """Clicks of a position as a share of those of the position above."""
    reserve: NonNegative = 0.1
    """Least price of a click at quality 1, in the scenario's currency."""


class Bid(Strict):
    """What a brand offers for a click."""

    bid: Positive | None = None
    """Most it pays for a click, in the scenario's currency; None: the touchpoint's posted price."""
    quality: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """How much more often than the average its ad is clicked in the same position; ranks the bid."""
