"""What a world with a trial in it reports beside its totals: the units of the test, and the days before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.ecosystem.periods import RowKey, Totals, joined, region_totals
from agorasim.ecosystem.trial import BEFORE, orders_by_unit

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

#: Period of the rows of units: `place` says which and on which side, `population` and `orders` are sums over it.
UNIT_ROWS: Final = "units"
#: Period of the rows by region for the last days before the test.
BEFORE_ROWS: Final = "before"
TREATED: Final = "treated"
UNTREATED: Final = "untreated"


def with_trial(totals: Totals, world: World) -> Totals:
    """The totals, and those of the world's trial when there is one.

    By cluster there is a row of period "units" for each cluster. By person there is one for all persons of a side who
    placed equally many orders: what a test by person says follows from how many they are. By region the counted rows
    by region are there already; rows of period "before" hold the last days of warm-up.
    """
    if world.trial is None:
        return totals
    spec = world.trial.spec
    if spec.unit == "region":
        warmup = world.days.warmup
        return joined(totals, region_totals(world, BEFORE_ROWS, warmup - days_before(warmup), warmup))
    orders, treated, sizes = orders_by_unit(world)
    rows, figures = [], []
    for side, chosen in ((TREATED, treated), (UNTREATED, ~treated)):
        if spec.unit == "cluster":
            at = np.flatnonzero(chosen)
            parts = zip(at.tolist(), sizes[at].tolist(), orders[at].tolist(), strict=True)
        else:
            each, people = np.unique(orders[chosen], return_counts=True)
            parts = zip(each.tolist(), people.tolist(), (each * people).tolist(), strict=True)
        for number, population, total in parts:
            rows.append(RowKey(UNIT_ROWS, spec.brand, place=f"{side} {number:05d}"))
            figures.append((population, total))
    values = np.full((len(rows), len(totals.metrics)), np.nan)
    values[:, [totals.metrics.index("population"), totals.metrics.index("orders")]] = figures
    return joined(totals, Totals(tuple(rows), totals.metrics, values))


def days_before(warmup: int) -> int:
    """How many days before the test a geo test looks at."""
    return min(warmup, BEFORE)
