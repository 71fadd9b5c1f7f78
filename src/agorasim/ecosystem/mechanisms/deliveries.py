"""Deliveries that come late: people reckon with it when they choose, and are annoyed when it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BY_SATISFACTION
from agorasim.ecosystem.mechanisms.base import Mechanism, distinct, rooms
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
LATE = PURPOSES.declare("retail.late", 142)


def disappoint(world: World, codes: Array, amount: Array) -> None:
    """Experiences of today (codes consumer x B + brand) feel worse than the goods were, by `amount` (n,) of quality.

    Goodwill moves as it does by any disconfirmation; the satisfaction score and what people say follow.
    """
    w, brands = world.w, world.w.awareness.shape[1]
    who, b = codes // brands, codes % brands
    before = w.surprise[who, b].astype(np.float64)
    after = before - amount
    w.surprise[who, b] = after.astype(np.float32)
    score = np.clip(np.floor(3.5 + after), 1, 5) - np.clip(np.floor(3.5 + before), 1, 5)
    np.add.at(w.by_cell, (b, w.cell[who], BY_SATISFACTION), score.astype(np.int64))
    gain = float(w.params[0]["goodwill_gain"])
    goodwill = w.goodwill[who, b].astype(np.float64)
    w.goodwill[who, b] = (goodwill - np.minimum(1.0, gain * amount) * (goodwill + 1.0)).astype(np.float32)


class Deliveries(Mechanism):
    """A parcel is late with a stated risk; late parcels feel like worse goods."""

    name = "deliveries"
    code = "M12"
    meaning = "deliveries may come late, which people expect when they choose and resent when it happens"
    keys = ("brands.NAME.sells.NAME.delay",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any online seller delivers late at times."""
        return any(sells.delay is not None for brand in scenario.brands.values() for sells in brand.sells.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        offers = world.market.offers
        rules = [o.delay for o in offers]
        self._risk = np.array([0.0 if rule is None else rule.risk for rule in rules])
        self._extra = np.array([0 if rule is None else rule.days for rule in rules], dtype=np.int64)
        self._annoyance = np.array([0.0 if rule is None else rule.annoyance for rule in rules])
        self._entity = np.array([stable_id("late", o.brand, o.place) for o in offers], dtype=np.int64)
        #: What people reckon with: the mean delay.
        self._bonus = -world.scenario.category.choice.delivery * self._risk * self._extra
        late = [self.brands.index(o.brand) for o in offers if o.delay is not None]
        self.room = rooms(len(self.brands), set(late))
        #: What annoyance there is; 0: none.
        self._levels = np.unique(np.append(self._annoyance, 0.0))
        #: How annoying the parcel under way will be, as a row of these levels.
        kind = np.min_scalar_type(len(self._levels) - 1)
        self.columns["late"] = np.zeros((world.size, len(set(late))), dtype=kind)

    def opened(self, world: World) -> None:
        """Late deliveries are known to happen."""
        world.market.table["bonus"] += self._bonus

    def settled(self, world: World, orders: Array) -> None:
        """Draw which of today's orders are late, and put off their arrival."""
        orders = orders[self._risk[orders["offer"]] > 0.0]
        if len(orders) == 0:
            return
        w, brands = world.w, world.w.awareness.shape[1]
        offer, who = orders["offer"].astype(np.int64), orders["consumer"].astype(np.int64)
        u = self.uniforms(world, LATE, who, (self._entity[offer] + orders["sequence"]) % 2**32)[:, 0]
        late = u < self._risk[offer]
        np.add.at(self.today["late_orders"], offer[late], 1)
        codes = who * brands + w.offers["brand"][offer]
        promised = world.day + w.offers["days"][offer].astype(np.int64)
        # Parcels of one brand are opened together, when the first is there: it is late if none of them is on time.
        parcels, row = np.unique(codes, return_inverse=True)
        due, real = np.full((2, len(parcels)), 2**31 - 1)
        np.minimum.at(due, row, promised)
        np.minimum.at(real, row, promised + np.where(late, self._extra[offer], 0))
        annoyance = np.zeros(len(parcels))
        np.maximum.at(annoyance, row, self._annoyance[offer])
        arrives = w.arrives.reshape(-1)
        moved = (real > due) & (arrives[parcels] == due)
        arrives[parcels[moved]] = real[moved]
        who, b = np.divmod(parcels[moved], brands)
        self.columns["late"][who, self.room[b]] = np.searchsorted(self._levels, annoyance[moved])
        for day in np.unique(real[moved]):
            world.expect(int(day), parcels[moved & (real == day)])

    def received(self, world: World, codes: Array) -> None:
        """What came late disappoints."""
        codes = codes[self.room[codes % len(self.brands)] >= 0]
        who, b = np.divmod(codes, len(self.brands))
        late = self.columns["late"]
        there = distinct(codes[late[who, self.room[b]] > 0])
        if len(there):
            who, b = np.divmod(there, len(self.brands))
            disappoint(world, there, self._levels[late[who, self.room[b]]])
            late[who, self.room[b]] = 0
