"""Media and owned contact: who meets which brand where today, and what it leaves behind.

Frequency is Poisson per user (GRP = reach x frequency); impressions of one day and touchpoint have diminishing
returns; touchpoints combine as a union (each closes a share of what gap is left); fatigue dampens; memory decays.
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
from agorasim.randomness import CHUNK, CLICK, FREQUENCY, INTENT, USE, draw, fill

CLICKS = 128  # beside a number of impressions (at most 100): one of them would be clicked
_TRACE = 1e-9  # a state below this is nothing: spares the processor's slow path for denormal numbers


@borrowed
def faded(level: float, keep: float) -> float:
    """What a night leaves of a level that decays towards 0."""
    return level * keep if level > _TRACE else 0.0


@borrowed
def fade(levels: Any, low: int, high: int, keep: float) -> None:
    """A night's decay of entries `low` to `high` - 1 of a row of levels; such a loop is vectorised."""
    if keep < 1.0:
        for k in range(low, high):
            levels[k] = np.float32(faded(np.float64(levels[k]), keep))


@borrowed
def forget(w: Columns, first: int, end: int) -> None:
    """A night's decay of what consumers `first` to `end` - 1 feel, and a clean sheet for today's events."""
    p = w.params[0]
    low, high = first * w.awareness.shape[1], end * w.awareness.shape[1]
    fade(w.awareness.reshape(-1), low, high, p["keep_awareness"])
    fade(w.habit.reshape(-1), low, high, p["keep_habit"])
    fade(w.fatigue.reshape(-1), low, high, p["keep_fatigue"])
    keep = p["keep_goodwill"]
    if keep < 1.0:
        levels = w.goodwill.reshape(-1)
        for k in range(low, high):
            levels[k] = np.float32(np.float64(levels[k]) * keep)
    for group in range(w.shown.shape[0]):
        w.shown[group, first:end] = np.uint8(0)
    w.visited.reshape(-1)[low:high] = np.uint32(0)
    w.flags.reshape(-1)[low:high] = np.uint8(0)


@borrowed
def times_met(w: Columns, i: int, p: int, u: float) -> int:
    """How often a user of the touchpoint would meet the brand there today, from one uniform."""
    pair = w.pairs[p]
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
def impressions(w: Columns, i: int, p: int, u: float) -> int:
    """How often a user of the touchpoint meets the brand there today, from one uniform, before frequency caps."""
    return times_met(w, i, p, u) if may_meet(w, i, w.pairs[p]) else 0


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
def poisson_steps(mean: float, zero: float, out: Any) -> None:
    """Cumulative Poisson probabilities P(X <= n) for n = 0, 1, ... into `out`; zero is exp(-mean)."""
    term = zero
    total = zero
    for n in range(out.shape[0]):
        out[n] = total
        term = term * mean / (n + 1)
        total += term


@inlined
def raised(level: float, gain: float) -> float:
    """A level that closes a share of the gap to 1."""
    return level + min(1.0, gain) * (1.0 - level)


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
def see(w: Columns, i: int) -> None:
    """A consumer's day of exposure: forgets a little, uses touchpoints, meets brands there."""
    forget(w, i, i + 1)
    who, what = w.who[0], w.what[0]
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        if touch["everyone"] or draw(w.now, USE, i, touch["entity"]) < np.float64(w.use[touch["touch"], i]):
            for p in range(touch["first"], touch["end"]):
                pair = w.pairs[p]
                n = times_met(w, i, p, draw(w.now, FREQUENCY, i, pair["entity"]))
                if n > 0:
                    code = n
                    if pair["clicks"] and draw(w.now, CLICK, i, pair["entity"]) < w.lift[pair["table"], n, LIFT_CLICK]:
                        code |= CLICKS
                    who[0] = np.int32(i)
                    what[0] = np.uint8(code)
                    meet_listed(w, p, who, what, 0, 1)


@borrowed
def users_of(w: Columns, k: int, chunk: int, uniform: Any, users: Any) -> Any:
    """List in `users` the places in the chunk of those who use today's k-th touchpoint; returns how many."""
    touch = w.touches[k]
    first = chunk * CHUNK
    size = min(CHUNK, w.cell.shape[0] - first)
    if touch["everyone"]:
        for j in range(size):
            users[j] = j
        return size
    use = w.use[touch["touch"]]
    fill(w.now, USE, chunk, touch["entity"], uniform)
    count = 0
    for j in range(size):
        users[count] = j
        count += 1 if uniform[j] < np.float64(use[first + j]) else 0
    return count


@borrowed
def listed(w: Columns, p: int, first: int, count: int, uniform: Any, users: Any, hits: Any) -> int:
    """List in `hits` those of `count` users whom `impressions` gives any, without branching; returns how many."""
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
def meetings(w: Columns, p: int, chunk: int, count: int, users: Any, who: Any, what: Any) -> Any:
    """What draws alone decide about pair p and the `count` users of a chunk: who may meet the brand, how often.

    Fills `who` (consumers) and `what` (impressions, and CLICKS when one would be clicked); returns how many. Whether
    they do meet (membership, an experiment) and what it leaves is `meet_listed`.
    """
    pair = w.pairs[p]
    first = chunk * CHUNK
    uniform, second, hits = w.uniform[0], w.uniform[1], w.listed[1]
    fill(w.now, FREQUENCY, chunk, pair["entity"], uniform)
    found = listed(w, p, first, count, uniform, users, hits)
    clicks = pair["clicks"] and found > 0
    if clicks:
        fill(w.now, CLICK, chunk, pair["entity"], second)
    lift, steps, cap, media = w.lift[pair["table"]], w.steps[p], pair["cap"], pair["mode"] == MEDIA
    for k in range(found):
        j = hits[k]
        n = 1
        if media:
            u = uniform[j]
            while n < cap and u >= steps[n]:
                n += 1
        code = n
        if clicks and second[j] < lift[n, LIFT_CLICK]:
            code |= CLICKS
        who[k] = np.int32(first + j)
        what[k] = np.uint8(code)
    return found


@borrowed
def see_chunk(w: Columns, chunk: int) -> None:
    """`see` for the 256 consumers of a chunk: draws filled at once, users and hits listed without branches.

    Meetings that an agenda knows (other worlds drew them before) are not drawn again.
    """
    users, uniform, rows = w.listed[0], w.uniform[0], w.agenda_row
    who, what = w.who[0], w.what[0]
    first = chunk * CHUNK
    forget(w, first, min(first + CHUNK, w.cell.shape[0]))
    for k in range(w.touches.shape[0]):
        touch = w.touches[k]
        count = -1
        for p in range(touch["first"], touch["end"]):
            if rows.shape[0] > 0 and rows[p] >= 0:
                span = w.agenda_first[rows[p]]
                meet_listed(w, p, w.agenda_who, w.agenda_what, span[chunk], span[chunk + 1])
                continue
            if count < 0:
                count = users_of(w, k, chunk, uniform, users)
            found = meetings(w, p, chunk, count, users, who, what)
            if found > 0:
                meet_listed(w, p, who, what, 0, found)


@borrowed
def note_meetings(w: Columns, p: int, row: int, at: int) -> int:
    """Write the meetings of pair p today into row `row` of the agenda, from entry `at` on; returns where it ends.

    -1 when there may not be room.
    """
    k = 0
    while not w.touches[k]["first"] <= p < w.touches[k]["end"]:
        k += 1
    users, uniform = w.listed[0], w.uniform[0]
    for chunk in range((w.cell.shape[0] + CHUNK - 1) // CHUNK):
        if at + CHUNK > w.agenda_who.shape[0]:
            return -1
        w.agenda_first[row, chunk] = at
        count = users_of(w, k, chunk, uniform, users)
        at += meetings(w, p, chunk, count, users, w.agenda_who[at:], w.agenda_what[at:])
        w.agenda_first[row, chunk + 1] = at
    return at


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
        touch, touched, last = np.int16(pair["touch"]), w.touch_day, w.last_touch
        today = np.int32(w.now[0]["day"])
        for k in range(low, high):
            i = np.int64(who[k])
            visited[i, b] = np.uint32(visited[i, b] | bit)
            knows = identified(w, i, b, touch)
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
        awareness[i, b] = np.float32(raised(np.float64(awareness[i, b]), lift[n, LIFT_AWARENESS] * strength))
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
