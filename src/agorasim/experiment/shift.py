"""Working through pending worlds until each has finished or failed for good."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agorasim.errors import AgorasimError
from agorasim.experiment import backends, batches
from agorasim.experiment.batches import Done, World
from agorasim.experiment.planning import Pace, Planner

if TYPE_CHECKING:
    from agorasim.experiment.progress import Progress
    from agorasim.experiment.world_store import WorldStore

#: Deaths of workers in a row, without a world finished between them, after which nothing more is tried.
MOST_DEATHS: Final = 20
_BATCHED, _SINGLE, _ALONE = range(3)


@dataclass
class Shift:
    """Hands batches to workers and takes their worlds in.

    When a worker dies, what was under way is tried again with a world a batch, for one world in it may be to blame;
    worlds that are under way when that happens once more are tried one at a time, and one that then takes its worker
    with it has failed.
    """

    store: WorldStore
    job: batches.Job
    pace: Pace
    progress: Progress
    jobs: int
    cluster: backends.Cluster | None
    failed: dict[tuple[str, int], Path]
    _pending: dict[tuple[int, str], World] = field(default_factory=dict)
    _suspicion: Counter[tuple[int, str]] = field(default_factory=Counter)
    _deaths: int = 0

    @property
    def here(self) -> bool:
        """Whether worlds run in this process."""
        return self.cluster is None and self.jobs == 1

    def workers(self) -> int:
        """How many share the work at present."""
        return max(1, self.cluster.workers()) if self.cluster is not None else self.jobs

    def work(self, worlds: Sequence[World]) -> None:
        """Run worlds. See `Laboratory.run` for errors."""
        self._pending = {(replicate, arm.label): (replicate, arm) for replicate, arm in worlds}
        self._deaths = 0
        while self._pending:
            plan = self._plan()
            try:
                self._take(plan)
            except backends.WorkerDied as death:
                self._mourn(plan, death)

    def _plan(self) -> Planner:
        """Worlds that are suspected most come first, and by themselves."""
        level = max(min(self._suspicion[key], _ALONE) for key in self._pending)
        chosen = [world for key, world in self._pending.items() if min(self._suspicion[key], _ALONE) == level]
        if level == _ALONE:
            chosen = chosen[:1]
        return Planner(chosen, self.pace, self.workers(), single=level > _BATCHED)

    def _take(self, plan: Planner) -> None:
        """Keep worlds as they come."""
        with contextlib.closing(self._results(plan)) as incoming:
            for done in incoming:
                plan.out.pop(done.number)
                if done.part is not None:
                    self.store.commit(done.part, done.finished)
                    self._deaths = 0
                self.pace.note(done)
                for replicate, arm, _ in done.finished:
                    del self._pending[replicate, arm]
                self.progress.advance(len(done.finished))
                for failure in done.failures:
                    self._fail(failure.replicate, failure.arm, failure.summary, failure.trace)
                if done.mistake is not None:
                    raise done.mistake
                if done.interrupted:
                    raise KeyboardInterrupt

    def _results(self, plan: Planner) -> Generator[Done, None, None]:
        if self.cluster is not None:
            return self.cluster.run(batches.run_batch, self.job, plan)
        if self.jobs == 1:
            return self._in_this_process(plan)
        return backends.processes(batches.run_batch, self.job, plan, self.jobs)

    def _in_this_process(self, plan: Planner) -> Generator[Done, None, None]:
        for batch in plan:
            yield batches.run_batch(self.job, batch)

    def _mourn(self, plan: Planner, death: backends.WorkerDied) -> None:
        """Suspect what was under way."""
        under_way = [(replicate, arm.label) for batch in plan.out.values() for replicate, arm in batch.worlds]
        self._deaths += 1
        for key in under_way:
            if self._suspicion[key] >= _ALONE:
                self._fail(*key, "its worker process died", _obituary(death))
            self._suspicion[key] += 1
        if not under_way or self._deaths > MOST_DEATHS:
            raise AgorasimError(f"worker processes die whatever they are given: {death}")

    def _fail(self, replicate: int, arm: str, why: str, trace: str) -> None:
        text = (
            f"arm {arm!r}, replicate {replicate}: {why}\n\n{self._pending.pop((replicate, arm))[1].spec()}\n\n{trace}"
        )
        self.failed[arm, replicate] = self.store.fail(replicate, arm, text)
        self.progress.say(f"arm {arm!r}, replicate {replicate} failed: {why}")


def _obituary(death: backends.WorkerDied) -> str:
    return f"{death}\n\nA worker that is killed is most often out of memory: fewer --jobs need less of it.\n"
