"""Organisation: whoever decides, spend stays within plan and budget."""

from __future__ import annotations

from typing import Any

from agorasim.scenario.catalogue import KINDS


def switch_on(dice: Any, data: dict[str, Any]) -> None:
    """Split the media of every brand into groups, where its policy can be split."""
    media = [name for name, t in data["touchpoints"].items() if KINDS[t["kind"]].buys_media]
    owned = [name for name in data["touchpoints"] if name not in media]
    if len(media) < 2:
        return
    for brand in data["brands"].values():
        if dice.chance(0.3):
            continue
        cut = dice.whole(1, len(media) - 1)
        groups: dict[str, Any] = {
            "first": {"channels": media[:cut] + owned[:1]},
            "second": {"channels": media[cut:] + owned[1:]},
        }
        if dice.chance(0.4):
            groups["first"]["share"], groups["second"]["share"] = dice.real(0.0, 0.5), dice.real(0.1, 0.5)
        structure = dice.one(("central", "three_tier", "decentralised"))
        brand["organisation"] = {"structure": structure, "groups": groups, "leading": dice.one((None, "second"))}
        if dice.chance():
            brand["organisation"]["coordination"] = {
                "every": dice.whole(1, 7),
                "delay": dice.whole(0, 5),
                "window": dice.whole(1, 9),
                "step": dice.real(0.0, 1.0),
                "sharpness": dice.real(0.0, 5.0),
                "keep": dice.real(0.0, 1.0),
            }
        if structure == "decentralised" and dice.chance():
            brand["organisation"]["links"] = [["first", "second"]]


def holds(world: Any) -> None:
    """A day's plan over all groups is within the brand's budget, and nothing is spent beyond it."""
    h = world.history
    minor = world.scenario.currency.minor_units * world.factor
    for b, brand in enumerate(world.scenario.brands.values()):
        plan = h.plan[:, b].sum(axis=1)
        assert (plan <= brand.budget * minor + len(world.scenario.touchpoints)).all()
        assert (h.spend[:, b] <= h.plan[:, b]).all()
