"""Enough replications and no more: when to stop, what interval to give then, and what more would cost.

The rule looks at fixed numbers of pairs (20, 24, 29, ...: a fifth more each time) and at nothing but the first k
replicates, so that the answer depends neither on the order of the runs nor on the number of workers. A run that stops
when its interval happens to be short covers less often than it says, most of all where outcomes are skewed: a sample
that has missed the long tail has both a small spread and a wrong mean. The interval given under stopping therefore

- is shifted for skewness (Johnson 1978, Modified t tests and confidence intervals for asymmetrical populations, JASA
  73), by g s (1 + 2 q^2) / (6 n),
- and is widened to q s / sqrt(n) (1 + 2 |g| / sqrt(n)),

with s the standard deviation, g the skewness of the sample and q Student's quantile; the rule stops when half the
width of *that* interval is small enough. The factor 2 was found by simulation; docs/statistics.md has the coverage and
the price in runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import Interval, check_level, moments, student
from agorasim.effects.paired import linearised, ratio_interval
from agorasim.effects.simultaneous import critical_value
from agorasim.errors import InputError

MIN_PAIRS: Final = 20
#: Each look comes after so many times the pairs of the one before.
GROWTH: Final = 1.2
#: How much the interval grows with |skewness| / sqrt(n).
WIDENING: Final = 2.0
#: A forecast beyond so many pairs says nothing.
_FORECAST_UP_TO: Final = 10**9

Array = NDArray[np.float64]


def skewness(values: ArrayLike) -> Array:
    """Third central moment over the cubed standard deviation along the last axis, NaN left out; 0 without variance."""
    data = np.asarray(values, dtype=np.float64)
    return _skewness(data, *moments(data))


def widening(values: ArrayLike) -> Array:
    """Factor 1 + 2 |g| / sqrt(n) by which intervals under stopping are wider than Student's.

    Args:
        values: shape (..., R).
    """
    data = np.asarray(values, dtype=np.float64)
    found = moments(data)
    return _widening(_skewness(data, *found), found.n)


def stopped_interval(values: ArrayLike, level: float = 0.95, critical: ArrayLike | None = None) -> Interval:
    """Mean with the interval to give when the number of replicates was chosen by looking at them.

    Args:
        values: shape (..., R); NaN marks a replicate in which the quantity is undefined.
        level: coverage of the interval.
        critical: stands in for Student's quantile, as a simultaneous interval needs.

    Returns:
        The limits lie unevenly about the mean when the sample is skewed; equal values give zero width.
    """
    check_level(level)
    data = np.asarray(values, dtype=np.float64)
    n, mean, spread = moments(data)
    skew = _skewness(data, n, mean, spread)
    q = student(n - 1, level) if critical is None else np.asarray(critical, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = q * spread / np.sqrt(n) * _widening(skew, n)
        centre = mean + skew * spread * (1.0 + 2.0 * q**2) / (6.0 * n)
    return Interval(mean, np.minimum(centre - half, mean), np.maximum(centre + half, mean), n)


def stopped_ratio_interval(
    top: ArrayLike, bottom: ArrayLike, level: float = 0.95, critical: ArrayLike | None = None
) -> Interval:
    """Ratio of two means under stopping: Fieller's interval with the widened quantile (see `paired.ratio_interval`).

    Args:
        top: shape (..., R).
        bottom: same shape.
        level: coverage of the interval.
        critical: stands in for Student's quantile.
    """
    check_level(level)
    values = linearised(top, bottom)
    q = student(moments(values).n - 1, level) if critical is None else np.asarray(critical, dtype=np.float64)
    return ratio_interval(top, bottom, level, critical=q * widening(values))


def _skewness(data: Array, n: NDArray[np.int64], mean: Array, spread: Array) -> Array:
    residuals = np.where(np.isnan(data), 0.0, data - mean[..., None])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (residuals * residuals * residuals).sum(axis=-1) / n / spread**3
    return np.where(np.isfinite(found), found, 0.0)


def _widening(skew: Array, n: NDArray[np.int64]) -> Array:
    made: Array = 1.0 + WIDENING * np.abs(skew) / np.sqrt(np.maximum(n, 1))
    return made


# --- the rule -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """When an experiment is precise enough.

    Attributes:
        relative: half-width over |gain of the grand coalition|; None: not asked for.
        absolute: half-width in units of the outcome; None: not asked for. With both, both must hold.
        level: coverage of the intervals.
        min_pairs: fewest pairs, at least 20.
        max_pairs: most pairs.
        simultaneous: the half-widths are those of intervals that hold all at once.

    Raises:
        InputError: nothing is asked for, or a number cannot be.
    """

    relative: float | None = None
    absolute: float | None = None
    level: float = 0.95
    min_pairs: int = MIN_PAIRS
    max_pairs: int = 400
    simultaneous: bool = False

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.relative is None and self.absolute is None:
            raise InputError("no precision is asked for; give a relative or an absolute half-width")
        for name, value in (("relative", self.relative), ("absolute", self.absolute)):
            if value is not None and not (np.isfinite(value) and value > 0.0):
                raise InputError(f"the {name} precision must be a number above 0, got {value}")
        if self.min_pairs < MIN_PAIRS:
            raise InputError(f"a precision needs at least {MIN_PAIRS} pairs, got a minimum of {self.min_pairs}")
        if self.max_pairs < self.min_pairs:
            raise InputError(
                f"a precision needs at least {self.min_pairs} replications, but at most {self.max_pairs} are allowed"
            )

    def checkpoints(self) -> tuple[int, ...]:
        """Numbers of pairs after which the rule looks, the last being `max_pairs`."""
        looks: list[int] = []
        for k in grid(self.min_pairs):
            if k >= self.max_pairs:
                return (*looks, self.max_pairs)
            looks.append(k)
        raise AssertionError("the grid has no end")

    def next_after(self, pairs: int) -> int | None:
        """The first checkpoint above a number of pairs; None when there is none."""
        return next((k for k in self.checkpoints() if k > pairs), None)


def grid(start: int = MIN_PAIRS) -> Iterator[int]:
    """Numbers of pairs after which a rule without maximum looks, without end."""
    k = start
    while True:
        yield k
        k = int(np.ceil(round(k * GROWTH, 9)))


@dataclass(frozen=True)
class Verdict:
    """What was reached with so many pairs.

    Attributes:
        pairs: pairs that were looked at.
        reached: every half-width is small enough.
        half_widths: shape (members,); infinite for one that is defined in fewer replicates than the fewest pairs.
        target: half-width that was asked for, in units of the outcome.
        relative: largest half-width over |gain|; NaN without a gain, infinite when the gain is 0.
        worst: which member has the largest half-width.
        gain_is_clear: the interval of the gain does not cover 0; otherwise a relative precision may be out of reach.
        forecast: pairs at which the rule would stop if the data went on as they were; equal to `pairs` when reached,
            None when out of sight.
    """

    pairs: int
    reached: bool
    half_widths: Array
    target: float
    relative: float
    worst: int
    gain_is_clear: bool
    forecast: int | None

    @property
    def half_width(self) -> float:
        """The largest half-width."""
        return float(self.half_widths[self.worst]) if len(self.half_widths) else 0.0

    def more_worlds(self, worlds_per_replicate: int) -> int | None:
        """About how many worlds more the precision would take; None when out of sight."""
        return None if self.forecast is None else (self.forecast - self.pairs) * worlds_per_replicate


def judge(rule: Rule, samples: ArrayLike, gain: ArrayLike | None = None) -> Verdict:
    """Look at replicates and say whether they are enough.

    Args:
        rule: what is asked for.
        samples: shape (members, R): every Shapley value and pair, replicate by replicate.
        gain: gain of the grand coalition, shape (R,); needed for a relative precision.

    Raises:
        InputError: a relative precision without a gain.
    """
    data = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    pairs = data.shape[-1]
    critical = critical_value(data, rule.level) if rule.simultaneous else None
    found = stopped_interval(data, rule.level, critical)
    half = (found.high - found.low) / 2.0
    target, relative, clear, size = np.inf, np.nan, True, 0.0
    if gain is not None:
        whole = stopped_interval(gain, rule.level)
        size = abs(float(whole.estimate))
        clear = not (float(whole.low) <= 0.0 <= float(whole.high))
    elif rule.relative is not None:
        raise InputError("a relative precision needs the gain of the grand coalition")
    if rule.relative is not None:
        target = rule.relative * size
    if rule.absolute is not None:
        target = min(target, rule.absolute)
    # A member that is undefined (NaN) in all but a few replicates is never precise enough.
    known = np.where(np.isnan(half) | (found.n < rule.min_pairs), np.inf, half)
    worst = int(np.argmax(known)) if len(known) else 0
    largest = float(known[worst]) if len(known) else 0.0
    if gain is not None:
        relative = largest / size if size > 0.0 else (np.inf if largest > 0.0 else 0.0)
    reached = pairs >= rule.min_pairs and largest <= target
    ahead = pairs if reached else _forecast(rule, data, critical, target, pairs)
    return Verdict(pairs, reached, known, target, relative, worst, clear, ahead)


def stop_at(rule: Rule, samples: ArrayLike, gain: ArrayLike | None = None) -> Verdict | None:
    """The verdict at the first checkpoint whose first k replicates are enough.

    Args:
        rule: what is asked for.
        samples: shape (members, R).
        gain: shape (R,).

    Returns:
        None when none of the checkpoints up to R is enough.
    """
    data = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    whole = None if gain is None else np.asarray(gain, dtype=np.float64)
    for k in rule.checkpoints():
        if k > data.shape[-1]:
            break
        verdict = judge(rule, data[:, :k], None if whole is None else whole[:k])
        if verdict.reached:
            return verdict
    return None


def _forecast(rule: Rule, data: Array, critical: float | None, target: float, pairs: int) -> int | None:
    """The first look with half-widths of at most `target` if spread and skewness stay as they are."""
    spread, skew = moments(data).spread, np.abs(skewness(data))
    if not target > 0.0 or np.isnan(spread).any():
        return None
    for k in grid(rule.min_pairs):
        if k > _FORECAST_UP_TO:
            return None
        q = critical if critical is not None else float(student(k - 1, rule.level))
        if k > pairs and float(np.max(q * spread / np.sqrt(k) * (1.0 + WIDENING * skew / np.sqrt(k)))) <= target:
            return k
    return None
