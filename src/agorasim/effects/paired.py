"""Differences of worlds that share every draw, and ratios of such differences.

Arrays have shape (..., R); replicate r of one arm and replicate r of another share all random numbers, so that their
difference is one observation of the effect. A pair of equal worlds gives exactly 0 with an interval of zero width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import Interval, check_level, mean_interval, moments, student

Array = NDArray[np.float64]


def difference(on: ArrayLike, off: ArrayLike) -> Array:
    """What a change did in each pair, on - off; NaN where either is undefined."""
    return np.asarray(on, dtype=np.float64) - np.asarray(off, dtype=np.float64)


def paired_interval(on: ArrayLike, off: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of on - off with its Student interval over the pairs.

    Args:
        on: outcome with the change, shape (..., R).
        off: outcome without it, same shape.
        level: coverage of the interval.
    """
    return mean_interval(difference(on, off), level)


def variance_reduction(on: ArrayLike, off: ArrayLike) -> Array:
    """How many times more independent pairs would be needed for the same precision:
    (Var Y1 + Var Y0) / Var(Y1 - Y0), all three from the same pairs.

    Args:
        on: outcome with the change, shape (..., R).
        off: outcome without it, same shape.

    Returns:
        Shape (...). Infinite where the difference is the same in every pair (up to rounding) although the outcomes
        vary; NaN where the outcomes do not vary either, or fewer than two pairs exist. A table holds null for both.
    """
    first, second = np.broadcast_arrays(np.asarray(on, dtype=np.float64), np.asarray(off, dtype=np.float64))
    known = ~(np.isnan(first) | np.isnan(second))
    a, b = np.where(known, first, np.nan), np.where(known, second, np.nan)
    top = moments(a).spread ** 2 + moments(b).spread ** 2
    bottom = moments(a - b).spread ** 2
    size = np.max(np.where(known, np.maximum(np.abs(first), np.abs(second)), 0.0), axis=-1, initial=0.0)
    # Differences of rounded numbers vary by a few units in the last place even where the true ones do not.
    rounding = (4.0 * np.finfo(np.float64).eps * size) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        varying = np.where(bottom > rounding, top / bottom, np.inf)
    return np.where((top > rounding) & ~np.isnan(bottom), varying, np.nan)


def ratio_interval(
    top: ArrayLike, bottom: ArrayLike, level: float = 0.95, critical: ArrayLike | None = None
) -> Interval:
    """Ratio of two means, mean(top) / mean(bottom), with Fieller's interval (Fieller 1954, Some problems in interval
    estimation, JRSS B 16).

    The interval holds every ratio q for which mean(top - q bottom) is not significantly different from zero.

    Args:
        top: shape (..., R); a replication in which either is NaN is left out.
        bottom: same shape, pair by pair.
        level: coverage of the interval.
        critical: stands in for Student's quantile, as a simultaneous interval needs.

    Returns:
        Where the mean of `bottom` is not clearly different from zero (its own interval covers zero), no finite interval
        has the stated coverage: the limits are -inf and inf. Where it is zero in every pair, the ratio does not exist:
        estimate and limits are NaN. A `bottom` without variance gives the interval of `top`, divided.
    """
    check_level(level)
    x, y = np.broadcast_arrays(np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64))
    known = ~(np.isnan(x) | np.isnan(y))
    n = known.sum(axis=-1, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = (np.where(known, z, 0.0).sum(axis=-1) / n for z in (x, y))
        rx = np.where(known, x - mean_x[..., None], 0.0)
        ry = np.where(known, y - mean_y[..., None], 0.0)
        scale = n * (n - 1.0)
        var_x, var_y, cov = ((a * b).sum(axis=-1) / scale for a, b in ((rx, rx), (ry, ry), (rx, ry)))
        quantile = student(n - 1, level) if critical is None else np.asarray(critical, dtype=np.float64)
        q2 = quantile**2
        # The limits solve a q^2 - 2 b q + c = 0 with c = mean_x^2 - q2 var_x; `inner` is b^2 - a c, written out so that
        # nothing cancels when both variances are small.
        a, b = mean_y**2 - q2 * var_y, mean_x * mean_y - q2 * cov
        inner = q2 * (
            mean_y**2 * var_x - 2.0 * mean_x * mean_y * cov + mean_x**2 * var_y + q2 * (cov**2 - var_x * var_y)
        )
        root = np.sqrt(np.maximum(inner, 0.0))
        estimate = mean_x / mean_y
        low, high = (b - root) / a, (b + root) / a
    unclear = ~(a > 0.0)
    low, high = np.where(unclear, -np.inf, low), np.where(unclear, np.inf, high)
    # Rounding may put the point a unit outside limits that coincide with it.
    low, high = np.fmin(low, estimate), np.fmax(high, estimate)
    exists = (n > 0) & np.isfinite(estimate) & ~((mean_y == 0.0) & (var_y == 0.0))
    has_limits = exists & (n >= 2)
    return Interval(
        np.where(exists, estimate, np.nan), np.where(has_limits, low, np.nan), np.where(has_limits, high, np.nan), n
    )


def linearised(top: ArrayLike, bottom: ArrayLike) -> Array:
    """One value a pair whose mean is the ratio of means and whose spread is, to first order, that of the ratio.

    ratio + (top - ratio bottom) / mean(bottom): what a ratio brings to a family of simultaneous intervals.

    Args:
        top: shape (..., R).
        bottom: same shape.
    """
    x, y = np.broadcast_arrays(np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64))
    known = ~(np.isnan(x) | np.isnan(y))
    with np.errstate(divide="ignore", invalid="ignore"):
        n = known.sum(axis=-1)[..., None]
        mean_x, mean_y = (np.where(known, z, 0.0).sum(axis=-1)[..., None] / n for z in (x, y))
        made: Array = mean_x / mean_y + (x - (mean_x / mean_y) * y) / mean_y
    return made


# --- money words ----------------------------------------------------------------------------------------------------


def roas(
    revenue_on: ArrayLike, revenue_off: ArrayLike, media_on: ArrayLike, media_off: ArrayLike, level: float = 0.95
) -> Interval:
    """Return on ad spend, incremental revenue / media cost; marginal ROAS when the arms are neighbouring budgets.

    Args:
        revenue_on: with the channel (or the higher budget), shape (..., R), money.
        revenue_off: without it (or with the lower budget).
        media_on: media money spent with it, shape (..., R); the cost is the difference.
        media_off: media money spent without it.
        level: coverage of the interval (Fieller).
    """
    return ratio_interval(difference(revenue_on, revenue_off), difference(media_on, media_off), level)


def roi(
    profit_on: ArrayLike, profit_off: ArrayLike, media_on: ArrayLike, media_off: ArrayLike, level: float = 0.95
) -> Interval:
    """Return on investment, (incremental contribution before media - media cost) / media cost.

    Args:
        profit_on: with the channel, shape (..., R), money *after* media cost: the difference is the numerator.
        profit_off: without it.
        media_on: media money spent with it, shape (..., R); the cost is the difference.
        media_off: media money spent without it.
        level: coverage of the interval (Fieller).
    """
    return ratio_interval(difference(profit_on, profit_off), difference(media_on, media_off), level)


def elasticity(more: ArrayLike, less: ArrayLike, base: ArrayLike, step: float, level: float = 0.95) -> Interval:
    """Relative change of an outcome per relative change of a budget: mean(more - less) / (step mean(base)).

    Args:
        more: outcome at the higher budget, shape (..., R).
        less: outcome at the lower budget.
        base: outcome at today's budget.
        step: difference of the two budgets over today's (1.1 against 0.9 times: 0.2).
        level: coverage of the interval (Fieller).
    """
    return ratio_interval(difference(more, less), step * np.asarray(base, dtype=np.float64), level)
