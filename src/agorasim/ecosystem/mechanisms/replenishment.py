"""Replenishment: (s, S) reordering with a lead time, and what ordering and holding cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.back_orders import BackOrders
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]


class Replenishment(Mechanism):
    """Every evening, pools whose position (on hand + on order - owed) is at or below s order up to S.

    Scarf (1960) shows such rules to be optimal under a fixed cost of ordering.
    """

    name = "replenishment"
    code = "M12"
    meaning = "stock is reordered by an (s, S) rule with a lead time, at a cost of ordering and of holding"
    keys = ("places.NAME.replenish", "brands.NAME.sells.NAME.replenish")
    state = ("coming", "on_order")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any place or online seller has the rule."""
        online = (sells for brand in scenario.brands.values() for sells in brand.sells.values())
        rules = (*(p.replenish for p in scenario.places.values()), *(sells.replenish for sells in online))
        return any(rule is not None for rule in rules)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        market = world.market
        pools = len(market.stock)
        self._reorder, self._up_to, self._lead, self._order_cost = np.zeros((4, pools), dtype=np.int64)
        self._holding = np.zeros(pools)
        self._ruled = np.zeros(pools, dtype=bool)
        #: An offer that stands for each pool in tallies by place, and its brand.
        self._first = np.zeros(pools, dtype=np.int64)
        for k, offer in reversed(list(enumerate(market.offers))):
            pool = market.pool[k]
            self._first[pool] = k
            rule = offer.replenish
            if rule is None or offer.pickup_at is not None:
                continue
            self._ruled[pool] = True
            self._reorder[pool] += round(rule.reorder * world.factor)
            self._up_to[pool] += round(rule.up_to * world.factor)
            self._lead[pool] = rule.lead_days
            self._order_cost[pool] = world.minor(rule.order_cost * world.factor)
            self._holding[pool] = rule.holding_cost * world.scenario.currency.minor_units
        self._brand = market.table["brand"][self._first].astype(np.int64)
        #: Units on their way by the day they come, and in all; (pools,).
        self.coming: dict[int, Array] = {}
        self.on_order = np.zeros(pools, dtype=np.int64)

    def opened(self, world: World) -> None:
        """Deliveries due today are on the shelf when the shop opens."""
        units = self.coming.pop(world.day, None)
        if units is None:
            return
        late = np.where(world.market.halted, units, 0)
        if late.any():  # a shock keeps them on the road until it is over
            self.coming[world.day + 1] = self.coming.get(world.day + 1, np.zeros_like(units)) + late
            units = units - late
        world.market.stock[self._ruled] += units[self._ruled]
        self.on_order -= units
        for pool in np.flatnonzero(units):
            self.today["delivered_units"][self._first[pool]] += units[pool]
            self.today["deliveries"][self._first[pool]] += 1
            world.charge(int(self._brand[pool]), "logistics", int(self._order_cost[pool]))

    def closing(self, world: World) -> None:
        """Pay for the night's stock and send orders out."""
        stock = world.market.stock
        position = stock + self.on_order - self._owed(world)
        for pool in np.flatnonzero(self._ruled):
            night = round(float(self._holding[pool]) * int(stock[pool]))
            world.charge(int(self._brand[pool]), "logistics", night)
            self.today["held_units"][self._first[pool]] += stock[pool]
            if position[pool] <= self._reorder[pool]:
                units = self._up_to[pool] - position[pool]
                day = world.day + int(self._lead[pool])
                self.coming.setdefault(day, np.zeros(len(stock), dtype=np.int64))[pool] += units
                self.on_order[pool] += units

    def _owed(self, world: World) -> Array:
        """Units that people wait for, by pool."""
        waiting = world.mechanism("back_orders")
        return waiting.owed(world) if isinstance(waiting, BackOrders) else np.zeros_like(world.market.stock)
