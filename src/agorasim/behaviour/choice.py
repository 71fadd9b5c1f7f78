"""Choice of brand and place, or nothing: nested logit by random utility, one draw per alternative.

Brands (and not buying) above, places to buy below, dissimilarity `lambda`. The utility of place l of brand b is
V_l + lambda * (G_l + log S_b), with G_l standard Gumbel and S_b positive stable with index lambda: the largest utility
wins, and the choice probabilities are exactly McFadden's (1978) nested logit. Because each alternative keeps its own
draw, taking one away moves only those who had chosen it.
"""

from __future__ import annotations

import math

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import (
    BY_CONSIDERED,
    CLICKED,
    FOUND,
    ORDERS_WRITTEN,
    Columns,
)
from agorasim.randomness import (
    BRAND_CHOICE,
    PLACE_CHOICE,
    block,
    gumbel,
    log_positive_stable,
    philox_here,
    to_uniform,
)


@borrowed
def considers(w: Columns, i: int, b: int, u: float) -> bool:
    """Whether a brand enters the consideration set: found or visited today, or recalled (awareness or habit)."""
    bond = w.bond[i, b]
    if bond["flags"] & (FOUND | CLICKED) or bond["visited"]:
        return True
    return bool(u < max(np.float64(bond["awareness"]), np.float64(bond["habit"])))


@borrowed
def offer_utility(w: Columns, i: int, o: int) -> float:
    """Systematic utility of buying a brand at a place, against not buying (0)."""
    offer = w.offers[o]
    traits = w.traits[i]
    bond = w.bond[i, offer["brand"]]
    params = w.params[0]
    value = (
        w.brands[offer["brand"]]["base"]
        + params["goodwill"] * np.float64(bond["goodwill"])
        + params["habit"] * np.float64(bond["habit"])
        - np.float64(traits["price"]) * offer["pain"]
        + np.float64(traits["deal"]) * offer["signal"]
        - offer["wait"]
    )
    if offer["located"]:
        dx = np.float64(traits["x"]) - np.float64(offer["x"])
        dy = np.float64(traits["y"]) - np.float64(offer["y"])
        value = value - params["distance"] * math.sqrt(dx * dx + dy * dy)
    if offer["bit"] >= 0 and (bond["visited"] >> np.uint32(offer["bit"])) & np.uint32(1):
        value = value + params["visit"]
    return float(value)


@borrowed
def toss(w: Columns, i: int, ids: int) -> None:
    """The draws of one choice into `w.tossed`: row 0 one a place, rows 1 to 3 three a brand.

    All of them, needed or not: a loop of nothing but Philox blocks is vectorised, and so eight times cheaper a block.
    """
    at = w.now[0]
    day = np.uint64(at["day"]) << np.uint64(8)
    place = np.uint32(day | np.uint64(PLACE_CHOICE))
    brand = np.uint32(day | np.uint64(BRAND_CHOICE))
    who, replicate = np.uint32(i), np.uint32(at["replicate"])
    key0, key1 = np.uint32(at["key0"]), np.uint32(at["key1"])
    entities = w.offer_ids[ids]
    uniform = w.tossed[0]
    for o in range(entities.shape[0]):
        a, _, _, _ = philox_here(who, entities[o], replicate, place, key0, key1)
        uniform[o] = to_uniform(a)
    entities = w.brand_ids[ids]
    for b in range(entities.shape[0]):
        a, c, d, _ = philox_here(who, entities[b], replicate, brand, key0, key1)
        w.tossed[1, b] = to_uniform(a)
        w.tossed[2, b] = to_uniform(c)
        w.tossed[3, b] = to_uniform(d)


@borrowed
def choose_one(w: Columns, i: int, k: int) -> int:
    """The offer taken for the consumer's k-th need of the day, -1 for none."""
    ids = k % w.outside_ids.shape[0]
    toss(w, i, ids)
    tossed, offers = w.tossed, w.offers
    direct = w.person[i]["direct"]
    best = -1
    most = -1e300
    if not direct:
        most = gumbel(block(w.now, PLACE_CHOICE, i, w.outside_ids[ids])[0])
    scale = w.params[0]["dissimilarity"]
    cell = w.person[i]["cell"]
    for b in range(w.bond.shape[1]):
        if not (direct or considers(w, i, b, tossed[1, b])):
            continue
        w.by_cell[b, cell, BY_CONSIDERED] += 1
        shared = log_positive_stable(tossed[2, b], tossed[3, b], scale)
        for o in range(w.brands[b]["first"], w.brands[b]["end"]):
            offer = offers[o]
            if not offer["open"] or (offer["members"] and not w.trade[i, b]["member"]):
                continue
            utility = offer_utility(w, i, o) + scale * (gumbel(tossed[0, o]) + shared)
            if utility > most:
                most = utility
                best = o
    return best


@borrowed
def choose(w: Columns, i: int) -> None:
    """A consumer answers each need of the day with an order, or with nothing."""
    for k in range(w.person[i]["needs"]):
        o = choose_one(w, i, k)
        if o >= 0:
            order = w.orders[w.counts[ORDERS_WRITTEN]]
            order["consumer"] = np.int32(i)
            order["sequence"] = np.int32(k)
            order["offer"] = np.int32(o)
            order["served"] = np.uint8(1)
            w.counts[ORDERS_WRITTEN] += 1
