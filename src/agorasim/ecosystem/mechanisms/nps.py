"""The survey of promoters and detractors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
ANSWER = PURPOSES.declare("nps.answer", 129)
#: Least score of a promoter, largest of a detractor (Reichheld 2003).
PROMOTER, DETRACTOR = 9, 6


class NetPromoterScore(Mechanism):
    """After an experience some answer 0 to 10: floor(centre + experience x surprise + goodwill x goodwill)."""

    name = "nps"
    code = "M13"
    meaning = "survey of promoters and detractors after experiences"
    keys = ("category.nps",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the category has the key."""
        return scenario.category.nps is not None

    def received(self, world: World, codes: Array) -> None:
        """Ask, and count promoters and detractors."""
        settings = world.scenario.category.nps
        assert settings is not None
        w, count = world.w, len(self.brands)
        for b in range(count):
            who = codes[codes % count == b] // count
            u = self.uniforms(world, ANSWER, who, stable_id("nps", self.brands[b]))[:, 0]
            who = who[u < settings.answer]
            score = settings.centre + settings.experience * w.surprise[who, b].astype(np.float64)
            score = np.clip(np.floor(score + settings.goodwill * w.goodwill[who, b].astype(np.float64)), 0, 10)
            segment = world.population.segment[who]
            segments = self.today["nps_answers"].shape[1]
            for name, chosen in (
                ("nps_answers", np.ones(len(who), dtype=bool)),
                ("promoters", score >= PROMOTER),
                ("detractors", score <= DETRACTOR),
            ):
                self.today[name][b] += np.bincount(segment[chosen], minlength=segments)
        self.today["nps_balance"][:] = self.today["promoters"] - self.today["detractors"]
