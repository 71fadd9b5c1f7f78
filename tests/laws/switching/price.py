"""Prices and loyalty: promotions, reference prices, fair prices, coupons, points, churn, win-back, NPS, customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from switching.people import replaced

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings; what is used in one channel only where the brand sells there."""
    category = data["category"]
    category["nps"] = {"answer": dice.real(0.0, 1.0), "centre": dice.real(5.0, 9.0)}
    data["outcomes"] = {**data.get("outcomes", {}), "lifetime": {"discount": dice.real(0.0, 0.3)}}
    if dice.chance(0.6):
        category["reference_prices"] = {
            "memory": dice.real(0.0, 1.0),
            "gain": dice.real(0.0, 2.0),
            "loss_aversion": dice.real(0.0, 3.0),
        }
    if dice.chance(0.6):
        category["price_fairness"] = {
            "resentment": dice.real(0.0, 1.0),
            "notice": dice.real(0.0, 1.0),
            "days": dice.whole(0, 9),
        }
    if category["kind"] == "repeat" and dice.chance(0.6):
        category["churn"] = {
            "after": dice.one(("purchase", "day")),
            "mean": dice.real(0.01, 0.5),
            "spread": dice.one((0.0, 0.3)),
            "satisfaction": dice.real(0.0, 2.0),
            "factor": dice.real(0.0, 2.0),
        }
    for name, brand in data["brands"].items():
        channels = ["everywhere"] + ["online"] * bool(brand.get("sells"))
        channels += ["offline"] * any(place["brand"] == name for place in data.get("places", {}).values())
        if dice.chance(0.6):
            brand["coupons"] = {f"c{k}": _coupon(dice, data, brand, channels) for k in range(dice.whole(1, 3))}
        if dice.chance(0.6):
            brand["promotions"] = {
                "days": {"discount": dice.real(0, 0.5), "weekdays": [dice.whole(0, 6)], "where": dice.one(channels)},
                "once": {"discount": dice.real(0, 0.9), "start": dice.date(10), "days": dice.whole(1, 5)},
            }
        if dice.chance():
            brand["pricing"] = {"online": dice.real(0.5, 1.5), "offline": dice.real(0.5, 1.5)}
        if dice.chance():
            brand["price_protection"] = {"days": dice.whole(1, 9), "claim": dice.real(0.0, 1.0)}
        if dice.chance(0.6):
            brand["loyalty"] = _programme(dice)
        if dice.chance(0.6):
            brand["win_back"] = {
                "after": dice.whole(1, 9),
                "value": dice.real(0.0, 9.0),
                "days": dice.whole(1, 9),
                "again": dice.whole(1, 9),
                "where": dice.one(channels),
                "chance": dice.real(0.0, 1.0),
                "contact_cost": dice.real(0.0, 1.0),
            }


def _coupon(dice: Dice, data: dict[str, Any], brand: dict[str, Any], channels: list[str]) -> dict[str, Any]:
    whom = ["everybody", "customers", "newcomers", "lapsed"] + ["members"] * bool(brand.get("owns"))
    coupon: dict[str, Any] = {
        "to": dice.one(whom),
        "chance": dice.real(0.0, 1.0),
        "every": dice.one((None, dice.whole(1, 9))),
        "days": dice.whole(1, 9),
        "where": dice.one(channels),
        "awareness": dice.real(0.0, 0.2),
        "segments": dice.some(list(data["population"]["segments"]), 0, 2),
    }
    if coupon["to"] == "lapsed":
        coupon["lapsed_after"] = dice.whole(1, 9)
    if brand.get("owns"):
        coupon["touchpoint"] = dice.one((None, *brand["owns"]))
    return coupon | ({"amount": dice.real(0.01, 30.0)} if dice.chance() else {"share": dice.real(0.01, 0.9)})


def _programme(dice: Dice) -> dict[str, Any]:
    return {
        "points_rate": dice.real(0.0, 5.0),
        "point_value": dice.real(0.0, 1.0),
        "redeem_at": dice.whole(1, 40),
        "felt": dice.real(0.0, 1.0),
        "expire_after": dice.one((None, dice.whole(1, 9))),
        "join": dice.real(0.0, 1.0),
        "shared": dice.chance(),
        "qualify_days": dice.whole(1, 20),
        "tiers": {
            "silver": {"points": dice.whole(1, 20), "discount": dice.real(0, 0.3), "churn": dice.real(0, 1)},
            "gold": {"points": dice.whole(21, 60), "appeal": dice.real(0, 1), "rate": dice.real(1, 2)},
        },
    }


def holds(world: World) -> None:
    """Nothing is used that was not given, and what is left is what was given less what is gone."""
    extra = {name: tally.astype(np.int64) for name, tally in world.history.extra.items()}
    total = {name: tally.sum(axis=0) for name, tally in extra.items()}
    if "points_earned" in extra:
        gone = np.cumsum(extra["points_redeemed"] + extra["points_expired"], axis=0)
        assert (np.cumsum(extra["points_earned"], axis=0) == gone + extra["points_balance"]).all()
        assert (world.mechanism("loyalty").columns["points"] >= 0).all()
    if "coupons_issued" in extra:
        left = np.cumsum(extra["coupons_issued"] - extra["coupons_redeemed"] - extra["coupons_expired"], axis=0)
        assert (left == extra["coupons_held"]).all()
        assert (extra["coupons_expired"] >= 0).all()
        assert (extra["coupons_cannibalised"] <= extra["coupons_redeemed"]).all()
    if "churned" in extra:
        left_on = world.mechanism("churn").columns["left"]
        assert (extra["churned"] <= extra["churn_occasions"]).all()
        gone = total["churned"] - total["won_back"] - (left_on >= 0).sum(axis=0)
        assert (gone >= 0).all()
        assert replaced(world) or (gone == 0).all()
        assert (world.w.bought[left_on >= 0] > 0).all()
        if "win_back_orders" not in extra and world.mechanism("modes") is None:
            assert (total["won_back"] == 0).all()
    if "win_back_orders" in extra:
        assert (total["win_back_orders"] <= total["win_back_offers"]).all()
    if "nps_answers" in extra:
        assert (extra["promoters"] + extra["detractors"] <= extra["nps_answers"]).all()
    if "reference_prices" in {m.name for m in world.mechanisms}:
        assert (world.mechanism("reference_prices").columns["reference"] >= 0.0).all()
    if world.mechanism("customers") is not None:
        _customers(world)


def _customers(world: World) -> None:
    table = world.mechanism("customers").table(world)
    orders = table["orders"].to_numpy()
    assert (table["repeats"].to_numpy() < orders).all()
    assert (table["recency"].to_numpy() <= table["days"].to_numpy()).all()
    # Everybody's first order was seen unless they had bought before the first day.
    if not replaced(world) and not any(brand.initial.buyers for brand in world.scenario.brands.values()):
        kpis = world.kpis()
        brand = kpis[(kpis["brand"] != "") & (kpis[["touchpoint", "place", "segment", "region"]] == "").all(axis=1)]
        assert orders.sum() == brand["orders"].sum()
        assert np.isclose(table["revenue"].to_numpy().sum(), brand["revenue"].sum())
        assert brand["repeat_orders"].sum() == orders.sum() - len(table)
