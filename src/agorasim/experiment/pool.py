"""Running replications in this process or in workers, and what a worker does.

A worker simulates, encodes its tables and hands the bytes back; only the leading process writes results.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agorasim.errors import ActionError, AgorasimError, InputError
from agorasim.experiment import tables

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.scenario.schema import Scenario

    Simulate = Callable[[Scenario, int, int], Mapping[str, pa.Table]]


#: Seconds that a run must have taken for its world to be worth a search for reference cycles.
COLLECT_AFTER = 2.0


class WorkerDied(AgorasimError):  # noqa: N818  (says what happened; it never reaches a user as an error)
    """A worker process ended without an answer; its pool is lost."""


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
        _enlist(job.leader)
        with contextlib.suppress(OSError):
            mark.touch()
    begun = time.perf_counter()
    _make_known(job.policies)
    made: Mapping[str, pa.Table] = {}
    try:
        made = (job.simulate or _world)(job.scenario, job.scenario.seed, number)
        keep = (tables.KPIS, *tables.GRAPH_TABLES) if number == 0 else (tables.KPIS,)
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


def _make_known(policies: Mapping[str, Any]) -> None:
    """Register the leading process's own policies where they are not known yet."""
    if policies:
        from agorasim.brands.registry import register, registered

        for name in policies.keys() - registered().keys():
            register(policies[name])


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
    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool  # type: ignore[import-untyped]

    # joblib leaves a pool of one worker out and would run it here, where a crash takes everything down.
    workers = max(2, min(jobs, len(numbers)))
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = joblib.Parallel(
            n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
        )
        # The stubs know lists only; with return_as it is a generator.
        with _without_interrupts():
            results: Any = parallel(joblib.delayed(replicate)(job, number) for number in numbers)
    try:
        # Not "yield from", which would close joblib's generator before the warnings below are silenced.
        for result in results:  # noqa: UP028
            yield result
    except BrokenProcessPool as error:
        raise WorkerDied(str(error).strip() or type(error).__name__) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib warns that work is cut short, which is what closing is for
            results.close()


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for the moment in which workers start: they inherit it, and stay quiet while they still import."""
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread may set handlers, and one that was not set from Python could not be set again.
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_enlisted = False


def _enlist(leader: int) -> None:
    """Once a worker: leave Ctrl-C to the leading process, and do not outlive it."""
    global _enlisted
    if _enlisted or os.getpid() == leader:
        return
    _enlisted = True
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        # Compared with the leader's number, not with today's parent: the leader may be gone already.
        while os.getppid() == leader:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, name="agorasim-leader-watch", daemon=True).start()
