"""A laboratory runs the worlds of an experiment, keeps them in its folder, and answers questions about them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from agorasim.brands.registry import registered
from agorasim.errors import AgorasimError, InputError, StorageError
from agorasim.experiment import batches, summary, tables
from agorasim.experiment import manifest as manifests
from agorasim.experiment.backends import Cluster, check_backend
from agorasim.experiment.files import make_folder, sole_writer, write_bytes
from agorasim.experiment.opening import check_jobs, cores, earlier, exists, sweep, warm_up, with_seed
from agorasim.experiment.planning import Pace
from agorasim.experiment.progress import Progress
from agorasim.experiment.shift import Shift
from agorasim.experiment.world_store import WorldStore
from agorasim.experiment.worlds import Arms, Array, Values

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.arms import Arm
    from agorasim.scenario.schema import Scenario

#: Work that takes no longer than this, in seconds, is not worth a progress bar.
QUIET: Final = 2.0
#: Parts are made a table early when reading them has cost this much, in seconds a part.
_PATIENCE: Final = 0.05
#: Seconds of a world beside which loading the kernels is nothing.
_SLOW: Final = 10.0


class Laboratory:
    """Runs worlds of an experiment and never one twice; use it as a context.

    All `run` calls share one pool of workers. Finished worlds are kept in the folder at once, so that an experiment
    that ends early, however it does, goes on where it stopped.

    Args:
        scenario: the full world's scenario.
        kind: of experiment, such as "synergy"; a folder holds one kind.
        settings: what the experiment was asked, for the manifest.
        seed: seed of all random numbers; the scenario's own when None.
        out: the results folder, absent or empty unless `resume`; a temporary one that lives as long as `keeper` when
            None.
        jobs: worker processes; 1 runs everything in this process, -1 takes every core.
        resume: keep the worlds that an earlier experiment on the same scenario and seed left in `out`.
        backend: "loky", or "dask" for a cluster.
        address: of the Dask scheduler.
        progress: whether to say anything on standard error.
        periods: which totals worlds keep, see `agorasim.ecosystem.bench.Bench`.
        worker: what makes the bench of a replicate, `worker(scenario, seed, replicate, periods=...)`; the package's own
            when None.

    Raises:
        InputError: wrong arguments; on entering, a folder that is not empty or holds another experiment, or no
            answer at `address`.
        StorageError: on entering, a folder that cannot be made.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        kind: str,
        settings: Mapping[str, Any],
        seed: int | None = None,
        out: str | os.PathLike[str] | None = None,
        jobs: int = 1,
        resume: bool = False,
        backend: str = "loky",
        address: str | None = None,
        progress: bool = True,
        periods: str | Iterable[str] = "counted",
        worker: batches.MakeBench | None = None,
    ) -> None:
        from agorasim.ecosystem.periods import finer_periods

        check_jobs(jobs)
        check_backend(backend, address)
        self.scenario = with_seed(scenario, seed)
        finer = list(finer_periods(periods))
        self.kind, self.settings = kind, dict(settings)
        #: Holds a temporary folder; the folder goes when nobody holds this any more.
        self.keeper: tempfile.TemporaryDirectory[str] | None = None
        if out is None:
            self.keeper = tempfile.TemporaryDirectory(prefix="agorasim-")
            out = self.keeper.name
        self.folder = Path(out)
        self.jobs = cores() if jobs < 0 else jobs
        self.identity = {**manifests.identity(self.scenario, kind), "periods": finer}
        self._address, self._resume = address, resume
        self._job = batches.Job(
            self.scenario,
            self.identity,
            tuple(finer),
            session=uuid.uuid4().hex,
            make=worker,
            leader=0 if address else os.getpid(),
            elsewhere=bool(address),
            policies=registered(),
        )
        self._progress = Progress(0, shown=progress, what="worlds", after=QUIET)
        self._store = WorldStore(self.folder, self.identity)
        self._arms = Arms()
        self._values = Values(self._store, self._arms, list(self.scenario.brands))
        self._pace = Pace()
        self._stack = contextlib.ExitStack()
        self._manifest: dict[str, Any] = {}
        self._before: dict[str, Any] | None = None
        self._found = 0
        self._asked: dict[tuple[int, str], None] = {}
        self._begun = time.monotonic()
        self._warm = worker is not None
        self._open = self._shown = self._existed = False
        self._fresh = True
        self._status = "running"
        self._reused = 0
        self._shift: Shift | None = None
        #: Traceback file of each world that failed, by label of its arm and replicate.
        self.failed: dict[tuple[str, int], Path] = {}

    # --- opening and closing ----------------------------------------------------------------------------------------

    def __enter__(self) -> Laboratory:
        cluster = None
        existed = self.keeper is None and exists(self.folder)
        with contextlib.ExitStack() as stack:
            if self._address is not None:
                cluster = Cluster(self._address)
                stack.callback(cluster.close)
                if not cluster.wait():
                    raise InputError(f"the Dask scheduler at {self._address} has no workers; start some")
            make_folder(self.folder)
            stack.enter_context(sole_writer(self.folder))
            before = earlier(self.folder, self.scenario, self.identity, self._resume, tables.WORLDS)
            try:
                for label, spec in (before or {}).get("arms", {}).items():
                    self._arms.add(label, spec)
                self._store.scan(thorough=True).open()
                self._describe(before)
                self.record("running")
            except (InputError, StorageError):
                if before is None:
                    sweep(self.folder, existed)
                raise
            self._fresh, self._before, self._found = before is None, before, self._store.count()
            self._existed = existed or self.keeper is not None
            self._stack = stack.pop_all()
        self._shift = Shift(self._store, self._job, self._pace, self._progress, self.jobs, cluster, self.failed)
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        try:
            if self._shown:
                self._progress.__exit__(kind, error, trace)
            batches.forget()
            interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
            if self._status == "running":
                if isinstance(error, InputError | StorageError) and self._fresh and not self._store.count():
                    sweep(self.folder, self._existed)
                    return
                with contextlib.suppress(StorageError):
                    if (
                        self._before is not None
                        and isinstance(error, InputError)
                        and self._store.count() == self._found
                    ):
                        # What was refused leaves the folder as it was.
                        manifests.write(self.folder, self._before)
                    else:
                        self.record("interrupted" if interrupted else "stopped")
            kept = (
                f"{self._store.count()} worlds are kept in {self.folder}; run the same command with --resume to go on"
            )
            if interrupted:
                raise KeyboardInterrupt(f"interrupted: {kept}" if self.keeper is None else "interrupted") from None
            if isinstance(error, AgorasimError) and not isinstance(error, InputError) and self.keeper is None:
                raise type(error)(f"{error}; {kept}") from error
        finally:
            self._stack.close()

    def _describe(self, before: dict[str, Any] | None) -> None:
        self._manifest = manifests.describe(self.scenario, self.identity, 0)
        self._manifest.update(kind=self.kind, settings=self.settings, arms=self._arms.specs)
        sessions = (before or {}).get("timings", {}).get("sessions", [])
        started = datetime.now(UTC).isoformat(timespec="seconds")
        session = {"started": started, "jobs": self.jobs}
        if self._address is not None:
            session = {"started": started, "backend": "dask"}
        self._manifest["timings"]["sessions"] = [*sessions, session]

    def record(self, status: str) -> None:
        """Write the manifest as things stand. StorageError when it cannot be written."""
        timings = self._manifest["timings"]
        timings["sessions"][-1].update(seconds=round(time.monotonic() - self._begun, 3), worlds=self._pace.worlds)
        if (mean := self._pace.mean()) is not None:
            timings["sessions"][-1]["seconds_per_world"] = round(mean, 4)
        timings["wall_seconds"] = round(sum(s.get("seconds", 0.0) for s in timings["sessions"]), 3)
        asked = {replicate for replicate, _ in self._asked}
        here = set(self._store.replicates())
        missing = {replicate for replicate, arm in self._asked if not self._store.has(replicate, arm)}
        self._manifest.update(
            status=status,
            replications={
                "requested": len(asked) or len(here),
                "finished": len(asked - missing) if asked else len(here),
                "failed": {},
            },
            worlds={
                "finished": self._store.count(),
                "asked": len(self._asked),
                "reused": self._reused,
                "failed": {f"{arm}, replicate {number}": path.name for (arm, number), path in self.failed.items()},
            },
        )
        manifests.write(self.folder, self._manifest)
        self._status = status

    # --- worlds -----------------------------------------------------------------------------------------------------

    def run(self, arms: Sequence[Arm], replicates: Sequence[int]) -> None:
        """Run the worlds of all arms in all replicates that are not here yet.

        A world that fails is recorded in `failed` and is not tried again by this laboratory.

        Raises:
            InputError: an arm does not fit the scenario, a policy's action is wrong (ActionError), or a label stands
                for two worlds.
            StorageError: worlds cannot be written; what was finished stays.
            KeyboardInterrupt: Ctrl-C; what finished is kept.
        """
        shift = self._shift
        if shift is None or not self._open:
            raise RuntimeError("a laboratory runs worlds only inside its `with` block")
        if any(isinstance(n, bool) or n != int(n) or not 0 <= n < 2**31 for n in replicates):
            raise InputError(f"replicates must be whole numbers from 0 on, got {list(replicates)}")
        # All at once, because workers write under these labels and a killed experiment must know them again.
        try:
            new = [arm.label for arm in arms if self._arms.add(arm.label, arm.spec())]
        except InputError as error:
            if phrases := manifests.other_settings(self._before, self.settings):
                raise InputError(
                    f"{self.folder} answers another question; different: {', '.join(phrases)}. Use another --out"
                ) from error
            raise
        if new:
            self.record("running")
        pending: list[batches.World] = []
        total = done = 0
        for arm in arms:
            stored = self._arms.stored(arm)
            for number in (int(n) for n in replicates):
                if (number, stored) in self._asked:
                    continue
                self._asked[number, stored] = None
                total += 1
                if self._store.has(number, stored):
                    done += 1
                else:
                    pending.append((number, arm if arm.label == stored else _relabel(arm, stored)))
        self._reused += done
        if pending:
            self._warm_up()
            if not self._shown:
                self._progress.__enter__()
                self._shown = True
        self._progress.grow(total, done)
        if pending:
            shift.work(pending)

    def _warm_up(self) -> None:
        if not self._warm:
            warm_up(self._progress)
            self._warm = True

    def estimate_seconds(self, worlds: int) -> float | None:
        """How long so many worlds will take, from those timed so far, or else from a few that are run for it.

        None when they fail; the reason shows when the experiment runs. InputError when the mistake is the user's.
        """
        if self._pace.mean() is None:
            self._pilot()
        mean = self._pace.mean()
        workers = self._shift.workers() if self._shift is not None else self.jobs
        return None if mean is None else worlds * mean / min(workers, max(worlds, 1))

    def _pilot(self) -> None:
        """Time the full world, and one more on its bench. Nothing is kept."""
        from agorasim.ecosystem.arms import Arm
        from agorasim.ecosystem.interventions import scaled

        self._warm_up()
        full = Arm("full")
        # Any channel will do: as much as before is another arm all the same.
        again = [Arm("again", (scaled(channel, 1.0),)) for channel in list(self.scenario.touchpoints)[:1]]
        # A process's very first world is slow, for it loads the kernels.
        for worlds in ([(1, full)], [(0, full), *((0, arm) for arm in again)]):
            done = batches.run_batch(self._job, batches.Batch(-1, tuple(worlds)))
            if done.mistake is not None:
                raise done.mistake
            if done.interrupted:
                raise KeyboardInterrupt
            if worlds[0][0] == 0 or sum(done.fresh) > _SLOW:
                self._pace.note(done)
                break
        if self._shift is None or not self._shift.here:
            batches.forget()

    # --- questions --------------------------------------------------------------------------------------------------

    def values(
        self,
        arms: Sequence[Arm | str],
        replicates: Sequence[int],
        metric: str,
        *,
        brand: str,
        period: str = summary.COUNTED,
        segment: str = "",
        region: str = "",
        touchpoint: str = "",
        place: str = "",
    ) -> Array:
        """One figure of many worlds, shape (arms, replicates); see `WorldsTable.values`."""
        if self._open and self._store.reading > _PATIENCE * self._store.loose() + QUIET:
            self._store.compact()
            self._store.drop_parts()
        return self._values.read(
            arms,
            replicates,
            metric,
            brand=brand,
            period=period,
            segment=segment,
            region=region,
            touchpoint=touchpoint,
            place=place,
        )

    # --- the end ----------------------------------------------------------------------------------------------------

    def finish(self, effects: pa.Table | None, extra: Mapping[str, Any]) -> None:
        """Make the tables and close the books.

        Args:
            effects: for tables/effects.parquet; None when there are none.
            extra: what else the manifest should say; its own entries cannot be replaced.

        Raises:
            StorageError: the tables cannot be written; what was finished stays.
        """
        if clash := sorted(set(extra) & set(self._manifest)):
            raise ValueError(f"the manifest has these entries already: {', '.join(clash)}")
        if self._store.loose():
            self._store.compact()
        if effects is not None:
            write_bytes(self._store.tables / "effects.parquet", tables.encode(effects))
        self._manifest.update(extra)
        self._manifest["tables"] = manifests.describe_tables(self.folder)
        self.record("failed" if self.failed else "finished")
        self._store.drop_parts()


def _relabel(arm: Arm, label: str) -> Arm:
    from dataclasses import replace

    return replace(arm, label=label)
