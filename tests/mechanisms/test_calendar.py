"""Shocks and festivals: what they move, what they must not make or lose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from switching import calendar
from talking import data, orders, world

from agorasim import Ecosystem
from agorasim.ecosystem import World
from agorasim.ecosystem.calendar import need_multipliers, shock_multiplier
from agorasim.ecosystem.records import ORDERS, STOCK
from agorasim.ecosystem.totals import total
from agorasim.scenario import ScenarioError, warnings
from agorasim.scenario.schema import Calendar, Scenario
from agorasim.scenario.schema.shocks import Shock

NEUTRAL: dict[str, Any] = {
    "calendar__shocks__rumour__trust": 0.0, "calendar__shocks__closed_roads__deliveries": True,
    "calendar__shocks__sick_staff__capacity": 1.0, "calendar__shocks__dear_goods__cost_of_goods": 1.0,
    "calendar__shocks__fewer_people__need": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("name", ["shocks", "festival"])
def test_both_drivers_agree(name: str) -> None:
    scenario = Scenario.from_dict(data(name)).with_overrides({"population.size": 70, "calendar.days": 32})
    fast, slow = (Ecosystem(scenario, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    calendar.holds(fast)


def test_a_shock_that_does_nothing_changes_nothing() -> None:
    plain = data("shocks")
    del plain["calendar"]["shocks"]
    without, neutral = World(Scenario.from_dict(plain)).run(), world("shocks", **NEUTRAL).run()
    assert np.array_equal(without.history.offer, neutral.history.offer)
    assert np.array_equal(without.w.goodwill, neutral.w.goodwill)
    assert (orders(world("shocks").run()) != orders(without)).any()


def test_multipliers_return_evenly() -> None:
    first = Calendar(start="2026-03-01", days=30).first()
    shock = Shock(start="2026-03-05", days=3, recovery=3)
    found = shock_multiplier(shock, 3.0, first, 12)
    np.testing.assert_allclose(found, [1, 1, 1, 1, 3, 3, 3, 2.5, 2.0, 1.5, 1, 1])
    assert np.array_equal(shock_multiplier(shock, 1.0, first, 12), np.ones(12))


def test_trust_closes_its_share_of_the_gap_whatever_its_days() -> None:
    still: dict[str, Any] = {
        **NEUTRAL, "calendar__shocks__rumour__trust": -0.4, "category__memory__goodwill_decay": 0.0,
        "category__experience__goodwill": 0.0, "category__experience__stockout": 0.0, "calendar__days": 40,
        "touchpoints__shop__goodwill": 0.0,
    }  # fmt: skip
    for days in (1, 5):
        done = world("shocks", calendar__shocks__rumour__days=days, **still).run()
        np.testing.assert_allclose(done.w.goodwill[:, 0], 0.3 - 0.4 * 1.3, atol=1e-6)
        np.testing.assert_allclose(done.w.goodwill[:, 1], 0.2, atol=1e-6)


def test_shelves_are_not_filled_while_deliveries_stop_and_goods_stay_conserved() -> None:
    closed: dict[str, Any] = {**NEUTRAL, "calendar__shocks__closed_roads__deliveries": False,
              "calendar__shocks__closed_roads__days": 10}  # fmt: skip
    done = world("shocks", **closed).run()
    book, first = done.history.offer[:, 0], 21
    stock, sold = book[:, STOCK], book[:, ORDERS]
    delivered = stock[1:] - stock[:-1] + sold[1:]
    assert (delivered >= 0).all()
    assert not delivered[first - 1 : first + 9].any()
    assert delivered[: first - 1].sum() > 0
    missed = done.history.extra["missed_deliveries"]
    assert missed[:, 0].sum() == sum(day % 3 == 0 for day in range(first, first + 10))
    assert not missed[:, 1].any()


def test_goods_ordered_by_a_rule_wait_on_the_road() -> None:
    rule = {"reorder": 40, "up_to": 80, "lead_days": 2}
    closed: dict[str, Any] = {
        **NEUTRAL, "calendar__shocks__closed_roads__deliveries": False, "places__lumo_shop__replenish": rule,
        "places__lumo_shop__restock_every": 1,
    }  # fmt: skip
    done = world("shocks", **closed).run()
    delivered = done.history.extra["delivered_units"][:, 0]
    assert not delivered[21:28].any()
    assert delivered[28] > 0
    book = done.history.offer[:, 0]
    assert np.array_equal(book[1:, STOCK], book[:-1, STOCK] + delivered[1:] - book[1:, ORDERS])


def test_goods_cost_what_the_calendar_says() -> None:
    dear: dict[str, Any] = {**NEUTRAL, "calendar__shocks__dear_goods__cost_of_goods": 1.5}
    done = world("shocks", **dear).run()
    costs = done.history.offer[:, 0, 4] / np.maximum(done.history.offer[:, 0, ORDERS], 1)
    sold = done.history.offer[:, 0, ORDERS] > 0
    assert set(costs[:21][sold[:21]]) == {2000.0}
    assert set(costs[21:35][sold[21:35]]) == {3000.0}
    assert (np.diff(costs[35:49][sold[35:49]]) < 0).all()


def test_a_festival_moves_needs_and_makes_none() -> None:
    spec = data("festival")["calendar"]
    festival = spec["festivals"]["double_11"]
    plain = {**festival}
    del plain["waiting"], plain["stocking_up"]
    moved, still = (
        need_multipliers(Calendar.model_validate({**spec, "days": 90, "festivals": {"f": f}}))
        for f in (festival, plain)
    )
    assert moved.sum() == pytest.approx(still.sum(), rel=1e-12)
    np.testing.assert_allclose(moved[14:28], 0.7 * still[14:28])  # two weeks before
    np.testing.assert_allclose(moved[31:45], 0.8 * still[31:45])  # two weeks after
    assert (moved[28:31] > 2.0).all()
    assert np.array_equal(moved[:14], still[:14])


def test_needs_of_days_outside_the_calendar_come_to_a_festival_inside() -> None:
    spec = data("festival")["calendar"]
    whole = need_multipliers(Calendar.model_validate({**spec, "days": 90}))
    part = need_multipliers(Calendar.model_validate({**spec, "start": "2026-11-05", "days": 10, "warmup": 0}))
    np.testing.assert_allclose(part, whole[24:34])


def test_deals_count_only_while_the_festival_lasts_and_only_where_there_are_some() -> None:
    one, more = (world("festival", calendar__festivals__double_11__deal=d).run() for d in (1.0, 5.0))
    assert one.mechanism("festivals") is None
    assert np.array_equal(one.history.offer[:28], more.history.offer[:28])
    assert more.history.offer[28:31, :, ORDERS].sum() > one.history.offer[28:31, :, ORDERS].sum()
    assert more.market.table["signal"].tolist() == one.market.table["signal"].tolist()
    quiet: dict[str, Any] = {"brands__lumo__policy__promotions": []}
    one, more = (world("festival", calendar__festivals__double_11__deal=d, **quiet).run() for d in (1.0, 5.0))
    assert total(one, "orders", "lumo") == total(more, "orders", "lumo")


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(ScenarioError, match=r"rumour.brands.0: unknown brand 'lumoo'; did you mean 'lumo'"):
        world("shocks", calendar__shocks__rumour__brands=["lumoo"])
    with pytest.raises(ScenarioError, match="which are everybody's"):
        world("shocks", calendar__shocks__fewer_people__brands=["lumo"])
    with pytest.raises(ScenarioError, match="no such day in the calendar"):
        world("shocks", calendar__shocks__rumour__start="2026-02-30")
    late = Scenario.from_dict(data("shocks")).with_overrides({"calendar.shocks.rumour.start": "2027-01-01"})
    assert any("calendar.shocks.rumour: never happens" in words for words in warnings(late))
