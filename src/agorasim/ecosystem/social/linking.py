"""The compiled loops behind the graph generators: which node ties itself to which."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from agorasim._compile import inlined, kernel
from agorasim.randomness import GRAPH, MAX_DAY, MAX_WORD, block

_TRIES: Final = 1000


@kernel
def words(now: Any, node: int, entity: int, number: int) -> Any:
    """Four uniforms: draw block `number` of a node in a layer (blocks beyond 2**24 move on to the next entity)."""
    now["day"][0] = number & MAX_DAY
    who: Any = np.int64((entity + number // (MAX_DAY + 1)) & MAX_WORD)
    # Explicit types, or every constant and integer width would compile the generator anew.
    purpose: Any = np.int64(GRAPH)
    first: Any = np.int64(node)
    return block(now, purpose, first, who)


@inlined
def fine(u: float, v: float) -> float:
    """One uniform of 64 bits from two of 32."""
    return u + (v - 0.5) * 2.3283064365386963e-10


@inlined
def below(u: float, v: float, limit: int) -> int:
    """An integer from 0 to limit - 1."""
    return min(int(fine(u, v) * limit), limit - 1)


@kernel
def _tied(targets: Any, slots: int, i: int, w: int) -> bool:
    """Whether i and w are tied already: the tie is in one of their own slots."""
    found = False
    for j in range(slots):
        found |= targets[i * slots + j] == w or targets[w * slots + j] == i
    return found


@kernel
def ring(now: Any, entity: int, n: int, slots: int, odd: bool, rewire: float, targets: Any) -> None:
    """Watts-Strogatz into `targets` (n * slots,): each node owns the ties to its right.

    An unused slot holds the node itself, which the builder drops.
    """
    for i in range(n):
        for j in range(slots):
            unused = odd and j == slots - 1 and i % 2 == 1
            targets[i * slots + j] = i if unused else (i + j + 1) % n
    if rewire <= 0.0:
        return
    for i in range(n):
        for j in range(slots):
            if targets[i * slots + j] == i:
                continue
            coin, u, v, _ = words(now, i, entity, j)
            if coin >= rewire:
                continue
            for attempt in range(1, _TRIES):
                w = below(u, v, n)
                if w != i and not _tied(targets, slots, i, w):
                    targets[i * slots + j] = w
                    break
                u, v, _, _ = words(now, i, entity, attempt * slots + j)


@inlined
def _source(e: int, m: int) -> int:
    """The newcomer behind tie e: the founders' ties come first, then `m` a newcomer."""
    founders = m * (m + 1) // 2
    return m + 1 + (e - founders) // m if e >= founders else int((1.0 + math.sqrt(1.0 + 8.0 * e)) * 0.5)


@kernel
def _taken(node: Any, targets: Any, old: int, ties: int) -> bool:
    """Whether the newcomer, whose ties so far are old .. ties - 1, has the node already."""
    found = False
    for e in range(old, ties):
        found |= targets[e] == node
    return found


@kernel
def _by_preference(now: Any, entity: int, v: int, number: int, m: int, targets: Any, old: int, ties: int) -> Any:
    """A node not yet taken, in proportion to degree (a random end of a random old tie), and the next draw's number."""
    while True:
        a, b, _, _ = words(now, v, entity, number)
        number += 1
        end = below(a, b, 2 * old)
        older, newer = int(targets[end // 2]), _source(end // 2, m)
        node = newer if end % 2 == 0 else older
        if not _taken(node, targets, old, ties):
            return node, number


@kernel
def _to_triangle(
    now: Any,
    entity: int,
    v: int,
    number: int,
    near: int,
    m: int,
    targets: Any,
    old: int,
    ties: int,
    head: Any,
    link: Any,
) -> Any:
    """A random neighbour of `near` not yet taken, or -1. Its own ties are a range, those to it a linked list."""
    first = near * (near - 1) // 2 if near <= m else m * (m + 1) // 2 + (near - m - 1) * m
    own = min(near, m)
    _, _, a, b = words(now, v, entity, number)
    eligible = 0
    wanted = -1
    # The first round counts, the second stops at the one drawn.
    for round_ in range(2):
        if round_ == 1:
            if eligible == 0:
                return -1
            wanted = below(a, b, eligible)
        for e in range(first, first + own):
            node = int(targets[e])
            if not _taken(node, targets, old, ties):
                if round_ == 1 and wanted == 0:
                    return node
                eligible += 1
                wanted -= 1
        tie = int(head[near])
        while tie >= 0:
            node = _source(tie, m)
            if not _taken(node, targets, old, ties):
                if round_ == 1 and wanted == 0:
                    return node
                eligible += 1
                wanted -= 1
            tie = int(link[tie])
    return -1


@kernel
def attach(now: Any, entity: int, n: int, m: int, triangle: float, targets: Any, head: Any, link: Any) -> None:
    """Preferential attachment into `targets`, one entry a tie in the newcomers' order.

    `head` and `link` list the ties to each node (empty without triangles).
    """
    # NumPy integers: Numba would compile the called functions anew for every literal.
    ties = np.int64(0)
    for v in range(n):
        old = ties
        near = np.int64(-1)
        number = np.int64(0)
        for j in range(min(v, m)):
            node = np.int64(-1)
            if v <= m:
                node = np.int64(j)
            elif j > 0 and triangle > 0.0:
                coin, _, _, _ = words(now, v, entity, number)
                if coin < triangle:
                    node = _to_triangle(now, entity, v, number, near, m, targets, old, ties, head, link)
                number += 1
            if node < 0:
                node, number = _by_preference(now, entity, v, number, m, targets, old, ties)
                near = node
            targets[ties] = node
            ties += 1
        if triangle > 0.0:
            for e in range(old, ties):
                link[e] = head[targets[e]]
                head[targets[e]] = e


@kernel
def skip_pairs(
    now: Any, entity: int, members: Any, inverse: float, apart: Any, sources: Any, targets: Any, count: int
) -> int:
    """List pairs of members, each with the probability behind `inverse`; with `apart`, only pairs of two segments.

    Returns how many there are in all; only those that fit are stored.
    """
    size = len(members)
    room = len(sources)
    for i in range(size - 1):
        u = int(members[i])
        j = i
        number = 0
        lane = 4
        a = b = c = d = 0.5
        while True:
            if lane == 4:
                a, b, c, d = words(now, u, entity, number)
                number += 1
                lane = 0
            j += 1 + int(math.log(a) * inverse)
            a, b, c = b, c, d
            lane += 1
            if j >= size:
                break
            v = int(members[j])
            if len(apart) > 0 and apart[u] == apart[v]:
                continue
            if count < room:
                sources[count], targets[count] = u, v
            count += 1
    return count
