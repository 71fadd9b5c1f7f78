"""Random graphs straight into CSR, from addressed draws.

Every draw is addressed by the node that makes it, the layer's stable id and the number of the draw, so a graph depends
on seed, replicate, layer name and its own parameters, and on nothing that was drawn before it. Degrees beyond n - 1
mean everybody (a trial run with few consumers keeps working).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.social.csr import Graph, check_size, from_lists
from agorasim.ecosystem.social.linking import attach, ring, skip_pairs
from agorasim.errors import InputError
from agorasim.randomness import GRAPH, deep_uniforms, stable_id, stream

MAX_TIES: Final = 2**31 - 1

Int32s = NDArray[np.int32]


def watts_strogatz(
    n: int, degree: int = 10, rewire: float = 0.05, *, seed: int = 0, replicate: int = 0, name: str = "graph"
) -> Graph:
    """Small world: a ring of `degree` nearest neighbours, each tie's far end redrawn with probability `rewire`.

    An odd degree gives every second node one tie more on one side, so that `degree` stays the mean. Source: Watts &
    Strogatz (1998), "Collective dynamics of small-world networks"; clustering is 3 (K - 2) / (4 (K - 1)) (1 - b)**3.
    """
    check_size(n)
    _check_probability("rewire", rewire)
    check_ties(n, degree)
    if degree >= n - 1:
        return all_pairs(n)
    slots = (degree + 1) // 2
    targets = np.empty(n * slots, dtype=np.int32)
    ring(stream(seed, replicate), stable_id("layer", name), n, slots, degree % 2 == 1, float(rewire), targets)
    return from_lists(np.repeat(np.arange(n, dtype=np.int32), slots), targets, n)


def barabasi_albert(n: int, links: int = 5, *, seed: int = 0, replicate: int = 0, name: str = "graph") -> Graph:
    """Preferential attachment: each newcomer takes `links` different nodes, chosen in proportion to their degree.

    Starts from `links + 1` nodes who all know each other. Source: Barabasi & Albert (1999), "Emergence of scaling in
    random networks"; P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)).
    """
    return powerlaw_cluster(n, links, 0.0, seed=seed, replicate=replicate, name=name)


def powerlaw_cluster(
    n: int, links: int = 5, triangle: float = 0.5, *, seed: int = 0, replicate: int = 0, name: str = "graph"
) -> Graph:
    """Preferential attachment in which each tie after the first closes a triangle with probability `triangle`.

    The triangle goes to a random neighbour of the node last taken by preference; where all of those are taken,
    preference decides. Source: Holme & Kim (2002), "Growing scale-free networks with tunable clustering".
    """
    check_size(n)
    _check_probability("triangle", triangle)
    check_ties(n, 2 * links)
    if links >= n - 1:
        return all_pairs(n)
    ties = links * (links + 1) // 2 + (n - links - 1) * links
    targets = np.empty(ties, dtype=np.int32)
    listed = triangle > 0.0
    head = np.full(n if listed else 0, -1, dtype=np.int32)
    link = np.empty(ties if listed else 0, dtype=np.int32)
    attach(stream(seed, replicate), stable_id("layer", name), n, links, float(triangle), targets, head, link)
    del head, link
    newcomers = np.arange(n, dtype=np.int32)
    return from_lists(np.repeat(newcomers, np.minimum(newcomers, links)), targets, n)


def erdos_renyi(n: int, degree: float = 10.0, *, seed: int = 0, replicate: int = 0, name: str = "graph") -> Graph:
    """Every pair is tied independently with probability degree / (n - 1); pairs that are not are skipped over.

    Sources: Gilbert (1959), "Random graphs"; skipping: Batagelj & Brandes (2005), "Efficient generation of large random
    networks".
    """
    check_size(n)
    check_ties(n, degree)
    if degree >= n - 1:
        return all_pairs(n)
    now, entity = stream(seed, replicate), stable_id("layer", name)
    everybody, nobody = np.arange(n, dtype=np.int32), np.empty(0, dtype=np.int32)
    inverse = _inverse(degree / (n - 1))
    return collect(n, n * degree / 2, lambda s, t: int(skip_pairs(now, entity, everybody, inverse, nobody, s, t, 0)))


def stochastic_block(
    segments: Any,
    degree: float = 10.0,
    homophily: float = 0.7,
    *,
    seed: int = 0,
    replicate: int = 0,
    name: str = "graph",
) -> Graph:
    """Segments as blocks: a share `homophily` of everybody's ties is drawn within their segment, the rest from anybody.

    `segments` are integers of at least 0, shape (n,). Two members of a segment of m are tied with probability
    h d / (m - 1) + (1 - h) d / (n - 1), others with (1 - h) d / (n - 1): the mean degree is d in every segment that has
    more than h d members. Source: Holland, Laskey & Leinhardt (1983), "Stochastic blockmodels: first steps".
    """
    of = np.ascontiguousarray(segments, dtype=np.int32)
    if of.ndim != 1 or (len(of) and of.min() < 0):
        raise InputError("segments must be one integer of at least 0 a node")
    n = len(of)
    check_size(n)
    _check_probability("homophily", homophily)
    check_ties(n, degree)
    if degree >= n - 1:
        return all_pairs(n)
    now, anybody, within = stream(seed, replicate), stable_id("layer", name), stable_id("layer", name, "within")
    nobody = np.empty(0, dtype=np.int32)
    outside = (1.0 - homophily) * degree / (n - 1)
    order = np.argsort(of, kind="stable").astype(np.int32)
    bounds = np.cumsum(np.bincount(of))
    groups = [group for group in np.split(order, bounds[:-1]) if len(group) > 1]

    def walk(sources: Int32s, targets: Int32s) -> int:
        count = 0
        if outside > 0.0:
            everybody = np.arange(n, dtype=np.int32)
            count = skip_pairs(now, anybody, everybody, _inverse(outside), of, sources, targets, 0)
        for group in groups:
            inside = homophily * degree / (len(group) - 1) + outside
            if inside > 0.0:
                count = skip_pairs(now, within, group, _inverse(inside), nobody, sources, targets, count)
        return int(count)

    return collect(n, n * degree / 2, walk)


def followers(
    n: int,
    leaders: float = 0.01,
    follows: float = 3.0,
    exponent: float = 1.0,
    *,
    seed: int = 0,
    replicate: int = 0,
    name: str = "graph",
) -> Graph:
    """A directed graph of opinion leaders (a share, at least one) to those who follow them.

    A consumer follows a Poisson number of leaders, each taken in proportion to its rank ** -exponent (Zipf 1949); one
    taken twice counts once, and nobody follows themselves.
    """
    check_size(n)
    if not 0.0 < leaders <= 1.0 or not follows > 0.0 or exponent < 0.0:
        raise InputError("followers need a share of leaders above 0, follows above 0 and an exponent of at least 0")
    now, everybody = stream(seed, replicate), np.arange(n, dtype=np.int64)
    about = deep_uniforms(now, GRAPH, everybody, stable_id("layer", name, "followers"))
    order = np.argsort(about[:, 0], kind="stable")
    chosen = order[: max(1, int((about[:, 0] < leaders).sum()))]
    share = np.cumsum(np.arange(1, len(chosen) + 1, dtype=np.float64) ** -exponent)
    share /= share[-1]
    wanted = np.zeros(n, dtype=np.int64)
    term = np.full(n, math.exp(-follows))
    total = term.copy()
    for k in range(1, min(len(chosen), 4 * int(follows) + 40) + 1):
        wanted += about[:, 1] >= total
        term *= follows / k
        total += term
    sources, targets = [], []
    for k in range(int(wanted.max(initial=0))):
        who = everybody[wanted > k]
        u = deep_uniforms(now, GRAPH, who, stable_id("layer", name, "follows", k))[:, 0]
        leader = chosen[np.searchsorted(share, u)]
        sources.append(leader[leader != who])
        targets.append(who[leader != who])
    empty = [np.empty(0, dtype=np.int64)]
    pairs = np.unique(np.stack([np.concatenate(sources or empty), np.concatenate(targets or empty)]), axis=1)
    return from_lists(pairs[0].astype(np.int32), pairs[1].astype(np.int32), n, directed=True)


def complete(n: int) -> Graph:
    """Everybody knows everybody; never written out."""
    return Graph.complete_of(n)


def all_pairs(n: int) -> Graph:
    """Everybody knows everybody, written out: for few nodes."""
    check_size(n)
    sources, targets = np.triu_indices(n, 1)
    return from_lists(sources.astype(np.int32), targets.astype(np.int32), n)


# --- what the generators share --------------------------------------------------------------------------------------


def _check_probability(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name} must be a probability from 0 to 1, got {value}")


def check_ties(n: int, degree: float) -> None:
    """InputError unless the degree is positive and the ties can be numbered."""
    if not degree > 0:
        raise InputError(f"the degree must be positive, got {degree}")
    if n * min(degree, n - 1) / 2 > MAX_TIES:
        raise InputError(f"{n} nodes of degree {degree} are more than {MAX_TIES} ties; take fewer, or a complete graph")


def collect(n: int, expected: float, walk: Callable[[Int32s, Int32s], int]) -> Graph:
    """Run a walk that lists ties into two arrays, again with longer ones in the rare case that they do not fit."""
    room = int(expected + 8 * math.sqrt(expected)) + 64
    while True:
        sources, targets = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        count = walk(sources, targets)
        if count <= room:
            return from_lists(sources[:count], targets[:count], n)
        room = count


def _inverse(p: float) -> float:
    """What log(u) is multiplied by to give a geometric number of failures; 0 means that nothing is skipped."""
    return 0.0 if p >= 1.0 else 1.0 / math.log1p(-p)
