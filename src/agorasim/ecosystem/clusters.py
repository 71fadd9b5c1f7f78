"""Clusters of the social graph: groups with many ties inside and few between, for experiments on whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError
from agorasim.randomness import stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]


def ties_of(world: World) -> tuple[Array, Array, Array]:
    """The union of the social layers: (from, to, strength) of each tie once, from < to.

    A tie in several layers has the sum of their strengths, a directed one counts as undirected. Layers in which
    everybody is tied to everybody say nothing about clusters and are left out.
    """
    low, high, strength = [], [], []
    for name, graph in world.graphs.items():
        if graph.complete:
            continue
        source = np.repeat(np.arange(graph.n, dtype=np.int64), np.diff(graph.indptr))
        target = graph.neighbours.astype(np.int64)
        low.append(np.minimum(source, target))
        high.append(np.maximum(source, target))
        each = world.scenario.social.layers[name].strength * (1.0 if graph.directed else 0.5)
        strength.append(np.full(len(source), each) if graph.weights is None else each * graph.weights)
    if not low:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    codes, where = np.unique(np.concatenate(low) * world.size + np.concatenate(high), return_inverse=True)
    sums: Array = np.bincount(where, weights=np.concatenate(strength))
    there = sums > 0.0
    return codes[there] // world.size, codes[there] % world.size, sums[there]


def clusters_of(world: World) -> NDArray[np.int64]:
    """The cluster of each consumer, (N,), numbered from 0 by their first members.

    Louvain communities (Blondel et al. 2008, Fast unfolding of communities in large networks) of the union of layers,
    ties weighted by the layers' strengths. The algorithm's random order is seeded by the graph's seed and replicate.
    Who has no ties is a cluster alone.

    Raises:
        InputError: there are no ties, or too few clusters to treat some and leave others.
    """
    import networkx as nx

    low, high, strength = ties_of(world)
    if not len(low):
        raise InputError(
            "a trial by cluster needs a social graph with ties; without one, or where everybody is tied to everybody,"
            " there are no clusters"
        )
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(world.size))
    graph.add_weighted_edges_from(zip(low.tolist(), high.tolist(), strength.tolist(), strict=True))
    drawn = world.replicate if world.scenario.social.redraw else 0
    found = nx.community.louvain_communities(graph, weight="weight", seed=stable_id("clusters", world.seed, drawn))
    if len(found) < 2:
        raise InputError(
            "the social graph is one cluster; a trial by cluster needs one that is treated and one that is not"
        )
    out = np.empty(world.size, dtype=np.int64)
    for number, members in enumerate(sorted(found, key=min)):
        out[list(members)] = number
    return out
