"""Word of mouth: messages cross ties, are heard, move awareness and goodwill, and may be passed on."""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import (
    BAD,
    BY_COMPLAINTS,
    BY_HEARD_BAD,
    BY_HEARD_GOOD,
    BY_RECOMMENDATIONS,
    GOOD,
    Columns,
)
from agorasim.behaviour.spread_rules import crosses
from agorasim.randomness import CHUNK, PASS_ON, TELL, TELLER, block, pair_uniforms

_MOST_HEARD = 65535
_STRETCH = 32  # inboxes looked into at once


@borrowed
def send(
    w: Columns, senders: Any, indptr: Any, neighbours: Any, strengths: Any, strength: float, entities: Any
) -> None:
    """Yesterday's messages cross the ties of one layer, each tie once a brand; receivers' inboxes count them.

    senders: codes consumer * B + brand of those with something to say; entities (B,): the brand in this layer.
    """
    brands = w.awareness.shape[1]
    uniform = w.uniform[0]
    for k in range(senders.shape[0]):
        sender = senders[k] // brands
        b = senders[k] % brands
        says = w.says[sender, b]
        for e in range(indptr[sender], indptr[sender + 1]):
            at = (e - indptr[sender]) % CHUNK
            if at == 0:
                ends = neighbours[e : min(e + CHUNK, indptr[sender + 1])]
                pair_uniforms(w.now, TELL, ends, sender, entities[b], uniform)
            receiver = neighbours[e]
            chance = w.params[0]["transmit"] * strength * np.float64(w.traits[receiver]["ear"])
            if strengths.shape[0] > 0:
                chance = chance * np.float64(strengths[e])
            if crosses(uniform[at], chance):
                if says & GOOD and w.told_by.shape[0] > 0:
                    remember_teller(w, receiver, b, sender)
                if says & GOOD and w.hears_good[receiver, b] < _MOST_HEARD:
                    w.hears_good[receiver, b] = np.uint16(w.hears_good[receiver, b] + 1)
                if says & BAD and w.hears_bad[receiver, b] < _MOST_HEARD:
                    w.hears_bad[receiver, b] = np.uint16(w.hears_bad[receiver, b] + 1)


@borrowed
def remember_teller(w: Columns, i: int, b: int, sender: int) -> None:
    """Who recommended the brand last; of several on one day one by lot, whatever the order of messages."""
    today = np.int16(w.now[0]["day"])  # worlds last 20,000 days at most
    latest = np.int64(w.told_by[i, b])
    if w.told_day[i, b] != today or block(w.now, TELLER, i, sender)[0] < block(w.now, TELLER, i, latest)[0]:
        w.told_by[i, b] = np.int32(sender)
        w.told_day[i, b] = today


@borrowed
def speak(w: Columns, i: int, b: int, what: int) -> None:
    """Put a message about a brand into tomorrow's talk."""
    if w.says[i, b] == 0:
        w.speakers[w.spoken[0]] = np.int32(i * w.awareness.shape[1] + b)
        w.spoken[0] += 1
    w.says[i, b] = np.uint8(w.says[i, b] | what)
    w.by_cell[b, w.cell[i], BY_RECOMMENDATIONS if what == GOOD else BY_COMPLAINTS] += 1


@borrowed
def hear(w: Columns, i: int, b: int) -> None:
    """Take in what friends said about a brand; maybe pass it on tomorrow."""
    good = np.int64(w.hears_good[i, b])
    bad = np.int64(w.hears_bad[i, b])
    w.hears_good[i, b] = np.uint16(0)
    w.hears_bad[i, b] = np.uint16(0)
    params = w.params[0]
    awareness = np.float64(w.awareness[i, b])
    goodwill = np.float64(w.goodwill[i, b])
    for _ in range(good + bad):
        awareness = awareness + params["wom_awareness"] * (1.0 - awareness)
    for _ in range(good):
        goodwill = goodwill + params["wom_good"] * (1.0 - goodwill)
    for _ in range(bad):
        goodwill = goodwill + params["wom_bad"] * (-1.0 - goodwill)
    w.awareness[i, b] = np.float32(awareness)
    w.goodwill[i, b] = np.float32(goodwill)
    cell = w.cell[i]
    w.by_cell[b, cell, BY_HEARD_GOOD] += good
    w.by_cell[b, cell, BY_HEARD_BAD] += bad
    chance = params["pass_on"] * np.float64(w.traits[i]["talk"])
    if chance > 0.0:
        u = block(w.now, PASS_ON, i, w.brands[b]["entity"])
        if good > 0 and u[0] < chance:
            speak(w, i, b, GOOD)
        if bad > 0 and u[1] < chance:
            speak(w, i, b, BAD)


@borrowed
def talk(w: Columns, i: int) -> None:
    """A consumer listens to what reached them today."""
    if w.says.shape[0] == 0:
        return
    for b in range(w.says.shape[1]):
        if w.hears_good[i, b] or w.hears_bad[i, b]:
            hear(w, i, b)


@borrowed
def talk_chunk(w: Columns, chunk: int) -> None:
    """`talk` for the consumers of a chunk, a stretch of empty inboxes at a time."""
    if w.says.shape[0] == 0:
        return
    brands = w.says.shape[1]
    good, bad = w.hears_good.reshape(-1), w.hears_bad.reshape(-1)
    end = min((chunk + 1) * CHUNK, w.cell.shape[0]) * brands
    for low in range(chunk * CHUNK * brands, end, _STRETCH):
        high = min(low + _STRETCH, end)
        something = np.uint16(0)
        for code in range(low, high):
            something |= good[code] | bad[code]
        if something:
            for code in range(low, high):
                if good[code] or bad[code]:
                    hear(w, code // brands, code % brands)


@borrowed
def adopted(w: Columns, newcomers: Any, indptr: Any, neighbours: Any, weights: Any) -> None:
    """Tell the ties of those who adopted today: each gains an adopted tie (weighted, in whole units) from tomorrow."""
    weighted = weights.shape[0] > 0
    for k in range(newcomers.shape[0]):
        i = newcomers[k]
        for e in range(indptr[i], indptr[i + 1]):
            w.adopted_ties[neighbours[e]] += weights[e] if weighted else 1
