"""A smooth surface through noisy outcomes near a point, and its highest place: the last steps of a search."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Beyond so many inputs products of different ones are left out: there would be too many to estimate.
MOST_FULL = 5


def terms(n: int, most_full: int = MOST_FULL) -> int:
    """How many coefficients a surface over `n` inputs has."""
    return 1 + 2 * n if n > most_full else (n + 1) * (n + 2) // 2


def features(x: Array, most_full: int = MOST_FULL) -> Array:
    """1, every input, and products of two, shape (points, terms); of more than `most_full` inputs only squares."""
    n = x.shape[1]
    pairs = [(i, i) for i in range(n)] if n > most_full else list(combinations_with_replacement(range(n), 2))
    return np.column_stack([np.ones(len(x)), x, *(x[:, i] * x[:, j] for i, j in pairs)])


def fit(x: Array, y: Array) -> Array:
    """Coefficients of the quadratic surface by least squares (Box & Wilson 1951). Shapes (points, n), (points,)."""
    return np.asarray(np.linalg.lstsq(features(x), y, rcond=None)[0], dtype=np.float64)


def highest(
    coefficients: Array, starts: Array, low: Array, high: Array, prices: Array, spare: float, *, whole: bool = False
) -> Array:
    """Where in a box, and within a budget, the surface is highest.

    Args:
        coefficients: as `fit` gives them.
        starts: points to climb from, shape (m, n).
        low: lower corner.
        high: upper corner.
        prices: what a unit of each input costs.
        spare: most that all inputs together may cost.
        whole: all of it must be spent.
    """
    from scipy.optimize import minimize

    limit: Any = {
        "type": "eq" if whole else "ineq",
        "fun": lambda x: (spare - prices @ x) / max(float(prices.max()), 1e-12),
    }
    best, found = -np.inf, np.asarray(starts[0], dtype=np.float64)
    scale = max(float(np.abs(coefficients[1:]).max()), 1e-12)

    def depth(x: Array) -> float:
        return -float((features(x[None, :]) @ coefficients)[0] - coefficients[0]) / scale

    bounds = list(zip(low, high, strict=True))
    for start in starts:
        made: Any = minimize(depth, np.clip(start, low, high), method="SLSQP", bounds=bounds, constraints=[limit])
        if np.all(np.isfinite(made.x)) and -made.fun > best:
            best, found = -float(made.fun), np.asarray(made.x, dtype=np.float64)
    return found
