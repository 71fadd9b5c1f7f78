"""Files that a scenario names stay under its folder, and a scenario's hash knows their contents, not their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agorasim.scenario import Scenario, ScenarioError, library, load, resolve_file, scenario_hash


def with_file(base: str, file: str) -> str:
    return base.replace("generator: {", f"file: {file} #{{")


@pytest.fixture
def team(tmp_path: Path, base: str) -> Path:
    """A team's folder with a graph in it, and a graph beside the folder."""
    folder = tmp_path / "team"
    (folder / "graphs").mkdir(parents=True)
    (folder / "graphs" / "g.txt").write_text("0 1\n")
    (tmp_path / "secret.txt").write_text("0 1\n")
    (folder / "s.yaml").write_text(with_file(base, "graphs/g.txt"), encoding="utf-8")
    return folder


def test_a_file_is_relative_to_the_scenario(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    scenario = load(team / "s.yaml")
    assert resolve_file(scenario, "graphs/g.txt").read_text() == "0 1\n"


@pytest.mark.parametrize("file", ["../secret.txt", "graphs/../../secret.txt", "link.txt", "linked/secret.txt", "{abs}"])
def test_no_way_out_of_the_folder_unless_allowed(team: Path, base: str, file: str) -> None:
    (team / "link.txt").symlink_to(team.parent / "secret.txt")
    (team / "linked").symlink_to(team.parent)
    file = file.format(abs=team.parent / "secret.txt")
    (team / "s.yaml").write_text(with_file(base, file), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"s\.yaml:25: .*outside the scenario's folder.*--allow-outside"):
        load(team / "s.yaml")
    scenario = load(team / "s.yaml", allow_outside=True)
    # What was allowed once stays allowed for what is made from it.
    assert scenario.with_overrides({"seed": 9}).social.layers["friends"].file == file


def test_what_is_outside_is_not_told_apart(team: Path, base: str) -> None:
    """A scenario cannot find out what else is on the machine."""
    told = set()
    for file in ("../secret.txt", "../nothing.txt", "../team2", ".."):
        (team / "s.yaml").write_text(with_file(base, file), encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            load(team / "s.yaml")
        told.add(caught.value.problems[0].message.replace(file, "FILE"))
    assert len(told) == 1


def test_a_folder_reached_through_a_link_is_the_same_folder(team: Path) -> None:
    other = team.parent / "shortcut"
    other.symlink_to(team)
    assert load(other / "s.yaml").name == "base"


def test_links_in_a_ring_and_devices(team: Path, base: str) -> None:
    (team / "a").symlink_to(team / "b")
    (team / "b").symlink_to(team / "a")
    (team / "s.yaml").write_text(with_file(base, "a"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"friends\.file"):
        load(team / "s.yaml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(team / "pipe")
        (team / "s.yaml").write_text(with_file(base, "pipe"), encoding="utf-8")
        with pytest.raises(ScenarioError, match="not a regular file"):
            load(team / "s.yaml")


def test_the_hash_knows_contents_and_not_places(team: Path) -> None:
    first = load(team / "s.yaml")
    moved = first.with_overrides({"social.layers.friends.file": str(team.parent / "secret.txt")}, allow_outside=True)
    assert scenario_hash(moved) == scenario_hash(first)
    assert scenario_hash(Scenario.from_dict(first.to_dict(), folder=team)) == scenario_hash(first)
    assert scenario_hash(first.with_overrides({"population.size": 501})) != scenario_hash(first)
    (team / "graphs" / "g.txt").write_text("0 2\n")
    assert scenario_hash(moved) != scenario_hash(first)


def test_a_bundled_scenario_goes_by_its_name(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "tea_shop.yaml").write_text(base, encoding="utf-8")
    monkeypatch.setattr(library, "folder", lambda: shelf)
    monkeypatch.chdir(tmp_path)
    assert library.names() == ["tea_shop"]
    assert load("tea_shop").name == "base"
    with pytest.raises(ScenarioError, match=r"did you mean 'tea_shop'"):
        load("teashop")
    # A folder of that name is no scenario; a file of that name is what the user means.
    (tmp_path / "tea_shop").mkdir()
    assert load("tea_shop").name == "base"


def test_every_bundled_scenario_is_valid() -> None:
    for name in library.names():
        assert load(name).name == name
