"""Spreading and graphs against exact limits (epidemics, branching, degree laws) and published diffusion figures."""

from __future__ import annotations

import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from agorasim._spread import Spread, spread
from agorasim.ecosystem.social import Graph
from agorasim.ecosystem.social import generators as make
from agorasim.ecosystem.social.reading import read_graph


def close(values: np.ndarray, expected: float, published_error: float = 0.0) -> bool:
    """Whether the mean of independent runs lies within 4 combined standard errors."""
    error = math.hypot(values.std(ddof=1) / math.sqrt(len(values)), published_error)
    return abs(values.mean() - expected) <= 4 * error


# --- rates on a complete graph --------------------------------------------------------------------------------------


def test_bass_curve() -> None:
    """F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t), Bass (1969); steepest at ln(q/p) / (p+q)."""
    runs = spread("complete", "hazard", p=0.03, q=0.38, n=5000, seeds=[], dt=0.02, steps=750, replications=30)
    for when, share in ((5, 0.3312), (10, 0.8128), (15, 0.9716)):
        assert close(runs.curves[:, round(when / 0.02)] / 5000, share)
    mean = runs.curves.mean(axis=0) / 5000
    # The density is symmetric about its peak: there three units before weigh as much as three units after.
    bend = mean[300:] - 2 * mean[150:-150] + mean[:-300]
    assert 3 + 0.02 * np.argmax(bend[50:] < 0) + 1 == pytest.approx(6.193, abs=0.15)


def test_si_is_logistic() -> None:
    """I' = 0.5 I (1 - I) from 1 %: half at 9.190, 0.5999 at 10."""
    n = 100_000
    runs = spread("complete", "hazard", p=0.0, q=0.5, n=n, seeds=n // 100, dt=0.02, steps=505, replications=10, jobs=2)
    mean = runs.curves.mean(axis=0) / n
    assert np.interp(0.5, mean, runs.clock) == pytest.approx(9.190, rel=0.01)
    assert np.interp(10.0, runs.clock, mean) == pytest.approx(0.5999, rel=0.01)


# --- cascades on random graphs --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sparse() -> Graph:
    return make.erdos_renyi(8000, 10.0, seed=1)


@pytest.mark.parametrize(("r", "final"), [(1.2, 0.3137), (1.5, 0.5828), (2.0, 0.7968)])
def test_cascade_on_erdos_renyi(sparse: Graph, r: float, final: float) -> None:
    """S = 1 - e^-RS; from one random seed the mean share is S squared, and extinction has chance 1 - S."""
    runs = spread(sparse, p=r / 10, seeds=1, replications=1000)
    large = runs.shares > 0.05
    assert runs.shares[large].mean() == pytest.approx(final, abs=0.01)
    assert close(runs.shares, final**2)
    assert close(~large * 1.0, 1.0 - final)


def test_no_epidemic_below_one(sparse: Graph) -> None:
    assert spread(sparse, p=0.08, seeds=1, replications=2000).shares.max() < 0.05


def test_subcritical_trees() -> None:
    """Poisson offspring R: mean size 1/(1-R), variance R/(1-R)**3, sizes Borel: e^-Rk (Rk)**(k-1) / k!."""
    r = 0.8
    sizes = spread(make.erdos_renyi(100_000, 10.0, seed=2), p=r / 10, seeds=1, replications=20_000).sizes
    assert close(sizes, 5.0)
    assert close((sizes - 5.0) ** 2, 100.0)
    for k in (1, 2, 3, 4, 5):
        assert close((sizes == k) * 1.0, math.exp(-r * k) * (r * k) ** (k - 1) / math.factorial(k))


@pytest.mark.parametrize("rule", ["cascade", "threshold"])
def test_directed_path(rule: str) -> None:
    """Ten links of weight one half: 1 + w + ... + w**10 = 1.9990 adopters, and w**i for reaching link i."""
    path = nx.DiGraph([(i, i + 1, {"weight": 0.5}) for i in range(10)])
    settings = {"p": 0.5} if rule == "cascade" else {"influence": "weight"}
    runs = spread(path, rule, **settings, replications=40_000)
    assert close(runs.sizes, 1.9990)
    assert np.array_equal(runs.depths, runs.sizes - 1)
    for i in range(8):
        assert close((runs.sizes > i) * 1.0, 0.5**i)
    if rule == "cascade":
        np.testing.assert_array_equal(spread(path, p="weight", replications=40_000).sizes, runs.sizes)


# --- the published Facebook graph -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def facebook(data_folder: Path) -> Graph:
    return read_graph(data_folder / "facebook_snap" / "facebook_combined.txt")[0]


@pytest.mark.parametrize("coin", ["direction", "edge"])
@pytest.mark.parametrize(("seeds", "k", "size", "error", "replications"), [
    ("degree", 1, 72.8, 1.3, 2000),
    ("degree", 10, 309.2, 1.2, 1000),
    ("random", 10, 100.8, 2.2, 2000),
    ("random", 1, 11.89, 0.08, 20_000),
])  # fmt: skip
def test_cascade_on_facebook(
    facebook: Graph, coin: str, seeds: str, k: int, size: float, error: float, replications: int
) -> None:
    runs = spread(facebook, p=0.01, seeds=seeds, k=k, coin=coin, replications=replications)
    assert close(runs.sizes, size, error)


def test_critical_chance_of_rewired_networks(facebook: Graph, data_folder: Path) -> None:
    """p = <k> / (<k2> - <k>): cascades fluctuate most, relative to their mean, where they begin to run away."""
    email = read_graph(data_folder / "email_eu_core" / "email-Eu-core.txt")[0]
    for graph, published in ((facebook, 0.00947), (email, 0.01358)):
        mixed = rewired(graph)
        assert np.array_equal(mixed.degree(), graph.degree())
        grid = published * np.arange(0.6, 1.45, 0.1)
        fluctuation = [relative_variance(spread(mixed, p=p, seeds=1, replications=2000)) for p in grid]
        smooth = np.convolve(fluctuation, np.ones(3) / 3, mode="valid")
        assert grid[1 + np.argmax(smooth)] == pytest.approx(published, rel=0.2)


def relative_variance(runs: Spread) -> float:
    return float(runs.sizes.var() / runs.sizes.mean() ** 2)


def rewired(graph: Graph) -> Graph:
    """The same degrees, everything else random: ties swap ends unless that would double one."""
    rng = np.random.default_rng(0)
    ties = [tuple(tie) for tie in graph.edges().tolist()]
    present = set(ties)
    for i, j, flip in rng.integers(0, len(ties), (3 * len(ties), 3)).tolist():
        (a, b), (c, d) = ties[i], ties[j] if flip % 2 else ties[j][::-1]
        new = (min(a, d), max(a, d)), (min(c, b), max(c, b))
        if len({a, b, c, d}) == 4 and not present.intersection(new):
            present.difference_update((ties[i], ties[j]))
            present.update(new)
            ties[i], ties[j] = new
    return Graph.from_edges(ties, graph.n)


# --- generators -----------------------------------------------------------------------------------------------------


def test_preferential_attachment_law() -> None:
    """P(k) = 2 m (m+1) / (k (k+1) (k+2)), and its tail."""
    degree = make.barabasi_albert(100_000, 5).degree()
    for k in range(5, 11):
        assert (degree == k).mean() == pytest.approx(60 / (k * (k + 1) * (k + 2)), rel=0.05)
    assert (degree >= 50).mean() == pytest.approx(30 / (50 * 51), rel=0.1)


@pytest.mark.parametrize(("rewire", "clustering"), [(0.0, 2 / 3), (0.1, 0.486), (0.3, 2 / 3 * 0.7**3)])
def test_small_world_clustering(rewire: float, clustering: float) -> None:
    graph = make.watts_strogatz(4000, 10, rewire).to_networkx()
    assert nx.average_clustering(graph) == pytest.approx(clustering, rel=0.05)


def test_erdos_renyi_clustering_and_degrees() -> None:
    graph = make.erdos_renyi(1000, 40.0)
    assert nx.transitivity(graph.to_networkx()) == pytest.approx(0.04, rel=0.05)
    degree = make.erdos_renyi(100_000, 8.0).degree()
    assert close(degree, 8.0)
    assert degree.var() == pytest.approx(8.0, rel=0.05)
