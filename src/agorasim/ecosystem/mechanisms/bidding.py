"""M1 Bidding: policies move what a brand offers for a click in search auctions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agorasim.ecosystem.mechanisms.base import Lever, Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Brand, Scenario


class _OfBids(Lever):
    """A lever of brands that bid; the scenario's bids are its 1."""

    def value(self, brand: Brand) -> float | None:
        """1 when the brand has bids."""
        return 1.0 if brand.bids else None


class Bidding(Mechanism):
    """Hands today's bids to the auction."""

    name = "bidding"
    code = "M1"
    meaning = "policies raise and lower bids for search clicks"
    keys = ("brands.NAME.bids",)
    levers = (_OfBids("bidding.bid", 0.0, 100.0, "multiplier of the brand's bids for clicks"),)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand bids."""
        return any(brand.bids for brand in scenario.brands.values())

    def decided(self, world: World) -> None:
        """What brands decided about their bids holds in today's auctions."""
        factor = np.array([levers.get("bidding.bid", 1.0) for levers in world.strategies.levers])
        if not np.array_equal(factor, world.media.bid_factor):
            world.media.bid_factor = factor
            world.expect_new_media()
