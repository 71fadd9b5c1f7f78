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

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.entities = np.array([stable_id("nps", name) for name in self.brands], dtype=np.int64)

    def received(self, world: World, codes: Array) -> None:
        """Ask, and count promoters and detractors."""
        settings = world.scenario.category.nps
        assert settings is not None
        w, count = world.w, len(self.brands)
        u = self.uniforms(world, ANSWER, codes // count, self.entities[codes % count])[:, 0]
        codes = codes[u < settings.answer]
        score = settings.centre + settings.experience * w.surprise.reshape(-1)[codes].astype(np.float64)
        score += settings.goodwill * w.goodwill.reshape(-1)[codes].astype(np.float64)
        score = np.clip(np.floor(score), 0, 10)
        tally = self.today["nps_answers"]
        at = codes % count * tally.shape[1] + world.population.segment[codes // count]
        groups = {"nps_answers": at, "promoters": at[score >= PROMOTER], "detractors": at[score <= DETRACTOR]}
        for name, there in groups.items():
            self.today[name] += np.bincount(there, minlength=tally.size).reshape(tally.shape)
        self.today["nps_balance"][:] = self.today["promoters"] - self.today["detractors"]
