"""After the choice: orders are settled or refused, goods received, compared with expectation, and talked about.

Satisfaction follows expectation-disconfirmation (Oliver 1980): what counts is experience above or below expectation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed
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
    SHIFT,
    Columns,
)
from agorasim.behaviour.word_of_mouth import speak
from agorasim.randomness import EXPERIENCE, RATION, block, normal


@borrowed
def move_goodwill(w: Columns, i: int, b: int, surprise: float) -> None:
    """Goodwill moves by a share of the gap to 1 (or to -1), proportional to the surprise."""
    bond = w.bond[i, b]
    goodwill = np.float64(bond["goodwill"])
    step = min(1.0, w.params[0]["goodwill_gain"] * abs(surprise))
    bond["goodwill"] = np.float32(goodwill + step * ((1.0 if surprise >= 0.0 else -1.0) - goodwill))


@borrowed
def lots(w: Columns, ids: Any, consumers: Any, sequences: Any, out: Any) -> None:
    """A keyed draw for each of some orders of one offer; the smallest get what is scarce. ids (K,) by order number."""
    for k in range(consumers.shape[0]):
        out[k] = block(w.now, RATION, np.int64(consumers[k]), np.int64(ids[sequences[k] % ids.shape[0]]))[0]


@borrowed
def settle(w: Columns, i: int, o: int) -> None:
    """A served order: money, habit, ownership, and when the goods will be there."""
    offer = w.offers[o]
    b = np.int64(offer["brand"])
    person = w.person[i]
    trade = w.trade[i, b]
    bond = w.bond[i, b]
    today = np.int32(w.now[0]["day"])
    cell = person["cell"]
    w.at_offer[o, OF_ORDERS] += 1
    w.by_cell[b, cell, BY_ORDERS] += 1
    w.by_cell[b, cell, BY_REVENUE] += offer["price"]
    if trade["orders"] == 0:
        w.by_cell[b, cell, BY_NEW] += 1
        w.levels[b, cell, CUSTOMERS] += 1
        trade["first_day"] = today
    trade["orders"] = np.int32(trade["orders"] + 1)
    if trade["touch_day"] >= 0 and today - trade["touch_day"] < w.params[0]["window"]:
        w.at_touch[b, trade["touch"], AT_CREDIT] += 1
        w.at_touch[b, trade["touch"], AT_CREDIT_MONEY] += offer["price"]
    habit = np.float64(bond["habit"])
    bond["habit"] = np.float32(habit + w.params[0]["habit_gain"] * (1.0 - habit))
    person["owner"] = np.uint8(1)
    there = np.int32(today + offer["days"])
    # Parcels of one brand under way are opened together, on the first day one of them is there.
    if trade["arrives"] < today or there < trade["arrives"]:
        trade["arrives"] = there


@borrowed
def refuse(w: Columns, i: int, o: int) -> None:
    """A refused order: it feels like a disappointment, and may be complained about."""
    b = np.int64(w.offers[o]["brand"])
    params = w.params[0]
    w.at_offer[o, OF_LOST] += 1
    w.by_cell[b, w.person[i]["cell"], BY_LOST] += 1
    move_goodwill(w, i, b, -params["stockout"])


@borrowed
def settle_orders(w: Columns) -> None:
    """Settle or refuse today's orders, which stand sorted by consumer and number."""
    for k in range(w.counts[0]):
        order = w.orders[k]
        if order["served"]:
            settle(w, np.int64(order["consumer"]), np.int64(order["offer"]))
        else:
            refuse(w, np.int64(order["consumer"]), np.int64(order["offer"]))


@borrowed
def experience(w: Columns, i: int, b: int) -> None:
    """Goods are there: quality is experienced and compared with what was expected."""
    trade = w.trade[i, b]
    params = w.params[0]
    u = block(w.now, EXPERIENCE, i, w.brands[b]["entity"])
    quality = np.float64(w.brands[b]["quality"])
    if params["noise"] > 0.0:
        quality = quality + params["noise"] * normal(u[0])
    surprise = quality - np.float64(trade["expectation"])
    trade["surprise"] = np.float32(surprise)
    trade["expectation"] = np.float32(np.float64(trade["expectation"]) + params["adaptation"] * surprise)
    trade["arrives"] = np.int32(-1)
    move_goodwill(w, i, b, surprise)
    bond = w.bond[i, b]
    bond["flags"] = np.uint8(bond["flags"] | EXPERIENCED)
    cell = w.person[i]["cell"]
    score = min(5, max(1, int(np.floor(3.5 + surprise))))
    w.by_cell[b, cell, BY_EXPERIENCES] += 1
    w.by_cell[b, cell, BY_SATISFACTION] += score


@borrowed
def tell(w: Columns, i: int, b: int) -> None:
    """After an experience: recommend, complain or join, from the experience's own draws."""
    params = w.params[0]
    trade = w.trade[i, b]
    surprise = np.float64(trade["surprise"])
    u = block(w.now, EXPERIENCE, i, w.brands[b]["entity"])
    if params["talking"]:
        talk = np.float64(w.traits[i]["talk"])
        if surprise > params["delight"] and u[1] < params["recommend"] * talk:
            speak(w, i, b, GOOD)
        if surprise < -params["disappointment"] and u[2] < params["complain"] * talk:
            speak(w, i, b, BAD)
    if not trade["member"] and surprise > -params["disappointment"] and u[3] < w.brands[b]["join"]:
        trade["member"] = np.uint8(1)
        w.levels[b, w.person[i]["cell"], MEMBERS] += 1


@borrowed
def receive(w: Columns, i: int) -> None:
    """A consumer receives and experiences what is there today."""
    today = np.int32(w.now[0]["day"])
    for b in range(w.bond.shape[1]):
        if w.trade[i, b]["arrives"] == today:
            experience(w, i, b)


@borrowed
def reflect(w: Columns, i: int) -> None:
    """A consumer tells others about today's experiences and may join the brand's members."""
    for b in range(w.bond.shape[1]):
        if w.bond[i, b]["flags"] & EXPERIENCED:
            tell(w, i, b)


@borrowed
def receive_codes(w: Columns, codes: Any) -> None:
    """`receive` for codes consumer * B + brand of goods that are there today."""
    brands = w.bond.shape[1]
    for k in range(codes.shape[0]):
        experience(w, codes[k] // brands, codes[k] % brands)


@borrowed
def reflect_codes(w: Columns, codes: Any) -> None:
    """`reflect` for codes consumer * B + brand of today's experiences."""
    brands = w.bond.shape[1]
    for k in range(codes.shape[0]):
        tell(w, codes[k] // brands, codes[k] % brands)


@borrowed
def count_levels(w: Columns) -> None:
    """Count customers and members afresh: for a new world, and where views may have been written to."""
    w.levels[:, :, :] = 0
    for i in range(w.person.shape[0]):
        cell = w.person[i]["cell"]
        for b in range(w.trade.shape[1]):
            trade = w.trade[i, b]
            w.levels[b, cell, CUSTOMERS] += 1 if trade["orders"] > 0 else 0
            w.levels[b, cell, MEMBERS] += 1 if trade["member"] else 0


@borrowed
def record_states(w: Columns) -> None:
    """Sum what people feel at the end of the day, in integers of 2**-20."""
    people, bonds, by_cell = w.person, w.bond, w.by_cell
    alone = by_cell.shape[1] == 1
    for b in range(bonds.shape[1]):
        tallies = by_cell[b]
        awareness = np.int64(0)
        goodwill = np.int64(0)
        habit = np.int64(0)
        for i in range(people.shape[0]):
            bond = bonds[i, b]
            aware = np.int64(np.float64(bond["awareness"]) * FIXED + 0.5)
            # Goodwill is moved by one into 0..2, so that truncation rounds both signs alike.
            good = np.int64((np.float64(bond["goodwill"]) + 1.0) * FIXED + 0.5) - SHIFT
            used = np.int64(np.float64(bond["habit"]) * FIXED + 0.5)
            if alone:
                awareness += aware
                goodwill += good
                habit += used
            else:
                cell = people[i]["cell"]
                tallies[cell, BY_AWARENESS] += aware
                tallies[cell, BY_GOODWILL] += good
                tallies[cell, BY_HABIT] += used
        tallies[0, BY_AWARENESS] += awareness
        tallies[0, BY_GOODWILL] += goodwill
        tallies[0, BY_HABIT] += habit
