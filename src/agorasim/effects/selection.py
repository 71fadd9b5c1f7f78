"""Choosing the best of several policies or variants with a stated probability of being right.

Procedure KN, fully sequential (Kim & Nelson 2001, A fully sequential procedure for indifference-zone selection in
simulation, ACM TOMACS 11): after a first stage that estimates the variance of every difference, arms fall out as soon
as they are clearly worse than another. If the best is better than the next by at least `delta`, it is chosen with
probability of at least `confidence`. Where others are closer than `delta`, one of those may be chosen instead; that is
not proven, but measured in docs/statistics.md. Common random numbers are welcome: only differences matter, and arms
that move together separate sooner. Outcomes are taken to be normal, which sums over many consumers nearly are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import check_level
from agorasim.effects.stopping import MIN_PAIRS
from agorasim.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contest:
    """How to choose.

    Attributes:
        delta: smallest difference worth telling apart, in units of the outcome.
        confidence: probability of correct selection.
        first: replicates of the first stage.
        batch: replicates between two looks after that.
        maximise: the larger mean is better.
    """

    delta: float
    confidence: float = 0.95
    first: int = MIN_PAIRS
    batch: int = 1
    maximise: bool = True

    def __post_init__(self) -> None:
        check_level(self.confidence)
        if not (np.isfinite(self.delta) and self.delta > 0.0):
            raise InputError(f"delta, the smallest difference that matters, must be a number above 0, got {self.delta}")
        if self.first < 2 or self.batch < 1:
            raise InputError(f"the first stage needs 2 replicates and a batch 1, got {self.first} and {self.batch}")


@dataclass(frozen=True)
class Choice:
    """What is known after some replicates; arrays have the leading axes of the input.

    Attributes:
        best: index of the chosen arm; of the leading one while `decided` is false.
        decided: one arm is left, or the rest is within the indifference zone.
        alive: shape (..., k): arms still in.
        fell_after: shape (..., k): replicates after which an arm fell out; 0 while it is in.
        pairs: replicates that were used: at the decision, or all that are there.
        at_most: replicates after which a decision is certain.
    """

    best: NDArray[np.int64]
    decided: NDArray[np.bool_]
    alive: NDArray[np.bool_]
    fell_after: NDArray[np.int64]
    pairs: NDArray[np.int64]
    at_most: NDArray[np.int64]


def select(contest: Contest, values: ArrayLike) -> Choice:
    """Follow the contest through the replicates that are there; the same replicates give the same course.

    Args:
        contest: how to choose.
        values: shape (..., k, R) with k >= 2 and R >= `contest.first`: outcomes, arms before replicates that share
            their random numbers. What stands in an arm's place after it fell out is not looked at (NaN will do).

    Raises:
        InputError: fewer than two arms or too few replicates.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.ndim < 2 or data.shape[-2] < 2:
        raise InputError("a choice needs at least two arms")
    k, replicates = data.shape[-2:]
    first = contest.first
    if replicates < first:
        raise InputError(f"the first stage of a choice needs {first} replicates, got {replicates}")
    sign = 1.0 if contest.maximise else -1.0
    start = sign * data[..., :first]
    if np.isnan(start).any():
        raise InputError("an outcome of the first stage is undefined; only arms with a number can be compared")
    differences = start[..., :, None, :] - start[..., None, :, :]
    spread = differences.var(axis=-1, ddof=1)
    # With c = 1 in the paper's notation; Bonferroni over k - 1 rivals, as arms share random numbers.
    eta = 0.5 * ((2.0 * (1.0 - contest.confidence) / (k - 1)) ** (-2.0 / (first - 1)) - 1.0)
    reach = 2.0 * eta * (first - 1) * spread / contest.delta**2
    lead = data.shape[:-2]
    alive = np.ones((*lead, k), dtype=np.bool_)
    fell = np.zeros((*lead, k), dtype=np.int64)
    pairs = np.full(lead, replicates, dtype=np.int64)
    decided = np.zeros(lead, dtype=np.bool_)
    best = np.zeros(lead, dtype=np.int64)
    sums = start.sum(axis=-1)
    r = first
    while True:
        both = alive[..., :, None] & alive[..., None, :]
        mean = np.where(alive, sums / r, -np.inf)
        margin = np.maximum(0.0, contest.delta / (2.0 * r) * (reach - r))
        with np.errstate(invalid="ignore"):
            beaten = both & (mean[..., :, None] < mean[..., None, :] - margin)
        out = beaten.any(axis=-1) & alive & ~decided[..., None]
        fell[out] = r
        alive &= ~out
        best = np.where(decided, best, np.argmax(mean, axis=-1))
        longest = np.where(alive[..., :, None] & alive[..., None, :], reach, 0.0).max(axis=(-2, -1))
        now = ~decided & ((alive.sum(axis=-1) == 1) | (r >= np.floor(longest) + 1))
        pairs[now] = r
        decided |= now
        if r >= replicates or decided.all():
            break
        step = min(contest.batch, replicates - r)
        fresh = np.where(alive[..., None], sign * data[..., r : r + step], 0.0).sum(axis=-1)
        if np.isnan(np.where(decided[..., None], 0.0, fresh)).any():
            raise InputError(f"an arm still in the contest has no outcome in replicates {r} to {r + step - 1}")
        sums = sums + fresh
        r += step
    ceiling = np.maximum(np.floor(longest).astype(np.int64) + 1, first)
    return Choice(best, decided, alive, fell, pairs, np.where(decided, pairs, ceiling))
