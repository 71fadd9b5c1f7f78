"""Loyalty: points and tiers, customers who leave and are won back, what they would say, and what they are worth."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Probability, Strict
from agorasim.scenario.schema.prices import Days, Share, Where


class Tier(Strict):
    """A rank of the programme and what it gives."""

    points: Annotated[int, Field(ge=1, le=10**9)]
    """Points earned within the qualifying time that lift a card holder here."""
    discount: Share = 0.0
    """Share of the list price off each order."""
    appeal: NonNegative = 0.0
    """Utility of the brand to its holders (service, status); a price cut of 10 % of the reference price is worth 0.2
    at the default price coefficient."""
    rate: NonNegative = 1.0
    """Multiplier of the points earned."""
    churn: NonNegative = 1.0
    """Multiplier of the hazard to leave the brand (`category.churn`)."""


class Loyalty(Strict):
    """A programme of points and tiers. A buyer gets a card; points earn money off; ranks earn benefits."""

    points_rate: Annotated[float, Field(ge=0.0, le=100.0)] = 1.0
    """Points for each unit of currency paid, rounded down for each order."""
    point_value: NonNegative = 0.05
    """Money off that one point is worth."""
    redeem_at: Annotated[int, Field(ge=1, le=10**9)] = 100
    """Points redeemed at once, as soon as a card holds them; one order uses them once."""
    felt: Probability = 0.5
    """Share of the value of points to be earned that counts in the choice as a lower price (assumption)."""
    expire_after: Days | None = None
    """Days without an order of the brand after which all points are lost; absent: never."""
    join: Probability = 0.5
    """Probability that a buyer without a card takes one; members of an owned touchpoint have one (assumption)."""
    shared: bool = True
    """One account for all channels; false: points and ranks are counted, and used, online and offline apart."""
    tiers: dict[Name, Tier] = {}
    """Ranks by name; thresholds rise in the order of the list."""
    qualify_days: Days = 365
    """Length of a qualifying time: at its end ranks are settled by the points earned in it, and counted anew."""

    @model_validator(mode="after")
    def _rising(self) -> Loyalty:
        points = [tier.points for tier in self.tiers.values()]
        if any(b <= a for a, b in pairwise(points)):
            raise ValueError(f"the points of tiers must rise from one to the next, got {points}")
        return self


class WinBack(Strict):
    """Coupons to customers who have not bought for a while, whom the brand can identify."""

    after: Days = 60
    """Days without an order after which an offer is sent."""
    value: NonNegative = 5.0
    """Money off, in the scenario's currency."""
    days: Days = 14
    """Days on which it can be used."""
    where: Where = "everywhere"
    """Where it can be used."""
    chance: Probability = 1.0
    """Share of them that is written to."""
    again: Days = 60
    """Days until the next offer to somebody who did not come back."""
    contact_cost: NonNegative = 0.0
    """Cost of writing to one customer, booked under service."""


class Churn(Strict):
    """Customers leave a brand for good, some sooner than others (BG/NBD: Fader, Hardie & Lee 2005; sBG: Fader & Hardie
    2007). Who has left no longer buys from it, unless won back."""

    after: Literal["purchase", "day"] = "purchase"
    """When somebody may leave: after each experience of a purchase, or on each day as a customer."""
    mean: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.25
    """Mean probability to leave on such an occasion, over people and brands (CDNOW: 0.25, Fader, Hardie & Lee 2005)."""
    spread: Annotated[float, Field(ge=0.0, le=0.95)] = 0.24
    """How different people are: intra-class correlation 1 / (a + b + 1) of the beta distribution (CDNOW: 0.24); 0:
    all alike."""
    satisfaction: NonNegative = 0.5
    """The hazard is multiplied by exp(-satisfaction x surprise of the last experience) (assumption)."""
    factor: NonNegative = 1.0
    """Multiplier of every hazard; 0: nobody leaves."""
    reluctance: NonNegative = 1.0
    """Utility against the brand for somebody who left and holds its win-back offer."""


class NetPromoter(Strict):
    """A survey after experiences: how likely would you recommend us, 0 to 10? (Reichheld 2003)"""

    centre: Finite = 8.0
    """Answer to an experience that was as expected, from somebody without feelings for the brand."""
    experience: NonNegative = 2.0
    """Points for one unit of experience above expectation."""
    goodwill: NonNegative = 2.0
    """Points for goodwill 1 against 0."""
    answer: Probability = 0.2
    """Share of experiences after which the question is answered (assumption)."""


class Lifetime(Strict):
    """Keeps a table of customers: when they came and went, what they bought, and what it was worth."""

    discount: NonNegative = 0.1
    """Yearly rate at which margins are discounted to a customer's first order."""
    cohort: Annotated[float, Field(ge=1.0, le=1e6)] = 30.0
    """Days of first orders that make a cohort."""
