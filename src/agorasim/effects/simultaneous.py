"""Intervals that hold all at once over a family of estimates made from the same replicates.

All t statistics of the family stay below one critical value with the stated probability. The value comes from their
estimated joint distribution (studentised maximum; Hothorn, Bretz & Westfall 2008, Simultaneous inference in general
parametric models, Biometrical J. 50): many correlated estimates cost little more than a few. It is never above the
Sidak value (Sidak 1967), which needs no correlation and stands in where that cannot be estimated.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import Interval, check_level, mean_interval, moments, student

_DRAWS: Final = 20_000
#: Up to so many replicates every draw has a standard deviation of its own for each member; beyond, one for all.
_OWN_SPREAD_UP_TO: Final = 40
#: Values drawn at a time.
_CHUNK: Final = 2_000_000


def sidak(members: int, df: float, level: float) -> float:
    """Critical value of |t| over a family without knowledge of its correlations: Student's at level**(1/members)."""
    return float(student(df, level ** (1.0 / max(members, 1))))


def critical_value(samples: ArrayLike, level: float = 0.95, *, seed: int = 0) -> float:
    """The value below which all |t| of a family stay with probability `level`.

    Args:
        samples: shape (members, R): one estimate a row, one replicate a column. Rows without variance are certain and
            count for nothing.
        level: coverage of the whole family.
        seed: of the simulated quantile.

    Returns:
        At least Student's quantile, at most Sidak's; rounded up to a thousandth, so that the last bit of a matrix
        product cannot show. Where replicates are missing (NaN), Sidak's value.
    """
    check_level(level)
    data = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    n, mean, spread = moments(data)
    varies = (spread > 0.0) & (n >= 2)
    if not varies.any():
        return float(student(max(data.shape[-1] - 1, 1), level))
    data, mean, spread = data[varies], mean[varies], spread[varies]
    df = int(n[varies].min()) - 1
    single, highest = float(student(df, level)), sidak(len(data), df, level)
    if len(data) == 1 or np.isnan(data).any():
        return highest
    unit = (data - mean[:, None]) / (spread[:, None] * np.sqrt(data.shape[-1] - 1.0))
    found = float(np.quantile(_largest(unit, df, np.random.default_rng(seed)), level, method="higher"))
    return min(max(ceil(found * 1000.0) / 1000.0, single), highest)


def simultaneous_intervals(samples: ArrayLike, level: float = 0.95, *, seed: int = 0) -> Interval:
    """Means with intervals that all hold at once with probability `level`.

    Args:
        samples: shape (members, R).
        level: coverage of the whole family.
        seed: of the simulated quantile.

    Returns:
        Arrays of shape (members,).
    """
    return mean_interval(samples, level, critical=critical_value(samples, level, seed=seed))


def _shrinkage(unit: NDArray[np.float64]) -> float:
    """Share by which the correlations are drawn towards 0, as they look stronger than they are when replicates are few.

    Sum of the estimated variances of the correlations over the sum of their squares (Schaefer & Strimmer 2005, A
    shrinkage approach to large-scale covariance matrix estimation, SAGMB 4); 0 when all are +-1.
    """
    r = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    noise = float(np.square(np.maximum(1.0 - r**2, 0.0)).sum()) / (unit.shape[1] - 1)
    return float(min(noise / max(float(np.square(r).sum()), 1e-300), 1.0))


def _largest(unit: NDArray[np.float64], df: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of the largest |t| of normal samples with the shrunk correlation of the rows of `unit` (members, R)."""
    members, n = unit.shape
    share = _shrinkage(unit)
    # Single precision is far finer than the thousandth that the result is rounded to.
    common, alone = (np.sqrt(1.0 - share) * unit).astype(np.float32), np.float32(np.sqrt(share))
    own = n <= _OWN_SPREAD_UP_TO
    step = max(_CHUNK // (max(members, n) * (n if own else 1)), 1)
    parts = []
    for start in range(0, _DRAWS, step):
        size = min(step, _DRAWS - start)
        width = size * n if own else size
        drawn = common @ rng.standard_normal((n, width), dtype=np.float32)
        drawn += alone * rng.standard_normal((members, width), dtype=np.float32)
        if own:
            samples = drawn.reshape(members, size, n)
            middle = samples.mean(axis=-1)
            spread = np.sqrt((np.square(samples).sum(axis=-1) - n * middle**2) / (n - 1))
            t = middle * np.sqrt(n) / spread
        else:
            t = drawn / np.sqrt(rng.chisquare(df, size) / df)
        parts.append(np.abs(t).max(axis=0))
    return np.concatenate(parts).astype(np.float64)
