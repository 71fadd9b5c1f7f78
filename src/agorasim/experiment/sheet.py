"""Reading finished worlds and writing rows of effects: what all questions to an experiment share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects import paired
from agorasim.effects.intervals import Interval, mean_interval
from agorasim.effects.stopping import stopped_interval, stopped_ratio_interval
from agorasim.effects.table import Rows
from agorasim.experiment.summary import COUNTED, END, unit_text
from agorasim.measures.metrics import BY_NAME, Metric

if TYPE_CHECKING:
    from agorasim.ecosystem.arms import Arm
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

Array = NDArray[np.float64]

#: What every answer states beside the outcome that was asked for.
STANDARD: Final = ("orders", "revenue", "profit", "new_customers", "awareness", "satisfaction")


class Cell(NamedTuple):
    """A part of a brand's outcome; empty text means all."""

    brand: str
    period: str = COUNTED
    segment: str = ""
    region: str = ""


def exists(metric: Metric, cell: Cell) -> bool:
    """Whether a metric is recorded for such a part of an outcome."""
    if cell.period == END and metric.kind != "stock":
        return False
    if cell.period not in (COUNTED, END) and not cell.brand:
        return False  # days, weeks and months are kept of brands alone
    if cell.segment:
        return "segment" in metric.levels
    if cell.region:
        return "region" in metric.levels
    return ("brand" if cell.brand else "category") in metric.levels


def owner(metric: Metric, brand: str) -> str:
    """Whose outcome a metric is: the brand's, or the category's (empty text)."""
    return brand if "brand" in metric.levels else ""


def cells(scenario: Scenario, metric: Metric, brand: str, periods: Sequence[str]) -> list[Cell]:
    """The parts of a brand's outcome by period, segment and region, as far as the metric exists there."""
    who = owner(metric, brand)
    whole = [Cell(who, period) for period in periods if period != COUNTED]
    segments = [Cell(who, segment=name) for name in scenario.population.segments]
    regions = [Cell(who, region=name) for name in scenario.population.regions]
    # One segment or region is the whole once more.
    parts = [*whole, *(segments if len(segments) > 1 else []), *(regions if len(regions) > 1 else [])]
    return [cell for cell in parts if exists(metric, cell)]


def period_names(scenario: Scenario, unit: str) -> list[str]:
    """Names of the counted days, weeks or months in order, as totals of worlds have them."""
    calendar = scenario.calendar
    days = range(calendar.days - calendar.warmup)
    if unit == "month":
        first = calendar.first() + timedelta(days=calendar.warmup)
        return list(dict.fromkeys(f"{first + timedelta(days=day):%Y-%m}" for day in days))
    return list(dict.fromkeys(f"week {day // 7:02d}" if unit == "week" else f"day {day:03d}" for day in days))


@dataclass
class Sheet:
    """Finished worlds on one side, rows of effects on the other."""

    lab: Laboratory
    replicates: list[int]
    level: float
    """Coverage of the intervals."""
    currency: str
    rows: Rows = field(default_factory=Rows)
    stopped: bool = False
    """Whether the number of replicates was chosen by looking at them: intervals are the wider ones for that."""

    def read(self, arms: Sequence[Arm], metric: str, cell: Cell) -> Array:
        """Outcomes of worlds, shape (arms, replicates)."""
        return self._values(arms, self.replicates, metric, cell)

    def read_one(self, arms: Sequence[Arm], replicate: int, metric: str, cell: Cell) -> Array:
        """Outcomes of worlds of one replicate, shape (arms,)."""
        return self._values(arms, [replicate], metric, cell)[:, 0]

    def _values(self, arms: Sequence[Arm], replicates: Sequence[int], metric: str, cell: Cell) -> Array:
        # Labels rather than arms: they are looked up, arms would be written out and compared.
        found = self.lab.values([arm.label for arm in arms], replicates, metric, **cell._asdict())
        return np.asarray(found, dtype=np.float64)

    def unit(self, metric: str) -> str:
        """The metric's unit with the scenario's currency."""
        return unit_text(BY_NAME[metric].unit, self.currency)

    def mean(
        self,
        estimand: str,
        channels: Sequence[str] | str,
        metric: str,
        cell: Cell,
        values: ArrayLike,
        *,
        reduction: ArrayLike | None = None,
        at: Sequence[float] | None = None,
        critical: float | None = None,
    ) -> Interval:
        """Write means over replicates.

        Args:
            estimand: what is estimated.
            channels: one name a row, or one for all.
            metric: what was measured.
            cell: of which part of the outcome.
            values: shape (k, replicates) or (replicates,).
            reduction: variance reduction of each.
            at: position of each on a curve.
            critical: stands in for Student's quantile where intervals are simultaneous.
        """
        data = np.atleast_2d(np.asarray(values, dtype=np.float64))
        found = (stopped_interval if self.stopped else mean_interval)(data, self.level, critical)
        about: dict[str, Any] = {"unit": self.unit(metric), **cell._asdict()}
        self.rows.extend(estimand, channels, metric, found, at=at, variance_reduction=reduction, **about)
        return found

    def ratio(
        self,
        estimand: str,
        channels: Sequence[str] | str,
        metric: str,
        cell: Cell,
        top: ArrayLike,
        bottom: ArrayLike,
        unit: str,
    ) -> Interval:
        """Write ratios of means over replicates with Fieller's interval; arrays (k, replicates) or (replicates,)."""
        a, b = (np.atleast_2d(np.asarray(x, dtype=np.float64)) for x in (top, bottom))
        found = (stopped_ratio_interval if self.stopped else paired.ratio_interval)(a, b, self.level)
        about: dict[str, Any] = {"unit": unit, **cell._asdict()}
        self.rows.extend(estimand, channels, metric, found, **about)
        return found
