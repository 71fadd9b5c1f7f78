"""Back-orders: some of those who find the shelf empty wait for the next delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import ORDERS_WRITTEN
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.shops import keep_orders
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
BACK_ORDER = PURPOSES.declare("retail.back_order", 138)
#: Order numbers of the day from which on those of earlier days stand.
EARLIER = 1_000
CONSUMER, OFFER, DAY = range(3)  # columns of `waiting`


class BackOrders(Mechanism):
    """Who waits is served first when goods come, in the order of waiting, at the price of that day."""

    name = "back_orders"
    code = "M12"
    meaning = "who finds the shelf empty may wait for the next delivery"
    keys = ("places.NAME.back_order", "brands.NAME.sells.NAME.back_order")
    state = ("waiting", "served")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any place or online seller takes back-orders."""
        online = (sells for brand in scenario.brands.values() for sells in brand.sells.values())
        rules = (*(p.back_order for p in scenario.places.values()), *(sells.back_order for sells in online))
        return any(rule is not None for rule in rules)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        offers = world.market.offers
        rules = [o.back_order for o in offers]
        self._chance = np.array([0.0 if rule is None else rule.chance for rule in rules])
        self._days = np.array([0 if rule is None else rule.days for rule in rules], dtype=np.int64)
        self._entity = np.array([stable_id("back_order", o.brand, o.place) for o in offers], dtype=np.int64)
        #: (n, 3): consumer, offer, day of the order; who waited longest stands first.
        self.waiting: Array = np.empty((0, 3), dtype=np.int64)
        #: Rows of `waiting` for whom goods are put aside today.
        self.served: Array = np.empty(0, dtype=np.int64)

    def owed(self, world: World) -> Array:
        """Units waited for, by pool."""
        pools = world.market.pool[self.waiting[:, OFFER]]
        return np.bincount(pools, minlength=len(world.market.stock)).astype(np.int64)

    def opened(self, world: World) -> None:
        """Who waited too long gives up (so does who owns a durable by now); goods are put aside for the others."""
        market, rows = world.market, self.waiting
        over = world.day - rows[:, DAY] > self._days[rows[:, OFFER]]
        if world.scenario.category.kind == "durable":
            over |= world.w.owner[rows[:, CONSUMER]] > 0
        np.add.at(self.today["back_orders_lapsed"], rows[over, OFFER], 1)
        rows = self.waiting = rows[~over]
        room = len(world.w.orders) // 2  # today's own orders need the rest
        aside: list[int] = []
        for k in np.flatnonzero(market.table["open"][rows[:, OFFER]]):
            pool = market.pool[rows[k, OFFER]]
            if market.stock[pool] > 0 and len(aside) < room:
                market.stock[pool] -= 1
                aside.append(int(k))
        self.served = np.array(aside, dtype=np.int64)

    def rationed(self, world: World) -> None:
        """Some of the refused wait from today on; those for whom goods lie ready are served."""
        self._accept(world)
        self._fill(world)
        tally = np.bincount(world.market.table["brand"][self.waiting[:, OFFER]], minlength=len(self.brands))
        self.today["back_orders_open"][:] = tally

    def _accept(self, world: World) -> None:
        orders = world.orders
        left = world.market.left(orders)
        at = np.flatnonzero((orders["served"] == 0) & (self._chance[orders["offer"]] > 0.0))
        at = at[left[orders["offer"][at]] <= 0]  # refused for want of goods, not of hands
        if world.scenario.category.kind == "durable":
            at = at[~np.isin(orders["consumer"][at], self.waiting[:, CONSUMER])]
        if len(at) == 0:
            return
        who, offer = orders["consumer"][at].astype(np.int64), orders["offer"][at].astype(np.int64)
        u = self.uniforms(world, BACK_ORDER, who, (self._entity[offer] + orders["sequence"][at]) % 2**32)
        yes = u[:, 0] < self._chance[offer]
        queue = np.argsort(u[yes, 1], kind="stable")  # by lot, so that no order of rows matters
        fresh = np.column_stack([who[yes], offer[yes], np.full(int(yes.sum()), world.day, dtype=np.int64)])[queue]
        self.waiting = np.concatenate([self.waiting, fresh])
        np.add.at(self.today["back_orders"], offer[yes], 1)
        kept = np.ones(len(orders), dtype=bool)
        kept[at[yes]] = False
        keep_orders(world, kept)

    def _fill(self, world: World) -> None:
        """Orders of earlier days join today's, and the goods put aside for them go the way of all goods."""
        if len(self.served) == 0:
            return
        w, market = world.w, world.market
        rows = self.waiting[self.served]
        np.add.at(market.stock, market.pool[rows[:, OFFER]], 1)
        gone = np.zeros(len(rows), dtype=bool)
        if world.scenario.category.kind == "durable":  # one each: today's own purchase makes the old order void
            gone = np.isin(rows[:, CONSUMER], world.orders["consumer"][world.orders["served"] == 1])
            np.add.at(self.today["back_orders_lapsed"], rows[gone, OFFER], 1)
        now = len(world.orders)
        fits = np.flatnonzero(~gone)[: len(w.orders) - now]  # for others there is no room today: they wait on
        done, end = rows[fits], now + len(fits)
        fresh = w.orders[now:end]
        fresh["consumer"], fresh["offer"], fresh["served"] = done[:, CONSUMER], done[:, OFFER], 1
        fresh["sequence"] = EARLIER + np.arange(len(done))
        fresh["rebate"], fresh["source"], fresh["price"] = 0, 0, 0  # the room held orders of an earlier day
        w.counts[ORDERS_WRITTEN] = end
        orders = world.orders
        orders[:] = orders[np.lexsort((orders["sequence"], orders["consumer"]))]
        np.add.at(self.today["back_orders_filled"], done[:, OFFER], 1)
        gone[fits] = True
        self.waiting = np.delete(self.waiting, self.served[gone], axis=0)
        self.served = np.empty(0, dtype=np.int64)
