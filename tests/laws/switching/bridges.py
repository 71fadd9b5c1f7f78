"""Bridges between online and offline: pick-up, showrooms, joins, coupons, retargeting, events, search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.ecosystem.records import ORDERS
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings of the bridges whose two ends are there."""
    kinds = {name: KINDS[t["kind"]] for name, t in data["touchpoints"].items()}
    for name, brand in data["brands"].items():
        shops = {key: place for key, place in data["places"].items() if place["brand"] == name}
        sellers = list(brand["sells"])
        bridges: dict[str, Any] = {}
        for place in shops.values():
            if sellers and dice.chance(0.5):
                place["pickup"] = {
                    "via": dice.one(sellers), "ready_days": dice.whole(0, 2), "price": dice.one(("online", "store")),
                    "convenience": dice.real(-1, 1), "cost": dice.real(0, 2), "extra": dice.real(0, 1),
                }  # fmt: skip
        if shops:
            bridges |= _from_shops(dice, brand, kinds)
            if "retarget_buyers" in bridges:
                data["touchpoints"][bridges["retarget_buyers"]["touchpoint"]]["targeting"] = "behaviour"
        events = [t for t in brand["owns"] if data["touchpoints"][t]["kind"] == "event"]
        if events and sellers:
            bridges["event_follow_up"] = {"event": events[0], "to": dice.one(sellers), "days": dice.whole(1, 9)}
        if any(kind.on_need for kind in kinds.values()):
            bridges["branded_search"] = dice.real(0, 1)
        if any(place["touchpoint"] in brand["owns"] for place in shops.values()):
            bridges["destination"] = dice.real(0, 1)
        brand["bridges"] = {key: value for key, value in bridges.items() if dice.chance(0.7)}


def _from_shops(dice: Dice, brand: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "location_coupons": {
            "radius_km": dice.real(0.1, 5), "value": dice.real(0, 8), "chance": dice.real(0, 1),
            "days": dice.whole(1, 9),
        },
    }  # fmt: skip
    clubs = [t for t in brand["owns"] if kinds[t].members_only]
    if clubs:
        out["join_in_store"] = {"into": dice.one(clubs), "visit": dice.real(0, 1), "purchase": dice.real(0, 1)}
    media = [t for t, kind in kinds.items() if kind.buys_media and not kind.on_need]
    if media:
        out["retarget_buyers"] = {"touchpoint": dice.one(media), "days": dice.whole(1, 30)}
    if "returns" in brand or dice.chance(0.5):
        brand.setdefault("returns", {"rate": dice.real(0, 1), "days": dice.whole(1, 4)})
        out["return_in_store"] = {"radius_km": dice.real(0.1, 9), "chance": dice.real(0, 1), "extra": dice.real(0, 1)}
    return out


def holds(world: World) -> None:
    """Coupons are redeemed once, messages go to visitors, nobody joins without consent."""
    extra, owner = world.history.extra, world.market.table["brand"]
    if world.mechanism("location_coupons") is not None:
        assert (extra["location_redeemed"].sum(axis=0) <= extra["location_coupons"].sum(axis=0)).all()
    if world.mechanism("event_follow_up") is not None:
        rules = [b.bridges.event_follow_up if b.bridges else None for b in world.scenario.brands.values()]
        most = np.array([0 if rule is None else rule.days for rule in rules]) * extra["event_visitors"].sum(axis=0)
        assert (extra["follow_up_messages"].sum(axis=0) <= most).all()
        assert (extra["follow_up_clicks"] <= extra["follow_up_messages"]).all()
    if (errands := world.mechanism("errands")) is not None:
        fetched = np.array([o.pickup_at is not None for o in world.market.offers], dtype=bool)
        sold = world.history.offer[:, :, ORDERS].sum(axis=0)
        returned = extra["returned_in_store"].sum(axis=0) if "returned_in_store" in extra else 0
        pending = np.concatenate([np.empty(0, dtype=np.int64), *(rows[:, 1] for rows in errands.due.values())])
        count = np.bincount(owner[pending], minlength=len(extra["errands"][0]))
        picked = np.bincount(owner[fetched], weights=sold[fetched], minlength=len(count))
        assert np.array_equal(extra["errands"].sum(axis=0) + count, picked + returned)
