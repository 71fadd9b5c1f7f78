"""Who meets which brand where on a day, drawn once for all worlds of a replicate.

Meetings follow from draws, the plan and who uses what, not from what people feel: worlds that differ in other channels
draw the very same ones. An agenda keeps them by day, pair and mean; a pair whose mean differs is drawn for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.exposure import note_meetings
from agorasim.randomness import CHUNK

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]
#: Meetings that are kept, 5 bytes each; memory is taken only as it fills.
MOST: Final = 30_000_000
_ROW_BYTES: Final = 64_000_000


class Agenda:
    """Meetings of one (scenario, seed, replicate), shared by its worlds. Worlds give the same bits with and without."""

    def __init__(self, size: int) -> None:
        chunks = (size + CHUNK - 1) // CHUNK
        self._first = np.empty((max(1, _ROW_BYTES // (8 * (chunks + 1))), chunks + 1), dtype=np.int64)
        self._who = np.empty(MOST, dtype=np.int32)
        self._what = np.empty(MOST, dtype=np.uint8)
        self._row: dict[tuple[int, int, float], int] = {}
        self._end = 0

    @property
    def entries(self) -> int:
        """Meetings kept so far."""
        return self._end

    def join(self, world: World) -> None:
        """Let a world that is not under way read and write here."""
        world.agenda = self
        world.w.put(agenda_first=self._first, agenda_who=self._who, agenda_what=self._what)

    def prepare(self, world: World) -> None:
        """Find today's meetings, and draw those that no world has drawn yet."""
        w, day = world.w, world.day
        keys = [
            (day, entity, mean)
            for entity, mean in zip(w.pairs["entity"].tolist(), w.pairs["mean"].tolist(), strict=True)
        ]
        rows = np.array([self._row.get(key, -1) for key in keys], dtype=np.int64)
        for p in np.flatnonzero(rows < 0).tolist():
            row = len(self._row)
            if row == len(self._first):
                break
            end = note_meetings(w, p, row, self._end)
            if end < 0:
                break
            self._row[keys[p]] = rows[p] = row
            self._end = end
        w.put(agenda_row=rows)
