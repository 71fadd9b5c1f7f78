"""One session of work on a results folder: what is pending, what failed, and what the manifest says of it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agorasim.experiment import manifest as manifests
from agorasim.experiment import pool, summary
from agorasim.experiment.files import make_folder
from agorasim.experiment.progress import Progress
from agorasim.experiment.store import Store

#: How often a replication is tried in all before its failure is recorded.
TRIES = 2


Results = Generator[pool.Finished | pool.Raised, None, None]


@dataclass
class Session:
    """One session of work on a results folder."""

    store: Store
    manifest: dict[str, Any]
    job: pool.Job
    jobs: int
    requested: int
    pending: list[int]
    progress: Progress
    failed: dict[int, Path] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)
    begun: float = field(default_factory=time.monotonic)
    seconds: list[float] = field(default_factory=list)

    # --- the work ---------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Run what is pending until each replication has finished or failed for good."""
        silent_deaths = 0
        while self.pending:
            try:
                self._take(self._results(self.pending))
            except pool.WorkerDied as death:
                suspects = sorted(set(self.pending) & self._marked())
                self._again(suspects)
                silent_deaths = 0 if suspects else silent_deaths + 1
                if silent_deaths >= TRIES:
                    for number in list(self.pending):
                        self._fail(number, _obituary(death))

    def _results(self, numbers: list[int]) -> Results:
        if self.jobs == 1:
            return pool.alone(replace(self.job, marks=None), list(numbers))
        shutil.rmtree(self.store.running, ignore_errors=True)
        make_folder(self.store.running)
        return pool.together(self.job, list(numbers), self.jobs)

    def _take(self, results: Results) -> None:
        """Keep results as they come."""
        with contextlib.closing(results) as incoming:
            for result in incoming:
                number = result.replicate
                if isinstance(result, pool.Finished):
                    self.store.commit(number, result.blobs)
                    self.seconds.append(result.seconds)
                    self.pending.remove(number)
                    self.progress.advance()
                elif result.input_error is not None:
                    raise result.input_error(result.summary)
                else:
                    self.tries[number] += 1
                    if self.tries[number] >= TRIES:
                        self._fail(number, result.trace, result.summary)

    def _again(self, suspects: list[int]) -> None:
        """Try those that were under way when a worker died, each with workers of its own, to tell who is to blame."""
        for number in suspects:
            self.tries[number] += 1
            while number in self.pending:
                try:
                    self._take(self._results([number]))
                except pool.WorkerDied as death:
                    self._fail(number, _obituary(death))

    def _marked(self) -> set[int]:
        try:
            return {int(path.name) for path in self.store.running.iterdir() if path.name.isdigit()}
        except OSError:
            return set()

    def _fail(self, number: int, trace: str, why: str = "its worker process died") -> None:
        self.failed[number] = self.store.fail(number, f"replicate {number}, tried {TRIES} times: {why}\n\n{trace}")
        self.pending.remove(number)
        self.progress.say(f"replicate {number} failed: {why}")

    # --- before and after -------------------------------------------------------------------------------------------

    def record(self, status: str) -> None:
        """Write the manifest as things stand."""
        session = self.manifest["timings"]["sessions"][-1]
        session.update(seconds=round(time.monotonic() - self.begun, 3), replications=len(self.seconds))
        if self.seconds:
            session["seconds_per_replication"] = round(sum(self.seconds) / len(self.seconds), 4)
        self.manifest["timings"]["wall_seconds"] = round(
            sum(s.get("seconds", 0.0) for s in self.manifest["timings"]["sessions"]), 3
        )
        self.manifest["status"] = status
        self.manifest["replications"] = {
            "requested": self.requested,
            "finished": len(self.store.finished()),
            "failed": {str(n): path.name for n, path in sorted(self.failed.items())},
        }
        manifests.write(self.store.folder, self.manifest)

    def tabulate(self) -> None:
        """Turn parts into tables, then let the parts go."""
        if self.store.loose():
            self.store.compact()
        if self.store.finished():
            calendar, outcomes = self.job.scenario.calendar, self.job.scenario.outcomes
            made = summary.summarise(
                self.store,
                days=calendar.days,
                warmup=calendar.warmup,
                level=outcomes.interval,
                currency=self.job.scenario.currency.code,
            )
            summary.write(self.store.tables / "summary.parquet", made)
        self.manifest["tables"] = manifests.describe_tables(self.store.folder)
        self.record("failed" if self.failed else "finished")
        self.store.drop_parts()


def _obituary(death: pool.WorkerDied) -> str:
    return f"{death}\n\nA worker that is killed is most often out of memory: fewer --jobs need less of it.\n"
