"""Buying modes: four truly different ways from a need to an answer, and no need is lost between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from peopled import orders, scenario, world

from agorasim.behaviour.columns import ORDERS_WRITTEN
from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.mechanisms.modes import knows
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

ALONE = {name: {"share": 1.0} for name in ("habitual", "impulse", "comparison", "personalised")}
NEUTRAL = {"among": "all", "price": 1.0, "appeal": 1.0}


def only(name: str, replicate: int = 0, more: dict[str, Any] | None = None, **overrides: Any) -> World:
    """A world in which everybody buys in one mode."""
    mode = {name: {**ALONE[name], **(more or {})}}
    return world("modes", replicate, **{"population__segments": {"all": {}}, "category__modes": mode, **overrides})


def in_a_day(there: World) -> Any:
    """What is chosen on a day: the world stands after the choice; returns the orders."""
    there.open_day()
    there.decide()
    there.plan_media()
    there.carry_messages()
    there.live()
    return there.w.orders[: there.w.counts[ORDERS_WRITTEN]]


def test_needs_are_conserved_every_day() -> None:
    there = world("modes").run()
    extra, arisen = there.history.extra, np.cumsum(there.history.needs_segment.sum(axis=1))
    ended = np.cumsum(extra["needs_answered"][:, 0] + extra["needs_abandoned"][:, 0])
    assert (arisen == ended + extra["needs_in_progress"][:, 0]).all()
    assert extra["needs_in_progress"][-1, 0] > 0 and extra["needs_triggered"].sum() > 0
    by_mode = [extra[f"orders_{name}"].sum(axis=(0, 2)) for name in ALONE]
    assert (np.sum(by_mode, axis=0) == orders(there)).all() and all(mode.sum() > 0 for mode in by_mode)


def test_one_neutral_mode_changes_nothing() -> None:
    plain = world("modes", population__segments={"all": {}}, category__modes=None).run()
    null = only("personalised", more=NEUTRAL).run()
    assert (orders(plain) == orders(null)).all()
    assert plain.w.awareness.tobytes() == null.w.awareness.tobytes()
    assert (null.history.extra["needs_answered"][:, 0] == null.history.needs_segment.sum(axis=1)).all()
    assert plain.mechanisms == [] and not len(plain.w.mode)


def test_habit_goes_back_to_what_was_bought_and_does_not_search() -> None:
    there = only("habitual")
    before = there.w.bought.copy()
    use = there.w.use.copy()
    placed = in_a_day(there)
    brand = there.w.offers["brand"][placed["offer"]]
    buyers = (before[placed["consumer"]] > 0).any(axis=1)
    assert buyers.any() and (before[placed["consumer"], brand][buyers] > 0).all()
    assert there.w.at_touch[:, 0, :].sum() == 0  # the first touchpoint is search
    assert (there.w.use == use).all()


def test_impulse_buys_what_was_met_today() -> None:
    there = only("impulse", more={"trigger": 0.5})
    placed = in_a_day(there)
    brand = there.w.offers["brand"][placed["offer"]]
    assert len(placed) and (there.w.flags[placed["consumer"], brand] & 1).all()
    assert there.mechanisms[-1].today["needs_triggered"][0] > 0
    # Who meets nobody buys nothing.
    silent = only("impulse", more={"trigger": 0.5}, brands__lumo__policy={"name": "fixed_plan"},
                  brands__lumo__owns={}, brands__rivo__owns={}).run()  # fmt: skip
    assert orders(silent).sum() == 0 and silent.history.extra["needs_triggered"].sum() == 0


def test_a_trigger_makes_needs_in_proportion_and_only_for_the_impulsive() -> None:
    def triggered(chance: float, **shares: float) -> float:
        segments = {"all": {"modes": {"habitual": 1.0, **shares}}}
        done = world("modes", population__segments=segments, category__modes__impulse__trigger=chance).run()
        return float(done.history.extra["needs_triggered"][:, 0].sum())

    assert triggered(0.1) == 0.0 == triggered(0.0, impulse=1.0)
    half = triggered(0.02, impulse=1.0)
    assert half > 50 and triggered(0.04, impulse=1.0) == pytest.approx(2 * half, rel=0.2)


def test_comparison_decides_days_later_and_searches() -> None:
    there = only("comparison", more={"delay": 5.0, "delay_cv": 0.0}).run()
    extra = there.history.extra
    arisen = there.history.needs_segment.sum(axis=1)
    # Needs that come while one is in progress are answered with it, so most are answered five days later.
    assert extra["needs_answered"][:5].sum() == 0 < extra["needs_answered"][5, 0] <= arisen[0] * 2
    assert extra["decision_days"].sum() == pytest.approx(5 * orders(there).sum(), rel=0.02)
    habit = only("habitual").run()
    assert there.history.touch[..., 0, 3].sum() > 0 == habit.history.touch[..., 0, 3].sum()


def test_comparing_helps_the_cheap_and_unknown() -> None:
    shares = {name: orders(only(name).run()) for name in ("habitual", "comparison")}
    assert shares["comparison"][1] / shares["comparison"].sum() > 1.5 * shares["habitual"][1] / shares["habitual"].sum()


def test_personalised_needs_go_to_brands_that_know_the_person() -> None:
    there = only("personalised", population__segments={"all": {"consent": 0.5}})
    there.run(5)
    before = knows(there, np.arange(there.size))
    placed = in_a_day(there)
    brand = there.w.offers["brand"][placed["offer"]]
    some = before[placed["consumer"]].any(axis=1)
    assert some.any() and knows(there, placed["consumer"])[np.arange(len(placed)), brand][some].all()


def test_a_durable_is_looked_for_once() -> None:
    there = only("comparison", more={"delay": 8.0}, category__kind="durable", category__need__rate=0.1).run()
    extra = there.history.extra
    assert extra["needs_abandoned"][:, 0].sum() > 0
    ended = extra["needs_answered"][:, 0].sum() + extra["needs_abandoned"][:, 0].sum()
    assert there.history.needs_segment.sum() == ended + extra["needs_in_progress"][-1, 0]
    assert there.w.bought.sum(axis=1).max() <= 2  # an earlier buyer of both brands owned two


def test_money_for_search_counts_on_how_many_search_in_their_mode() -> None:
    plain = world("modes", population__segments={"all": {}}, category__modes=None).media.searchers[0]
    everyone = only("comparison").media.searchers[0]
    assert everyone == pytest.approx(plain / 0.4, rel=1e-3)
    assert only("habitual").media.searchers[0] == 0.0


def test_a_copy_goes_on_alike_and_both_drivers_agree() -> None:
    there = world("modes").run(10)
    twin = there.copy().run(10)
    assert there.run(10).digest() == twin.digest()
    small = scenario("modes", population__size=150, calendar__days=14, calendar__warmup=2)
    fast, agents = (Ecosystem(small, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == agents.digest()


@pytest.mark.parametrize(
    ("modes", "segment", "told"),
    [
        ({}, {}, "category.modes: no buying mode is stated; expected at least one of: habitual, impulse"),
        ({"habitual": {"share": 0.0}}, {}, "category.modes.habitual.share: the shares add up to 0"),
        ({"comparision": {}}, {}, "unknown key 'comparision'; did you mean 'comparison'"),
        ({"personalised": {"appeal": 0.0}}, {}, "personalised.appeal: is 0, but among brands that know"),
        ({"habitual": {}}, {"impulse": 1.0}, "segments.all.modes.impulse: unknown buying mode 'impulse'"),
        (None, {"impulse": 1.0}, "segments.all.modes: there are no buying modes to share"),
    ],
)
def test_modes_that_make_no_sense_are_told(modes: Any, segment: dict[str, float], told: str) -> None:
    data: dict[str, Any] = {"name": "x", "brands": {"lumo": {}}, "category": {} if modes is None else {"modes": modes}}
    data["population"] = {"segments": {"all": {"modes": segment} if segment else {}}}
    with pytest.raises(ScenarioError, match=told):
        Scenario.from_dict(data)
