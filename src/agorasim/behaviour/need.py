"""Needs: Poisson in time with gamma rates over people (NBD counts, Ehrenberg 1959), and adoption of durables."""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import CASCADE, CONTACT, HAZARD, NEEDS_ARISEN, Columns
from agorasim.behaviour.spread_rules import contact_probability, hazard_probability, threshold_reached
from agorasim.randomness import ADOPT, CHUNK, NEED, NOBODY, draw, fill, poisson

#: Fixed point of weighted ties under the threshold rule.
TIE_UNIT = 1000


@borrowed
def keenness(awareness: Any, i: int, innovation: int) -> float:
    """What multiplies spontaneous adoption: 1, or the largest awareness of any brand."""
    if not innovation:
        return 1.0
    most = 0.0
    for b in range(awareness.shape[1]):
        most = max(most, np.float64(awareness[i, b]))
    return most


@borrowed
def adopted_share(w: Columns, i: int) -> float:
    """Share of the consumer's ties that have adopted (of everybody else, on a complete graph)."""
    params = w.params[0]
    if params["complete"]:
        return np.float64(params["adopters"]) / max(1.0, np.float64(params["consumers"]) - 1.0)
    ties = np.float64(w.traits[i]["ties"])
    return np.float64(w.adopted_ties[i]) / ties if ties > 0.0 else 0.0


@borrowed
def wants_to_adopt(w: Columns, i: int, u: float) -> Any:
    """Whether the word-of-mouth rule makes a non-owner recognise the need for the durable today."""
    params = w.params[0]
    rule = params["rule"]
    p = params["p"] * keenness(w.awareness, i, params["innovation"])
    if rule == CONTACT:
        ties = params["adopters"] if params["complete"] else np.int64(w.adopted_ties[i])
        return u < contact_probability(p, w.escapes[ties])
    if rule == HAZARD:
        return u < hazard_probability(p, params["q"], adopted_share(w, i), 1.0)
    # As coarse as the stored threshold, so that 3 of 10 ties do reach 0.3.
    share = np.float64(np.float32(adopted_share(w, i)))
    return threshold_reached(share, np.float64(w.traits[i]["phi"])) or u < p


@borrowed
def recognise(w: Columns, i: int, u_need: float, u_adopt: float) -> int:
    """Needs the consumer recognises today; written to the row and returned."""
    params = w.params[0]
    w.direct[i] = np.uint8(0)
    n = 0
    if params["needing"]:
        zero = np.float64(w.need_zero[i])
        if u_need >= zero:
            n = poisson(u_need, zero, np.float64(w.need_rate[i]) * params["need_factor"], params["most"])
    if params["durable"]:
        if w.owner[i]:
            n = 0
        else:
            n = min(n, 1)
            if params["rule"] > CASCADE and wants_to_adopt(w, i, u_adopt):
                n = 1
                w.direct[i] = np.uint8(params["direct"])
    w.needs[i] = np.uint8(n)
    if n > 0:
        w.counts[NEEDS_ARISEN] += n
        w.needs_by_cell[w.cell[i]] += n
    return n


@borrowed
def need(w: Columns, i: int) -> Any:
    """A consumer's needs of the day."""
    u_need = draw(w.now, NEED, i, NOBODY) if w.params[0]["needing"] else 0.0
    u_adopt = draw(w.now, ADOPT, i, NOBODY) if w.params[0]["rule"] > CASCADE else 0.0
    return recognise(w, i, u_need, u_adopt)


@borrowed
def need_chunk(w: Columns, chunk: int) -> int:
    """`need` for the consumers of a chunk; lists those with a need in `w.listed[0]`; returns how many."""
    uniform = w.uniform[0]
    other = w.uniform[1]
    needy = w.listed[0]
    first = chunk * CHUNK
    if w.params[0]["needing"]:
        fill(w.now, NEED, chunk, NOBODY, uniform)
    if w.params[0]["rule"] > CASCADE:
        fill(w.now, ADOPT, chunk, NOBODY, other)
    count = 0
    size = min(CHUNK, w.cell.shape[0] - first)
    params = w.params[0]
    needing, rule = params["needing"], params["rule"]
    # Two common cases in two sweeps each: list without branching those who may have a need, then ask only them.
    if rule <= CASCADE and not params["durable"]:
        w.needs[first : first + size] = np.uint8(0)
        zero = w.need_zero
        for j in range(size):
            needy[count] = first + j
            count += 1 if uniform[j] >= np.float64(zero[first + j]) else 0
        if not needing:
            return 0
        for k in range(count):
            recognise(w, needy[k], uniform[needy[k] - first], 0.0)
        return count
    if rule == CONTACT and not needing and not params["complete"]:
        w.needs[first : first + size] = np.uint8(0)
        p, escapes, awareness = params["p"], w.escapes, w.awareness
        owner, ties = w.owner, w.adopted_ties
        # Uniforms of needs are not used here, so that their room can hold the chances.
        chance = uniform
        chance[:size] = 0.0 if params["innovation"] else 1.0
        if params["innovation"]:
            for b in range(awareness.shape[1]):
                for j in range(size):
                    chance[j] = max(chance[j], np.float64(awareness[first + j, b]))
        for j in range(size):
            chance[j] = contact_probability(p * chance[j], escapes[ties[first + j]])
        for j in range(size):
            needy[count] = first + j
            count += 1 if (other[j] < chance[j]) & (owner[first + j] == 0) else 0
        for k in range(count):
            recognise(w, needy[k], 0.0, other[needy[k] - first])
        return count
    for j in range(size):
        n = recognise(w, first + j, uniform[j], other[j])
        needy[count] = first + j
        count += 1 if n > 0 else 0
    return count
