"""Batches of worlds: what a worker does with one, and how pending worlds are cut into them.

Worlds of one replicate share a bench (its warm-up, the decisions and the messages of the full world), so a batch keeps
worlds of a replicate together, and a process keeps the last bench that it has built.
"""

from __future__ import annotations

import gc
import itertools
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import ActionError, InputError
from agorasim.experiment import tables
from agorasim.experiment.backends import check_versions, enlist, make_known

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.arms import Arm
    from agorasim.scenario.schema import Scenario

#: Seconds of work between two searches for reference cycles, which hold the arrays of worlds that are done.
COLLECT_AFTER: Final = 2.0
#: Seconds that a batch should take at least and at most, where there is that much to do.
SHORTEST, LONGEST = 2.0, 10.0

World = tuple[int, "Arm"]
"""Replicate and arm."""


class TotalsLike(Protocol):
    """A world's totals, see `agorasim.ecosystem.bench.Totals`."""

    @property
    def rows(self) -> Sequence[tuple[str, ...]]:
        """Period, brand, touchpoint, place, segment and region of each row."""

    @property
    def metrics(self) -> Sequence[str]:
        """Names of the recorded metrics."""

    @property
    def values(self) -> NDArray[np.float64]:
        """Figures, shape (rows, metrics)."""


class BenchLike(Protocol):
    """What runs the worlds of one replicate, see `agorasim.ecosystem.bench.Bench`."""

    def run(self, arm: Arm) -> TotalsLike:
        """The totals of one world."""


MakeBench = Callable[..., BenchLike]
"""`make(scenario, seed, replicate, periods=...)`."""


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know; the same for every batch of an experiment."""

    scenario: Scenario
    """What to run; its seed is that of the experiment."""
    identity: Mapping[str, Any]
    periods: Any
    session: str
    """Tells one laboratory from the next: workers outlive them, and what they keep must not be mixed up."""
    make: MakeBench | None = None
    """What makes a bench; None means the package's own."""
    leader: int = 0
    """Process id of the leading process; 0 when workers are elsewhere."""
    elsewhere: bool = False
    """Whether workers may have another version of the program."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Policies registered in the leading process, by name; workers know no others."""


@dataclass(frozen=True)
class Batch:
    """Some worlds for one worker."""

    number: int
    worlds: tuple[World, ...]


@dataclass(frozen=True)
class Failure:
    """A world that ended in an error."""

    replicate: int
    arm: str
    summary: str
    trace: str


@dataclass(frozen=True)
class Done:
    """What a worker hands back."""

    number: int
    part: bytes | None = None
    """The totals of the finished worlds as a Parquet file; None when there are none."""
    finished: tuple[tuple[int, str, int], ...] = ()
    """Replicate, arm and number of rows of each finished world, in the file's order."""
    failures: tuple[Failure, ...] = ()
    mistake: InputError | None = None
    """Set when the mistake is the user's; the experiment stops."""
    interrupted: bool = False
    """Ctrl-C came, in the leading process."""
    fresh: tuple[float, ...] = ()
    """Seconds of worlds that had to build their bench first."""
    ready: tuple[float, ...] = ()
    """Seconds of worlds whose bench was there."""


# --- in a worker ----------------------------------------------------------------------------------------------------

# One bench a thread: a Dask worker may run several batches at a time.
_kept = threading.local()


def run_batch(job: Job, batch: Batch) -> Done:
    """Run the worlds of a batch; errors come back as values, so that one world cannot take the others with it."""
    enlist(job.leader)
    rows: list[pa.Table] = []
    failures: list[Failure] = []
    seconds: dict[bool, list[float]] = {True: [], False: []}
    mistake: InputError | None = None
    interrupted = False
    collected = time.perf_counter()
    try:
        if job.elsewhere:
            check_versions(job.identity)
        make_known(job.policies)
        # Imports are no part of a world's time.
        tables.schema(tables.WORLDS)
        _maker(job)
        for replicate, arm in batch.worlds:
            begun = time.perf_counter()
            try:
                bench, fresh = bench_of(job, replicate)
                totals = bench.run(arm)
                rows.append(table_of(replicate, arm.label, totals))
                seconds[fresh].append(time.perf_counter() - begun)
            except InputError:
                raise
            except (Exception, SystemExit) as error:
                # What the bench holds may be half-made.
                forget()
                summary = f"{type(error).__name__}: {error}"
                failures.append(Failure(replicate, arm.label, summary, traceback.format_exc()))
            if time.perf_counter() - collected > COLLECT_AFTER:
                gc.collect()
                collected = time.perf_counter()
    except InputError as error:
        mistake = (ActionError if isinstance(error, ActionError) else InputError)(str(error))
    except KeyboardInterrupt:
        forget()
        interrupted = True
    part, finished = _encode(rows, job.identity)
    return Done(
        batch.number, part, finished, tuple(failures), mistake, interrupted, tuple(seconds[True]), tuple(seconds[False])
    )


def bench_of(job: Job, replicate: int) -> tuple[BenchLike, bool]:
    """The bench of a replicate, and whether it is new; the one before it is let go first."""
    key = (job.session, replicate)
    if getattr(_kept, "key", None) == key:
        return _kept.bench, False
    if getattr(_kept, "key", None) is not None:
        forget()
        gc.collect()
    _kept.bench, _kept.key = _maker(job)(job.scenario, job.scenario.seed, replicate, periods=job.periods), key
    return _kept.bench, True


def _maker(job: Job) -> MakeBench:
    if job.make is not None:
        return job.make
    from agorasim.ecosystem.bench import Bench

    return Bench


def forget() -> None:
    """Let go of the bench that this thread keeps."""
    _kept.key = _kept.bench = None


def table_of(replicate: int, label: str, totals: TotalsLike) -> pa.Table:
    """One world's rows of the table of worlds, sorted; metrics that it did not record become null.

    Raises:
        ValueError: a metric that no dictionary knows, or two rows about the same.
    """
    import pyarrow as pa

    schema = tables.schema(tables.WORLDS)
    if extra := sorted(set(totals.metrics) - set(schema.names)):
        raise ValueError(f"a world returned metrics that are not declared: {', '.join(extra)}")
    order = sorted(range(len(totals.rows)), key=lambda i: totals.rows[i])
    keys = [totals.rows[i] for i in order]
    if not keys or any(a == b for a, b in itertools.pairwise(keys)):
        raise ValueError("a world returned no rows, or two rows about the same")
    values = np.asarray(totals.values, dtype=np.float64)[order]
    at = {name: k for k, name in enumerate(totals.metrics)}
    arrays = [pa.array([replicate] * len(keys), pa.int32()), pa.array([label] * len(keys), pa.string())]
    arrays += [pa.array(column, pa.string()) for column in zip(*keys, strict=True)]
    for name in schema.names[len(arrays) :]:
        # Adding 0.0 leaves one zero where there are two, which differ in their bytes.
        column = values[:, at[name]] + 0.0 if name in at else np.full(len(keys), np.nan)
        arrays.append(pa.array(column, pa.float64(), from_pandas=True))
    return pa.table(arrays, schema=schema)


def _encode(
    worlds: list[pa.Table], identity: Mapping[str, Any]
) -> tuple[bytes | None, tuple[tuple[int, str, int], ...]]:
    import pyarrow as pa

    if not worlds:
        return None, ()
    named = [(int(t["replicate"][0].as_py()), str(t["arm"][0].as_py()), int(t.num_rows), t) for t in worlds]
    named.sort(key=lambda world: world[:2])
    listing = tuple(world[:3] for world in named)
    whole = pa.concat_tables([world[3] for world in named]).combine_chunks()
    return tables.encode(whole, {"run": dict(identity), "worlds": listing}), listing


# --- in the leading process -----------------------------------------------------------------------------------------


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
        return (self._seconds + self._fresh) / self.worlds if self.worlds else None


class Planner:
    """Cuts pending worlds into batches as they are asked for, larger ones once it is known how long a world takes.

    Args:
        worlds: what is to be run.
        pace: how long worlds take, as far as known; read anew for each batch.
        workers: how many share the work.
        single: a world a batch.
    """

    def __init__(self, worlds: Sequence[World], pace: Pace, workers: int, *, single: bool = False) -> None:
        self._groups = [[world] for world in worlds] if single else list(groups(worlds))
        self._left = len(worlds)
        self._pace, self._workers, self._single = pace, workers, single
        self._drawn = 0
        #: Batches that were drawn and have not come back.
        self.out: dict[int, Batch] = {}

    def __iter__(self) -> Iterator[Batch]:
        position, offset = 0, 0
        while position < len(self._groups):
            size, worlds = self._size(), list[World]()
            while position < len(self._groups) and (not worlds or len(worlds) < size):
                group = self._groups[position]
                rest = len(group) - offset
                if worlds and len(worlds) + rest > 1.25 * size:
                    break
                # Worlds that replay one arm's messages may be very many: then each batch replays it once more.
                take = rest if rest <= 1.25 * size else size
                worlds += group[offset : offset + take]
                position, offset = (position + 1, 0) if take == rest else (position, offset + take)
            batch = Batch(self._drawn, tuple(worlds))
            self._drawn += 1
            self._left -= len(worlds)
            self.out[batch.number] = batch
            yield batch

    def _size(self) -> int:
        each = self._pace.each()
        if self._single or each is None:
            return 1
        # Long batches first, shorter ones towards the end, so that workers finish together.
        share = self._left * each / self._workers
        wanted = min(LONGEST, max(SHORTEST, share / 4)) / each
        return max(1, min(round(wanted), math.ceil(self._left / self._workers)))


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


def _depth(arm: Arm) -> int:
    return 0 if arm.messages is None else 1 + _depth(arm.messages)
