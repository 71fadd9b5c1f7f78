"""The studies' estimators, pure arithmetic on series and tables; none of them knows of the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import student

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A number with the limits of its 95 % interval."""

    value: float
    low: float
    high: float


def over_replicates(values: ArrayLike) -> Estimate:
    """Mean over replicates with Student's interval; `values` (R,), replicates without a value (NaN) left out."""
    data = np.asarray(values, dtype=np.float64)
    data = data[~np.isnan(data)]
    half = float(student(len(data) - 1, 0.95)) * float(data.std(ddof=1)) / np.sqrt(len(data))
    return Estimate(float(data.mean()), float(data.mean()) - half, float(data.mean()) + half)


def jackknife(estimator: Callable[[NDArray[np.int64]], ArrayLike], replicates: int) -> list[Estimate]:
    """Estimates from all replicates pooled, with the delete-one jackknife's interval (Tukey 1958).

    Args:
        estimator: takes the numbers of the replicates to use, gives one number or several.
        replicates: how many there are.
    """
    every = np.arange(replicates, dtype=np.int64)
    whole = np.atleast_1d(np.asarray(estimator(every), dtype=np.float64))
    parts = np.stack([np.atleast_1d(np.asarray(estimator(np.delete(every, r)))) for r in range(replicates)])
    error = np.sqrt((replicates - 1) / replicates * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0))
    half = float(student(replicates - 1, 0.95)) * error
    return [Estimate(float(v), float(v - h), float(v + h)) for v, h in zip(whole, half, strict=True)]


def ols(y: ArrayLike, *columns: ArrayLike) -> Floats:
    """Least squares of `y` on the columns as they are (no intercept); all flattened. (len(columns),)."""
    design = np.stack([np.ravel(np.asarray(c, dtype=np.float64)) for c in columns], axis=1)
    target = np.ravel(np.asarray(y, dtype=np.float64))
    out: Floats = np.asarray(np.linalg.lstsq(design, target, rcond=None)[0], dtype=np.float64)
    return out


def within(panel: ArrayLike, units: bool = True, periods: bool = True) -> Floats:
    """A balanced panel (..., units, periods) less the means of its units and of its periods (fixed effects)."""
    out = np.asarray(panel, dtype=np.float64)
    if units:
        out = out - out.mean(axis=-1, keepdims=True)
    if periods:
        out = out - out.mean(axis=-2, keepdims=True)
    return out


def partial_adjustment(sales: ArrayLike, spend: ArrayLike) -> tuple[float, float, float]:
    """Short-run elasticity, long-run elasticity and carry-over of log sales on log spend and last period's log sales.

    ln S(t) = b ln A(t) + c ln S(t-1) + effects of unit and period; short run b, long run b / (1 - c): the model behind
    most long-run elasticities of Assmus, Farley & Lehmann (1984).

    Args:
        sales: above 0, (..., units, periods).
        spend: above 0, same shape.
    """
    s, a = np.log(np.asarray(sales, dtype=np.float64)), np.log(np.asarray(spend, dtype=np.float64))
    short, carry = ols(within(s[..., 1:]), within(a[..., 1:]), within(s[..., :-1]))
    return float(short), float(short / (1.0 - carry)), float(carry)


def log_log(sales: ArrayLike, *drivers: ArrayLike) -> Floats:
    """Elasticities of sales (units, periods) with respect to each driver (same shape), effects of unit and period."""
    return ols(within(np.log(np.asarray(sales))), *(within(np.log(np.asarray(d))) for d in drivers))


def distributed_lag(sales: ArrayLike, spend: ArrayLike, lags: int) -> Floats:
    """Elasticities of sales with respect to spend of 0, 1, ..., `lags` periods ago; both (units, periods)."""
    s, a = np.log(np.asarray(sales, dtype=np.float64)), np.log(np.asarray(spend, dtype=np.float64))
    last = s.shape[1]
    return ols(within(s[:, lags:]), *(within(a[:, lags - k : last - k]) for k in range(lags + 1)))


def adstock(spend: ArrayLike, carry: float) -> Floats:
    """x(t) = spend(t) + carry x(t-1) along the last axis, starting from 0."""
    out = np.array(spend, dtype=np.float64)
    for t in range(1, out.shape[-1]):
        out[..., t] += carry * out[..., t - 1]
    return out


def half_life(carry: float) -> float:
    """Periods in which a geometric adstock halves: ln 0.5 / ln carry."""
    return float(np.log(0.5) / np.log(carry))


def fit_adstock(sales: ArrayLike, spend: ArrayLike, grid: ArrayLike, skip: int) -> float:
    """The carry-over of the grid with which adstock explains sales best: least squares with effects of unit and period.

    Args:
        sales: (units, periods).
        spend: same shape.
        grid: carry-overs a period that are tried, each in [0, 1).
        skip: first periods whose adstock lacks a past; left out of the fit.
    """
    y = within(np.asarray(sales, dtype=np.float64)[:, skip:]).ravel()
    best, chosen = np.inf, float("nan")
    for carry in np.asarray(grid, dtype=np.float64):
        x = within(adstock(spend, float(carry))[:, skip:]).ravel()
        rest = float(y @ y - (x @ y) ** 2 / (x @ x))
        if rest < best:
            best, chosen = rest, float(carry)
    return chosen


def peak(exposures: ArrayLike, outcome: ArrayLike) -> float:
    """Where a parabola through people's outcomes turns: -b1 / (2 b2); NaN when it has no maximum. Both (n,)."""
    n, y = np.asarray(exposures, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    _, b1, b2 = ols(y, np.ones_like(n), n, n * n)
    return float(-b1 / (2.0 * b2)) if b2 < 0.0 else float("nan")


def jeopardy(penetration: ArrayLike, frequency: ArrayLike) -> tuple[float, float]:
    """Slope of ln w on ln (1 - b), -1 where w (1 - b) is constant; and the coefficient of variation of w (1 - b)."""
    b, w = np.asarray(penetration, dtype=np.float64), np.asarray(frequency, dtype=np.float64)
    slope = ols(np.log(w), np.ones_like(w), np.log1p(-b))[1]
    constant = w * (1.0 - b)
    return float(slope), float(constant.std() / constant.mean())


def nbd_shares(r: float, alpha: float, time: float, most: int) -> Floats:
    """Shares of people with 0, 1, ..., `most` - 1 and at least `most` events within `time`: negative binomial.

    Rates are gamma with shape r and mean r / alpha an event a unit of time (Ehrenberg 1959). (most + 1,).
    """
    p = np.empty(most + 1)
    p[0] = (alpha / (alpha + time)) ** r
    for k in range(1, most):
        p[k] = p[k - 1] * (r + k - 1) / k * time / (alpha + time)
    p[most] = 1.0 - p[:most].sum()
    return p


def shares(counts: ArrayLike, most: int) -> Floats:
    """Shares of people with 0, 1, ..., `most` - 1 and at least `most` events; counts (n,)."""
    capped = np.minimum(np.asarray(counts, dtype=np.int64), most)
    out: Floats = np.bincount(capped, minlength=most + 1) / len(capped)
    return out


def chi_square(observed: ArrayLike, expected: ArrayLike) -> tuple[float, float]:
    """Pearson's statistic of observed against expected counts, and its p-value with len - 1 degrees of freedom."""
    from scipy.special import chdtrc

    o, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    statistic = float(((o - e) ** 2 / e).sum())
    return statistic, float(chdtrc(len(o) - 1, statistic))
