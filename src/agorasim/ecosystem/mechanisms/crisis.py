"""M10 Complaint storms: complaints that pass a threshold become public, and media carry the news until it is old.

Goodwill lost to the news is remembered, so that an answer gives back a share of it and never more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BY_COMPLAINTS, CUSTOMERS, FIXED
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism, rooms
from agorasim.randomness import PURPOSES, stable_id, uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.crisis import Crisis as Settings

Array = NDArray[Any]

NEWS = PURPOSES.declare("crisis.news", 115)
ANSWER = PURPOSES.declare("crisis.answer", 116)
#: Share of its first reach below which news is over.
OLD: Final = 0.01


class Crisis(Mechanism):
    """News about a brand: how far it reaches today (0: there is none), and what it did to people's goodwill."""

    name = "crisis"
    code = "M10"
    meaning = "complaint storms: complaints become public, brands answer"
    blank = {"hurt": 0}
    keys = ("social.crisis",)
    levers = (Lever("crisis.response", 0.0, 1.0, "answer to a public complaint: 0 none, 0.5 apology, 1 compensation"),)
    state = ("complaints", "news")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = _settings(world.scenario)
        self.answers = [world.scenario.brands[name].crisis for name in self.brands]
        self.entities = [stable_id("brand", name) for name in self.brands]
        #: Complaints on each day of the window (window, B), and the news of today as a share of its first reach (B,).
        self.complaints: Array = np.zeros((self.settings.window, len(self.brands)), dtype=np.int64)
        self.news: Array = np.zeros(len(self.brands))
        having = [b for b, answer in enumerate(self.answers) if answer is not None]
        self.room = rooms(len(self.brands), having)
        #: Goodwill lost to news that an answer can still give back, of the brands that may answer.
        self.columns["hurt"] = np.zeros((world.size, len(having)), dtype=np.float32)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether complaints can become public."""
        return scenario.social.crisis is not None

    def closing(self, world: World) -> None:
        """The news of the day is read, ages, and may be joined by a new outcry, which is public from tomorrow on."""
        hurt = self.columns["hurt"]
        hurt *= np.float32(world.w.params["keep_goodwill"][0])  # what is forgotten cannot be given back
        for b in range(len(self.brands)):
            if self.news[b] > 0.0:
                self._spread(world, b)
                self._age(world, b)
            self._count(world, b)
            self.today["crisis_news"][b] = math.floor(self.news[b] * FIXED + 0.5)

    def response(self, world: World, b: int) -> float:
        """How fully brand b answers today, 0 to 1."""
        return world.lever(b, "crisis.response") if self.answers[b] is not None else 0.0

    def _spread(self, world: World, b: int) -> None:
        """The news, and the brand's answer to it, reach people independently, each with the same chance."""
        s, w, answer = self.settings, world.w, self.answers[b]
        chance = s.reach * float(self.news[b])
        who = np.flatnonzero(uniforms(w.now, NEWS, world.size, self.entities[b]) < chance)
        before = w.goodwill[who, b].copy()
        world.move_goodwill(who, b, -s.goodwill)
        world.raise_awareness(who, b, s.awareness)
        reached = np.bincount(world.population.segment[who], minlength=len(world.population.segments))
        self.today["crisis_reach"][b] += reached
        if answer is None:
            return
        hurt = self.columns["hurt"][:, self.room[b]]
        hurt[who] += before - w.goodwill[who, b]
        response = self.response(world, b)
        if response <= 0.0:
            return
        hears = (uniforms(w.now, ANSWER, world.size, self.entities[b]) < chance) & (hurt > 0.0)
        listeners = np.flatnonzero(hears)
        back = hurt[listeners] * np.float32(s.recovery * response)
        w.goodwill[listeners, b] = np.minimum(w.goodwill[listeners, b] + back, 1.0)
        hurt[listeners] -= back
        customers = int((w.bought[listeners, b] > 0).sum())
        minor = world.scenario.currency.minor_units
        world.charge(b, "service", to_minor(response * answer.cost * world.factor, minor))
        world.charge(b, "service", customers * to_minor(response * answer.compensation, minor))

    def _age(self, world: World, b: int) -> None:
        """A night passes over the news."""
        halvings = (1.0 + self.settings.calm * self.response(world, b)) / self.settings.half_life
        self.news[b] *= 0.5**halvings
        if self.news[b] < OLD:
            self.news[b] = 0.0

    def _count(self, world: World, b: int) -> None:
        """Count today's complaints; enough of them within the window make news, and are not counted again."""
        s, w = self.settings, world.w
        self.complaints[world.day % s.window, b] = w.by_cell[b, :, BY_COMPLAINTS].sum()
        voices = int(self.complaints[:, b].sum())
        customers = int(w.levels[b, :, CUSTOMERS].sum())
        if voices >= max(s.least, s.threshold * customers):
            self.complaints[:, b] = 0
            self.news[b] = 1.0
            self.today["crises"][b] += 1


def _settings(scenario: Scenario) -> Settings:
    assert scenario.social.crisis is not None
    return scenario.social.crisis
