"""M1 Owned contact: people install what they come across, and every message sent costs something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import CLICKED
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.randomness import PURPOSES, stable_id
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

#: The bit of `member` of those who joined no touchpoint in particular.
ANYWHERE: Final = 1
INSTALL = PURPOSES.declare("owned_contact.install", 70)


class OwnedContact(Mechanism):
    """Installs of apps by those who clicked on or visited the brand today, and what messages to members cost."""

    name = "owned_contact"
    code = "M1"
    meaning = "apps installed by those who meet the brand; what each message costs"
    keys = ("touchpoints.NAME.install", "touchpoints.NAME.message_cost")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        self.install: list[tuple[int, int, float, int]] = []
        self.messages: list[tuple[int, int, float]] = []
        for t, (name, touchpoint) in enumerate(scenario.touchpoints.items()):
            for b, brand in enumerate(self.brands):
                if name not in scenario.brands[brand].owns:
                    continue
                if touchpoint.install > 0.0:
                    entity = stable_id("install", brand, name)
                    self.install.append((b, t, touchpoint.install, entity))
                if KINDS[touchpoint.kind].messages:
                    self.messages.append((b, t, touchpoint.message_cost * scenario.currency.minor_units))

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether anything is installed, or a message costs something."""
        return any(t.install > 0.0 or t.message_cost > 0.0 for t in scenario.touchpoints.values())

    def planned(self, world: World) -> None:
        """Today's messages go to those who are members this morning, and are paid."""
        for b, t, price in self.messages:
            posts = float(world.strategies.posts[b]) * float(world.media.sent[b, t])
            if posts <= 0.0 or world.media.closed[b, t]:
                continue
            sent = round(int(self._members(world, b, t).sum()) * posts)
            self.today["messages_sent"][b, t] += sent
            world.charge(b, "service", round(sent * price))

    def closing(self, world: World) -> None:
        """Whoever clicked on, or visited, the brand today may install what it offers."""
        for b, t, chance, entity in self.install:
            name = list(world.scenario.touchpoints)[t]
            if world.media.closed[b, t]:
                continue
            met = ((world.w.flags[:, b] & np.uint8(CLICKED)) > 0) | (world.w.visited[:, b] > 0)
            who = np.flatnonzero(met & ~self._members(world, b, t))
            joins = who[self.uniforms(world, INSTALL, who, entity)[:, 0] < chance]
            world.enrol(joins, b, world.member_bit(b, name))
            self.today["installs"][b, t] += len(joins)

    @staticmethod
    def _members(world: World, b: int, t: int) -> Array:
        """Who is a member of brand b at touchpoint t, (N,) bool."""
        bits = ANYWHERE | world.member_bit(b, list(world.scenario.touchpoints)[t])
        out: Array = (world.w.member[:, b] & np.uint8(bits)) > 0
        return out
