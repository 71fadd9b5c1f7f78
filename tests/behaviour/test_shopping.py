"""Search, consideration, and who gets what is scarce."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from little import EAGER, IN_SHOPS, figures, little, near, of
from scipy import stats


def searching(n: int, use: float, organic: float, clicks: float, click_rate: float) -> Any:
    """Everybody has a need and may search; the brand has organic results and pays for `clicks` clicks a day."""
    price = 0.5
    return little(
        n,
        touchpoints={
            "find": {
                "kind": "search", "use": use, "click_rate": click_rate, "awareness": 0.2,
                "cost": {"model": "cpc", "price": price},
            },
            "site": {"kind": "own_site"},
        },
        brands={
            "lumo": {
                "sells": {"site": {}}, "organic_search": organic, "budget": 1e6,
                "policy": {"plan": {"find": clicks * price}},
            }
        },
        # Twelve needs a day, of which `most` leaves one: paid results are spread over all that were expected.
        category={"need": {"rate": 12.0, "most": 1}, "choice": EAGER["choice"]},
    ).run()  # fmt: skip


def test_search_finds_by_luck_and_by_money() -> None:
    n, use, organic, rate = 20_000, 0.5, 0.3, 0.4
    bought = 0.25 * n * use * 12.0 * rate  # clicks that show an ad to a quarter of expected searches
    world = searching(n, use, organic, bought, rate)
    found = 1 - (1 - organic) * (1 - 0.25)
    seen = figures(world, touchpoint="find")
    assert near(seen.searches / n, use * found, n)
    assert near(seen.clicks / n, use * found * rate, n)
    assert seen.impressions == seen.reach == seen.searches
    # A click is charged when an ad was shown, whether or not an organic result stood below it.
    assert near(seen.spend / 0.5 / n, use * 0.25 * rate, n)
    # Who found the brand considers it, and nobody else knows it.
    assert figures(world).considered == seen.searches == figures(world).orders
    np.testing.assert_allclose(np.unique(of(world, "awareness")), [0.0, 0.2], rtol=1e-6)


@pytest.mark.parametrize(("awareness", "habit"), [(0.3, 0.0), (0.3, 0.6), (0.0, 0.0), (1.0, 0.2)])
def test_a_brand_is_recalled_by_awareness_or_habit(awareness: float, habit: float) -> None:
    n = 10_000
    brands = {"lumo": {"initial": {"awareness": awareness, "habit": habit}, "sells": {"site": {}}}}
    world = little(n, brands=brands, category=EAGER).run()
    assert near(figures(world).considered / n, max(awareness, habit), n)


@pytest.mark.parametrize("limits", [{"stock": 700}, {"capacity": 700}, {"stock": 900, "capacity": 700}])
def test_scarce_goods_go_by_lot(limits: dict[str, int]) -> None:
    """Every buyer has the same chance, whatever their number; each day's lots are new."""
    n, room = 2800, 700
    world = little(
        n, 8,
        touchpoints={"shops": {"kind": "store"}},
        places={"corner": {"touchpoint": "shops", "brand": "lumo", "restock_every": 1, **limits}},
        brands=IN_SHOPS,
        category=EAGER,
    ).run()  # fmt: skip
    assert figures(world).orders == 8 * room
    assert figures(world).lost_orders == 8 * (n - room)
    got = of(world, "bought")
    law = stats.binom(8, room / n)
    expected = n * np.append(law.pmf(np.arange(5)), law.sf(4))
    assert stats.chisquare(np.bincount(np.minimum(got, 5).astype(int), minlength=6), expected).pvalue > 1e-3
    parts = got.reshape(7, -1).sum(axis=1)
    assert stats.chisquare(parts).pvalue > 1e-3


def test_lots_do_not_depend_on_who_else_stands_in_line() -> None:
    """Those served when fewer want it are served again out of the same ones when there is more of it."""

    def served(room: int) -> set[int]:
        world = little(
            300,
            touchpoints={"shops": {"kind": "store"}},
            places={"corner": {"touchpoint": "shops", "brand": "lumo", "stock": room}},
            brands=IN_SHOPS,
            category=EAGER,
        ).run()
        return set(np.flatnonzero(of(world, "bought")).tolist())

    few, some, all_of_them = served(50), served(120), served(1000)
    assert few < some < all_of_them
    assert [len(s) for s in (few, some, all_of_them)] == [50, 120, 300]


def test_a_refused_order_disappoints() -> None:
    n = 400
    category = {**EAGER, "experience": {"goodwill": 0.2, "stockout": 0.5, "noise": 0.0}}
    world = little(
        n,
        touchpoints={"shops": {"kind": "store"}},
        places={"corner": {"touchpoint": "shops", "brand": "lumo", "stock": 100}},
        brands={"lumo": {"initial": {"awareness": 1.0, "goodwill": 0.3}}},
        category=category,
    ).run()
    served = of(world, "bought") > 0
    np.testing.assert_allclose(of(world, "goodwill")[~served], 0.3 + 0.2 * 0.5 * (-1 - 0.3), rtol=1e-6)
    np.testing.assert_allclose(of(world, "goodwill")[served], 0.3, rtol=1e-6)


def test_distance_and_delivery_cost_what_the_scenario_says() -> None:
    """The chance to buy falls with distance as a logit, whatever the dissimilarity of a single place."""
    n, per_km = 40_000, 0.8
    world = little(
        n,
        population={"size": n, "regions": {"ring": {"radius": 3.0}}},
        touchpoints={"shops": {"kind": "store"}},
        places={"corner": {"touchpoint": "shops", "brand": "lumo"}},
        brands=IN_SHOPS,
        category={
            "need": {"rate": 60.0, "most": 1},
            "choice": {"intercept": 1.0, "price": 0.0, "distance": per_km, "dissimilarity": 0.4},
        },
    ).run()
    away = np.hypot(world.w.traits["x"].astype(float), world.w.traits["y"].astype(float))
    bought = of(world, "bought") > 0
    for low, high in ((0, 1), (1, 2), (2, 3)):
        here = (away >= low) & (away < high)
        chance = 1 / (1 + np.exp(-(1.0 - per_km * away[here])))
        assert near(bought[here].mean(), chance.mean(), here.sum())
    assert math.isclose(away.mean(), 2.0, rel_tol=0.02)  # uniform in a disc of 3 km
