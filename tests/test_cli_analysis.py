"""Commands that vary a scenario, from the command line to the tables, on tiny worlds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]
TINY = ("--set", "population.size=120", "--set", "calendar.days=24", "--set", "calendar.warmup=6")
PRICE = "brands.lumo.product.price"
HERE = Path(__file__).resolve().parents[1]


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").glob("*.parquet"))}


def test_a_sweep_says_what_it_will_run_and_jobs_do_not_change_its_tables(agorasim: Call, tmp_path: Path) -> None:
    words = ("sweep", "coffee_o2o", "--vary", f"{PRICE}=18,24", "--vary", "brands.lumo.policy.plan*=0.5,1", "-n", "3",
             "--brand", "lumo", "--measure", "profit", "--no-report", *TINY)  # fmt: skip
    code, out, err = agorasim(*words, "--jobs", "1", "--out", str(tmp_path / "one"))
    assert code == 0, err
    assert "4 points and the base are 5 different worlds, 3 replications each" in err and "15 worlds, about" in err
    assert "price=18, plan*=0.5" in out and "Difference to the scenario as it is (3 replications)" in out
    assert agorasim(*words, "--jobs", "2", "--quiet", "--out", str(tmp_path / "two"))[0] == 0
    one = tables(tmp_path / "one")
    assert one == tables(tmp_path / "two")
    assert {"worlds.parquet", "effects.parquet", "design.parquet", "anova.parquet"} <= set(one)
    code, _, err = agorasim(*words, "--out", str(tmp_path / "one"))
    assert code == 2 and "--resume" in err
    assert agorasim(*words, "--out", str(tmp_path / "one"), "--resume")[0] == 0
    assert tables(tmp_path / "one") == one


def test_a_study_file_runs_and_reports(agorasim: Call, tmp_path: Path) -> None:
    study = tmp_path / "prices.yaml"
    text = f"scenario: coffee_o2o\nvary: {{{PRICE}: [18, 24]}}\nmeasure: [orders]\nbrand: lumo\nrepeat: 3\n"
    study.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    code, printed, err = agorasim("experiment", str(study), "--jobs", "1", "--out", str(out), *TINY)
    assert code == 0, err
    assert (out / "report.html").is_file() and "price=24" in printed
    assert json.loads((out / "manifest.json").read_text())["study"]["replications"] == 3


@pytest.mark.parametrize("path", sorted((HERE / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_studies_of_the_project_are_right(path: Path) -> None:
    """Every study file under experiments/ fits its scenario; running them is what users do."""
    from agorasim.experiment.study_file import load_study

    made = load_study(path)
    assert made.name == path.stem and made.description
    assert len(made.study.arms()) > 4


def test_sensitivity_optimise_and_calibrate_answer(agorasim: Call, tmp_path: Path) -> None:
    common = ("--jobs", "1", "--no-report", *TINY)
    code, out, err = agorasim(
        "sensitivity", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--vary", "category.choice.price=1.8:3", "--samples",
        "4", "-n", "2", "--measure", "orders,lumo", *common, "--out", str(tmp_path / "sensitivity"),
    )  # fmt: skip
    assert code == 0, err
    assert "16 points of sobol" in err and "Total indices" in out and "is chance that the replicates leave" in out
    code, out, err = agorasim(
        "optimise", "coffee_o2o", "--brand", "lumo", "--channels", "search,social", "--budget", "40", "--min",
        "search=5", "--trials", "8", "-n", "4", "--set", "brands.lumo.policy.plan={search: 20, social: 20}", *common,
        "--out", str(tmp_path / "optimum"),
    )  # fmt: skip
    assert code == 0, err
    assert "replicates that the search had not seen" in out and "Plan, CNY a day" in out
    assert {"trials.parquet", "plan.parquet", "effects.parquet"} <= set(tables(tmp_path / "optimum"))
    code, out, err = agorasim(
        "calibrate", "coffee_o2o", "--vary", "category.need.rate=0.1:0.5", "--target", "needs=700+-40", "--waves", "1",
        "--trials", "1", "-n", "4", *common, "--out", str(tmp_path / "calibrated"),
    )  # fmt: skip
    assert code == 0, err
    assert "in at least 95% of calibrations" in out and "category.need.rate" in out
    scenario = tmp_path / "calibrated" / "scenario.yaml"
    assert f"scenario  {scenario}" in out and agorasim("validate", str(scenario))[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweep", "coffee_o2o"], "nothing to vary"),
        (["sweep", "coffee_o2o", "--vary", f"{PRICE}=20"], "one level varies nothing"),
        (["sweep", "coffee_o2o", "--vary", f"{PRICE}=24:18"], "low (24) is above high (18)"),
        (["sweep", "coffee_o2o", "--vary", "brands.lumo.product.prise=18:24"], "did you mean 'price'?"),
        (["sweep", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--design", "gird"], "did you mean 'grid'?"),
        (["sweep", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--measure", "proft"], "did you mean 'profit'?"),
        (["sweep", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--precision", "-1"], "above 0"),
        (["experiment", "no/such.yaml"], "there is no study file"),
        (["sensitivity", "coffee_o2o", "--vary", f"{PRICE}=18:24"], "at least two paths"),
        (["optimise", "coffee_o2o", "--brand", "lumo", "--channels", "search", "--budget", "0"], "above 0 a day"),
        (["optimise", "coffee_o2o", "--brand", "lumo", "--channels", "store", "--budget", "9"], "takes no media money"),
        (["optimise", "coffee_o2o", "--brand", "lumo", "--channels", "search", "--budget", "9", "--min", "search"],
         "expected CHANNEL=MONEY"),
        (["calibrate", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--target", "ordres=3+-1"], "did you mean 'orders'?"),
        (["calibrate", "coffee_o2o", "--vary", f"{PRICE}=18:24"], "there is no target"),
    ],
)  # fmt: skip
def test_impossible_requests_are_one_message_and_leave_nothing(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = agorasim(*words)
    assert (code, out) == (2, ""), err
    assert said in err and "Traceback" not in err and err.count("error:") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("library", "group", "words"), [
    ("SALib", "analysis", ["sensitivity", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--vary", "population.size=9:99"]),
    ("optuna", "optimize", ["optimise", "coffee_o2o", "--brand", "lumo", "--channels", "search", "--budget", "9"]),
    ("optuna", "optimize", ["calibrate", "coffee_o2o", "--vary", f"{PRICE}=18:24", "--target", "needs=3+-1"]),
])  # fmt: skip
def test_a_missing_extra_is_one_message(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, group: str, words: list[str]
) -> None:
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, library, None)
    code, out, err = agorasim(*words)
    assert (code, out) == (2, "") and f"agorasim[{group}]" in err and err.count("\n") == 1
