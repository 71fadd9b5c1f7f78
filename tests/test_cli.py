"""The command line: help, exit codes, messages, and what the small commands print."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]
COMMANDS = ("run", "trial", "experiment", "sweep", "sensitivity", "optimise", "calibrate", "report", "explain", "trace",
            "validate", "list", "new", "schema")  # fmt: skip
#: A bundled scenario made tiny.
TINY = ("--set", "population.size=60", "--set", "calendar.days=12", "--set", "calendar.warmup=2",
        "--set", "calendar.cooldown=2")  # fmt: skip


def test_help_names_every_command(agorasim: Call) -> None:
    code, out, err = agorasim("--help")
    assert (code, err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^\W*{command}\b", out, flags=re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(agorasim: Call, command: str) -> None:
    code, out, _ = agorasim(command, "--help")
    assert code == 0
    assert f"agorasim {command} " in out.partition("Usage:")[2].partition("\n")[2]


def test_no_words_at_all_show_the_help(agorasim: Call) -> None:
    _, out, err = agorasim()
    assert "Usage: agorasim" in out + err


def test_a_terminal_that_lacks_characters_shows_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agorasim.cli import main

    (tmp_path / "tea.yaml").write_text(
        "schema_version: 1\nname: tea\ndescription: 茶 ± x\npopulation: {size: 20}\ncalendar: {days: 4}\n"
        "touchpoints: {web: {kind: search}}\nbrands: {a: {}}\n",
        encoding="utf-8",
    )
    screen = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="ascii"))
        assert main(["explain", str(tmp_path / "tea.yaml")]) == 0
        sys.stdout.flush()
        assert b"? ? x" in screen.getvalue()


@pytest.mark.parametrize("width", [10, 40, 60])
def test_no_figure_is_lost_on_a_narrow_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agorasim.cli.console import table

    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    table(
        ["", "as is", "cheap less as is", "dear less as is"],
        [["profit, CNY", "-107,505 ± 3,009", "2,094 ± 2,647", "1,286 ± 2,868"], ["new_customers, consumers", *"123"]],
        numbers_from=1,
    )
    printed = capsys.readouterr().out
    for word in ("-107,505", "3,009", "2,094", "2,647", "1,286", "2,868", "new_customers, consumers"):
        assert word in printed


def test_version_is_the_package_version(agorasim: Call) -> None:
    from agorasim import __version__

    assert agorasim("--version") == (0, f"agorasim {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "Did you mean 'run'"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "coffee_o2o", "--replications", "0"], "replications"),
        (["run", "coffee_o2o", "--jobs", "none"], "jobs"),
        (["list", "metric"], "did you mean 'metrics'?"),
        (["list", "weather"], "expected one of: mechanisms, metrics, policies, scenarios, touchpoints"),
        (["new", "polcy", "mine"], "did you mean 'policy'?"),
        (["new", "policy", "class"], "'class' is a word of Python"),
        (["new", "policy", "fixed_plan"], "'fixed_plan' is a policy already"),
        (["new", "scenario", "../mine"], "cannot be a name"),
        (["validate", "coffee_o2p"], "did you mean 'coffee_o2o'?"),
        (["validate", "no/such/file.yaml"], "no/such/file.yaml"),
        (["validate", "coffee_o2o", "--set", "population.sise=3"], "did you mean"),
        (["validate", "coffee_o2o", "--set", "population.size"], "population.size"),
        (["run", "coffee_o2o", "--set", "population.size=-3"], "population.size"),
        (["trace", "coffee_o2o", "--consumer", "60", *TINY], "60"),
        (["report", "no/such/results"], "no/such/results"),
        (["schema", "--out", "no/such/folder/schema.json"], "cannot write"),
    ],
)
def test_wrong_input_is_one_message_and_code_2(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    """One message on stderr, no traceback, nothing on stdout, no file left behind."""
    monkeypatch.chdir(tmp_path)
    code, out, err = agorasim(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert err.count("error:") + err.count("Error") == 1
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_stored_are_code_1(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agorasim.errors import StorageError

    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("agorasim.experiment.runner.run_replications", full)
    code, _, err = agorasim("run", "coffee_o2o", "--out", str(tmp_path / "out"))
    assert (code, err) == (1, "error: the disk is full\n")


def test_an_interrupt_anywhere_is_code_130(agorasim: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("agorasim.cli.options.load", interrupted)
    assert agorasim("explain", "coffee_o2o")[0] == 130


def test_a_closed_pipe_is_no_traceback() -> None:
    """`agorasim list metrics | head -1` stops quietly."""
    command = f"{sys.executable} -m agorasim list metrics | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


# --- list, schema, validate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "some"),
    [
        ("scenarios", ["coffee_o2o", "durable_launch"]),
        ("policies", ["fixed_plan", "match_share_of_voice", "reallocate_by_roi"]),
        ("touchpoints", ["search", "store", "buys media", "sells"]),
        ("metrics", ["revenue", "awareness", "satisfaction"]),
        ("mechanisms", ["cascade", "category.choice"]),
    ],
)
def test_lists(agorasim: Call, subject: str, some: list[str]) -> None:
    code, out, err = agorasim("list", subject)
    assert (code, err) == (0, "")
    for word in some:
        assert word in out


def test_listed_mechanisms_name_keys_that_exist() -> None:
    """Every `a.b.*.c` of the list is a path in the scenario's models."""
    from agorasim.cli.catalogue import MECHANISMS
    from agorasim.scenario.schema import Scenario

    schema = Scenario.model_json_schema()

    def step(node: dict[str, object], key: str) -> dict[str, object]:
        options = [node, *node.get("anyOf", [])]  # type: ignore[misc]
        for option in options:
            while "$ref" in option:
                option = schema["$defs"][option["$ref"].rpartition("/")[2]]
            if key == "*" and "patternProperties" in option:
                return next(iter(option["patternProperties"].values()))  # type: ignore[no-any-return]
            if key in option.get("properties", {}):
                return option["properties"][key]  # type: ignore[no-any-return]
        raise AssertionError(f"{key} is not among {node}")

    for _, path, _ in MECHANISMS:
        node: dict[str, object] = schema
        for key in path.split("."):
            node = step(node, key)


def test_schema_prints_and_writes_the_same(agorasim: Call, tmp_path: Path) -> None:
    code, out, _ = agorasim("schema")
    assert code == 0
    assert "properties" in json.loads(out)
    target = tmp_path / "schema.json"
    assert agorasim("schema", "--out", str(target))[0] == 0
    assert target.read_text(encoding="utf-8") == out


def test_validate_reports_every_file(agorasim: Call, tmp_path: Path) -> None:
    """Good files are named as good even when another is bad."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema_version: 1\nname: bad\npopulation: {sise: 3}\nbrands: {a: {}}\n", encoding="utf-8")
    code, out, err = agorasim("validate", "coffee_o2o", str(bad), "durable_launch")
    assert code == 2
    assert out.count("valid (") == 2
    assert f"{bad}:3" in err and "'size'" in err
