"""After the choice: orders are settled or refused, goods received, compared with expectation, and talked about.

Satisfaction follows expectation-disconfirmation (Oliver 1980): what counts is experience above or below expectation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.choice import coupon
from agorasim.behaviour.columns import (
    AT_CREDIT,
    AT_CREDIT_MONEY,
    BAD,
    BY_AWARENESS,
    BY_EXPERIENCES,
    BY_GOODWILL,
    BY_HABIT,
    BY_LOST,
    BY_NEW,
    BY_ORDERS,
    BY_REVENUE,
    BY_SATISFACTION,
    CUSTOMERS,
    EXPERIENCED,
    FIXED,
    GOOD,
    MEMBERS,
    OF_LOST,
    OF_ORDERS,
    OF_REBATE,
    SHIFT,
    Columns,
)
from agorasim.behaviour.word_of_mouth import speak
from agorasim.randomness import EXPERIENCE, RATION, block, normal


@borrowed
def move_goodwill(w: Columns, i: int, b: int, surprise: float) -> None:
    """Goodwill moves by a share of the gap to 1 (or to -1), proportional to the surprise."""
    goodwill = np.float64(w.goodwill[i, b])
    step = min(1.0, w.params[0]["goodwill_gain"] * abs(surprise))
    w.goodwill[i, b] = np.float32(goodwill + step * ((1.0 if surprise >= 0.0 else -1.0) - goodwill))


@borrowed
def lots(w: Columns, ids: Any, consumers: Any, sequences: Any, out: Any) -> None:
    """A keyed draw for each of some orders of one offer; the smallest get what is scarce. ids (K,) by order number."""
    for k in range(consumers.shape[0]):
        out[k] = block(w.now, RATION, np.int64(consumers[k]), np.int64(ids[sequences[k] % ids.shape[0]]))[0]


@borrowed
def settle(w: Columns, k: int) -> None:
    """Today's order number k is served: money, habit, ownership, and when the goods will be there."""
    order = w.orders[k]
    i, o = np.int64(order["consumer"]), np.int64(order["offer"])
    offer = w.offers[o]
    b = np.int64(offer["brand"])
    today = np.int32(w.now[0]["day"])
    cell = w.cell[i]
    paid = np.int64(offer["price"])
    if w.rebate.shape[0] > 0 and order["sequence"] == 0:
        off = coupon(w, i, o)
        if off > 0:
            paid -= off
            order["rebate"] = np.int32(off)
            order["source"] = w.rebate_source[i, b]
            w.rebate_until[i, b] = np.int16(-1)
            w.at_offer[o, OF_REBATE] += off
    order["price"] = paid
    w.at_offer[o, OF_ORDERS] += 1
    w.by_cell[b, cell, BY_ORDERS] += 1
    w.by_cell[b, cell, BY_REVENUE] += paid
    if w.bought[i, b] == 0:
        w.by_cell[b, cell, BY_NEW] += 1
        w.levels[b, cell, CUSTOMERS] += 1
        w.first_day[i, b] = today
    w.bought[i, b] += 1
    if w.touch_day[i, b] >= 0 and today - w.touch_day[i, b] < w.params[0]["window"]:
        w.at_touch[b, w.last_touch[i, b], AT_CREDIT] += 1
        w.at_touch[b, w.last_touch[i, b], AT_CREDIT_MONEY] += paid
    habit = np.float64(w.habit[i, b])
    w.habit[i, b] = np.float32(habit + w.params[0]["habit_gain"] * (1.0 - habit))
    w.owner[i] = np.uint8(1)
    there = np.int32(today + offer["days"])
    # Parcels of one brand under way are opened together, on the first day one of them is there.
    if w.arrives[i, b] < today or there < w.arrives[i, b]:
        w.arrives[i, b] = there


@borrowed
def refuse(w: Columns, i: int, o: int) -> None:
    """A refused order: it feels like a disappointment, and may be complained about."""
    b = np.int64(w.offers[o]["brand"])
    params = w.params[0]
    w.at_offer[o, OF_LOST] += 1
    w.by_cell[b, w.cell[i], BY_LOST] += 1
    move_goodwill(w, i, b, -params["stockout"])


@borrowed
def settle_orders(w: Columns, codes: Any, days: Any) -> int:
    """Settle or refuse today's orders, which stand sorted by consumer and number.

    Lists the codes consumer * B + brand of those served in `codes` and the days until they are there in `days` (both
    with room for every order); returns how many were served.
    """
    served = 0
    brands = w.awareness.shape[1]
    for k in range(w.counts[0]):
        order = w.orders[k]
        i, o = np.int64(order["consumer"]), np.int64(order["offer"])
        if order["served"]:
            settle(w, k)
            codes[served] = i * brands + w.offers[o]["brand"]
            days[served] = w.offers[o]["days"]
            served += 1
        else:
            refuse(w, i, o)
    return served


@borrowed
def experience(w: Columns, i: int, b: int) -> None:
    """Goods are there: quality is experienced and compared with what was expected."""
    params = w.params[0]
    u = block(w.now, EXPERIENCE, i, w.brands[b]["entity"])
    quality = np.float64(w.brands[b]["quality"])
    if params["noise"] > 0.0:
        quality = quality + params["noise"] * normal(u[0])
    expectation = np.float64(w.expectation[i, b])
    surprise = quality - expectation
    w.surprise[i, b] = np.float32(surprise)
    w.expectation[i, b] = np.float32(expectation + params["adaptation"] * surprise)
    w.arrives[i, b] = np.int32(-1)
    move_goodwill(w, i, b, surprise)
    w.flags[i, b] = np.uint8(w.flags[i, b] | EXPERIENCED)
    cell = w.cell[i]
    score = min(5, max(1, int(np.floor(3.5 + surprise))))
    w.by_cell[b, cell, BY_EXPERIENCES] += 1
    w.by_cell[b, cell, BY_SATISFACTION] += score


@borrowed
def tell(w: Columns, i: int, b: int) -> None:
    """After an experience: recommend, complain or join, from the experience's own draws."""
    params = w.params[0]
    surprise = np.float64(w.surprise[i, b])
    u = block(w.now, EXPERIENCE, i, w.brands[b]["entity"])
    if params["talking"]:
        talk = np.float64(w.traits[i]["talk"])
        if surprise > params["delight"] and u[1] < params["recommend"] * talk:
            speak(w, i, b, GOOD)
        if surprise < -params["disappointment"] and u[2] < params["complain"] * talk:
            speak(w, i, b, BAD)
    kept_out = w.treated.shape[0] > 0 and not w.treated[i]
    join = w.brands[b]["join_untreated"] if kept_out else w.brands[b]["join"]
    if not w.member[i, b] and surprise > -params["disappointment"] and u[3] < join:
        w.member[i, b] = np.uint8(1)
        w.levels[b, w.cell[i], MEMBERS] += 1


@borrowed
def receive(w: Columns, i: int) -> None:
    """A consumer receives and experiences what is there today."""
    today = np.int32(w.now[0]["day"])
    for b in range(w.awareness.shape[1]):
        if w.arrives[i, b] == today:
            experience(w, i, b)


@borrowed
def reflect(w: Columns, i: int) -> None:
    """A consumer tells others about today's experiences and may join the brand's members."""
    for b in range(w.awareness.shape[1]):
        if w.flags[i, b] & EXPERIENCED:
            tell(w, i, b)


@borrowed
def receive_codes(w: Columns, codes: Any) -> int:
    """`receive` for codes consumer * B + brand of goods that may be there today; moves those that are to the front.

    Returns how many there are. A code may stand there twice: what was opened is not there again.
    """
    brands = w.awareness.shape[1]
    arrives = w.arrives.reshape(-1)
    today = np.int32(w.now[0]["day"])
    count = 0
    for k in range(codes.shape[0]):
        code = codes[k]
        if arrives[code] == today:
            experience(w, code // brands, code % brands)
            codes[count] = code
            count += 1
    return count


@borrowed
def reflect_codes(w: Columns, codes: Any) -> None:
    """`reflect` for codes consumer * B + brand of today's experiences."""
    brands = w.awareness.shape[1]
    for k in range(codes.shape[0]):
        tell(w, codes[k] // brands, codes[k] % brands)


@borrowed
def count_levels(w: Columns) -> None:
    """Count customers and members afresh: for a new world, and where views may have been written to."""
    w.levels[:, :, :] = 0
    for i in range(w.cell.shape[0]):
        cell = w.cell[i]
        for b in range(w.bought.shape[1]):
            w.levels[b, cell, CUSTOMERS] += 1 if w.bought[i, b] > 0 else 0
            w.levels[b, cell, MEMBERS] += 1 if w.member[i, b] else 0


@borrowed
def record_states(w: Columns) -> None:
    """Sum what people feel at the end of the day, in integers of 2**-20."""
    sum_states(w, w.awareness, BY_AWARENESS, 0.0, 0)
    # Goodwill is moved by one into 0..2, so that truncation rounds both signs alike.
    sum_states(w, w.goodwill, BY_GOODWILL, 1.0, SHIFT)
    sum_states(w, w.habit, BY_HABIT, 0.0, 0)


@borrowed
def sum_states(w: Columns, levels: Any, column: int, moved: float, back: int) -> None:
    """Add a state (N, B) of every consumer to its column of `by_cell`; `moved` before and `back` after rounding."""
    cells, by_cell = w.cell, w.by_cell
    size, brands = levels.shape
    if by_cell.shape[1] == 1 and brands == 1:
        total = np.int64(0)
        flat = levels.reshape(-1)
        for i in range(size):
            total += np.int64((np.float64(flat[i]) + moved) * FIXED + 0.5) - back
        by_cell[0, 0, column] += total
        return
    for b in range(brands):
        tallies = by_cell[b]
        for i in range(size):
            tallies[cells[i], column] += np.int64((np.float64(levels[i, b]) + moved) * FIXED + 0.5) - back
