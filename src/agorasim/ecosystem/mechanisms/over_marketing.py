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
from agorasim.ecosystem.mechanisms.base import Mechanism, add_to_rows, column_sums, spans
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
            level = self.columns["distrust"].take(who, axis=0)
            add_to_rows(world.w.appeal, who, -np.float32(self.settings.response) * level)

    def closing(self, world: World) -> None:
        """Another day of contact annoys those who had enough; some leave. Recall and attitude are taken."""
        s, w, distrust = self.settings, world.w, self.columns["distrust"]
        distrust *= np.float32(1.0 - s.recovery)
        for b, who in enumerate(self._tired(world)):
            if len(who):
                fatigue = w.fatigue[who, b].astype(np.float64)
                self._annoy(world, who, b, np.maximum(0.0, fatigue - s.tolerance) / (1.0 - s.tolerance))
        self._take(world)

    def _tired(self, world: World) -> list[Array]:
        """By brand: rows of those whom it reached today and whose fatigue is above their tolerance."""
        w, tolerance, count = world.w, np.float32(self.settings.tolerance), len(self.brands)
        found = [np.empty(0, dtype=np.int64)]
        for rows in spans(world.size):
            tired = (w.fatigue[rows] > tolerance) & (w.flags[rows] & np.uint8(REACHED)).view(bool)
            found.append(np.flatnonzero(tired) + rows.start * count)
        who, b = np.divmod(np.concatenate(found), count)
        return [who[b == k] for k in range(count)]

    def _annoy(self, world: World, who: Array, b: int, excess: Array) -> None:
        """`who` met brand b today and are tired of it: excess (n,) is 0 at the tolerance, 1 at full fatigue."""
        s, distrust = self.settings, self.columns["distrust"]
        level = distrust[who, b].astype(np.float64)
        distrust[who, b] = level + s.distrust * excess * (1.0 - level)
        world.move_goodwill(who, b, -s.goodwill * excess)
        member = world.w.member[who, b] > 0
        who, excess = who[member], excess[member]
        u = self.uniforms(world, LEAVE, who, self.entities[b])
        leaves = u[:, 0] < s.opt_out * excess
        gone = who[leaves]
        segment = world.population.segment
        np.add.at(self.today["opt_outs"][b], segment[gone], 1)
        world.leave(gone, b)
        silent = gone[(u[leaves, 1] < s.withdraw) & (world.w.consent[gone] > 0)]
        np.add.at(self.today["consent_withdrawn"][b], segment[silent], 1)
        withdraw_consent(world, silent)

    def _take(self, world: World) -> None:
        """Today's recall and attitude, in whole units of 2**-20 a person, so that no order of addition matters."""
        w, people, scale = world.w, world.population, np.float32(FIXED)
        recall, liked, distrust = self.today["recall"], self.today["attitude"], self.today["distrust"]
        for sums in (recall, liked, distrust):
            sums[...] = 0
        for rows in spans(world.size):
            known = w.awareness[rows] * scale
            liked += column_sums(np.rint(known * w.goodwill[rows]))
            distrust += column_sums(np.rint(self.columns["distrust"][rows] * scale))
            known = np.rint(known)
            for b in range(len(self.brands)):
                found = np.bincount(people.segment[rows], weights=known[:, b], minlength=recall.shape[1])
                recall[b] += found.astype(np.int64)
        for b, total in enumerate(recall.sum(axis=1).tolist()):
            liked[b] = round(int(liked[b]) / total * FIXED) if total else 0
            distrust[b] = round(int(distrust[b]) / world.size)


def _settings(scenario: Scenario) -> Settings:
    assert scenario.category.over_marketing is not None
    return scenario.category.over_marketing
