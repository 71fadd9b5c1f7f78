"""What each replicate's experiment inside the world reports, read off the worlds of a laboratory, and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.trial import TrialSpec, treated_regions
from agorasim.ecosystem.trial_totals import APART_ROWS, BEFORE_ROWS, TREATED, UNIT_ROWS, days_before
from agorasim.effects.trials import Bias, Trial, against_truth, difference_in_differences, difference_in_means
from agorasim.experiment.summary import COUNTED
from agorasim.experiment.worlds import WorldsTable
from agorasim.measures.metrics import BY_NAME, METRICS, Metric

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.arms import Arm
    from agorasim.experiment.sheet import Sheet

Array = NDArray[np.float64]
#: What persons and clusters are measured by.
BY_PERSON: Final = "orders"
_FIGURES: Final = ("population", BY_PERSON)


def by_region() -> list[str]:
    """Metrics that a geo test can measure: recorded by brand and region, no ratios."""
    return [m.name for m in METRICS if m.ratio is None and {"brand", "region"} <= set(m.levels)]


def is_mean(metric: Metric) -> bool:
    """Whether a figure is a mean over consumers already, rather than a sum over them."""
    return metric.kind == "stock" and not metric.additive and metric.unit in ("share", "index")


@dataclass(frozen=True)
class Tests:
    """The tests of one design; arrays have one element a replicate."""

    unit: str
    trial: Trial
    treated: Array
    """Outcome a consumer of the treated (its change, in a geo test)."""
    untreated: Array
    units: NDArray[np.int64]
    """Treated and untreated units, (2, R)."""
    people: NDArray[np.int64]
    """Treated and untreated consumers, (2, R)."""
    truth: Array
    apart: Array
    """What the test would report if nothing passed between consumers: the treated as where everybody is treated, the
    others as where nobody is."""

    @property
    def interference(self) -> Array:
        """What the estimate owes to that which passes between consumers.

        The rest of the bias is the chance of who was drawn, which is known here and need not blur the answer.
        """
        return self.trial.estimate - self.apart

    def bias(self, level: float) -> Bias:
        """Against the truth."""
        return against_truth(self.trial, self.truth, level)

    @property
    def covered(self) -> tuple[int, int]:
        """Tests whose own interval holds the truth, of those that have an interval."""
        known = ~(np.isnan(self.trial.error) | np.isnan(self.truth))
        held = (self.trial.low <= self.truth) & (self.truth <= self.trial.high) & known
        return int(held.sum()), int(known.sum())


def truth(sheet: Sheet, full: Arm, off: Arm, metric: str, cell: Any) -> Array:
    """Outcome a consumer of the full world less that of the world without the channels, (R,)."""
    on, none = sheet.read([full, off], metric, cell)
    if is_mean(BY_NAME[metric]):
        return np.asarray(on - none)
    people = sheet.lab.values([full], sheet.replicates, "population", brand="")[0]
    return np.asarray((on - none) / people)


class Reader:
    """Reads the tests of some arms of a laboratory.

    Args:
        sheet: the laboratory and its sound replicates.
        full, off: the worlds in which everybody, and nobody, is treated.
        metric: the outcome.
        true: the truth, (R,).
    """

    def __init__(self, sheet: Sheet, full: Arm, off: Arm, metric: str, true: Array) -> None:
        self._sheet, self._ends, self._metric, self._truth = sheet, (full, off), metric, true
        worlds = WorldsTable.load(sheet.lab.folder)
        self._units, self._apart = (_by_world(worlds.rows(name, _FIGURES)) for name in (UNIT_ROWS, APART_ROWS))

    def read(self, arm: Arm) -> Tests:
        """The tests of an arm with a trial."""
        assert arm.trial is not None
        found = list(self._geo(arm, arm.trial) if arm.trial.unit == "region" else self._people(arm, arm.trial))
        trials, sides = zip(*found, strict=True)
        figures = np.array(sides).transpose(1, 2, 0)
        return Tests(
            unit=arm.trial.unit,
            trial=Trial(*(np.concatenate(part) for part in zip(*trials, strict=True))),
            treated=figures[0, 0],
            untreated=figures[0, 1],
            apart=figures[3, 0] - figures[3, 1],
            units=figures[1].astype(np.int64),
            people=figures[2].astype(np.int64),
            truth=self._truth,
        )

    def _people(self, arm: Arm, spec: TrialSpec) -> Iterator[tuple[Trial, Array]]:
        for number in self._sheet.replicates:
            rows = self._units[arm.label, number]
            sizes = np.array([row[1] for row in rows])
            orders = np.array([row[2] for row in rows])
            treated = np.array([row[0].startswith(f"{TREATED} ") for row in rows])
            if spec.unit == "person":
                # A row stands for all persons with equally many orders.
                each = sizes.astype(np.int64)
                orders, treated = np.repeat(orders / sizes, each), np.repeat(treated, each)
                sizes = np.ones(len(orders))
            trial = difference_in_means(orders[:, None], treated[:, None], sizes[:, None], self._sheet.level)
            apart = [orders / people for _, people, orders in self._apart[arm.label, number]]
            yield trial, np.vstack([_sides(orders, sizes, treated), apart])

    def _geo(self, arm: Arm, spec: TrialSpec) -> Iterator[tuple[Trial, Array]]:
        scenario, numbers = self._sheet.lab.scenario, self._sheet.replicates
        names = list(scenario.population.regions)
        after = self._by_region(arm, spec.brand, names)
        before = self._by_region(arm, spec.brand, names, BEFORE_ROWS)
        full, off = (self._by_region(end, spec.brand, names) for end in self._ends)
        people = np.array(
            [self._sheet.lab.values([arm], numbers, "population", brand="", region=name)[0] for name in names]
        )
        metric, calendar = BY_NAME[self._metric], scenario.calendar
        if is_mean(metric):
            after, before, full, off = (part * people for part in (after, before, full, off))
        elif metric.kind == "flow" and metric.additive:
            before = before * ((calendar.days - calendar.warmup) / days_before(calendar.warmup))
        # Where nobody lives nothing is measured.
        for k, number in enumerate(numbers):
            lived = people[:, k] > 0
            chosen = treated_regions(spec, scenario, scenario.seed, number)[lived]
            a, b, n = after[lived, k], before[lived, k], people[lived, k]
            if chosen.all() or not chosen.any():
                nothing = np.full(1, np.nan)
                yield Trial(*[nothing] * 5), np.zeros((4, 2))
                continue
            trial = difference_in_differences(b[:, None], a[:, None], chosen[:, None], n[:, None], self._sheet.level)
            apart = _sides(np.where(chosen, full[lived, k], off[lived, k]) - b, n, chosen)[0]
            yield trial, np.vstack([_sides(a - b, n, chosen), apart])

    def _by_region(self, arm: Arm, brand: str, names: list[str], period: str = COUNTED) -> Array:
        lab, numbers = self._sheet.lab, self._sheet.replicates
        found = [lab.values([arm], numbers, self._metric, brand=brand, region=name, period=period)[0] for name in names]
        return np.array(found)


def _by_world(rows: pa.Table) -> dict[tuple[str, int], list[tuple[str, float, float]]]:
    """(place, consumers, orders) of each row, by arm and replicate; sorted by place."""
    found: dict[tuple[str, int], list[tuple[str, float, float]]] = {}
    columns = (rows.column(name).to_pylist() for name in ("arm", "replicate", "place", *_FIGURES))
    for arm, number, *row in zip(*columns, strict=True):
        found.setdefault((arm, number), []).append(tuple(row))
    return found


def _sides(outcome: Array, sizes: Array, treated: NDArray[np.bool_]) -> Array:
    """Outcome a consumer, units and consumers (3, 2) of the treated and of the others."""
    out = np.empty((3, 2))
    for k, side in enumerate((treated, ~treated)):
        out[:, k] = outcome[side].sum() / sizes[side].sum(), side.sum(), sizes[side].sum()
    return out


def table(tests: list[Tests], replicates: list[int]) -> pa.Table:
    """A row for each test: replicate, unit, both sides, what the test says, the truth and the difference."""
    import pyarrow as pa

    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for own in tests:
        trial = own.trial
        for k, number in enumerate(replicates):
            held = None if np.isnan(trial.error[k]) else bool(trial.low[k] <= own.truth[k] <= trial.high[k])
            row = (
                number, own.unit, *own.units[:, k].tolist(), *own.people[:, k].tolist(), own.treated[k],
                own.untreated[k], trial.estimate[k], trial.low[k], trial.high[k], trial.error[k], trial.df[k],
                own.truth[k], trial.estimate[k] - own.truth[k], own.interference[k], held,
            )  # fmt: skip
            for name, value in zip(_COLUMNS, row, strict=True):
                columns[name].append(value)
    kinds = {"text": pa.string(), "whole": pa.int32(), "number": pa.float64(), "yes": pa.bool_()}
    arrays = {name: pa.array(columns[name], kinds[kind], from_pandas=True) for name, kind in _COLUMNS.items()}
    return pa.table(arrays)


_COLUMNS: Final = {
    "replicate": "whole", "unit": "text", "treated_units": "whole", "untreated_units": "whole",
    "treated_consumers": "whole", "untreated_consumers": "whole", "treated": "number", "untreated": "number",
    "estimate": "number", "low": "number", "high": "number", "error": "number", "df": "number", "truth": "number",
    "bias": "number", "interference": "number", "covers": "yes",
}  # fmt: skip
