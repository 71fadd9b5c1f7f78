"""Compressed rows say what networkx says; generators follow their laws and depend on nothing but their address."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from agorasim.ecosystem.social import Graph, from_networkx
from agorasim.ecosystem.social import generators as make
from agorasim.ecosystem.social.spatial import spatial
from agorasim.errors import InputError


def as_networkx(edges: np.ndarray, weights: np.ndarray, n: int, directed: bool) -> nx.Graph:
    out = nx.DiGraph() if directed else nx.Graph()
    out.add_nodes_from(range(n))
    for (u, v), w in zip(edges.tolist(), weights.tolist(), strict=True):
        if u != v:
            out.add_edge(u, v, weight=max(w, out.edges[u, v]["weight"]) if out.has_edge(u, v) else w)
    return out


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("ties", [0, 40, 900])
def test_rows_equal_networkx(directed: bool, ties: int) -> None:
    rng = np.random.default_rng(ties)
    edges, weights = rng.integers(0, 40, (ties, 2)), rng.random(ties, dtype=np.float32)
    graph = Graph.from_edges(edges, 40, directed, weights)
    want = as_networkx(edges, weights, 40, directed)
    assert nx.utils.graphs_equal(graph.to_networkx(), want)
    assert all(np.all(np.diff(graph.neighbours_of(u)) > 0) for u in range(40))
    assert graph.reverse() is graph or nx.utils.graphs_equal(graph.reverse().to_networkx(), want.reverse())
    again, nodes = from_networkx(want)
    assert nodes == list(range(40))
    for name in ("indptr", "neighbours"):
        np.testing.assert_array_equal(getattr(again, name), getattr(graph, name))
    assert ties == 0 or np.array_equal(again.weights, graph.weights)
    assert len(graph.edges()) == want.number_of_edges()


def test_networkx_nodes_keep_our_order() -> None:
    assert from_networkx(nx.Graph([(7, 3), (3, -1)]))[1] == [-1, 3, 7]
    assert from_networkx(nx.MultiDiGraph([("z", "a"), ("a", "q"), ("z", "a")]))[1] == ["z", "a", "q"]


def test_impossible_graphs_are_refused() -> None:
    for edges, n, weights, words in (
        ([[0, 3]], 3, None, "n=3 allows 0 to 2"),
        ([[0, 1, 2]], 3, None, r"shape \(m, 2\)"),
        ([[0.0, 1.0]], 3, None, "integers"),
        ([[0, 1]], 3, [-1.0], "not negative"),
        ([[0, 1]], 0, None, "number of nodes"),
    ):
        with pytest.raises(InputError, match=words):
            Graph.from_edges(edges, n, weights=weights)
    with pytest.raises(InputError, match=r"limit is 100,000"):
        make.watts_strogatz(100_001, 2).to_networkx()
    with pytest.raises(InputError, match="never written out"):
        make.complete(5).edges()


SIZE = 150
HOMES = np.random.default_rng(5).random((2, SIZE)) * 3.0
MAKERS = {
    "watts_strogatz": lambda key: make.watts_strogatz(SIZE, 7, 0.2, **key),
    "barabasi_albert": lambda key: make.barabasi_albert(SIZE, 3, **key),
    "powerlaw_cluster": lambda key: make.powerlaw_cluster(SIZE, 3, 0.6, **key),
    "erdos_renyi": lambda key: make.erdos_renyi(SIZE, 6.0, **key),
    "stochastic_block": lambda key: make.stochastic_block(np.arange(SIZE) % 3, 6.0, 0.6, **key),
    "spatial": lambda key: spatial(*HOMES, 6.0, 0.5, **key),
}


def digest(graph: Graph) -> str:
    return hashlib.sha256(graph.indptr.tobytes() + graph.neighbours.tobytes()).hexdigest()[:12]


@pytest.mark.parametrize("name", MAKERS)
def test_a_graph_depends_on_its_address_alone(name: str) -> None:
    key = {"seed": 3, "replicate": 1, "name": "friends"}
    first = digest(MAKERS[name](key))
    others = [digest(MAKERS[name]({**key, part: value})) for part, value in
              (("seed", 4), ("replicate", 2), ("name", "family"))]  # fmt: skip
    assert first == digest(MAKERS[name](key))
    assert len({first, *others}) == 4


@pytest.mark.parametrize("name", MAKERS)
def test_generated_graphs_are_simple_and_symmetric(name: str) -> None:
    graph = MAKERS[name]({"seed": 9})
    sources = np.repeat(np.arange(graph.n), graph.degree())
    assert not (sources == graph.neighbours).any()
    pairs = set(zip(sources.tolist(), graph.neighbours.tolist(), strict=True))
    assert len(pairs) == graph.entries
    assert {(v, u) for u, v in pairs} == pairs


def test_plain_python_draws_the_same_graphs() -> None:
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('t', {__file__!r}); m = u.module_from_spec(s); "
        "s.loader.exec_module(m); print(*(m.digest(f({'seed': 3})) for f in m.MAKERS.values()))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.split() == [digest(f({"seed": 3})) for f in MAKERS.values()]


def test_rewiring_keeps_the_number_of_ties() -> None:
    for degree, size in ((4, 50), (5, 50), (7, 12), (10, 11)):
        assert make.watts_strogatz(size, degree, 0.0).entries == size * min(degree, size - 1)
        assert make.watts_strogatz(size, degree, 1.0, seed=2).entries == size * min(degree, size - 1)
    assert make.barabasi_albert(500, 4).entries == 2 * (4 * 5 // 2 + 495 * 4)
    assert make.powerlaw_cluster(500, 4, 1.0).entries == 2 * (4 * 5 // 2 + 495 * 4)


def test_few_nodes_all_know_each_other() -> None:
    for n in (1, 2, 3, 6):
        zeros = np.zeros(n)
        for graph in (make.watts_strogatz(n), make.barabasi_albert(n), make.powerlaw_cluster(n), make.erdos_renyi(n),
                      make.stochastic_block(zeros.astype(int)), spatial(zeros, zeros)):  # fmt: skip
            assert (graph.degree() == n - 1).all()


def test_triangles_raise_clustering() -> None:
    plain = nx.average_clustering(make.barabasi_albert(3000, 4).to_networkx())
    closed = nx.average_clustering(make.powerlaw_cluster(3000, 4, 0.9).to_networkx())
    assert closed > 10 * plain


def test_blocks_keep_degree_and_homophily() -> None:
    segments = np.repeat([0, 1, 2], [500, 1500, 4000])
    graph = make.stochastic_block(segments, 12.0, 0.75)
    degree = graph.degree()
    ends = segments[graph.edges()]
    for s, size in enumerate((500, 1500, 4000)):
        assert degree[segments == s].mean() == pytest.approx(12.0, abs=5 * np.sqrt(12 / size))
        within = 2 * (ends == s).all(axis=1).sum() / degree[segments == s].sum()
        assert within == pytest.approx(0.75 + 0.25 * size / 6000, abs=0.02)
    alone = segments[make.stochastic_block(segments, 5.0, 1.0).edges()]
    assert (alone[:, 0] == alone[:, 1]).all()


@pytest.mark.parametrize(("radius", "scale"), [(3.0, 1.0), (30.0, 0.02), (0.0, 1.0)])
def test_spatial_ties_follow_distance(radius: float, scale: float) -> None:
    """Mean degree and mean tie length equal the sums over all pairs of min(1, c exp(-d / scale))."""
    x, y = np.random.default_rng(1).random((2, 1200)) * radius
    distance = np.hypot(x[:, None] - x, y[:, None] - y)[np.triu_indices(1200, 1)]
    low, high = -50.0, 1e4
    for _ in range(100):
        log_c = (low + high) / 2
        total = np.exp(np.minimum(0.0, log_c - distance / scale)).sum()
        low, high = (log_c, high) if total < 1200 * 4 else (low, log_c)
    chance = np.exp(np.minimum(0.0, log_c - distance / scale))
    length = (chance * distance).sum() / chance.sum()
    ties = [spatial(x, y, 8.0, scale, seed=seed).edges() for seed in range(8)]
    assert np.mean([len(t) for t in ties]) == pytest.approx(1200 * 4, rel=0.02)
    u, v = np.concatenate(ties).T
    assert np.hypot(x[u] - x[v], y[u] - y[v]).mean() == pytest.approx(length, rel=0.02)


def test_more_ties_than_expected_fit() -> None:
    """The lists of ties grow when a draw exceeds what was expected."""
    graph = make.collect(50, 0.01, lambda s, t: _fill(s, t, 1000))
    assert graph.entries > 0


def _fill(sources: np.ndarray, targets: np.ndarray, count: int) -> int:
    fits = min(count, len(sources))
    sources[:fits] = np.arange(fits) % 50
    targets[:fits] = (np.arange(fits) + 1) % 50
    return count
