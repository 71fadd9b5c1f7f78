"""Resellers: commission is what the rate says, effort, trust and conflict stay within 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from agorasim.behaviour.columns import FIXED


def switch_on(dice: Any, data: dict[str, Any]) -> None:
    """Give terms to every brand that has a shop at a touchpoint of kind `partner`."""
    resellers = {name for name, t in data["touchpoints"].items() if t["kind"] == "partner"}
    owners = {p["brand"] for p in data["places"].values() if p["touchpoint"] in resellers}
    for name, brand in data["brands"].items():
        if name not in owners:
            continue
        brand["partners"] = {
            "commission": dice.real(0.0, 0.6),
            "assist": dice.one((0.0, 0.5, 1.0)),
            "bonus": dice.real(0.0, 2.0),
            "recommend": dice.real(0.0, 0.5),
            "shelf": dice.one((0.0, 0.7)),
            "effort": dice.real(0.0, 1.0),
            "effort_cost": dice.real(0.5, 20.0),
            "response": dice.real(0.0, 3.0),
            "speed": dice.real(0.0, 1.0),
            "trust": dice.real(0.0, 1.0),
            "rebuild": dice.real(0.0, 0.2),
            "cut": dice.real(0.0, 5.0),
            "refusal": dice.real(0.0, 1.0),
            "undercut": dice.real(0.0, 5.0),
            "poaching": dice.real(0.0, 1.0),
            "memory": dice.whole(1, 40),
        }
        for place in data["places"].values():
            if place["brand"] == name and place["touchpoint"] in resellers and dice.chance(0.3):
                place["commission"] = dice.real(0.0, 0.6)


def holds(world: Any) -> None:
    """Effort, trust and conflict are shares; nobody is paid more than the rates say; visits explain assisted orders."""
    mechanism = world.mechanism("partners")
    if mechanism is None:
        return
    extra, history = world.history.extra, world.history
    for name in ("partner_effort", "partner_trust", "partner_conflict", "place_effort"):
        assert ((extra[name] >= 0) & (extra[name] <= FIXED)).all(), name
    for values in (mechanism.effort, mechanism.trust, mechanism.conflict):
        assert ((values >= 0.0) & (values <= 1.0)).all()
    at = mechanism.at
    sold = history.offer[:, :, 0]
    owner = world.market.table["brand"]
    paid = history.costs[:, :, world_account("partners")]
    for b in range(len(world.scenario.brands)):
        mine = at[mechanism.of == b]
        assert np.array_equal(extra["partner_orders"][:, b], sold[:, mine].sum(axis=1))
        direct = np.setdiff1d(np.flatnonzero(owner == b), mine)
        assert (extra["assisted_orders"][:, b] <= sold[:, direct].sum(axis=1)).all()
        revenue = history.offer[:, owner == b, 2].sum(axis=1)
        assert (paid[:, b] <= revenue + len(mine)).all()
        if not len(mine):
            assert not paid[:, b].any()


def world_account(name: str) -> int:
    """Column of `History.costs` that holds an account."""
    from agorasim.measures.mechanisms import ACCOUNTS

    return list(ACCOUNTS).index(name)
