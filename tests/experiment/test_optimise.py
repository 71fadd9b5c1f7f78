"""Optimisation: a known optimum is found, gains are honest, the marginal return covers 1, bounds are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fake_lab import execution, scenario

from agorasim.errors import InputError
from agorasim.experiment.optimise import Optimisation
from agorasim.experiment.plans import Plans

BASE = 1000.0


def market(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
    """Contribution 40 sqrt(search) + 30 sqrt(social) + 2 sqrt(search social): the optimum is known in closed form."""
    plan = moved.get("policy.plan", {"search": 50.0, "social": 80.0})
    a, b = plan.get("search", 0.0), plan.get("social", 0.0)
    shock, tilt = 100 * rng.standard_normal(), 1 + 0.05 * rng.standard_normal(2)
    own = np.random.default_rng([int(100 * a), int(100 * b), int(rng.integers(1 << 30))])
    worth = 30 * tilt[0] * np.sqrt(a) + 20 * tilt[1] * np.sqrt(b) + 0.5 * np.sqrt(a * b) + BASE + shock
    worth += 3 * own.standard_normal()
    return {("profit", "lumo"): worth - a - b, ("contribution", "lumo"): worth, ("spend", "lumo"): a + b,
            ("revenue", "lumo"): 2 * worth, ("orders", "lumo"): worth / 10}  # fmt: skip


def truth(a: float, b: float) -> float:
    return float(30 * np.sqrt(a) + 20 * np.sqrt(b) + 0.5 * np.sqrt(a * b) + BASE - a - b)


def densest(budget: float) -> tuple[float, float, float]:
    a, b = np.meshgrid(np.linspace(0, budget, 801), np.linspace(0, budget, 801))
    value = np.where(a + b <= budget, 30 * np.sqrt(a) + 20 * np.sqrt(b) + 0.5 * np.sqrt(a * b) + BASE - a - b, -np.inf)
    k = np.unravel_index(int(np.argmax(value)), value.shape)
    return float(value[k]), float(a[k]), float(b[k])


def question(budget: float = 1000.0, **more: Any) -> Optimisation:
    return Optimisation.of(WORLD, "lumo", ["search", "social"], budget, **{"trials": 24, "replications": 20, **more})


WORLD = scenario(brands={"lumo": {"budget": 1000.0, "policy": {"name": "fixed_plan",
                         "plan": {"search": 50.0, "social": 80.0}}}, "rivo": {}})  # fmt: skip


def test_an_interior_optimum_is_found_and_its_marginal_returns_cover_one() -> None:
    """Within 1 % of a dense grid's best; over seeds the intervals cover 1, and the true gain, about as they say."""
    best, _, _ = densest(1000.0)
    covers = gains = 0
    for seed in range(8):
        found = question(seed=seed).run(execution(market, seed=seed))
        plan = found.read("plan").set_index("channel")["best"]
        value = truth(plan["search"], plan["social"])
        assert value > BASE + 0.99 * (best - BASE)
        rows = found.effects("marginal_return").set_index("channels")
        covers += sum(rows["low"].iloc[k] <= 1 <= rows["high"].iloc[k] for k in range(3))
        gain = found.effects("difference", metric="profit").iloc[0]
        gains += gain["low"] <= value - truth(50, 80) <= gain["high"]
    assert covers >= 20 and gains >= 6


def test_a_tight_budget_is_used_up_and_the_return_is_above_one() -> None:
    best, a, b = densest(200.0)
    found = question(200.0).run(execution(market))
    plan = found.read("plan").set_index("channel")["best"]
    assert plan.sum() <= 200.0 and plan.sum() > 199.5
    assert truth(plan["search"], plan["social"]) > BASE + 0.99 * (best - BASE)
    assert plan["search"] == pytest.approx(a, abs=25) and plan["social"] == pytest.approx(b, abs=25)
    rows = found.effects("marginal_return")
    assert (rows["low"] > 1).all()
    assert sum("held by the budget" in note and "as it must be" in note for note in found.notes) == 2


def test_bounds_are_kept_and_the_same_seed_gives_the_same_answer() -> None:
    ask = question(500.0, least={"social": 150.0}, most={"search": 100.0}, spend_all=True)
    one, two = ask.run(execution(market)), ask.run(execution(market))
    assert one.table.equals(two.table)
    history = one.read("trials")
    assert (history["plan.social"] >= 150).all() and (history["plan.search"] <= 100).all()
    assert np.allclose(history["plan.search"] + history["plan.social"], 500.0, atol=0.03)
    assert {"start", "search", "round 1", "round 2", "top of round 2"} <= set(history["stage"])
    plan = one.read("plan")
    assert (plan["low"] <= plan["best"]).all() and (plan["best"] <= plan["high"]).all()


def test_the_gain_is_measured_where_the_search_has_not_looked() -> None:
    """In a market in which every plan is equally good the winner of the search is luck, and the report says so."""

    def luck(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
        plan = moved.get("policy.plan", {"search": 1.0, "social": 1.0})
        own = np.random.default_rng([int(100 * sum(plan.values())), int(rng.integers(1 << 30))])
        worth = own.standard_normal()
        return {("profit", "lumo"): worth, ("contribution", "lumo"): worth + sum(plan.values()),
                ("spend", "lumo"): sum(plan.values()), ("revenue", "lumo"): 0.0, ("orders", "lumo"): 0.0}  # fmt: skip

    covered, flattery = 0, []
    for seed in range(8):
        found = question(seed=seed).run(execution(luck, seed=seed))
        row = found.effects("difference", metric="profit").iloc[0]
        covered += row["low"] <= 0 <= row["high"]
        history = found.read("trials")
        flattery.append(history["gain"].max())
    assert covered >= 6 and np.mean(flattery) > 0.5


def test_the_world_of_a_plan_keeps_what_was_not_asked_about() -> None:
    world = scenario(brands={"lumo": {"budget": 400.0, "policy": {
        "name": "fixed_plan", "every": 1, "plan": {"search": 50.0, "social": 80.0},
        "promotions": [{"start": "2026-01-15", "days": 3, "discount": 0.1}]}}})  # fmt: skip
    plans = Plans.of(world, "lumo", ["search"], 100.0)
    (change,) = plans.arm(np.array([70.0])).changes
    assert change.brand == "lumo" and '"plan": {"search": 70.0, "social": 80.0}' in str(change.policy)
    assert "promotions" in str(change.policy)
    assert plans.room == 320.0 and plans.today.tolist() == [50.0]


@pytest.mark.parametrize(
    ("channels", "budget", "more", "said"),
    [
        (["search"], 0.0, {}, "budget must be money above 0"),
        (["search"], float("nan"), {}, "budget must be money above 0"),
        (["store"], 100.0, {}, "takes no media money"),
        (["serch"], 100.0, {}, "did you mean 'search'?"),
        (["search", " search"], 100.0, {}, "channel 'search' is named twice"),
        ([], 100.0, {}, "no channel is named; these take media money: search, social"),
        (["search"], 2000.0, {}, "--set brands.lumo.budget=2080"),
        (["search"], 100.0, {"least": {"search": 120.0}}, "its least (120) is above its most (100)"),
        (["search", "social"], 100.0, {"least": {"search": 60.0, "social": 60.0}}, "sum to 120, above the budget"),
        (["search"], 100.0, {"most": {"search": 60.0}, "spend_all": True}, "cannot be spent"),
        (["search"], 100.0, {"most": {"social": 60.0}}, "unknown channel 'social'"),
        (["search"], 100.0, {"trials": 3}, "at least 8"),
        (["search"], 100.0, {"outcome": "proft"}, "did you mean 'profit'?"),
    ],
)
def test_what_cannot_be_optimised_is_said(channels: list[str], budget: float, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        Optimisation.of(WORLD, "lumo", channels, budget, **more)
    assert said in str(caught.value)
    with pytest.raises(InputError, match="did you mean 'lumo'"):
        Optimisation.of(WORLD, "lumu", ["search"], 100.0)
