"""`spread` equals plain Python that draws the same addressed numbers, on any graph and for any number of jobs."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import networkx as nx
import numpy as np
import pytest

from agorasim._spread import Spread, spread
from agorasim.behaviour.spreading import EACH_STEP, ONCE
from agorasim.ecosystem.social import Graph
from agorasim.errors import InputError
from agorasim.randomness import SPREAD, block, draw, stream


def graphs() -> dict[str, nx.Graph]:
    rng = np.random.default_rng(4)
    plain = nx.gnp_random_graph(14, 0.25, seed=3)
    arrows = nx.gnp_random_graph(14, 0.2, seed=5, directed=True)
    for graph in (plain, arrows):
        graph.add_nodes_from([14, 15])
    weighted = arrows.copy()
    for _, _, tie in weighted.edges(data=True):
        tie["weight"] = float(np.float32(rng.random()))
    return {"plain": plain, "arrows": arrows, "weighted": weighted}


def by_hand(
    graph: nx.Graph, rule: str, p: float, q: float, phi: Any, dt: float, steps: int,
    seeds: list[int], key: tuple[int, int], coin: str = "direction",
) -> list[int]:  # fmt: skip
    """Step of each node's adoption, the slow way: everybody looks at everybody in every step."""

    def weight(u: int, v: int) -> float:
        return float(graph.edges[u, v].get("weight", 1.0))

    times = {node: 0 if node in seeds else -1 for node in graph}
    senders = {v: list(graph.predecessors(v) if graph.is_directed() else graph.neighbors(v)) for v in graph}
    for step in range(1, steps + 1):
        before = dict(times)
        for v in graph:
            if before[v] >= 0:
                continue
            adopted = [u for u in senders[v] if before[u] >= 0]
            share = sum(weight(u, v) for u in adopted) / (sum(weight(u, v) for u in senders[v]) or 1.0)
            if rule == "cascade":
                new = [u for u in adopted if before[u] == step - 1]
                ends = [(min(u, v), max(u, v)) if coin == "edge" else (v, u) for u in new]
                happens = any(block(stream(*key), SPREAD, a, b)[0] < p for a, b in ends)
            elif rule == "threshold":
                bar = draw(stream(*key), SPREAD, v, ONCE) if phi == "uniform" else phi
                happens = share > 0 and share + 1e-7 >= bar
            else:
                u = draw(stream(*key, step), SPREAD, v, EACH_STEP)
                chance = (
                    1 - (1 - p) * (1 - q) ** len(adopted) if rule == "contact" else 1 - math.exp(-(p + q * share) * dt)
                )
                happens = u < chance
            times[v] = step if happens else -1
    return [times[v] for v in sorted(graph)]


CASES = [
    ("cascade", {"p": 0.35}),
    ("contact", {"p": 0.02, "q": 0.2, "steps": 9}),
    ("contact", {"p": 0.0, "q": 0.5, "steps": 9}),
    ("hazard", {"p": 0.05, "q": 0.9, "dt": 0.4, "steps": 9}),
    ("threshold", {}),
    ("threshold", {"phi": 0.3}),
]


@pytest.mark.parametrize("name", ["plain", "arrows", "weighted"])
@pytest.mark.parametrize(("rule", "settings"), CASES)
def test_equals_plain_python(name: str, rule: str, settings: dict[str, Any]) -> None:
    graph = graphs()[name]
    found = spread(graph, rule, **settings, seeds=[0, 3], replications=12, seed=99, keep_times=True)
    full = {"p": 0.01, "q": 0.0, "phi": "uniform", "dt": 1.0, "steps": 20, **settings}
    for r in range(12):
        want = by_hand(graph, rule, seeds=[0, 3], key=(99, r), **full)
        assert found.times[r].tolist() == want
        adopted = np.array([t for t in want if t >= 0])
        assert found.curves[r].tolist() == [(adopted <= t).sum() for t in range(found.curves.shape[1])]
        assert (found.sizes[r], found.depths[r]) == (len(adopted), adopted.max())


def test_one_coin_a_tie_is_percolation() -> None:
    """Whoever u reaches reaches u; the distribution of outcomes is that of one coin a direction."""
    graph = graphs()["plain"]
    reached = np.array(
        [spread(graph, p=0.3, seeds=[s], coin="edge", replications=60, keep_times=True).times >= 0 for s in range(16)]
    )
    assert (reached == reached.transpose(2, 1, 0)).all()
    one = by_hand(graph, "cascade", 0.3, 0, 0, 1, 20, [2], (0, 7), coin="edge")
    assert ((np.array(one) >= 0) == reached[2, 7]).all()
    sizes = [spread(graph, p=0.3, seeds=[2], coin=coin, replications=20_000).sizes for coin in ("edge", "direction")]
    error = math.sqrt(sum(s.var() / len(s) for s in sizes))
    assert abs(sizes[0].mean() - sizes[1].mean()) < 4 * error
    assert abs(sizes[0].std() - sizes[1].std()) < 4 * error


@pytest.mark.parametrize(("rule", "settings"), [*CASES, ("cascade", {"p": 0.1})])
def test_complete_equals_the_complete_graph(rule: str, settings: dict[str, Any]) -> None:
    """Same draws where the draws are a node's; for a cascade the same distribution."""
    counted = spread("complete", rule, **settings, n=20, seeds=3, replications=3000, keep_times=True)
    written = spread(nx.complete_graph(20), rule, **settings, seeds=3, replications=3000, keep_times=True)
    if rule != "cascade":
        np.testing.assert_array_equal(counted.times, written.times)
    else:
        error = math.sqrt((counted.sizes.var() + written.sizes.var()) / 3000)
        assert abs(counted.mean() - written.mean()) <= 4 * error


def test_forms_of_a_graph_are_one(tmp_path: Any) -> None:
    graph = nx.gnp_random_graph(60, 0.1, seed=1)
    forms = [
        graph,
        Graph.from_edges(list(graph.edges), 60),
        nx.to_scipy_sparse_array(graph, format="csr"),
        nx.MultiGraph(graph),
    ]
    want = spread(np.array(graph.edges), p=0.2, n=60, seeds=4, replications=40)
    for form in forms:
        np.testing.assert_array_equal(spread(form, p=0.2, seeds=4, replications=40).curves, want.curves)
    names = nx.relabel_nodes(graph, {i: f"n{i:02}" for i in graph})
    named = spread(names, p=0.2, seeds=["n07"], replications=40)
    assert named.nodes == list(names)
    np.testing.assert_array_equal(named.sizes, spread(graph, p=0.2, seeds=[7], replications=40).sizes)


def test_jobs_replications_and_seeds_change_no_other_draws() -> None:
    graph = nx.gnp_random_graph(80, 0.08, seed=2)
    for rule, settings in CASES:
        one = spread(graph, rule, **settings, seeds=2, replications=37, keep_times=True)
        many = spread(graph, rule, **settings, seeds=2, replications=37, keep_times=True, jobs=3)
        np.testing.assert_array_equal(one.times, many.times)
        np.testing.assert_array_equal(one.curves, many.curves)
        few = spread(graph, rule, **settings, seeds=2, replications=5, keep_times=True)
        np.testing.assert_array_equal(few.times, one.times[:5])


@pytest.mark.parametrize(("rule", "lower", "higher"), [
    ("cascade", {"p": 0.1}, {"p": 0.15}),
    ("contact", {"p": 0.01, "q": 0.1, "steps": 6}, {"p": 0.01, "q": 0.2, "steps": 6}),
    ("hazard", {"p": 0.01, "q": 0.4, "steps": 6}, {"p": 0.05, "q": 0.4, "steps": 6}),
    ("threshold", {"phi": 0.5}, {"phi": 0.3}),
])  # fmt: skip
def test_more_chance_or_seeds_never_lose_an_adopter(rule: str, lower: dict[str, Any], higher: dict[str, Any]) -> None:
    graph = nx.gnp_random_graph(80, 0.08, seed=2)

    def adopted(seeds: list[int], settings: dict[str, Any]) -> Any:
        return spread(graph, rule, **settings, seeds=seeds, replications=60, keep_times=True).times >= 0

    few = adopted([1, 2], lower)
    assert not (few & ~adopted([1, 2], higher)).any()
    assert not (few & ~adopted([1, 2, 3, 4], lower)).any()


def test_seeds_by_name() -> None:
    star = nx.star_graph(9)
    assert (spread(star, p=0.0, seeds="degree", keep_times=True, replications=3).times[:, 0] == 0).all()
    drawn = spread("complete", p=0.0, n=6, seeds=2, replications=30_000, keep_times=True).times == 0
    pairs = np.bincount(drawn @ (1 << np.arange(6)))
    assert (pairs > 0).sum() == 15
    assert ((pairs[pairs > 0] - 2000) ** 2 / 2000).sum() < 36  # chi-square, 14 degrees of freedom, p = 0.001
    assert (spread("complete", p=0.0, n=6, seeds="random", k=6, replications=9).sizes == 6).all()
    assert (spread("complete", n=6, seeds=[], replications=9).sizes == 0).all()


def test_result_says_how_sure_it_is() -> None:
    result = spread("complete", "hazard", p=0.1, q=0.0, n=50, seeds=[], steps=4, dt=0.5, replications=400)
    low, high = result.interval()
    assert low < 50 * (1 - math.exp(-0.2)) < high
    assert result.clock.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert result.curves.shape == (400, 5)
    assert math.isnan(spread("complete", n=5, replications=1).interval()[0])


def test_a_step_length_compounds() -> None:
    """`contact` reaches the same chances at any step length when nobody influences anybody."""
    whole = spread("complete", "contact", p=0.3, q=0.0, n=5000, seeds=[], steps=2, replications=20)
    halves = spread("complete", "contact", p=0.3, q=0.0, n=5000, seeds=[], steps=4, dt=0.5, replications=20)
    assert abs(whole.mean() - halves.mean()) < 4 * math.sqrt((whole.sizes.var() + halves.sizes.var()) / 20)


GRAPH = nx.path_graph(4)
WEIGHTED = nx.Graph([(0, 1, {"weight": 3.0})])


@pytest.mark.parametrize(("arguments", "words"), [
    ({"rule": "casacde"}, "did you mean 'cascade'"),
    ({"p": 1.5}, "p must be from 0 to 1, got 1.5"),
    ({"p": float("nan")}, "p must be"),
    ({"p": "0.1"}, "p must be a number"),
    ({"rule": "contact", "q": -0.1, "steps": 2}, "q must be from 0 to 1"),
    ({"rule": "hazard", "p": float("inf"), "steps": 2}, "p must be at least 0"),
    ({"rule": "hazard", "p": 1, "q": 3}, "needs steps"),
    ({"rule": "threshold", "phi": "unifrom"}, "phi must be a number"),
    ({"rule": "threshold", "phi": 2}, "phi must be from 0 to 1"),
    ({"seeds": [9]}, "seed 9 is not a node"),
    ({"seeds": 5}, "5 seeds are more than the 4 nodes"),
    ({"seeds": "degre"}, "did you mean 'degree'"),
    ({"seeds": 1.5}, "seeds must be nodes"),
    ({"seeds": [[0]]}, "is not a node"),
    ({"graph": "complete"}, "needs n"),
    ({"graph": "complte"}, "or 'complete'"),
    ({"graph": [[0, 1]]}, "needs n"),
    ({"graph": [[0, 5]], "n": 3}, "allows 0 to 2"),
    ({"graph": nx.Graph()}, "no nodes"),
    ({"n": 7}, "n=7, but the graph has 4 nodes"),
    ({"p": "weight"}, "needs a graph with weights"),
    ({"graph": WEIGHTED, "p": "weight"}, "from 0 to 1, the largest is 3"),
    ({"graph": WEIGHTED, "rule": "threshold", "influence": "weight"}, "at most 1 a node"),
    ({"graph": nx.DiGraph([(0, 1)]), "coin": "edge"}, "undirected"),
    ({"coin": "side"}, "coin must be"),
    ({"dt": 0}, "dt must be above 0"),
    ({"steps": -1}, "steps must be"),
    ({"replications": 0}, "replications must be"),
    ({"jobs": 0}, "jobs must be"),
    ({"seed": -1}, "seed must be"),
])  # fmt: skip
def test_wrong_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        spread(**{"graph": GRAPH, "replications": 2, **arguments})


def results() -> list[Spread]:
    return [
        spread(form, rule, **settings, seeds=2, replications=4, n=n)
        for rule, settings in CASES
        for form, n in ((graphs()["weighted"], None), (graphs()["plain"], None), ("complete", 30))
    ]


def test_plain_python_gives_the_same_bits() -> None:
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('t', {__file__!r}); m = u.module_from_spec(s); "
        "s.loader.exec_module(m); print([r.curves.tolist() for r in m.results()])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == str([r.curves.tolist() for r in results()])
