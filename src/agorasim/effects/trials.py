"""Experiments inside a world, as a practitioner would evaluate them, held against the truth.

People talk: those who were not treated hear from those who were, and compete with them for stock. An A/B test by
person then misses part of the effect, one by cluster of the social graph or by region misses less (Hudgens & Halloran
2008, Toward causal inference with interference, JASA 103; Eckles, Karrer & Ugander 2017). Here is the arithmetic:
estimates as the test itself reports them, and their bias against worlds in which everybody or nobody is treated.

Units (persons, clusters, regions) stand on an axis before replicates: (..., units, R).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import Interval, check_level, mean_interval, student
from agorasim.errors import InputError

Array = NDArray[np.float64]


class Trial(NamedTuple):
    """What each replicate's experiment reports; arrays have shape (..., R)."""

    estimate: Array
    """Outcome a head of the treated less that of the others."""
    low: Array
    high: Array
    error: Array
    """Standard error; NaN where an arm has fewer than two units."""
    df: Array
    """Degrees of freedom."""


def difference_in_means(outcome: ArrayLike, treated: ArrayLike, sizes: ArrayLike = 1.0, level: float = 0.95) -> Trial:
    """Outcome a head of treated units less that of the others, with an interval over units.

    A unit's total enters with its size, so that an arm's mean is sum of outcomes / sum of sizes; the interval is
    robust to what units have in common (linearised ratio within each arm, Welch's degrees of freedom). With persons as
    units this is Welch's t interval (Welch 1947), with clusters the cluster-robust one.

    Args:
        outcome: totals of the units, shape (..., units, R).
        treated: which units are treated, (units, R) or any shape that broadcasts.
        sizes: consumers in a unit, any shape that broadcasts.
        level: coverage of the interval.

    Raises:
        InputError: in some replicate one of the arms has no unit.
    """
    check_level(level)
    y = np.asarray(outcome, dtype=np.float64)
    arm = np.broadcast_to(np.asarray(treated, dtype=np.bool_), y.shape)
    weight = np.broadcast_to(np.asarray(sizes, dtype=np.float64), y.shape)
    means, variances, units = zip(*(_arm(y, weight, chosen) for chosen in (arm, ~arm)), strict=True)
    if (units[0] == 0).any() or (units[1] == 0).any():
        raise InputError("an experiment needs treated and untreated units in every replicate")
    variance = variances[0] + variances[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance**2 / (variances[0] ** 2 / (units[0] - 1) + variances[1] ** 2 / (units[1] - 1))
    # No variance at all: any number of degrees of freedom gives a width of zero.
    df = np.where(variance == 0.0, units[0] + units[1] - 2.0, df)
    error, estimate = np.sqrt(variance), means[0] - means[1]
    half = student(np.nan_to_num(df, nan=1.0), level) * error
    return Trial(estimate, estimate - half, estimate + half, error, df)


def difference_in_differences(
    before: ArrayLike, after: ArrayLike, treated: ArrayLike, sizes: ArrayLike = 1.0, level: float = 0.95
) -> Trial:
    """Change of treated units less change of the others, a head: a geo test over regions.

    Args:
        before: totals of the units in the period before, shape (..., units, R), scaled to the length of `after`.
        after: totals in the period of the test.
        treated: which units are treated.
        sizes: consumers in a unit.
        level: coverage of the interval, over units.
    """
    change = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    return difference_in_means(change, treated, sizes, level)


class Bias(NamedTuple):
    """An experiment against the truth, over replicates; arrays have shape (...)."""

    estimate: Interval
    """What the experiment finds on average."""
    truth: Interval
    """Effect of treating everybody against nobody."""
    bias: Interval
    """Estimate less truth, paired."""
    coverage: Array
    """Share of replicates whose own interval holds that replicate's truth."""


def against_truth(trial: Trial, truth: ArrayLike, level: float = 0.95) -> Bias:
    """Bias of an experiment, replicate by replicate against the worlds that share its draws.

    Args:
        trial: what the experiment reports in each replicate.
        truth: outcome a head with everybody treated less that with nobody, shape (..., R).
        level: coverage of the intervals over replicates.
    """
    true = np.asarray(truth, dtype=np.float64)
    held = (trial.low <= true) & (true <= trial.high)
    known = ~(np.isnan(trial.error) | np.isnan(true))
    with np.errstate(invalid="ignore"):
        coverage = (held & known).sum(axis=-1) / known.sum(axis=-1)
    return Bias(
        mean_interval(trial.estimate, level),
        mean_interval(true, level),
        mean_interval(trial.estimate - true, level),
        np.asarray(coverage, dtype=np.float64),
    )


def share_interval(hits: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """A share of n with Wilson's score interval (Wilson 1927), which never leaves 0 to 1; NaN where n is 0."""
    check_level(level)
    k, count = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z2 = NormalDist().inv_cdf(0.5 + level / 2.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / count
        centre = (share + z2 / (2.0 * count)) / (1.0 + z2 / count)
        half = np.sqrt(z2 * (share * (1.0 - share) + z2 / (4.0 * count)) / count) / (1.0 + z2 / count)
    # At both ends a limit is the end itself, which rounding must not push outside.
    low, high = np.where(k == 0.0, 0.0, centre - half), np.where(k == count, 1.0, centre + half)
    nothing = count == 0.0
    return Interval(share, np.where(nothing, np.nan, low), np.where(nothing, np.nan, high), count.astype(np.int64))


def _arm(y: Array, weight: Array, chosen: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Mean a head, its variance over units, and the number of units of one arm; each of shape (..., R)."""
    units = chosen.sum(axis=-2).astype(np.float64)
    total = np.where(chosen, weight, 0.0).sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(chosen, y, 0.0).sum(axis=-2) / total
        rest = np.where(chosen, y - mean[..., None, :] * weight, 0.0)
        variance = units / (units - 1.0) * (rest**2).sum(axis=-2) / total**2
    return mean, np.where(units >= 2, variance, np.nan), units
