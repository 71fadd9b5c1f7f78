"""Fair prices: buyers who find that others paid less, elsewhere or later, resent it; protection refunds later falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism, rooms
from agorasim.ecosystem.mechanisms.last_orders import last_orders
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
ELSEWHERE = PURPOSES.declare("price_fairness.elsewhere", 122)
LATER = PURPOSES.declare("price_fairness.later", 123)


class PriceFairness(Mechanism):
    """Goodwill falls by the share resentment x (paid - lower) / paid of the gap to -1 (Xia, Monroe & Cox 2004).

    Lower prices are found at the brand's other places (visited today, or known by use), and, when a price falls within
    some days of the order, at the place itself; there `price_protection` refunds the difference to those who ask.
    """

    name = "price_fairness"
    code = "M11"
    meaning = "price protection, and resentment of buyers who paid more than others"
    blank = {"paid": 0}
    keys = ("category.price_fairness", "brands.NAME.price_protection")
    state = ("before",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the category has the key, or a brand protects its buyers."""
        return scenario.category.price_fairness is not None or any(
            brand.price_protection is not None for brand in scenario.brands.values()
        )

    def __init__(self, world: World) -> None:
        """Nobody has bought yet."""
        super().__init__(world)
        fairness = world.scenario.category.price_fairness
        protected = [brand.price_protection for brand in world.scenario.brands.values()]
        #: Days within which a fall of the price matters, by brand: for resentment, for refunds.
        self.resented = 0 if fairness is None else fairness.days
        self.refunded = [0 if p is None else p.days for p in protected]
        self.claim = [0.0 if p is None else p.claim for p in protected]
        having = [b for b in range(len(self.brands)) if max(self.resented, self.refunded[b])]
        self.room = rooms(len(self.brands), having)
        if having:
            #: What was paid for the last order (0: nothing), less what was found to be too much; minor units.
            self.columns["paid"] = np.zeros((world.size, len(having)), dtype=np.int32)
        #: Yesterday's prices, (O,).
        self.before = world.market.table["price"].copy()
        touchpoints = list(world.scenario.touchpoints)
        self.touchpoint = [touchpoints.index(offer.touchpoint) for offer in world.market.offers]
        self.later = [stable_id("price", name) for name in self.brands]
        self.entity = [stable_id("price", offer.brand, offer.place) for offer in world.market.offers]

    def decided(self, world: World) -> None:
        """Find who bought dearer, a short while ago, where the price has fallen since yesterday."""
        prices = world.market.table["price"]
        fell = prices < self.before
        self.before = prices.copy()
        if not self.columns or not fell.any():
            return
        last = last_orders(world)
        for b in np.unique(world.market.table["brand"][fell]).tolist():
            if self.room[b] < 0:
                continue
            longest = max(self.resented, self.refunded[b])
            who = np.flatnonzero(last.days(b) >= max(0, world.day - longest))
            at = last.offer(who, b)
            paid = self.columns["paid"][who, self.room[b]].astype(np.int64)
            dearer = (at >= 0) & fell[at] & (paid > prices[at])
            who, at, paid = who[dearer], at[dearer], paid[dearer]
            if len(who):
                self._fallen(world, b, who, paid, prices[at], world.day - last.day(who, b))

    def _fallen(self, world: World, b: int, who: Array, paid: Array, now: Array, age: Array) -> None:
        """Refund those who ask; others who notice resent it. Who asks is, of those who notice, the more watchful."""
        fairness = world.scenario.category.price_fairness
        u = self.uniforms(world, LATER, who, self.later[b])[:, 0]
        asks = (u < self.claim[b]) & (age <= self.refunded[b])
        back = int((paid - now)[asks].sum())
        world.charge(b, "refunds", back)
        self.today["price_refunds"][b] += int(asks.sum())
        self.today["price_refund_money"][b] += back
        hurt = np.zeros(len(who), dtype=bool)
        if fairness is not None:
            hurt = (u < fairness.notice) & (age <= self.resented) & ~asks
            self._resent(world, b, who[hurt], paid[hurt], now[hurt])
        told = asks | hurt
        self.columns["paid"][who[told], self.room[b]] = now[told]

    def settled(self, world: World, orders: Array) -> None:
        """Compare what was paid with what the buyer knows of the brand's other places."""
        if len(orders) == 0:
            return
        fairness = world.scenario.category.price_fairness
        brand = world.market.table["brand"][orders["offer"]]
        who, price = orders["consumer"].astype(np.int64), orders["price"].copy()
        for b in range(len(self.brands)):
            mine = np.flatnonzero(brand == b)
            if len(mine) == 0:
                continue
            if fairness is not None and fairness.resentment > 0.0:
                self._elsewhere(world, b, who[mine], price[mine], fairness.notice)
            if self.room[b] >= 0:  # of several of a day, the last
                self.wide_enough("paid", int(price[mine].max()))[who[mine], self.room[b]] = price[mine]

    def _elsewhere(self, world: World, b: int, who: Array, paid: Array, notice: float) -> None:
        w, table = world.w, world.market.table
        # Of several orders on one day the dearest is compared; orders stand sorted by consumer.
        first = np.flatnonzero(np.concatenate(([True], who[1:] != who[:-1])))
        who, paid = who[first], np.maximum.reduceat(paid, first)
        lower = paid.copy()
        visited = w.visited[who, b]
        for k in np.flatnonzero((table["brand"] == b) & (table["open"] == 1)).tolist():
            price, bit = int(table["price"][k]), int(table["bit"][k])
            dear = np.flatnonzero(price < lower)
            if len(dear) == 0:
                continue
            some = who[dear]
            known = notice * w.use[self.touchpoint[k], some]
            knows = self.uniforms(world, ELSEWHERE, some, self.entity[k])[:, 0] < known
            if bit >= 0:
                knows |= (visited[dear] & np.uint32(1 << bit)) > 0
            if table["members"][k]:
                knows &= w.member[some, b] > 0
            lower[dear[knows]] = price
        hurt = lower < paid
        self._resent(world, b, who[hurt], paid[hurt], lower[hurt])

    def _resent(self, world: World, b: int, who: Array, paid: Array, lower: Array) -> None:
        fairness = world.scenario.category.price_fairness
        assert fairness is not None
        if len(who) == 0:
            return
        gap = (paid - lower) / paid
        world.move_goodwill(who, b, -np.minimum(1.0, fairness.resentment * gap))
        self.today["price_resentments"][b] += len(who)
        self.today["price_gap"][b] += int((paid - lower).sum())
