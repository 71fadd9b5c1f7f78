"""M10 Statistics of talk: who is aware of a brand, and whom friends told of it before the brand did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import CLICKED, FOUND, REACHED
from agorasim.ecosystem.mechanisms.base import Mechanism, spans

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
        good, bad = w.hears_good.reshape(-1), w.hears_bad.reshape(-1)
        found = [np.flatnonzero(good[rows] | bad[rows]) + rows.start for rows in spans(len(good))]
        codes = np.concatenate(found)
        contact = self.columns["contact"].reshape(-1)
        contact[codes[contact[codes] == NONE]] = _HEARD
        who, b = np.divmod(codes, len(self.brands))
        messages = good[codes].astype(np.int64) + bad[codes]
        tally = self.today["heard"]
        at = b * tally.shape[1] + segment[who]
        tally += np.bincount(at, weights=messages, minlength=tally.size).astype(np.int64).reshape(tally.shape)

    def closing(self, world: World) -> None:
        """Settle today's first contacts and count who is aware."""
        people, segments = world.population, len(world.population.segments)
        counts = np.zeros((len(self.brands), 3, segments), dtype=np.int64)
        for rows in spans(world.size):
            contact, aware = self.columns["contact"][rows], self._knows(world, rows)
            flat = contact.reshape(-1)
            fresh = np.flatnonzero(flat - np.uint8(BRAND) > TALK - BRAND)  # neither BRAND nor TALK
            if len(fresh):
                met = (world.w.flags[rows].reshape(-1)[fresh] & np.uint8(REACHED | FOUND | CLICKED)) > 0
                heard = flat[fresh] == _HEARD
                first = np.where(met | aware.reshape(-1)[fresh] | heard, BRAND, NONE)
                flat[fresh] = np.where(heard & ~met, TALK, first)
            # 0 unaware, 1 aware, 2 aware and told by friends first.
            state = aware.view(np.uint8) + (aware & (contact == TALK))
            for b in range(len(self.brands)):
                at = people.segment[rows] + segments * state[:, b].astype(np.int64)
                counts[b] += np.bincount(at, minlength=3 * segments).reshape(3, segments)
        self.today["aware"][:] = counts[:, 1] + counts[:, 2]
        self.today["aware_by_talk"][:] = counts[:, 2]

    def _knows(self, world: World, rows: slice = slice(None)) -> Array:
        """Who of some rows is aware of which brand, (n, B) bool."""
        awareness = world.w.awareness[rows]
        aware: Array = awareness >= self.aware if self.aware > 0.0 else awareness > 0.0
        return aware
