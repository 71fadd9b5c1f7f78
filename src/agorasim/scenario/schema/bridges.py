"""Bridges between online and offline: each one can be switched on by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict

Days = Annotated[int, Field(ge=1, le=365)]


class Pickup(Strict):
    """Buy online, pick up in the shop: an offer of its own beside the shop's and the online seller's."""

    via: Name
    """Online touchpoint of the brand's `sells` where the order is placed."""
    ready_days: Annotated[int, Field(ge=0, le=365)] = 0
    """Days until the goods can be picked up."""
    price: Literal["online", "store"] = "online"
    """Whose price is paid; there is no delivery fee."""
    convenience: Finite = 0.2
    """Utility of ordering ahead, against going there to buy: no search, no line, goods certain to be there."""
    detour: NonNegative = 1.0
    """Multiplier of the utility lost with distance: below 1 where people pick up on their way."""
    cost: NonNegative = 0.0
    """Cost of making an order ready."""
    extra: Probability = 0.0
    """Probability that picking up brings a further need, to be answered with the shop in mind."""


class JoinInStore(Strict):
    """A code at the shelf or till leads into an owned touchpoint with members."""

    into: Name
    """Touchpoint with members that the brand owns."""
    visit: Probability = 0.01
    """Probability that a visitor joins on a day; only people who consent do."""
    purchase: Probability = 0.1
    """Probability that a buyer in the shop joins."""


class LocationCoupons(Strict):
    """Coupons on the phones of people who live close to a shop; good in shops only."""

    radius_km: Positive = 3.0
    """Distance from home to the brand's nearest shop within which people get them, km."""
    value: NonNegative = 0.0
    """What a coupon takes off one order, in the scenario's currency."""
    chance: Probability = 0.05
    """Probability that a person within the radius, who consents, gets one on a day."""
    days: Days = 3
    """Days for which it is good."""
    awareness: Probability = 0.05
    """Share of the gap to full awareness that getting one closes."""


class RetargetBuyers(Strict):
    """Ads on a touchpoint are shown only to people who bought in the brand's shops lately."""

    touchpoint: Name
    """Media touchpoint whose ads of this brand they are."""
    days: Days = 30
    """Days after a purchase in a shop; only buyers who consent are known."""


class EventFollowUp(Strict):
    """Visitors of an event get messages for some days."""

    event: Name
    """Event touchpoint that the brand owns."""
    to: Name
    """Online touchpoint of the brand's `sells` that messages link to."""
    days: Days = 7
    """Days after the event on which messages are sent."""
    messages: Probability = 0.5
    """Probability of a message on each of these days, to visitors who consent."""
    awareness: Probability = 0.1
    """Share of the gap to full awareness that a message closes."""
    goodwill: Probability = 0.02
    """Share of the gap to full goodwill that a message closes."""
    click: Probability = 0.1
    """Probability that a message is followed to the online seller."""
    cost: NonNegative = 0.0
    """Cost of each message."""


class ReturnInStore(Strict):
    """What was bought online can be returned in the brand's shops."""

    radius_km: Positive = 5.0
    """Distance from home to the nearest shop within which people bring goods back, km."""
    chance: Probability = 0.5
    """Probability that a person within the radius does so."""
    extra: Probability = 0.2
    """Probability that the visit brings a further need, to be answered with the shop in mind."""


class Bridges(Strict):
    """Ways from one channel to another."""

    join_in_store: JoinInStore | None = None
    """Shops lead into the private domain."""
    location_coupons: LocationCoupons | None = None
    """Coupons for people who live close by."""
    retarget_buyers: RetargetBuyers | None = None
    """Shop buyers see ads online."""
    event_follow_up: EventFollowUp | None = None
    """Event visitors get messages."""
    return_in_store: ReturnInStore | None = None
    """Online purchases come back to shops."""
    branded_search: Probability | None = None
    """Probability that people who search and know the brand look for it by name."""
    destination: Probability | None = None
    """Share of visits to the brand's shops that only happen with the brand in mind."""


__all__ = [
    "Bridges",
    "EventFollowUp",
    "JoinInStore",
    "LocationCoupons",
    "Pickup",
    "RetargetBuyers",
    "ReturnInStore",
]
