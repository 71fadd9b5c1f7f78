"""How alike segments are served: parity ratios and price gaps, pure arithmetic on sums by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rates(counts: NDArray[Any], people: NDArray[Any]) -> Floats:
    """Counts (..., S) for each person of a segment, people (S,); NaN where a segment has nobody."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(people > 0, counts / people, np.nan), dtype=np.float64)


def parity(values: Floats) -> Floats:
    """Each segment's rate as a share of the largest one's, (..., S); 1 where no segment gets anything.

    A ratio below 0.8 is what the four-fifths rule calls adverse impact (EEOC 1978, Uniform guidelines on employee
    selection procedures).
    """
    filled = np.where(np.isnan(values), -np.inf, values)
    most = filled.max(axis=-1, keepdims=True, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(most > 0.0, values / most, np.where(np.isnan(values), np.nan, 1.0))
    return np.asarray(shares, dtype=np.float64)


def least(shares: Floats) -> Floats:
    """The smallest of the parity ratios of segments that have people, (...,); 1 where there are none."""
    return np.asarray(np.where(np.isnan(shares), np.inf, shares).min(axis=-1, initial=1.0), dtype=np.float64)


def price_ratios(revenue: NDArray[Any], orders: NDArray[Any]) -> Floats:
    """Mean price that a segment pays over the mean price that all pay, (..., S); NaN where it bought nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own = revenue / orders
        every = revenue.sum(axis=-1, keepdims=True) / orders.sum(axis=-1, keepdims=True)
        return np.asarray(np.where(orders > 0, own / every, np.nan), dtype=np.float64)


def price_gap(ratios: Floats) -> Floats:
    """Largest less smallest of the segments' price ratios, (...,); 0 where fewer than two bought."""
    high = np.where(np.isnan(ratios), -np.inf, ratios).max(axis=-1)
    low = np.where(np.isnan(ratios), np.inf, ratios).min(axis=-1)
    return np.asarray(np.where(high > low, high - low, 0.0), dtype=np.float64)
