"""Shapley values of more channels than all coalitions can be run for: sampled orders of arrival.

Every replicate draws its own orders (Castro, Gomez & Tejada 2009, Polynomial calculation of the Shapley value based on
sampling, Computers & Operations Research 36), each followed by its reverse (antithetic; Mitchell et al. 2022, Sampling
permutations for Shapley value estimation, JMLR 23). A channel's mean marginal contribution over the orders of a
replicate is one unbiased observation of its Shapley value. As orders are independent between replicates, the spread of
those observations holds both errors, that of the worlds and that of the sampled orders; their interval needs no
second term, and both shrink with more replicates. Efficiency and the exact 0 of a channel that changes nothing hold
in every replicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Orders:
    """Orders of arrival of one replicate.

    Attributes:
        channels: how many channels, n.
        orders: shape (m, n), each row a permutation of 0..n-1; row 2k + 1 is the reverse of row 2k.
    """

    channels: int
    orders: NDArray[np.int64]

    @cached_property
    def prefixes(self) -> NDArray[np.int64]:
        """Coalitions that the orders pass through, as bit masks, shape (m, n + 1): empty first, all last."""
        bits = np.left_shift(np.int64(1), self.orders)
        empty = np.zeros((len(self.orders), 1), dtype=np.int64)
        return np.concatenate([empty, np.cumsum(bits, axis=1)], axis=1)

    @cached_property
    def coalitions(self) -> NDArray[np.int64]:
        """The coalitions whose worlds this replicate needs, as bit masks, ascending, each once."""
        return np.unique(self.prefixes)


def orders_of(channels: int, replicate: int, *, orders: int = 4, seed: int = 0) -> Orders:
    """Orders of arrival for a replicate; they depend on these numbers alone.

    Args:
        channels: how many channels, 2 to 62.
        replicate: number of the replicate.
        orders: how many orders, even; with 4 or more the error of sampling can be told from that of the worlds.
        seed: of the draws.

    Raises:
        InputError: a number cannot be.
    """
    if not 2 <= channels <= 62:
        raise InputError(f"orders of arrival need 2 to 62 channels, got {channels}")
    if orders < 2 or orders % 2:
        raise InputError(f"orders of arrival come in pairs: give an even number of at least 2, got {orders}")
    rng = np.random.default_rng([seed, channels, replicate])
    drawn = np.stack([rng.permutation(channels) for _ in range(orders // 2)])
    both = np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(orders, channels)
    return Orders(channels, both.astype(np.int64))


def worlds_per_replicate(channels: int, orders: int = 4) -> int:
    """Most worlds that a replicate needs: the empty and the full one, and n - 1 between them an order."""
    return 2 + orders * (channels - 1)


def sampled_shapley(plan: Orders, v: ArrayLike) -> Array:
    """Shapley values of one replicate, one estimate for each order and its reverse.

    Args:
        plan: the replicate's orders.
        v: outcome of `plan.coalitions`, in that order: shape (..., coalitions).

    Returns:
        Shape (..., n, m / 2). Their mean over the last axis is the replicate's observation; it sums to v(N) - v(0).
    """
    data = np.asarray(v, dtype=np.float64)
    if data.shape[-1] != len(plan.coalitions):
        raise InputError(f"the orders need {len(plan.coalitions)} worlds, got {data.shape[-1]}")
    along = data[..., np.searchsorted(plan.coalitions, plan.prefixes)]
    marginal = np.diff(along, axis=-1)
    by_channel = np.empty_like(marginal)
    np.put_along_axis(by_channel, np.broadcast_to(plan.orders, marginal.shape), marginal, axis=-1)
    halves = by_channel.reshape(*by_channel.shape[:-2], -1, 2, plan.channels).mean(axis=-2)
    return np.swapaxes(halves, -1, -2)


def sampling_share(estimates: ArrayLike) -> Array:
    """Share of the variance of a replicate's observation that comes from sampling orders, 0 to 1.

    The estimates of one replicate differ through their orders alone, so their variance within replicates is that of
    sampling (one-way analysis of variance).

    Args:
        estimates: shape (..., h, R): the h estimates of `sampled_shapley` in each replicate.

    Returns:
        Shape (...); NaN with fewer than two estimates or replicates, or without any variance.
    """
    data = np.asarray(estimates, dtype=np.float64)
    h, replicates = data.shape[-2:]
    if h < 2 or replicates < 2:
        return np.full(data.shape[:-2], np.nan)
    within = data.var(axis=-2, ddof=1).mean(axis=-1) / h
    total = data.mean(axis=-2).var(axis=-1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0.0, np.minimum(within / total, 1.0), np.nan)
