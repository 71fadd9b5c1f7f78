"""One consumer's change reaches nobody else that day, the consumer's ties the day after, and so on outwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from generated import Dice

from agorasim.behaviour.columns import BOND, PERSON, TALK, TRADE
from agorasim.ecosystem import World
from agorasim.ecosystem.world import CONSUMER_PHASES
from agorasim.scenario.schema import Scenario

SIZE, CHANGED, DAY = 400, 37, 6
#: Written when the day ends, read from tomorrow on.
MAIL = ("says", "adopted_ties")


def slack(rule: str, **category: Any) -> Scenario:
    """Posted prices, endless stock and a plan that reacts to nothing: people meet only in conversation."""
    spreads = {"p": 0.01, "q": 0.4} if rule != "cascade" else {}
    return Scenario.from_dict(
        {
            "name": "slack",
            "seed": 4,
            "calendar": {"days": 30},
            "population": {"size": SIZE, "regions": {"town": {"radius": 2.0}}},
            "social": {
                "layers": {"friends": {"generator": {"kind": "watts_strogatz", "degree": 4, "rewire": 0.0}}},
                "word_of_mouth": {
                    "rule": rule, "transmit": 0.7, "recommend": 1.0, "complain": 1.0, "pass_on": 0.5, **spreads,
                },
            },
            "touchpoints": {
                "feed": {"kind": "social", "use": 0.5, "click_rate": 0.2, "cost": {"inventory": 0.5}},
                "find": {"kind": "search", "use": 0.5, "cost": {"model": "cpc", "price": 1.0}},
                "shops": {"kind": "store"},
                "club": {"kind": "community", "join": 0.2},
                "gala": {"kind": "event", "use": 0.3, "capacity": 20},
            },
            "places": {
                "corner": {"touchpoint": "shops", "brand": "lumo"},
                "square": {"touchpoint": "shops", "brand": "rivo", "x": 1.0},
            },
            "category": {
                "reference_price": 20.0,
                "need": {"rate": 0.5},
                "choice": {"intercept": 2.0},
                "experience": {"delight": 0.1, "disappointment": 0.1},
                **category,
            },
            "brands": {
                name: {
                    "product": {"price": 20.0, "quality": 0.5},
                    "initial": {"awareness": 0.3, "buyers": 0.02},
                    "budget": 20.0,
                    "owns": {"shops": 0.4, "club": 0.5, "gala": 0.5},
                    "organic_search": 0.2,
                    "posts": 0.3,
                    "policy": {"plan": {"feed": 10.0, "find": 5.0}},
                }
                for name in ("lumo", "rivo")
            },
        }
    )  # fmt: skip


def rows(world: World, but: tuple[str, ...] = ()) -> np.ndarray:
    """Each consumer's whole state as bytes, shape (N, .)."""
    w = world.w
    fields = [
        np.ascontiguousarray(getattr(w, name)).reshape(SIZE, -1).view(np.uint8)
        for name in (*PERSON, *BOND, *TRADE, *TALK)
        if len(getattr(w, name)) and name not in but
    ]
    return np.hstack(fields)


def different(a: World, b: World, but: tuple[str, ...] = ()) -> set[int]:
    return set(np.flatnonzero((rows(a, but) != rows(b, but)).any(axis=1)).tolist())


def appetite(w: Any) -> None:
    w.need_rate[CHANGED] = 8.0
    w.need_zero[CHANGED] = np.exp(-8.0)


def disappointment(w: Any) -> None:
    w.expectation[CHANGED] = 3.0


def enthusiasm(w: Any) -> None:
    appetite(w)
    w.awareness[CHANGED] = w.goodwill[CHANGED] = 1.0


def parcel(w: Any) -> None:
    """Something far better than expected arrives today and is talked about."""
    w.arrives[CHANGED], w.expectation[CHANGED] = DAY, -5.0


CASES = [
    ("cascade", {}, appetite), ("cascade", {}, enthusiasm), ("cascade", {}, disappointment),
    ("cascade", {}, parcel),
    ("hazard", {"kind": "durable", "need": {"rate": 0.01}}, enthusiasm),
    ("contact", {"kind": "durable", "need": {"rate": 0.01}}, enthusiasm),
    ("threshold", {"kind": "durable", "need": {"rate": 0.01}}, enthusiasm),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "category", "change"), CASES)
def test_change_travels_one_tie_a_day(rule: str, category: dict[str, Any], change: Callable[[Any], None]) -> None:
    a = World(slack(rule, **category)).run(DAY)
    assert rule == "cascade" or not a.w.owner[CHANGED]
    a.loose = True  # states are written to from outside
    b = a.copy()
    change(b.w)
    graph = a.graphs["friends"].to_networkx()
    reach = nx.single_source_shortest_path_length(graph, CHANGED)
    widest = 0
    for nights in range(10):
        a.step()
        b.step()
        # What was written for tomorrow is already on its way when the day closes.
        assert {reach[i] for i in different(a, b, MAIL)} <= set(range(nights + 1))
        assert {reach[i] for i in different(a, b)} <= set(range(nights + 2))
        widest = max([widest, *(reach[i] for i in different(a, b, MAIL))])
        assert change is not parcel or nights != 1 or widest == 1, "talked about that day, heard the next"
    assert widest >= 1, "nothing travelled, so nothing was tested"


def test_no_phase_of_the_morning_reads_another_row() -> None:
    """Change a few at random at once: after the phases up to choice, only their own rows differ."""
    dice = Dice(1)
    a = World(slack("cascade")).run(DAY)
    b = a.copy()
    changed = {dice.whole(0, SIZE - 1) for _ in range(9)}
    for i in changed:
        b.w.awareness[i], b.w.goodwill[i] = dice.real(0, 1), dice.real(-1, 1)
        b.w.bought[i], b.w.touch_day[i] = 3, DAY - 1
    for w in (a, b):
        w.open_day()
        w.decide()
        w.plan_media()
        w.carry_messages()
    for phase in CONSUMER_PHASES[:5]:
        for w in (a, b):
            w.part(phase)
        assert different(a, b) <= changed, phase
    assert different(a, b)
    bought = [set(w.w.orders["consumer"][: w.w.counts[0]].tolist()) for w in (a, b)]
    assert bought[0] ^ bought[1] <= changed
