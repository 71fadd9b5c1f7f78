"""Running replications in this process or in workers, and what a worker does.

A worker simulates, encodes its tables and hands the bytes back; only the leading process writes results.
"""

from __future__ import annotations

import contextlib
import gc
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agorasim.errors import ActionError, InputError
from agorasim.experiment import tables
from agorasim.experiment.backends import WorkerDied, enlist, make_known, processes

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.scenario.schema import Scenario

    Simulate = Callable[[Scenario, int, int], Mapping[str, pa.Table]]


__all__ = ["Finished", "Job", "Raised", "WorkerDied", "alone", "replicate", "together"]

#: Seconds that a run must have taken for its world to be worth a search for reference cycles.
COLLECT_AFTER = 2.0


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know; the same for every replication of a run."""

    scenario: Scenario
    """What to run; its seed is that of the run."""
    identity: Mapping[str, Any]
    simulate: Simulate | None
    """What runs one world; None means the package's own."""
    marks: Path | None = None
    """Folder in which a worker marks the replication it is at; None in the leading process."""
    leader: int = 0
    """Process id of the leading process."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Policies registered in the leading process (a notebook's own), by name; workers know no others."""


@dataclass(frozen=True)
class Finished:
    """A replication's tables as Parquet bytes."""

    replicate: int
    blobs: dict[str, bytes]
    seconds: float


@dataclass(frozen=True)
class Raised:
    """A replication that ended in an error."""

    replicate: int
    summary: str
    trace: str
    input_error: type[InputError] | None = None
    """Set when the mistake is the user's."""


def replicate(job: Job, number: int) -> Finished | Raised:
    """Run one replication; errors come back as values, so that one run cannot take the others with it."""
    mark = None if job.marks is None else job.marks / str(number)
    if mark is not None:
        enlist(job.leader)
        with contextlib.suppress(OSError):
            mark.touch()
    begun = time.perf_counter()
    make_known(job.policies)
    made: Mapping[str, pa.Table] = {}
    try:
        made = (job.simulate or _world)(job.scenario, job.scenario.seed, number)
        keep = (tables.KPIS, *tables.REPLICATE_TABLES, *(tables.GRAPH_TABLES if number == 0 else ()))
        for name in made:
            tables.schema(name)
        blobs = {k: tables.encode(tables.normalise(k, made[k]), job.identity) for k in keep if k in made}
        if tables.KPIS not in blobs:
            raise ValueError("a run returned no KPI table")
        return Finished(number, blobs, time.perf_counter() - begun)
    except InputError as error:
        kind = ActionError if isinstance(error, ActionError) else InputError
        return Raised(number, str(error), traceback.format_exc(), kind)
    except (Exception, SystemExit) as error:
        return Raised(number, f"{type(error).__name__}: {error}", traceback.format_exc())
    finally:
        if mark is not None:
            with contextlib.suppress(OSError):
                mark.unlink(missing_ok=True)
        # A world's arrays may hang in reference cycles; the next world must not stand beside them. Small worlds can
        # wait: looking for cycles takes some 50 ms.
        made = {}
        if time.perf_counter() - begun > COLLECT_AFTER:
            gc.collect()


def _world(scenario: Scenario, seed: int, number: int) -> Mapping[str, pa.Table]:
    from agorasim.ecosystem.simulate import simulate

    return simulate(scenario, seed, number)


def alone(job: Job, numbers: Sequence[int]) -> Generator[Finished | Raised, None, None]:
    """Replications one after the other in this process."""
    for number in numbers:
        yield replicate(job, number)


def together(job: Job, numbers: Sequence[int], jobs: int) -> Generator[Finished | Raised, None, None]:
    """Replications in worker processes, in the order in which they finish.

    Closing the iterator early stops the workers at once.

    Raises:
        WorkerDied: a worker ended without an answer. A later call starts fresh workers.
    """
    return processes(replicate, job, numbers, max(2, min(jobs, len(numbers))))
