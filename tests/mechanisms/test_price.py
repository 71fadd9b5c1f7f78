"""Coupons, promotions, price protection, fair prices and reference prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import differing, kpis

from agorasim import Ecosystem, Scenario
from agorasim.ecosystem import World
from agorasim.scenario import ScenarioError

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms"
SMALL = {"population.size": 400, "calendar.days": 40, "calendar.warmup": 0}


def scenario(name: str, **overrides: Any) -> Scenario:
    """A small world of one of the mechanisms' scenarios; None takes a key out."""
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    return Scenario.load(FOLDER / f"{name}.yaml").with_overrides({**SMALL, **given})


def ran(name: str, **overrides: Any) -> World:
    return World(scenario(name, **overrides)).run()


def totals(world: World, metric: str) -> Any:
    """Totals of a metric by brand, over all days."""
    return world.history.extra[metric].sum(axis=0)


def morning(world: World) -> set[tuple[int, int, int]]:
    """Orders of the next day before they are settled: consumer, number, brand."""
    world.open_day()
    world.decide()
    world.plan_media()
    world.carry_messages()
    world.live()
    orders = world.orders
    brands = world.market.table["brand"][orders["offer"]]
    return set(zip(orders["consumer"].tolist(), orders["sequence"].tolist(), brands.tolist(), strict=True))


# --- null settings ----------------------------------------------------------------------------------------------------

NOTHING: dict[str, dict[str, Any]] = {
    "coupons that nobody gets": {"brands.lumo.coupons": {"c": {"amount": 5.0, "chance": 0.0, "every": 3}}},
    "a discount of nothing": {"brands.lumo.promotions": {"p": {"discount": 0.0, "weekdays": [1, 2, 3]}}},
    "channel factors of 1": {"brands.lumo.pricing": {}},
    "prices that never change": {"category.reference_prices": {"memory": 0.5}},
    "prices that mean nothing": {
        "category.reference_prices": {"gain": 0.0},
        "brands.lumo.promotions": {"p": {"discount": 0.0, "weekdays": [1]}},
    },
    "nobody minds": {"category.price_fairness": {"resentment": 0.0}},
    "prices that never fall": {"brands.lumo.price_protection": {"days": 30, "claim": 1.0}},
}


@pytest.mark.parametrize("setting", NOTHING)
def test_null_settings_change_nothing(setting: str) -> None:
    bare = {"brands.lumo.coupons": {}, "brands.lumo.promotions": {}}
    plain = kpis(World(scenario("coupons", **bare)).run())
    world = World(scenario("coupons", **{**bare, **NOTHING[setting]})).run()
    assert world.mechanisms
    table = kpis(world)
    extra = [name for name in table.column_names if name not in plain.column_names]
    assert differing(table.drop_columns(extra), plain) == []


# --- coupons ----------------------------------------------------------------------------------------------------------


def test_cannibalised_orders_are_those_of_the_world_without_coupons() -> None:
    """On the first day both worlds feel alike, so the other world's orders say who would have bought anyway."""
    world = World(scenario("coupons", brands__lumo__coupons={"c": {"amount": 6.0}}))
    without = morning(World(scenario("coupons", brands__lumo__coupons={})))
    taken = morning(world)
    lumo = {order for order in taken if order[2] == 0}
    assert len(lumo) > len({order for order in without if order[2] == 0}) > 0
    world.fulfil()
    # A second order of the same person uses no coupon.
    first = {(consumer, min(s for c, s, _ in lumo if c == consumer), 0) for consumer, _, _ in lumo}
    found = world.mechanism("coupons").today
    assert found["coupons_redeemed"][0] == len(first)
    assert found["coupons_cannibalised"][0] == len(first & without)


def test_coupons_tie_to_money_and_to_purses() -> None:
    world = ran("coupons")
    redeemed, money = totals(world, "coupons_redeemed")[0], totals(world, "coupon_money")[0]
    assert redeemed > 50
    assert money == redeemed * 400  # minor units
    assert money == world.history.offer[:, world.market.table["brand"] == 0, 3].sum()  # booked as discounts
    issued, expired = totals(world, "coupons_issued")[0], totals(world, "coupons_expired")[0]
    assert issued == redeemed + expired + world.history.extra["coupons_held"][-1, 0]


@pytest.mark.parametrize("to", ["customers", "newcomers", "members", "lapsed"])
def test_only_those_who_qualify_get_coupons(to: str) -> None:
    terms = {"amount": 3.0, "to": to, "segments": ["careful"], "where": "online"}
    terms |= {"lapsed_after": 5} if to == "lapsed" else {}
    world = World(scenario("coupons", brands__lumo__coupons={"c": {**terms, "start": "2026-03-12"}}))
    world.run(10)
    bought, member = world.w.bought[:, 0].copy(), world.w.member[:, 0].copy()
    last = world.mechanism("last_orders").days(0).copy() if to == "lapsed" else bought
    morning(world)
    got = world.w.rebate[:, 0] > 0
    fits = {"customers": bought > 0, "newcomers": bought == 0, "members": member > 0,
            "lapsed": (last >= 0) & (last <= 5)}[to]  # fmt: skip
    careful = world.population.segment == 0
    assert np.array_equal(got, fits & careful)
    assert got.any() or to == "members"  # nothing can be joined here
    used = world.orders[got[world.orders["consumer"]] & (world.market.table["brand"][world.orders["offer"]] == 0)]
    assert len(used) or to == "members"


# --- prices -----------------------------------------------------------------------------------------------------------


def test_promotions_come_on_top_of_policy_and_channel() -> None:
    promotions = {
        "weekend": {"discount": 0.2, "weekdays": [5, 6]},
        "web": {"discount": 0.5, "start": "2026-03-07", "days": 1, "where": "online"},
    }
    policy = {"name": "fixed_plan", "promotions": [{"start": "2026-03-07", "days": 2, "discount": 0.1}]}
    world = World(
        scenario(
            "prices", category__reference_prices=None, brands__lumo__pricing={"online": 0.9},
            brands__lumo__promotions=promotions, brands__lumo__policy=policy,
        )
    )  # fmt: skip
    seen = {}
    for _ in range(8):
        world.step()
        seen[world.day - 1] = [int(p) for p in world.market.table["price"]]
    # 2 March 2026 is a Monday: day 5 a Saturday with the web's own, day 6 a Sunday; prices are 50.00, in minor units.
    assert seen[4] == [4500, 5000, 5000]
    assert seen[5] == [round(4500 * 0.9 * 0.5), round(5000 * 0.9 * 0.8), 5000]
    assert seen[6] == [round(4500 * 0.9 * 0.8), round(5000 * 0.9 * 0.8), 5000]
    assert seen[7] == [4500, 5000, 5000]


def test_policies_move_prices_by_channel() -> None:
    world = World(scenario("prices", brands__lumo__promotions={})).run(3)
    world.strategies.levers[0].update({"pricing.online": 0.8, "pricing.offline": 1.5})
    world.step()
    assert [int(p) for p in world.market.table["price"]] == [4000, 7500, 5000]


def test_frequent_discounts_lower_what_people_expect() -> None:
    rare = ran("prices", brands__lumo__promotions__weekend__weekdays=[6])
    often = ran("prices", brands__lumo__promotions__weekend__weekdays=[2, 3, 4, 5, 6])
    end = [world.history.extra["reference_price"][-1] for world in (rare, often)]
    assert 4000 < end[1][0] < end[0][0] < 5000
    assert end[0][1] == end[1][1] == 5000  # the other brand never discounts


def test_losses_weigh_more_than_gains() -> None:
    world = World(scenario("prices", brands__lumo__promotions={}, category__reference_prices={"memory": 1.0}))
    column = world.mechanism("reference_prices").columns["reference"]
    column[:200, 0], column[200:, 0] = 1.2, 0.8  # expected 60 or 40; the price is 50
    morning(world)
    felt = world.w.appeal[np.flatnonzero(world.w.needs), 0]
    who = np.flatnonzero(world.w.needs)
    assert felt[who < 200] == pytest.approx(2.4 * 0.2, rel=1e-5)
    assert felt[who >= 200] == pytest.approx(-2.0 * 2.4 * 0.2, rel=1e-5)


def test_who_paid_more_than_elsewhere_resents_it_in_proportion() -> None:
    settings = {"resentment": 0.4, "notice": 1.0, "days": 0}
    world = World(
        scenario(
            "price_fairness", category__price_fairness=settings, brands__lumo__promotions={},
            brands__lumo__price_protection=None, brands__lumo__pricing={"online": 0.8},
            touchpoints__mini_program__use=1.0,
        )
    )  # fmt: skip
    orders = morning(world)
    assert orders
    before = world.w.goodwill[:, 0].astype(float).copy()
    world.fulfil()
    served = world.orders
    dear = np.unique(served["consumer"][world.market.table["located"][served["offer"]] == 1])
    # Everybody uses the mini-program, and so knows that it costs 80 instead of 100.
    after = before.copy()
    after[dear] += 0.4 * 0.2 * (-1.0 - after[dear])
    assert len(dear) > 5
    assert world.w.goodwill[:, 0] == pytest.approx(after, abs=1e-6)
    assert world.mechanism("price_fairness").today["price_gap"][0] == 2000 * len(dear)


def test_protection_refunds_the_difference_once() -> None:
    promotions = {"drop": {"discount": 0.2, "start": "2026-03-12", "days": 30}}
    protection = {"days": 5, "claim": 1.0}
    changes: dict[str, Any] = {
        "brands__lumo__pricing": None, "brands__lumo__promotions": promotions,
        "brands__lumo__price_protection": protection,
    }  # fmt: skip
    world = World(scenario("price_fairness", **changes)).run(10)
    paid, last = world.mechanism("price_fairness").columns["paid"][:, 0], world.mechanism("last_orders").days(0)
    owed = (last >= 5) & (paid == 10000)
    world.run()
    assert totals(world, "price_refunds")[0] == owed.sum() > 20
    assert totals(world, "price_refund_money")[0] == 2000 * owed.sum()
    booked = world.kpis().query(
        "brand == 'lumo' and touchpoint == '' and place == '' and segment == '' and region == ''"
    )
    assert booked["cost_refunds"].sum() == 20.0 * owed.sum()
    # Those who get it back do not resent it.
    angry = ran("price_fairness", **{**changes, "brands__lumo__price_protection": None})
    assert totals(angry, "price_resentments")[0] > totals(world, "price_resentments")[0]


def test_both_drivers_agree() -> None:
    for name in ("coupons", "prices", "price_fairness"):
        spec = scenario(name, population__size=150, calendar__days=15)
        assert Ecosystem(spec, driver="agents").run().world.digest() == World(spec).run().digest()


# --- what a file may say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("brands.lumo.coupons", {"c": {"days": 3}}, ("exactly one of 'amount'",)),
        ("brands.lumo.coupons", {"c": {"amount": 3.0, "share": 0.1}}, ("exactly one of 'amount'",)),
        ("brands.lumo.coupons", {"c": {"amount": 3.0, "segments": ["carefull"]}}, ("segments", "'careful'")),
        ("brands.lumo.coupons", {"c": {"amount": 3.0, "touchpoint": "shop"}}, ("touchpoint", "did you mean 'shops'")),
        ("brands.rivo.coupons", {"c": {"amount": 3.0, "where": "online"}}, ("rivo", "nowhere online")),
        ("brands.lumo.promotions", {"p": {"discount": 0.1}}, ("'start'", "'weekdays'", "'festival'")),
        ("brands.lumo.promotions", {"p": {"discount": 0.1, "weekdays": [1], "days": 2}}, ("'days' goes with 'start'",)),
        ("brands.lumo.coupons", {"c": {"amount": 3.0, "lapsed_after": 9}}, ("goes with 'to: lapsed'",)),
        ("brands.lumo.promotions", {"p": {"discount": 0.1, "festival": "spring"}}, ("unknown festival 'spring'",)),
        ("brands.rivo.win_back", {"where": "online"}, ("brands.rivo.win_back.where", "nowhere online")),
        ("category.reference_prices", {"memry": 0.3}, ("did you mean 'memory'",)),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(path: str, value: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario("coupons", **{path: value})
    for word in words:
        assert word in str(caught.value)
