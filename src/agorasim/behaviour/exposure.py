"""Media and owned contact: who meets which brand where today, and what it leaves behind.

Frequency is Poisson per user (GRP = reach x frequency); impressions of one day and touchpoint have diminishing
returns; touchpoints combine as a union (each closes a share of what gap is left); fatigue dampens; memory decays.
"""

from __future__ import annotations

from typing import Any

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
from agorasim.randomness import CHUNK, CLICK, FREQUENCY, USE, draw, fill

_TRACE = 1e-9  # a state below this is nothing: spares the processor's slow path for denormal numbers


@borrowed
def faded(level: float, keep: float) -> float:
    """What a night leaves of a level that decays towards 0."""
    return level * keep if level > _TRACE else 0.0


@borrowed
def forget(bonds: Any, i: int, b: int, awareness: float, goodwill: float, habit: float, fatigue: float) -> None:
    """A night's decay of what the consumer feels (the shares kept are given), and a clean sheet for today's events."""
    bond = bonds[i, b]
    bond["awareness"] = np.float32(faded(np.float64(bond["awareness"]), awareness))
    bond["goodwill"] = np.float32(np.float64(bond["goodwill"]) * goodwill)
    bond["habit"] = np.float32(faded(np.float64(bond["habit"]), habit))
    bond["fatigue"] = np.float32(faded(np.float64(bond["fatigue"]), fatigue))
    bond["visited"] = np.uint32(0)
    bond["flags"] = np.uint8(0)


@borrowed
def impressions(w: Columns, i: int, p: int, u: float) -> int:
    """How often a user of the touchpoint meets the brand there today, from one uniform."""
    pair = w.pairs[p]
    if pair["members"] and not w.trade[i, pair["brand"]]["member"]:
        return 0
    if pair["mode"] == MEDIA:
        n = 0
        steps = w.steps[p]
        while n < pair["cap"] and u >= steps[n]:
            n += 1
        return n
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
def poisson_steps(mean: float, zero: float, out: Any) -> None:
    """Cumulative Poisson probabilities P(X <= n) for n = 0, 1, ... into `out`; zero is exp(-mean)."""
    term = zero
    total = zero
    for n in range(out.shape[0]):
        out[n] = total
        term = term * mean / (n + 1)
        total += term


@borrowed
def impress(
    bonds: Any, people: Any, tallies: Any, lift: Any, i: int, b: int, n: int, encoding: float, irritates: int
) -> None:
    """What n > 0 impressions of brand b on one touchpoint leave with a consumer today.

    tallies (G, .): the brand's part of `by_cell`; lift (most + 1, 4): the touchpoint's table; encoding: the gain of a
    second touchpoint, 1 for none. Arrays come one by one, so that a loop over consumers finds them once.
    """
    bond = bonds[i, b]
    met = np.int64(bond["flags"]) & REACHED
    bond["flags"] = np.uint8(bond["flags"] | REACHED)
    tallies[people[i]["cell"], BY_REACH] += 1 - met
    strength = 1.0 - np.float64(bond["fatigue"])
    if met:
        strength = strength * encoding
    awareness = np.float64(bond["awareness"])
    gain = min(1.0, lift[n, LIFT_AWARENESS] * strength)
    bond["awareness"] = np.float32(awareness + gain * (1.0 - awareness))
    gain = lift[n, LIFT_GOODWILL] * strength
    if gain > 0.0:
        goodwill = np.float64(bond["goodwill"])
        bond["goodwill"] = np.float32(goodwill + min(1.0, gain) * (1.0 - goodwill))
    if irritates:
        fatigue = np.float64(bond["fatigue"])
        bond["fatigue"] = np.float32(fatigue + lift[n, LIFT_FATIGUE] * (1.0 - fatigue))


@borrowed
def visit(w: Columns, i: int, p: int) -> None:
    """The meeting was a visit to pair p's touchpoint: buying there is more likely today."""
    pair = w.pairs[p]
    bond = w.bond[i, pair["brand"]]
    bond["visited"] = np.uint32(bond["visited"] | (np.uint32(1) << np.uint32(pair["bit"])))
    remember_touch(w, i, pair["brand"], pair["touch"])


@borrowed
def counted(bonds: Any, i: int, b: int, beside: int) -> Any:
    """1 when the consumer visited what the brand runs on the touchpoint, so that its ads there reach nobody new."""
    return np.int64((bonds[i, b]["visited"] >> np.uint32(beside)) & np.uint32(1)) if beside >= 0 else 0


@borrowed
def click(w: Columns, i: int, p: int) -> None:
    """An impression of pair p was clicked: the brand is considered today, and can credit the touch."""
    pair = w.pairs[p]
    bond = w.bond[i, pair["brand"]]
    bond["flags"] = np.uint8(bond["flags"] | CLICKED)
    remember_touch(w, i, pair["brand"], pair["touch"])


@borrowed
def tally(w: Columns, p: int, people: int, shown: int, clicked: int) -> None:
    """Count what happened on pair p's touchpoint: people reached, impressions, clicks."""
    pair = w.pairs[p]
    here = w.at_touch[pair["brand"], pair["touch"]]
    here[AT_REACH] += people
    here[AT_IMPRESSIONS] += shown
    here[AT_CLICKS] += clicked
    if pair["mode"] == MEDIA and not pair["members"]:
        here[AT_ADS] += shown
        here[AT_AD_CLICKS] += clicked


@borrowed
def see(w: Columns, i: int) -> None:
    """A consumer's day of exposure: forgets a little, uses touchpoints, meets brands there."""
    p = w.params[0]
    for b in range(w.bond.shape[1]):
        forget(w.bond, i, b, p["keep_awareness"], p["keep_goodwill"], p["keep_habit"], p["keep_fatigue"])
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        if touch["everyone"] or draw(w.now, USE, i, touch["entity"]) < np.float64(w.use[touch["touch"], i]):
            for k2 in range(touch["first"], touch["end"]):
                n = impressions(w, i, k2, draw(w.now, FREQUENCY, i, w.pairs[k2]["entity"]))
                if n > 0:
                    pair = w.pairs[k2]
                    whose = np.int64(pair["brand"])
                    lift = w.lift[pair["table"]]
                    tallies, encoding = w.by_cell[whose], 1.0 + p["encoding"]
                    impress(w.bond, w.person, tallies, lift, i, whose, n, encoding, pair["irritates"])
                    if pair["bit"] >= 0:
                        visit(w, i, k2)
                    clicked = pair["clicks"] and draw(w.now, CLICK, i, pair["entity"]) < lift[n, LIFT_CLICK]
                    if clicked:
                        click(w, i, k2)
                    people = 1 - counted(w.bond, i, whose, pair["beside"])
                    tally(w, k2, people, n, 1 if clicked else 0)


@borrowed
def listed(w: Columns, p: int, first: int, count: int, uniform: Any, users: Any, hits: Any) -> int:
    """List in `hits` those of `count` users whom `impressions` may give any, without branching; returns how many."""
    pair = w.pairs[p]
    found = 0
    if pair["mode"] == MEDIA:
        zero = np.float64(pair["zero"])
        for k in range(count):
            j = users[k]
            hits[found] = j
            found += 1 if uniform[j] >= zero else 0
    elif pair["near"] >= 0:
        near = w.near[pair["near"]]
        mean = np.float64(pair["mean"])
        for k in range(count):
            j = users[k]
            hits[found] = j
            found += 1 if uniform[j] < mean * np.float64(near[first + j]) else 0
    else:
        mean = np.float64(pair["mean"])
        for k in range(count):
            j = users[k]
            hits[found] = j
            found += 1 if uniform[j] < mean else 0
    return found


@borrowed
def see_chunk(w: Columns, chunk: int) -> None:
    """`see` for the 256 consumers of a chunk: draws filled at once, users and hits listed without branches."""
    uniform = w.uniform[0]
    second = w.uniform[1]
    users = w.listed[0]
    hits = w.listed[1]
    first = chunk * CHUNK
    size = min(CHUNK, w.person.shape[0] - first)
    bonds = w.bond
    people = w.person
    p = w.params[0]
    encoding = 1.0 + p["encoding"]
    awareness, goodwill = p["keep_awareness"], p["keep_goodwill"]
    habit, fatigue = p["keep_habit"], p["keep_fatigue"]
    for i in range(first, first + size):
        for b in range(bonds.shape[1]):
            forget(bonds, i, b, awareness, goodwill, habit, fatigue)
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        use = w.use[touch["touch"]]
        count = 0
        if touch["everyone"]:
            for j in range(size):
                users[j] = j
            count = size
        else:
            fill(w.now, USE, chunk, touch["entity"], uniform)
            for j in range(size):
                users[count] = j
                count += 1 if uniform[j] < np.float64(use[first + j]) else 0
        for k2 in range(touch["first"], touch["end"]):
            pair = w.pairs[k2]
            fill(w.now, FREQUENCY, chunk, pair["entity"], uniform)
            found = listed(w, k2, first, count, uniform, users, hits)
            clicks = pair["clicks"] and found > 0
            if clicks:
                fill(w.now, CLICK, chunk, pair["entity"], second)
            whose = np.int64(pair["brand"])
            tallies, lift = w.by_cell[whose], w.lift[pair["table"]]
            irritates, bit, beside = pair["irritates"], pair["bit"], pair["beside"]
            met = 0
            shown = 0
            clicked = 0
            for k3 in range(found):
                j = hits[k3]
                n = impressions(w, first + j, k2, uniform[j])
                if n > 0:
                    met += 1 - counted(bonds, first + j, whose, beside)
                    shown += n
                    impress(bonds, people, tallies, lift, first + j, whose, n, encoding, irritates)
                    if bit >= 0:
                        visit(w, first + j, k2)
                    if clicks and second[j] < lift[n, LIFT_CLICK]:
                        clicked += 1
                        click(w, first + j, k2)
            tally(w, k2, met, shown, clicked)
