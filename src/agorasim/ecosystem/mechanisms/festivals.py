"""M14 Festivals as seasons of deals: while one lasts, people care more about promotions."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]


class Festivals(Mechanism):
    """Multiplies the promotion signal of all offers on the days of a festival, for the time that people choose."""

    name = "festivals"
    code = "M14"
    meaning = "festivals make people look for deals"
    keys = ("calendar.festivals.NAME.deal",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        #: Multiplier of the promotion signal by day, (days,).
        self.deal = np.ones(world.days.count)
        for festival in world.scenario.calendar.festivals.values():
            begin = (datetime.date.fromisoformat(festival.start) - world.days.first).days
            self.deal[max(begin, 0) : max(begin + festival.days, 0)] *= festival.deal
        self.posted: Array = np.empty(0)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a festival changes what promotions mean."""
        return any(festival.deal != 1.0 for festival in scenario.calendar.festivals.values())

    def evaluate(self, world: World, who: Array) -> None:
        """Promotions count more, or less, today."""
        self.posted = world.w.offers["signal"].copy()
        world.w.offers["signal"] = self.posted * self.deal[world.day]

    def closing(self, world: World) -> None:
        """What was posted stands again."""
        world.w.offers["signal"] = self.posted
