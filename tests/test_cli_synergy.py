"""`agorasim synergy` and `agorasim compare` as a team uses them: small markets, whole commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agorasim import Experiment, Results, Scenario

Call = Callable[..., tuple[int, str, str]]
SMALL = {"population.size": 300, "calendar.days": 40, "calendar.warmup": 10}
SET = tuple(word for path, value in SMALL.items() for word in ("--set", f"{path}={value}"))
SYNERGY = ("synergy", "coffee_o2o", "--brand", "lumo", "--channels", "search,store", "--jobs", "1", *SET)


def test_synergy_from_the_command_line_and_from_python(agorasim: Call, tmp_path: Path) -> None:
    """The answer in words first, a table, a page; Python gives the same bytes; the folder can be read."""
    out = tmp_path / "out"
    code, printed, err = agorasim(*SYNERGY, "-n", "3", "--outcome", "orders", "--out", str(out))
    assert code == 0, err
    first = printed.splitlines()[0]
    assert first.startswith("Together search and store add ") and "lumo's orders" in first
    for word in ("Shapley value, orders", "carried by word of mouth", "ROAS", "marginal ROAS", "search + store", "±"):
        assert word in printed
    assert "2 channels: 10 worlds a replication, 3 replications: 30 worlds" in err
    assert str(out / "report.html") in printed and (out / "report.html").is_file()

    scenario = Scenario.load("coffee_o2o").with_overrides(SMALL)
    question = Experiment.synergy(scenario, "lumo", ["search", "store"], outcome="orders")
    found = question.run(replications=3, out=tmp_path / "python", progress=False)
    for name in ("effects", "worlds"):
        path = Path("tables") / f"{name}.parquet"
        assert (out / path).read_bytes() == (tmp_path / "python" / path).read_bytes()
    assert found.words[0] == first
    loaded = Results.load(out)
    assert len(loaded.frame("kpis", by="touchpoint", brand="lumo", metrics="spend"))
    assert set(loaded.frame("effects")["n_pairs"]) <= {2, 3}


def test_precision_that_cannot_be_reached_is_said_first_and_results_are_kept(agorasim: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tiny = ("--set", "population.size=100", "--set", "calendar.days=20", "--set", "calendar.warmup=5")
    words = (*SYNERGY, *tiny, "--split", "none", "--no-report", "--out", str(out))
    code, printed, err = agorasim(*words, "--precision", "0.0001", "--max-replications", "20")
    assert code == 0, err
    assert printed.startswith("Precision NOT reached")
    assert "--max-replications" in printed and "more worlds" in printed
    assert json.loads((out / "manifest.json").read_text())["status"] == "finished"
    again = (*words, "-q", "-n", "20")
    assert agorasim(*again)[0] == 2
    assert agorasim(*again, "--resume") == (0, f"tables  {out / 'tables'}\n", "")


def test_compare_from_the_command_line(agorasim: Call, tmp_path: Path) -> None:
    words = ("compare", "coffee_o2o", "-b", "lumo", "--jobs", "1", "-n", "2", *SET)
    code, printed, err = agorasim(
        *words, "--variant", "cheap:brands.lumo.product.price=15", "--variant", "cheap:brands.lumo.budget=950",
        "--outcome", "needs", "--out", str(tmp_path / "a"),
    )  # fmt: skip
    assert code == 0, err
    assert printed.startswith("No world differs from as is: every difference in the category's needs is exactly 0.")
    assert "\n needs " in printed
    assert "cheap less as is" in printed and "orders" in printed and (tmp_path / "a" / "report.html").is_file()
    code, printed, err = agorasim(
        *words, "--policy", "fixed_plan", "--policy", "fixed_plan:plan.search=0,plan.social=0", "--no-report",
        "--out", str(tmp_path / "b"),
    )  # fmt: skip
    assert code == 0, err
    assert "fixed_plan:plan.search=0,plan.social=0" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("synergy", "coffee_o2o", "-b", "lumo", "-c", "serch,store"), "did you mean 'search'"),
        (("synergy", "coffee_o2o", "-b", "lumu", "-c", "search,store"), "did you mean 'lumo'"),
        (("synergy", "coffee_o2o", "-b", "lumo", "-c", "search"), "name at least 2"),
        (("synergy", "coffee_o2o", "-b", "rivo", "-c", "search,content"), "zero budget"),
        (("synergy", "coffee_o2o", "-b", "lumo", "-c", "search,store", "--precision", "0"), "above 0"),
        (("compare", "coffee_o2o", "-b", "lumo"), "two policies or more"),
        (("compare", "coffee_o2o", "-b", "lumo", "--variant", "x"), "expected NAME:PATH=VALUE"),
    ],
)
def test_wrong_questions_are_one_message(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, printed, err = agorasim(*words)
    assert (code, printed) == (2, "")
    assert err.startswith("error: ") and said in err and err.count("\n") == 1
    assert not any(tmp_path.iterdir())
