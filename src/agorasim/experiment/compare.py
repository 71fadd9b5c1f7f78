"""Which policy, or which variant of a market, does best: paired differences, and a choice with its probability."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.arms import DECISIONS, Arm
from agorasim.effects import paired
from agorasim.effects.selection import Choice, Contest, select
from agorasim.effects.simultaneous import critical_value
from agorasim.errors import InputError, unknown
from agorasim.experiment import telling
from agorasim.experiment.coalitions import checked_brand, checked_outcome
from agorasim.experiment.policies import Policies, policy_arms, variant_arms
from agorasim.experiment.precision import MOST, USUAL, Reached, Wanted, Watched, collect, sound
from agorasim.experiment.sheet import STANDARD, Cell, Sheet, cells, exists, owner, period_names
from agorasim.experiment.summary import COUNTED, END
from agorasim.measures.metrics import BASE, BY_NAME, METRICS, Metric

if TYPE_CHECKING:
    from agorasim.experiment.answers import Answers
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

KIND: Final = "compare"
PERIODS: Final = ("counted", "month", "week", "day")
#: Outcomes of which less is better.
LESS_IS_BETTER: Final = frozenset(
    {
        "complaints", "heard_bad", "lost_orders", "spend", "planned_spend", "cost_of_goods", "fulfilment_cost",
        "commission", "fixed_cost", "discounts",
    }
)  # fmt: skip
#: Replications between two looks of a choice.
_BATCH: Final = 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Compare:
    """A comparison; make one with `Experiment.compare`."""

    scenario: Scenario
    brand: str
    arms: tuple[Arm, ...]
    """The first is what the others are compared with."""
    outcome: str
    asked: str
    """"policies" or "variants"."""
    delta: float | None = None
    seed: int | None = None
    periods: str = "month"
    simultaneous: bool = False

    @classmethod
    def of(
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
        """A comparison whose names are all right; see `Experiment.compare`."""
        checked_brand(scenario, brand)
        checked_outcome(outcome)
        for kind, value, known in (("way of deciding", decisions, DECISIONS), ("period", periods, PERIODS)):
            if value not in known:
                raise InputError(unknown(kind, value, known))
        if delta is not None:
            Contest(delta)
        if bool(policies) == bool(variants):
            raise InputError("a comparison is of policies or of variants: give two policies or more, or some variants")
        if policies:
            arms, asked = policy_arms(scenario, brand, policies, decisions), "policies"
        else:
            if decisions != "react":
                raise InputError(
                    "variants are other scenarios from the first day on, in which brands decide anew: decisions can be"
                    " held only when policies are compared"
                )
            arms, asked = variant_arms(scenario, variants or {}), "variants"
        return cls(scenario, brand, tuple(arms), outcome, asked, delta, seed, periods, simultaneous)

    def settings(self) -> dict[str, Any]:
        """How it was asked, for the manifest."""
        return {
            "brand": self.brand,
            self.asked: [arm.label for arm in self.arms],
            "outcome": self.outcome,
            "delta": self.delta,
            "decisions": self.arms[-1].decisions,
            "periods": self.periods,
            "simultaneous": self.simultaneous,
            "level": self.scenario.outcomes.interval,
        }

    # --- running ------------------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        jobs: int = 1,
        precision: float | None = None,
        precision_abs: float | None = None,
        replications: int | None = None,
        max_replications: int | None = None,
        out: str | os.PathLike[str] | None = None,
        resume: bool = False,
        backend: str = "loky",
        address: str | None = None,
        progress: bool = True,
        worker: Any = None,
    ) -> Answers:
        """Run the worlds, and open the answer.

        Args:
            jobs: worker processes; 1 runs everything in this process, -1 takes every core. Results do not depend on it.
            precision: run until half of the interval of every difference in the outcome is at most this share of the
                largest difference.
            precision_abs: the same in units of the outcome.
            replications: so many worlds of each instead; 20 when nothing is said, and as many as a choice with `delta`
                takes when that is given.
            max_replications: most for a precision or a choice; 200 when None.
            out: the results folder; a temporary one that lives as long as the returned object when None.
            resume: keep what an earlier run left in `out` and do the rest.
            backend: "loky" for this machine, "dask" for a cluster.
            address: of the Dask scheduler.
            progress: whether to say anything on standard error.
            worker: what makes the bench of a replicate; the package's own when None.

        Raises:
            InputError: contradicting wishes, or `out` cannot be used.
            WorldsFailedError: no replication finished; why is in `out`.
            StorageError: results cannot be written; what was finished stays.
            KeyboardInterrupt: Ctrl-C; what finished is kept in `out`.
        """
        from agorasim.experiment.answers import opened
        from agorasim.experiment.laboratory import Laboratory

        free = self.delta is not None and precision is None and precision_abs is None and replications is None
        wanted = Wanted.checked(precision, precision_abs, replications, None if free else max_replications)
        most = max_replications or MOST if free else wanted.bounds[1]
        if most < USUAL and free:
            raise InputError(f"--max-replications must be at least {USUAL} for a choice, got {most}")
        lab = Laboratory(
            self.scenario, kind=KIND, settings=self.settings(), seed=self.seed, out=out, jobs=jobs, resume=resume,
            backend=backend, address=address, progress=progress, periods=self.periods, worker=worker,
        )  # fmt: skip
        with lab:
            if progress:
                shown = Wanted(most=most) if free else wanted
                what = f"{len(self.arms)} {self.asked}"
                telling.announce(lab, len(self.arms), shown, what, lambda: lab.run(self.arms, [0]))
            level = self.scenario.outcomes.interval
            rule = wanted.rule(level, self.simultaneous)
            reached = collect(lab, wanted, rule, self._run(lab), self._watch(lab), self.simultaneous)
            here, choice = reached.replicates, None
            if self.delta is not None:
                here, choice = self._choose(lab, here, most if free else len(here))
            stopped = reached.sequential or free
            sheet = Sheet(lab, here, level, self.scenario.currency.code, stopped=stopped)
            self._write(sheet)
            lab.finish(sheet.rows.table(), {"extra": self._told(lab, sheet, wanted, reached, choice)})
        return opened(lab)

    def _run(self, lab: Laboratory) -> Callable[[Sequence[int]], None]:
        return lambda replicates: lab.run(self.arms, replicates)

    def _cell(self, period: str = COUNTED) -> Cell:
        return Cell(owner(BY_NAME[self.outcome], self.brand), period)

    def _watch(self, lab: Laboratory) -> Callable[[list[int]], Watched]:
        def watch(replicates: list[int]) -> Watched:
            values = self._values(lab, replicates)
            samples = values[1:] - values[0]
            largest = int(np.argmax(np.abs(np.nan_to_num(samples.mean(axis=-1)))))
            names = [f"difference of {arm.label} to {self.arms[0].label}" for arm in self.arms[1:]]
            return Watched(names, samples, samples[largest])

        return watch

    def _values(self, lab: Laboratory, replicates: list[int]) -> Array:
        found = lab.values(self.arms, replicates, self.outcome, **self._cell()._asdict())
        return np.asarray(found, dtype=np.float64)

    # --- choosing -----------------------------------------------------------------------------------------------------

    def _choose(self, lab: Laboratory, here: list[int], most: int) -> tuple[list[int], Choice]:
        """Run replications until the best is chosen, or `most` are there."""
        assert self.delta is not None
        level, less = self.scenario.outcomes.interval, self.outcome in LESS_IS_BETTER
        contest = Contest(self.delta, level, first=min(USUAL, len(here)), batch=_BATCH, maximise=not less)
        done = max(here) + 1
        while True:
            choice = select(contest, self._values(lab, here))
            if bool(choice.decided) or done >= most:
                return here, choice
            done = min(done + _BATCH, most)
            lab.run(self.arms, range(done))
            here = sound(lab, done)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _write(self, sheet: Sheet) -> None:
        for metric in METRICS:
            for period in (COUNTED, END):
                cell = Cell(owner(metric, self.brand), period)
                if exists(metric, cell) and self._is_counted(sheet, metric, cell):
                    self._block(sheet, metric.name, cell)
        metric = BY_NAME[self.outcome]
        names = period_names(self.scenario, self.periods) if self.periods != COUNTED else []
        for cell in cells(self.scenario, metric, self.brand, names):
            self._block(sheet, metric.name, cell)
        for rival in self.scenario.brands:
            if rival != self.brand:
                for name in dict.fromkeys([self.outcome, *STANDARD]):
                    if exists(BY_NAME[name], Cell(rival)):
                        self._block(sheet, name, Cell(rival))

    def _is_counted(self, sheet: Sheet, metric: Metric, cell: Cell) -> bool:
        """Whether any world has the figure: those of a mechanism exist only where it is on."""
        return metric in BASE or bool(np.isfinite(sheet.read(self.arms, metric.name, cell)).any())

    def _block(self, sheet: Sheet, metric: str, cell: Cell) -> None:
        """Levels of all arms, and the differences of all others to the first."""
        values = sheet.read(self.arms, metric, cell)
        labels = [arm.label for arm in self.arms]
        sheet.mean("level", labels, metric, cell, values)
        first = np.broadcast_to(values[0], values[1:].shape)
        critical = critical_value(values[1:] - first, sheet.level) if self.simultaneous else None
        sheet.mean(
            "difference", labels[1:], metric, cell, values[1:] - first,
            reduction=paired.variance_reduction(values[1:], first), critical=critical,
        )  # fmt: skip

    # --- words --------------------------------------------------------------------------------------------------------

    def _told(
        self, lab: Laboratory, sheet: Sheet, wanted: Wanted, reached: Reached, choice: Choice | None
    ) -> dict[str, Any]:
        labels = [arm.label for arm in self.arms]
        unit = sheet.unit(self.outcome)
        precision = telling.precision(lab, wanted, reached, len(self.arms), unit, "the largest difference")
        told = telling.compare(sheet, labels, self.outcome, self._cell().brand)
        lines = [telling.first(precision, told.answer)]
        out: dict[str, Any] = {"answer": told.answer, "words": lines, "precision": precision}
        if choice is not None:
            assert self.delta is not None
            out["selection"] = {
                "best": labels[int(choice.best)],
                "decided": bool(choice.decided),
                "delta": self.delta,
                "probability": self.scenario.outcomes.interval,
                "pairs": int(choice.pairs),
                "in": [label for label, alive in zip(labels, choice.alive.tolist(), strict=True) if alive],
                "at_most": int(choice.at_most),
            }
            lines.append(telling.selection(out["selection"], unit))
        if choice is None or reached.sequential:
            lines += telling.cost(precision, "every difference")
        lines += told.lines
        return out
