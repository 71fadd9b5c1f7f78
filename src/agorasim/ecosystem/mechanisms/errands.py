"""Errands: who picks up or brings back something is in the shop that day, and may need more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import NEEDS_ARISEN
from agorasim.ecosystem.mechanisms.base import Mechanism, distinct
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
EXTRA = PURPOSES.declare("bridges.extra", 144)


class Errands(Mechanism):
    """Visits to shops that follow from a pick-up or a return; each is a visit like any other, and may bring a need."""

    name = "errands"
    code = "M5"
    meaning = "orders are picked up and goods brought back in shops, which are visited by it"
    keys = ("places.NAME.pickup", "brands.NAME.bridges.return_in_store")
    state = ("due",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any shop hands out what was ordered online, or any brand takes goods back in its shops."""
        return any(p.pickup is not None for p in scenario.places.values()) or any(
            b.bridges is not None and b.bridges.return_in_store is not None for b in scenario.brands.values()
        )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        offers, brands = world.market.offers, world.scenario.brands
        self._pickup = np.array([o.pickup_at is not None for o in offers], dtype=bool)
        self._entity = np.array([stable_id("errand", o.brand, o.place) for o in offers], dtype=np.int64)
        shops = [o.touchpoint if o.pickup_touchpoint is None else o.pickup_touchpoint for o in offers]
        self._bit = np.array([1 << world.media.bits.get(name, 0) for name in shops], dtype=np.uint32)
        self._extra = np.zeros(len(offers))
        for k, offer in enumerate(offers):
            bridge = brands[offer.brand].bridges
            if offer.pickup_at is not None:
                pickup = world.scenario.places[offer.pickup_at].pickup
                self._extra[k] = 0.0 if pickup is None else pickup.extra
            elif bridge is not None and bridge.return_in_store is not None:
                self._extra[k] = bridge.return_in_store.extra
        self._most = int(world.w.params["most"][0])
        #: (n, 2): consumer and offer, by the day of the errand.
        self.due: dict[int, Array] = {}

    def send(self, day: int, who: Array, offer: Array) -> None:
        """People (n,) will be at the shops of some offers (n,) on a day that has not yet come to its visits."""
        rows = np.column_stack([who, offer]).astype(np.int64)
        self.due[day] = np.concatenate([self.due.get(day, np.empty((0, 2), dtype=np.int64)), rows])

    def settled(self, world: World, orders: Array) -> None:
        """Orders for pick-up are fetched when they are ready, from tomorrow on."""
        mine = orders[self._pickup[orders["offer"]]]
        ready = np.maximum(1, world.market.table["days"][mine["offer"]]) + world.day
        for day in distinct(ready):
            now = mine[ready == day]
            self.send(int(day), now["consumer"], now["offer"])

    def seen(self, world: World) -> None:
        """Today's errands are visits."""
        rows = self.due.get(world.day)
        if rows is not None:
            who, offer = rows.T
            brand = world.market.table["brand"][offer]
            np.bitwise_or.at(world.w.visited, (who, brand), self._bit[offer])
            np.add.at(self.today["errands"], brand, 1)

    def needed(self, world: World, who: Array) -> Array | None:
        """Some find that they need something else."""
        rows = self.due.pop(world.day, None)
        if rows is None:
            return None
        w = world.w
        people, offer = rows.T
        u = self.uniforms(world, EXTRA, people, self._entity[offer])[:, 0]
        more = distinct(people[u < self._extra[offer]])  # one further need, whatever the number of errands
        more = more[w.needs[more] < self._most]
        if world.scenario.category.kind == "durable":
            more = more[w.owner[more] == 0]
        w.needs[more] += 1
        w.counts[NEEDS_ARISEN] += len(more)
        np.add.at(w.needs_by_cell, w.cell[more], 1)
        self.today["errand_needs"][:] += np.bincount(world.market.table["brand"][offer[u < self._extra[offer]]],
                                                     minlength=len(self.brands))  # fmt: skip
        return distinct(np.concatenate([who, more]))
