"""M10 Public reviews: a few buyers rate what they got, and shoppers who look it up see the mean of recent ratings.

The rating shown this morning holds all day: what is written today is read from tomorrow on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED
from agorasim.ecosystem.mechanisms.base import Mechanism, add_to_rows
from agorasim.randomness import NOBODY, PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.reviews import Reviews as Settings

Array = NDArray[Any]

WRITE = PURPOSES.declare("reviews.write", 110)
CONSULT = PURPOSES.declare("reviews.consult", 111)
_COUNT, _STARS = 0, 1


class Reviews(Mechanism):
    """Ratings of 1 to 5 stars by brand, their recent mean, and its weight in the choice of those who look."""

    name = "reviews"
    code = "M10"
    meaning = "public reviews: who writes them, the rating shown, who looks it up before buying"
    keys = ("social.reviews",)
    uses = frozenset({"appeal"})
    state = ("recent", "rating", "number")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = _settings(world.scenario)
        self.entities = np.array([stable_id("brand", name) for name in self.brands], dtype=np.int64)
        #: Reviews and stars written on each day of the window, by brand (window, B, 2).
        self.recent: Array = np.zeros((self.settings.window, len(self.brands), 2), dtype=np.int64)
        #: Rating shown today (stars) and reviews behind it, (B,).
        self.rating: Array = np.full(len(self.brands), self.settings.prior)
        self.number: Array = np.zeros(len(self.brands), dtype=np.int64)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether there are public reviews."""
        return scenario.social.reviews is not None

    def evaluate(self, world: World, who: Array) -> None:
        """Add what the ratings are worth to those who look them up today."""
        s = self.settings
        worth = s.rating * (self.rating - s.prior) + s.volume * np.log1p(self.number)
        if len(who) == 0 or not worth.any():
            return
        looks = self.uniforms(world, CONSULT, who, NOBODY)[:, 0] < s.consulted
        add_to_rows(world.w.appeal, who[looks], worth.astype(np.float32))

    def received(self, world: World, codes: Array) -> None:
        """Some of those who received something today write a review; extreme experiences are written about more."""
        if len(codes) == 0:
            return
        s = self.settings
        who, b = np.divmod(codes, len(self.brands))
        stars = self.stars(world, codes)
        talk = world.w.traits["talk"][who].astype(np.float64)
        chance = s.share * (1.0 + s.extremity * np.abs(stars - 3) / 2.0) * talk
        writes = self.uniforms(world, WRITE, who, self.entities[b])[:, 0] < chance
        tally = self.today["reviews"]
        at = b[writes] * tally.shape[1] + world.population.segment[who[writes]]
        tally += np.bincount(at, minlength=tally.size).reshape(tally.shape)
        given = np.bincount(at, weights=stars[writes], minlength=tally.size).astype(np.int64)
        self.today["review_stars"] += given.reshape(tally.shape)

    def stars(self, world: World, codes: Array) -> Array:
        """Stars (1 to 5) that today's experiences (codes consumer x B + brand) are worth, (n,)."""
        w = world.w
        surprise = w.surprise.reshape(-1)[codes].astype(np.float64)
        adaptation = float(w.params["adaptation"][0])
        # The expectation has moved by `adaptation` x surprise already.
        product = w.expectation.reshape(-1)[codes].astype(np.float64) + (1.0 - adaptation) * surprise
        felt = self.settings.product * product + (1.0 - self.settings.product) * surprise
        return np.clip(np.floor(3.5 + felt), 1, 5).astype(np.int64)

    def closing(self, world: World) -> None:
        """What is shown tomorrow: the mean of the window's stars, drawn towards the prior while reviews are few."""
        s = self.settings
        day = self.recent[world.day % s.window]
        day[:, _COUNT] = self.today["reviews"].sum(axis=1)
        day[:, _STARS] = self.today["review_stars"].sum(axis=1)
        written = self.recent.sum(axis=0)
        self.number = written[:, _COUNT]
        self.rating = (s.prior_weight * s.prior + written[:, _STARS]) / (s.prior_weight + self.number)
        self.today["rating_shown"][:] = [math.floor(stars * FIXED + 0.5) for stars in self.rating]
        self.today["reviews_shown"][:] = self.number


def _settings(scenario: Scenario) -> Settings:
    assert scenario.social.reviews is not None
    return scenario.social.reviews
