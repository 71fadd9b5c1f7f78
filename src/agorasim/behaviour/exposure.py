"""Media and owned contact: who meets which brand where today.

Frequency is Poisson per user (GRP = reach x frequency). What draws alone decide, who would meet a brand how often, is
here; whom it is for and what it leaves behind is `meeting`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import LIFT_CLICK, MEDIA, Columns
from agorasim.behaviour.meeting import CLICKS, may_meet, meet_listed
from agorasim.randomness import CHUNK, CLICK, FREQUENCY, USE, draw, fill

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
