"""Shocks and festivals: goods stay conserved while deliveries fail, needs are moved and not made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random shocks, and festivals that draw needs to themselves."""
    calendar, brands = data["calendar"], list(data["brands"])
    calendar["shocks"] = {
        f"shock_{k}": {
            "start": dice.date(calendar["days"]), "days": dice.whole(1, 9), "recovery": dice.whole(0, 9),
            "need": dice.real(0, 2), "media_price": dice.real(0.2, 3), "cost_of_goods": dice.real(0, 3),
            "trust": dice.real(-1, 1), "deliveries": dice.chance(), "capacity": dice.real(0, 1),
            "brands": dice.some(brands, 0, 2),
        }
        for k in range(dice.whole(1, 3))
    }  # fmt: skip
    for festival in calendar.get("festivals", {}).values():
        festival["deal"] = dice.real(0, 4)
        if dice.chance():
            festival["waiting"] = {"days": dice.whole(1, 20), "share": dice.real(0, 1)}
        if dice.chance():
            festival["stocking_up"] = {"days": dice.whole(1, 20), "share": dice.real(0, 1)}


def holds(world: World) -> None:
    """Unit costs follow the calendar; no delivery is missed where none was due."""
    shocks = world.mechanism("shocks")
    if shocks is None:
        return
    last = world.history.days - 1
    expected = [round(cost * float(shocks.cost[last, b])) for b, cost in enumerate(shocks.unit_cost)]
    assert world.w.brands["unit_cost"].tolist() == expected
    missed = world.history.extra["missed_deliveries"]
    assert (missed >= 0).all()
    assert not missed[0].any()
    assert (world.market.stock >= -1).all()
