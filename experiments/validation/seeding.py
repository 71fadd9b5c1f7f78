"""Seeding: hubs, bridges, random people or the fringe as the first to tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import estimators as e
import networkx as nx
import numpy as np
from results import EMERGES, Finding, Regularity, Result
from worlds import Array, replicates, scenario

from agorasim import spread
from agorasim.ecosystem import World
from agorasim.ecosystem.totals import total

WORLDS, TRIES, SEEDS, NODES = 12, 150, 10, 1000
CHANCES = (0.02, 0.05, 0.1)
STRATEGIES = ("hubs", "bridges", "random", "fringe")
#: Giving the product to opinion leaders, or to anybody.
LEADERS = {"hubs": 0.05, "random": 1.0}


def graph(replicate: int) -> Any:
    """Friends in circles and a few people with very many ties: the two generators of the coffee example."""
    circles = nx.watts_strogatz_graph(NODES, 8, 0.1, seed=replicate)
    hubs = nx.barabasi_albert_graph(NODES, 2, seed=replicate)
    shuffled = np.random.default_rng(replicate).permutation(NODES)
    circles.add_edges_from((int(shuffled[u]), int(shuffled[v])) for u, v in hubs.edges)
    return circles


def reach(replicate: int) -> Array:
    """People reached beyond the seeds, by chance a tie and strategy; (3, 4)."""
    net = graph(replicate)
    degree = np.array([net.degree(v) for v in range(NODES)])
    between = nx.betweenness_centrality(net, k=100, seed=replicate)
    order = np.argsort(degree, kind="stable")
    bridges = sorted(between, key=lambda v: between[v])[-SEEDS:]
    chosen: list[Any] = [order[-SEEDS:].tolist(), bridges, SEEDS, order[:SEEDS].tolist()]
    return np.array([
        [spread(net, "cascade", p=p, seeds=s, replications=TRIES, seed=replicate).mean() - SEEDS for s in chosen]
        for p in CHANCES
    ])  # fmt: skip


def market(replicate: int, leaders: float) -> float:
    """People who know the brand through others when products are given to the share `leaders` best connected."""
    overrides = {
        "brands.lumo.seeding": {"rate": 1.0, "leaders": leaders, "every": 30},
        "brands.lumo.policy": {"plan": {"feed": 0.0}},
    }  # fmt: skip
    world = World(scenario("word_of_mouth", overrides), replicate=replicate).run()
    return total(world, "aware_by_talk", "lumo") / max(total(world, "seeded", "lumo"), 1.0)


def facebook() -> Array | None:
    """The same on the friendships of 4,039 people on Facebook, where the data are at hand: hubs, random; (tries, 2)."""
    file = Path(os.environ.get("AGORASIM_DATA", "")) / "facebook_snap" / "facebook_combined.txt"
    if "AGORASIM_DATA" not in os.environ or not file.exists():
        return None
    pairs = np.loadtxt(file, dtype=np.int64)
    degree = np.bincount(pairs.ravel())
    order = np.argsort(degree, kind="stable")
    net: Any = pairs
    out = []
    for seeds in (order[-SEEDS:].tolist(), SEEDS):
        found = spread(net, "cascade", p=0.01, seeds=seeds, replications=1000, n=len(degree), directed=False)
        out.append(found.sizes - SEEDS)
    return np.stack(out, axis=1).astype(np.float64)


def measure(jobs: int) -> Result:
    every = np.stack(replicates(reach, WORLDS, jobs))
    found = {p: every[:, k] for k, p in enumerate(CHANCES)}
    middle = found[0.05]
    best, usual = (e.over_replicates(middle[:, 0] / middle[:, k]) for k in (3, 2))
    bridge = e.over_replicates(middle[:, 1] / middle[:, 2])
    wom = {name: np.array(replicates(market, WORLDS, jobs, share)) for name, share in LEADERS.items()}
    given = e.over_replicates(wom["hubs"] / wom["random"])

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 1)
        colours = ["#D55E00", "#E69F00", "#0072B2", "#999999"]
        for k, (name, colour) in enumerate(zip(STRATEGIES, colours, strict=True)):
            for at, p in enumerate(CHANCES):
                x = e.over_replicates(found[p][:, k] / SEEDS)
                axes.bar(at + 0.2 * (k - 1.5), x.value, 0.18, color=colour, label=name if at == 0 else None)
                axes.errorbar(
                    at + 0.2 * (k - 1.5), x.value, yerr=[[x.value - x.low], [x.high - x.value]], color="0.2", capsize=2
                )
        axes.set_yscale("log")
        axes.set_xticks(range(len(CHANCES)), [f"chance a tie {p:g}" for p in CHANCES])
        axes.set_ylabel("people reached a seed")
        axes.legend(frameon=False, fontsize=8, ncols=4)

    real = facebook()
    more = ""
    if real is not None:
        # There is one such graph: the interval is over ten lots of cascades on it.
        parts = [part[:, 0].mean() / part[:, 1].mean() for part in np.array_split(real, 10)]
        more = (
            " On the friendships of 4,039 people on Facebook (SNAP; chance 0.01) hubs reach "
            f"{words(e.over_replicates(parts))} times as many as random seeds."
        )
    ranges = "; ".join(
        f"chance {p:g}: {words(e.over_replicates(found[p][:, 0] / found[p][:, 3]))} and "
        f"{words(e.over_replicates(found[p][:, 0] / found[p][:, 2]))}"
        for p in CHANCES
    )
    return Result(
        [
            Finding("hubs / fringe", "up to 8", best, 2.0, 10.0, EMERGES, FRINGE),
            Finding("hubs / random", "1.52", usual, 1.2, 2.5, EMERGES, HUBS),
            Finding("bridges / random", "1.52", bridge, 1.2, 2.5, EMERGES, BRIDGES),
            Finding("mechanism: leaders / anybody, told a product", "1.52", given, 1.2, 2.5, EMERGES, GIVEN),
        ],
        draw,
        f"Hubs against the fringe and against random seeds depend on how contagious the message is: {ranges}.{more}",
    )


def words(x: e.Estimate) -> str:
    """An estimate in a sentence."""
    return f"{x.value:.2f} [{x.low:.2f}, {x.high:.2f}]"


FRINGE = "who has more ties is tried by more"
HUBS = "too much: each tie of a hub is tried, and ten seeds are the top per cent only"
BRIDGES = "as above; in this graph bridges are hubs"
GIVEN = "as above, and leaders are followed by many who follow nobody else"

SEEDING = Regularity("seeding", measure, {"WORLDS": WORLDS, "SEEDS": SEEDS, "TRIES": TRIES, "NODES": NODES})
