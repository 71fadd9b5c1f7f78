"""Channels as players of a game: what a coalition of channels is worth, and how that splits among its members.

`v` holds the outcome of every coalition of n channels: shape (..., 2**n, R), worlds before replicates. Channels stand
in sorted order; coalition S has the index sum of 2**k over its channels k, so index 0 is the world without any of them
and 2**n - 1 the world with all. Everything here is done replicate by replicate: results keep the last axis, and
intervals are taken over it afterwards.

A channel whose presence changes no outcome gets exactly 0.0 everywhere: each result is a weighted sum of differences
between worlds that differ in that channel, never a difference of sums. Adding is in one fixed order, so that the last
bit depends neither on threads nor on how many replicates there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from math import comb
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.errors import InputError, unknown

EXACT_UP_TO: Final = 10
"""Most channels for which all 2**n coalitions are meant to be run; above, see `sampling`."""

#: What is no more than this share of the figures that it comes from is their rounding: eight units in the last place.
_ROUNDING: Final = 8.0 * float(np.finfo(np.float64).eps)

Array = NDArray[np.float64]


# --- coalitions and their names -------------------------------------------------------------------------------------


def label(channels: Iterable[str]) -> str:
    """Channels of a coalition as one text: sorted, joined by "+"; "" for none."""
    return "+".join(sorted(channels))


def coalition_index(members: Iterable[str], channels: Iterable[str]) -> int:
    """Position of a coalition on the worlds axis.

    Args:
        members: channels in the coalition, in any order.
        channels: the channels of the game, in any order.

    Raises:
        InputError: a member is no channel of the game.
    """
    order = {name: k for k, name in enumerate(sorted(set(channels)))}
    index = 0
    for name in members:
        if name not in order:
            raise InputError(unknown("channel", name, order))
        index |= 1 << order[name]
    return index


def members(index: int, channels: Iterable[str]) -> tuple[str, ...]:
    """Channels of the coalition at a position of the worlds axis, sorted."""
    return tuple(name for k, name in enumerate(sorted(set(channels))) if index >> k & 1)


def coalitions(channels: Iterable[str]) -> list[tuple[str, ...]]:
    """All 2**n coalitions in the order of the worlds axis, each sorted; the first is empty, the last has all."""
    names = sorted(set(channels))
    return [members(index, names) for index in range(2 ** len(names))]


def pairs(n: int) -> list[tuple[int, int]]:
    """Pairs of n channels in the order in which pairwise results are given: (0, 1), (0, 2), ..., (n - 2, n - 1)."""
    return list(combinations(range(n), 2))


def pair_labels(channels: Iterable[str]) -> list[str]:
    """Names of the pairs, in the order of `pairs`."""
    return [label(pair) for pair in combinations(sorted(set(channels)), 2)]


def players(v: ArrayLike) -> int:
    """How many channels a game of shape (..., 2**n, R) has. InputError when the worlds axis is no power of two."""
    shape = np.shape(v)
    if len(shape) < 2:
        raise InputError(f"a game needs a worlds and a replicates axis, got an array of shape {shape}")
    n = int(shape[-2]).bit_length() - 1
    if shape[-2] != 2**n:
        raise InputError(f"a game of n channels has 2**n worlds, got {shape[-2]}")
    return n


# --- values ---------------------------------------------------------------------------------------------------------


def gain(v: ArrayLike) -> Array:
    """What all channels together add: v(N) - v(0), shape (..., R)."""
    data = np.asarray(v, dtype=np.float64)
    players(data)
    return data[..., -1, :] - data[..., 0, :]


def shapley(v: ArrayLike) -> Array:
    """Shapley values (Shapley 1953): a channel's marginal contribution, averaged over all orders of arrival.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)).

    Args:
        v: shape (..., 2**n, R).

    Returns:
        Shape (..., n, R). For each replicate the values sum to v(N) - v(0) up to rounding.

    Raises:
        InputError: the worlds axis is no power of two.
    """
    data = np.asarray(v, dtype=np.float64)
    n = players(data)
    out = np.zeros((*data.shape[:-2], n, data.shape[-1]))
    weights = np.array([1.0 / (n * comb(n - 1, size)) for size in range(n)])
    for i in range(n):
        without = _without(n, i)
        marginal = data[..., without | 1 << i, :] - data[..., without, :]
        out[..., i, :] = _weighted(weights[_sizes(without)], marginal)
    return out


def shapley_interaction(v: ArrayLike) -> Array:
    """Shapley interaction index of every pair (Grabisch & Roubens 1999, An axiomatic approach to the concept of
    interaction among players in cooperative games, Int. J. Game Theory 28).

    I_ij = sum over S without i, j of |S|! (n - |S| - 2)! / (n - 1)! (v(S + ij) - v(S + i) - v(S + j) + v(S)).

    Args:
        v: shape (..., 2**n, R).

    Returns:
        Shape (..., n (n - 1) / 2, R), pairs in the order of `pairs`. Positive: the two are worth more together.
    """
    data = np.asarray(v, dtype=np.float64)
    n = players(data)
    out = np.zeros((*data.shape[:-2], comb(n, 2), data.shape[-1]))
    weights = np.array([1.0 / ((n - 1) * comb(n - 2, size)) for size in range(n - 1)])
    for at, (i, j) in enumerate(pairs(n)):
        without = _without(n, i, j)
        out[..., at, :] = _weighted(weights[_sizes(without)], _second(data, without, i, j))
    return out


def interaction_empty(v: ArrayLike) -> Array:
    """Pairwise interaction when nothing else is there: v(ij) - v(i) - v(j) + v(0), shape (..., n (n - 1) / 2, R)."""
    data = np.asarray(v, dtype=np.float64)
    return _at(data, players(data), full=False)


def interaction_full(v: ArrayLike) -> Array:
    """Pairwise interaction on top of all others: v(N) - v(N - i) - v(N - j) + v(N - ij), shape as for the empty one."""
    data = np.asarray(v, dtype=np.float64)
    return _at(data, players(data), full=True)


def dividends(v: ArrayLike) -> Array:
    """Harsanyi dividends (Harsanyi 1963), the Moebius transform: what a coalition adds beyond all its parts.

    d(S) = sum over T in S of (-1)**(|S| - |T|) v(T), so that v(S) = sum over T in S of d(T).

    Args:
        v: shape (..., 2**n, R).

    Returns:
        Shape (..., 2**n, R), coalitions in the order of `v`; d at index 0 is v(0).
    """
    out = np.array(v, dtype=np.float64)
    n = players(out)
    for k in range(n):
        # A view: (..., coalitions of later channels, without or with k, coalitions of earlier channels, replicates).
        split = out.reshape(*out.shape[:-2], 2 ** (n - 1 - k), 2, 2**k, out.shape[-1])
        split[..., 1, :, :] -= split[..., 0, :, :]
    most = np.abs(np.asarray(v, dtype=np.float64)).max(axis=-2, keepdims=True)
    # A dividend adds up 2**|S| outcomes.
    return _rounded(out, most * 2.0 ** _sizes(np.arange(2**n))[:, None])


def incremental(v: ArrayLike) -> Array:
    """What each channel adds on top of all the others: v(N) - v(N - i), shape (..., n, R)."""
    data = np.asarray(v, dtype=np.float64)
    n = players(data)
    full = 2**n - 1
    return np.stack([data[..., full, :] - data[..., full & ~(1 << i), :] for i in range(n)], axis=-2)


def second_difference(both: Array, only_b: Array, only_a: Array, neither: Array) -> Array:
    """Outcomes (both - only_b) - (only_a - neither), arrays of one shape; 0 where it is nothing but rounding.

    Grouped so that it is exactly 0 when a changes nothing. Two that only add up, such as costs, would otherwise leave
    a last bit, which is the same in every replicate and would pass for an interaction that is sure.
    """
    most = np.maximum(np.maximum(np.abs(both), np.abs(only_b)), np.maximum(np.abs(only_a), np.abs(neither)))
    return _rounded((both - only_b) - (only_a - neither), most)


def _rounded(values: Array, most: Array) -> Array:
    """Values with 0 in place of what is no more than the rounding of figures as large as `most`."""
    made: Array = np.where(np.abs(values) <= _ROUNDING * most, 0.0, values)
    return made


def _at(data: Array, n: int, *, full: bool) -> Array:
    out = np.empty((*data.shape[:-2], comb(n, 2), data.shape[-1]))
    for at, (i, j) in enumerate(pairs(n)):
        rest = (2**n - 1) & ~(1 << i | 1 << j) if full else 0
        out[..., at, :] = _second(data, np.array([rest]), i, j)[..., 0, :]
    return out


def _second(data: Array, without: NDArray[np.int64], i: int, j: int) -> Array:
    """Second difference in i and j."""
    a, b = 1 << i, 1 << j
    return second_difference(
        data[..., without | a | b, :], data[..., without | b, :], data[..., without | a, :], data[..., without, :]
    )


def _weighted(weights: Array, values: Array) -> Array:
    """Weighted sum over the worlds axis, one world after another whatever the shape: `sum` and `einsum` may regroup."""
    made: Array = np.add.accumulate(weights[:, None] * values, axis=-2)[..., -1, :]
    return made


def _without(n: int, *absent: int) -> NDArray[np.int64]:
    """Coalitions that hold none of the named channels, ascending."""
    every = np.arange(2**n)
    for k in absent:
        every = every[every >> k & 1 == 0]
    return every


def _sizes(index: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.bitwise_count(index).astype(np.intp)


def names_of(channels: Sequence[str]) -> list[str]:
    """Channels sorted and checked: at least one, none twice. InputError otherwise."""
    names = sorted(channels)
    if not names:
        raise InputError("no channel is named; name at least one")
    if twice := sorted({a for a, b in pairwise(names) if a == b}):
        raise InputError(f"channel named twice: {', '.join(twice)}")
    return names
