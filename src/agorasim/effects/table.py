"""The table of effects: one row an estimate, with its interval and what it is about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from agorasim.effects.intervals import Interval
from agorasim.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NAME: Final = "effects"
#: What a row is about, in sorting order; together they are unique.
KEYS: Final = ("period", "brand", "touchpoint", "segment", "region", "estimand", "channels", "at", "metric")
ESTIMANDS: Final[dict[str, str]] = {
    "level": "mean of an arm",
    "grand": "gain of all named channels together",
    "grand_direct": "the part of that gain that reaches people directly",
    "grand_carried": "the part of that gain that word of mouth carries",
    "incremental": "gain of a channel on top of all others",
    "incremental_direct": "the part of that gain that reaches people directly",
    "incremental_carried": "the part of that gain that word of mouth carries",
    "incremental_reallocated": "the same with the channel's money on the brand's other media when it is off",
    "grand_carried_share": "share of the gain of all that word of mouth carries",
    "roas": "incremental revenue per unit of media cost",
    "roi": "(incremental contribution before media - media cost) per unit of media cost",
    "marginal_roas": "revenue of the last unit of media cost",
    "interaction_empty": "interaction of two channels when no other is there",
    "interaction_full": "interaction of two channels on top of all others",
    "shapley": "a channel's share of the gain of all",
    "shapley_share": "the same over the gain of all",
    "shapley_direct": "the part of that share that reaches people directly",
    "shapley_carried": "the part of that share that word of mouth carries",
    "shapley_interaction": "interaction of two channels, averaged over the others' presence",
    "dividend": "what a coalition adds beyond all its parts",
    "response": "mean at a multiple of today's budget",
    "response_surface": "mean at multiples of two budgets",
    "carry_over": "difference on a day after a pulse",
    "difference": "difference to the first variant",
    "convergence_shapley": "Shapley value from the first replicates",
    "main_effect": "mean at a level of a factor less the mean at its first level, over all levels of the others",
    "factor_interaction": "how much the effect of one factor changes with the level of another",
    "eta_squared": "share of the variance between points that a factor or an interaction explains",
    "sobol_first": "share of the variance that a factor explains alone",
    "sobol_total": "share of the variance that a factor has a part in",
    "sobol_second": "share of the variance that two factors explain only together",
    "morris_mu": "mean change over a factor's whole range",
    "morris_mu_star": "mean absolute change over a factor's whole range",
    "morris_sigma": "spread of that change over the other factors' values",
    "marginal_return": "outcome before media cost per unit of media money added",
    "marginal_return_below": "the same of the last units spent",
    "marginal_return_above": "the same of the next units not spent",
    "parameter": "value of a parameter that agrees with the targets, and the range of such values",
    "trial_truth": "outcome a consumer with everybody treated less that with nobody",
    "trial_estimate_person": "what an A/B test by person inside the world says of that on average",
    "trial_bias_person": "that estimate less the truth",
    "trial_interference_person": "the part of that bias that comes from what passes between consumers",
    "trial_coverage_person": "share of such tests whose own interval holds the truth",
    "trial_estimate_cluster": "what a test by cluster of the social graph inside the world says of that on average",
    "trial_bias_cluster": "that estimate less the truth",
    "trial_interference_cluster": "the part of that bias that comes from what passes between consumers",
    "trial_coverage_cluster": "share of such tests whose own interval holds the truth",
    "trial_estimate_region": "what a geo test inside the world says of that on average",
    "trial_bias_region": "that estimate less the truth",
    "trial_interference_region": "the part of that bias that comes from what passes between consumers",
    "trial_coverage_region": "share of such tests whose own interval holds the truth",
}
"""Every estimand with its meaning in a few words; docs/statistics.md has the formulas."""


def schema() -> pa.Schema:
    """Columns of the table of effects."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    keys = {key: number if key == "at" else text for key in KEYS}
    figures = {"estimate": number, "low": number, "high": number, "n_pairs": pa.int64(), "unit": text}
    return pa.schema({**keys, **figures, "variance_reduction": number})


class Rows:
    """Collects estimates and makes the table of them.

    A number that does not exist becomes null, and so does an infinite one: the limits of a ratio whose denominator is
    not clearly different from zero, the variance reduction of a difference that is the same in every pair.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[object, ...], tuple[object, ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        estimand: str,
        channels: str,
        metric: str,
        interval: Interval,
        *,
        brand: str,
        unit: str,
        period: str = "counted",
        touchpoint: str = "",
        segment: str = "",
        region: str = "",
        at: float | None = None,
        variance_reduction: ArrayLike | None = None,
    ) -> None:
        """Add one estimate.

        Args:
            estimand: a name of `ESTIMANDS`.
            channels: channels joined by "+", sorted; or the name of an arm, variant or policy.
            metric: what was measured.
            interval: four numbers (arrays of no dimension will do).
            brand: whose outcome it is; "" for the category.
            unit: unit of the estimate, with the currency in place of money.
            period: "counted", or a finer one.
            touchpoint: where it happened; "" for all.
            segment: whose purchases; "" for all.
            region: where they live; "" for all.
            at: position on a curve.
            variance_reduction: factor of paired over independent worlds.

        Raises:
            InputError: the estimand is unknown.
            ValueError: the same row was added before.
        """
        if estimand not in ESTIMANDS:
            raise InputError(unknown("estimand", estimand, ESTIMANDS))
        key = (period, brand, touchpoint, segment, region, estimand, channels, _number(at), metric)
        if key in self._rows:
            raise ValueError(f"the table of effects has this row already: {key}")
        figures = [_number(x) for x in (interval.estimate, interval.low, interval.high)]
        self._rows[key] = (*key, *figures, int(np.asarray(interval.n)), unit, _number(variance_reduction))

    def extend(
        self,
        estimand: str,
        channels: Sequence[str] | str,
        metric: str,
        interval: Interval,
        *,
        at: Sequence[float] | None = None,
        variance_reduction: ArrayLike | None = None,
        **about: Any,
    ) -> None:
        """Add one row for each element of an interval's arrays, all of shape (k,).

        Args:
            estimand: the same for all rows.
            channels: one text a row, or one for all (a curve).
            metric: the same for all rows.
            interval: arrays of shape (k,).
            at: positions on a curve, one a row.
            variance_reduction: None, one number for all rows, or one a row.
            about: `brand`, `unit` and the other keywords of `add`.
        """
        size = len(np.atleast_1d(interval.estimate))
        names = [channels] * size if isinstance(channels, str) else list(channels)
        positions = [None] * size if at is None else list(at)
        factors = np.broadcast_to(np.asarray(np.nan if variance_reduction is None else variance_reduction), size)
        parts = [np.atleast_1d(part) for part in interval]
        for i, (name, position) in enumerate(zip(names, positions, strict=True)):
            one = Interval(*(part[i] for part in parts))
            self.add(estimand, name, metric, one, at=position, variance_reduction=factors[i], **about)

    def table(self) -> pa.Table:
        """The table, its rows in one total order whatever the order of adding."""
        import pyarrow as pa

        at = KEYS.index("at")

        def order(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple((x is not None, x or 0.0) if i == at else x for i, x in enumerate(row[: len(KEYS)]))

        columns = schema()
        rows = sorted(self._rows.values(), key=order)
        return pa.table(
            [pa.array([row[i] for row in rows], type=field.type) for i, field in enumerate(columns)], schema=columns
        )


def frame(
    table: pa.Table,
    estimand: str | Sequence[str] | None = None,
    *,
    metric: str | None = None,
    brand: str | None = None,
    period: str | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """Rows of the table of effects as a frame, totals and breakdowns never together.

    Args:
        table: as `Rows.table` made it, or read from a results folder.
        estimand: one name or several; all when None.
        metric: rows of that one only; all when None.
        brand: likewise.
        period: likewise.
        by: "touchpoint", "segment" or "region" for the rows of that breakdown; None for totals.

    Returns:
        Columns as in `schema`, rows in the table's order, NaN where null.

    Raises:
        InputError: an unknown estimand or breakdown.
    """
    levels = ("touchpoint", "segment", "region")
    if by is not None and by not in levels:
        raise InputError(unknown("breakdown", by, levels))
    made: pd.DataFrame = table.to_pandas()
    if estimand is not None:
        wanted = [estimand] if isinstance(estimand, str) else list(estimand)
        for name in wanted:
            if name not in ESTIMANDS:
                raise InputError(unknown("estimand", name, ESTIMANDS))
        made = made[made["estimand"].isin(wanted)]
    for key, value in (("metric", metric), ("brand", brand), ("period", period)):
        if value is not None:
            made = made[made[key] == value]
    for level in levels:
        made = made[(made[level] != "") == (level == by)]
    return made.reset_index(drop=True)


def _number(value: ArrayLike | None) -> float | None:
    """A finite number, or None."""
    if value is None:
        return None
    number = float(np.asarray(value, dtype=np.float64))
    return number if math.isfinite(number) else None
