"""Codes at the shelf and the till: visitors and buyers of a shop join the private domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism, distinct
from agorasim.ecosystem.mechanisms.shops import shop_bits
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
JOIN = PURPOSES.declare("bridges.join", 145)


class StoreJoins(Mechanism):
    """Each visit and each purchase in a shop is a chance to join, for people who consent to being known."""

    name = "store_joins"
    code = "M5"
    meaning = "codes in shops lead visitors and buyers into the private domain"
    keys = ("brands.NAME.bridges.join_in_store",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has the bridge."""
        return any(b.bridges is not None and b.bridges.join_in_store is not None for b in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        models = world.scenario.brands.values()
        self._rules = [None if m.bridges is None else m.bridges.join_in_store for m in models]
        self._bits = [np.uint32(shop_bits(world, name)) for name in self.brands]
        self._entity = [stable_id("store_join", name) for name in self.brands]
        self._shop = np.array([o.is_shop for o in world.market.offers], dtype=bool)
        self._bit = [0 if rule is None else world.member_bit(b, rule.into) for b, rule in enumerate(self._rules)]

    def seen(self, world: World) -> None:
        """Visitors may join."""
        for b, rule in enumerate(self._rules):
            if rule is not None and rule.visit > 0.0:
                here = np.flatnonzero((world.w.visited[:, b] & self._bits[b]) > 0)
                self._offer(world, b, here, rule.visit, 0)

    def settled(self, world: World, orders: Array) -> None:
        """Buyers in a shop may join."""
        table = world.market.table
        shop = self._shop[orders["offer"]]
        for b, rule in enumerate(self._rules):
            if rule is not None and rule.purchase > 0.0:
                buyers = orders["consumer"][shop & (table["brand"][orders["offer"]] == b)]
                self._offer(world, b, distinct(buyers).astype(np.int64), rule.purchase, 1)

    def _offer(self, world: World, b: int, who: Array, chance: float, column: int) -> None:
        w, bit = world.w, self._bit[b]
        who = who[(w.consent[who] > 0) & ((w.member[who, b] & np.uint8(bit)) == 0)]
        u = self.uniforms(world, JOIN, who, self._entity[b])[:, column]
        joining = who[u < chance]
        world.enrol(joining, b, bit)
        self.today["store_joins"][b] += len(joining)
