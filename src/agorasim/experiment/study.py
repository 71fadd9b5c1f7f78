"""A study: the points of a design, each run as the scenario with changes, all with the same random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.effects import paired
from agorasim.effects.intervals import Interval, mean_interval
from agorasim.effects.stopping import MIN_PAIRS, Rule, judge, stopped_interval
from agorasim.effects.table import Rows, frame
from agorasim.errors import InputError
from agorasim.experiment.anova import anova, contrasts, eta_squared
from agorasim.experiment.designs import Design, Point, check_design
from agorasim.experiment.execution import (
    Array,
    Execution,
    Measure,
    check_replications,
    extra,
    measures,
    write_table,
)  # fmt: skip
from agorasim.experiment.factors import shown, value_at

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

BASE: Final = Arm("base", decisions="react")
"""The scenario as it is."""
REPLICATIONS: Final = 20


@dataclass(frozen=True)
class StopWhen:
    """When a study has replicates enough.

    Every difference between a point and the base must be known to within `precision` times the largest of them, and
    within `precision_abs` in units of the metric, as far as they are given. At least 20 replications are run.
    """

    precision: float | None = None
    precision_abs: float | None = None
    metric: str | None = None
    """The measure that is watched; the first when None."""
    max_replications: int = 200

    def rule(self, replications: int, level: float) -> Rule:
        """The rule that watches. InputError when nothing is asked for, or too few replications are allowed."""
        if self.precision is None and self.precision_abs is None:
            raise InputError("stop_when needs precision (a share) or precision_abs (in units of the metric)")
        fewest = max(MIN_PAIRS, replications)
        return Rule(self.precision, self.precision_abs, level, min_pairs=fewest, max_pairs=self.max_replications)


@dataclass(frozen=True)
class Study:
    """A design on a scenario, with what is measured and how often it is repeated.

    >>> study = Study.of(scenario, grid(factors), measure=["profit,lumo"])    # doctest: +SKIP
    >>> study.run(Execution(jobs=2, out="results/prices")).effects("difference")    # doctest: +SKIP
    """

    scenario: Scenario
    design: Design
    measures: tuple[Measure, ...]
    replications: int = REPLICATIONS
    stop_when: StopWhen | None = None

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        design: Design,
        *,
        measure: Sequence[str] = ("profit",),
        brand: str | None = None,
        replications: int = REPLICATIONS,
        stop_when: StopWhen | None = None,
    ) -> Study:
        """A study whose paths, values and metrics are all right.

        Args:
            scenario: what is varied; also the base that every point is compared with.
            design: the points.
            measure: metrics, "profit" or "profit,lumo"; without a brand that of `brand`, or of every brand.
            brand: whose outcomes, where a metric names none.
            replications: worlds a point; the fewest when `stop_when` asks for more.
            stop_when: how precise the differences must be.

        Raises:
            InputError: whatever is wrong with any of them, told before anything runs.
        """
        check_replications(replications)
        found = measures(scenario, measure, brand)
        if stop_when is not None:
            stop_when.rule(replications, scenario.outcomes.interval)
            if stop_when.metric is not None:
                watched = measures(scenario, [stop_when.metric], brand)
                if not set(watched) & set(found):
                    raise InputError(f"stop_when watches {stop_when.metric!r}, which is not among what is measured")
        check_design(design, scenario)
        return cls(scenario, design, tuple(found), replications, stop_when)

    def arm(self, point: Point) -> Arm:
        """The world of a point; the base itself where a point changes nothing."""
        changes = self.design.overrides(point, self.scenario)
        moved = tuple((path, value) for path, value in changes.items() if value_at(self._today, path) != value)
        return Arm(point.label, overrides=moved, decisions="react") if moved else BASE

    @cached_property
    def _today(self) -> dict[str, Any]:
        return self.scenario.to_dict()

    def arms(self) -> list[Arm]:
        """The base, then the points that differ from it."""
        return list(dict.fromkeys([BASE, *(self.arm(point) for point in self.design.points)]))

    def run(self, execution: Execution | None = None) -> Analysis:
        """Run every point and keep what was found.

        Raises:
            InputError: `out` cannot be used, or a world's policy is wrong.
            StorageError: results cannot be written; finished worlds stay.
        """
        how = execution or Execution()
        arms = self.arms()
        notes = list(self.design.notes)
        if self.design.is_factorial and (lack := _without_statsmodels()):
            notes.append(lack)
            how.say(lack)
        with how.open(self.scenario, "study", self.settings()) as lab:
            count = len(self.design.points)
            rule = self.stop_when and self.stop_when.rule(self.replications, self.scenario.outcomes.interval)
            first = rule.min_pairs if rule else self.replications
            more = f", more of them up to {rule.max_pairs} until precise" if rule else ""
            what = f"{count} points and the base are {len(arms)} different worlds, {first} replications each{more}"
            how.announce(lab, len(arms) * first, what, arms[-1])
            done = self._work(lab, arms, notes)
            points = [self.arm(point) for point in self.design.points]
            rows = Rows()
            analyses = []
            for measure in self.measures:
                values = measure.read(lab, arms, range(done))
                self._tell(rows, measure, arms, values)
                if self.design.is_factorial:
                    at = [arms.index(arm) for arm in points]
                    analyses += self._explain(rows, measure, values[at], notes)
            write_table(lab, "design", self._table())
            if analyses:
                write_table(lab, "anova", _stacked(analyses))
            told = {"replications": done, "notes": notes, "design": self.design.kind, "points": count}
            lab.finish(rows.table(), {"study": told})
            order = tuple(dict.fromkeys(["base", *(arm.label for arm in points)]))
            return Analysis(Path(lab.folder), rows.table(), tuple(notes), lab, order)

    def settings(self) -> dict[str, Any]:
        """What the manifest says of it, and what must be equal for a run to go on; more replicates may be asked for."""
        return {
            "design": self.design.kind,
            "vary": {factor.name: [shown(v) for v in _unique(self.design, k)][:50]
                     for k, factor in enumerate(self.design.factors)},
            "measure": [measure.name for measure in self.measures],
        }  # fmt: skip

    # --- running --------------------------------------------------------------------------------------------------

    def _work(self, lab: Laboratory, arms: list[Arm], notes: list[str]) -> int:
        """Run replicates until there are enough; how many there are."""
        if self.stop_when is None:
            lab.run(arms, range(self.replications))
            return self.replications
        rule = self.stop_when.rule(self.replications, self.scenario.outcomes.interval)
        name = self.stop_when.metric
        wanted = measures(self.scenario, [name], None) if name else self.measures
        watched = next(measure for measure in self.measures if measure in wanted)
        done = rule.min_pairs
        while True:
            lab.run(arms, range(done))
            values = watched.read(lab, arms, range(done))
            differences = values[1:] - values[0]
            # The largest difference is what a share is a share of.
            size = np.nan_to_num(np.abs(np.nanmean(differences, axis=1)))
            verdict = judge(rule, differences, differences[int(np.argmax(size))])
            following = None if verdict.reached else rule.next_after(done)
            if following is None:
                break
            done = following
        told = f"widest half-width {verdict.half_width:.4g}, asked for {verdict.target:.4g}, {done} replications"
        if verdict.reached:
            notes.insert(0, f"precision reached for {watched.name}: {told}")
        else:
            more = verdict.more_worlds(len(arms))
            cost = "more than can be foretold" if more is None else f"about {more:,} worlds more"
            notes.insert(0, f"precision NOT reached for {watched.name}: {told}; it would take {cost}")
        return done

    def _interval(self, values: Array) -> Interval:
        """Means with the interval that suits how the number of replicates came about."""
        level = self.scenario.outcomes.interval
        return mean_interval(values, level) if self.stop_when is None else stopped_interval(values, level)

    # --- telling --------------------------------------------------------------------------------------------------

    def _tell(self, rows: Rows, measure: Measure, arms: list[Arm], values: Array) -> None:
        """Levels of all arms, and their differences to the base."""
        unit = measure.unit(self.scenario)
        labels = [arm.label for arm in arms]
        about: dict[str, Any] = {"brand": measure.brand, "unit": unit}
        rows.extend("level", labels, measure.metric, self._interval(values), **about)
        if len(arms) > 1:
            on, off = values[1:], np.broadcast_to(values[0], values[1:].shape)
            reduction = paired.variance_reduction(on, off)
            found = self._interval(paired.difference(on, off))
            rows.extend("difference", labels[1:], measure.metric, found, variance_reduction=reduction, **about)

    def _explain(self, rows: Rows, measure: Measure, values: Array, notes: list[str]) -> list[pd.DataFrame]:
        """Effects of factors, and the analysis of variance where it can be had."""
        level, unit = self.scenario.outcomes.interval, measure.unit(self.scenario)
        for contrast in contrasts(self.design):
            found = self._interval(contrast.weights @ values)
            rows.add(contrast.estimand, contrast.name, measure.metric, found, brand=measure.brand, unit=unit)
        if _without_statsmodels():
            return []
        try:
            table = anova(self.design, values, level=level)
        except InputError as error:
            notes.append(f"{measure.name}: {error}")
            return []
        for name, one in zip(table["term"], zip(*eta_squared(table, values.shape[1]), strict=True), strict=False):
            rows.add("eta_squared", name, measure.metric, Interval(*one), brand=measure.brand, unit="share")
        table.insert(0, "metric", measure.metric)
        table.insert(0, "brand", measure.brand)
        return [table]

    def _table(self) -> pa.Table:
        """The points: a row a point, its arm, and a column a factor."""
        import pyarrow as pa

        columns: dict[str, Any] = {
            "point": [point.label for point in self.design.points],
            "arm": [self.arm(point).label for point in self.design.points],
        }
        for k, factor in enumerate(self.design.factors):
            values = [point.values[k] for point in self.design.points]
            numbers = all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in values)
            columns[factor.name] = (
                pa.array(values, pa.float64()) if numbers else [None if v is None else shown(v) for v in values]
            )
        return pa.table(columns)


@dataclass
class Analysis:
    """What an analysis found. The folder lives as long as this object when none was named."""

    folder: Path
    table: pa.Table
    notes: tuple[str, ...] = ()
    """What a reader should know first, a sentence each."""
    keeper: object = field(default=None, repr=False)
    order: tuple[str, ...] = ()
    """Points or factors in the order in which they were asked for."""

    def effects(self, estimand: str | None = None, **about: Any) -> pd.DataFrame:
        """Estimates with intervals; see `agorasim.effects.table.frame` for what may be asked for."""
        return frame(self.table, estimand, **about)

    def read(self, name: str) -> pd.DataFrame:
        """Another table of the folder, such as "design" or "anova". InputError when there is none."""
        import pyarrow.parquet as pq

        path = self.folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            raise InputError(f"{self.folder} has no table {name!r}")
        made: pd.DataFrame = pq.read_table(path).to_pandas()
        return made

    @property
    def failed(self) -> dict[tuple[str, int], Path]:
        """Traceback file of each world that failed, by arm and replicate."""
        return dict(getattr(self.keeper, "failed", {}))


def _unique(design: Design, factor: int) -> list[Any]:
    return list({repr(point.values[factor]): point.values[factor] for point in design.points}.values())


def _without_statsmodels() -> str:
    """Why there will be no analysis of variance; empty when there will."""
    try:
        extra("statsmodels", "analysis", "the analysis of variance")
    except InputError as error:
        return f"left out: {error}"
    return ""


def _stacked(tables: Sequence[pd.DataFrame]) -> pa.Table:
    import pandas as pd
    import pyarrow as pa

    return pa.Table.from_pandas(pd.concat(tables, ignore_index=True), preserve_index=False)
