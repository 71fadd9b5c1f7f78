"""The studies' estimators recover what was planted, limits are exact, and small worlds point the published way."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import estimators as e
import numpy as np
import pytest

from agorasim.brands import registry
from agorasim.effects.intervals import mean_interval
from agorasim.testing import PolicyContract

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(11)


# --- estimators on data with known answers --------------------------------------------------------------------------


def test_effects_of_units_and_periods_leave_no_trace() -> None:
    """Whatever is added to a unit or a period disappears."""
    panel = RNG.standard_normal((5, 9))
    moved = panel + RNG.standard_normal((5, 1)) + RNG.standard_normal((1, 9))
    assert e.within(moved) == pytest.approx(e.within(panel), abs=1e-12)


def test_partial_adjustment_finds_short_and_long_run() -> None:
    """ln S = 0.12 ln A + 0.5 ln S(-1): 0.12 now and 0.24 in all, as in the meta-analyses."""
    spend = np.exp(RNG.standard_normal((20, 400)))
    logs = np.zeros_like(spend)
    for t in range(1, 400):
        logs[:, t] = 0.12 * np.log(spend[:, t]) + 0.5 * logs[:, t - 1] + 0.05 * RNG.standard_normal(20)
    short, long, carry = e.partial_adjustment(np.exp(logs[:, 50:] + 3.0), spend[:, 50:])
    assert short == pytest.approx(0.12, abs=0.003)
    assert carry == pytest.approx(0.5, abs=0.02)
    assert long == pytest.approx(0.24, abs=0.01)
    # The same response read off lag by lag: 0.12 x 0.5 ** k.
    lags = e.distributed_lag(np.exp(logs[:, 50:]), spend[:, 50:], 4)
    assert lags == pytest.approx(0.12 * 0.5 ** np.arange(5), abs=0.01)


def test_noise_in_sales_hides_carry_over() -> None:
    """What the page says of partial adjustment: lagged sales that carry chance make it find too little."""
    spend = np.exp(RNG.standard_normal((20, 400)))
    logs = 0.12 * e.adstock(np.log(spend), 0.5)
    noisy = logs + 0.3 * RNG.standard_normal(logs.shape)
    clean, hidden = (e.partial_adjustment(np.exp(x[:, 50:]), spend[:, 50:]) for x in (logs, noisy))
    assert clean == pytest.approx((0.12, 0.24, 0.5), abs=1e-6)
    assert hidden[0] == pytest.approx(0.12, abs=0.01) and hidden[2] < 0.25


def test_log_log_finds_own_and_cross_elasticities() -> None:
    own, other = np.exp(0.1 * RNG.standard_normal((2, 10, 200)))
    sales = own**-2.62 * other**0.5 * np.exp(RNG.standard_normal((10, 1)) + RNG.standard_normal((1, 200)))
    assert e.log_log(sales, own, other) == pytest.approx([-2.62, 0.5])


def test_adstock_and_its_half_life() -> None:
    """Half-life ln 0.5 / ln 0.8 = 3.106 periods; constant money x piles up to x / (1 - 0.8) = 5 x; a fit finds 0.8."""
    assert e.half_life(0.8) == pytest.approx(3.1063, abs=1e-4)
    assert e.adstock(np.ones(200), 0.8)[-1] == pytest.approx(5.0, abs=1e-9)
    spend = RNG.lognormal(0.0, 1.0, (6, 80))
    sales = 100.0 + 3.0 * e.adstock(spend, 0.8) + RNG.standard_normal((6, 1)) + 0.5 * RNG.standard_normal((6, 80))
    assert e.fit_adstock(sales, spend, np.arange(0.0, 1.0, 0.01), 10) == pytest.approx(0.8, abs=0.02)


def test_peak_of_a_parabola() -> None:
    n = np.arange(30)
    assert e.peak(n, 20.0 * n - n**2) == pytest.approx(10.0)
    assert np.isnan(e.peak(n, n**2)), "what only rises faster has no peak"


def test_double_jeopardy_holds_exactly_where_it_is_planted() -> None:
    b = np.linspace(0.05, 0.7, 12)
    slope, spread = e.jeopardy(b, 1.3 / (1.0 - b))
    assert slope == pytest.approx(-1.0) and spread == pytest.approx(0.0, abs=1e-12)
    assert e.jeopardy(b, np.full(12, 2.0))[0] == pytest.approx(0.0), "buyers of all brands alike: no second jeopardy"


def test_negative_binomial_limits() -> None:
    """r 0.385, alpha 12.07, 31 weeks: 61.3 % without any, 0.988 on average, variance mean (1 + T / alpha)."""
    p = e.nbd_shares(0.385, 12.07, 31.0, 400)
    k = np.arange(401)
    assert p.sum() == pytest.approx(1.0)
    assert p[0] == pytest.approx(0.613, abs=1e-3)
    assert p @ k == pytest.approx(0.988, abs=1e-3)
    assert p @ k**2 - (p @ k) ** 2 == pytest.approx(0.9888 * (1.0 + 31.0 / 12.07), rel=1e-3)
    counts = RNG.poisson(RNG.gamma(0.385, 31.0 / 12.07, 200_000))
    assert e.shares(counts, 7) == pytest.approx(e.nbd_shares(0.385, 12.07, 31.0, 7), abs=4e-3)


def test_chi_square_is_pearsons() -> None:
    """Sum of squares over expectations; with two degrees of freedom the p-value is exp(-x / 2)."""
    statistic, chance = e.chi_square([18.0, 22.0, 60.0], [25.0, 25.0, 50.0])
    assert statistic == pytest.approx(49 / 25 + 9 / 25 + 100 / 50)
    assert chance == pytest.approx(np.exp(-statistic / 2.0))


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = RNG.exponential(size=9)
    (found,) = e.jackknife(lambda r: values[r].mean(), 9)
    assert found == pytest.approx(e.over_replicates(values))
    assert found == pytest.approx([float(x) for x in mean_interval(values)[:3]])


# --- worlds ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds() -> Iterator[ModuleType]:
    """The module that knows the policy `random_plan`, which is forgotten afterwards."""
    yield importlib.import_module("worlds")
    registry._registered.pop("random_plan", None)
    for name in ("worlds", "price", "advertising"):
        sys.modules.pop(name, None)


def test_what_is_drawn_follows_the_contract_of_policies(worlds: ModuleType) -> None:
    class Contract(PolicyContract):
        policy = worlds.RandomPlan
        settings = {"plan": {"social": 10.0}, "spend_spread": 0.5, "price": 20.0, "price_spread": 0.1}

    contract = Contract()
    for name in (name for name in dir(contract) if name.startswith("test_")):
        getattr(contract, name)()


def test_every_order_is_in_the_ledger(worlds: ModuleType) -> None:
    world = worlds.Ledger(worlds.scenario("competition", {"calendar.days": 10, "population.size": 300}))
    world.run()
    day, _, offer, price = world.bought()
    assert np.bincount(offer, minlength=12).tolist() == world.history.offer[:10, :, 0].sum(axis=0).tolist()
    assert price.sum() == world.history.offer[:, :, 2].sum()
    assert day.max() <= 9
    assert worlds.orders(world, "alto").sum() == (offer == 0).sum()


def test_needs_without_leaving_are_negative_binomial(worlds: ModuleType) -> None:
    """The counts of a shop that everybody knows and nobody leaves, against the exact distribution."""
    settings = {
        "category.churn": None, "category.need": {"rate": 0.385 / 12.07 / 7.0, "shape": 0.385}, "calendar.days": 217,
        "population.size": 3000,
    }  # fmt: skip
    world = worlds.Ledger(worlds.scenario("music_shop", settings))
    world.run()
    counts = np.bincount(world.bought()[1], minlength=world.size)
    expected = e.nbd_shares(0.385, 12.07, 31.0, 7)
    _, chance = e.chi_square(e.shares(counts, 7) * world.size, expected * world.size)
    assert chance > 0.001


def test_dearer_weeks_sell_less(worlds: ModuleType) -> None:
    price = importlib.import_module("price")
    data = np.stack([price.web(r) for r in range(2)])
    prices = data[:, 1]
    assert prices.std(axis=-1) == pytest.approx(0.1 * 50.0, rel=0.3), "prices were drawn"
    own = price.elasticities(data)
    assert ((own > -4.0) & (own < -0.7)).all()


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_tells_of_every_regularity(worlds: ModuleType) -> None:
    spec = importlib.util.spec_from_file_location("validation_runner", ROOT / "experiments" / "validation.py")
    assert spec is not None and spec.loader is not None
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    for regularity in runner.regularities():
        for part in ("title", "published", "estimator", "worlds", "comparable", "limits"):
            assert "{" not in regularity.words(part)
        assert f"## {regularity.words('title')}" in page, "write the page anew"
        assert (ROOT / "docs" / "img" / "validation" / f"{regularity.name}.png").is_file()
