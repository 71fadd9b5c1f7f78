"""Location coupons: people who live close to a shop get coupons that are good in shops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Coupon, Lever, Mechanism
from agorasim.ecosystem.mechanisms.shops import nearest_shop
from agorasim.randomness import PURPOSES, stable_id, uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
COUPON = PURPOSES.declare("bridges.coupon", 146)
OFFLINE = 2


class LocationCoupons(Mechanism):
    """Within the radius, and with consent, each person gets a coupon with the stated chance each day."""

    name = "location_coupons"
    code = "M5"
    meaning = "coupons on the phones of people who live within a radius of a shop, good in shops"
    keys = ("brands.NAME.bridges.location_coupons",)
    levers = (
        Lever("location_coupons.value", 0.0, 1e6, "money off one order", "bridges.location_coupons.value"),
        Lever("location_coupons.chance", 0.0, 1.0, "chance a day of getting one", "bridges.location_coupons.chance"),
    )
    uses = frozenset({"wallet"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has the bridge."""
        return any(b.bridges is not None and b.bridges.location_coupons is not None for b in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        models = world.scenario.brands.values()
        self._rules = [None if m.bridges is None else m.bridges.location_coupons for m in models]
        self._entity = [stable_id("location_coupon", name) for name in self.brands]
        #: Who lives within the radius, (N,), by brand.
        self._near = {
            b: nearest_shop(world, self.brands[b])[0] <= rule.radius_km
            for b, rule in enumerate(self._rules) if rule is not None
        }  # fmt: skip

    def seen(self, world: World) -> None:
        """Send today's coupons."""
        for b, rule in enumerate(self._rules):
            if rule is None:
                continue
            value = world.minor(world.lever(b, "location_coupons.value"))
            chance = world.lever(b, "location_coupons.chance")
            # Everybody's draws at once cost less than those of the people near by, one by one.
            got = np.flatnonzero(uniforms(world.w.now, COUPON, world.size, self._entity[b]) < chance)
            got = got[self._near[b][got] & (world.w.consent[got] > 0)]
            if len(got) == 0:
                continue
            world.raise_awareness(got, b, rule.awareness)
            self.today["location_coupons"][b] += len(got)
            if value > 0:
                world.give(got, b, value, rule.days, OFFLINE, int(Coupon.LOCATION))

    def settled(self, world: World, orders: Array) -> None:
        """Count what was redeemed."""
        used = orders[(orders["rebate"] > 0) & (orders["source"] == int(Coupon.LOCATION))]
        brand = world.market.table["brand"][used["offer"]]
        self.today["location_redeemed"] += np.bincount(brand, minlength=len(self.brands))
