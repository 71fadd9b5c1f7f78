"""Experiments inside the world: unbiased where people live apart, misled where they do not, the same however run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agorasim import Experiment, Results, Scenario
from agorasim.errors import InputError
from agorasim.experiment.answers import Answers

SMALL = {"population.size": 300, "calendar.days": 40, "calendar.warmup": 12, "calendar.cooldown": 6}


@pytest.fixture(scope="module")
def coffee() -> Scenario:
    return Scenario.load("coffee_o2o").with_overrides(SMALL)


@pytest.fixture(scope="module")
def lonely(coffee: Scenario) -> Scenario:
    """Nobody talks and nothing is scarce."""
    free = {f"touchpoints.{name}.cost.inventory": None for name, t in coffee.touchpoints.items() if t.cost.inventory}
    for name, place in coffee.places.items():
        free |= {f"places.{name}.{what}": None for what in ("stock", "capacity") if getattr(place, what) is not None}
    for name, brand in coffee.brands.items():
        free |= {f"brands.{name}.sells.{t}.stock": None for t, s in brand.sells.items() if s.stock is not None}
    return coffee.with_overrides({**free, "social.word_of_mouth": None})


@pytest.fixture(scope="module")
def talkative(coffee: Scenario) -> Scenario:
    """Friends live in tight circles and tell each other everything."""
    talk = {"transmit": 0.9, "recommend": 1.0, "pass_on": 0.1, "awareness": 0.6, "good": 0.3}
    circles = {"friends": {"generator": {"kind": "watts_strogatz", "degree": 6, "rewire": 0.02}}}
    changes = {f"social.word_of_mouth.{name}": value for name, value in talk.items()}
    return coffee.with_overrides({**changes, "social.layers": circles, "calendar.days": 50})


def rows(answers: Answers) -> dict[str, Any]:
    frame = answers.effects()
    return {row["estimand"]: row for _, row in frame[frame["estimand"] != "level"].iterrows()}


def test_a_test_where_people_live_apart_is_off_by_chance_alone(lonely: Scenario) -> None:
    """Interference is 0 in every replicate, with zero width; what is left of the bias has mean 0."""
    answers = Experiment.trial(lonely, "lumo", ["store"]).run(replications=6, progress=False)
    found = rows(answers)
    for unit in ("person", "cluster", "region"):
        passed = found[f"trial_interference_{unit}"]
        assert passed[["estimate", "low", "high"]].tolist() == pytest.approx([0.0] * 3, abs=1e-12)
        assert found[f"trial_bias_{unit}"]["low"] < 0.0 < found[f"trial_bias_{unit}"]["high"]
    assert "not touched by interference" in answers.words[1]
    assert answers.words[-1].startswith("Nothing passes")


def test_talk_misleads_a_test_by_person_and_clusters_mend_it(talkative: Scenario) -> None:
    """The untreated hear of what the treated bought, so the test by person finds too little."""
    answers = Experiment.trial(talkative, "lumo", "store", unit=("cluster", "person")).run(
        replications=8, progress=False
    )
    found = rows(answers)
    person, cluster = (found[f"trial_interference_{unit}"] for unit in ("person", "cluster"))
    assert person["high"] < 0.0 < found["trial_truth"]["low"]
    assert abs(cluster["estimate"]) < abs(person["estimate"])
    assert "finds too little by interference" in answers.words[1]
    assert answers.words[3].startswith("Of the bias by person: by cluster")


def test_rows_follow_from_the_single_tests(coffee: Scenario) -> None:
    answers = Experiment.trial(coffee, "lumo", ["store", "app"], seed=3).run(replications=4, progress=False)
    found, single = rows(answers), answers.frame("trials")
    assert len(single) == 12
    for unit, own in single.groupby("unit"):
        np.testing.assert_allclose(own["treated"] - own["untreated"], own["estimate"])
        np.testing.assert_allclose(own["estimate"] - own["truth"], own["bias"])
        assert (own["treated_consumers"] + own["untreated_consumers"] == 300).all()
        assert found[f"trial_estimate_{unit}"]["estimate"] == pytest.approx(own["estimate"].mean())
        assert found[f"trial_bias_{unit}"]["estimate"] == pytest.approx(own["bias"].mean())
        known = own["covers"].dropna()
        assert found[f"trial_coverage_{unit}"]["n_pairs"] == len(known)
    assert set(found["trial_truth"][["channels", "unit"]]) == {"app+store", "orders a consumer"}
    worlds = answers.frame("worlds")
    full, off = (worlds[(worlds["arm"] == arm) & (worlds["brand"] == "lumo")]["orders"] for arm in answers.arms[:2])
    assert found["trial_truth"]["estimate"] == pytest.approx((full.mean() - off.mean()) / 300)


def test_a_geo_test_measures_what_regions_have(coffee: Scenario) -> None:
    """A mean over consumers, and money; with named regions, the same ones in every replicate."""
    for outcome, unit in (("awareness", "share"), ("revenue", "CNY a consumer")):
        question = Experiment.trial(coffee, "lumo", "store", outcome, regions=["centre"])
        answers = question.run(replications=2, progress=False)
        assert [name for name in answers.arms if "trial" in name] == ["trial by region"]
        single = answers.frame("trials")
        assert single["treated_units"].tolist() == [1, 1] and single["untreated_units"].tolist() == [2, 2]
        assert single["covers"].isna().all()
        assert rows(answers)["trial_truth"]["unit"] == unit
        assert rows(answers)["trial_truth"]["estimate"] > 0.0


def test_resumption_is_of_no_account(coffee: Scenario, tmp_path: Path) -> None:
    question = Experiment.trial(coffee, "terra", "store", unit=["person", "cluster"])
    question.run(replications=4, out=tmp_path / "a", progress=False)
    question.run(replications=2, out=tmp_path / "b", progress=False)
    question.run(replications=4, out=tmp_path / "b", resume=True, progress=False)
    for name in ("worlds", "effects", "trials"):
        ours, theirs = ((tmp_path / out / "tables" / f"{name}.parquet").read_bytes() for out in "ab")
        assert ours == theirs
    loaded = Results.load(tmp_path / "a")
    assert isinstance(loaded, Answers)
    assert loaded.kind == "trial"
    assert loaded.settings["units"] == ["person", "cluster"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"brand": "lumi"}, "did you mean"),
        ({"channels": "serch"}, "did you mean"),
        ({"channels": []}, "at least one channel"),
        ({"brand": "rivo", "channels": "store"}, "is worth exactly nothing"),
        ({"unit": "persons"}, "did you mean"),
        ({"unit": []}, "at least one unit"),
        ({"share": 1.0}, "below 1"),
        ({"outcome": "revenue", "unit": "person"}, "not known by person"),
        ({"outcome": "profit"}, "not known of a part"),
        ({"outcome": "satisfaction"}, "not known of a part"),
        ({"regions": ["centre"], "unit": "person"}, "by region, not by person"),
        ({"regions": ["center"]}, "did you mean"),
    ],
)
def test_what_cannot_be_tested_is_said(coffee: Scenario, wrong: dict[str, Any], says: str) -> None:
    asked: dict[str, Any] = {"brand": "lumo", "channels": "store", **wrong}
    with pytest.raises(InputError, match=f"(?i){says}"):
        Experiment.trial(coffee, asked.pop("brand"), asked.pop("channels"), **asked)
