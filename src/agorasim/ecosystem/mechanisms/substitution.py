"""Substitution: refused buyers look for what they would have chosen next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.shops import next_best
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
SUBSTITUTE = PURPOSES.declare("retail.substitute", 139)
#: How often one and the same need is tried elsewhere.
TRIES: Final = 3


class Substitution(Mechanism):
    """The next best offer of this or another brand, or nothing, from the draws of the first choice."""

    name = "substitution"
    code = "M12"
    meaning = "refused buyers take the next best place or brand"
    keys = ("category.substitution",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """The category has the rule."""
        return scenario.category.substitution is not None

    def __init__(self, world: World) -> None:
        super().__init__(world)
        rule = world.scenario.category.substitution
        self._chance = 0.0 if rule is None else rule.chance
        self._entity = stable_id("substitution")

    def rationed(self, world: World) -> None:
        """Let refused buyers try elsewhere; who finds nothing counts as lost where they went first."""
        orders = world.orders
        at = np.flatnonzero(orders["served"] == 0)
        np.add.at(self.today["stockouts"], orders["offer"][at], 1)
        if len(at) == 0 or self._chance <= 0.0:
            return
        who, number = orders["consumer"][at].astype(np.int64), orders["sequence"][at].astype(np.int64)
        at = at[self.uniforms(world, SUBSTITUTE, who, (self._entity + number) % 2**32)[:, 0] < self._chance]
        first = orders["offer"].copy()
        barred = np.zeros((len(at), len(world.market.offers)), dtype=bool)
        for _ in range(TRIES):
            barred[np.arange(len(at)), orders["offer"][at]] = True
            found = next_best(world, at, barred)
            orders["offer"][at[found < 0]] = first[at[found < 0]]
            at, barred, found = at[found >= 0], barred[found >= 0], found[found >= 0]
            if len(at) == 0:
                return
            orders["offer"][at] = found
            world.market.ration(world.w, at)
            again = orders["served"][at] == 0
            self._note(world, first[at[~again]], at[~again])
            at, barred = at[again], barred[again]
        orders["offer"][at] = first[at]

    def _note(self, world: World, first: Array, at: Array) -> None:
        """Served elsewhere: the brand that refused them disappointed all the same."""
        orders, table, params = world.orders, world.market.table, world.w.params[0]
        np.add.at(self.today["substituted"], first, 1)
        np.add.at(self.today["substitutes"], orders["offer"][at], 1)
        step = min(1.0, float(params["goodwill_gain"]) * float(params["stockout"]))
        if step > 0.0:
            brands = table["brand"][first]
            for b in np.unique(brands):
                world.move_goodwill(np.unique(orders["consumer"][at[brands == b]]).astype(np.int64), int(b), -step)
