"""Footprint and waste: parts add up, and limits with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from switching import footprint
from talking import data, orders, world

from agorasim import Ecosystem
from agorasim.behaviour.columns import AT_IMPRESSIONS, FIXED
from agorasim.ecosystem import World
from agorasim.ecosystem.mechanisms.footprint import _enough
from agorasim.ecosystem.records import ORDERS
from agorasim.ecosystem.totals import total
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario


def test_laws_hold_both_drivers_agree_and_nobody_acts_otherwise() -> None:
    scenario = Scenario.from_dict(data("footprint")).with_overrides({"population.size": 200, "calendar.days": 30})
    fast, slow = (Ecosystem(scenario, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    footprint.holds(fast)
    without = World(scenario.with_overrides({"outcomes.footprint": None})).run()
    assert np.array_equal(without.history.offer, fast.history.offer)
    assert np.array_equal(without.history.touch, fast.history.touch)
    assert without.mechanism("footprint") is None
    assert not without.history.extra


def test_emissions_are_contacts_times_figures_and_parcels_and_kilometres() -> None:
    done = world("footprint", touchpoints__feed__footprint=2.0, outcomes__footprint__trip_km=0.0).run()
    extra = done.history.extra
    feed = list(done.scenario.touchpoints).index("feed")
    assert (
        extra["footprint_contact"][:, 0, feed].sum() / FIXED
        == 2.0 * done.history.touch[:, 0, feed, AT_IMPRESSIONS].sum()
    )
    online = [k for k, o in enumerate(done.market.offers) if not o.located]
    parcels = done.history.offer[:, online, ORDERS].sum()
    assert extra["footprint_delivery"].sum() / FIXED == pytest.approx(181.0 * parcels)
    assert total(done, "footprint_per_order", "lumo") == pytest.approx(
        total(done, "footprint", "lumo") / total(done, "orders", "lumo")
    )
    near = world("footprint", population__regions={"town": {"radius": 0.0}}, outcomes__footprint__parcel=0.0).run()
    assert not near.history.extra["footprint_delivery"].any()  # everybody lives at the shop


@pytest.mark.parametrize(
    ("saturation", "weak", "enough"), [(0.5, 0.25, 3), (0.5, 0.2, 3), (1.0, 0.5, 1), (0.9, 0.5, 1)]
)
def test_saturation_begins_where_impressions_work_less_than_asked(saturation: float, weak: float, enough: int) -> None:
    assert _enough(saturation, weak) == enough
    assert _enough(0.0, weak) == _enough(saturation, 0.0) > 100


def waste(**overrides: Any) -> float:
    return float(total(world("footprint", calendar__days=30, **overrides).run(), "waste_rate", "lumo"))


def test_limits_of_waste() -> None:
    never = {f"touchpoints__{t}__saturation": 0.0 for t in ("display", "feed", "leaflets")}
    even = {**never, "category__need__shape": None, "calendar__weekday": [1.0] * 7}
    # Everybody has the same rate: an impression is wasted with the chance of no need within the window.
    assert waste(**even) == pytest.approx(np.exp(-0.012 * 28), abs=1e-6)
    assert waste(**even, outcomes__footprint__window=1) == pytest.approx(np.exp(-0.012), abs=1e-6)
    assert waste(**even, category__need__rate=5.0) < 1e-6
    # Only the first impression of a day counts, and display alone is bought in plenty.
    alone = {"brands__lumo__policy__plan": {"display": 250.0}, "category__need": {"rate": 5.0}}
    mean = 250.0 / 20.0 * 1000.0 / (1200 * 0.6)
    first = (1.0 - np.exp(-mean)) / mean
    assert waste(**alone, touchpoints__display__saturation=1.0, touchpoints__display__cap=100) == pytest.approx(
        1.0 - first, abs=1e-3
    )


def test_owners_of_a_durable_are_past_buying() -> None:
    assert waste(category__kind="durable", brands__lumo__initial__buyers=1.0) == pytest.approx(1.0)


def test_wasted_money_is_part_of_what_was_spent_and_no_metric_is_there_when_off() -> None:
    done = world("footprint").run()
    assert 0.0 < total(done, "wasted_spend", "lumo") < total(done, "spend", "lumo")
    assert orders(done)[0] > 0
    table = done.kpis()
    rows = table[(table.brand == "lumo") & (table.touchpoint == "display")]
    assert rows.wasted_impressions.sum() <= rows.ad_impressions.sum()
    off = world("footprint", outcomes__footprint=None, outcomes__primary="profit").run()
    assert "footprint" not in off.kpis().columns


def test_bad_figures_are_told() -> None:
    with pytest.raises(ScenarioError, match=r"outcomes.footprint.weak.*expected a number from 0 to 1"):
        world("footprint", outcomes__footprint__weak=2.0)
    with pytest.raises(ScenarioError, match="did you mean 'parcel'"):
        world("footprint", outcomes__footprint={"parcels": 3.0})
