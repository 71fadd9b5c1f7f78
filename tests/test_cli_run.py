"""Running worlds and starting one's own from the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]
SHORT = ("--set", "population.size=200", "--set", "calendar.days=30", "--set", "calendar.warmup=5",
         "--set", "calendar.cooldown=5")  # fmt: skip


def tables(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "tables").glob("*.parquet"))}


def test_run_leaves_tables_and_a_page(agorasim: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, _ = agorasim("run", "coffee_o2o", "-n", "2", "--jobs", "1", "--out", str(out), *SHORT)
    assert code == 0
    assert (out / "manifest.json").is_file()
    assert (out / "report.html").is_file()
    assert {"kpis.parquet", "summary.parquet"} <= set(tables(out))
    for word in ("lumo", "rivo", "terra", "revenue", "±", "2 replications", str(out / "report.html")):
        assert word in printed


def test_folder_in_use_is_refused_and_resume_changes_nothing(agorasim: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("run", "coffee_o2o", "-n", "2", "--jobs", "1", "--no-report", "--out", str(out), *SHORT)
    assert agorasim(*words)[0] == 0
    before = tables(out)
    code, _, err = agorasim(*words)
    assert code == 2
    assert "--resume" in err
    assert agorasim(*words, "--resume")[0] == 0
    assert tables(out) == before
    assert not (out / "report.html").exists()


def test_seed_and_set_reach_the_world(agorasim: Call, tmp_path: Path) -> None:
    """The same words give the same tables; another seed or value gives others."""
    runs = {"a": [], "b": [], "seed": ["--seed", "5"], "set": ["--set", "brands.lumo.product.price=1"]}
    made = {}
    for name, more in runs.items():
        out = tmp_path / name
        code, printed, _ = agorasim(
            "run", "coffee_o2o", "-n", "1", "--jobs", "1", "-q", "--no-report", "--out", str(out), *SHORT, *more
        )
        assert (code, printed) == (0, f"tables  {out / 'tables'}\n")
        made[name] = tables(out)["kpis.parquet"]
    assert made["a"] == made["b"]
    assert len(set(made.values())) == 3


def test_results_go_under_the_scenario_name_by_default(
    agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert agorasim("run", "durable_launch", "-n", "1", "--jobs", "1", "-q", "--no-report", *SHORT)[0] == 0
    assert (tmp_path / "results" / "durable_launch" / "tables" / "kpis.parquet").is_file()


def test_report_can_be_drawn_again(agorasim: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert (
        agorasim("run", "coffee_o2o", "-n", "2", "--jobs", "1", "-q", "--no-report", "--out", str(out), *SHORT)[0] == 0
    )
    assert agorasim("report", str(out)) == (0, f"report  {out / 'report.html'}\n", "")
    assert (out / "report.html").stat().st_size > 10_000


def test_explain_and_trace_tell_something(agorasim: Call) -> None:
    code, out, err = agorasim("explain", "coffee_o2o", *SHORT)
    assert (code, err) == (0, "")
    assert "lumo" in out
    code, out, err = agorasim("trace", "coffee_o2o", "--consumer", "17", *SHORT)
    assert (code, err) == (0, "")
    assert "17" in out


# --- new ------------------------------------------------------------------------------------------------------------


def test_new_scenario_runs_as_it_is(agorasim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert agorasim("new", "scenario", "tea")[0] == 0
    assert agorasim("validate", "tea.yaml")[0] == 0
    assert agorasim("run", "tea.yaml", "-n", "2", "--jobs", "1", "--no-report")[0] == 0
    assert (tmp_path / "results" / "tea" / "tables" / "summary.parquet").is_file()


def test_new_policy_passes_its_own_tests_and_runs(agorasim: Call, tmp_path: Path) -> None:
    """Its tests pass where it was written; once its entry point is seen, a scenario can name it."""
    assert agorasim("new", "policy", "chaser", "--in", str(tmp_path))[0] == 0
    package = tmp_path / "chaser"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package)],
        cwd=package, capture_output=True, text=True,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    # What installing does: metadata with the entry point beside the module, on the path.
    info = package / "agorasim_policy_chaser-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agorasim-policy-chaser\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[agorasim.policies]\nchaser = chaser:Chaser\n")
    command = (
        f"import sys; sys.path.insert(0, {str(package)!r}); from agorasim.cli import main; "
        f"sys.exit(main({['run', 'coffee_o2o', '-n', '1', '--jobs', '1', '-q', '--no-report', *SHORT]!r} + "
        f"['--set', 'brands.lumo.policy={{name: chaser, window: 7}}', '--out', {str(tmp_path / 'out')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("what", "made"), [("scenario", "tea.yaml"), ("policy", "tea")])
def test_new_never_overwrites(agorasim: Call, tmp_path: Path, what: str, made: str) -> None:
    assert agorasim("new", what, "tea", "--in", str(tmp_path))[0] == 0
    contents = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    code, _, err = agorasim("new", what, "tea", "--in", str(tmp_path))
    assert code == 2
    assert made in err and "exists already" in err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == contents
