"""Many replications of one scenario into a results folder: in parallel, resumable, and in spite of failures."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agorasim.brands.registry import registered
from agorasim.errors import InputError, StorageError
from agorasim.experiment import manifest as manifests
from agorasim.experiment import pool
from agorasim.experiment.files import make_folder, sole_writer
from agorasim.experiment.opening import check_jobs, cores, earlier, exists, sweep, warm_up, with_seed
from agorasim.experiment.progress import Progress
from agorasim.experiment.session import Session
from agorasim.experiment.store import Store

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: Far more than anybody waits for; beyond, a slip of the keyboard would fill the memory with numbers.
MOST_REPLICATIONS = 1_000_000


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    folder: Path
    requested: int
    finished: tuple[int, ...]
    """Replications whose rows are in the folder, ascending."""
    reused: int
    """How many of them an earlier run left."""
    failed: dict[int, Path]
    """Traceback file of each failed replication."""
    seconds: float
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 done, 1 a replication failed, 130 interrupted."""
        return 130 if self.interrupted else 1 if self.failed else 0

    @property
    def message(self) -> str:
        """What a user should know, in a sentence or two."""
        have = f"{len(self.finished)} of {self.requested} replications"
        if self.interrupted:
            return f"interrupted: {have} are kept in {self.folder}; run the same command with --resume to go on"
        if self.failed:
            first, path = next(iter(sorted(self.failed.items())))
            return f"{have} finished in {self.folder}; {len(self.failed)} failed (replicate {first}: see {path})"
        return f"{have} in {self.folder}"


def run_replications(
    scenario: Scenario,
    *,
    replications: int,
    seed: int | None = None,
    jobs: int = 1,
    out: str | os.PathLike[str],
    resume: bool = False,
    progress: bool = True,
    worker: pool.Simulate | None = None,
) -> RunOutcome:
    """Run replications 0 .. `replications` - 1 of a scenario into a results folder.

    The tables' bytes depend on the scenario and the seed alone, whatever the jobs, the order or the interruptions.

    Args:
        scenario: what to run.
        replications: how many worlds.
        seed: seed of all random numbers; the scenario's own when None.
        jobs: worker processes; 1 runs everything in this process, -1 takes every core.
        out: the results folder, absent or empty unless `resume`.
        resume: keep what an earlier run left in `out` and do the rest.
        progress: whether to say anything on standard error.
        worker: what runs one world, `worker(scenario, seed, replicate) -> {"kpis": table, ...}`; the package's own
            when None.

    Raises:
        InputError: `out` is not empty, or belongs to another run, or the scenario or a policy is wrong (ActionError).
        StorageError: results cannot be written; what was finished stays.
    """
    _check(replications, jobs)
    scenario = with_seed(scenario, seed)
    folder = Path(out)
    identity = manifests.identity(scenario)
    # What existed before tells what to take away again when nothing comes of the run.
    existed = exists(folder)
    make_folder(folder)
    with sole_writer(folder):
        before = earlier(folder, scenario, identity, resume, "kpis")
        store = Store(folder, identity).scan(thorough=True)
        have = store.finished()
        if have and have[-1] >= replications:
            raise InputError(
                f"{folder} already holds replicate {have[-1]}: ask for at least {have[-1] + 1} replications"
                " or use another --out"
            )
        run = Session(
            store=store,
            manifest=manifests.describe(scenario, identity, replications),
            job=pool.Job(scenario, identity, worker, marks=store.running, leader=os.getpid(), policies=registered()),
            jobs=cores() if jobs < 0 else jobs,
            requested=replications,
            pending=[number for number in range(replications) if number not in set(have)],
            progress=Progress(replications, len(have), shown=progress),
        )
        sessions = (before or {}).get("timings", {}).get("sessions", [])
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run.manifest["timings"]["sessions"] = [*sessions, {"started": started, "jobs": run.jobs}]
        try:
            return _lead(run, reused=len(have), warm=worker is None)
        except (InputError, StorageError):
            if not store.finished() and before is None:
                sweep(folder, existed)
            raise
        finally:
            store.close()


def _lead(run: Session, *, reused: int, warm: bool) -> RunOutcome:
    """Work through a run and leave the folder in a state that says how it ended."""
    try:
        run.store.open()
        run.record("running")
        if run.pending:
            if warm:
                warm_up(run.progress)
            with run.progress:
                run.work()
        run.tabulate()
        return _outcome(run, reused)
    except KeyboardInterrupt:
        _leave(run, "interrupted")
        return _outcome(run, reused, interrupted=True)
    except InputError:
        _leave(run, "stopped")
        raise
    except StorageError as error:
        _leave(run, "stopped")
        kept = len(run.store.finished())
        raise StorageError(
            f"{error}; {kept} of {run.requested} replications are kept, --resume goes on from there"
        ) from error


def _outcome(run: Session, reused: int, *, interrupted: bool = False) -> RunOutcome:
    return RunOutcome(
        folder=run.store.folder,
        requested=run.requested,
        finished=tuple(run.store.finished()),
        reused=reused,
        failed=dict(sorted(run.failed.items())),
        seconds=time.monotonic() - run.begun,
        interrupted=interrupted,
    )


def _leave(run: Session, status: str) -> None:
    """Say in the manifest that the run stopped, if that can still be written."""
    shutil.rmtree(run.store.running, ignore_errors=True)
    with contextlib.suppress(StorageError):
        run.record(status)


def _check(replications: int, jobs: int) -> None:
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 1:
        raise InputError(f"replications must be a whole number of at least 1, got {replications!r}")
    if replications > MOST_REPLICATIONS:
        raise InputError(f"replications must be at most {MOST_REPLICATIONS:,}, got {replications:,}")
    check_jobs(jobs)
