"""Orders by channel, where something leads from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]


class Channels(Mechanism):
    """Counts what is bought online for delivery, online for pick-up, and in shops; changes nothing."""

    name = "channels"
    code = "M5"
    meaning = "orders delivered, picked up, and placed in shops are counted apart"
    keys = ("brands.NAME.bridges", "places.NAME.pickup", "places.NAME.showroom")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Anything leads from one channel to the other."""
        return any(p.pickup is not None or p.showroom for p in scenario.places.values()) or any(
            brand.bridges is not None for brand in scenario.brands.values()
        )

    def settled(self, world: World, orders: Array) -> None:
        """Add up today's orders by channel."""
        offers, owner = world.market.offers, world.market.table["brand"]
        sold = np.bincount(orders["offer"], minlength=len(offers))
        for k, offer in enumerate(offers):
            kind = "shop_orders" if offer.is_shop else "online_orders" if offer.pickup_at is None else "pickup_orders"
            self.today[kind][owner[k]] += sold[k]
