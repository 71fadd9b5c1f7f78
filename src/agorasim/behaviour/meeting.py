"""What a meeting with a brand leaves behind: awareness, goodwill, fatigue, visits, clicks, journeys.

Impressions of one day and touchpoint have diminishing returns; touchpoints combine as a union (each closes a share of
what gap is left); fatigue dampens.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed, inlined
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
    LOG_CLICK,
    LOG_IMPRESSION,
    LOG_VISIT,
    MEDIA,
    REACHED,
    Columns,
)
from agorasim.randomness import CLICK, INTENT, draw

CLICKS = 128  # beside a number of impressions (at most 100): one of them would be clicked


@inlined
def raised(level: float, gain: float) -> float:
    """A level that closes a share of the gap to 1."""
    return level + min(1.0, gain) * (1.0 - level)


@inlined
def may_meet(w: Columns, i: int, pair: Any) -> bool:
    """Whether the consumer is one of those whom the pair is for: members, the treated, an audience, those with intent.

    Intent is met with awareness, by a draw of the pair's own.
    """
    b = pair["brand"]
    if pair["members"] and not w.member[i, b] & pair["members"]:
        return False
    if pair["trial"] and not w.treated[i]:
        return False
    if pair["audience"] >= 0 and not w.audience[pair["audience"], i]:
        return False
    intent = pair["intent"]
    if intent > 0.0:
        return bool(draw(w.now, INTENT, i, pair["entity"]) < 1.0 - intent + intent * np.float64(w.awareness[i, b]))
    return True


@inlined
def identified(w: Columns, i: int, b: int, t: int) -> bool:
    """Whether the brand knows who this is at a touchpoint: by its data platform; without one, whoever consents."""
    if w.known.shape[0] > 0:
        return bool((w.known[i, b] >> np.uint32(t)) & np.uint32(1))
    return bool(w.consent[i] > 0)


@borrowed
def remember_touch(w: Columns, i: int, b: int, t: int) -> None:
    """The brand's analytics can credit this touch, where it can identify the consumer."""
    if identified(w, i, b, t):
        w.last_touch[i, b] = np.int16(t)
        w.touch_day[i, b] = np.int32(w.now[0]["day"])


@borrowed
def counted(w: Columns, i: int, b: int, beside: int) -> Any:
    """1 when the consumer visited what the brand runs on the touchpoint, so that its ads there reach nobody new."""
    return np.int64((w.visited[i, b] >> np.uint32(beside)) & np.uint32(1)) if beside >= 0 else 0


@borrowed
def click(w: Columns, i: int, p: int) -> None:
    """An impression of pair p was clicked: the brand is considered today, and can credit the touch."""
    pair = w.pairs[p]
    b = pair["brand"]
    w.flags[i, b] = np.uint8(w.flags[i, b] | CLICKED)
    remember_touch(w, i, b, pair["touch"])


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
def admitted(w: Columns, p: int, who: Any, what: Any, low: int, high: int) -> int:
    """List in `w.who[1]` and `w.what[1]` those whom pair p is for, as often as a cap lets them; returns how many."""
    pair = w.pairs[p]
    b, group = np.int64(pair["brand"]), pair["group"]
    own, times, found = w.who[1], w.what[1], 0
    for k in range(low, high):
        i = np.int64(who[k])
        if not may_meet(w, i, pair):
            continue
        code = np.int64(what[k])
        if group >= 0 and identified(w, i, b, pair["touch"]):
            n = min(code & (CLICKS - 1), pair["most"] - np.int64(w.shown[group, i]))
            if n <= 0:
                continue
            w.shown[group, i] = np.uint8(w.shown[group, i] + n)
            code = (code & CLICKS) | n
        own[found] = np.int32(i)
        times[found] = np.uint8(code)
        found += 1
    return found


@borrowed
def wear_out(goodwill: float, gain: float, tired: float, tedium: float) -> float:
    """Goodwill after a contact that would have raised it by `gain`: the tired are put off by it."""
    gain = gain * (1.0 - tedium * tired)
    if gain >= 0.0:
        return float(raised(goodwill, gain))
    return float(goodwill + min(1.0, -gain) * (-1.0 - goodwill))


@borrowed
def note(w: Columns, i: int, b: int, t: int, event: int, count: int) -> None:
    """Keep a touch in the journey of a consumer who is logged, as far as there is room."""
    if w.log_end[0] < w.log.shape[0]:
        row = w.log[w.log_end[0]]
        row["consumer"] = np.int32(i)
        row["brand"] = np.int16(b)
        row["touch"] = np.int16(t)
        row["event"] = np.uint8(event)
        row["count"] = np.uint8(min(count, 255))
    w.log_end[0] += 1


@borrowed
def meet_listed(w: Columns, p: int, who: Any, what: Any, low: int, high: int) -> None:
    """What their meetings leave with the consumers at `low` to `high` - 1 of a list: awareness, goodwill, fatigue,
    visits and clicks, of those whom pair p is for. Each step is a loop that finds its arrays once."""
    pair = w.pairs[p]
    b = pair["brand"]
    if pair["members"] or pair["trial"] or pair["audience"] >= 0 or pair["group"] >= 0 or pair["intent"] > 0.0:
        high = admitted(w, p, who, what, low, high)
        who, what, low = w.who[1], w.what[1], 0
    lift, beside, tedium = w.lift[pair["table"]], pair["beside"], w.params[0]["tedium"]
    tires = w.params[0]["tires"]
    awareness, goodwill, fatigue, flags = w.awareness, w.goodwill, w.fatigue, w.flags
    cells, tallies, visited, encoding = w.cell, w.by_cell[b], w.visited, w.params[0]["encoding"]
    irritates, warms = pair["irritates"], lift[1, LIFT_GOODWILL] > 0.0
    personal, logging = w.relevance.shape[0] > 0, w.logged.shape[0] > 0
    clickers = w.listed[1]
    shown = 0
    known = 0
    clicked = 0
    if beside >= 0:
        for k in range(low, high):
            known += counted(w, who[k], b, beside)
    if pair["bit"] >= 0:
        bit = np.uint32(1) << np.uint32(pair["bit"])
        consent, touch, touched, last = w.consent, np.int16(pair["touch"]), w.touch_day, w.last_touch
        today = np.int32(w.now[0]["day"])
        if w.known.shape[0] > 0:
            for k in range(low, high):
                visited[who[k], b] = np.uint32(visited[who[k], b] | bit)
                remember_touch(w, np.int64(who[k]), b, touch)
        else:  # the same without asking a platform for each
            for k in range(low, high):
                i = np.int64(who[k])
                visited[i, b] = np.uint32(visited[i, b] | bit)
                knows = consent[i] > 0
                touched[i, b] = today if knows else touched[i, b]
                last[i, b] = touch if knows else last[i, b]
    for k in range(low, high):
        i = np.int64(who[k])
        n = np.int64(what[k]) & np.int64(CLICKS - 1)
        shown += int(n)
        met = np.int64(flags[i, b]) & REACHED
        flags[i, b] = np.uint8(flags[i, b] | REACHED)
        tallies[cells[i], BY_REACH] += 1 - met
        tired = np.float64(fatigue[i, b])
        strength = (1.0 - tired) * (1.0 + encoding * met)
        if personal:
            strength = strength * np.float64(w.relevance[i, b])
        noticed = strength
        if tires < 1.0:
            noticed = (1.0 - tires * tired) * (1.0 + encoding * met)
            if personal:
                noticed = noticed * np.float64(w.relevance[i, b])
        awareness[i, b] = np.float32(raised(np.float64(awareness[i, b]), lift[n, LIFT_AWARENESS] * noticed))
        if warms:
            gain = lift[n, LIFT_GOODWILL] * strength
            if tedium > 0.0:
                goodwill[i, b] = np.float32(wear_out(np.float64(goodwill[i, b]), gain, tired, tedium))
            else:
                goodwill[i, b] = np.float32(raised(np.float64(goodwill[i, b]), gain))
        if irritates:
            fatigue[i, b] = np.float32(raised(tired, lift[n, LIFT_FATIGUE]))
        clicks = what[k] & CLICKS
        if personal and pair["clicks"]:
            # The same draw as for everybody, against a chance of one's own.
            chance = lift[n, LIFT_CLICK] * np.float64(w.relevance[i, b])
            clicks = CLICKS if draw(w.now, CLICK, i, pair["entity"]) < chance else 0
        if clicks:
            clickers[clicked] = i
            clicked += 1
    for k in range(clicked):
        click(w, clickers[k], p)
    tally(w, p, high - low - known, shown, clicked)
    if logging:
        note_meetings_of(w, p, who, what, low, high, clicked)


@borrowed
def note_meetings_of(w: Columns, p: int, who: Any, what: Any, low: int, high: int, clicked: int) -> None:
    """Keep the meetings of those who are logged; `w.listed[1]` holds the `clicked` ones who clicked."""
    pair = w.pairs[p]
    b, t, logged = np.int64(pair["brand"]), np.int64(pair["touch"]), w.logged
    for k in range(low, high):
        i = np.int64(who[k])
        if logged[i]:
            note(w, i, b, t, LOG_IMPRESSION, np.int64(what[k]) & np.int64(CLICKS - 1))
            if pair["bit"] >= 0:
                note(w, i, b, t, LOG_VISIT, np.int64(1))
    for k in range(clicked):
        i = w.listed[1][k]
        if logged[i]:
            note(w, i, b, t, LOG_CLICK, np.int64(1))
