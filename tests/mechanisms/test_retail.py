"""Queues, stock rules, availability, late deliveries and returns: what is conserved, and limits with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from switching import retail

from agorasim import Ecosystem
from agorasim.ecosystem import World
from agorasim.ecosystem.mechanisms.queues import erlang_c, expected_wait
from agorasim.ecosystem.records import LOST, ORDERS
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "mechanisms" / "retail.yaml"
SMALL = {"population.size": 300, "calendar.days": 30, "calendar.warmup": 0}


def done(**changes: Any) -> World:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return World(Scenario.load(FILE).with_overrides({**SMALL, **overrides})).run()


def total(world: World, metric: str) -> int:
    return int(world.history.extra[metric].sum())


def test_erlang_c_has_its_known_values() -> None:
    assert erlang_c(1, 0.7) == pytest.approx(0.7)  # M/M/1: the server is busy with probability rho
    a = 1.5
    assert erlang_c(2, a) == pytest.approx(a**2 / 2 / (1 - a / 2) / (1 + a + a**2 / 2 / (1 - a / 2)))
    assert erlang_c(3, 3.0) == erlang_c(3, 9.0) == 1.0
    # M/M/1 with 60 arrivals in 10 hours and 5 minutes each: rho = 0.5, so the wait is rho / (1 - rho) x 5 minutes.
    assert expected_wait(60, 1, 5.0, 10.0) == pytest.approx(5.0)


def test_the_wait_rises_with_arrivals_through_saturation_and_is_nothing_without_service_time() -> None:
    waits = [expected_wait(n, 2, 6.0, 8.0) for n in range(0, 400, 5)]
    assert waits[0] == 0.0 and np.all(np.diff(waits) > 0.0) and np.isfinite(waits).all()
    assert expected_wait(100, 1, 0.0, 8.0) == 0.0


def test_laws_hold_and_both_drivers_agree() -> None:
    scenario = Scenario.load(FILE).with_overrides(SMALL)
    fast, slow = (Ecosystem(scenario, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    retail.holds(fast)
    for metric in ("queue_minutes", "delivered_units", "found_closed", "hesitated", "late_orders", "returns"):
        assert total(fast, metric) > 0, metric


def test_a_copy_goes_on_as_the_original() -> None:
    world = World(Scenario.load(FILE).with_overrides(SMALL)).run(12)
    twin = world.copy()
    assert world.run().digest() == twin.run().digest()


def test_scarce_stock_waits_goes_elsewhere_or_is_lost() -> None:
    scarce = {f"places__{p}__replenish__{key}": n for p in ("lumo_east", "lumo_west")
              for key, n in (("reorder", 2), ("up_to", 6), ("lead_days", 4))}  # fmt: skip
    scarce |= {f"places__{p}__stock": 6 for p in ("lumo_east", "lumo_west")}
    world = done(**scarce)
    retail.holds(world)
    assert min(total(world, m) for m in ("back_orders", "back_orders_filled", "substituted", "substitutes")) > 0
    lost = [w.history.offer[:, :, LOST].sum() for w in (world, done(**scarce, category__substitution=None))]
    assert lost[0] < lost[1]


def test_a_shared_stock_loses_no_more_than_separate_ones() -> None:
    places = ("lumo_east", "lumo_west")
    few: dict[str, Any] = {f"places__{p}__{key}": value for p in places
           for key, value in (("replenish", None), ("back_order", None), ("queue", None), ("stock", 5))}  # fmt: skip
    few |= {"category__substitution": None, "brands__lumo__inventory": {"pools": {"both": list(places)}}}
    lost = []
    for shared in (False, True):
        few["brands__lumo__inventory"]["shared"] = shared
        world = done(**few)
        retail.holds(world)
        lost.append(int(world.history.offer[:, :3, LOST].sum()))
    assert 0 < lost[1] < lost[0]


def test_null_settings_move_nothing() -> None:
    nothing = {
        "category.substitution.chance": 0.0,
        "brands.lumo.unseen.hesitate": 0.0,
        "brands.lumo.returns.rate": 0.0,
        "brands.lumo.returns.unseen": 0.0,
        "brands.lumo.returns.disappointment": 0.0,
        "brands.lumo.sells.site.delay.risk": 0.0,
        **{f"places.{p}.{key}": value for p in ("lumo_east", "lumo_west")
           for key, value in (("open_share", 1.0), ("queue.minutes", 0.0), ("back_order.chance", 0.0))},
    }  # fmt: skip
    absent = {
        "category.substitution": None, "brands.lumo.unseen": None, "brands.lumo.returns": None,
        "brands.lumo.sells.site.delay": None,
        **{f"places.{p}.{key}": None for p in ("lumo_east", "lumo_west")
           for key in ("open_share", "queue", "back_order")},
    }  # fmt: skip
    scenario = Scenario.load(FILE).with_overrides(SMALL)
    on, off = (World(scenario.with_overrides(change)).run() for change in (nothing, absent))
    assert {m.name for m in off.mechanisms} == {"replenishment"}
    assert np.array_equal(on.history.offer, off.history.offer) and np.array_equal(on.w.goodwill, off.w.goodwill)


def test_returns_refund_what_was_paid_and_restock_what_can_be_sold() -> None:
    world = done(brands__lumo__returns__rate=1.0, brands__lumo__returns__resale=0.0, brands__lumo__returns__days=1)
    days = world.history.days
    orders = world.history.offer[: days - 4, :, ORDERS].sum(axis=0)[:3]
    assert total(world, "returns") == total(world, "written_off") and total(world, "restocked") == 0
    # Whatever was received is returned; two orders of one person opened together count once.
    assert 0.9 * orders.sum() <= total(world, "returns") <= world.history.offer[:, :3, ORDERS].sum()
    assert int(world.history.costs[:, 0, 0].sum()) == total(world, "refunded")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"places.lumo_east.stock": None}, "without 'stock' nothing ever runs out"),
        ({"places.lumo_east.restock_every": 3}, "remove 'restock_every'"),
        ({"places.lumo_east.replenish.up_to": 10}, "up_to must be above reorder"),
        ({"places.lumo_east.showroom": True}, "a showroom sells nothing"),
        ({"brands.lumo.inventory": {"pools": {"a": ["lumo_east", "lumo_wst"]}}}, "did you mean 'lumo_west'"),
        ({"brands.lumo.inventory": {"pools": {"a": ["lumo_east", "site"]}}}, "has no 'stock' to share"),
        ({"brands.rivo.unseen": {}}, "sells nothing online"),
    ],
)
def test_mistakes_are_told(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        Scenario.load(FILE).with_overrides(change)
