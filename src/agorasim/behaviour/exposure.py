"""Media and owned contact: who meets which brand where today, and what it leaves behind.

Frequency is Poisson per user (GRP = reach x frequency); impressions of one day and touchpoint have diminishing
returns; touchpoints combine as a union (each closes a share of what gap is left); fatigue dampens; memory decays.
"""

from __future__ import annotations

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import (
    AT_AD_CLICKS,
    AT_ADS,
    AT_CLICKS,
    AT_IMPRESSIONS,
    AT_REACH,
    BY_REACH,
    CLICKED,
    LIFT_AWARENESS,
    LIFT_CLICK,
    LIFT_FATIGUE,
    LIFT_GOODWILL,
    MEDIA,
    REACHED,
    Columns,
)
from agorasim.randomness import CHUNK, CLICK, FREQUENCY, USE, block, draw, fill, poisson

_TRACE = 1e-9  # a state below this is nothing: spares the processor's slow path for denormal numbers


@borrowed
def forget(w: Columns, i: int, b: int) -> None:
    """A night's decay of what the consumer feels, and a clean sheet for today's events."""
    bond = w.bond[i, b]
    params = w.params[0]
    bond["awareness"] = np.float32(np.float64(bond["awareness"]) * params["keep_awareness"])
    bond["goodwill"] = np.float32(np.float64(bond["goodwill"]) * params["keep_goodwill"])
    habit = np.float64(bond["habit"])
    if habit > 0.0:
        bond["habit"] = np.float32(habit * params["keep_habit"]) if habit > _TRACE else np.float32(0.0)
    fatigue = np.float64(bond["fatigue"])
    if fatigue > 0.0:
        bond["fatigue"] = np.float32(fatigue * params["keep_fatigue"]) if fatigue > _TRACE else np.float32(0.0)
    bond["visited"] = np.uint32(0)
    bond["flags"] = np.uint8(0)


@borrowed
def impressions(w: Columns, i: int, p: int, u: float) -> int:
    """How often a user of the touchpoint meets the brand there today, from one uniform."""
    pair = w.pairs[p]
    if pair["members"] and not w.trade[i, pair["brand"]]["member"]:
        return 0
    if pair["mode"] == MEDIA:
        return poisson(u, pair["zero"], pair["mean"], pair["cap"])
    chance = np.float64(pair["mean"])
    if pair["near"] >= 0:
        chance = chance * np.float64(w.near[pair["near"], i])
    return 1 if u < chance else 0


@borrowed
def remember_touch(w: Columns, i: int, b: int, t: int) -> None:
    """The brand's analytics can credit this touch, where the consumer consents to being identified."""
    if w.person[i]["consent"]:
        trade = w.trade[i, b]
        trade["touch"] = np.int16(t)
        trade["touch_day"] = np.int32(w.now[0]["day"])


@borrowed
def meet(w: Columns, i: int, p: int, n: int) -> None:
    """The consumer gets n > 0 impressions of pair p today."""
    pair = w.pairs[p]
    b = pair["brand"]
    t = pair["touch"]
    bond = w.bond[i, b]
    table = pair["table"]
    strength = 1.0 - np.float64(bond["fatigue"])
    if bond["flags"] & REACHED:
        strength = strength * (1.0 + w.params[0]["encoding"])
    else:
        bond["flags"] = np.uint8(bond["flags"] | REACHED)
        w.by_cell[b, w.person[i]["cell"], BY_REACH] += 1
    awareness = np.float64(bond["awareness"])
    gain = min(1.0, w.lift[table, n, LIFT_AWARENESS] * strength)
    bond["awareness"] = np.float32(awareness + gain * (1.0 - awareness))
    gain = w.lift[table, n, LIFT_GOODWILL] * strength
    if gain > 0.0:
        goodwill = np.float64(bond["goodwill"])
        bond["goodwill"] = np.float32(goodwill + min(1.0, gain) * (1.0 - goodwill))
    if pair["irritates"]:
        fatigue = np.float64(bond["fatigue"])
        bond["fatigue"] = np.float32(fatigue + w.lift[table, n, LIFT_FATIGUE] * (1.0 - fatigue))
    w.at_touch[b, t, AT_IMPRESSIONS] += n
    w.at_touch[b, t, AT_REACH] += 1
    if pair["mode"] == MEDIA and not pair["members"]:
        w.at_touch[b, t, AT_ADS] += n
    if pair["bit"] >= 0:
        bond["visited"] = np.uint32(bond["visited"] | (np.uint32(1) << np.uint32(pair["bit"])))
        remember_touch(w, i, b, t)
    if pair["clicks"] and block(w.now, CLICK, i, pair["entity"])[0] < w.lift[table, n, LIFT_CLICK]:
        bond["flags"] = np.uint8(bond["flags"] | CLICKED)
        w.at_touch[b, t, AT_CLICKS] += 1
        w.at_touch[b, t, AT_AD_CLICKS] += 1
        remember_touch(w, i, b, t)


@borrowed
def see(w: Columns, i: int) -> None:
    """A consumer's day of exposure: forgets a little, uses touchpoints, meets brands there."""
    for b in range(w.bond.shape[1]):
        forget(w, i, b)
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        if touch["everyone"] or draw(w.now, USE, i, touch["entity"]) < np.float64(w.use[touch["touch"], i]):
            for p in range(touch["first"], touch["end"]):
                n = impressions(w, i, p, draw(w.now, FREQUENCY, i, w.pairs[p]["entity"]))
                if n > 0:
                    meet(w, i, p, n)


@borrowed
def see_chunk(w: Columns, chunk: int) -> None:
    """`see` for the 256 consumers of a chunk: draws filled at once, users and hits listed without branches."""
    uniform = w.uniform[0]
    users = w.listed[0]
    hits = w.listed[1]
    first = chunk * CHUNK
    size = min(CHUNK, w.person.shape[0] - first)
    for i in range(first, first + size):
        for b in range(w.bond.shape[1]):
            forget(w, i, b)
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        t = touch["touch"]
        count = 0
        if touch["everyone"]:
            for j in range(size):
                users[j] = j
            count = size
        else:
            fill(w.now, USE, chunk, touch["entity"], uniform)
            for j in range(size):
                users[count] = j
                count += 1 if uniform[j] < np.float64(w.use[t, first + j]) else 0
        for p in range(touch["first"], touch["end"]):
            pair = w.pairs[p]
            fill(w.now, FREQUENCY, chunk, pair["entity"], uniform)
            if pair["mode"] == MEDIA:
                zero = np.float64(pair["zero"])
                found = 0
                for k2 in range(count):
                    j = users[k2]
                    hits[found] = j
                    found += 1 if uniform[j] >= zero else 0
            else:
                found = count
                for k2 in range(count):
                    hits[k2] = users[k2]
            for k2 in range(found):
                j = hits[k2]
                n = impressions(w, first + j, p, uniform[j])
                if n > 0:
                    meet(w, first + j, p, n)
