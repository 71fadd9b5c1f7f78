"""Diffusion in an ecosystem with daily steps: Bass recursions, thresholds and contacts by hand, messages on paths."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest

from agorasim.behaviour.columns import GOOD
from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario


def near(share: float, expected: float, n: int) -> bool:
    """Within 4 standard errors of a proportion."""
    return bool(abs(share - expected) <= 4 * math.sqrt(expected * (1 - expected) / n))


def launch(size: int, days: int, seed: int, rule: dict[str, Any], graph: Any = None) -> World:
    """A durable that everybody who wants it adopts at once."""
    layer = {"generator": {"kind": "complete"}} if graph is None else {"generator": {"kind": "erdos_renyi"}}
    data = {
        "name": "launch",
        "seed": seed,
        "calendar": {"days": days},
        "population": {"size": size},
        "social": {"layers": {"ties": layer}, "word_of_mouth": {"adopt": "direct", **rule}},
        "touchpoints": {"site": {"kind": "own_site"}},
        "category": {"kind": "durable", "need": {"rate": 0.0}},
        "brands": {"lumo": {"sells": {"site": {}}}},
    }
    return World(Scenario.from_dict(data), graphs=None if graph is None else {"ties": graph})


def owners(world: World) -> np.ndarray:
    """Owners at the end of each day."""
    world.run()
    return world.history.offer[:, 0, 0].cumsum()


@pytest.mark.parametrize("rule", ["hazard", "contact"])
def test_daily_bass_recursion(rule: str) -> None:
    """F' = F + (1 - F) h(F), with h 1 - exp(-(p + q F)), and 1 - (1 - p)(1 - q/N)^(N F) by contacts."""
    n, days, runs, p, q = 20_000, 16, 10, 0.03, 0.38
    each = q if rule == "hazard" else q / n
    curves = np.array([owners(launch(n, days, seed, {"rule": rule, "p": p, "q": each})) for seed in range(runs)]) / n
    share, expected = 0.0, []
    for _ in range(days):
        hazard = 1 - math.exp(-(p + q * share)) if rule == "hazard" else 1 - (1 - p) * (1 - each) ** (n * share)
        share += (1 - share) * hazard
        expected.append(share)
    error = curves.std(axis=0, ddof=1) / math.sqrt(runs)
    assert (np.abs(curves.mean(axis=0) - expected) <= 4 * error + 1e-4).all()


def start_with(world: World, *nodes: int) -> World:
    """Give the named consumers an irresistible need, so that they adopt on the first day."""
    world.w.params["needing"] = 1
    world.w.need_rate[list(nodes)] = 60.0
    world.w.need_zero[list(nodes)] = 0.0
    world.w.awareness[list(nodes)] = 1.0
    world.w.brands["base"] = 40.0
    return world


def test_thresholds_travel_a_path_one_tie_a_day() -> None:
    """On a path everybody but the end has two ties: half of them is enough at phi .5 and not above it."""
    for phi, expected in ((0.5, list(range(1, 8))), (0.51, [1] * 7)):
        world = start_with(launch(7, 7, 0, {"rule": "threshold", "phi": phi}, nx.path_graph(7)), 0)
        assert owners(world).tolist() == expected
        assert world.w.first_day[:, 0].tolist() == [d if d < expected[-1] else -1 for d in range(7)]


@pytest.mark.parametrize("phi", [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
def test_a_threshold_is_reached_by_its_own_share(phi: float) -> None:
    """The hub of a star with ten leaves adopts when phi x 10 of them have, and not with one less."""
    enough = round(10 * phi)
    for leaves in (enough - 1, enough):
        world = launch(11, 2, 0, {"rule": "threshold", "phi": phi}, nx.star_graph(10))
        start_with(world, *range(1, leaves + 1))
        assert owners(world).tolist() == [leaves, leaves + (leaves == enough)]


def test_contacts_on_a_star() -> None:
    """A hub with k adopted ties adopts with probability 1 - (1 - p)(1 - q)^k, a leaf without any with p."""
    copies, k, p, q = 3000, 4, 0.1, 0.2
    graph = nx.disjoint_union_all([nx.star_graph(k + 1)] * copies)
    hubs = np.arange(copies) * (k + 2)
    seeds = np.concatenate([hubs + leaf for leaf in range(1, k + 1)])
    world = launch(len(graph), 2, 3, {"rule": "contact", "p": p, "q": q}, graph)
    start_with(world, *seeds).run()
    first = world.w.first_day[:, 0]
    free = first[hubs] != 0
    assert near((first[hubs][free] == 1).mean(), 1 - (1 - p) * (1 - q) ** k, free.sum())
    quiet = free & (first[hubs + k + 1] != 0)  # the last leaf's only tie had not adopted
    assert near((first[hubs + k + 1][quiet] == 1).mean(), p, quiet.sum())


def messages(graph: Any, days: int, seed: int = 2, **word_of_mouth: Any) -> World:
    """People who hear a message and pass it on, and do nothing else."""
    layers = {"ties": {"generator": {"kind": "erdos_renyi"}}}
    data = {
        "name": "messages",
        "seed": seed,
        "calendar": {"days": days},
        "population": {"size": len(graph)},
        "social": {
            "layers": layers,
            "word_of_mouth": {"pass_on": 1.0, "awareness": 0.5, "good": 0.25, **word_of_mouth},
        },
        "category": {"memory": {"awareness_decay": 0.0, "goodwill_decay": 0.0}, "need": {"rate": 0.0}},
        "touchpoints": {"site": {"kind": "own_site"}},
        "brands": {"lumo": {"sells": {"site": {}}}},
    }
    world = World(Scenario.from_dict(data), graphs={"ties": graph})
    world.loose = True  # messages are put into people's mouths from outside
    return world


def test_a_message_travels_a_directed_path() -> None:
    """Sure to cross, it moves one tie a day, forwards only, and leaves exactly its mark."""
    world = messages(nx.path_graph(6, create_using=nx.DiGraph), 4, transmit=1.0)
    world.w.says[2, 0] = GOOD
    heard_on = []
    while not world.finished:
        world.step()
        heard_on.append(np.flatnonzero(world.w.awareness[:, 0]).tolist())
    assert heard_on == [[3], [3, 4], [3, 4, 5], [3, 4, 5]]
    assert world.w.awareness[3:, 0].tolist() == [0.5] * 3
    assert world.w.goodwill[3:, 0].tolist() == [0.25] * 3


def test_a_cascade_along_paths_has_its_expected_size() -> None:
    """Weight .5 over 10 links: sum of .5^i = 1.9990 with the first."""
    copies, length = 4000, 11
    path = nx.path_graph(length, create_using=nx.DiGraph)
    world = messages(nx.disjoint_union_all([path] * copies), 10, transmit=0.5)
    starts = np.arange(copies) * length
    world.w.says[starts, 0] = GOOD
    world.run()
    reached = (world.w.awareness[:, 0] > 0).reshape(copies, length)
    sizes = 1 + reached.sum(axis=1)
    assert abs(sizes.mean() - 1.9990) <= 4 * sizes.std() / math.sqrt(copies)
    assert not reached[:, 0].any()
    assert (np.diff(reached[:, 1:].astype(int), axis=1) <= 0).all(), "nobody hears what the one before did not"
