"""Stopping and its interval; the coverage itself is measured by experiments/interval_coverage.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from agorasim.effects import paired, simultaneous, stopping
from agorasim.effects.intervals import mean_interval
from agorasim.errors import InputError

TOP = Path(__file__).resolve().parents[2]


def test_interval_is_students_but_for_skewness():
    rng = np.random.default_rng(0)
    data = rng.lognormal(size=(50, 30))
    found, student = stopping.stopped_interval(data), mean_interval(data)
    skew = stats.skew(data, axis=1) * (29 / 30) ** 1.5
    np.testing.assert_allclose(stopping.skewness(data), skew)
    factor = (found.high - found.low) / (student.high - student.low)
    np.testing.assert_allclose(factor, 1 + 2 * np.abs(skew) / np.sqrt(30))
    assert ((found.high + found.low) / 2 > found.estimate).all()  # the long tail is to the right
    mirror = stopping.stopped_interval(-data)
    np.testing.assert_allclose(mirror.low, -found.high)
    even = np.r_[-3.0:4.0]
    assert stopping.stopped_interval(even).high == pytest.approx(float(mean_interval(even).high))


def test_certain_and_missing_values():
    still = stopping.stopped_interval(np.full((2, 20), 0.0))
    assert (np.stack(still[:3]) == 0.0).all()
    data = np.random.default_rng(1).normal(size=25)
    with_gaps = np.insert(data, [3, 9], np.nan)
    np.testing.assert_allclose(
        np.array(stopping.stopped_interval(with_gaps)), np.array(stopping.stopped_interval(data))
    )
    assert np.isnan(stopping.stopped_interval([1.0]).low)


def test_ratio_under_stopping_contains_fieller():
    rng = np.random.default_rng(2)
    top, bottom = rng.lognormal(size=40), rng.normal(5, 0.5, 40)
    wide, plain = stopping.stopped_ratio_interval(top, bottom), paired.ratio_interval(top, bottom)
    assert wide.low < plain.low < plain.estimate == wide.estimate < plain.high < wide.high


def test_looks_are_fixed_numbers():
    assert stopping.Rule(absolute=1.0, max_pairs=50).checkpoints() == (20, 24, 29, 35, 42, 50)
    assert stopping.Rule(absolute=1.0, max_pairs=20).checkpoints() == (20,)
    assert stopping.Rule(absolute=1.0, max_pairs=50).next_after(29) == 35
    assert stopping.Rule(absolute=1.0, max_pairs=50).next_after(50) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "no precision"),
        ({"relative": 0.0}, "above 0"),
        ({"absolute": float("nan")}, "above 0"),
        ({"absolute": 1.0, "min_pairs": 5}, "at least 20"),
        ({"absolute": 1.0, "max_pairs": 10}, "at least 20 replications"),
        ({"absolute": 1.0, "level": 95}, "between 0 and 1"),
    ],
)
def test_impossible_rules_are_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        stopping.Rule(**wrong)


def test_stops_at_the_first_look_that_is_enough_and_uses_nothing_after_it(monkeypatch):
    rng = np.random.default_rng(3)
    data, gain = rng.normal(10, [[1.0], [4.0]], size=(2, 120)), rng.normal(40, 1, 120)
    rule = stopping.Rule(relative=0.025, max_pairs=120)
    verdict = stopping.stop_at(rule, data, gain)
    assert verdict is not None and verdict.reached and verdict.worst == 1 and verdict.gain_is_clear
    k = verdict.pairs
    assert k in rule.checkpoints() and verdict.forecast == k and verdict.more_worlds(8) == 0
    assert verdict.half_width <= verdict.target == pytest.approx(0.025 * abs(gain[:k].mean()))
    changed = data.copy()
    changed[:, k:] = 1e9
    again = stopping.stop_at(rule, changed, gain)
    assert again is not None and again.pairs == k and (again.half_widths == verdict.half_widths).all()
    for early in rule.checkpoints():
        if early < k:
            assert not stopping.judge(rule, data[:, :early], gain[:early]).reached
    monkeypatch.setattr(simultaneous, "_DRAWS", 1000)
    family = stopping.stop_at(stopping.Rule(relative=0.025, max_pairs=120, simultaneous=True), data, gain)
    assert family is not None and family.pairs >= k


def test_what_was_reached_and_what_more_would_cost():
    rng = np.random.default_rng(4)
    data = rng.normal(0, 2, size=(3, 4000))
    rule = stopping.Rule(absolute=0.15, max_pairs=100)
    assert stopping.stop_at(rule, data) is None
    verdict = stopping.judge(rule, data[:, :100])
    assert not verdict.reached and verdict.half_width > 0.15
    # About (1.96 * 2 / 0.15)^2 = 683 pairs.
    assert verdict.forecast is not None and 450 < verdict.forecast < 1100
    assert verdict.more_worlds(8) == 8 * (verdict.forecast - 100)
    open_end = stopping.stop_at(stopping.Rule(absolute=0.15, max_pairs=4000), data)
    assert open_end is not None and 0.5 < open_end.pairs / verdict.forecast < 2.0


def test_precision_relative_to_nothing():
    rule = stopping.Rule(relative=0.1)
    zero = np.zeros((2, 20))
    assert stopping.judge(rule, zero, zero[0]).reached  # exact zeros are as precise as can be
    noise = np.random.default_rng(5).normal(size=(2, 20))
    verdict = stopping.judge(rule, noise, zero[0])
    assert not verdict.reached and verdict.forecast is None and verdict.more_worlds(4) is None
    assert not stopping.judge(rule, noise, noise[0] - noise[0].mean() + 0.01).gain_is_clear
    missing = noise.copy()
    missing[1] = np.nan
    assert not stopping.judge(stopping.Rule(absolute=100.0), missing).reached
    with pytest.raises(InputError, match="gain"):
        stopping.judge(rule, noise)


def test_the_study_runs_and_the_page_holds_what_it_promises(capsys, monkeypatch):
    place = importlib.util.spec_from_file_location("coverage_study", TOP / "experiments/interval_coverage.py")
    assert place is not None and place.loader is not None
    study = importlib.util.module_from_spec(place)
    monkeypatch.setitem(sys.modules, "coverage_study", study)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr(simultaneous, "_DRAWS", simultaneous._DRAWS)  # the study turns it down; put it back
    place.loader.exec_module(study)
    found = study.main(["--quick"])
    assert found["normal"] > 0.90 and found["lognormal, sigma 1"] > 0.87 and found["selection"] > 0.9
    assert "| half-width / sd |" in capsys.readouterr().out
    page = (TOP / "docs/statistics.md").read_text(encoding="utf-8")
    measured = page.split(study.BEGIN)[1].split(study.END)[0]
    assert measured.count("| yes |") == len(study.AIMS)
    assert "5,000 synthetic experiments" in measured
