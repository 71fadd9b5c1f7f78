"""Choice of brand and place, or nothing: nested logit by random utility, one draw per alternative.

Brands (and not buying) above, places to buy below, dissimilarity `lambda`. The utility of place l of brand b is
V_l + lambda * (G_l + log S_b), with G_l standard Gumbel and S_b positive stable with index lambda: the largest utility
wins, and the choice probabilities are exactly McFadden's (1978) nested logit. Because each alternative keeps its own
draw, taking one away moves only those who had chosen it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agorasim._compile import borrowed, inlined
from agorasim.behaviour.columns import (
    BY_CONSIDERED,
    CLICKED,
    FOUND,
    ORDERS_WRITTEN,
    Columns,
)
from agorasim.randomness import (
    BOUNDS,
    GUMBEL,
    gumbel,
    log_positive_stable,
    log_positive_stable_bound,
    philox_here,
    to_uniform,
)


@borrowed
def considers(w: Columns, i: int, b: int, u: float) -> bool:
    """Whether a brand enters the consideration set: found or visited today, or recalled (awareness or habit)."""
    if w.flags[i, b] & (FOUND | CLICKED) or w.visited[i, b]:
        return True
    return bool(u < max(np.float64(w.awareness[i, b]), np.float64(w.habit[i, b])))


@borrowed
def liking(w: Columns, i: int, b: int) -> float:
    """What speaks for a brand wherever it is bought."""
    params = w.params[0]
    return float(
        w.brands[b]["base"]
        + params["goodwill"] * np.float64(w.goodwill[i, b])
        + params["habit"] * np.float64(w.habit[i, b])
    )


@inlined
def place_utility(liked: float, offer: Any, traits: Any, visited: int, distance: float, visit: float) -> float:
    """Systematic utility of buying a brand (liked so much, visited there today) at a place, against not buying (0)."""
    value = liked - np.float64(traits["price"]) * offer["pain"] + np.float64(traits["deal"]) * offer["signal"]
    value = value - offer["wait"]
    if offer["located"]:
        dx = np.float64(traits["x"]) - np.float64(offer["x"])
        dy = np.float64(traits["y"]) - np.float64(offer["y"])
        value = value - distance * math.sqrt(dx * dx + dy * dy)
    if offer["bit"] >= 0 and (visited >> np.uint32(offer["bit"])) & np.uint32(1):
        value = value + visit
    return float(value)


@borrowed
def offer_utility(w: Columns, i: int, o: int) -> float:
    """Systematic utility of an offer to a consumer, against not buying (0)."""
    b = w.offers[o]["brand"]
    p = w.params[0]
    return float(place_utility(liking(w, i, b), w.offers[o], w.traits[i], w.visited[i, b], p["distance"], p["visit"]))


@borrowed
def toss(w: Columns, i: int, ids: int) -> None:
    """The draws of one choice into `w.tossed`, a column a draw: places, then nothing, then brands (three uniforms).

    All of them, needed or not: a loop of nothing but Philox blocks is vectorised, and so eight times cheaper a block
    (the tables are filled up to whole vectors, because what is left over would be done one by one).
    """
    at = w.now[0]
    day = np.uint32(np.uint64(at["day"]) << np.uint64(8))
    who, replicate = np.uint32(i), np.uint32(at["replicate"])
    key0, key1 = np.uint32(at["key0"]), np.uint32(at["key1"])
    entities, purposes = w.choice_ids[ids], w.choice_purposes
    first, second, third = w.tossed[0], w.tossed[1], w.tossed[2]
    for k in range(entities.shape[0]):
        a, b, c, _ = philox_here(who, entities[k], replicate, day | purposes[k], key0, key1)
        first[k] = to_uniform(a)
        second[k] = to_uniform(b)
        third[k] = to_uniform(c)


@borrowed
def choose_one(w: Columns, i: int, k: int) -> int:
    """The offer taken for the consumer's k-th need of the day, -1 for none.

    Most places cannot win whatever their exact draws: upper bounds from tables spare them the logarithms.
    """
    toss(w, i, k % w.choice_ids.shape[0])
    offers, bounds = w.offers, w.bounds
    first, second, third = w.tossed[0], w.tossed[1], w.tossed[2]
    nothing = offers.shape[0]
    direct = w.direct[i]
    best = -1
    most = -1e300
    if not direct:
        most = gumbel(first[nothing])
    params = w.params[0]
    scale, distance, visit = params["dissimilarity"], params["distance"], params["visit"]
    traits = w.traits[i]
    cell = w.cell[i]
    for b in range(w.awareness.shape[1]):
        own = nothing + 1 + b
        if not (direct or considers(w, i, b, first[own])):
            continue
        w.by_cell[b, cell, BY_CONSIDERED] += 1
        shared = log_positive_stable_bound(second[own], third[own], scale, bounds)
        exact = False
        liked = liking(w, i, b)
        visited = w.visited[i, b]
        member = w.member[i, b]
        for o in range(w.brands[b]["first"], w.brands[b]["end"]):
            offer = offers[o]
            if not offer["open"] or (offer["members"] and not member) or (offer["trial"] and not w.treated[i]):
                continue
            value = place_utility(liked, offer, traits, visited, distance, visit)
            at_most = bounds[GUMBEL, int(first[o] * BOUNDS)]
            if value + scale * (at_most + shared) <= most:
                continue
            if not exact:
                shared = log_positive_stable(second[own], third[own], scale)
                exact = True
                if value + scale * (at_most + shared) <= most:
                    continue
            utility = value + scale * (gumbel(first[o]) + shared)
            if utility > most:
                most = utility
                best = o
    return best


@borrowed
def choose(w: Columns, i: int) -> None:
    """A consumer answers each need of the day with an order, or with nothing."""
    for k in range(w.needs[i]):
        o = choose_one(w, i, k)
        if o >= 0:
            order = w.orders[w.counts[ORDERS_WRITTEN]]
            order["consumer"] = np.int32(i)
            order["sequence"] = np.int32(k)
            order["offer"] = np.int32(o)
            order["served"] = np.uint8(1)
            w.counts[ORDERS_WRITTEN] += 1
