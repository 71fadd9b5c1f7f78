"""Many worlds: running them in parallel, keeping what they found, and reading it again."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agorasim.experiment.results import Results
from agorasim.experiment.runner import RunOutcome, run_replications

if TYPE_CHECKING:
    from agorasim.experiment.pool import Simulate
    from agorasim.scenario.schema import Scenario

__all__ = ["Experiment", "Results", "RunOutcome", "run_replications"]


@dataclass(frozen=True)
class Experiment:
    """A question to many worlds; build one with a named design, then `run` it.

    >>> exp = Experiment.replicate(scenario, replications=20)    # doctest: +SKIP
    >>> exp.run(jobs=2, out="results/coffee").kpi_table()        # doctest: +SKIP
    """

    scenario: Scenario
    replications: int
    seed: int | None = None

    @classmethod
    def replicate(cls, scenario: Scenario, *, replications: int = 20, seed: int | None = None) -> Experiment:
        """The same scenario in independent replications; the scenario's own seed when `seed` is None."""
        return cls(scenario, replications, seed)

    def run(
        self,
        *,
        jobs: int = 1,
        out: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: bool = True,
        worker: Simulate | None = None,
    ) -> Results:
        """Run it and open the results.

        Args:
            jobs: worker processes; 1 runs everything in this process, -1 takes every core.
            out: the results folder; a temporary one that lives as long as the returned object when None.
            resume: keep what an earlier run left in `out` and do the rest.
            progress: whether to say anything on standard error.
            worker: what runs one world, see `run_replications`.

        Raises:
            InputError: the scenario, a policy or `out` is wrong, or no replication finished.
            StorageError: results cannot be written; what was finished stays.
            KeyboardInterrupt: Ctrl-C; what finished is kept in `out`.
        """
        keeper = tempfile.TemporaryDirectory(prefix="agorasim-") if out is None else None
        folder = keeper.name if keeper is not None else out
        assert folder is not None
        outcome = run_replications(
            self.scenario,
            replications=self.replications,
            seed=self.seed,
            jobs=jobs,
            out=folder,
            resume=resume,
            progress=progress,
            worker=worker,
        )
        if outcome.interrupted:
            raise KeyboardInterrupt(outcome.message)
        results = Results.load(outcome.folder)
        results._keeper = keeper
        return results
