"""Strategies that watch figures, seasons, prices and members: each keeps the contract, each does what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agorasim.brands.organisation import Organised, Terms
from agorasim.brands.policies.ab_test import AbTest
from agorasim.brands.policies.alert_threshold import AlertThreshold
from agorasim.brands.policies.auto_pause import AutoPause
from agorasim.brands.policies.crisis_response import CrisisResponse
from agorasim.brands.policies.dynamic_price import DynamicPrice
from agorasim.brands.policies.private_domain_first import PrivateDomainFirst
from agorasim.brands.policies.season_aware import SeasonAware
from agorasim.brands.policy import Policy
from agorasim.brands.registry import make_policy
from agorasim.brands.view import BrandView
from agorasim.errors import InputError
from agorasim.randomness import stream
from agorasim.testing import PolicyContract, story

PLAN = {"search": 300.0, "social": 200.0, "short_video": 100.0}
ARMS = {"search": {"plan": {"search": 500.0}}, "social": {"plan": {"social": 500.0}, "levers": {"churn.offer": 9.0}}}


class TestAutoPause(PolicyContract):
    policy = AutoPause
    settings = {"plan": PLAN, "window": 5, "pause": 6, "least": 1.0}
    every = 2


class TestSeasonAware(PolicyContract):
    policy = SeasonAware
    settings = {
        "plan": PLAN,
        "periods": [{"start": "12-20", "end": "01-10", "factor": 3.0}],
        "weekday": [1.0, 1.0, 1.0, 1.0, 1.2, 0.5, 0.5],
        "keep_average": True,
    }


class TestAlertThreshold(PolicyContract):
    policy = AlertThreshold
    settings = {"plan": PLAN, "window": 3, "days": 4, "discount": 0.1, "posts": 1.0, "levers": {"churn.offer": 5.0}}
    levers = {"churn.offer": (0.0, 0.0, 3.0)}


class TestCrisisResponse(PolicyContract):
    policy = CrisisResponse
    settings = {"plan": PLAN, "drop": 0.05, "window": 2, "baseline": 5, "days": 3}
    levers = {"crisis.response": (0.0, 0.0, 1.0)}


class TestDynamicPrice(PolicyContract):
    policy = DynamicPrice
    settings = {"plan": PLAN, "strength": 1.0, "window": 2, "baseline": 6, "step": 0.5}


class TestPrivateDomainFirst(PolicyContract):
    policy = PrivateDomainFirst
    settings = {"plan": PLAN, "levers": {"private.push": 2.0}}
    levers = {"private.push": (0.0, 0.0, 1.0)}


class TestAbTestThompson(PolicyContract):
    policy = AbTest
    settings = {"arms": ARMS, "period": 3, "washout": 1}
    levers = {"churn.offer": (0.0, 0.0, 3.0)}


class TestAbTestEpsilon(PolicyContract):
    policy = AbTest
    settings = {"arms": ARMS, "period": 4, "washout": 9, "rule": "epsilon", "epsilon": 0.3}
    every = 4


class TestOrganised(PolicyContract):
    """Groups within a brand are a policy like any other."""

    policy = Organised
    every = 2

    def make(self) -> Policy:
        teams = [
            ("online", frozenset({"search", "social", "app"}), make_policy("ab_test", {"arms": ARMS, "period": 4})),
            ("video", frozenset({"short_video"}), make_policy("auto_pause", {"plan": {"short_video": 400.0}})),
        ]
        made = Organised("ab_test", teams, (0.6, 0.3), (1, 4), Terms(((0, 1),), every=6, delay=2, window=5))
        made.attach(stream(seed=1))
        return made

    def test_can_be_registered(self) -> None:
        """It stands between a brand and its groups' policies, so it is not chosen by name."""
        assert self.make().touchpoints() == {"search", "social", "short_video"}


# --- what each does -------------------------------------------------------------------------------------------------


def morning(day: int, **figures: Any) -> BrandView:
    return replace(story([day])[0], **figures)


def test_what_returns_too_little_is_stopped_and_its_money_kept() -> None:
    policy = make_policy("auto_pause", {"plan": PLAN, "window": 10, "pause": 7})
    spent: list[float] = []
    for day in range(5, 40):
        ones = np.ones(morning(day).reported_days)
        revenue = {t: r * ones for t, r in {"search": 25.0, "social": 20.0, "short_video": 19.0}.items()}
        action = policy.decide(morning(day, spend=dict.fromkeys(PLAN, 10.0 * ones), attributed_revenue=revenue))
        assert action.spend["search"] == 300.0 and action.spend["social"] == 200.0
        spent.append(action.spend["short_video"])
    assert spent[:5] == [100.0] * 5 and spent[5:12] == [0.0] * 7, "stopped once a full window is known, for 7 days"
    assert spent[12:22] == [100.0] * 10 and spent[22] == 0.0, "then judged on a new run"


def test_money_goes_ahead_of_the_season_and_a_year_costs_the_plan() -> None:
    chosen = {"plan": {"search": 100.0}, "periods": [{"start": "01-11", "end": "01-20", "factor": 2.0}], "lead": 3}
    views = story(range(40))
    spent = [make_policy("season_aware", chosen).decide(v).total() for v in views]
    assert [k for k, s in enumerate(spent) if s == 200.0] == list(range(7, 17))
    even = [make_policy("season_aware", {**chosen, "keep_average": True}).decide(v).total() for v in views]
    assert sum(even) == pytest.approx(40 * 100.0) and even[10] == pytest.approx(2 * even[0])
    wide = {"plan": {"search": 800.0}, "periods": [{"start": "12-01", "end": "02-01", "factor": 3.0}]}
    assert make_policy("season_aware", wide).decide(views[0]).total() == pytest.approx(1000.0), "cut to the budget"
    with pytest.raises(InputError, match="month and day"):
        make_policy("season_aware", {"periods": [{"start": "02-30", "end": "03-01", "factor": 1.0}]})


def falling(day: int, drop_day: int, size: float, **more: Any) -> BrandView:
    level = np.where(np.arange(morning(day).reported_days) >= drop_day, size, 1.0)
    return morning(day, orders=40.0 * level, new_customers=5.0 * level, **more)


def test_an_alarm_answers_a_fall_of_activity_and_ends() -> None:
    offer = {"levers": {"churn.offer": 1.0}, "lever_bounds": {"churn.offer": (0.0, 3.0)}}
    chosen = {"window": 7, "days": 5, "discount": 0.2, "posts": 2.0, "levers": {"churn.offer": 9.0, "unknown": 1.0}}
    policy = make_policy("alert_threshold", chosen)
    actions = [policy.decide(falling(day, 20, 0.8, **offer)) for day in range(14, 36)]
    first = next(k for k, a in enumerate(actions) if a.discount == 0.2)
    assert 20 <= 14 + first <= 27
    assert actions[first].levers == {"churn.offer": 3.0} and actions[first].posts == 2.0
    assert actions[first + 5].discount == 0.0 and actions[first + 5].levers == {"churn.offer": 1.0}
    still = make_policy("alert_threshold", chosen)
    assert all(still.decide(falling(day, 20, 0.9, **offer)).discount is None for day in range(14, 36))


def test_a_collapse_of_sales_is_answered_and_media_go_down() -> None:
    offer = {"levers": {"crisis.response": 0.0}, "lever_bounds": {"crisis.response": (0.0, 1.0)}}
    policy = make_policy("crisis_response", {"plan": PLAN})
    actions = [policy.decide(falling(day, 25, 0.4, **offer)) for day in range(18, 50)]
    first = next(k for k, a in enumerate(actions) if a.levers)
    assert actions[first].levers == {"crisis.response": 1.0} and actions[first].total() == 300.0
    assert 18 + first <= 28 and actions[first + 14].levers == {"crisis.response": 0.0}


@pytest.mark.parametrize(("recent", "lost", "price"), [(1.0, 0.0, 20.0), (4.0, 0.0, 22.0), (0.2, 0.0, 18.0)])
def test_the_price_follows_demand_within_its_range(recent: float, lost: float, price: float) -> None:
    policy = make_policy("dynamic_price", {"range": 0.1, "strength": 1.0})
    level = np.ones(50)
    level[-7:] = recent
    got = policy.decide(morning(50, orders=40.0 * level, lost_orders=lost * level)).price
    assert got == pytest.approx(price)


def test_scarce_goods_get_dearer() -> None:
    even = np.full(50, 20.0)
    got = make_policy("dynamic_price", {"scarcity": 0.2}).decide(morning(50, orders=even, lost_orders=even)).price
    assert got == pytest.approx(20.0 * 1.1)


def test_members_take_the_place_of_media() -> None:
    policy = make_policy("private_domain_first", {"plan": PLAN, "members": 1000.0, "keep": 0.5, "posts": 0.3})
    totals = [policy.decide(morning(9, members=m)).total() for m in (0.0, 500.0, 1000.0, 9000.0)]
    assert totals == pytest.approx([600.0, 450.0, 300.0, 300.0])
    assert policy.decide(morning(9)).posts == 0.3


@pytest.mark.parametrize("rule", ["thompson", "epsilon"])
def test_the_bandit_comes_to_the_plan_that_earns_more(rule: str) -> None:
    arms = {"good": {"plan": {"search": 10.0}}, "bad": {"plan": {"social": 10.0}}}
    policy = make_policy("ab_test", {"arms": arms, "rule": rule, "period": 5, "washout": 1})
    policy.attach(stream(3))
    rng = np.random.default_rng(1)
    orders: list[float] = []
    played: list[str] = []
    for day in range(300):
        known = np.array(orders)
        zero = dict.fromkeys(PLAN, np.zeros(day))
        view = replace(story([day], delay=1)[0], spend=zero, revenue=known)
        spend = policy.decide(view).spend
        played.append("good" if "search" in spend else "bad")
        orders.append(float(rng.normal(120.0 if played[-1] == "good" else 80.0, 30.0)))
    assert {*played[:12]} == {"good", "bad"} and played[100:].count("good") > 160
    rotating = make_policy("ab_test", {"arms": arms, "rule": "rotate", "period": 5})
    turns = ["search" in rotating.decide(v).spend for v in story(range(0, 100, 5))]
    assert turns.count(True) == 10
