"""Ties between homes: probability min(1, c exp(-distance / scale)), with c such that the mean degree comes out.

Source: the exponential deterrence of Waxman (1988), "Routing of multipoint connections". People are sorted into square
cells; each pair of cells has a largest probability, at which candidate pairs are skipped to, and thinned to their own.
So the work grows with the ties, not with the pairs.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim._compile import inlined, kernel
from agorasim.ecosystem.social.csr import Graph, check_size
from agorasim.ecosystem.social.generators import all_pairs, check_ties, collect
from agorasim.ecosystem.social.linking import below, fine, words
from agorasim.errors import InputError
from agorasim.randomness import stable_id, stream

_REACH: Final = 12.0  #: scales beyond which exp(-distance / scale) is neglected; 8e-5 of the ties in an even plane
_BINS: Final = 4096
_PEOPLE: Final = 4096  #: people whose distances to everybody are measured to find c
_FEW: Final = 4
_NEVER: Final = 1e-15  #: probability whose skips would leave 64 bits


def spatial(
    x: Any, y: Any, degree: float = 8.0, scale: float = 1.0, *, seed: int = 0, replicate: int = 0, name: str = "graph"
) -> Graph:
    """Ties between homes at `x`, `y` (km, shape (n,)) that thin out as exp(-distance / scale), `scale` in km.

    The mean degree is `degree`, within the 1 % to which c is known for more than 4096 people. InputError: coordinates
    that are not finite or differ in length, a degree or scale that is not positive.
    """
    xs, ys = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise InputError(f"x and y must be one number each a node, got shapes {xs.shape} and {ys.shape}")
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise InputError("x and y must be finite")
    if not 0.0 < scale < math.inf:
        raise InputError(f"scale must be positive, in km, got {scale}")
    n = len(xs)
    check_size(n)
    check_ties(n, degree)
    if degree >= n - 1:
        return all_pairs(n)
    extent = max(float(np.ptp(xs)), float(np.ptp(ys)), scale)
    now, measure, tie = stream(seed, replicate), stable_id("layer", name, "measure"), stable_id("layer", name)
    reach = _REACH
    while True:
        cell = scale * max(1.0, reach / 16.0, extent / scale / 2**30)
        order, keys, starts = _cells(xs, ys, cell)
        ordered = (xs[order], ys[order])
        everybody_in_reach = reach * scale >= extent * math.sqrt(2.0)
        counts = np.zeros(_BINS, dtype=np.float64)
        _measure(now, measure, *ordered, order, keys, starts, cell, reach * scale, counts)
        log_c = _solve(counts, reach, degree * n / 2)
        enough = reach if log_c is None else _REACH + max(0.0, log_c)
        if log_c is not None and (enough <= reach or everybody_in_reach):
            break
        reach = 2.0 * reach if log_c is None else enough
    return collect(
        n,
        1.02 * n * degree / 2,
        lambda s, t: int(_tie(now, tie, *ordered, order, keys, starts, cell, reach * scale, scale, log_c, s, t)),
    )


def _cells(
    x: NDArray[np.float64], y: NDArray[np.float64], cell: float
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """People in the order of their cells, the occupied cells' keys (ascending) and where each cell starts."""
    column = np.floor((x - x.min()) / cell).astype(np.int64)
    row = np.floor((y - y.min()) / cell).astype(np.int64)
    key = (column << 32) + row
    order = np.argsort(key, kind="stable").astype(np.int32)
    keys, starts = np.unique(key[order], return_index=True)
    return order, keys, np.append(starts, len(x)).astype(np.int64)


def _solve(counts: NDArray[np.float64], reach: float, ties: float) -> float | None:
    """The logarithm of the c at which the pairs in the bins give that many ties; None when not even all pairs do."""
    if counts.sum() < ties:
        return None
    distance = (np.arange(_BINS) + 0.5) * reach / _BINS

    def expected(log_c: float) -> float:
        return float((counts * np.exp(np.minimum(0.0, log_c - distance))).sum())

    low, high = math.log(ties) - math.log(counts.sum()) - 1.0, reach
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if expected(middle) < ties else (low, middle)
    return 0.5 * (low + high)


@inlined
def _nearest(steps: int, cell: float) -> float:
    """The least distance along one axis between cells that many steps apart."""
    return max(0, abs(steps) - 1) * cell


@kernel
def _first_at_least(keys: Any, wanted: int) -> int:
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _measure(
    now: Any, entity: int, x: Any, y: Any, order: Any, keys: Any, starts: Any, cell: float, limit: float, counts: Any
) -> None:
    """Pairs by distance, in equal bins up to `limit`: an even sample of people against everybody, far cells sampled."""
    n = len(x)
    people = min(n, _PEOPLE)
    around = math.ceil(limit / cell)
    home = 0
    for sample in range(people):
        i = sample * n // people
        while starts[home + 1] <= i:
            home += 1
        column, row = keys[home] >> 32, keys[home] & 0xFFFFFFFF
        number = 0
        for across in range(-around, around + 1):
            if column + across < 0:
                continue
            key = ((column + across) << 32) + max(0, row - around)
            b = _first_at_least(keys, key)
            while b < len(keys) and keys[b] <= ((column + across) << 32) + row + around:
                start, size = starts[b], starts[b + 1] - starts[b]
                drawn = size if size <= _FEW else (_FEW if abs(across) <= 2 else 2)
                weight = 0.5 * n / people * size / drawn
                for k in range(drawn):
                    j = start + k
                    if drawn < size:
                        u, v, _, _ = words(now, int(order[i]), entity, number)
                        number += 1
                        j = start + below(u, v, size)
                    place = int(math.hypot(x[i] - x[j], y[i] - y[j]) / limit * _BINS)
                    if j != i and place < _BINS:
                        counts[place] += weight
                b += 1


@kernel
def _tie(
    now: Any, entity: int, x: Any, y: Any, order: Any, keys: Any, starts: Any,
    cell: float, limit: float, scale: float, log_c: float, sources: Any, targets: Any,
) -> int:  # fmt: skip
    """List the ties; returns how many there are in all (only those that fit are stored)."""
    count = 0
    room = len(sources)
    around = math.ceil(limit / cell)
    for a in range(len(keys)):
        column, row = keys[a] >> 32, keys[a] & 0xFFFFFFFF
        first, size = starts[a], starts[a + 1] - starts[a]
        number = 0
        for across in range(around + 1):
            low = row if across == 0 else max(0, row - around)
            b = _first_at_least(keys, ((column + across) << 32) + low)
            while b < len(keys) and keys[b] <= ((column + across) << 32) + row + around:
                up = (keys[b] & 0xFFFFFFFF) - row
                nearest = math.hypot(_nearest(across, cell), _nearest(up, cell))
                most = math.exp(min(0.0, log_c - nearest / scale))
                start, width = starts[b], starts[b + 1] - starts[b]
                inverse = 0.0 if most >= 1.0 else 1.0 / math.log1p(-most)
                at = -1
                while nearest <= limit and most > _NEVER:
                    u, v, accept, _ = words(now, int(order[first]), entity, number)
                    number += 1
                    at += 1 + int(math.log(fine(u, v)) * inverse)
                    if at >= size * width:
                        break
                    i, j = first + at // width, start + at % width
                    if b == a and i >= j:
                        continue
                    distance = math.hypot(x[i] - x[j], y[i] - y[j])
                    if accept * most < math.exp(min(0.0, log_c - distance / scale)):
                        if count < room:
                            sources[count], targets[count] = order[i], order[j]
                        count += 1
                b += 1
    return count
