"""Event follow-up: visitors of an event get messages for some days, with a link to the online seller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import CLICKED, PRESENCE, REACHED
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.randomness import FREQUENCY, PURPOSES, USE, stable_id, uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
MESSAGE = PURPOSES.declare("bridges.follow_up", 147)
_NEVER = -(2**15)


class EventFollowUp(Mechanism):
    """Who met the brand at the event, and consents, is sent messages; a followed link is a visit to the seller."""

    name = "event_follow_up"
    code = "M5"
    meaning = "visitors of an event get messages for some days, with a link to the online seller"
    state = ("last",)
    blank = {"attended": _NEVER}
    keys = ("brands.NAME.bridges.event_follow_up",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has the bridge."""
        return any(b.bridges is not None and b.bridges.event_follow_up is not None for b in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        models = world.scenario.brands.values()
        self._rules = [None if m.bridges is None else m.bridges.event_follow_up for m in models]
        self._touch = {t: k for k, t in enumerate(world.scenario.touchpoints)}
        self._entity = [stable_id("follow_up", name) for name in self.brands]
        own = [b for b, rule in enumerate(self._rules) if rule is not None]
        #: Column of each brand that has the bridge, and the last day on which anybody met it at its event.
        self._own = {b: k for k, b in enumerate(own)}
        self.last = dict.fromkeys(own, _NEVER)
        #: Day of the last event visited.
        self.columns["attended"] = np.full((world.size, len(own)), _NEVER, dtype=np.int16)

    def seen(self, world: World) -> None:
        """Note who is at the event today, and send messages to those of the days before."""
        w = world.w
        for b, rule in enumerate(self._rules):
            if rule is None:
                continue
            attended = self.columns["attended"][:, self._own[b]]
            who = np.empty(0, dtype=np.int64)
            if world.day - self.last[b] <= rule.days:
                who = np.flatnonzero((attended >= world.day - rule.days) & (w.consent > 0))
            u = self.uniforms(world, MESSAGE, who, self._entity[b])
            got = u[:, 0] < rule.messages
            clicked = who[got & (u[:, 1] < rule.click)]
            who = who[got]
            world.raise_awareness(who, b, rule.awareness)
            world.move_goodwill(who, b, rule.goodwill)
            w.flags[who, b] |= np.uint8(REACHED)
            w.flags[clicked, b] |= np.uint8(CLICKED)
            bit = world.media.bits.get(rule.to)
            if bit is not None:
                w.visited[clicked, b] |= np.uint32(1 << bit)
            world.charge(b, "service", world.minor(rule.cost) * len(who))
            self.today["follow_up_messages"][b] += len(who)
            self.today["follow_up_clicks"][b] += len(clicked)
            here = self._visitors(world, b, self._touch[rule.event])
            attended[here] = world.day
            self.last[b] = world.day if len(here) else self.last[b]
            self.today["event_visitors"][b] += len(here)

    def _visitors(self, world: World, b: int, t: int) -> Array:
        """Who met the brand at the event today: the draws of exposure, looked up again by their address."""
        w = world.w
        pairs = w.pairs[(w.pairs["brand"] == b) & (w.pairs["touch"] == t) & (w.pairs["mode"] == PRESENCE)]
        if len(pairs) == 0:
            return np.empty(0, dtype=np.int64)
        pair = pairs[0]
        chance = np.full(world.size, float(pair["mean"]))
        if pair["near"] >= 0:
            chance *= w.near[pair["near"]].astype(np.float64)
        there = uniforms(w.now, FREQUENCY, world.size, int(pair["entity"])) < chance
        if not world.media.everyone[t]:
            there &= uniforms(w.now, USE, world.size, world.media.entity[t]) < w.use[t].astype(np.float64)
        if pair["trial"]:
            there &= w.treated > 0
        return np.flatnonzero(there)
