"""What a world remembers of its days: integer arrays, and the tables made of them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.behaviour.evening import close
from agorasim.measures.mechanisms import ACCOUNTS
from agorasim.measures.metrics import BY_NAME

if TYPE_CHECKING:
    from agorasim.ecosystem.market import Market
    from agorasim.ecosystem.mechanisms.base import Mechanism
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

#: Per offer and day: columns of `History.offer`, money in minor units.
ORDERS, LOST, REVENUE, DISCOUNTS, GOODS, FULFILMENT, COMMISSION, STOCK = range(8)

MEANS: Final = ("awareness", "goodwill", "habit")


class History:
    """Daily integers of a run; day d is filled when it ends.

    touch (D, B, T, .), segment (D, B, S, .), region (D, B, R, .), offer (D, O, 8), spend and plan and fixed (D, B, T)
    in minor units, needs by segment and region.
    """

    def __init__(self, scenario: Scenario, market: Market, segments: int, regions: int) -> None:
        days, brands, touch = scenario.calendar.days, len(scenario.brands), len(scenario.touchpoints)
        self.days = 0
        self.segments, self.regions = segments, regions
        self.levels_segment = np.zeros((days, brands, segments, c.LEVELS), dtype=np.int64)
        self.levels_region = np.zeros((days, brands, regions, c.LEVELS), dtype=np.int64)
        self.touch = np.zeros((days, brands, touch, c.AT_TOUCH), dtype=np.int64)
        self.by_segment = np.zeros((days, brands, segments, c.BY_CELL), dtype=np.int64)
        self.by_region = np.zeros((days, brands, regions, c.BY_CELL), dtype=np.int64)
        self.needs_segment = np.zeros((days, segments), dtype=np.int64)
        self.needs_region = np.zeros((days, regions), dtype=np.int64)
        self.offer = np.zeros((days, len(market.offers), 8), dtype=np.int64)
        self.spend = np.zeros((days, brands, touch), dtype=np.int64)
        self.plan = np.zeros((days, brands, touch), dtype=np.int64)
        self.fixed = np.zeros((days, brands, touch), dtype=np.int64)
        #: Costs that mechanisms booked, minor units (D, B, accounts); no accounts in a world without mechanisms.
        self.costs = np.zeros((days, brands, 0), dtype=np.int64)
        #: What mechanisms counted, (D, ...) by metric.
        self.extra: dict[str, Array] = {}

    def make_room(self, mechanisms: list[Mechanism]) -> None:
        """Room for the tallies of a new world's mechanisms."""
        if mechanisms:
            self.costs = np.zeros((*self.costs.shape[:2], len(ACCOUNTS)), dtype=np.int64)
        for mechanism in mechanisms:
            for name, tally in mechanism.today.items():
                self.extra[name] = np.zeros((len(self.costs), *tally.shape), dtype=np.int64)

    def copy(self) -> History:
        """A history with the days so far, to be gone on with."""
        twin = copy.copy(self)
        for name, tally in vars(self).items():
            if isinstance(tally, np.ndarray):
                setattr(twin, name, self._so_far(tally))
        twin.extra = {name: self._so_far(tally) for name, tally in self.extra.items()}
        return twin

    def _so_far(self, tally: Array) -> Array:
        # Days to come are zero: pages that are not written cost nothing.
        fresh = np.zeros_like(tally)
        fresh[: self.days] = tally[: self.days]
        return fresh

    def close_day(self, w: c.Columns, plan: Array, spend: Array, fixed: Array, offer: Array) -> None:
        """Write the day's tallies and clear them for the next one."""
        d = self.days
        close(
            w, self.touch[d], self.by_segment[d], self.by_region[d], self.levels_segment[d], self.levels_region[d],
            self.needs_segment[d], self.needs_region[d],
        )  # fmt: skip
        self.plan[d], self.spend[d], self.fixed[d], self.offer[d] = plan, spend, fixed, offer
        self.days = d + 1

    def close_mechanisms(self, mechanisms: list[Mechanism], costs: Array) -> None:
        """Write down what mechanisms counted and booked today; call it before `close_day`. Flows are cleared."""
        d = self.days
        self.costs[d] = costs
        costs[...] = 0
        for mechanism in mechanisms:
            for name, tally in mechanism.today.items():
                self.extra[name][d] = tally
                if BY_NAME[name].kind == "flow":
                    tally[...] = 0

    def members(self, brand: int, known: int) -> int:
        """Members at the end of the last known day."""
        return int(self.levels_segment[known - 1, brand, :, c.MEMBERS].sum()) if known else 0
