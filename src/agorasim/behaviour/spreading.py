"""Spreading over a graph as compiled passes, one replication a call; the rules themselves are in `spread_rules`.

All passes share one book-keeping: `queue` (int32, n) lists adopters in the order of adoption, `times` (int32, n) holds
the step of adoption or -1, and `count` seeds are entered in both beforehand. Each returns the number of adopters at the
end. Draws are addressed by node or pair, replicate and step: other seeds or parameters shift nobody's draws.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from agorasim._compile import inlined, kernel
from agorasim.behaviour.spread_rules import contact_probability, crosses, hazard_probability, threshold_reached
from agorasim.randomness import CHUNK, SPREAD, block, draw, fill

CASCADE: Final = 0
CONTACT: Final = 1
HAZARD: Final = 2
THRESHOLD: Final = 3

# Entities that no node number reaches (nodes are below 2**31).
EACH_STEP: Final = 0xFFFFFFFD
ONCE: Final = 0xFFFFFFFE
SEEDS: Final = 0xFFFFFFFF

_ROUNDING: Final = 1e-7  #: what float32 weights that should sum to a threshold may lack


@inlined
def _long(value: Any) -> Any:
    """One integer type for every draw, or each constant and integer width would compile the generator anew."""
    return np.int64(value)


@kernel
def choose_seeds(now: Any, n: int, k: int, queue: Any, times: Any) -> int:
    """Enter k different random nodes as seeds (Floyd's algorithm: every set is equally likely)."""
    for s in range(k):
        last = n - k + s
        u, v, _, _ = block(now, _long(SPREAD), _long(s), _long(SEEDS))
        node = min(int((u + (v - 0.5) * 2.3283064365386963e-10) * (last + 1)), last)
        if times[node] >= 0:
            node = last
        times[node] = 0
        queue[s] = node
    return k


@kernel
def forget(queue: Any, count: int, times: Any) -> None:
    """Clear the book-keeping for the next replication."""
    for k in range(count):
        times[queue[k]] = -1


@kernel
def cascade(
    now: Any, indptr: Any, neighbours: Any, weights: Any, p: float, shared_coin: bool, steps: int,
    queue: Any, count: int, times: Any,
) -> int:  # fmt: skip
    """Independent cascade: who became active last step tries each tie once, with chance p (or the tie's weight).

    With `shared_coin` both directions of a tie use one draw (bond percolation). For equal chances both ways the outcome
    has the same distribution: whichever end is active first uses the tie, and the other direction then changes nothing.
    """
    weighted = len(weights) > 0
    done = 0
    step = 0
    while done < count and step < steps:
        step += 1
        stop = count
        while done < stop:
            sender = int(queue[done])
            done += 1
            for e in range(indptr[sender], indptr[sender + 1]):
                node = int(neighbours[e])
                if times[node] >= 0:
                    continue
                if shared_coin:
                    u, _, _, _ = block(now, _long(SPREAD), _long(min(sender, node)), _long(max(sender, node)))
                else:
                    u, _, _, _ = block(now, _long(SPREAD), _long(node), _long(sender))
                if crosses(u, np.float64(weights[e]) if weighted else p):
                    times[node] = step
                    queue[count] = node
                    count += 1
    return count


@kernel
def exposure(
    now: Any, rule: int, indptr: Any, neighbours: Any, weights: Any, totals: Any, escape: Any,
    p: float, q: float, dt: float, steps: int, queue: Any, count: int, times: Any, heard: Any, buffer: Any,
) -> int:  # fmt: skip
    """Rules `contact` and `hazard`: everybody who has not adopted may, each step, given who had before it.

    Overwrites `heard` (float64, n, zeros); `totals` (above 0) are incoming ties or weights; `escape[k]` is (1-q)**k.
    """
    n = len(times)
    weighted = len(weights) > 0
    pushed = 0
    for step in range(1, steps + 1):
        while pushed < count:
            sender = queue[pushed]
            pushed += 1
            for e in range(indptr[sender], indptr[sender + 1]):
                heard[neighbours[e]] += np.float64(weights[e]) if weighted else 1.0
        now["day"][0] = step
        alive = False
        for chunk in range((n + CHUNK - 1) // CHUNK):
            first, last = chunk * CHUNK, min(n, (chunk + 1) * CHUNK)
            needed = False
            for i in range(first, last):
                needed |= times[i] < 0 and (p > 0.0 or heard[i] > 0.0)
            if not needed:
                continue
            alive = True
            fill(now, _long(SPREAD), _long(chunk), _long(EACH_STEP), buffer)
            for i in range(first, last):
                if times[i] >= 0 or (p <= 0.0 and heard[i] <= 0.0):
                    continue
                if rule == CONTACT:
                    chance = contact_probability(p, escape[int(heard[i])])
                else:
                    chance = hazard_probability(p, q, heard[i] / totals[i], dt)
                if buffer[i - first] < chance:
                    times[i] = step
                    queue[count] = i
                    count += 1
        if not alive:
            break
    return count


@kernel
def threshold(
    now: Any, indptr: Any, neighbours: Any, weights: Any, totals: Any, phi: float, steps: int,
    queue: Any, count: int, times: Any, heard: Any, touched: Any,
) -> int:  # fmt: skip
    """Rule `threshold`; a `phi` below 0 draws one a node. Overwrites `heard` (float64, n, zeros) and `touched`."""
    weighted = len(weights) > 0
    pushed = 0
    step = 0
    while pushed < count and step < steps:
        step += 1
        near = 0
        while pushed < count:
            sender = queue[pushed]
            pushed += 1
            for e in range(indptr[sender], indptr[sender + 1]):
                node = neighbours[e]
                heard[node] += np.float64(weights[e]) if weighted else 1.0
                if times[node] == -1:
                    times[node] = -2
                    touched[near] = node
                    near += 1
        for k in range(near):
            node = touched[k]
            times[node] = -1
            share = heard[node] / totals[node]
            if weighted and share > 0.0:
                share += _ROUNDING
            if threshold_reached(share, phi if phi >= 0.0 else draw(now, _long(SPREAD), _long(node), _long(ONCE))):
                times[node] = step
                queue[count] = node
                count += 1
    return count


@kernel
def everybody(
    now: Any, rule: int, n: int, p: float, q: float, phi: float, dt: float, steps: int,
    queue: Any, count: int, times: Any, buffer: Any,
) -> int:  # fmt: skip
    """All four rules on a complete graph, from counts alone: everybody meets the same adopters."""
    new = count
    for step in range(1, steps + 1):
        share = count / (n - 1.0) if n > 1 else 0.0
        chance = 0.0
        if rule == CASCADE:
            chance = contact_probability(0.0, math.pow(1.0 - p, float(new)))
        elif rule == CONTACT:
            chance = contact_probability(p, math.pow(1.0 - q, float(count)))
        elif rule == HAZARD:
            chance = hazard_probability(p, q, share, dt)
        elif phi >= 0.0:
            chance = 1.0 if threshold_reached(share, phi) else 0.0
        else:
            chance = share
        if chance <= 0.0 or count == n:
            break
        by_node = rule == THRESHOLD
        now["day"][0] = 0 if by_node else step
        before = count
        for chunk in range((n + CHUNK - 1) // CHUNK):
            first, last = chunk * CHUNK, min(n, (chunk + 1) * CHUNK)
            fill(now, _long(SPREAD), _long(chunk), _long(ONCE if by_node else EACH_STEP), buffer)
            for i in range(first, last):
                if times[i] >= 0:
                    continue
                if threshold_reached(chance, buffer[i - first]) if by_node else buffer[i - first] < chance:
                    times[i] = step
                    queue[count] = i
                    count += 1
        new = count - before
        if new == 0 and rule in (CASCADE, THRESHOLD):
            break
    return count
