"""Batches of worlds, and what a worker does with one.

Worlds of one replicate share a bench (its warm-up, the decisions and the messages of the full world), so a process
keeps the last bench that it has built.
"""

from __future__ import annotations

import gc
import itertools
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
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
            _collect()
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
    forget()
    _collect()
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


def _collect() -> None:
    """Search for reference cycles now and then: it takes some 50 ms, which is long beside a small world."""
    now = time.perf_counter()
    if now - getattr(_kept, "collected", 0.0) > COLLECT_AFTER:
        gc.collect()
        _kept.collected = time.perf_counter()


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
