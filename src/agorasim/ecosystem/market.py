"""The market: offers (brand x place), their prices today, stock and who gets what is scarce."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import OFFER, ORDERS_WRITTEN, Columns
from agorasim.behaviour.experience import lots
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.airtime import silent_weekdays
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.calendar import Days
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_NO_LIMIT = 2**62


@dataclass(frozen=True)
class Offer:
    """Where a brand can be bought, on which terms. Amounts of money are in minor units."""

    brand: str
    place: str
    touchpoint: str
    price_factor: float
    days: int
    fee: int
    delivery_cost: int
    commission: float
    stock: int | None
    restock_every: int
    capacity: int | None
    closed: frozenset[int]
    x: float
    y: float
    located: bool


def offers_of(scenario: Scenario, factor: float) -> list[Offer]:
    """All offers, by brand in the scenario's order: online places first, then shops. `factor` scales stock."""
    minor = scenario.currency.minor_units
    out = []
    for name, brand in scenario.brands.items():
        for touchpoint, sells in brand.sells.items():
            out.append(
                Offer(
                    name, touchpoint, touchpoint, sells.price_factor, sells.delivery_days,
                    to_minor(sells.delivery_fee, minor), to_minor(sells.delivery_cost, minor), sells.commission,
                    _scaled(sells.stock, factor), sells.restock_every, None,
                    silent_weekdays(scenario.touchpoints[touchpoint]), 0.0, 0.0, False,
                )
            )  # fmt: skip
        for key, place in scenario.places.items():
            if place.brand == name:
                out.append(
                    Offer(
                        name, key, place.touchpoint, place.price_factor, 0, 0, 0, 0.0, _scaled(place.stock, factor),
                        place.restock_every, _scaled(place.capacity, factor), frozenset(place.closed),
                        place.x, place.y, True,
                    )
                )  # fmt: skip
    return out


def _scaled(amount: int | None, factor: float) -> int | None:
    return None if amount is None else round(amount * factor)


class Market:
    """Offers of a world and their stock, shape (O,), in units."""

    def __init__(self, scenario: Scenario, factor: float, bits: dict[str, int]) -> None:
        self.offers = offers_of(scenario, factor)
        self.places = list(dict.fromkeys(o.place for o in self.offers))
        self.table = np.zeros(len(self.offers), dtype=OFFER)
        self.stock = np.array([-1 if o.stock is None else o.stock for o in self.offers], dtype=np.int64)
        self.limited = np.array([o.stock is not None or o.capacity is not None for o in self.offers], dtype=bool)
        self._stocked = self.stock >= 0
        self._full = self.stock.copy()
        self._nothing = np.zeros(len(self.offers), dtype=bool)
        self._every = np.array([o.restock_every for o in self.offers], dtype=np.int64)
        self._open = np.array([[day not in o.closed for o in self.offers] for day in range(7)], dtype=bool)
        #: Offers that a counterfactual world closes.
        self.shut = np.zeros(len(self.offers), dtype=bool)
        self.delivery_cost = np.array([o.delivery_cost for o in self.offers], dtype=np.int64)
        self.commission = np.array([o.commission for o in self.offers], dtype=np.float64)
        self._capacity = np.array(
            [_NO_LIMIT if o.capacity is None else o.capacity for o in self.offers], dtype=np.int64
        )
        #: Days from order to receipt that occur.
        self.waits = sorted({o.days for o in self.offers})
        self._posted: dict[int, tuple[float, float]] = {}
        self._minor = scenario.currency.minor_units
        self._choice = scenario.category.choice
        self._reference = scenario.category.reference_price
        brands = list(scenario.brands)
        for k, offer in enumerate(self.offers):
            row = self.table[k]
            row["brand"] = brands.index(offer.brand)
            row["place"] = self.places.index(offer.place)
            row["wait"] = self._choice.delivery * offer.days
            row["days"] = offer.days
            row["x"], row["y"], row["located"] = offer.x, offer.y, offer.located
            row["bit"] = bits.get(offer.touchpoint, -1)
            row["members"] = KINDS[scenario.touchpoints[offer.touchpoint].kind].members_only

    def copy(self, table: Array) -> Market:
        """A market that goes on exactly as this one, on a copy of its `table`; what never changes is shared."""
        twin = copy.copy(self)
        twin.table, twin.stock, twin._posted = table, self.stock.copy(), dict(self._posted)
        return twin

    def spans(self, brands: int) -> list[tuple[int, int]]:
        """First and past-the-end offer of each brand."""
        owner = self.table["brand"]
        return [(int(np.searchsorted(owner, b)), int(np.searchsorted(owner, b, side="right"))) for b in range(brands)]

    def set_prices(self, brand: int, price: float, discount: float) -> None:
        """Post a brand's prices: list price, and the promotion's share of it, in every place."""
        if self._posted.get(brand) == (price, discount):
            return
        for k, offer in enumerate(self.offers):
            row = self.table[k]
            if row["brand"] != brand:
                continue
            listed = to_minor(price * offer.price_factor, self._minor)
            paid = to_minor(price * offer.price_factor * (1.0 - discount), self._minor) + offer.fee
            row["price"], row["list_price"] = paid, listed + offer.fee
            row["pain"] = self._choice.price * paid / (self._reference * self._minor)
            row["signal"] = self._choice.promotion * discount
        self._posted[brand] = price, discount

    def open_on(self, days: Days, day: int) -> None:
        """Open or close shops for the weekday and take in deliveries due today."""
        self.table["open"] = self._open[int(days.weekdays[day])] & ~self.shut
        due = self._stocked & (day % self._every == 0) if day else self._nothing
        self.stock[due] = self._full[due]

    def ration(self, w: Columns) -> None:
        """Refuse orders beyond stock or capacity: the lowest keyed draws of (consumer, place, day) are served.

        Ties (odds 2**-32 a pair) go to the lower consumer number, so that no order of rows matters.
        """
        if not self.limited.any():
            return
        orders = w.orders[: w.counts[ORDERS_WRITTEN]]
        demand = np.bincount(orders["offer"], minlength=len(self.offers))
        room = np.minimum(np.where(self._stocked, self.stock, _NO_LIMIT), self._capacity)
        for k in np.flatnonzero(demand > room):
            mine = np.flatnonzero(orders["offer"] == k)
            draws = np.empty(len(mine))
            lots(w, np.ascontiguousarray(w.choice_ids[:, k]), orders["consumer"][mine], orders["sequence"][mine], draws)
            rank = np.lexsort((orders["sequence"][mine], orders["consumer"][mine], draws))
            orders["served"][mine[rank[room[k] :]]] = 0

    def take(self, served: Array) -> None:
        """Book units that left the shelf: served (O,) int64."""
        self.stock[self._stocked] -= served[self._stocked]
