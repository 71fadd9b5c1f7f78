"""How pending worlds are cut into batches: long enough to be worth a file, short enough to lose little with one.

Worlds of one replicate, and those that replay one arm's messages, are kept together: they share work.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agorasim.experiment.batches import Batch, Done, World

if TYPE_CHECKING:
    from agorasim.ecosystem.arms import Arm

#: Seconds that a batch should take at least and at most, where there is that much to do.
SHORTEST, LONGEST = 2.0, 10.0
#: Worlds of a batch at most, for the leading process holds one whole.
MOST: Final = 400
#: Worlds that share a bench at the least, as far as is known before any was run.
_SHARING: Final = 8
#: Worlds that replay one arm's messages and stay together, however short a batch should be.
_FAMILY: Final = 4


@dataclass
class Pace:
    """How long worlds take."""

    _seconds: float = 0.0
    _worlds: int = 0
    _fresh: float = 0.0
    _benches: int = 0

    def note(self, done: Done) -> None:
        """Learn from a finished batch."""
        self._seconds += sum(done.ready)
        self._worlds += len(done.ready)
        self._fresh += sum(done.fresh)
        self._benches += len(done.fresh)

    @property
    def worlds(self) -> int:
        """Worlds that were timed."""
        return self._worlds + self._benches

    def each(self) -> float | None:
        """Seconds of a world whose bench is there; None when none was timed."""
        if self._worlds:
            return max(self._seconds / self._worlds, 1e-6)
        return max(self._fresh / self._benches, 1e-6) if self._benches else None

    def mean(self) -> float | None:
        """Seconds of a world, the building of benches shared out; None when none was timed."""
        each = self.each()
        if each is None or self._benches == 0:
            return each
        # Few worlds tell little about how many share a bench.
        sharing = max(_SHARING, self.worlds / self._benches)
        return each + max(0.0, self._fresh / self._benches - each) / sharing


class Planner:
    """Cuts pending worlds into batches as they are asked for, larger ones once it is known how long a world takes.

    Args:
        worlds: what is to be run.
        pace: how long worlds take, as far as known; read anew for each batch.
        workers: how many share the work.
        single: a world a batch.
    """

    def __init__(self, worlds: Sequence[World], pace: Pace, workers: int, *, single: bool = False) -> None:
        together = ([world] for world in sorted(worlds, key=_number)) if single else groups(worlds)
        self._replicates = deque(
            deque(found) for _, found in itertools.groupby(together, key=lambda group: _number(group[0]))
        )
        self._left = len(worlds)
        self._pace, self._workers, self._single = pace, workers, single
        self._drawn = 0
        #: Batches that were drawn and have not come back.
        self.out: dict[int, Batch] = {}

    def __iter__(self) -> Iterator[Batch]:
        while self._replicates:
            batch = Batch(self._drawn, tuple(self._draw()))
            self._drawn += 1
            self._left -= len(batch.worlds)
            self.out[batch.number] = batch
            yield batch

    def _draw(self) -> list[World]:
        """The next batch: a part of a replicate, or whole ones, for each worker builds the bench of its part."""
        size, drawn = self._size(), list[World]()
        while self._replicates:
            replicate = self._replicates[0]
            left = sum(map(len, replicate))
            if drawn and len(drawn) + left > 1.25 * size:
                break
            if not drawn and left > 1.5 * size:
                return self._part(replicate, math.ceil(left / round(left / size)))
            drawn += itertools.chain.from_iterable(replicate)
            self._replicates.popleft()
            if self._single:
                break
        return drawn

    @staticmethod
    def _part(replicate: deque[list[World]], size: int) -> list[World]:
        drawn = list[World]()
        while len(drawn) < size and (not drawn or len(drawn) + len(replicate[0]) <= 1.25 * size):
            group = replicate[0]
            if len(group) <= max(1.25 * size, _FAMILY):
                drawn += replicate.popleft()
            else:
                # So many worlds replay one arm's messages that several batches must.
                drawn += group[:size]
                del group[:size]
        return drawn

    def _size(self) -> int:
        each = self._pace.each()
        if self._single or each is None:
            return 1
        # Long batches first, shorter ones towards the end, so that workers finish together.
        share = self._left * each / self._workers
        wanted = min(LONGEST, max(SHORTEST, share / 4)) / each
        return max(
            1, min(round(wanted), MOST, max(math.ceil(self._left / self._workers), round(0.25 * SHORTEST / each)))
        )


def groups(worlds: Sequence[World]) -> Iterator[list[World]]:
    """Worlds of one replicate that replay one arm's messages, with that arm first; replicates in ascending order."""
    by_replicate: dict[int, dict[str, list[World]]] = {}
    for replicate, arm in worlds:
        first = arm
        while first.messages is not None:
            first = first.messages
        family = by_replicate.setdefault(replicate, {}).setdefault(first.world_key(), [])
        family.append((replicate, arm))
    for _, families in sorted(by_replicate.items()):
        for family in families.values():
            yield sorted(family, key=lambda world: _depth(world[1]))


def _number(world: World) -> int:
    return world[0]


def _depth(arm: Arm) -> int:
    return 0 if arm.messages is None else 1 + _depth(arm.messages)
