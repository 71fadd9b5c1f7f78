"""Segments: read from a table, learned from customers, described, and what descriptors and tastes move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from peopled import orders, scenario, world

from agorasim import learn_segments
from agorasim.behaviour.choice import offer_utility
from agorasim.behaviour.columns import ONLINE
from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.descriptors import shifted
from agorasim.errors import InputError
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

PLAIN: dict[str, Any] = {
    "name": "plain",
    "population": {"size": 4000, "segments": {"all": {}}},
    "touchpoints": {"social": {"kind": "social", "use": 0.5}, "store": {"kind": "store", "use": 0.3}},
    "brands": {"lumo": {}},
}


def peopled(**segment: Any) -> World:
    population = {"size": 4000, "segments": {"all": segment}}
    return World(Scenario.from_dict({**PLAIN, "population": population}))


# --- the table ------------------------------------------------------------------------------------------------------


def read(folder: Path, table: str, **more: Any) -> Scenario:
    (folder / "segments.csv").write_text(table, encoding="utf-8")
    population = {"segments_from": {"file": "segments.csv"}, **more}
    return Scenario.from_dict({**PLAIN, "population": population}, folder=folder)


def test_a_table_is_the_same_as_segments_in_the_file(tmp_path: Path) -> None:
    table = 'name,label,share,price_sensitivity_mean,use_social,age.mean\na,"A, b",2,1.5,0.7,30\nb,,1,,,\n'
    segments = {
        "a": {"label": "A, b", "share": 2.0, "price_sensitivity": 1.5, "use": {"social": 0.7}, "age": {"mean": 30.0}},
        "b": {"share": 1.0},
    }
    learned = read(tmp_path, table)
    assert learned == Scenario.from_dict({**PLAIN, "population": {"segments": segments}})
    assert Scenario.from_dict(learned.to_dict()) == learned
    assert learned.with_overrides({"population.segments.a.share": 1.0}).population.segments["a"].share == 1.0


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("name,share,price_sensitivty\na,1,1\n", "segments.csv:1: .*unknown column 'price_sensitivty'; did you mean"),
        ("name,need\na,1\n", "segments.csv:1: .*no column 'share'"),
        ("name,share,need\na,1,1\na,2,1\n", "segments.csv:3: .*'a' stands in the table twice"),
        ("name,share,need\na,1,1\n\nb,2,many\n", "segments.csv:4: .*not a number in column 'need' .got 'many'."),
        ("name,share,need\na,1\n", "segments.csv:2: .*2 fields; expected 3"),
        ("name,share,need\na,1,-1\n", r"segments.csv:2: population.segments.a.need: out of range \(got -1.0\)"),
        ("name,share,use_sozial\na,1,0.5\n", "segments.csv:2: .*unknown touchpoint 'sozial'; did you mean 'social'"),
        ("name,share\n", "segments.csv: .*no segments"),
    ],
)  # fmt: skip
def test_mistakes_in_a_table_are_told_at_their_line(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        read(tmp_path, table)


def test_a_table_outside_or_beside_segments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="not from both"):
        read(tmp_path, "name,share\na,1\n", segments={"b": {}})
    outside = {**PLAIN, "population": {"segments_from": {"file": "../other.csv"}}}
    with pytest.raises(ScenarioError, match="lies outside the scenario's folder"):
        Scenario.from_dict(outside, folder=tmp_path)


def test_a_table_given_later_displaces_segments(tmp_path: Path) -> None:
    first = read(tmp_path, "name,share\na,1\n")
    (tmp_path / "other.csv").write_text("name,share\nb,1\nc,2\n", encoding="utf-8")
    other = first.with_overrides({"population.segments_from.file": "other.csv"})
    assert list(other.population.segments) == ["b", "c"]


def test_learned_segments_find_the_groups_that_there_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    young = rng.random(500) < 0.3
    customers = {
        "age": np.where(young, 25.0, 55.0) + rng.normal(0, 3, 500),
        "price_sensitivity": np.where(young, 30.0, 10.0) + rng.normal(0, 1, 500),
        "use.social": np.where(young, 0.8, 0.2),
    }
    learned = learn_segments(customers, 2)
    assert learned["share"].to_numpy() == pytest.approx([1 - young.mean(), young.mean()])
    assert learned["age.mean"].to_numpy() == pytest.approx([55.0, 25.0], abs=0.6)
    assert (learned["price_sensitivity"] * learned["share"]).sum() == pytest.approx(1.0)
    assert learn_segments(customers, 2).equals(learned)
    read(tmp_path, learned.to_csv(index=False))
    with pytest.raises(InputError, match="unknown column 'aeg'; did you mean 'age'"):
        learn_segments({"aeg": [1.0]}, 1)
    with pytest.raises(InputError, match="cannot make 3 segments of 2 customers"):
        learn_segments({"age": [1.0, 2.0]}, 3)
    with pytest.raises(InputError, match="column 'age', customer 2: expected a finite number"):
        learn_segments({"age": [1.0, None]}, 1)


# --- descriptors ----------------------------------------------------------------------------------------------------


def test_descriptors_have_the_moments_that_they_state() -> None:
    there = peopled(
        age={"mean": 35.0, "sd": 8.0}, income={"mean": 1.2, "cv": 0.5}, household={"mean": 2.0},
        variety_seeking={"mean": 0.3, "sd": 0.2}, channel={"mean": 0.1, "sd": 0.2},
    ).population.described  # fmt: skip
    for name, mean, sd in (
        ("age", 35.0, 8.0), ("income", 1.2, 0.6), ("household", 2.0, 1.0), ("variety_seeking", 0.3, 0.2),
        ("channel", 0.1, 0.2),
    ):  # fmt: skip
        assert there[name].mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(4000))
        assert there[name].std() == pytest.approx(sd, rel=0.08)
    assert (there["household"] >= 1).all()


def test_demographics_move_behaviour_by_the_stated_formulas() -> None:
    plain = peopled(price_sensitivity_cv=0.3).population
    people = peopled(
        price_sensitivity_cv=0.3, age={"mean": 50.0, "sd": 0.0}, income={"mean": 2.0, "cv": 0.0},
        household={"mean": 1.0}, channel={"mean": -0.5},
    ).population  # fmt: skip
    how = Scenario.from_dict(PLAIN).population.responses
    assert np.allclose(people.traits["price"], plain.traits["price"] / 2.0**how.income_price, rtol=1e-6)
    assert np.allclose(people.need_rate, plain.need_rate * (1.0 / 2.5) ** how.household_need, rtol=1e-6)
    online = shifted(np.array([0.5]), np.array([how.age_online - 0.5 * how.channel_use]))[0]
    offline = shifted(np.array([0.3]), np.array([0.5 * how.channel_use]))[0]
    assert np.allclose(people.use[0], online) and np.allclose(people.use[1], offline)
    assert shifted(np.array([0.0, 1.0]), np.array([3.0, -3.0])).tolist() == [0.0, 1.0]


def test_descriptors_without_a_response_change_nothing() -> None:
    stated = {"age": {"mean": 60.0}, "income": {"cv": 1.0}, "household": {"mean": 4.0}, "channel": {"mean": 0.5}}
    none = dict.fromkeys(("age_online", "income_price", "household_need", "channel_use", "channel_utility"), 0.0)
    off = world("segments", population__segments={"all": {}}).run()
    null = world("segments", population__segments={"all": stated}, population__responses=none).run()
    tastes = {name: {"mean": 0.0} for name in ("innovativeness", "variety_seeking", "quality_consciousness")}
    indifferent = world("segments", population__segments={"all": tastes}).run()
    assert (orders(off) == orders(null)).all() and (orders(off) == orders(indifferent)).all()
    assert off.mechanisms == [] and not off.population.described


# --- tastes and channel ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taste", "brand"), [("innovativeness", 1), ("quality_consciousness", 2), ("channel", 1)]
)  # fmt: skip
def test_a_taste_moves_orders_to_what_it_likes(taste: str, brand: int) -> None:
    new = {"brands__lumo__initial__buyers": 1.0, "brands__terra__initial__buyers": 1.0}
    some = world("segments", population__segments={"all": {taste: {"mean": 0.0}}}, **new).run()
    much = world("segments", population__segments={"all": {taste: {"mean": 1.0}}}, **new).run()
    assert orders(much)[brand] > 1.1 * orders(some)[brand]


def test_variety_seekers_switch_and_are_counted() -> None:
    def switching(mean: float) -> float:
        done = world("segments", population__segments={"all": {"variety_seeking": {"mean": mean}}}).run()
        return float(done.history.extra["switches"].sum() / orders(done).sum())

    assert switching(-1.5) < switching(0.0) - 0.05 < switching(1.5) - 0.1


def test_a_preference_adds_to_places_of_its_kind_and_takes_from_the_others() -> None:
    here = world("segments", population__segments={"all": {"channel": {"mean": 0.6}}})
    plain = world("segments", population__segments={"all": {"channel": {"mean": 0.0}}})
    assert np.allclose(here.w.lean, 0.3) and not plain.w.lean.any()
    for o, offer in enumerate(here.w.offers):
        moved = offer_utility(here.w, 3, o) - offer_utility(plain.w, 3, o)
        assert moved == pytest.approx(0.3 if offer["channel"] == ONLINE else -0.3, abs=1e-6)


def test_both_drivers_agree() -> None:
    small = scenario("segments", population__size=150, calendar__days=12, calendar__warmup=2)
    fast, agents = (Ecosystem(small, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == agents.digest()
