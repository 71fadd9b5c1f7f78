"""Who meets a brand where, how often, and what it leaves behind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from little import figures, little, near, of
from scipy import stats


def bought(size: int, mean: float, days: int = 1, plan: float | None = None, **feed: Any) -> Any:
    """One brand buys `mean` impressions a day per user of a feed that everybody uses."""
    spend = mean * size * 20 / 1000 if plan is None else plan
    return little(
        size, days,
        touchpoints={"feed": {"kind": "social", "use": 1.0, "cost": {"price": 20.0}, **feed}},
        brands={"lumo": {"budget": spend, "policy": {"plan": {"feed": spend}}}},
    ).run()  # fmt: skip


def test_impressions_above_the_cap_are_neither_shown_nor_charged() -> None:
    n, mean = 20_000, 2.0
    seen = figures(bought(n, mean, cap=2), touchpoint="feed")
    law = stats.poisson(mean)
    expected = law.pmf(1) + 2 * law.sf(1)
    assert seen.impressions / n == pytest.approx(expected, abs=4 * math.sqrt(0.5 / n))
    assert seen.spend == pytest.approx(seen.impressions * 20 / 1000, abs=0.005)
    assert seen.spend < 0.8 * seen.planned_spend


def test_a_fortune_buys_the_cap_for_everybody() -> None:
    """Beyond the smallest positive exp(-mean) too."""
    seen = figures(bought(500, 1e5, cap=7), touchpoint="feed")
    assert (seen.impressions, seen.reach) == (3500, 500)


def test_scarce_inventory_makes_money_buy_less() -> None:
    """Demand over inventory x raises the price by x ** pressure, so that impressions go with x ** (1 - pressure)."""
    n, mean = 20_000, 2.0
    cost = {"price": 20.0, "inventory": 0.5, "pressure": 0.5}
    seen = figures(bought(n, mean, cost=cost, cap=50), touchpoint="feed")
    assert seen.impressions / n == pytest.approx(mean / math.sqrt(mean / 0.5), rel=0.03)
    assert seen.spend == pytest.approx(seen.planned_spend, rel=0.03)


def test_clicks_are_what_is_paid_by_the_click() -> None:
    n, rate = 20_000, 0.1
    cost = {"model": "cpc", "price": 2.0}
    seen = figures(bought(n, 0.0, plan=2.0 * 0.05 * n, cost=cost, click_rate=rate, cap=20), touchpoint="feed")
    # 0.5 impressions a head, at most one click each: 1 - E (1 - rate)^k = 1 - exp(-0.5 rate).
    assert near(seen.clicks / n, 1 - math.exp(-0.5 * rate), n)
    assert seen.spend == 2.0 * seen.clicks


def test_fatigue_wears_an_advertisement_out() -> None:
    """Each day's impression works by what fatigue has left, then adds to it; a night recovers a share."""
    gain, tire, rest = 0.1, 0.3, 0.25
    world = little(
        30, 6,
        touchpoints={"feed": {"kind": "social", "use": 1.0, "cap": 1, "awareness": gain, "irritation": tire}},
        brands={"lumo": {"budget": 1e6, "policy": {"plan": {"feed": 1e6}}}},
        category={
            "need": {"rate": 0.0},
            "memory": {"fatigue_decay": rest, "awareness_decay": 0.0, "goodwill_decay": 0.0},
        },
    )  # fmt: skip
    aware, tired = 0.0, 0.0
    while not world.finished:
        world.step()
        tired *= 1 - rest
        aware += gain * (1 - tired) * (1 - aware)
        tired += tire * (1 - tired)
        np.testing.assert_allclose(of(world, "awareness"), aware, rtol=1e-5)
        np.testing.assert_allclose(of(world, "fatigue"), tired, rtol=1e-5)


def test_a_second_touchpoint_of_the_day_works_more_under_encoding_variability() -> None:
    feeds = {name: {"kind": "social", "use": 1.0, "cap": 1, "awareness": 0.2} for name in ("one", "two")}
    world = little(
        30,
        touchpoints=feeds,
        brands={"lumo": {"budget": 1e6, "policy": {"plan": {"one": 1e5, "two": 1e5}}}},
        category={"need": {"rate": 0.0}, "memory": {"encoding_variability": 0.5}},
    ).run()
    np.testing.assert_allclose(of(world, "awareness"), 1 - 0.8 * (1 - 0.2 * 1.5), rtol=1e-6)


def test_only_members_meet_a_brand_in_its_community() -> None:
    n, share, posts = 10_000, 0.3, 0.7
    world = little(
        n,
        touchpoints={"club": {"kind": "community", "use": 1.0, "awareness": 0.5, "cap": 10}},
        brands={"lumo": {"initial": {"members": {"club": share}}, "owns": {"club": 1.0}, "posts": posts}},
    ).run()
    member = of(world, "member") > 0
    met = of(world, "awareness") > 0
    assert near(member.mean(), share, n)
    assert near(met[member].mean(), 1 - math.exp(-posts), member.sum())
    assert not met[~member].any()


def test_shops_are_met_the_less_the_farther() -> None:
    """Chance use x presence x exp(-distance to the nearest shop / reach)."""
    n = 30_000
    world = little(
        n,
        population={"size": n, "regions": {"town": {"radius": 4.0}}},
        touchpoints={"shops": {"kind": "store", "use": 0.8, "reach_km": 1.5, "awareness": 1.0}},
        places={
            "west": {"touchpoint": "shops", "brand": "lumo", "x": -2.0},
            "east": {"touchpoint": "shops", "brand": "lumo", "x": 2.0},
        },
        brands={"lumo": {"owns": {"shops": 0.9}}},
    ).run()
    x, y = (world.w.traits[axis].astype(float) for axis in "xy")
    away = np.minimum(np.hypot(x + 2, y), np.hypot(x - 2, y))
    chance = 0.8 * 0.9 * np.exp(-away / 1.5)
    met = of(world, "awareness") > 0
    for low, high in ((0, 0.5), (0.5, 1), (1, 2), (2, 5)):
        here = (away >= low) & (away < high)
        assert near(met[here].mean(), chance[here].mean(), here.sum())


def test_an_event_is_thinned_to_its_room_on_its_dates() -> None:
    n = 20_000
    world = little(
        n, 4,
        calendar={"days": 4, "start": "2026-05-01"},
        touchpoints={"gala": {"kind": "event", "use": 0.2, "capacity": 1000, "dates": {"2026-05-02": 2}}},
        brands={"lumo": {"owns": {"gala": 1.0}}},
    ).run()  # fmt: skip
    seen = world.kpis().query("touchpoint == 'gala'").reach.to_numpy()
    assert seen[0] == seen[3] == 0
    for guests in seen[1:3]:
        assert near(guests / n, 1000 / n, n)
