"""Results known exactly: needs, reach, memory and choice in the limits where theory gives the number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from generated import kpis
from scipy import integrate, stats

from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario

NO_PRICE = {"price": 0.0, "promotion": 0.0, "distance": 0.0, "delivery": 0.0, "visit": 0.0}
STILL = {"awareness_decay": 0.0, "goodwill_decay": 0.0, "habit_decay": 0.0}


def market(size: int, days: int = 1, seed: int = 1, **parts: Any) -> World:
    """A world of one kind of people around a web shop, with the given parts."""
    data: dict[str, Any] = {
        "name": "limit",
        "seed": seed,
        "calendar": {"days": days},
        "population": {"size": size},
        "touchpoints": {"site": {"kind": "own_site"}},
        "brands": {"lumo": {"sells": {"site": {}}}},
        **parts,
    }
    return World(Scenario.from_dict(data))


def near(share: float, expected: float, n: int) -> bool:
    """Within 4 standard errors of a proportion."""
    return abs(share - expected) <= 4 * math.sqrt(expected * (1 - expected) / n)


# --- needs ----------------------------------------------------------------------------------------------------------


def test_needs_are_negative_binomial() -> None:
    """r .385, alpha 12.07 over T 31 (Ehrenberg 1959): P0 .613, mean .988, variance mean (1 + T / alpha)."""
    n, r, alpha, days = 20_000, 0.385, 12.07, 31
    world = market(n, days, category={"need": {"rate": r / alpha, "shape": r, "most": 8}})
    counts = np.zeros(n, dtype=np.int64)
    while not world.finished:
        world.step()
        counts += world.w.needs
    law = stats.nbinom(r, alpha / (alpha + days))
    assert law.pmf(0) == pytest.approx(0.613, abs=5e-4)
    assert law.mean() == pytest.approx(0.988, abs=2e-3)
    seen = np.bincount(np.minimum(counts, 12), minlength=13)
    expected = n * np.append(law.pmf(np.arange(12)), law.sf(11))
    assert stats.chisquare(seen, expected).pvalue > 0.01
    recorded = kpis(world).to_pandas().query("brand == '' and segment == '' and region == ''")
    assert recorded.needs.sum() == counts.sum()


# --- media ----------------------------------------------------------------------------------------------------------


def advertised(size: int, mean: float, days: int = 1, price: float = 10.0, **touchpoint: Any) -> World:
    """One brand buys `mean` impressions a day per expected user of a feed."""
    use = touchpoint.get("use", 1.0)
    feed = {"kind": "social", "use": use, "cap": 100, "saturation": 0.0, "cost": {"price": price}, **touchpoint}
    spend = mean * use * size * price / 1000
    return market(
        size, days,
        touchpoints={"feed": feed},
        category={"memory": STILL},
        brands={"lumo": {"budget": 2 * spend, "policy": {"plan": {"feed": spend}}}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("grp", "reached", "thrice"), [(100, 0.6321, 0.0803), (200, 0.8647, 0.3233), (300, 0.9502, 0.5768)]
)
def test_reach_and_frequency_of_random_exposure(grp: int, reached: float, thrice: float) -> None:
    n = 60_000
    world = advertised(n, grp / 100, awareness=0.05).run()
    # Without saturation k impressions leave awareness 1 - .95^k, so each consumer's frequency can be read.
    frequency = np.rint(np.log1p(-world.w.awareness[:, 0].astype(float)) / math.log(0.95))
    assert (frequency > 0).mean() == pytest.approx(reached, abs=0.005)
    assert (frequency >= 3).mean() == pytest.approx(thrice, abs=0.005)
    assert stats.chisquare(*poisson_table(frequency, grp / 100)).pvalue > 1e-3
    brand = kpis(world).to_pandas().query("brand == 'lumo' and touchpoint == 'feed'").iloc[0]
    assert brand.reach == (frequency > 0).sum()
    assert brand.impressions == frequency.sum()
    assert brand.spend == min(brand.planned_spend, round(brand.impressions / 100, 2))


def poisson_table(counts: np.ndarray, mean: float) -> tuple[np.ndarray, np.ndarray]:
    most = int(mean) + 5
    law = stats.poisson(mean)
    return np.bincount(np.minimum(counts, most).astype(int), minlength=most + 1), len(counts) * np.append(
        law.pmf(np.arange(most)), law.sf(most - 1)
    )


def test_viewers_who_differ_are_reached_less_often() -> None:
    """Over D days 1 - E (1 - U c)^D are reached, U the use, c = 1 - exp(-mean): less the more U varies."""
    n, days, use, mean = 30_000, 10, 0.3, 0.8
    contact = 1 - math.exp(-mean)
    reach = {}
    for spread in (0.0, 0.4):
        world = advertised(n, mean, days, use=use, spread=spread, awareness=0.5).run()
        reach[spread] = (world.w.awareness[:, 0] > 0).mean()
        impressions = kpis(world).to_pandas().query("touchpoint == 'feed'").impressions.sum()
        assert impressions == pytest.approx(n * days * use * mean, rel=0.02), "the same weight of advertising"
    scale = (1 - 0.4) / 0.4
    people = stats.beta(use * scale, (1 - use) * scale)
    missed = integrate.quad(lambda u: people.cdf(u) * days * contact * (1 - u * contact) ** (days - 1), 0, 1)[0]
    missed += (1 - contact) ** days  # by parts, since the density has a pole at 0
    assert near(reach[0.0], 1 - (1 - use * contact) ** days, n)
    assert near(reach[0.4], 1 - missed, n)
    assert reach[0.4] < reach[0.0] - 0.1


def test_touchpoints_combine_as_a_union_with_diminishing_returns() -> None:
    """Three impressions here and two there: 1 - prod (1 - a s^k) over both, in whatever order."""
    feeds = {
        "one": {"kind": "social", "use": 1.0, "cap": 3, "awareness": 0.2, "saturation": 0.5},
        "two": {"kind": "tv", "use": 1.0, "cap": 2, "awareness": 0.3, "saturation": 0.0},
    }
    brand = {"budget": 1e9, "policy": {"plan": {"one": 1e6, "two": 1e6}}}
    world = market(50, touchpoints=feeds, brands={"lumo": brand}).run()
    expected = 1 - (1 - 0.2) * (1 - 0.1) * (1 - 0.05) * (1 - 0.3) ** 2
    np.testing.assert_allclose(world.w.awareness[:, 0], expected, rtol=1e-6)


def test_memory_fades_geometrically() -> None:
    """Adstock: after a pulse l^t is left, half after ln .5 / ln l = 3.106 days, x / (1 - l) in all at l = .8."""
    world = market(
        20, 60,
        category={"memory": {"awareness_decay": 0.2, "goodwill_decay": 0.05}},
        touchpoints={"feed": {"kind": "social", "use": 1.0, "cap": 1, "awareness": 0.4, "goodwill": 0.3}},
        brands={"lumo": {"budget": 1e6, "policy": {"plan": {"feed": 1e5}, "flight": {"on": 1, "off": 100}}}},
    ).run()  # fmt: skip
    table = kpis(world).to_pandas().query("brand == 'lumo' and touchpoint == '' and segment == '' and region == ''")
    days = np.arange(60)
    np.testing.assert_allclose(table.awareness, 0.4 * 0.8**days, atol=2**-19)
    np.testing.assert_allclose(table.goodwill, 0.3 * 0.95**days, atol=2**-19)
    assert table.awareness.sum() == pytest.approx(0.4 / (1 - 0.8), abs=1e-4)
    assert np.interp(-0.2, -table.awareness, days) == pytest.approx(math.log(0.5) / math.log(0.8), abs=0.05)
    state = np.float32(0.4)
    for _ in range(59):
        state = np.float32(np.float64(state) * 0.8)
    assert (world.w.awareness == state).all(), "decay is a float32 product a day, exactly"


def test_steady_advertising_has_its_long_run_effect() -> None:
    """Long over short 1 / (1 - l), here with the gap-closing a = g + l (1 - g) a: g / (1 - l (1 - g))."""
    gain, keep = 0.001, 0.5
    world = market(
        20, 60,
        category={"memory": {"awareness_decay": 1 - keep}},
        touchpoints={"feed": {"kind": "social", "use": 1.0, "cap": 1, "awareness": gain}},
        brands={"lumo": {"budget": 1e6, "policy": {"plan": {"feed": 1e5}}}},
    ).run()  # fmt: skip
    long_run = world.w.awareness[:, 0]
    np.testing.assert_allclose(long_run, gain / (1 - keep * (1 - gain)), rtol=1e-5)
    np.testing.assert_allclose(long_run / gain, 1 / (1 - keep), rtol=2e-3)


# --- choice ---------------------------------------------------------------------------------------------------------


def choosers(size: int, brands: dict[str, dict[str, Any]], **choice: Any) -> World:
    """Everybody needs one thing on one day and knows every brand; quality is utility, and so is not buying, 0."""
    site = {"site": {"kind": "own_site"}, "app": {"kind": "marketplace"}}
    full = {name: {"initial": {"awareness": 1.0}, "sells": {"site": {}}, **brand} for name, brand in brands.items()}
    return market(
        size,
        touchpoints=site,
        brands=full,
        category={
            "need": {"rate": 60.0, "most": 1},
            "memory": STILL,
            "choice": {**NO_PRICE, "intercept": 0.0, "dissimilarity": 1.0, **choice},
        },
    )


def taken(world: World) -> np.ndarray:
    """The offer that each consumer took, -1 for none."""
    world.run()
    out = np.full(world.size, -1)
    for o, offer in enumerate(world.market.offers):
        b = list(world.scenario.brands).index(offer.brand)
        orders = world.w.orders[: world.history.offer[0, :, :2].sum()]
        out[orders["consumer"][orders["offer"] == o]] = o
        assert (out == o).sum() <= world.w.bought[:, b].sum()
    return out


def shares(world: World) -> np.ndarray:
    """Shares of the offers and, last, of not buying."""
    chosen = taken(world)
    return np.array([(chosen == o).mean() for o in (*range(len(world.market.offers)), -1)])


QUALITY = {"lumo": 1.0, "rivo": 0.5, "terra": 0.0}
N = 40_000


def of_quality(**extra: Any) -> dict[str, dict[str, Any]]:
    return {name: {"product": {"quality": v, "price": 100.0}, **extra} for name, v in QUALITY.items()}


def softmax(utilities: list[float]) -> np.ndarray:
    weights = np.exp(utilities)
    return weights / weights.sum()


def test_choice_is_multinomial_logit_at_dissimilarity_one() -> None:
    """V 1, .5, 0 and 0 for nothing: .4269 .2589 .1571 .1571; dropping one leaves the others' odds (IIA)."""
    found = shares(choosers(N, of_quality()))
    for share, expected in zip(found, (0.4269, 0.2589, 0.1571, 0.1571), strict=True):
        assert near(share, expected, N)
    brands = of_quality()
    del brands["rivo"]
    for share, expected in zip(shares(choosers(N, brands)), softmax([1, 0, 0]), strict=True):
        assert near(share, expected, N)


def test_price_elasticities_are_those_of_the_logit() -> None:
    """Own b x (1 - s), cross -b x s, from worlds that share every draw."""
    slope, step = -2.0, 0.02

    def at(price: float) -> np.ndarray:
        brands = of_quality()
        brands["lumo"]["product"]["price"] = price
        return shares(choosers(N, brands, price=-slope, intercept=2.0))

    low, high = at(100 * (1 - step)), at(100 * (1 + step))
    middle = softmax([3 + slope, 2.5 + slope, 2 + slope, 0])
    elasticity = (np.log(high) - np.log(low)) / math.log((1 + step) / (1 - step))
    expected = np.where(np.arange(4) == 0, slope * (1 - middle[0]), -slope * middle[0])
    # Only switchers make the difference noisy, because the draws are shared.
    switched = np.abs(high - low)
    error = np.sqrt(switched / N) / middle / (2 * step)
    assert (np.abs(elasticity - expected) <= 4 * error + 0.002).all()
    assert (error < 0.15).all()


@pytest.mark.parametrize("dissimilarity", [0.01, 0.5, 1.0])
def test_identical_places_multiply_the_odds_by_two_to_the_dissimilarity(dissimilarity: float) -> None:
    """Near 0 two identical places are one; at 1 they count double."""
    n, sells = 60_000, {"site": {}, "app": {}}
    twin = shares(choosers(n, {"lumo": {"product": {"quality": 0.3}, "sells": sells}}, dissimilarity=dissimilarity))
    odds = 2**dissimilarity * math.exp(0.3)
    assert near(twin[0] + twin[1], odds / (1 + odds), n)
    assert near(twin[0], odds / (1 + odds) / 2, n)
    if dissimilarity == 0.01:
        single = shares(choosers(n, {"lumo": {"product": {"quality": 0.3}}}, dissimilarity=dissimilarity))
        assert near(twin[0] + twin[1], single[0], n)


@pytest.mark.parametrize("dissimilarity", [0.05, 0.5, 1.0])
def test_unequal_places_share_as_in_the_nested_logit(dissimilarity: float) -> None:
    """McFadden (1978): within a brand softmax(V / lambda), between brands softmax of lambda log sum exp(V / lambda)."""
    n, wait = 40_000, 0.4
    sells = {"site": {}, "app": {"delivery_days": 1}}
    world = choosers(
        n,
        {"lumo": {"product": {"quality": 0.5}, "sells": sells}, "rivo": {}},
        dissimilarity=dissimilarity,
        delivery=wait,
    )
    inside = np.array([0.5, 0.5 - wait]) / dissimilarity
    inclusive = dissimilarity * np.logaddexp(*inside)
    brand = softmax([inclusive, 0.0, 0.0])
    within = softmax(list(inside))
    for share, expected in zip(shares(world), [*brand[0] * within, brand[1], brand[2]], strict=True):
        assert abs(share - expected) <= 4 * math.sqrt(max(expected, 1e-4) / n)


@pytest.mark.parametrize("dissimilarity", [0.3, 1.0])
def test_taking_an_alternative_away_moves_only_those_who_had_it(dissimilarity: float) -> None:
    sells = {"site": {}, "app": {"delivery_days": 1}}
    before = choosers(5000, of_quality(sells=sells), dissimilarity=dissimilarity)
    names = [(o.brand, o.place) for o in before.market.offers]
    chosen = taken(before)
    for brand, place in names[:4]:
        brands = of_quality(sells=dict(sells))
        brands[brand] = {**brands[brand], "sells": {k: v for k, v in sells.items() if k != place}}
        after = choosers(5000, brands, dissimilarity=dissimilarity)
        kept = [(o.brand, o.place) for o in after.market.offers]
        now = np.array([-1 if o < 0 else names.index(kept[o]) for o in taken(after)])
        gone = names.index((brand, place))
        assert (now[chosen != gone] == chosen[chosen != gone]).all()
        assert (chosen == gone).any()
        assert not (now == gone).any()
