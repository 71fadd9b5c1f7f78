"""Kinds of touchpoint: cost models, hours on air, the search auction, installs, extended touchpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.behaviour.columns import AT_IMPRESSIONS
from agorasim.ecosystem.airtime import share_on_air
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random terms of touchpoints that have them."""
    touchpoints = data["touchpoints"]
    for name, touchpoint in touchpoints.items():
        kind = KINDS[touchpoint["kind"]]
        if kind.buys_media and not kind.on_need and touchpoint["click_rate"] > 0.0:
            model = dice.one(("cpm", "cpc", "cpa", "fixed", "commission"))
            touchpoint["cost"] |= {"model": model, "rate": dice.real(0.01, 1.0), "action_rate": dice.real(0.01, 1.0)}
        if kind.timed and dice.chance(0.7):
            start = dice.whole(0, 23)
            window = {"weekdays": dice.some(range(7), 1, 7), "start": start, "end": dice.whole(start + 1, 24)}
            touchpoint["windows"] = [window]
        if kind.auction:
            touchpoint["auction"] = {
                "slots": dice.whole(1, 4), "decay": dice.real(0, 1), "reserve": dice.real(0, 0.5),
            }  # fmt: skip
            for brand in data["brands"].values():
                brand["bids"] = {name: {"bid": dice.real(0.1, 40.0), "quality": dice.real(0.2, 3.0)}}
        if kind.members_only and kind.visits:
            touchpoint["install"] = dice.real(0, 0.3)
        if kind.messages:
            touchpoint["message_cost"] = dice.real(0, 1)


def holds(world: World) -> None:
    """Nobody meets anything off air; messages cost what they cost; no more install than click or visit."""
    history = world.history
    for t, touchpoint in enumerate(world.scenario.touchpoints.values()):
        if touchpoint.windows:
            silent = [share_on_air(touchpoint, int(weekday)) == 0.0 for weekday in world.days.weekdays[: history.days]]
            assert not history.touch[: history.days, :, t, AT_IMPRESSIONS][np.array(silent, dtype=bool)].any()
            if touchpoint.cost.model in ("cpm", "cpc", "fixed"):  # actions may follow days later
                assert not history.spend[: history.days, :, t][np.array(silent, dtype=bool)].any()
    if world.mechanism("owned_contact") is not None:
        assert (history.extra["installs"] >= 0).all()
        assert (history.extra["installs"] <= world.size).all()
