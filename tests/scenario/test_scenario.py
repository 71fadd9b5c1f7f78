"""A scenario goes round through plain data, pickles, the schema file and warnings."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agorasim.brands import BrandAction, BrandView, Policy
from agorasim.brands.registry import _registered, register
from agorasim.scenario import Scenario, ScenarioError, loads, scenario_hash, schema_text, warnings
from agorasim.scenario.yamltext import parse

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
SHARES = st.floats(0, 1)
LABELS = st.text(st.characters(exclude_categories=["C"]), max_size=8)


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of small scenarios."""
    segments = st.fixed_dictionaries({"share": st.floats(0.01, 9)}, optional={"label": LABELS, "consent": SHARES})
    product = st.fixed_dictionaries({}, optional={"price": st.integers(0, 99), "quality": st.floats(-5, 5)})
    brand = st.fixed_dictionaries({}, optional={"label": LABELS, "product": product, "budget": st.floats(0, 1e9)})
    return {
        "name": draw(NAMES),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "description": draw(LABELS),
        "population": {"segments": draw(st.dictionaries(NAMES, segments, min_size=1, max_size=3))},
        "brands": draw(st.dictionaries(NAMES, brand, min_size=1, max_size=3)),
    }


@settings(max_examples=20, deadline=None)
@given(scenarios())
def test_plain_data_goes_round(data: dict[str, Any]) -> None:
    made = Scenario.from_dict(data)
    again = Scenario.from_dict(made.to_dict())
    assert again == made
    assert scenario_hash(again) == scenario_hash(made)
    # JSON is YAML: what one program writes another reads as a scenario file.
    assert loads(json.dumps(made.to_dict(), ensure_ascii=False)) == made
    assert made.with_overrides({}) == made


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60) | st.text(st.sampled_from("a:-[]{}&*!<\"'#|>\n \t%@`,?1"), max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever the text, the outcome is data or problems in words."""
    document = parse(text)
    assert document.whole or document.problems
    assert all(problem.line is None or problem.line >= 1 for problem in document.problems)
    with pytest.raises(ScenarioError):
        loads(text)


def test_copies_keep_where_files_are(base: str, tmp_path: Path) -> None:
    made = loads(base, folder=tmp_path, allow_outside=True)
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), made.with_overrides({})):
        assert other == made
        assert (other._folder, other._allow_outside) == (tmp_path, True)


def test_the_error_survives_a_worker(base: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(base.replace("seed: 3", "sead: 3"), source="x.yaml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)


@pytest.mark.parametrize(
    ("data", "fragment"),
    [
        ([], "not a scenario (got a list of 0)"),
        ({"name": "x"}, "the scenario: brands: missing"),
        ({"name": "x", "brands": {"a": {"budget": float("inf")}}}, "brands.a.budget: not a finite number (got inf)"),
        ({"name": "x", "brands": {"a": {"label": object()}}}, "brands.a.label: wrong type (got a object)"),
        ({"name": "x", "brands": {1: {}}}, "brands: a key must be text (got 1)"),
        ({"name": "x", "seed": 10**5000, "brands": {"a": {}}}, "seed: out of range (got a very large number)"),
        ({"name": "x", "brands": {"a": {"label": "\ud800"}}}, "not valid Unicode"),
    ],
)
def test_plain_data_is_checked_like_a_file(data: Any, fragment: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_dict(data)
    assert fragment in str(caught.value)


def test_data_inside_itself_is_refused() -> None:
    data: dict[str, Any] = {"name": "x", "brands": {"a": {}}}
    data["brands"]["a"]["policy"] = data
    with pytest.raises(ScenarioError, match="nested more than 64 levels"):
        Scenario.from_dict(data)


def test_the_schema_file_is_the_generated_one(project: Path) -> None:
    """Write it anew with: agorasim schema --out scenarios/schema.json"""
    assert (project / "scenarios" / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_names_its_dialect_and_every_key(base: str) -> None:
    schema = json.loads(schema_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert set(schema["properties"]) == set(loads(base).to_dict())
    assert schema["additionalProperties"] is False


def test_the_schema_is_equal_in_another_process() -> None:
    code = "import sys; from agorasim.scenario import schema_text; sys.stdout.buffer.write(schema_text().encode())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode() == schema_text()


def test_a_registered_policy_brings_its_own_settings(base: str) -> None:
    class Loud(Policy):
        name = "loud"
        description = "Spends it all in one place."

        class Settings(Policy.Settings):
            place: str = "social"

        settings: Settings

        def touchpoints(self) -> set[str]:
            return {self.settings.place}

        def decide(self, view: BrandView) -> BrandAction:
            return BrandAction({self.settings.place: view.budget})

    text = base.replace("{name: fixed_plan, plan: {search: 40, social: 50}}", "{name: loud, place: store}")
    with pytest.raises(ScenarioError, match="unknown policy 'loud'"):
        loads(text)
    register(Loud)
    try:
        with pytest.raises(ScenarioError, match=r":47: brands\.alfa\.policy\.place: .*takes no media money"):
            loads(text)
        assert loads(text.replace("place: store", "place: search")).brands["alfa"].policy.name == "loud"
    finally:
        del _registered["loud"]


ODD = {
    "price: 9}": ("price: 0}", "brands.beta.product.price: is 0"),
    "price: 10,": ("price: 3,", "brands.alfa.product.unit_cost: 4 is above the price"),
    "budget: 100": ("budget: 0", "brands.alfa.budget: is 0 a day, less than the plan's 90"),
    "rate: 0.1": ("rate: 30", "category.need.rate: is 30 needs a person and day"),
    "{kind: search,": ("{kind: search, click_rate: 0,", "touchpoints.search.click_rate: is 0 where clicks are paid"),
    "social: {kind: social}": ("social: {kind: social, use: 0}", ""),
    "closed: [6]": ("closed: [0, 1, 2, 3, 4, 5, 6]", "places.corner.closed: names all seven weekdays"),
    "start: 2026-02-01": ("start: 2027-02-01", "calendar.festivals.big: never happens"),
    "size: 500": ("size: 5", "social.layers.friends.generator: asks for 6 ties a person among 5 people"),
    "site: {delivery_days: 2}": ("{}", "brands.beta: is sold nowhere"),
    "store: true": ("site: true", "brands.alfa.avoidable.site: has no effect without a fixed cost"),
}


def test_a_sound_scenario_has_no_warnings(base: str) -> None:
    assert warnings(loads(base)) == []


@pytest.mark.parametrize("old", ODD)
def test_what_is_odd_is_said_and_not_refused(base: str, old: str) -> None:
    new, sentence = ODD[old]
    found = warnings(loads(base.replace(old, new, 1)))
    assert [words.startswith(sentence) for words in found] == ([True] if sentence else [])


def test_reading_waits_for_nothing_heavy(base: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(base, encoding="utf-8")
    code = (
        "import sys; from agorasim import Scenario; Scenario.load(sys.argv[1]); "
        "print(sorted({'numba', 'mesa', 'pandas', 'scipy', 'matplotlib', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x.yaml"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
