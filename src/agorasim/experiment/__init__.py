"""Many worlds: running them in parallel, keeping what they found, and reading it again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agorasim.experiment.results import Results
from agorasim.experiment.runner import RunOutcome, run_replications

if TYPE_CHECKING:
    from agorasim.experiment.compare import Compare
    from agorasim.experiment.policies import Policies
    from agorasim.experiment.pool import Simulate
    from agorasim.experiment.synergy import Synergy
    from agorasim.experiment.trial import Trials
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

    @classmethod
    def synergy(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Iterable[str],
        outcome: str = "profit",
        *,
        seed: int | None = None,
        decisions: str = "held",
        reallocate: bool = False,
        split: str = "auto",
        curves: bool = False,
        periods: str = "month",
        simultaneous: bool = False,
        orders: int = 4,
        idle: bool = False,
    ) -> Synergy:
        """What a brand's channels are worth, alone and together, and how much of it word of mouth carries.

        Every coalition of the named channels is a world: those in it are on, the other named ones off from the end of
        warm-up on, everything else is as the scenario has it, and all worlds share every random draw. See
        docs/channel-worth.md.

        Args:
            scenario: the market.
            brand: whose channels.
            channels: two touchpoints or more; up to ten all coalitions are run, beyond orders of arrival are sampled.
            outcome: the metric in question, any that a brand or the category has.
            seed: seed of all random numbers; the scenario's own when None.
            decisions: "held" replays what every brand decided in the full world, "react" lets brands decide anew.
            reallocate: also what each paid channel adds on top of the others when its money would go to them.
            split: hold word of mouth apart: "shapley" (every coalition once more), "last" (each channel's effect on top
                of the others), "none", or "auto": "shapley" for up to four channels, "last" for more.
            curves: also response to spend, carry-over of a pulse, and the surface over the first two paid channels.
            periods: also effects by "month", "week" or "day"; "counted" for none.
            simultaneous: Shapley values and pairs of a metric get intervals that hold all at once, not each by itself.
            orders: sampled orders of arrival a replication, for more than ten channels.
            idle: take channels that the brand neither spends on nor runs; they are worth exactly nothing.

        Returns:
            The question; its `run` gives the answer.

        Raises:
            InputError: an unknown or unused name, fewer than two channels, an unknown word.
        """
        from agorasim.experiment.synergy import Synergy

        return Synergy.of(
            scenario,
            brand,
            channels,
            outcome,
            seed=seed,
            decisions=decisions,
            reallocate=reallocate,
            split=split,
            curves=curves,
            periods=periods,
            simultaneous=simultaneous,
            orders=orders,
            idle=idle,
        )

    @classmethod
    def compare(
        cls,
        scenario: Scenario,
        brand: str,
        *,
        policies: Policies | None = None,
        variants: Mapping[str, Mapping[str, Any]] | None = None,
        outcome: str = "profit",
        delta: float | None = None,
        decisions: str = "react",
        seed: int | None = None,
        periods: str = "month",
        simultaneous: bool = False,
    ) -> Compare:
        """How policies of a brand, or variants of a scenario, differ, and which is best.

        Worlds share every random draw that all of them make. Policies branch from one warm-up, and all brands decide
        anew (rivals react); variants are other scenarios from the first day on.

        Args:
            scenario: the market.
            brand: whose policy is changed, and whose outcome is compared.
            policies: two or more, each "name", "name:path=value,..." or {"name": ..., settings}; a mapping gives them
                names. The first is what the others are compared with. Settings of the scenario's policy that another
                one knows too are kept unless given.
            variants: name to overrides {path: value}, compared with the scenario as it is.
            outcome: the metric in question; differences in all others are told too.
            delta: choose the best: the smallest difference that matters, in units of the outcome. The choice is right
                with the probability of the scenario's intervals (Kim & Nelson 2001).
            decisions: of rivals when policies are compared, "react" or "held".
            seed: seed of all random numbers; the scenario's own when None.
            periods: also differences by "month", "week" or "day"; "counted" for none.
            simultaneous: differences in one metric get intervals that hold all at once.

        Returns:
            The comparison; its `run` gives the answer.

        Raises:
            InputError: an unknown or double name, wrong settings or overrides, or nothing to compare.
        """
        from agorasim.experiment.compare import Compare

        return Compare.of(
            scenario,
            brand,
            policies=policies,
            variants=variants,
            outcome=outcome,
            delta=delta,
            decisions=decisions,
            seed=seed,
            periods=periods,
            simultaneous=simultaneous,
        )

    @classmethod
    def trial(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Iterable[str],
        outcome: str = "orders",
        *,
        unit: str | Sequence[str] | None = None,
        share: float = 0.5,
        regions: Iterable[str] = (),
        seed: int | None = None,
    ) -> Trials:
        """What an A/B or geo test of channels would say, and how far off it would be.

        In a test's world the channels reach the treated alone, from the end of warm-up on. What the test reports is
        held against the truth: everybody treated less nobody, with the same chances. See docs/trials.md.

        Args:
            scenario: the market.
            brand: whose channels.
            channels: touchpoints that are tested together; one will do.
            outcome: "orders"; by region any metric that exists by region.
            unit: what is randomised: "person", "cluster" (of the social graph), "region", or several of them; all that
                fit when None.
            share: of the units that are treated, above 0 and below 1.
            regions: the treated regions, instead of random ones.
            seed: seed of all random numbers; the scenario's own when None.

        Returns:
            The question; its `run` gives the answer.

        Raises:
            InputError: an unknown or unused name, or no such units in the scenario.
        """
        from agorasim.experiment.trial import Trials

        return Trials.of(scenario, brand, channels, outcome, unit=unit, share=share, regions=regions, seed=seed)

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
