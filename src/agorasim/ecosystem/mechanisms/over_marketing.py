"""M9 Over-marketing: contacts wear out, people feel pursued, distrust the brand, and leave.

Fatigue is the common currency: every contact on a touchpoint with `irritation` adds to it, whatever the touchpoint,
and it recovers overnight. Wear-out itself is in the contact (`behaviour/exposure.py`): goodwill's lift is multiplied by
1 - tedium x fatigue, so that attitude peaks and falls while recall goes on rising.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED, REACHED
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.consent import withdraw_consent
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.over_marketing import OverMarketing as Settings

Array = NDArray[Any]

LEAVE = PURPOSES.declare("over_marketing.leave", 117)


class OverMarketing(Mechanism):
    """What fatigue beyond a person's tolerance does on days when the brand comes again."""

    name = "over_marketing"
    code = "M9"
    meaning = "wear-out, distrust and opt-out after too many contacts"
    blank = {"distrust": 0}
    keys = ("category.over_marketing",)
    uses = frozenset({"appeal"})

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = _settings(world.scenario)
        self.entities = [stable_id("brand", name) for name in self.brands]
        self.columns["distrust"] = np.zeros((world.size, len(self.brands)), dtype=np.float32)
        world.w.params["tedium"] = self.settings.tedium
        world.w.params["tires"] = self.settings.tires

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether too many contacts do more than tire."""
        return scenario.category.over_marketing is not None

    def evaluate(self, world: World, who: Array) -> None:
        """Those who distrust a brand are less inclined to buy it."""
        if self.settings.response > 0.0:
            world.w.appeal[who] -= np.float32(self.settings.response) * self.columns["distrust"][who]

    def closing(self, world: World) -> None:
        """Another day of contact annoys those who had enough; some leave. Recall and attitude are taken."""
        s, w, distrust = self.settings, world.w, self.columns["distrust"]
        distrust *= np.float32(1.0 - s.recovery)
        for b in range(len(self.brands)):
            fatigue = w.fatigue[:, b].astype(np.float64)
            who = np.flatnonzero((fatigue > s.tolerance) & ((w.flags[:, b] & REACHED) > 0))
            if len(who):
                self._annoy(world, who, b, (fatigue[who] - s.tolerance) / (1.0 - s.tolerance))
            self._take(world, b)

    def _annoy(self, world: World, who: Array, b: int, excess: Array) -> None:
        """`who` met brand b today and are tired of it: excess (n,) is 0 at the tolerance, 1 at full fatigue."""
        s, distrust = self.settings, self.columns["distrust"]
        level = distrust[who, b].astype(np.float64)
        distrust[who, b] = level + s.distrust * excess * (1.0 - level)
        world.move_goodwill(who, b, -s.goodwill * excess)
        u = self.uniforms(world, LEAVE, who, self.entities[b])
        leaves = (world.w.member[who, b] > 0) & (u[:, 0] < s.opt_out * excess)
        gone = who[leaves]
        segment = world.population.segment
        np.add.at(self.today["opt_outs"][b], segment[gone], 1)
        world.leave(gone, b)
        silent = gone[(u[leaves, 1] < s.withdraw) & (world.w.consent[gone] > 0)]
        np.add.at(self.today["consent_withdrawn"][b], segment[silent], 1)
        withdraw_consent(world, silent)

    def _take(self, world: World, b: int) -> None:
        """Today's recall and attitude, in whole units of 2**-20 a person, so that no order of addition matters."""
        w, people = world.w, world.population
        known = np.floor(w.awareness[:, b].astype(np.float64) * FIXED + 0.5).astype(np.int64)
        recall = self.today["recall"][b]
        recall[...] = 0
        np.add.at(recall, people.segment, known)
        liked = np.floor(w.awareness[:, b] * w.goodwill[:, b].astype(np.float64) * FIXED + 0.5).astype(np.int64)
        total = int(known.sum())
        self.today["attitude"][b] = round(int(liked.sum()) / total * FIXED) if total else 0
        distrust = np.floor(self.columns["distrust"][:, b].astype(np.float64) * FIXED + 0.5).astype(np.int64)
        self.today["distrust"][b] = round(int(distrust.sum()) / world.size)


def _settings(scenario: Scenario) -> Settings:
    assert scenario.category.over_marketing is not None
    return scenario.category.over_marketing
