"""Graphs and seeds as callers have them: whatever they bring becomes a `Graph` and node numbers, or a clear refusal."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.social.csr import Graph, from_networkx
from agorasim.errors import InputError, unknown


def any_graph(graph: Any, n: int | None, directed: bool) -> tuple[Graph, list[Any] | None]:
    """Whatever a caller has as a `Graph`, and the networkx nodes behind its numbers (None for numbers).

    Takes networkx graphs, `Graph`s, scipy sparse matrices, and with `n` integer edge arrays (m, 2) and "complete".
    """
    if isinstance(graph, str):
        if graph != "complete":
            raise InputError(f"graph must be a graph, an edge array or 'complete', got {graph!r}")
        return Graph.complete_of(whole("n", _needed(n, "graph='complete'"), 1)), None
    if hasattr(graph, "is_directed") and hasattr(graph, "nodes"):
        if len(graph) == 0:
            raise InputError("the graph has no nodes")
        made, nodes = from_networkx(graph)
    elif isinstance(graph, Graph):
        made, nodes = graph, None
    elif hasattr(graph, "tocoo"):
        made, nodes = _from_sparse(graph), None
    else:
        return Graph.from_edges(graph, whole("n", _needed(n, "an edge array"), 1), directed), None
    if n is not None and n != made.n:
        raise InputError(f"n={n}, but the graph has {made.n} nodes")
    return made, nodes


def _needed(n: int | None, what: str) -> int:
    if n is None:
        raise InputError(f"{what} needs n, the number of nodes")
    return n


def _from_sparse(matrix: Any) -> Graph:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"an adjacency matrix is square, got shape {matrix.shape}")
    directed = bool(abs(matrix - matrix.T).max() > 0) if matrix.nnz else False
    cells = matrix.tocoo()
    kept = cells.data != 0
    data = cells.data[kept].astype(np.float64)
    weights = None if len(data) == 0 or (data == data[0]).all() else data
    return Graph.from_edges(np.column_stack((cells.row[kept], cells.col[kept])), matrix.shape[0], directed, weights)


def whole(name: str, value: Any, least: int) -> int:
    """A whole number of at least `least`, or an InputError that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def real(name: str, value: Any, most: float) -> float:
    """A number from 0 to `most` (1 or infinity), or an InputError that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(f"{name} must be a number, got {value!r}")
    if not 0.0 <= value <= most or math.isinf(value):
        raise InputError(f"{name} must be {'from 0 to 1' if most == 1.0 else 'at least 0'}, got {value!r}")
    return float(value)


def any_seeds(seeds: Any, k: int, graph: Graph, nodes: list[Any] | None) -> NDArray[np.int32] | int:
    """Node numbers, or how many to draw in each replication."""
    if isinstance(seeds, str):
        if seeds not in ("degree", "random"):
            raise InputError(unknown("choice of seeds", seeds, ("degree", "random")))
        count = _at_most(whole("k", k, 0), graph.n)
        if seeds == "random":
            return count
        return np.argsort(-graph.degree(), kind="stable")[:count].astype(np.int32)
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        return _at_most(whole("seeds", seeds, 0), graph.n)
    try:
        wanted = list(seeds)
    except TypeError:
        raise InputError(f"seeds must be nodes, a whole number, 'degree' or 'random', got {seeds!r}") from None
    number = None if nodes is None else {node: i for i, node in enumerate(nodes)}
    found = []
    for node in wanted:
        if number is not None:
            i = number.get(node, -1) if isinstance(node, Hashable) else -1
        else:
            i = int(node) if isinstance(node, (int, np.integer)) and 0 <= node < graph.n else -1
        if i < 0:
            raise InputError(f"seed {node!r} is not a node of the graph" + ("" if nodes else f" (0 to {graph.n - 1})"))
        found.append(i)
    return np.array(list(dict.fromkeys(found)), dtype=np.int32)


def _at_most(count: int, n: int) -> int:
    if count > n:
        raise InputError(f"{count} seeds are more than the {n} nodes")
    return count
