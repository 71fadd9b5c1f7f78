"""Changes and arms as data: what is refused, in which words, and what survives being written down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agorasim import Scenario
from agorasim.ecosystem.arms import Arm, check_arm
from agorasim.ecosystem.interventions import Change, check_change, only, scaled, shifted, with_policy, without
from agorasim.errors import InputError
from agorasim.scenario.catalogue import KINDS


@pytest.fixture(scope="module")
def coffee() -> Scenario:
    return Scenario.load("coffee_o2o")


def test_changes_and_arms_survive_being_written_down() -> None:
    changes = (
        without("store", "search", brand="lumo", reallocate=True, start=3, days=20),
        scaled("social", 1.5), shifted("content", -7, brand="rivo"),
        with_policy("fixed_plan", brand="rivo", plan={"search": 3.0}, every=7),
    )  # fmt: skip
    off = Arm("off", changes[:1], detail=True)
    arm = Arm("full", changes, (("population.segments", {"all": {"share": 1.0}}), ("a.b", [1, 2])), messages=off)
    again = Arm.from_spec(json.loads(json.dumps(arm.spec())))
    assert again == arm
    assert hash(again) == hash(arm)
    assert again.world_key() == Arm("other", *[getattr(arm, n) for n in ("changes", "overrides")], messages=off,
                                    detail=True).world_key()  # fmt: skip
    assert Arm("x", changes[:1]).world_key() != Arm("x", changes[:2]).world_key() != Arm("x", messages=off).world_key()


def test_equal_changes_are_equal_however_they_are_made() -> None:
    assert without("b", "a", brand="lumo") == Change("lumo", (("a", 0.0), ("b", 0)))
    assert only(["a"], among=["c", "b", "a"]) == without("b", "c")
    assert only(["a"], among=["a"]) == Change()
    assert scaled("a", 0) == without("a")
    with_a = with_policy("fixed_plan", brand="lumo", plan={"x": 1.0, "a": 2.0})
    assert with_a == Change("lumo", policy='{"plan": {"a": 2.0, "x": 1.0}, "name": "fixed_plan"}')
    assert str(without("store", brand="lumo")) == "lumo: without store"
    assert str(shifted("tv", -3)) == "tv 3 days earlier"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: without(), "names no channel"),
        (lambda: only(["d"], among=["a", "b"]), "unknown channel 'd'"),
        (lambda: scaled("a", -0.5), "from 0 to"),
        (lambda: scaled("a", float("nan")), "must be a number"),
        (lambda: shifted("a", 1.5), "must be a whole number"),
        (lambda: without("a", start=-1), "start must be"),
        (lambda: without("a", days=0), "days must be at least 1"),
        (lambda: Change(scale=(("a", 0.0), ("a", 1.0))), "more than one factor"),
        (lambda: Change(scale=(("a", 2.0),), reallocate=True), "frees none"),
        (lambda: Change(shift=(("a", 2),), start=3), "bound factors only"),
        (lambda: Change(policy='{"name": "fixed_plan"}'), "needs a brand"),
        (lambda: Change("lumo", policy="fixed_plan"), "written as JSON"),
        (lambda: Change.from_dict({"scales": []}), "did you mean 'scale'"),
        (lambda: Arm(""), "needs a label"),
        (lambda: Arm("x", decisions="hold"), "did you mean 'held'"),
        (lambda: Arm("x", (shifted("a", -1),), decisions="react"), "moved earlier only"),
        (lambda: Arm("x", overrides=(("a", object()),)), "plain values"),
        (lambda: Arm.from_spec({"label": "x", "change": []}), "did you mean 'changes'"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("serch"), "unknown channel 'serch'; did you mean 'search'"),
        (without("search", brand="lumi"), "did you mean 'lumo'"),
        (scaled("store", 0.5), "there or not"),
        (scaled("marketplace", 2.0, brand="lumo"), "factor must be 0 or 1"),
        (shifted("app", 3), "nothing to shift"),
        (without("search", start=152), "152 days are counted"),
        (with_policy("fixed_plam", brand="lumo"), "did you mean 'fixed_plan'"),
        (with_policy("fixed_plan", brand="lumo", plans={}), "did you mean 'plan'"),
        (with_policy("fixed_plan", brand="lumo", plan={"store": 1.0}), "takes no media money"),
        (with_policy("fixed_plan", brand="lumo", every=0, plan={}), "at least 1 day"),
    ],
)
def test_what_does_not_fit_the_scenario_is_refused(coffee: Scenario, change: Change, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_arm(Arm("x", (change,)), coffee)


def test_ads_alone_on_a_marketplace_can_be_scaled(coffee: Scenario) -> None:
    """A brand that neither sells nor is listed there has nothing but its ads to scale."""
    check_change(scaled("marketplace", 0.5, brand="terra"), coffee)
    check_change(scaled("store", 1.0), coffee)
    check_change(scaled("community", 0.25, brand="lumo"), coffee)


def test_every_kind_says_what_stops() -> None:
    for kind in KINDS.values():
        assert kind.stops
        assert ("media" in kind.stops) == kind.buys_media
        assert ("messages" in kind.stops) == (kind.members_only and not kind.visits)
        assert kind.without
    assert KINDS["search"].without == "spends nothing; organic results stay"
