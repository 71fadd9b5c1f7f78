"""Stages of life: who is where and for how long, what changes with them, and who comes and goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from peopled import orders, scenario, world

from agorasim.ecosystem import Ecosystem, World
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

SMALL: dict[str, Any] = {
    "name": "small",
    "calendar": {"days": 60},
    "population": {"size": 3000},
    "touchpoints": {"site": {"kind": "own_site", "use": 0.3}},
    "category": {"need": {"rate": 0.2, "shape": 1.0}, "memory": {"awareness_decay": 0.0}},
    "brands": {
        name: {
            "initial": {"awareness": 0.5, "buyers": 0.3},
            "owns": {"site": 0.5},
            "sells": {"site": {"delivery_days": 2}},
        }
        for name in ("lumo", "rivo")
    },
}  # fmt: skip


def staged(stages: dict[str, Any], **more: Any) -> World:
    chain = {"stages": stages, **more}
    return World(Scenario.from_dict({**SMALL, "population": {"size": 3000, "life_stages": chain}}))


def stages_of(there: World) -> Any:
    found: Any = there.mechanism("life_stages")
    return found


@pytest.mark.parametrize("cv", [0.0, 0.8])
def test_a_chain_that_has_long_been_running_stays_as_it_is(cv: float) -> None:
    there = staged({"a": {"days": 10.0, "days_cv": cv, "next": "b"}, "b": {"days": 30.0, "days_cv": cv, "next": "out"}})
    stages = stages_of(there)
    shares = []
    for _ in range(40):
        shares.append(stages.people_in()["a"] / there.size)
        there.step()
    # Mean share 1/4; a person's stages on two days are correlated, so the bound is that of one day.
    assert np.abs(np.array(shares) - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / there.size) + 0.01 * (cv > 0)
    assert stages.people_in()["out"] == 0


def test_entrants_flow_at_the_rate_of_the_chain() -> None:
    there = staged({"a": {"days": 20.0, "next": "out"}}).run()
    entrants = there.history.extra["entrants"][:, 0].sum()
    # A life of 20 days each: one in twenty a day, less those who wait for a parcel.
    assert entrants == pytest.approx(3000 * 59 / 20, rel=0.08)
    assert there.history.extra["entrants"][:, 0].sum() == there.history.extra["entrants"][:, 1].sum()


def test_without_replacement_people_leave_for_good() -> None:
    there = staged({"a": {"days": 10.0, "next": "out"}}, replace=0.0).run(15)
    assert stages_of(there).people_in() == {"a": 0, "out": 3000}
    before = there.history.needs_segment[:15].sum()
    there.run()
    assert there.history.needs_segment.sum() == before > 0
    assert there.history.extra["customers_left"].sum() > 0


def test_newcomers_start_as_newcomers() -> None:
    there = staged({"a": {"days": 20.0, "next": "out"}})
    there.run(8)
    before = there.w.bought.copy()
    parcels = int((there.w.arrives >= 8).sum())
    stages = stages_of(there)
    first = np.flatnonzero((stages.columns["ends"] <= 8) & ~(there.w.arrives >= 8).any(axis=1))
    there.open_day()
    assert len(first) and (before[first] > 0).any()
    assert (there.w.bought[first] == 0).all() and (there.w.member[first] == 0).all()
    assert np.allclose(there.w.awareness[first], 0.5)
    assert int((there.w.arrives >= 8).sum()) == parcels  # every parcel finds who ordered it
    assert (stages.columns["ends"] > 8).all()


def test_needs_and_traits_follow_the_stage() -> None:
    there = staged({"a": {"need": 0.5, "price_sensitivity": 2.0}, "b": {"talk": 3.0}}, initial={"a": 1.0, "b": 1.0})
    plain = World(Scenario.from_dict({**SMALL, "population": {"size": 3000}}))
    a = stages_of(there).columns["stage"] == 0
    assert 1350 < a.sum() < 1650
    assert np.allclose(there.w.need_rate[a], 0.5 * plain.w.need_rate[a])
    assert (there.w.need_rate[~a] == plain.w.need_rate[~a]).all()
    assert (there.w.traits["price"][a] == 2.0).all() and (there.w.traits["price"][~a] == 1.0).all()
    assert (there.w.traits["talk"][~a] == 3.0).all()


def test_segments_have_their_own_start_entry_and_pace() -> None:
    there = world("life_stages")
    second = there.population.segment == 1
    stage = stages_of(there).columns["stage"]
    assert np.bincount(stage[second], minlength=4)[:4] / second.sum() == pytest.approx([0.2, 0.2, 0.3, 0.3], abs=0.08)
    quick = world("life_stages", population__segments__second_child__life_stages__pace=0.1).run()
    left = quick.history.extra["entrants"][:, 0].sum(axis=0)
    assert left[1] > left[0]


def test_fit_and_relevance_move_what_they_say() -> None:
    base = world("life_stages", population__life_stages__stages__newborn__fit={}).run()
    liked = world("life_stages", population__life_stages__stages__newborn__fit={"lumo": 3.0}).run()
    assert orders(liked)[0] > orders(base)[0] and orders(liked)[1] < orders(base)[1]
    fit = liked.history.extra["stage_fit"][:, 0] > base.history.extra["stage_fit"][:, 0]
    assert fit.all()
    loud = world("life_stages", population__life_stages__stages__newborn__relevance={"lumo": 6.0}).run()
    deaf = world("life_stages", population__life_stages__stages__newborn__relevance={"lumo": 0.0}).run()
    assert loud.w.awareness[:, 0].sum() > deaf.w.awareness[:, 0].sum()


def test_one_stage_for_good_changes_nothing() -> None:
    plain = World(Scenario.from_dict(SMALL)).run()
    still = staged({"a": {}}).run()
    assert (orders(plain) == orders(still)).all()
    assert plain.w.awareness.tobytes() == still.w.awareness.tobytes()
    assert not len(plain.w.appeal) and not len(plain.w.relevance)


def test_a_copy_goes_on_alike_and_both_drivers_agree() -> None:
    there = staged({"a": {"days": 6.0, "days_cv": 0.5, "next": "out", "price_sensitivity": 0.5}}).run(10)
    twin = there.copy()
    price = there.w.traits["price"].copy()
    twin.run(10)
    assert (there.w.traits["price"] == price).all()
    assert there.run(10).digest() == twin.digest()
    small = scenario("life_stages", population__size=150, calendar__days=12, calendar__warmup=2)
    fast, agents = (Ecosystem(small, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == agents.digest()


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ({"a": {"days": 5.0}}, "stages.a.days: the stage ends and leads nowhere; name the 'next' stage, or 'out'"),
        ({"a": {"next": "out"}}, "stages.a.next: the stage never ends"),
        ({"ab": {"days": 5.0, "next": "abc"}}, "stages.ab.next: unknown stage 'abc'; did you mean 'ab'"),
        ({"a": {"fit": {"lum": 1.0}}}, "stages.a.fit.lum: unknown brand 'lum'; did you mean 'lumo'"),
        ({"a": {"days": 5.0, "next": "a"}, "b": {}}, "stages.b: nobody ever comes to this stage"),
        ({"out": {}}, "stages.out: 'out' stands for leaving the category"),
    ],
)
def test_stages_that_make_no_sense_are_told(stages: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        staged(stages)


def test_a_segment_must_differ_from_something() -> None:
    alone = {**SMALL, "population": {"segments": {"a": {"life_stages": {"pace": 2.0}}}}}
    with pytest.raises(ScenarioError, match=r"segments\.a\.life_stages: there are no stages to differ from"):
        Scenario.from_dict(alone)
    with pytest.raises(ScenarioError, match="entry: unknown stage 'b'"):
        staged({"a": {}}, entry="b")
