"""M14 Dated shocks from outside: to the cost of goods, to trust, to supply. Those to needs and media prices are part of
the calendar (`ecosystem.calendar`), because everybody has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.calendar import shock_multiplier
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.shocks import Shock

Array = NDArray[Any]


class Shocks(Mechanism):
    """What each shock does to each brand on each day, worked out when the world is built."""

    name = "shocks"
    code = "M14"
    meaning = "dated shocks to needs, costs, media prices, trust, deliveries and capacity"
    keys = ("calendar.shocks",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario, days = world.scenario, world.days.count
        shape = (days, len(self.brands))
        #: Multipliers of unit cost and capacity, share of the gap in goodwill closed, deliveries stopped: (days, B).
        self.cost, self.capacity = np.ones(shape), np.ones(shape)
        self.trust, self.halted = np.zeros((len(scenario.calendar.shocks), *shape)), np.zeros(shape, dtype=bool)
        self.unit_cost = [
            to_minor(scenario.brands[name].product.unit_cost, scenario.currency.minor_units) for name in self.brands
        ]
        for k, shock in enumerate(_by_name(scenario)):
            self._strike(k, shock, world)
        #: Brand that owns each pool of stock.
        self.owner = np.zeros(len(world.market.stock), dtype=np.int64)
        self.owner[world.market.pool] = world.market.table["brand"]
        world.market.halted = self.halted[0][self.owner]

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether anything happens from outside."""
        return bool(scenario.calendar.shocks)

    def _strike(self, k: int, shock: Shock, world: World) -> None:
        first, days = world.days.first, world.days.count
        hit = np.array([not shock.brands or name in shock.brands for name in self.brands])
        lasts = shock_multiplier(shock.model_copy(update={"recovery": 0}), 0.0, first, days) == 0.0
        self.cost *= np.where(hit, shock_multiplier(shock, shock.cost_of_goods, first, days)[:, None], 1.0)
        self.capacity *= np.where(hit, shock_multiplier(shock, shock.capacity, first, days)[:, None], 1.0)
        # Closing equal shares of what gap is left each day closes `trust` of it in all.
        step = np.sign(shock.trust) * (1.0 - (1.0 - abs(shock.trust)) ** (1.0 / shock.days))
        self.trust[k] = lasts[:, None] * hit * step
        self.halted |= lasts[:, None] & hit & (not shock.deliveries)

    def opened(self, world: World) -> None:
        """Today's costs, capacity and trust."""
        day, market = world.day, world.market
        for b, cost in enumerate(self.unit_cost):
            world.set_unit_cost(b, round(cost * float(self.cost[day, b])))
            for step in self.trust[:, day, b]:
                if step != 0.0:
                    everybody = np.arange(world.size, dtype=np.int64)
                    world.move_goodwill(everybody, b, float(step))
        market.capacity_share = self.capacity[day][market.table["brand"]]
        if day and market.halted.any():
            late = market.halted & market.due(day)
            first = np.unique(market.pool, return_index=True)[1]
            self.today["missed_deliveries"][first] += late

    def closing(self, world: World) -> None:
        """Deliveries of tomorrow morning that will not come."""
        if world.day + 1 < world.days.count:
            world.market.halted = self.halted[world.day + 1][self.owner]


def _by_name(scenario: Scenario) -> list[Shock]:
    """Shocks in an order that does not depend on lines of a file: those to trust act one after another."""
    return [shock for _, shock in sorted(scenario.calendar.shocks.items())]
