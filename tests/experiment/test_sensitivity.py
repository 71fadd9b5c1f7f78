"""Sensitivity: indices of functions whose indices are known, with intervals that hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fake_lab import execution, scenario

from agorasim.errors import InputError
from agorasim.experiment.factors import Factor, current
from agorasim.experiment.sensitivity import Sensitivity, noise_share

PATHS = ("brands.lumo.product.price", "brands.lumo.product.quality", "brands.lumo.product.unit_cost")
TODAY = {path: current(scenario(), path) for path in PATHS}
FACTORS = [Factor.between(path, 0.0, 1.0) for path in PATHS]


def ishigami(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3, with a shock that all points of a replicate share."""
    x = [np.pi * (2 * moved.get(path, TODAY[path]) - 1) for path in PATHS]
    own = np.random.default_rng([int(1e6 * abs(sum(x))), int(rng.integers(1 << 30))])
    y = np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    return {("profit", "lumo"): y + 100 * rng.standard_normal() + 0.2 * own.standard_normal()}


#: Ishigami & Homma 1990, closed form for a = 7, b = 0.1.
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)
PAIRS = {(0, 1): 0.0, (0, 2): 0.2437, (1, 2): 0.0}


def test_sobol_indices_are_the_closed_form() -> None:
    question = Sensitivity.of(scenario(), FACTORS, brand="lumo", samples=256, replications=4, second_order=True, seed=3)
    assert question.points == 256 * 8
    found = question.run(execution(ishigami))
    for estimand, truth in (("sobol_first", FIRST), ("sobol_total", TOTAL)):
        rows = found.effects(estimand).set_index("channels").loc[list(PATHS)]
        assert rows["estimate"].to_numpy() == pytest.approx(truth, abs=0.12)
        assert all(rows["low"] <= np.array(truth)) and all(np.array(truth) <= rows["high"])
        assert (rows["high"] - rows["low"] < 0.5).all()
    pairs = found.effects("sobol_second").set_index("channels")
    for (j, k), truth in PAIRS.items():
        row = pairs.loc["+".join(sorted((PATHS[j], PATHS[k])))]
        assert row["low"] <= truth <= row["high"]
    assert any("of the variance between points is chance" in note for note in found.notes)


def test_morris_effects_of_a_linear_function_are_its_slopes() -> None:
    """No spread where there is no curvature; the shared shock leaves no trace."""

    def linear(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
        x = [moved.get(path, TODAY[path]) for path in PATHS]
        return {("profit", "lumo"): 3 * x[0] - 2 * x[1] + 50 * rng.standard_normal()}

    factors = [Factor.between(PATHS[0], 0.0, 2.0), *FACTORS[1:]]
    found = Sensitivity.of(scenario(), factors, method="morris", brand="lumo", samples=6).run(execution(linear))
    for estimand, truth in (("morris_mu", (6, -2, 0)), ("morris_mu_star", (6, 2, 0)), ("morris_sigma", (0, 0, 0))):
        rows = found.effects(estimand).set_index("channels").loc[list(PATHS)]
        assert rows["estimate"].to_numpy() == pytest.approx(truth, abs=1e-9)


def test_intervals_cover_at_the_rate_they_state() -> None:
    """Over 60 experiments the interval of a total index covers its true value about as often as it says."""
    inside = 0
    for seed in range(60):
        question = Sensitivity.of(scenario(), FACTORS, brand="lumo", samples=32, replications=12, seed=seed)
        x, rng = question.sample(), np.random.default_rng(seed)
        slope, shock = 2 + 0.5 * rng.standard_normal(12), 10 * rng.standard_normal(12)
        found = {name: interval for name, _, interval in question.estimate(x, x[:, :1] * slope + x[:, 1:2] + shock)}
        total = found["sobol_total"]
        inside += total.low[0] <= 0.8 <= total.high[0]
    assert inside >= 52


def test_what_does_not_move_is_said() -> None:
    def flat(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
        return {("profit", "lumo"): rng.standard_normal()}

    found = Sensitivity.of(scenario(), FACTORS, brand="lumo", samples=4).run(execution(flat))
    assert any("none of the factors moves it" in note for note in found.notes)
    assert found.effects().empty


def test_noise_share_is_that_of_the_construction() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((2000, 1)) + 9 * rng.standard_normal(8) + 2 * rng.standard_normal((2000, 8))
    assert noise_share(values) == pytest.approx(0.5 / 1.5, abs=0.03)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"factors": FACTORS[:1]}, "at least two paths"),
        ({"method": "sobl"}, "did you mean 'sobol'?"),
        ({"samples": 50}, "power of 2, got 50; nearest: 64"),
        ({"samples": 2}, "at least 4"),
        ({"method": "morris", "second_order": True}, "no second-order"),
        ({"measure": ["proft"]}, "did you mean 'profit'?"),
        ({"samples": 2**20}, "too many"),
    ],
)
def test_what_cannot_be_asked_is_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        Sensitivity.of(scenario(), more.pop("factors", FACTORS), **more)
    assert said in str(caught.value)
