"""Reference prices: what people have come to expect a brand to cost, and how today's price looks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism, add_to_rows, column_sums, spans

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_NOWHERE = 2**62


class ReferencePrices(Mechanism):
    """Exponentially smoothed memory of the lowest posted price; below it is a gain, above it a larger loss."""

    name = "reference_prices"
    code = "M11"
    meaning = "people remember prices; gains and losses against them, losses weigh more"
    keys = ("category.reference_prices",)
    uses = frozenset({"appeal"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the category has the key."""
        return scenario.category.reference_prices is not None

    def __init__(self, world: World) -> None:
        """Everybody starts from the lowest list price outside members' places."""
        super().__init__(world)
        scenario = world.scenario
        self.scale = scenario.category.reference_price * scenario.currency.minor_units
        start = lowest(world, "list_price", shut=True)[0] / self.scale
        start[start >= _NOWHERE / self.scale] = 0.0
        #: Expected price of each brand, in reference prices of the category.
        self.columns["reference"] = np.tile(start.astype(np.float32), (world.size, 1))

    def evaluate(self, world: World, who: Array) -> None:
        """Add gains and losses of today's prices to what speaks for a brand, then remember these prices."""
        settings = world.scenario.category.reference_prices
        assert settings is not None
        w, column = world.w, self.columns["reference"]
        weight = world.scenario.category.choice.price * settings.gain * w.traits["price"][who].astype(np.float64)
        # As coarse as what is remembered, so that a price that never changes is neither gain nor loss.
        prices = (lowest(world, "price") / self.scale).astype(np.float32).astype(np.float64)
        remembered = column.take(who, axis=0).astype(np.float64)
        seen = np.where(w.member.take(who, axis=0) > 0, prices[1], prices[0])
        gap = remembered - seen
        gap[seen > _NOWHERE / 2 / self.scale] = 0.0  # there is nothing to be seen
        felt = np.where(gap >= 0.0, gap, settings.loss_aversion * gap)
        add_to_rows(w.appeal, who, (weight[:, None] * felt).astype(np.float32))
        add_to_rows(column, who, ((settings.memory - 1.0) * gap).astype(np.float32))

    def closing(self, world: World) -> None:
        """The mean reference price, in money."""
        scale = self.scale
        fixed = np.zeros(len(self.brands), dtype=np.int64)
        for rows in spans(world.size):
            fixed += column_sums(np.rint(self.columns["reference"][rows].astype(np.float64) * 2.0**20))
        self.today["reference_price"][:] = np.rint(fixed / 2.0**20 / world.size * scale).astype(np.int64)


def lowest(world: World, field: str, shut: bool = False) -> NDArray[np.int64]:
    """Lowest price of each brand for people who are not (row 0) and who are (row 1) members, (2, B) in minor units.

    2**62 where there is no open offer; `shut`: closed offers count too.
    """
    table = world.market.table
    out = np.full((2, len(world.scenario.brands)), _NOWHERE, dtype=np.int64)
    usable = np.ones(len(table), dtype=bool) if shut else table["open"] == 1
    for row, there in enumerate((usable & (table["members"] == 0), usable)):
        np.minimum.at(out[row], table["brand"][there], table[field][there])
    return out
