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


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean along the last axis with its Student-t interval, mean +- t(n - 1) s / sqrt(n) (Student 1908).

    Args:
        values: shape (..., R), one value a replication; NaN marks a replication in which the quantity is undefined.
        level: coverage of the interval, above 0 and below 1.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    # scipy.special, not scipy.stats: the latter takes half a second to import.
    from scipy.special import stdtrit

    if not 0.0 < level < 1.0:
        raise InputError(f"the coverage of an interval must lie between 0 and 1, got {level}")
    data = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(data)
    n = known.sum(axis=-1, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.where(known, data, 0.0).sum(axis=-1) / n
        residuals = np.where(known, data - estimate[..., None], 0.0)
        spread = np.sqrt((residuals**2).sum(axis=-1) / (n - 1))
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2.0) * spread / np.sqrt(n)
    half = np.where(n >= 2, half, np.nan)
    return Interval(np.where(n > 0, estimate, np.nan), estimate - half, estimate + half, n)
