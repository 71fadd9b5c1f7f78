"""What a world with a trial in it reports beside its totals: the units of the test, and the days before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.periods import RowKey, Totals, joined, region_totals
from agorasim.ecosystem.trial import BEFORE, Trial, orders_since

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

#: Period of the rows of units: `place` says which and on which side, `population` and `orders` are sums over it.
UNIT_ROWS: Final = "units"
#: Period of two rows, `place` the side: what the treated order where everybody is treated, and the others where nobody.
APART_ROWS: Final = "apart"
#: Period of the rows by region for the last days before the test.
BEFORE_ROWS: Final = "before"
TREATED: Final = "treated"
UNTREATED: Final = "untreated"

Array = NDArray[Any]
_Rows = list[tuple[str, str, float, float]]


def with_trial(totals: Totals, world: World, everybody: Array, nobody: Array) -> Totals:
    """The totals of a finished world with a trial, and what the trial saw.

    By cluster there is a row of period "units" for each cluster. By person there is one for all persons of a side who
    placed equally many orders: what a test by person says follows from how many they are. By region the counted rows
    by region are there already; rows of period "before" hold the last days of warm-up.

    Args:
        totals: of the world.
        world: it has a trial.
        everybody: all orders (N, B) in the world in which everybody is treated, from the same warm-up.
        nobody: the same where nobody is.
    """
    trial = world.trial
    assert trial is not None
    if trial.spec.unit == "region":
        warmup = world.days.warmup
        return joined(totals, region_totals(world, BEFORE_ROWS, warmup - days_before(warmup), warmup))
    rows = _units(trial, orders_since(trial, world.w.bought))
    for side, chosen, other in ((TREATED, trial.treated, everybody), (UNTREATED, ~trial.treated, nobody)):
        rows.append((APART_ROWS, side, int(chosen.sum()), int(orders_since(trial, other)[chosen].sum())))
    keys = tuple(RowKey(period, trial.spec.brand, place=place) for period, place, _, _ in rows)
    values = np.full((len(rows), len(totals.metrics)), np.nan)
    at = [totals.metrics.index("population"), totals.metrics.index("orders")]
    values[:, at] = [figures for _, _, *figures in rows]
    return joined(totals, Totals(keys, totals.metrics, values))


def days_before(warmup: int) -> int:
    """How many days before the test a geo test looks at."""
    return min(warmup, BEFORE)


def _units(trial: Trial, since: NDArray[np.int64]) -> _Rows:
    """(period, place, consumers, orders) of each cluster, or of persons of a side with equally many orders."""
    rows: _Rows = []
    for side, chosen in ((TREATED, trial.treated), (UNTREATED, ~trial.treated)):
        numbers = trial.unit if trial.spec.unit == "cluster" else since
        found, where, people = np.unique(numbers[chosen], return_inverse=True, return_counts=True)
        orders = np.bincount(where, weights=since[chosen], minlength=len(found))
        for number, size, total in zip(found.tolist(), people.tolist(), orders.tolist(), strict=True):
            rows.append((UNIT_ROWS, f"{side} {number:05d}", size, total))
    return rows
