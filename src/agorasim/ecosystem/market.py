"""The market: offers (brand x place), their prices today, stock and who gets what is scarce."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import ANY_MEMBERSHIP, OFFER, OFFLINE, ONLINE, ORDERS_WRITTEN, Columns
from agorasim.behaviour.experience import lots
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.airtime import silent_weekdays
from agorasim.scenario.bridge_checks import pickup_name
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.ecosystem.calendar import Days
    from agorasim.scenario.schema import Place, Scenario
    from agorasim.scenario.schema.retail import BackOrder, Delay, Replenish

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
    #: Opening hours, reordering, waiting and lateness where the scenario says so.
    open_share: float | None = None
    replenish: Replenish | None = None
    back_order: BackOrder | None = None
    delay: Delay | None = None
    #: The shop where what is ordered online is picked up, and the touchpoint that it belongs to.
    pickup_at: str | None = None
    detour: float = 1.0
    pickup_touchpoint: str | None = None

    @property
    def is_shop(self) -> bool:
        """Whether one buys here in person."""
        return self.located and self.pickup_at is None

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """All touchpoints that it takes to buy here."""
        return (self.touchpoint,) if self.pickup_touchpoint is None else (self.touchpoint, self.pickup_touchpoint)


def offers_of(scenario: Scenario, factor: float) -> list[Offer]:
    """All offers, by brand in the scenario's order: online places, shops, pick-up in shops. `factor` scales stock."""
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
                    None, sells.replenish, sells.back_order, sells.delay,
                )
            )  # fmt: skip
        shops = {key: p for key, p in scenario.places.items() if p.brand == name and not p.showroom}
        for key, place in shops.items():
            out.append(
                Offer(
                    name, key, place.touchpoint, place.price_factor, 0, 0, 0, 0.0, _scaled(place.stock, factor),
                    place.restock_every, _scaled(place_capacity(place), factor), frozenset(place.closed),
                    place.x, place.y, True, place.open_share, place.replenish, place.back_order,
                )
            )  # fmt: skip
        for key, place in shops.items():
            if (pickup := place.pickup) is not None:
                dear = brand.sells[pickup.via] if pickup.price == "online" else place
                out.append(
                    Offer(
                        name, pickup_name(key), pickup.via, dear.price_factor, pickup.ready_days, 0,
                        to_minor(pickup.cost, minor), 0.0, _scaled(place.stock, factor), place.restock_every, None,
                        frozenset(place.closed), place.x, place.y, True,
                        pickup_at=key, detour=pickup.detour, pickup_touchpoint=place.touchpoint,
                    )
                )  # fmt: skip
    return out


def place_capacity(place: Place) -> int | None:
    """Orders that a shop can serve a day: its own limit, and what the servers of its queue can do."""
    limits = [] if place.capacity is None else [place.capacity]
    if place.queue is not None and place.queue.minutes > 0.0:
        limits.append(int(place.queue.servers * place.queue.hours * 60.0 / place.queue.minutes))
    return min(limits, default=None)


def pools_of(scenario: Scenario, offers: list[Offer]) -> list[int]:
    """The pool that each offer sells from, numbered by first offer: its own, a shared one, or its shop's."""
    names: dict[tuple[str, str], int] = {}
    shared: dict[tuple[str, str], str] = {}
    for name, brand in scenario.brands.items():
        if brand.inventory is not None and brand.inventory.shared:
            for key, members in brand.inventory.pools.items():
                shared |= {(name, place): f"pool {key}" for place in members}
    out = []
    for offer in offers:
        place = offer.place if offer.pickup_at is None else offer.pickup_at
        out.append(names.setdefault((offer.brand, shared.get((offer.brand, place), place)), len(names)))
    return out


def _scaled(amount: int | None, factor: float) -> int | None:
    return None if amount is None else round(amount * factor)


class Market:
    """Offers of a world, and the stock in units of the pools that they sell from.

    Attributes:
        offers: terms of each offer, (O,).
        pool: the pool that each offer sells from, (O,); its own unless stock is shared.
        stock: units on hand, (pools,); -1 where stock never runs out.
    """

    def __init__(self, scenario: Scenario, factor: float, bits: dict[str, int]) -> None:
        self.offers = offers_of(scenario, factor)
        self.places = list(dict.fromkeys(o.place for o in self.offers))
        self.table = np.zeros(len(self.offers), dtype=OFFER)
        self.pool = np.array(pools_of(scenario, self.offers), dtype=np.int64)
        pools = int(self.pool.max(initial=-1)) + 1
        self.stock = np.full(pools, -1, dtype=np.int64)
        self._every = np.ones(pools, dtype=np.int64)
        #: Pools that a rule reorders, in place of deliveries that fill them up.
        self._ruled = np.zeros(pools, dtype=bool)
        for pool, o in zip(self.pool, self.offers, strict=True):
            self._every[pool] = o.restock_every
            self._ruled[pool] |= o.replenish is not None
            if o.stock is not None and o.pickup_at is None:
                self.stock[pool] = max(0, self.stock[pool]) + o.stock
        self.limited = np.array([o.stock is not None or o.capacity is not None for o in self.offers], dtype=bool)
        self._stocked = self.stock >= 0
        self._full = self.stock.copy()
        self._nothing = np.zeros(pools, dtype=bool)
        self._crowded = np.flatnonzero(np.bincount(self.pool, minlength=pools) > 1)
        self._open = np.array([[day not in o.closed for o in self.offers] for day in range(7)], dtype=bool)
        #: Pools to which nothing is delivered today, and the share of its capacity that each offer has today.
        self.halted = np.zeros(pools, dtype=bool)
        self.capacity_share = np.ones(len(self.offers))
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
            only = KINDS[scenario.touchpoints[offer.touchpoint].kind].members_only
            row["members"] = ANY_MEMBERSHIP if only else 0
            row["far"] = offer.detour
            row["channel"] = OFFLINE if offer.is_shop else ONLINE

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
        """Open or close shops for the weekday, take in deliveries due today; mechanisms add to `bonus` later."""
        self.table["bonus"] = 0.0
        self.table["open"] = self._open[int(days.weekdays[day])] & ~self.shut
        due = self._stocked & ~self._ruled & ~self.halted & (day % self._every == 0) if day else self._nothing
        self.stock[due] = np.maximum(self.stock[due], self._full[due])  # returned goods may lie there on top

    def ration(self, w: Columns, at: Array | None = None) -> None:
        """Refuse orders beyond stock or capacity: the lowest keyed draws of (consumer, place, day) are served.

        Ties (odds 2**-32 a pair) go to the lower consumer number, so that no order of rows matters. With `at` (n,) only
        those orders compete, for the room that all others leave.
        """
        orders = w.orders[: w.counts[ORDERS_WRITTEN]]
        if at is not None:
            orders["served"][at] = 1
        if not self.limited.any():
            return
        offer, taken = np.ascontiguousarray(orders["offer"]), np.zeros(len(self.offers), dtype=np.int64)
        if at is not None:
            others = np.ones(len(orders), dtype=bool)
            others[at] = False
            taken = np.bincount(offer[others & (orders["served"] == 1)], minlength=len(self.offers))
            offer[others] = -1
        demand = np.bincount(offer if at is None else offer[at], minlength=len(self.offers))
        stock = self._left(taken)
        room = np.minimum(stock[self.pool], self._capacity_today() - taken)
        for k in np.flatnonzero(demand > room):
            mine = np.flatnonzero(offer == k)
            orders["served"][mine[self._by_lot(w, orders[mine], (int(k),))[max(0, room[k]) :]]] = 0
        for pool in self._crowded:
            mine = np.flatnonzero((self.pool[offer] == pool) & (offer >= 0) & (orders["served"] == 1))
            if len(mine) > stock[pool]:
                orders["served"][mine[self._by_lot(w, orders[mine])[stock[pool] :]]] = 0

    def due(self, day: int) -> Array:
        """Pools to which a delivery is due on a day, (pools,), whether or not it can arrive."""
        out: Array = self._stocked & ~self._ruled & (day % self._every == 0)
        return out

    def _capacity_today(self) -> Array:
        share = self.capacity_share
        left: Array = np.where(share < 1.0, np.floor(self._capacity * share), self._capacity).astype(np.int64)
        return left

    def _by_lot(self, w: Columns, orders: Array, offers: Sequence[int] = ()) -> Array:
        """Positions of some orders (all at `offers`, when these are known), the luckiest first."""
        draws = np.empty(len(orders))
        for k in offers or np.unique(orders["offer"]):
            mine = np.arange(len(orders)) if offers else np.flatnonzero(orders["offer"] == k)
            own = np.empty(len(mine))
            lots(w, np.ascontiguousarray(w.choice_ids[:, k]), orders["consumer"][mine], orders["sequence"][mine], own)
            draws[mine] = own
        return np.lexsort((orders["sequence"], orders["consumer"], draws))

    def _left(self, taken: Array) -> Array:
        """Units on hand less those taken at offers (O,), by pool (pools,)."""
        gone = np.bincount(self.pool, weights=taken, minlength=len(self.stock)).astype(np.int64)
        return np.where(self._stocked, self.stock - gone, _NO_LIMIT)

    def left(self, orders: Array) -> Array:
        """Units that the served of today's orders leave on hand where each offer sells from, (O,)."""
        return self._left(np.bincount(orders["offer"][orders["served"] == 1], minlength=len(self.offers)))[self.pool]

    def runs_out(self, offers: Array) -> Array:
        """Whether the stock that some offers (n,) sell from is limited."""
        return self._stocked[self.pool[offers]]

    def on_hand(self) -> Array:
        """Units where each offer sells from, (O,); -1 where they never run out."""
        return self.stock[self.pool]

    def take(self, served: Array) -> None:
        """Book units that left the shelf: served (O,) int64."""
        gone = np.bincount(self.pool, weights=served, minlength=len(self.stock)).astype(np.int64)
        self.stock[self._stocked] -= gone[self._stocked]
