"""Fair prices: buyers who find that others paid less, elsewhere or later, resent it; protection refunds later falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism
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
    blank = {"paid": 0, "paid_at": -1, "paid_on": -1}
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
        shape = (world.size, len(self.brands))
        fairness = world.scenario.category.price_fairness
        protected = [brand.price_protection for brand in world.scenario.brands.values()]
        #: Days within which a fall of the price matters, by brand: for resentment, for refunds.
        self.resented = 0 if fairness is None else fairness.days
        self.refunded = [0 if p is None else p.days for p in protected]
        self.claim = [0.0 if p is None else p.claim for p in protected]
        if self.resented or any(self.refunded):
            #: The last order: what was paid (0: nothing), where (number of the offer) and when.
            self.columns["paid"] = np.zeros(shape, dtype=np.int64)
            self.columns["paid_at"] = np.full(shape, -1, dtype=np.int32)
            self.columns["paid_on"] = np.full(shape, -1, dtype=np.int32)
        #: Yesterday's prices, (O,).
        self.before = world.market.table["price"].copy()
        touchpoints = list(world.scenario.touchpoints)
        self.touchpoint = [touchpoints.index(offer.touchpoint) for offer in world.market.offers]
        self.entity = [stable_id("price", offer.brand, offer.place) for offer in world.market.offers]

    def decided(self, world: World) -> None:
        """Find who bought dearer, a short while ago, where the price has fallen since yesterday."""
        prices = world.market.table["price"]
        fell = prices < self.before
        self.before = prices.copy()
        if not self.columns or not fell.any():
            return
        paid, paid_at, paid_on = (self.columns[name] for name in ("paid", "paid_at", "paid_on"))
        for b in np.unique(world.market.table["brand"][fell]).tolist():
            longest = max(self.resented, self.refunded[b])
            at = paid_at[:, b]
            who = np.flatnonzero((at >= 0) & (world.day - paid_on[:, b] <= longest))
            who = who[fell[at[who]] & (paid[who, b] > prices[at[who]])]
            if len(who):
                self._fallen(world, b, who, paid[who, b], prices[at[who]], world.day - paid_on[who, b])

    def _fallen(self, world: World, b: int, who: Array, paid: Array, now: Array, age: Array) -> None:
        """Refund those who ask; others who notice resent it. Who asks is, of those who notice, the more watchful."""
        fairness = world.scenario.category.price_fairness
        u = self.uniforms(world, LATER, who, stable_id("price", self.brands[b]))[:, 0]
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
        self.columns["paid"][who[told], b] = now[told]

    def settled(self, world: World, orders: Array) -> None:
        """Compare what was paid with what the buyer knows of the brand's other places."""
        fairness = world.scenario.category.price_fairness
        if fairness is not None and fairness.resentment > 0.0:
            for b in range(len(self.brands)):
                mine = orders[world.market.table["brand"][orders["offer"]] == b]
                if len(mine):
                    self._elsewhere(world, b, mine, fairness.notice)
        if self.columns:
            brand = world.market.table["brand"][orders["offer"]]
            self.columns["paid"][orders["consumer"], brand] = orders["price"]
            self.columns["paid_at"][orders["consumer"], brand] = orders["offer"]
            self.columns["paid_on"][orders["consumer"], brand] = world.day

    def _elsewhere(self, world: World, b: int, orders: Array, notice: float) -> None:
        w, table = world.w, world.market.table
        # Of several orders on one day the dearest is compared; orders stand sorted by consumer.
        who, first = np.unique(orders["consumer"].astype(np.int64), return_index=True)
        paid = np.maximum.reduceat(orders["price"], first)
        lower = paid.copy()
        for k in np.flatnonzero((table["brand"] == b) & (table["open"] == 1)).tolist():
            price, bit = int(table["price"][k]), int(table["bit"][k])
            if not (price < lower).any():
                continue
            knows = self.uniforms(world, ELSEWHERE, who, self.entity[k])[:, 0] < notice * w.use[self.touchpoint[k], who]
            if bit >= 0:
                knows |= (w.visited[who, b] >> np.uint32(bit)) & np.uint32(1) == 1
            if table["members"][k]:
                knows &= w.member[who, b] > 0
            lower = np.where(knows, np.minimum(lower, price), lower)
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
