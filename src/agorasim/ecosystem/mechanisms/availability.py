"""Availability: shops that are closed when people come, and goods that people dare not buy unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import DAY, Mechanism, rooms
from agorasim.ecosystem.mechanisms.shops import keep_orders, next_best, shop_bits
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
CLOSED = PURPOSES.declare("retail.closed", 140)
HESITATE = PURPOSES.declare("retail.hesitate", 141)
_NEVER = -1


class Availability(Mechanism):
    """Each person finds each shop open or closed at their hour, and dares to buy unseen or not, by keyed draws.

    What is not available to somebody is taken out of their choice: those who had chosen it take the next best.
    """

    name = "availability"
    code = "M12"
    meaning = "opening hours, and hesitation to buy online what one never saw (showrooms end it)"
    blank = {"shown": _NEVER}
    keys = ("places.NAME.open_share", "places.NAME.showroom", "brands.NAME.unseen", "brands.NAME.returns")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any place has opening hours, or it matters to a brand whether its goods were seen."""
        return any(place.open_share is not None for place in scenario.places.values()) or any(
            brand.unseen is not None or brand.returns is not None for brand in scenario.brands.values()
        )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        market, models = world.market, list(world.scenario.brands.values())
        shares = [o.open_share for o in market.offers]
        self._open = np.array([1.0 if share is None else share for share in shares])
        self._entity = np.array([stable_id("open", o.brand, o.place) for o in market.offers], dtype=np.int64)
        self._brand_entity = [stable_id("unseen", name) for name in self.brands]
        self._hesitate = np.array([0.0 if m.unseen is None else m.unseen.hesitate for m in models])
        self._days = np.array([90 if m.unseen is None else m.unseen.days for m in models])
        self._bits = np.array([shop_bits(world, name) for name in self.brands], dtype=np.uint32)
        self._online = ~market.table["located"].astype(bool)
        having = [b for b, m in enumerate(models) if m.unseen is not None or m.returns is not None]
        self.room = rooms(len(models), having)
        self._having = np.array(having, dtype=np.int64)
        #: Day of the last visit to a shop or showroom, of the brands for which it matters.
        self.columns["shown"] = np.full((world.size, len(having)), _NEVER, dtype=DAY)

    def seen(self, world: World) -> None:
        """Who visits a shop sees the goods."""
        for room, b in enumerate(self._having):
            here = np.flatnonzero(world.w.visited[:, b] & self._bits[b])
            self.columns["shown"][here, room] = world.day

    def saw(self, world: World, who: Array, b: Array) -> Array:
        """Whether people `who` remember having seen in a shop what the brands `b` sell, both (n,)."""
        last = self.columns["shown"][who, self.room[b]].astype(np.int64)
        return np.asarray((last > _NEVER) & (world.day - last < self._days[b]))

    def rationed(self, world: World) -> None:
        """Take what is not available out of the choice, and ration anew what people then go for."""
        orders = world.orders
        if len(orders) == 0 or not (self._hesitate.any() or (self._open < 1.0).any()):
            return
        who = orders["consumer"].astype(np.int64)
        at = self._refused(world, who, orders["offer"])
        if len(at) == 0:
            return
        barred = self._barred(world, who[at])
        online = self._online[orders["offer"][at]]
        np.add.at(self.today["hesitated"], orders["offer"][at[online]], 1)
        np.add.at(self.today["found_closed"], orders["offer"][at[~online]], 1)
        found = next_best(world, at, barred)
        orders["offer"][at] = found
        kept = np.ones(len(orders), dtype=bool)
        kept[at[found < 0]] = False
        keep_orders(world, kept)
        world.orders["served"] = 1
        world.market.ration(world.w)

    def _refused(self, world: World, who: Array, offer: Array) -> Array:
        """Numbers of the orders (n,) whose own offer is not available to whoever placed them, ascending."""
        found = [np.empty(0, dtype=np.int64)]
        for k in np.flatnonzero(self._open < 1.0):
            at = np.flatnonzero(offer == k)
            found.append(at[self._closed(world, who[at], k)])
        owner = np.where(self._online, world.market.table["brand"], -1)[offer]
        for b in np.flatnonzero(self._hesitate):
            at = np.flatnonzero(owner == b)
            found.append(at[self._shy(world, who[at], b)])
        return np.sort(np.concatenate(found))

    def _closed(self, world: World, who: Array, k: Any) -> Array:
        """Who finds shop k closed at their hour today."""
        return np.asarray(self.uniforms(world, CLOSED, who, self._entity[k])[:, 0] >= self._open[k])

    def _shy(self, world: World, who: Array, b: Any) -> Array:
        """Who does not dare to buy from brand b unseen today."""
        u = self.uniforms(world, HESITATE, who, self._brand_entity[b])[:, 0]
        known = self.saw(world, who, np.full(len(who), b)) | (world.w.bought[who, b] > 0)
        return np.asarray((u < self._hesitate[b]) & ~known)

    def _barred(self, world: World, who: Array) -> Array:
        """What is not available to whom today, (n, offers)."""
        barred = np.zeros((len(who), len(self._open)), dtype=bool)
        for k in np.flatnonzero(self._open < 1.0):
            barred[:, k] = self._closed(world, who, k)
        for b in np.flatnonzero(self._hesitate):
            barred |= self._shy(world, who, b)[:, None] & (self._online & (world.market.table["brand"] == b))
        return barred
