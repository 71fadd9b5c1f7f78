"""Bridges between online and offline: each one by itself, what is conserved, and limits with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from switching import bridges

from agorasim import Ecosystem
from agorasim.ecosystem import World
from agorasim.ecosystem.interventions import without
from agorasim.ecosystem.mechanisms.base import Coupon
from agorasim.ecosystem.records import DISCOUNTS, ORDERS
from agorasim.ecosystem.script import Script
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "mechanisms" / "bridges.yaml"
SMALL = {
    "population.size": 300,
    "calendar.days": 30,
    "calendar.warmup": 0,
    "touchpoints.event.dates": {"2026-03-05": 2},
}
EACH = ("join_in_store", "location_coupons", "retarget_buyers", "event_follow_up", "return_in_store", "branded_search",
        "destination")  # fmt: skip


def scenario(**changes: Any) -> Scenario:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return Scenario.load(FILE).with_overrides({**SMALL, **overrides})


def total(world: World, metric: str) -> int:
    return int(world.history.extra[metric].sum())


def test_laws_hold_and_both_drivers_agree() -> None:
    fast, slow = (Ecosystem(scenario(), driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    bridges.holds(fast)
    for metric in ("errands", "store_joins", "location_redeemed", "retargeted", "event_visitors", "follow_up_messages"):
        assert total(fast, metric) > 0, metric


def test_a_copy_goes_on_as_the_original() -> None:
    world = World(scenario()).run(12)
    twin = world.copy()
    assert world.run().digest() == twin.run().digest()


@pytest.mark.parametrize("key", EACH)
def test_each_bridge_stands_alone_and_moves_something(key: str) -> None:
    rules = Scenario.load(FILE).brands["lumo"].bridges
    assert rules is not None
    rule = getattr(rules, key)
    one = {key: rule if isinstance(rule, float) else rule.model_dump()}
    more = {"brands.lumo.returns.rate": 0.5} if key == "return_in_store" else {}
    plain = scenario(**more).with_overrides({"brands.lumo.bridges": {}})
    on, off = World(plain.with_overrides({"brands.lumo.bridges": one})).run(), World(plain).run()
    assert any(not np.array_equal(getattr(on.w, state), getattr(off.w, state)) for state in ("awareness", "habit"))
    assert on.history.offer[:, :, ORDERS].sum() > 0


def test_picking_up_takes_the_shops_stock_and_closes_with_either_channel() -> None:
    world = World(scenario(places__lumo_centre__stock=20, places__lumo_centre__restock_every=1000)).run()
    here = [k for k, o in enumerate(world.market.offers) if "centre" in o.place]
    sold = world.history.offer[:, here, ORDERS].sum(axis=0)
    back = world.history.extra["restocked"][:, here].sum()
    assert len(here) == 2 and (sold > 0).all()
    assert world.market.stock[world.market.pool[here[0]]] == 20 + back - sold.sum()
    for channel in ("site", "shops"):
        done = World(scenario())
        done.script = Script(done, [without(channel, brand="lumo")])
        done.run()
        pickups = [k for k, o in enumerate(done.market.offers) if o.pickup_at is not None]
        assert done.history.offer[:, pickups, ORDERS].sum() == 0


def test_a_showroom_sells_nothing_and_is_visited() -> None:
    world = World(scenario()).run()
    assert all(offer.place != "lumo_window" for offer in world.market.offers)
    assert (world.mechanism("availability").columns["shown"][:, 0] >= 0).any()


def test_who_lives_beyond_the_radius_or_does_not_consent_gets_no_coupon() -> None:
    world = World(scenario(brands__lumo__bridges__location_coupons={"radius_km": 1.0, "value": 5.0, "chance": 1.0}))
    world.run(1)
    x, y = (world.w.traits[axis].astype(float) for axis in "xy")
    near = np.min([np.hypot(x - s, y) for s in (0.2, 4.0)], axis=0) <= 1.0
    got = world.w.rebate_source[:, 0] == Coupon.LOCATION
    assert np.array_equal(got, near & (world.w.consent > 0)) and 0 < got.sum() < world.size


def test_coupons_are_paid_for_by_discounts_in_shops_alone() -> None:
    world = World(scenario()).run()
    shops = np.array([o.is_shop for o in world.market.offers])
    given = world.history.offer[:, :, DISCOUNTS].sum(axis=0)
    assert given[shops].sum() == total(world, "location_redeemed") * 800
    assert given[~shops].sum() == 0


def test_without_consent_nobody_is_known() -> None:
    world = World(scenario(population__segments__everyone__consent=0.0)).run()
    for metric in ("store_joins", "location_coupons", "retargeted", "follow_up_messages"):
        assert total(world, metric) == 0, metric
    assert total(world, "event_visitors") > 0


def test_everybody_at_the_event_is_found_from_its_draws() -> None:
    world = World(scenario())
    event = list(world.scenario.touchpoints).index("event")
    for _ in range(6):
        world.step()
        day = world.history.days - 1
        assert world.history.extra["event_visitors"][day, 0] == world.history.touch[day, 0, event, 1]


def test_a_shop_that_is_gone_to_on_purpose_alone_is_not_visited_by_strangers() -> None:
    alone = {"destination": 1.0}
    unknown: dict[str, Any] = {f"touchpoints.{t}.awareness": 0.0 for t in Scenario.load(FILE).touchpoints}
    unknown |= {"brands.lumo.initial.awareness": 0.0, "social.word_of_mouth": None}
    world = World(scenario(brands__lumo__bridges=alone).with_overrides(unknown)).run(8)
    shops = list(world.scenario.touchpoints).index("shops")
    assert world.history.touch[:8, 0, shops, 1].sum() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"places.lumo_mall.pickup.via": "sight"}, "did you mean 'site'"),
        ({"places.lumo_window.showroom": False, "places.lumo_window.pickup": {"via": "event"}}, "online seller"),
        ({"brands.lumo.bridges.join_in_store.into": "site"}, "has no members"),
        ({"brands.lumo.bridges.retarget_buyers.touchpoint": "search"}, "shows no bought ads"),
        ({"brands.lumo.bridges.retarget_buyers.touchpoint": "seeding"}, "cannot aim at people"),
        ({"brands.lumo.bridges.event_follow_up.event": "shops"}, "is no event"),
        ({"brands.lumo.returns": None}, "nothing is returned"),
        ({"brands.rivo.bridges": {"destination": 0.5}}, "has no shop under 'places'"),
    ],
)
def test_mistakes_are_told(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        Scenario.load(FILE).with_overrides(change)
