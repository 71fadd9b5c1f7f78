"""Dotted paths change a scenario as the same words in its file would, and wrong ones are named by their path."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agorasim.errors import InputError
from agorasim.scenario import Scenario, ScenarioError, loads, parse_set, parse_sets


@pytest.fixture
def scenario(base: str, tmp_path: Path) -> Scenario:
    (tmp_path / "g.txt").write_text("0 1\n")
    return loads(base, folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("population.size", 5000, "size: 500", "size: 5000"),
        ("calendar.weekday.6", 2, "1.5, 1.5]", "1.5, 2]"),
        ("brands.beta.policy.share", 0.4, "share: 0.3", "share: 0.4"),
        ("brands.alfa.policy.plan.search", 0, "search: 40", "search: 0"),
        ("population.segments.old.use", {"search": 0.1}, "{share: 0.6}", "{share: 0.6, use: {search: 0.1}}"),
        ("population.segments.young.use.search", 0.1, "use: {social: 0.8}", "use: {social: 0.8, search: 0.1}"),
        ("touchpoints.fair.dates.2026-03-01", 4, "2026-02-01: 2}", "2026-02-01: 2, 2026-03-01: 4}"),
        ("brands.alfa.sells", {"site": {}}, "budget: 100", "budget: 100\n    sells: {site: {}}"),
        ("brands.alfa.sells.site", {}, "budget: 100", "budget: 100\n    sells: {site: {}}"),
        ("places.corner.stock", None, "stock: 50, ", ""),
        ("calendar.festivals.big", None, "    big: {start: 2026-02-01, days: 3, need: 2}\n", "    {}\n"),
        ("calendar.days", None, "days: 60", "days: 180"),
        ("social.word_of_mouth", None, "  word_of_mouth: {rule: cascade, transmit: 0.2}\n", ""),
        ("population", {"size": 3}, "", ""),
    ],
)
def test_an_override_is_what_the_file_would_say(
    scenario: Scenario, base: str, path: str, value: Any, old: str, new: str
) -> None:
    before = scenario.to_dict()
    changed = scenario.with_overrides({path: value})
    if old:
        assert changed == loads(base.replace(old, new, 1), folder=scenario._folder)
    assert changed.to_dict()[path.split(".")[0]] != before[path.split(".")[0]]
    assert scenario.to_dict() == before


def test_nothing_overridden_is_the_same_scenario(scenario: Scenario) -> None:
    assert scenario.with_overrides({}) == scenario


def test_a_part_that_is_off_comes_to_life(scenario: Scenario) -> None:
    silent = scenario.with_overrides({"social.word_of_mouth": None})
    talk = silent.with_overrides({"social.word_of_mouth.transmit": 0.4}).social.word_of_mouth
    assert talk is not None
    assert talk.transmit == 0.4


def test_file_and_generator_displace_each_other(scenario: Scenario) -> None:
    at = "social.layers.friends"
    filed = scenario.with_overrides({f"{at}.file": "g.txt"})
    assert filed.social.layers["friends"].generator is None
    for again in ({f"{at}.generator": {"kind": "erdos_renyi"}}, {f"{at}.generator.kind": "erdos_renyi"}):
        assert filed.with_overrides(again).social.layers["friends"].file is None
    with pytest.raises(ScenarioError, match="exactly one of"):
        scenario.with_overrides({f"{at}.file": "g.txt", f"{at}.generator.kind": "erdos_renyi"})


def test_another_choice_drops_what_only_the_former_knew(scenario: Scenario) -> None:
    at = "social.layers.friends.generator"
    # The order in which changes are written does not matter.
    made = scenario.with_overrides({f"{at}.links": 3, f"{at}.kind": "barabasi_albert"}).to_dict()
    assert made["social"]["layers"]["friends"]["generator"] == {"kind": "barabasi_albert", "links": 3}
    kept = scenario.with_overrides({f"{at}.kind": "erdos_renyi"}).to_dict()
    assert kept["social"]["layers"]["friends"]["generator"] == {"kind": "erdos_renyi", "degree": 6}
    policy = scenario.with_overrides({"brands.alfa.policy.name": "reallocate_by_roi"}).brands["alfa"].policy
    assert policy.model_extra == {"plan": {"search": 40, "social": 50}}
    assert scenario.with_overrides({"touchpoints.social.kind": "tv"}).touchpoints["social"].use == 0.5


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("population.siz", 3, "--set population.siz=3: unknown key 'siz'; did you mean 'size'?"),
        ("popluation.size", 3, "--set popluation.size=3: unknown key 'popluation'; did you mean 'population'?"),
        ("brands.alpha.budget", 3, "--set brands.alpha.budget=3: unknown brand 'alpha'; did you mean 'alfa'? (a new"),
        ("calendar.weekday.7", 3, "calendar.weekday is a list; expected a position from 0 to 6"),
        ("calendar.weekday.-1", 3, "calendar.weekday is a list; expected a position from 0 to 6"),
        ("seed.x", 3, "seed is 3 and has nothing below it"),
        (
            "population.size",
            "lots",
            "--set population.size=lots: wrong type (got 'lots'); expected a whole number from",
        ),
        ("population.size", -1, "--set population.size=-1: out of range (got -1)"),
        ("population.size", float("nan"), "--set population.size=nan: not a finite number"),
        ("population.size", object(), "expected plain values"),
        ("population.segments.old.use.serch", 0.1, "old.use.serch=0.1: unknown touchpoint 'serch'; did you mean"),
        ("population.regions.town", {"raduis": 1}, "={...}: population.regions.town.raduis: unknown key 'raduis'"),
        ("brands.beta.policy.shar", 1, "--set brands.beta.policy.shar=1: unknown key 'shar'; did you mean 'share'?"),
        ("brands.alfa.policy.name", "fixd_plan", "unknown policy 'fixd_plan'; did you mean 'fixed_plan'?"),
        ("name", None, "--set name=null: missing; expected a name"),
        ("social.layers.friends.generator", None, "friends: give exactly one of"),
        ("touchpoints.site", None, "brands.beta.sells.site: unknown touchpoint 'site'"),
        ("social.layers.friends.file", "../x", "--set social.layers.friends.file=../x: lies outside"),
        ("schema_version", 2, "--set schema_version=2: newer than this program reads"),
        ("a..b", 1, "'a..b' is not a path"),
        ("", 1, "'' is not a path"),
    ],
)
def test_wrong_changes_are_named_by_their_path(scenario: Scenario, path: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario.with_overrides({path: value})
    assert message in str(caught.value)
    assert ":None:" not in str(caught.value)


def test_all_wrong_changes_at_once(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.with_overrides(
            {"population.size": "lots", "brands.beta.budget": -1, "seed": 4, "outcomes.primary": "x"}
        )
    assert [p.where for p in caught.value.problems] == [
        "--set brands.beta.budget=-1",
        "--set outcomes.primary=x",
        "--set population.size=lots",
    ]


def test_values_of_other_libraries_are_plain_values(scenario: Scenario) -> None:
    made = scenario.with_overrides(
        {
            "population.size": np.int64(7),
            "category.need.rate": np.float64(0.2),
            "calendar.weekday": np.ones(7),
            "calendar.start": datetime.date(2026, 5, 5),
            "social.layers.friends.file": Path("g.txt"),
            "brands.beta.product": scenario.brands["alfa"].product,
            "places.corner.closed": (0, 1),
        }
    )
    assert (made.population.size, made.calendar.start, made.places["corner"].closed) == (7, "2026-05-05", [0, 1])
    assert Scenario.from_dict(made.to_dict(), folder=scenario._folder) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=5000", ("a.b", 5000)),
        ("a=1e3", ("a", 1000.0)),
        ("a=no", ("a", "no")),
        ("a= x ", ("a", "x")),
        ("a=x=y", ("a", "x=y")),
        ("a=2026-01-01", ("a", "2026-01-01")),
        ("a=[1, {b: true}]", ("a", [1, {"b": True}])),
        ("a=null", ("a", None)),
        ("a=''", ("a", "")),
        ("a=咖啡", ("a", "咖啡")),
    ],
)
def test_a_value_on_the_command_line_is_yaml(text: str, expected: tuple[str, Any]) -> None:
    assert parse_set(text) == expected


@pytest.mark.parametrize("text", ["a", "=3", "a=", "a..b=3", "a b=3", "a=[1", "a=*x", "a=!!python/name:os.system x"])
def test_wrong_forms_are_refused_in_words(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_set(text)
    assert str(caught.value).isprintable()


def test_files_on_the_command_line_start_where_it_runs(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path / "g.txt")
    for text in (
        "social.layers.friends.file=g.txt",
        "social.layers.friends={file: g.txt}",
        "social.layers={friends: {file: g.txt}}",
        "social={layers: {friends: {file: ./x/../g.txt}}}",
    ):
        changes = parse_sets([text, "brands.alfa.label=g.txt", "seed=1", "seed=2"])
        made = scenario.with_overrides(changes)
        assert (made.social.layers["friends"].file, made.brands["alfa"].label, made.seed) == (here, "g.txt", 2)
    assert parse_set("social.layers.friends.file=g.txt") == ("social.layers.friends.file", "g.txt")
