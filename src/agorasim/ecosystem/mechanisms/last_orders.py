"""Last orders: when and where each customer bought last, kept once for all mechanisms that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import DAY, Mechanism, rooms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Brand, Scenario

Array = NDArray[Any]


def _asks(brand: Brand) -> bool:
    """Whether something of the brand depends on its customers' last orders."""
    lapsed = any(coupon.to == "lapsed" for coupon in brand.coupons.values())
    terms = brand.win_back, brand.loyalty, brand.returns, brand.price_protection
    return lapsed or any(term is not None for term in terms)


class LastOrders(Mechanism):
    """Day and offer of everybody's last order from each brand that asks, (N, k).

    It acts after the others when orders are settled, so that these still find the order before. Who had bought before
    the first day counts as having bought on it, nowhere.
    """

    name = "last_orders"
    code = "M13"
    meaning = "when and where each customer bought last, which the mechanisms of these keys look up"
    blank = {"day": -1, "offer": 0}
    keys = (
        "category.price_fairness", "outcomes.lifetime", "brands.NAME.win_back", "brands.NAME.loyalty",
        "brands.NAME.returns", "brands.NAME.price_protection", "brands.NAME.coupons.NAME.to",
    )  # fmt: skip

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any mechanism asks."""
        if scenario.category.price_fairness is not None or scenario.outcomes.lifetime is not None:
            return True
        return any(_asks(brand) for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        everywhere = scenario.category.price_fairness is not None or scenario.outcomes.lifetime is not None
        having = [b for b, brand in enumerate(scenario.brands.values()) if everywhere or _asks(brand)]
        self.room = rooms(len(self.brands), having)
        #: Day of the last order; -1: none.
        self.columns["day"] = np.where(world.w.bought[:, having] > 0, 0, -1).astype(DAY, order="C")
        #: Number of its offer + 1; 0: none that was seen.
        kind = np.min_scalar_type(len(world.market.offers))
        self.columns["offer"] = np.zeros((world.size, len(having)), dtype=kind)

    def settled(self, world: World, orders: Array) -> None:
        """Write down today's; of several of a day, the last."""
        room = self.room[world.market.table["brand"][orders["offer"]]]
        here = room >= 0
        at = orders["consumer"][here].astype(np.int64) * self.columns["day"].shape[1] + room[here]
        self.columns["day"].reshape(-1)[at] = world.day
        self.columns["offer"].reshape(-1)[at] = orders["offer"][here] + 1

    def day(self, who: Array, b: int) -> NDArray[np.int64]:
        """Days of the last orders of `who` (n,) from brand b; -1: none."""
        found: NDArray[np.int64] = self.columns["day"][who, self.room[b]].astype(np.int64)
        return found

    def days(self, b: int) -> Array:
        """Everybody's, (N,); not to be written to."""
        found: Array = self.columns["day"][:, self.room[b]]
        return found

    def offer(self, who: Array, b: int) -> NDArray[np.int64]:
        """Numbers of the offers of the last orders of `who` (n,) from brand b; -1: none."""
        found: NDArray[np.int64] = self.columns["offer"][who, self.room[b]].astype(np.int64) - 1
        return found


def last_orders(world: World) -> LastOrders:
    """The mechanism, in a world where somebody asks for it."""
    found = world.mechanism("last_orders")
    assert isinstance(found, LastOrders)
    return found
