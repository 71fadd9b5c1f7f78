"""M10 Statistics of talk: who is aware of a brand, and whom friends told of it before the brand did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import CLICKED, FOUND, REACHED
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

#: First contact of a person with a brand: none yet, the brand itself, talk, or (during a day) perhaps talk.
NONE: Final = 0
BRAND: Final = 1
TALK: Final = 2
_HEARD: Final = 3


class TalkStatistics(Mechanism):
    """First contacts; on a day with both, the brand was first, because people meet brands before they listen."""

    name = "talk_statistics"
    code = "M10"
    meaning = "who is aware, and who heard of the brand from friends first"
    keys = ("social.statistics",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        assert world.scenario.social.statistics is not None
        self.aware = np.float32(world.scenario.social.statistics.aware)
        self.columns["contact"] = np.where(self._knows(world), BRAND, NONE).astype(np.uint8)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether first contacts are counted."""
        return scenario.social.statistics is not None

    def entered(self, world: World, who: Array) -> None:
        """Somebody new knows brands from before, or has had no contact."""
        self.columns["contact"][who] = np.where(world.w.awareness[who] > 0.0, BRAND, NONE)

    def carried(self, world: World) -> None:
        """Who has a message and knew nothing so far heard of the brand from friends, unless they meet it today."""
        w, segment = world.w, world.population.segment
        if len(w.says) == 0:
            return
        messages = w.hears_good.astype(np.int64) + w.hears_bad
        self.columns["contact"][(messages > 0) & (self.columns["contact"] == NONE)] = _HEARD
        for b in range(len(self.brands)):
            who = np.flatnonzero(messages[:, b])
            np.add.at(self.today["heard"][b], segment[who], messages[who, b])

    def closing(self, world: World) -> None:
        """Settle today's first contacts and count who is aware."""
        w, contact = world.w, self.columns["contact"]
        met = (w.flags & np.uint8(REACHED | FOUND | CLICKED)) > 0
        contact[(contact == _HEARD) & ~met] = TALK
        contact[(contact == _HEARD) | ((contact == NONE) & (met | self._knows(world)))] = BRAND
        aware = self._knows(world)
        segments = len(world.population.segments)
        for b in range(len(self.brands)):
            for name, who in (("aware", aware[:, b]), ("aware_by_talk", aware[:, b] & (contact[:, b] == TALK))):
                self.today[name][b] = np.bincount(world.population.segment[who], minlength=segments)

    def _knows(self, world: World) -> Array:
        """Who is aware of which brand, (N, B) bool."""
        awareness = world.w.awareness
        aware: Array = (awareness >= self.aware) & (awareness > 0.0)
        return aware
