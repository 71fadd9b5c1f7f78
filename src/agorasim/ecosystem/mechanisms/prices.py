"""Discounts for a time on top of the policy's own, and prices that policies move by channel."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.prices import Promotion

Array = NDArray[Any]
ONLINE, OFFLINE = 1, 2
#: Bits of `OFFER.channel` that a word of the scenario covers.
CHANNELS = {"online": ONLINE, "offline": OFFLINE, "everywhere": ONLINE | OFFLINE}


class Prices(Mechanism):
    """Posts, on each morning after brands acted, list price x channel factor x (1 - discount) x (1 - promotion) + fee.

    The largest promotion that runs at an offer holds; the promotion signal of the choice follows the whole discount.
    """

    name = "prices"
    code = "M11"
    meaning = "discounts for a time, and prices that policies move by channel"
    keys = ("brands.NAME.promotions", "brands.NAME.pricing")
    levers = (
        Lever("pricing.online", 0.25, 4.0, "multiplier of prices at online places"),
        Lever("pricing.offline", 0.25, 4.0, "multiplier of prices in shops"),
    )
    state = ("posted", "extra")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a brand has promotions of its own or prices by channel."""
        return any(brand.promotions or brand.pricing is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        """Find on which days which discounts run."""
        super().__init__(world)
        scenario = world.scenario
        self.which = [b for b, brand in enumerate(scenario.brands.values()) if brand.promotions or brand.pricing]
        #: Largest promotion by brand, channel and day.
        self.calendar: dict[int, NDArray[np.float64]] = {}
        for b in self.which:
            calendar = np.zeros((3, world.days.count))
            for promotion in scenario.brands[self.brands[b]].promotions.values():
                days = running(scenario, promotion, world.days.count)
                for channel in (ONLINE, OFFLINE):
                    if CHANNELS[promotion.where] & channel:
                        calendar[channel, days] = np.maximum(calendar[channel, days], promotion.discount)
            self.calendar[b] = calendar
        #: What was last posted by brand: price, discount, factors and promotions of both channels.
        self.posted: dict[int, tuple[float, ...]] = {}
        #: Promotion in force at each offer, (O,).
        self.extra = np.zeros(len(world.market.offers))

    def decided(self, world: World) -> None:
        """Post today's prices where they differ from what stands."""
        for b in self.which:
            price, discount = world.strategies.price[b], world.strategies.discount[b]
            levers = world.strategies.levers[b]
            online, offline = levers.get("pricing.online", 1.0), levers.get("pricing.offline", 1.0)
            today = self.calendar[b][:, world.day]
            terms = (price, discount, online, offline, float(today[ONLINE]), float(today[OFFLINE]))
            if self.posted.get(b) != terms:
                self._post(world, b, terms)
                self.posted[b] = terms

    def _post(self, world: World, b: int, terms: tuple[float, ...]) -> None:
        price, discount = terms[:2]
        choice, minor = world.scenario.category.choice, world.scenario.currency.minor_units
        reference = world.scenario.category.reference_price * minor
        table = world.market.table
        for k in np.flatnonzero(table["brand"] == b).tolist():
            offer, channel = world.market.offers[k], int(table["channel"][k])
            listed = price * offer.price_factor * terms[1 + channel]
            self.extra[k] = terms[3 + channel]
            off = 1.0 - (1.0 - discount) * (1.0 - self.extra[k])
            paid = to_minor(listed * (1.0 - off), minor) + offer.fee
            row = table[k]
            row["price"], row["list_price"] = paid, to_minor(listed, minor) + offer.fee
            row["pain"] = choice.price * paid / reference
            row["signal"] = choice.promotion * off

    def settled(self, world: World, orders: Array) -> None:
        """Count what was bought during promotions."""
        count = np.bincount(orders["offer"], minlength=len(self.extra))
        self.today["promotion_orders"] += np.where(self.extra > 0.0, count, 0)


def running(scenario: Scenario, promotion: Promotion, count: int) -> NDArray[np.bool_]:
    """On which of the calendar's days a promotion runs, (days,)."""
    calendar = scenario.calendar
    first = calendar.first()
    days = np.arange(count)
    if promotion.weekdays:
        return np.isin((days + first.weekday()) % 7, promotion.weekdays)
    if promotion.festival is not None:
        festival = calendar.festivals[promotion.festival]
        start, length = festival.start, festival.days
    else:
        assert promotion.start is not None
        start, length = promotion.start, promotion.days or 1
    begin = (datetime.date.fromisoformat(start) - first).days
    out: NDArray[np.bool_] = (days >= begin) & (days < begin + length)
    return out
