"""History matching: which parameter values cannot be told from the targets, given all that is uncertain.

A quadratic surface is fitted to each target's mean over replicates, near the values that are still possible. A point x
stays possible when for every target

    |surface(x) - target| <= t sqrt(tolerance^2 + s^2 / R + v(x))

with s^2 / R the variance of a mean over R replicates (what replicates have in common at all points: more points do not
help against it), v(x) the variance of the surface there, and t a Student quantile with Satterthwaite's degrees of
freedom, at 1 - alpha / 2K for K targets (Bonferroni). Implausibility after Craig et al. 1997 and Vernon et al. 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agorasim.effects.intervals import student
from agorasim.experiment.designs import sobol_sample
from agorasim.experiment.surface import features, terms

Array = NDArray[np.float64]
#: Inputs up to which the surface has all products of two.
MOST_FULL: Final = 8
#: Points at which surfaces are asked.
CLOUD: Final = 2**13
#: Rounds of moving points outwards to the edges of the region.
_CLIMBS: Final = 12


@dataclass(frozen=True)
class Surface:
    """A quadratic surface through one target's means."""

    coefficients: Array
    inverse: Array
    variance: float
    """Of the residuals: chance that differs between points, and whatever is not quadratic."""
    df: int
    chance: float
    """Variance of a mean over the replicates, s^2 / R."""
    replicates: int

    @classmethod
    def through(cls, x: Array, values: Array) -> Surface:
        """Least squares.

        Args:
            x: points in the unit cube, shape (m, n), m above the number of coefficients.
            values: outcomes, shape (m, R).
        """
        f = features(x, MOST_FULL)
        means = values.mean(axis=1)
        coefficients, _, rank, _ = np.linalg.lstsq(f, means, rcond=None)
        df = max(len(x) - int(rank), 1)
        variance = float(((means - f @ coefficients) ** 2).sum() / df)
        replicates = values.shape[1]
        chance = float(values.var(axis=1, ddof=1).mean() / replicates)
        inverse = np.asarray(np.linalg.pinv(f.T @ f), dtype=np.float64)
        return cls(np.asarray(coefficients, dtype=np.float64), inverse, variance, df, chance, replicates)

    def at(self, x: Array) -> tuple[Array, Array]:
        """Height and its variance at points, each of shape (m,)."""
        f = features(x, MOST_FULL)
        # A new point's own residual counts too: the truth at x is no smoother than the points were.
        lever = 1.0 + np.einsum("ij,jk,ik->i", f, self.inverse, f)
        return f @ self.coefficients, self.variance * lever


def least_points(n: int) -> int:
    """Points that a wave needs for surfaces over `n` inputs: twice the coefficients, a power of 2."""
    return int(2 ** np.ceil(np.log2(2 * terms(n, MOST_FULL))))


def ratios(surfaces: Sequence[Surface], targets: Array, tolerances: Array, x: Array, alpha: float) -> Array:
    """Distance of each point from each target over what it may be, shape (points, targets); possible where all <= 1.

    Args:
        surfaces: one a target.
        targets: shape (K,).
        tolerances: standard deviations, shape (K,).
        x: points in the unit cube, shape (m, n).
        alpha: chance of calling the true values impossible.
    """
    out = np.empty((len(x), len(targets)))
    for k, surface in enumerate(surfaces):
        height, own = surface.at(x)
        parts = np.column_stack([np.full(len(x), surface.chance), own])
        total = tolerances[k] ** 2 + parts.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            df = total**2 / (parts[:, 0] ** 2 / max(surface.replicates - 1, 1) + parts[:, 1] ** 2 / surface.df)
            quantile = _quantiles(df, 1.0 - alpha / len(targets))
            out[:, k] = np.abs(height - targets[k]) / (quantile * np.sqrt(total))
    return np.nan_to_num(out, nan=0.0)


def region(
    surfaces: Sequence[Surface], targets: Array, tolerances: Array, low: Array, high: Array, alpha: float, seed: int
) -> Array:
    """Points of a box that stay possible, its edges well covered; shape (m, n), m = 0 when there is none.

    Args:
        surfaces: one a target.
        targets: shape (K,).
        tolerances: shape (K,).
        low: lower corner of the box in the unit cube.
        high: upper corner.
        alpha: chance of calling the true values impossible.
        seed: of the points.
    """
    rng = np.random.default_rng(seed)

    def worst(x: Array) -> Array:
        return np.asarray(ratios(surfaces, targets, tolerances, x, alpha).max(axis=1), dtype=np.float64)

    x = low + sobol_sample(len(low), CLOUD, seed) * (high - low)
    far = worst(x)
    width = high - low
    for step in range(_CLIMBS):
        if (far <= 1.0).sum() >= 50:
            break
        # A small region falls between the points: move towards it from the nearest ones.
        near = np.argsort(far)[:100]
        moved = _moved(rng, x[near], width * 0.5**step, low, high)
        x, far = np.vstack([x, moved]), np.concatenate([far, worst(moved)])
    x = np.asarray(x[far <= 1.0], dtype=np.float64)
    if not len(x):
        return x
    for step in range(_CLIMBS):
        # The ends of a region are thin: start from the outermost points and keep what is still possible.
        order = np.argsort(x, axis=0)
        ends = np.unique(np.concatenate([order[:8].ravel(), order[-8:].ravel()]))
        moved = _moved(rng, x[ends], np.ptp(x, axis=0) * 0.5 ** (1 + step / 2) + 1e-6, low, high)
        x = np.vstack([x, moved[worst(moved) <= 1.0]])
    return x


def _quantiles(df: Array, level: float) -> Array:
    """Student quantiles of many degrees of freedom, between the next lower tabulated ones: never too small."""
    table = np.concatenate([np.arange(1.0, 40.0), np.geomspace(40.0, 1e6, 40)])
    at = np.clip(np.searchsorted(table, df, side="right") - 1, 0, len(table) - 1)
    return np.asarray(student(table, level)[at])


def _moved(rng: np.random.Generator, x: Array, spread: Array, low: Array, high: Array) -> Array:
    """Twenty normal steps from each point, kept inside the box."""
    steps = rng.standard_normal((20, *x.shape)) * spread / 2
    return np.asarray(np.clip(x + steps, low, high).reshape(-1, x.shape[1]))
