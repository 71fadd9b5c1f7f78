"""The one form of a graph inside the package: compressed sparse rows (CSR), built without sorting the edges.

Row u lists the nodes that u's messages reach. An undirected tie stands in both rows, a directed one in its sender's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.social.rows import count, place, row_numbers, tidy
from agorasim.errors import InputError

if TYPE_CHECKING:
    import networkx as nx

MAX_NODES: Final = 2**31 - 1
NETWORKX_LIMIT: Final = 100_000  #: nodes beyond which a networkx object would take gigabytes


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of nodes 0 .. n - 1 in compressed sparse rows. Worlds share it, so nobody writes into its arrays.

    ``indptr`` int64 (n + 1,), ``neighbours`` int32 (m,) ascending within each row, ``weights`` float32 (m,) or None;
    m counts an undirected tie twice. A ``complete`` graph has empty arrays: everybody is tied to everybody.
    """

    n: int
    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    directed: bool = False
    weights: NDArray[np.float32] | None = None
    complete: bool = False

    @property
    def entries(self) -> int:
        """Stored entries m: directed ties, or twice the undirected ones."""
        return self.n * (self.n - 1) if self.complete else len(self.neighbours)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.indptr.nbytes + self.neighbours.nbytes + (0 if self.weights is None else self.weights.nbytes)

    def degree(self) -> NDArray[np.int64]:
        """Ties that leave each node, shape (n,)."""
        if self.complete:
            return np.full(self.n, self.n - 1, dtype=np.int64)
        return np.diff(self.indptr)

    def neighbours_of(self, node: int) -> NDArray[np.int32]:
        """Nodes that `node`'s messages reach, ascending."""
        if self.complete:
            return np.delete(np.arange(self.n, dtype=np.int32), node)
        return self.neighbours[self.indptr[node] : self.indptr[node + 1]]

    def reverse(self) -> Graph:
        """The graph whose row v lists who reaches v; the same object when undirected."""
        if not self.directed or self.complete:
            return self
        sources = row_numbers(self.indptr, len(self.neighbours))
        return _build(self.neighbours, sources, self.n, True, self.weights)

    def edges(self) -> NDArray[np.int32]:
        """Every tie once, shape (m, 2): directed sender, receiver; undirected with the smaller number first."""
        self._refuse_complete("edges()")
        sources = row_numbers(self.indptr, len(self.neighbours))
        if self.directed:
            return np.column_stack((sources, self.neighbours))
        once = sources < self.neighbours
        return np.column_stack((sources[once], self.neighbours[once]))

    def edge_weights(self) -> NDArray[np.float32] | None:
        """Weights in the order of `edges()`, shape (m,); None when there are none."""
        if self.weights is None or self.directed:
            return self.weights
        once: NDArray[np.float32] = self.weights[row_numbers(self.indptr, len(self.neighbours)) < self.neighbours]
        return once

    def to_networkx(self) -> nx.Graph[int]:
        """The graph for networkx, with attribute "weight" when there are weights. InputError above 100,000 nodes."""
        if self.n > NETWORKX_LIMIT:
            raise InputError(
                f"a networkx graph of {self.n:,} nodes would take gigabytes; the limit is {NETWORKX_LIMIT:,} nodes. "
                f"Use indptr and neighbours (scipy.sparse takes them as they are)"
            )
        import networkx as nx

        if self.complete:
            everybody: nx.Graph[int] = nx.complete_graph(self.n)
            return everybody
        out: nx.Graph[int] = nx.DiGraph() if self.directed else nx.Graph()
        out.add_nodes_from(range(self.n))
        if self.weights is None:
            out.add_edges_from(self.edges().tolist())
            return out
        weights = self.edge_weights()
        assert weights is not None
        out.add_weighted_edges_from(
            (u, v, w) for (u, v), w in zip(self.edges().tolist(), weights.tolist(), strict=True)
        )
        return out

    def _refuse_complete(self, what: str) -> None:
        if self.complete:
            raise InputError(f"{what}: a complete graph is never written out")

    @staticmethod
    def from_edges(edges: Any, n: int, directed: bool = False, weights: Any = None) -> Graph:
        """The graph of an integer edge array (m, 2), optionally with weights (m,).

        Self-loops are dropped and repeated ties merged (the largest weight stays); undirected ties count once whichever
        way round they are given. InputError: wrong shape, node numbers outside 0 .. n - 1, a weight that is negative or
        not a number.
        """
        pairs = np.asarray(edges)
        if pairs.size == 0:
            pairs = np.empty((0, 2), dtype=np.int32)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise InputError(f"an edge array has shape (m, 2), got {pairs.shape}")
        if not np.issubdtype(pairs.dtype, np.integer):
            raise InputError(f"an edge array holds integers, got {pairs.dtype}")
        check_size(n)
        if len(pairs) and (pairs.min() < 0 or pairs.max() >= n):
            raise InputError(f"edges name nodes from {pairs.min()} to {pairs.max()}, but n={n} allows 0 to {n - 1}")
        values = None
        if weights is not None:
            values = np.ascontiguousarray(weights, dtype=np.float32)
            if values.shape != (len(pairs),):
                raise InputError(f"weights have shape ({len(pairs)},), one a row of edges; got {values.shape}")
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise InputError("weights must be finite and not negative")
        return _build(pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), n, directed, values)

    @staticmethod
    def complete_of(n: int) -> Graph:
        """Everybody tied to everybody, never written out."""
        check_size(n)
        return Graph(n, np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), complete=True)


def check_size(n: int) -> None:
    """InputError unless n is a possible number of nodes (node numbers are int32)."""
    if not 1 <= n <= MAX_NODES:
        raise InputError(f"the number of nodes n must be 1 to {MAX_NODES}, got {n}")


def from_networkx(graph: Any, weight: str = "weight") -> tuple[Graph, list[Any]]:
    """A networkx graph (simple, directed or multi) and its nodes in our order.

    Nodes that are all integers are sorted, others keep their order of appearance. Ties with the attribute `weight` make
    the graph weighted; a tie without it weighs 1.
    """
    nodes = list(graph.nodes)
    if all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in nodes):
        nodes.sort()
    number = {node: i for i, node in enumerate(nodes)}
    ties = list(graph.edges(data=weight))
    pairs = np.array([(number[u], number[v]) for u, v, _ in ties], dtype=np.int32).reshape(-1, 2)
    weights = None
    if any(w is not None for _, _, w in ties):
        weights = [tie_weight(w, u, v) for u, v, w in ties]
    return Graph.from_edges(pairs, len(nodes), graph.is_directed(), weights), nodes


def tie_weight(value: Any, u: Any, v: Any) -> float:
    """The weight of a networkx tie, 1 where it has none. InputError when it is no number of at least 0."""
    try:
        out = 1.0 if value is None else float(value)
    except (TypeError, ValueError):
        out = math.nan
    if not (math.isfinite(out) and out >= 0.0):
        raise InputError(f"the weight of tie {u!r} - {v!r} must be a number of at least 0, got {value!r}")
    return out


# --- building -------------------------------------------------------------------------------------------------------


def from_lists(sources: NDArray[np.int32], targets: NDArray[np.int32], n: int, directed: bool = False) -> Graph:
    """`from_edges` for two int32 arrays already known to be valid, without a copy."""
    return _build(sources, targets, n, directed, None)


def _build(
    sources: NDArray[np.int32], targets: NDArray[np.int32], n: int, directed: bool, weights: NDArray[np.float32] | None
) -> Graph:
    """Counting sort by source, then each short row in place: one array of the final size is all that is allocated."""
    ends = np.zeros(n + 1, dtype=np.int64)
    count(sources, targets, directed, ends)
    neighbours = np.empty(ends[n], dtype=np.int32)
    values = np.empty(0 if weights is None else len(neighbours), dtype=np.float32)
    given = values if weights is None else weights
    place(sources, targets, given, directed, ends, neighbours, values)
    kept = tidy(ends, neighbours, values)
    if kept < len(neighbours):
        neighbours = neighbours[:kept].copy()
        values = values[:kept].copy() if weights is not None else values
    return Graph(n, ends, neighbours, directed, None if weights is None else values)
