"""Built-in policies: each keeps the contract of all policies, and each does what its description says."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agorasim.brands import Policy, check
from agorasim.brands.policies.fixed_plan import FixedPlan
from agorasim.brands.policies.match_share_of_voice import MatchShareOfVoice
from agorasim.brands.policies.reallocate_by_roi import ReallocateByRoi
from agorasim.brands.registry import make_policy
from agorasim.errors import ActionError, InputError
from agorasim.randomness import stream
from agorasim.testing import PolicyContract, same, story

PLAN = {"search": 300.0, "social": 200.0, "short_video": 100.0}


class TestFixedPlan(PolicyContract):
    policy = FixedPlan
    settings = {
        "plan": PLAN,
        "flight": {"on": 3, "off": 4, "start": 2, "keep_average": True},
        "promotions": [{"start": "2026-01-05", "days": 3, "discount": 0.2}],
        "posts": 0.5,
    }


class TestReallocateByRoi(PolicyContract):
    policy = ReallocateByRoi
    settings = {"plan": PLAN, "step": 0.5, "pause_below": 0.9, "window": 5}
    every = 3


class TestMatchShareOfVoice(PolicyContract):
    policy = MatchShareOfVoice
    settings = {"plan": PLAN, "mix": {"search": 2.0, "social": 1.0}, "share": 0.6, "floor": 50.0}
    every = 7


MAKERS = {
    "fixed_plan": st.fixed_dictionaries({"plan": st.just(PLAN)}),
    "reallocate_by_roi": st.fixed_dictionaries(
        {
            "plan": st.just(PLAN),
            "step": st.floats(0, 1),
            "sharpness": st.floats(0, 20),
            "keep": st.floats(0.01, 0.33),
            "window": st.integers(1, 40),
            "pause_below": st.none() | st.floats(0, 3),
        }
    ),
    "match_share_of_voice": st.fixed_dictionaries(
        {"mix": st.just({"search": 1.0, "app_ads": 3.0}), "share": st.floats(0, 0.99), "floor": st.floats(0, 1e4)}
    ),
}


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(data=st.data())
def test_generated_worlds_get_actions_they_can_take(name: str, data: st.DataObject) -> None:
    chosen = data.draw(MAKERS[name])
    every = data.draw(st.integers(1, 10))
    views = story(
        sorted(data.draw(st.sets(st.integers(0, 200), min_size=1, max_size=12))),
        media=("search", "social", "short_video", "app_ads"),
        rivals=data.draw(st.sampled_from([(), ("rivo",), ("rivo", "terra")])),
        budget=data.draw(st.floats(600.0, 1e6)),
        every=every,
        delay=data.draw(st.integers(0, 40)),
        level=data.draw(st.sampled_from([0.0, 1e-9, 1.0, 1e6])),
        seed=data.draw(st.integers(0, 99)),
    )
    one, other = make_policy(name, chosen), make_policy(name, chosen)
    for view in views:
        action = check(one.decide(view), view, name)
        other.restore(other.snapshot())
        assert same(action, check(other.decide(view), view, name))


# --- fixed plan -----------------------------------------------------------------------------------------------------


def spends(policy: Policy, days: int, **view: object) -> list[float]:
    return [policy.decide(v).total() for v in story(range(days), **view)]


def test_a_flight_pulses_and_can_keep_the_average() -> None:
    flight = {"on": 2, "off": 3, "start": 1}
    plain = spends(make_policy("fixed_plan", {"plan": PLAN, "flight": flight}), 11, budget=2000.0)
    assert plain == [0.0] + [600.0, 600.0, 0.0, 0.0, 0.0] * 2
    level = {"plan": PLAN, "flight": {**flight, "keep_average": True}}
    assert math.fsum(spends(make_policy("fixed_plan", level), 11, budget=2000.0)) == pytest.approx(600.0 * 10)
    assert max(spends(make_policy("fixed_plan", level), 11, budget=700.0)) == pytest.approx(700.0)


def test_promotions_hold_on_their_dates_and_the_largest_wins() -> None:
    promotions = [
        {"start": "2026-01-02", "days": 3, "discount": 0.1},
        {"start": "2026-01-04", "days": 1, "discount": 0.3},
    ]
    policy = make_policy("fixed_plan", {"promotions": promotions})
    assert [policy.decide(v).discount for v in story(range(5))] == [0.0, 0.1, 0.1, 0.3, 0.0]
    assert make_policy("fixed_plan").decide(story([0])[0]).discount is None


def test_a_plan_that_cannot_be_carried_out_is_an_error_not_a_smaller_plan() -> None:
    view = story([0], budget=500.0)[0]
    with pytest.raises(ActionError, match=r"'lumo', policy 'fixed_plan', day 0 .*600\.00.*budget of 500\.00"):
        check(make_policy("fixed_plan", {"plan": PLAN}).decide(view), view, "fixed_plan")
    weekly = make_policy("fixed_plan", {"plan": PLAN, "flight": {"on": 1, "off": 1}})
    with pytest.raises(ActionError, match=r"every day; set policy\.every to 1 \(it is 7\)"):
        weekly.decide(story([0], every=7)[0])


# --- reallocation ---------------------------------------------------------------------------------------------------


def with_returns(day: int, returns: dict[str, float], budget: float = 1000.0, paid: float = 10.0) -> object:
    """A morning on which each touchpoint has returned so much per unit of money on every reported day."""
    view = story([day], budget=budget)[0]
    ones = np.ones(view.reported_days)
    spend = dict.fromkeys(returns, paid * ones)
    revenue = {t: paid * r * ones for t, r in returns.items()}
    return replace(view, spend=spend, attributed_revenue=revenue)


def test_money_moves_to_high_returns_and_the_total_stays() -> None:
    policy = make_policy("reallocate_by_roi", {"plan": PLAN, "step": 0.5, "keep": 0.05})
    assert policy.decide(story([0])[0]).spend == pytest.approx(PLAN)
    returns = {"search": 1.0, "social": 3.0, "short_video": 0.0}
    shares = []
    for day in range(10, 60):
        action = policy.decide(with_returns(day, returns))
        assert action.total() == pytest.approx(600.0)
        shares.append(action.spend["social"])
    assert shares == sorted(shares) and shares[-1] > PLAN["social"]
    assert action.spend["short_video"] == pytest.approx(0.05 * 600.0)
    # In the limit the money above the floor is split in proportion to returns, up to what the floor itself takes.
    assert action.spend["social"] / action.spend["search"] == pytest.approx(3.0, rel=0.05)


def test_sharper_rules_concentrate_more_and_step_zero_keeps_the_plan() -> None:
    view = with_returns(30, {"search": 1.0, "social": 2.0, "short_video": 1.5})
    got = [
        make_policy("reallocate_by_roi", {"plan": PLAN, "step": 1.0, "keep": 0.0, "sharpness": g}).decide(view).spend
        for g in (0.0, 1.0, 5.0, 20.0)
    ]
    assert got[0] == pytest.approx(dict.fromkeys(PLAN, 200.0))
    assert sorted(s["social"] for s in got) == [s["social"] for s in got]
    still = make_policy("reallocate_by_roi", {"plan": PLAN, "step": 0.0, "keep": 0.0}).decide(view)
    assert still.spend == pytest.approx(PLAN)


def test_a_poor_touchpoint_pauses_for_a_window_and_comes_back_at_the_floor() -> None:
    policy = make_policy("reallocate_by_roi", {"plan": PLAN, "window": 10, "pause_below": 0.5, "keep": 0.05})
    poor = {"search": 1.0, "social": 1.0, "short_video": 0.1}
    spend = [policy.decide(with_returns(day, poor)).spend["short_video"] for day in range(5, 40)]
    assert all(s > 0 for s in spend[:5]), "no judgement before a full window"
    assert spend[5:15] == [0.0] * 10
    assert spend[15:25] == pytest.approx([30.0] * 10, rel=0.2), "a new run is judged on its own window"
    assert spend[25] == 0.0


# --- share of voice -------------------------------------------------------------------------------------------------


def test_share_of_voice_is_held_within_floor_and_budget() -> None:
    chosen = {"mix": {"search": 3.0, "social": 1.0}, "share": 0.25, "plan": {"search": 10.0}, "floor": 5.0}
    policy = make_policy("match_share_of_voice", chosen)
    assert policy.decide(story([0])[0]).spend == {"search": 10.0}
    view = story([20])[0]
    rivals = {"rivo": np.full(20, 200.0), "terra": np.full(20, 100.0)}
    action = policy.decide(replace(view, rivals_spend=rivals))
    assert action.total() / (action.total() + 300.0) == pytest.approx(0.25)
    assert action.spend["search"] == pytest.approx(3.0 * action.spend["social"])
    assert policy.decide(replace(view, rivals_spend={})).total() == pytest.approx(5.0)
    assert policy.decide(replace(view, rivals_spend=rivals, budget=40.0)).total() == pytest.approx(40.0)


# --- settings, chance, documentation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("fixed_plan", {"plam": {}}, "unknown setting 'plam'; did you mean 'plan'"),
        ("fixed_plan", {"plan": {"search": -1.0}}, "plan.search: .*greater than or equal to 0"),
        ("fixed_plan", {"plan": {"search": "10"}}, "plan.search: .*valid number"),
        ("fixed_plan", {"promotions": [{"start": "2026-02-30", "days": 1, "discount": 0.1}]}, "expected a date"),
        ("fixed_plan", {"flight": {"on": 0, "off": 1}}, "flight.on"),
        ("reallocate_by_roi", {"plan": PLAN, "keep": 0.5}, "more than the total"),
        ("reallocate_by_roi", {"plan": PLAN, "keep": 0.0, "pause_below": 1.0}, "keep above 0"),
        ("match_share_of_voice", {"share": 1.0, "plan": PLAN}, "share: .*less than 1"),
        ("match_share_of_voice", {}, "mix is needed"),
    ],
)
def test_wrong_settings_are_named(name: str, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_policy(name, wrong)


def test_draws_belong_to_brand_day_label_and_replicate() -> None:
    view, tomorrow = story([3, 4])
    policy, other = make_policy("fixed_plan"), make_policy("fixed_plan")
    with pytest.raises(RuntimeError, match="no stream is attached"):
        policy.draw(view, "bid")
    policy.attach(stream(5))
    other.attach(stream(5, replicate=1))
    first = policy.draw(view, "bid")
    assert 0.0 < first < 1.0 and policy.draw(view, "bid") == first
    others = [policy.draw(view, "x"), policy.draw(tomorrow, "bid"), policy.draw(replace(view, brand="rivo"), "bid")]
    assert len({first, *others, other.draw(view, "bid")}) == 5


def test_the_documented_policy_runs_and_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    from agorasim.brands import registry

    monkeypatch.setattr(registry, "_registered", {})
    page = Path(__file__).parents[2] / "docs" / "policies.md"
    scope: dict[str, object] = {"__name__": "docs"}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        exec(compile(code, str(page), "exec", dont_inherit=True), scope)
    contract = scope["TestChaseGrowth"]()  # type: ignore[operator]
    for name in dir(contract):
        if name.startswith("test_"):
            getattr(contract, name)()
    assert "chase_growth" in registry.policy_names()
