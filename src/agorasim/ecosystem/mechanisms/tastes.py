"""Tastes and preferred channels: what appeals to a person beyond what everybody weighs alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.descriptors import TASTES, described
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_KEYS: Final = ("channel", *TASTES)


class Tastes(Mechanism):
    """Innovativeness, variety seeking, quality consciousness, and utility of online and offline places.

    Columns: `last` (N,) i2, the brand bought last, -1 none yet.
    """

    name = "tastes"
    code = "M2"
    meaning = "innovativeness, variety seeking, quality consciousness, online-active or store-preferring people"
    blank = {"last": -1}
    keys = tuple(f"population.segments.NAME.{key}" for key in _KEYS)
    uses = frozenset({"appeal", "lean"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether some segment states a taste or a preferred channel."""
        return bool(described(scenario, _KEYS))

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        people = world.population.described
        self.tastes = {name: people[name] for name in TASTES if name in people}
        if "channel" in people:
            world.w.lean[...] = scenario.population.responses.channel_utility * people["channel"]
        choice = scenario.category.choice
        self.quality = np.array([choice.quality * b.product.quality for b in scenario.brands.values()])
        self.columns["last"] = np.full(world.size, -1, dtype=np.int16)

    def evaluate(self, world: World, who: Array) -> None:
        """Add what each brand appeals to each person."""
        added = np.zeros((len(who), len(self.brands)))
        if "innovativeness" in self.tastes:
            added += self.tastes["innovativeness"][who, None] * (world.w.bought[who] == 0)
        if "quality_consciousness" in self.tastes:
            added += self.tastes["quality_consciousness"][who, None] * self.quality
        if "variety_seeking" in self.tastes:
            last = self.columns["last"][who]
            known = np.flatnonzero(last >= 0)
            added[known, last[known]] -= self.tastes["variety_seeking"][who[known]]
        world.w.appeal[who] += added.astype(np.float32)

    def settled(self, world: World, orders: Array) -> None:
        """Remember the brand of the last order, and count those that went to another brand than the one before."""
        brand = world.w.offers["brand"][orders["offer"]]
        who = orders["consumer"]
        first = np.ones(len(who), dtype=bool)
        first[1:] = who[1:] != who[:-1]  # orders are sorted by consumer
        before = np.where(first, self.columns["last"][who], np.roll(brand, 1))
        switched = (before >= 0) & (before != brand)
        np.add.at(self.today["switches"], (brand[switched], world.population.segment[who[switched]]), 1)
        self.columns["last"][who] = brand
