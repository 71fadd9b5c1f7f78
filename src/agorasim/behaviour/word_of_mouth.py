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
from agorasim.randomness import CHUNK, PASS_ON, TELL, block, pair_uniform

_MOST_HEARD = 65535


@borrowed
def send(w: Columns, senders: Any, indptr: Any, neighbours: Any, strength: float, entities: Any) -> None:
    """Yesterday's messages cross the ties of one layer, each tie once a brand; receivers' inboxes count them.

    senders: codes consumer * B + brand of those with something to say; entities (B,): the brand in this layer.
    """
    brands = w.bond.shape[1]
    for k in range(senders.shape[0]):
        sender = senders[k] // brands
        b = senders[k] % brands
        says = w.talk[sender, b]["says"]
        for e in range(indptr[sender], indptr[sender + 1]):
            receiver = neighbours[e]
            chance = w.params[0]["transmit"] * strength * np.float64(w.traits[receiver]["ear"])
            if crosses(pair_uniform(w.now, TELL, receiver, sender, entities[b]), chance):
                inbox = w.talk[receiver, b]
                if says & GOOD and inbox["hears_good"] < _MOST_HEARD:
                    inbox["hears_good"] = np.uint16(inbox["hears_good"] + 1)
                if says & BAD and inbox["hears_bad"] < _MOST_HEARD:
                    inbox["hears_bad"] = np.uint16(inbox["hears_bad"] + 1)


@borrowed
def speak(w: Columns, i: int, b: int, what: int) -> None:
    """Put a message about a brand into tomorrow's talk."""
    talk = w.talk[i, b]
    if talk["says"] == 0:
        w.speakers[w.spoken[0]] = np.int32(i * w.bond.shape[1] + b)
        w.spoken[0] += 1
    talk["says"] = np.uint8(talk["says"] | what)
    w.by_cell[b, w.person[i]["cell"], BY_RECOMMENDATIONS if what == GOOD else BY_COMPLAINTS] += 1


@borrowed
def hear(w: Columns, i: int, b: int) -> None:
    """Take in what friends said about a brand; maybe pass it on tomorrow."""
    inbox = w.talk[i, b]
    good = np.int64(inbox["hears_good"])
    bad = np.int64(inbox["hears_bad"])
    inbox["hears_good"] = np.uint16(0)
    inbox["hears_bad"] = np.uint16(0)
    params = w.params[0]
    bond = w.bond[i, b]
    awareness = np.float64(bond["awareness"])
    goodwill = np.float64(bond["goodwill"])
    for _ in range(good + bad):
        awareness = awareness + params["wom_awareness"] * (1.0 - awareness)
    for _ in range(good):
        goodwill = goodwill + params["wom_good"] * (1.0 - goodwill)
    for _ in range(bad):
        goodwill = goodwill + params["wom_bad"] * (-1.0 - goodwill)
    bond["awareness"] = np.float32(awareness)
    bond["goodwill"] = np.float32(goodwill)
    cell = w.person[i]["cell"]
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
    if w.talk.shape[0] == 0:
        return
    for b in range(w.talk.shape[1]):
        inbox = w.talk[i, b]
        if inbox["hears_good"] or inbox["hears_bad"]:
            hear(w, i, b)


@borrowed
def talk_chunk(w: Columns, chunk: int) -> None:
    """`talk` for the consumers of a chunk."""
    if w.talk.shape[0] == 0:
        return
    for i in range(chunk * CHUNK, min((chunk + 1) * CHUNK, w.person.shape[0])):
        for b in range(w.talk.shape[1]):
            inbox = w.talk[i, b]
            if inbox["hears_good"] or inbox["hears_bad"]:
                hear(w, i, b)


@borrowed
def adopted(w: Columns, newcomers: Any, indptr: Any, neighbours: Any, weights: Any) -> None:
    """Tell the ties of those who adopted today: each gains an adopted tie (weighted, in whole units) from tomorrow."""
    weighted = weights.shape[0] > 0
    for k in range(newcomers.shape[0]):
        i = newcomers[k]
        for e in range(indptr[i], indptr[i + 1]):
            person = w.person[neighbours[e]]
            person["adopted_ties"] = np.int32(person["adopted_ties"] + (weights[e] if weighted else 1))
