"""Scenarios at the far end of what is allowed: states stay within their bounds, and money within the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agorasim import BrandAction, BrandView, Consumer, Ecosystem, Policy, Scenario
from agorasim.brands.registry import register
from agorasim.ecosystem import World
from agorasim.errors import ActionError, InputError

EXTREMES: dict[str, dict[str, Any]] = {
    "no media price": {"calendar.festivals": {"free": {"start": "2026-01-03", "media_price": 0}}},
    "media for nothing": {"touchpoints.social.cost": {"price": 1e-300, "inventory": 1e-300}},
    "media beyond price": {"touchpoints.social.cost": {"price": 8, "inventory": 1e-6, "pressure": 1e12}},
    "nearly no variation": {"population.segments": {"all": {"price_sensitivity_cv": 1e-200}}},
    "all that can be heard": {
        "social.word_of_mouth": {"transmit": 1, "good": 1, "bad": 1, "recommend": 1, "complain": 1, "pass_on": 1},
        "category.need.rate": 1,
    },
    "extreme tastes": {
        "category.choice": {"dissimilarity": 0.01, "intercept": 1e6, "goodwill": -1e6, "visit": -1e6, "price": 1e12}
    },
    "nobody varies, everybody needs": {"category.need": {"rate": 1e12, "shape": 1e12, "most": 8}},
    "one person": {"population.size": 1},
}  # fmt: skip


def market() -> Scenario:
    return Scenario.from_dict(
        {
            "name": "extreme",
            "calendar": {"days": 8},
            "population": {"size": 200},
            "social": {
                "layers": {"friends": {"generator": {"kind": "watts_strogatz", "degree": 8}}},
                "word_of_mouth": {"rule": "cascade"},
            },
            "touchpoints": {"social": {"kind": "social"}, "site": {"kind": "own_site"}},
            "category": {"reference_price": 10},
            "brands": {
                "fresh": {
                    "product": {"price": 9},
                    "initial": {"awareness": 0.3},
                    "budget": 1e12,
                    "owns": {"site": 0.5},
                    "sells": {"site": {}},
                    "policy": {"plan": {"social": 1e12}},
                }
            },
        }
    )


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.filterwarnings("error")
def test_nothing_leaves_its_bounds(name: str) -> None:
    world = World(market().with_overrides(EXTREMES[name])).run()
    for state in ("awareness", "goodwill", "habit", "fatigue"):
        assert (np.abs(getattr(world.w, state)) <= 1.0).all()
    spend, plan = world.history.spend, world.history.plan
    assert ((spend >= 0) & (spend <= plan)).all()
    kpis = world.kpis().select_dtypes("number").drop(columns="goodwill")
    assert np.isfinite(kpis.fillna(0.0)).all(axis=None)


def test_free_media_reach_every_user_up_to_the_cap() -> None:
    free = market().with_overrides({"touchpoints.social.cost.price": 1e-300, "touchpoints.social.use": 1.0})
    world = World(free).run(1)
    social = world.kpis().query("touchpoint == 'social' and brand == 'fresh' and day == 0").iloc[0]
    assert social["reach"] == 200
    assert social["impressions"] == 200 * free.touchpoints["social"].cap


def test_a_price_beyond_counting_names_brand_policy_and_day() -> None:
    @register
    class Dear(Policy):
        name = "dear"
        description = "asks for more than there is"

        def decide(self, view: BrandView) -> BrandAction:
            return BrandAction(price=1e300 if view.day == 3 else None)

    world = World(market().with_overrides({"brands.fresh.policy": {"name": "dear"}}))
    with pytest.raises(ActionError, match="brand 'fresh', policy 'dear', day 3: price of 1e"):
        world.run()


def test_turnover_that_would_overflow_is_refused_before_it_runs() -> None:
    with pytest.raises(InputError, match=r"brands\.fresh\.product\.price.*too large to be counted"):
        market().with_overrides({"population.size": 50_000_000, "brands.fresh.product.price": 1e12})
    with pytest.raises(InputError, match=r"brands\.fresh\.sells\.site.*too large to be counted"):
        market().with_overrides({"brands.fresh.sells.site.price_factor": 1e12, "brands.fresh.product.price": 1e6})


@pytest.mark.parametrize("value", [5.0, -3.0, float("nan")])
def test_a_consumer_that_leaves_its_bounds_is_named(value: float) -> None:
    class Wild(Consumer):
        def talk(self) -> None:
            self.awareness[0] = value

    model = Ecosystem(market(), seed=1, consumer=Wild)
    with pytest.raises(InputError, match="day 0: awareness of consumer 0 for brand 'fresh' must be from 0 to 1, got"):
        model.step()
