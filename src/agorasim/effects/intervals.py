"""How sure a mean over replications is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.errors import InputError


class Interval(NamedTuple):
    """Means over replications with confidence limits; arrays have the shape of the input less its last axis."""

    estimate: NDArray[np.float64]
    """Mean of the values that exist; NaN where there is none."""
    low: NDArray[np.float64]
    """Lower limit; NaN where fewer than two values exist."""
    high: NDArray[np.float64]
    """Upper limit; NaN where fewer than two values exist."""
    n: NDArray[np.int64]
    """How many values exist (are not NaN)."""


class Moments(NamedTuple):
    """What a Student interval is made of; arrays have the shape of the input less its last axis."""

    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    """NaN where no value exists."""
    spread: NDArray[np.float64]
    """Standard deviation with n - 1 below; NaN where fewer than two values exist, 0.0 where all are equal."""


def check_level(level: float) -> None:
    """InputError unless the coverage lies between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise InputError(f"the coverage of an interval must lie between 0 and 1, got {level}")


def moments(values: ArrayLike) -> Moments:
    """Number, mean and standard deviation along the last axis, NaN left out.

    Args:
        values: shape (..., R).
    """
    data = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(data)
    n = known.sum(axis=-1, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, data, 0.0).sum(axis=-1) / n
        residuals = np.where(known, data - mean[..., None], 0.0)
        spread = np.sqrt((residuals**2).sum(axis=-1) / (n - 1))
    return Moments(n, np.where(n > 0, mean, np.nan), np.where(n >= 2, spread, np.nan))


def student(df: ArrayLike, level: float) -> NDArray[np.float64]:
    """Two-sided Student quantile: |t| stays below it with probability `level`. Degrees of freedom of at least 1."""
    # scipy.special, not scipy.stats: the latter takes half a second to import.
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.maximum(df, 1), 0.5 + level / 2.0), dtype=np.float64)


def mean_interval(values: ArrayLike, level: float = 0.95, critical: ArrayLike | None = None) -> Interval:
    """Mean along the last axis with its Student-t interval, mean +- t(n - 1) s / sqrt(n) (Student 1908).

    Args:
        values: shape (..., R), one value a replication; NaN marks a replication in which the quantity is undefined.
        level: coverage of the interval, above 0 and below 1.
        critical: stands in for Student's quantile, as a simultaneous interval needs; broadcast over the result.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    check_level(level)
    n, mean, spread = moments(values)
    quantile = student(n - 1, level) if critical is None else np.asarray(critical, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = quantile * spread / np.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)
