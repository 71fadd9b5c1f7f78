"""Customers who leave a brand for good, each with a hazard of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import DAY, Mechanism, column_sums, distinct, spans
from agorasim.ecosystem.mechanisms.base import Coupon as Source
from agorasim.ecosystem.mechanisms.loyalty import Loyalty
from agorasim.ecosystem.population import beta_of_mean
from agorasim.randomness import PURPOSES, stable_id, uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
HAZARD = PURPOSES.declare("churn.hazard", 126)
LEAVE = PURPOSES.declare("churn.leave", 127)
#: Utility against a brand that one has left: beyond what any price makes up for.
_NEVER = 1e4
#: Quantiles of the distribution of hazards that are told apart.
_STEPS = 2**16


class Churn(Mechanism):
    """After a purchase (BG/NBD) or on a day (sBG) a customer leaves with their own, beta-distributed probability.

    It is multiplied by `factor`, by the rank's `churn`, and by exp(-satisfaction x last surprise). Who left buys from
    the brand again only with its win-back offer in the purse, and then is a customer as before.
    """

    name = "churn"
    code = "M13"
    meaning = "customers leave for good, some sooner than others; satisfaction and rank keep them"
    blank = {"left": -1}
    keys = ("category.churn",)
    uses = frozenset({"appeal"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the category has the key."""
        return scenario.category.churn is not None

    def __init__(self, world: World) -> None:
        """Draw everybody's own probability to leave."""
        super().__init__(world)
        settings = world.scenario.category.churn
        assert settings is not None
        shape = (world.size, len(self.brands))
        self.entity = [stable_id("churn", name) for name in self.brands]
        #: Their rank in the distribution of hazards, in steps of which `hazards` has the quantiles.
        self.columns["rank"] = np.zeros(shape, dtype=np.uint16)
        self.hazards = np.full(_STEPS, settings.mean)
        if settings.spread > 0.0:
            for b, entity in enumerate(self.entity):
                self.columns["rank"][:, b] = uniforms(world.w.now, HAZARD, world.size, entity) * _STEPS
            ranks = np.flatnonzero(np.bincount(self.columns["rank"].reshape(-1), minlength=_STEPS))
            self.hazards[ranks] = beta_of_mean((ranks + 0.5) / _STEPS, settings.mean, settings.spread)
        #: Day of leaving; -1: not gone.
        self.columns["left"] = np.full(shape, -1, dtype=DAY)

    def opened(self, world: World) -> None:
        """With daily hazards: who leaves this morning."""
        settings = world.scenario.category.churn
        assert settings is not None
        if settings.after == "day":
            for b in range(len(self.brands)):
                self._may_leave(world, np.flatnonzero(world.w.bought[:, b] > 0), b)

    def received(self, world: World, codes: Array) -> None:
        """With hazards by purchase: who leaves after today's experience."""
        settings = world.scenario.category.churn
        assert settings is not None
        count = len(self.brands)
        if settings.after == "purchase":
            of = codes % count
            for b in range(count):
                self._may_leave(world, np.sort(codes[of == b] // count), b)

    def _may_leave(self, world: World, who: Array, b: int) -> None:
        settings = world.scenario.category.churn
        assert settings is not None
        who = who[self.columns["left"][who, b] < 0]
        hazard = settings.factor * self.hazards[self.columns["rank"][who, b]]
        mood = world.w.surprise[who, b].astype(np.float64)  # of the last experience
        hazard = hazard * np.exp(-settings.satisfaction * mood)
        programme = world.mechanism("loyalty")
        if isinstance(programme, Loyalty):
            hazard = hazard * programme.keeps(who, b)
        u = self.uniforms(world, LEAVE, who, self.entity[b])[:, 0]
        leaves = who[u < hazard]
        self.columns["left"][leaves, b] = world.day
        self.today["churn_occasions"][b] += len(who)
        self.today["churned"][b] += len(leaves)

    def evaluate(self, world: World, who: Array) -> None:
        """Who left does not buy, except perhaps with a win-back offer."""
        settings = world.scenario.category.churn
        assert settings is not None
        w, gone = world.w, self.columns["left"][who] >= 0
        for b in range(len(self.brands)):
            rows = who[gone[:, b]]
            against = np.full(len(rows), _NEVER)
            if len(w.rebate):
                offered = (w.rebate[rows, b] > 0) & (w.rebate_source[rows, b] == Source.WIN_BACK)
                against[offered & (w.rebate_until[rows, b] >= world.day)] = settings.reluctance
            w.appeal[rows, b] -= against.astype(np.float32)

    def settled(self, world: World, orders: Array) -> None:
        """Who bought again is won back."""
        brand = world.market.table["brand"][orders["offer"]].astype(np.int64)
        codes = orders["consumer"].astype(np.int64) * len(self.brands) + brand
        left = self.columns["left"].reshape(-1)
        back = distinct(codes[left[codes] >= 0])
        left[back] = -1
        self.today["won_back"] += np.bincount(back % len(self.brands), minlength=len(self.brands))

    def closing(self, world: World) -> None:
        """Customers who have not left."""
        active = self.today["active_customers"]
        active[:] = 0
        for rows in spans(world.size):
            active += column_sums((world.w.bought[rows] > 0) & (self.columns["left"][rows] < 0))
