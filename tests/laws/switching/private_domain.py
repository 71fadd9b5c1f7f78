"""Private domains: memberships are conserved, messages reach members, members are active or dormant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.behaviour import columns as c
from agorasim.ecosystem.mechanisms.private_domain import SOURCES
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """A private domain for brands that run something with members."""
    kinds = {name: KINDS[t["kind"]] for name, t in data["touchpoints"].items()}
    events = any(t["kind"] == "event" for t in data["touchpoints"].values())
    talks = data["social"].get("word_of_mouth", {}).get("rule") == "cascade"
    for name, brand in data["brands"].items():
        clubs = [t for t in brand["owns"] if kinds[t].members_only]
        if not clubs:
            continue
        shops = any(place["brand"] == name for place in data["places"].values())
        doors: dict[str, Any] = {}
        for club in clubs:
            doors[club] = {"content": dice.real(0, 1), "purchase": dice.one((None, dice.real(0, 1)))}
            doors[club] |= {"event": dice.real(0, 1)} if events else {}
            doors[club] |= {"qr": dice.real(0, 1)} if shops else {}
            doors[club] |= {"referral": dice.real(0, 1)} if talks else {}
        brand["private_domain"] = {
            "touchpoints": doors, "invite": dice.real(0, 2), "welcome": dice.real(0, 3), "push_cost": dice.real(0, 1),
            "unsubscribe": dice.real(0, 0.3), "annoyance": dice.real(0, 20), "dormant_after": dice.whole(1, 20),
            "attention": dice.one((0.0, 0.5, 1.0)),
        }  # fmt: skip
        if dice.chance(0.7):
            brand["private_domain"]["insight"] = {"gain": dice.real(0, 3), "half": dice.real(0.5, 50)}
        brand["initial"]["members"] = {t: share for t, share in brand["initial"]["members"].items() if t in clubs}


def holds(world: World) -> None:
    """Every membership has a beginning; sales inside are sales to members; nobody is both active and dormant."""
    mechanism = world.mechanism("private_domain")
    if mechanism is None:
        return
    extra, h = world.history.extra, world.history
    for b, rooms in mechanism.rooms.items():
        members = world.w.member[:, b]
        joined = sum(extra[f"joined_by_{source}"][:, b].sum() for source in SOURCES)
        assert extra["joins"][:, b].sum() == joined
        assert (members > 0).sum() == h.levels_segment[-1, b, :, c.MEMBERS].sum()
        assert extra["active_members"][-1, b] + extra["dormant_members"][-1, b] == (members > 0).sum()
        assert (members & ~np.uint8(sum(room.bit for room in rooms)) == 0).all()
        for room in rooms:
            assert (extra["leaves"][:, b, room.touch] <= extra["pushes"][:, b, room.touch]).all()
            shown = h.touch[:, b, room.touch, c.AT_IMPRESSIONS]
            assert (extra["pushes"][:, b, room.touch] <= shown).all()
        assert (extra["private_revenue"][:, b] <= h.by_segment[:, b, :, c.BY_REVENUE].sum(axis=1)).all()
        assert (extra["member_orders"][:, b] <= h.by_segment[:, b, :, c.BY_ORDERS].sum(axis=1)).all()
