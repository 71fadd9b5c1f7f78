"""Footprint and waste: parts add up, no more is wasted than there was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random figures."""
    data["outcomes"] = {
        **data.get("outcomes", {}),
        "footprint": {
            "parcel": dice.real(0, 500), "trip_km": dice.real(0, 300), "window": dice.whole(1, 60),
            "weak": dice.real(0, 1),
        },
    }  # fmt: skip


def holds(world: World) -> None:
    """Emissions are those of contacts and deliveries; waste is within what was shown and paid."""
    if world.mechanism("footprint") is None:
        return
    extra, owner = world.history.extra, world.market.table["brand"]
    brands = len(world.scenario.brands)
    delivered = np.stack([extra["footprint_delivery"][:, owner == b].sum(axis=1) for b in range(brands)], axis=1)
    assert np.array_equal(extra["footprint"], extra["footprint_contact"].sum(axis=2) + delivered)
    shown = extra["ad_impressions"].astype(float) * 2.0**20
    assert (extra["saturated_impressions"] <= extra["wasted_impressions"] + 1).all()
    assert (extra["wasted_impressions"] <= shown + 1).all()
    assert (extra["wasted_spend"] <= world.history.spend).all()
    assert all((extra[name] >= 0).all() for name in world.mechanism("footprint").today)
