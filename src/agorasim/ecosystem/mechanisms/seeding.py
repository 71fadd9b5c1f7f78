"""M10 Seeding: products given to opinion leaders, who post what they think of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BAD, GOOD
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import DAY, Lever, Mechanism
from agorasim.ecosystem.mechanisms.messages import say
from agorasim.randomness import NOBODY, PURPOSES, normal, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.referral import Seeding as Settings

Array = NDArray[Any]

LEADER = PURPOSES.declare("seeding.leader", 112)
GIVE = PURPOSES.declare("seeding.give", 113)


class Seeding(Mechanism):
    """Opinion leaders are those whom most people hear; each is given a product with the same chance a day."""

    name = "seeding"
    code = "M10"
    meaning = "products given to opinion leaders, who post what they think"
    keys = ("brands.NAME.seeding",)
    levers = (Lever("seeding.rate", 0.0, 1e6, "products given to opinion leaders a day"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        found = ((b, world.scenario.brands[name].seeding) for b, name in enumerate(self.brands))
        self.settings: dict[int, Settings] = {b: seeding for b, seeding in found if seeding is not None}
        self.leaders = {b: opinion_leaders(world, s.leaders, s.layer) for b, s in self.settings.items()}
        self.entities = [stable_id("brand", name) for name in self.brands]
        for b, leaders in self.leaders.items():
            #: Day on which each leader was given the brand's product last; -1 never.
            self.columns[self._seeded(b)] = np.full(len(leaders), -1, dtype=DAY)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand gives products to opinion leaders."""
        return any(brand.seeding is not None for brand in scenario.brands.values())

    def _seeded(self, b: int) -> str:
        """The column of a brand's leaders."""
        return f"seeded {self.brands[b]}"

    def entered(self, world: World, who: Array) -> None:
        """Somebody new has not been given anything."""
        for b, leaders in self.leaders.items():
            at = np.minimum(np.searchsorted(leaders, who), len(leaders) - 1)
            self.columns[self._seeded(b)][at[leaders[at] == who]] = -1

    def closing(self, world: World) -> None:
        """Give products to leaders who have not had one lately; they try them at once and post from tomorrow on."""
        for b, settings in self.settings.items():
            leaders, last = self.leaders[b], self.columns[self._seeded(b)]
            chance = world.lever(b, "seeding.rate") * world.factor / len(leaders)
            if chance <= 0.0:
                continue
            u = self.uniforms(world, GIVE, leaders, self.entities[b])
            given = (u[:, 0] < chance) & ((last < 0) | (last <= world.day - settings.every))
            last[given] = world.day
            self._try_out(world, b, leaders[given], u[given])

    def _try_out(self, world: World, b: int, who: Array, u: Array) -> None:
        """`who` try the product, u (n, 4): they know the brand now, like it more or less, and may post."""
        if len(who) == 0:
            return
        w, settings, p = world.w, self.settings[b], world.w.params[0]
        expectation = w.expectation[who, b].astype(np.float64)
        noise = np.array([normal(value) for value in u[:, 1]])
        surprise = float(w.brands["quality"][b]) + float(p["noise"]) * noise - expectation
        w.expectation[who, b] = expectation + float(p["adaptation"]) * surprise
        w.awareness[who, b] = 1.0
        world.move_goodwill(who, b, np.clip(float(p["goodwill_gain"]) * surprise, -1.0, 1.0))
        posts = u[:, 2] < settings.post
        praises = posts & (surprise >= settings.bar)
        complains = posts & ~praises & (surprise < -float(p["disappointment"])) & (u[:, 3] < settings.candour)
        say(world, who[praises], b, GOOD)
        say(world, who[complains], b, BAD)
        self.today["seeded"][b] += len(who)
        self.today["seeded_posts"][b] += int(praises.sum() + complains.sum())
        world.charge(b, "rewards", len(who) * int(w.brands["unit_cost"][b]))
        world.charge(b, "content", len(who) * to_minor(settings.fee, world.scenario.currency.minor_units))


def opinion_leaders(world: World, share: float, layer: str | None) -> NDArray[np.int64]:
    """The `share` of consumers (at least one) whom most others hear, ascending; equals are told apart by a draw."""
    heard = np.zeros(world.size, dtype=np.int64)
    for name, graph in world.graphs.items():
        if layer in (None, name):
            heard += graph.degree()
    everybody = np.arange(world.size, dtype=np.int64)
    order = np.lexsort((Mechanism.uniforms(world, LEADER, everybody, NOBODY)[:, 0], -heard))
    count = max(1, round(share * world.size))
    return np.sort(everybody[order[:count]])
