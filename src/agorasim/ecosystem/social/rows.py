"""The compiled loops that turn a list of ties into compressed sparse rows: counting sort, then short rows in place."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim._compile import kernel

_SHORT_ROW: Final = 24


def row_numbers(indptr: NDArray[np.int64], m: int) -> NDArray[np.int32]:
    """The row of each entry."""
    out = np.empty(m, dtype=np.int32)
    _fillrow_numbers(indptr, out)
    return out


@kernel
def _fillrow_numbers(indptr: Any, out: Any) -> None:
    for u in range(len(indptr) - 1):
        for k in range(indptr[u], indptr[u + 1]):
            out[k] = u


@kernel
def count(sources: Any, targets: Any, directed: bool, ends: Any) -> None:
    """Row ends, as if every row were filled from its end downwards."""
    for e in range(len(sources)):
        u, v = sources[e], targets[e]
        if u != v:
            ends[u] += 1
            if not directed:
                ends[v] += 1
    total = 0
    for u in range(len(ends)):
        total += ends[u]
        ends[u] = total


@kernel
def place(sources: Any, targets: Any, weights: Any, directed: bool, ends: Any, neighbours: Any, values: Any) -> None:
    """Fill the rows from their ends; afterwards `ends` holds their starts, which is indptr."""
    weighted = len(values) > 0
    for e in range(len(sources)):
        u, v = sources[e], targets[e]
        if u == v:
            continue
        ends[u] -= 1
        neighbours[ends[u]] = v
        if weighted:
            values[ends[u]] = weights[e]
        if not directed:
            ends[v] -= 1
            neighbours[ends[v]] = u
            if weighted:
                values[ends[v]] = weights[e]


@kernel
def _sift(rows: Any, values: Any, start: int, root: int, size: int) -> None:
    weighted = len(values) > 0
    while True:
        child = 2 * root + 1
        if child >= size:
            return
        if child + 1 < size and rows[start + child] < rows[start + child + 1]:
            child += 1
        if rows[start + root] >= rows[start + child]:
            return
        rows[start + root], rows[start + child] = rows[start + child], rows[start + root]
        if weighted:
            values[start + root], values[start + child] = values[start + child], values[start + root]
        root = child


@kernel
def _sort_row(rows: Any, values: Any, start: int, stop: int) -> None:
    """Ascending in place: insertion sort for short rows, heap sort for hubs (never quadratic)."""
    weighted = len(values) > 0
    size = stop - start
    if size <= _SHORT_ROW:
        for i in range(start + 1, stop):
            node = rows[i]
            weight = values[i] if weighted else np.float32(0.0)
            k = i
            while k > start and rows[k - 1] > node:
                rows[k] = rows[k - 1]
                if weighted:
                    values[k] = values[k - 1]
                k -= 1
            rows[k] = node
            if weighted:
                values[k] = weight
        return
    for root in range(size // 2 - 1, -1, -1):
        _sift(rows, values, start, root, size)
    for last in range(size - 1, 0, -1):
        rows[start], rows[start + last] = rows[start + last], rows[start]
        if weighted:
            values[start], values[start + last] = values[start + last], values[start]
        _sift(rows, values, start, 0, last)


@kernel
def tidy(indptr: Any, rows: Any, values: Any) -> int:
    """Sort each row, merge repeated ties (the largest weight stays) and close the gaps; returns the entries kept."""
    weighted = len(values) > 0
    kept = 0
    start = indptr[0]
    for u in range(len(indptr) - 1):
        stop = indptr[u + 1]
        _sort_row(rows, values, start, stop)
        first = kept
        for k in range(start, stop):
            if kept > first and rows[kept - 1] == rows[k]:
                if weighted and values[k] > values[kept - 1]:
                    values[kept - 1] = values[k]
                continue
            rows[kept] = rows[k]
            if weighted:
                values[kept] = values[k]
            kept += 1
        indptr[u] = first
        start = stop
    indptr[len(indptr) - 1] = kept
    return int(kept)
