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
    ONLINE,
    ORDERS_WRITTEN,
    OUT_OF_QUESTION,
    REACHED,
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
    if w.appeal.shape[0] > 0 and np.float64(w.appeal[i, b]) < OUT_OF_QUESTION:
        return False
    if w.modes.shape[0] > 0:
        return bool(considers_in_mode(w, i, b, u))
    return bool(recalls(w, i, b, u))


@inlined
def recalls(w: Columns, i: int, b: int, u: float) -> bool:
    """The same for somebody whom no mechanism makes choose otherwise."""
    if w.flags[i, b] & (FOUND | CLICKED) or w.visited[i, b]:
        return True
    return bool(u < max(np.float64(w.awareness[i, b]), np.float64(w.habit[i, b])))


@borrowed
def considers_in_mode(w: Columns, i: int, b: int, u: float) -> bool:
    """The same for a consumer whose way of choosing narrows or widens the set."""
    mode = w.modes[w.mode[i]]
    if mode["reached_only"] and not w.flags[i, b] & REACHED:
        return False
    if mode["habit_only"] and not w.bought[i, b]:
        for other in range(w.bought.shape[1]):
            if w.bought[i, other]:
                return False
    if w.flags[i, b] & (FOUND | CLICKED) or w.visited[i, b]:
        return True
    recalled = max(np.float64(w.awareness[i, b]), np.float64(w.habit[i, b]))
    if mode["widen"] == 1.0:
        return bool(u < recalled)
    return bool(u < 1.0 - (1.0 - recalled) ** mode["widen"])


@borrowed
def liking(w: Columns, i: int, b: int) -> float:
    """What speaks for a brand wherever it is bought."""
    params = w.params[0]
    goodwill, habit, appeal = params["goodwill"], params["habit"], 1.0
    if w.modes.shape[0] > 0:
        mode = w.modes[w.mode[i]]
        goodwill, habit, appeal = goodwill * mode["goodwill"], habit * mode["habit"], mode["appeal"]
    value = w.brands[b]["base"] + goodwill * np.float64(w.goodwill[i, b]) + habit * np.float64(w.habit[i, b])
    if w.appeal.shape[0] > 0:
        value = value + appeal * np.float64(w.appeal[i, b])
    return float(value)


@inlined
def place_utility(
    liked: float, offer: Any, traits: Any, price: float, deal: float, visited: int, distance: float, visit: float
) -> float:
    """Systematic utility of buying a brand (liked so much, visited there today) at a place, against not buying (0).

    price and deal: how much the consumer minds prices and likes promotions.
    """
    value = liked - price * offer["pain"] + deal * offer["signal"]
    value = value - offer["wait"]
    if offer["located"]:
        dx = np.float64(traits["x"]) - np.float64(offer["x"])
        dy = np.float64(traits["y"]) - np.float64(offer["y"])
        value = value - distance * offer["far"] * math.sqrt(dx * dx + dy * dy)
    if offer["bit"] >= 0 and (visited >> np.uint32(offer["bit"])) & np.uint32(1):
        value = value + visit
    return float(value + offer["bonus"])


@borrowed
def coupon(w: Columns, i: int, o: int) -> Any:
    """Minor units that the consumer's coupon takes off an offer today."""
    offer = w.offers[o]
    b = offer["brand"]
    if w.rebate_until[i, b] < np.int32(w.now[0]["day"]) or not w.rebate_where[i, b] & offer["channel"]:
        return np.int64(0)
    return min(np.int64(w.rebate[i, b]), np.int64(offer["price"]))


@borrowed
def coupon_utility(w: Columns, i: int, o: int, price: float, deal: float) -> float:
    """What a coupon adds to the utility of an offer: less to pay, and the promotion itself."""
    off = coupon(w, i, o)
    if off == 0:
        return 0.0
    params = w.params[0]
    return float(price * params["pain"] * off + deal * params["promotion"] * off / np.float64(w.offers[o]["price"]))


@borrowed
def minding(w: Columns, i: int) -> Any:
    """How much the consumer minds prices, likes promotions, and minds distance, in today's way of choosing."""
    traits = w.traits[i]
    price, deal, distance = np.float64(traits["price"]), np.float64(traits["deal"]), w.params[0]["distance"]
    if w.modes.shape[0] > 0:
        mode = w.modes[w.mode[i]]
        price, deal, distance = price * mode["price"], deal * mode["deal"], distance * mode["distance"]
    return price, deal, distance


@borrowed
def offer_utility(w: Columns, i: int, o: int) -> float:
    """Systematic utility of an offer to a consumer, against not buying (0)."""
    b = w.offers[o]["brand"]
    price, deal, distance = minding(w, i)
    value = place_utility(
        liking(w, i, b), w.offers[o], w.traits[i], price, deal, w.visited[i, b], distance, w.params[0]["visit"]
    )
    if w.rebate.shape[0] > 0:
        value = value + coupon_utility(w, i, o, price, deal)
    return float(value + leaning(w, i, w.offers[o]["channel"]))


@inlined
def leaning(w: Columns, i: int, channel: int) -> float:
    """What a preferred channel adds to the utility of an offer there, and takes from one elsewhere."""
    if w.lean.shape[0] == 0:
        return 0.0
    return float(np.float64(w.lean[i]) if channel == ONLINE else -np.float64(w.lean[i]))


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
def choose_one(w: Columns, i: int, k: int, barred: int) -> int:
    """The offer taken for the consumer's k-th need of the day, -1 for none; offer `barred` cannot be had (-1: all can).

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
    scale, visit = params["dissimilarity"], params["visit"]
    price, deal, distance = minding(w, i)
    # A coupon is for the day's first need, so that two orders cannot both count on it.
    wallet, leans = w.rebate.shape[0] > 0 and k == 0, w.lean.shape[0] > 0
    traits = w.traits[i]
    cell = w.cell[i]
    # Nothing but what every scenario has: the loop then asks no mechanism.
    plain = w.modes.shape[0] == 0 and w.appeal.shape[0] == 0
    goodwill, habit = params["goodwill"], params["habit"]
    for b in range(w.awareness.shape[1]):
        own = nothing + 1 + b
        if not (direct or (recalls(w, i, b, first[own]) if plain else considers(w, i, b, first[own]))):
            continue
        if barred < 0:
            w.by_cell[b, cell, BY_CONSIDERED] += 1
        shared = log_positive_stable_bound(second[own], third[own], scale, bounds)
        exact = False
        if plain:
            liked = w.brands[b]["base"] + goodwill * np.float64(w.goodwill[i, b]) + habit * np.float64(w.habit[i, b])
        else:
            liked = liking(w, i, b)
        visited = w.visited[i, b]
        member = w.member[i, b]
        for o in range(w.brands[b]["first"], w.brands[b]["end"]):
            offer = offers[o]
            if not offer["open"] or (offer["members"] and not member & offer["members"]) or o == barred:
                continue
            if offer["trial"] and not w.treated[i]:
                continue
            value = place_utility(liked, offer, traits, price, deal, visited, distance, visit)
            if wallet:
                value = value + coupon_utility(w, i, o, price, deal)
            if leans:
                value = value + leaning(w, i, offer["channel"])
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
        o = choose_one(w, i, k, -1)
        if o >= 0:
            order = w.orders[w.counts[ORDERS_WRITTEN]]
            order["consumer"] = np.int32(i)
            order["sequence"] = np.int32(k)
            order["offer"] = np.int32(o)
            order["served"] = np.uint8(1)
            order["source"] = np.uint8(0)
            order["rebate"] = np.int32(0)
            order["price"] = np.int64(0)
            w.counts[ORDERS_WRITTEN] += 1


@borrowed
def choose_again(w: Columns, codes: Any) -> None:
    """What the consumers of orders number `codes` take instead: the next best offer (-1: none) into the order.

    Draws are those of the first choice, so that it is the second best of the same comparison.
    """
    for k in range(codes.shape[0]):
        order = w.orders[codes[k]]
        order["offer"] = np.int32(
            choose_one(w, np.int64(order["consumer"]), np.int64(order["sequence"]), np.int64(order["offer"]))
        )
