"""The command `trial`, from the command line to the page, on a tiny world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., tuple[int, str, str]]
TINY = ("--set", "population.size=150", "--set", "calendar.days=26", "--set", "calendar.warmup=8", "--jobs", "1")


def test_a_trial_answers_with_words_a_table_and_pictures(agorasim: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("trial", "coffee_o2o", "--brand", "lumo", "--channels", "store,app", "-n", "3", "--out", str(out), *TINY)
    code, printed, err = agorasim(*words)
    assert code == 0, err
    assert "trials by person, cluster and region: 5 worlds a replication" in err
    assert "app and store are worth" in printed and "of it by interference" in printed
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["kind"], manifest["status"]) == ("trial", "finished")
    assert manifest["settings"]["units"] == ["person", "cluster", "region"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "how far off a test would be" in page
    for name in ("tests", "interference"):
        assert (out / "figures" / f"{name}.png").stat().st_size > 5000
        assert len((out / "figures" / f"{name}.csv").read_text(encoding="utf-8").splitlines()) > 3
    before = (out / "tables" / "effects.parquet").read_bytes()
    assert agorasim(*words, "--resume", "--no-report", "--quiet")[0] == 0
    assert (out / "tables" / "effects.parquet").read_bytes() == before


def test_wrong_trials_leave_nothing_behind(agorasim: Call, tmp_path: Path) -> None:
    for words, said in (
        (("--channels", "stroe"), "did you mean 'store'?"),
        (("--channels", "store", "--unit", "regions"), "did you mean 'region'?"),
        (("--channels", "store", "--share", "0"), "above 0 and below 1"),
        (("--channels", "store", "-n", "1"), "at least 2"),
    ):
        code, printed, err = agorasim("trial", "coffee_o2o", "-b", "lumo", *words, "--out", str(tmp_path / "x"), *TINY)
        assert (code, printed) == (2, ""), err
        assert said in err and "Traceback" not in err
        assert not (tmp_path / "x").exists()
