"""Designs: what a factorial, a fraction and a sample must be whatever the factors, and errors before anything runs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agorasim.errors import InputError
from agorasim.experiment.designs import (
    KINDS,
    Design,
    build,
    check_design,
    fractional_factorial,
    full_factorial,
    grid,
    one_at_a_time,
)  # fmt: skip
from agorasim.experiment.factors import Factor, short_names
from agorasim.experiment.fractions import fraction_of_generators, fraction_of_resolution, letters_of
from agorasim.scenario.schema import Scenario

PRICE = "brands.lumo.product.price"
PLAN = "brands.lumo.policy.plan"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.load("coffee_o2o")


def switches(n: int) -> list[Factor]:
    return [Factor.among(f"a.x{k}", [0, 1]) for k in range(n)]


def columns(design: Design) -> np.ndarray:
    return np.array([[-1 if value == f.spread(2)[0] else 1 for f, value in zip(design.factors, p.values, strict=True)]
                     for p in design.points])  # fmt: skip


def test_every_kind_gives_distinct_points_with_distinct_labels_again_and_again() -> None:
    factors = [Factor.between("a.price", 10, 20), Factor.between("a.size", 1, 1000, scale="log", integer=True),
               Factor.among("a.on", [False, True])]  # fmt: skip
    for kind in KINDS:
        one, two = build(kind, factors), build(kind, factors)
        assert one == two
        labels = [p.label for p in one.points]
        assert len(set(labels)) == len(labels) == len(one.points) > 3
        for price, size, on in (p.values for p in one.points):
            assert price is None or 10 <= price <= 20
            assert size is None or (isinstance(size, int) and 1 <= size <= 1000)
            assert on in (None, False, True)


def test_factorial_and_grid_are_every_combination_once() -> None:
    factors = [Factor.among("a.x", [1, 2, 3]), Factor.between("a.y", 0.0, 1.0)]
    assert [p.values for p in full_factorial(factors).points] == [(x, y) for x in (1, 2, 3) for y in (0.0, 1.0)]
    assert {p.values for p in grid(factors, steps=3).points} == {(x, y) for x in (1, 2, 3) for y in (0.0, 0.5, 1.0)}
    assert full_factorial(factors).points[0].label == "x=1, y=0"


def test_one_at_a_time_moves_one_factor_and_leaves_the_others_to_the_scenario() -> None:
    design = one_at_a_time([Factor.among("a.x", [1, 2, 3]), Factor.between("a.y", 0.0, 1.0)])
    assert [sum(v is not None for v in p.values) for p in design.points] == [1] * 5


@pytest.mark.parametrize(
    ("n", "resolution", "runs"),
    [(3, 3, 4), (5, 3, 8), (7, 3, 8), (15, 3, 16), (4, 4, 8), (8, 4, 16), (16, 4, 32), (5, 5, 16), (6, 5, 32),
     (8, 5, 64)],
)  # fmt: skip
def test_fractions_have_the_known_sizes_and_the_resolution_they_claim(n: int, resolution: int, runs: int) -> None:
    """Sizes of the tables of Box, Hunter & Hunter; products of fewer columns than the resolution are never constant."""
    design = fractional_factorial(switches(n), resolution=resolution)
    assert len(design.points) == runs
    x = columns(design)
    for size in range(1, min(resolution, 5)):
        for chosen in combinations(range(n), size):
            assert abs(int(x[:, chosen].prod(axis=1).sum())) == 0
    found = fraction_of_resolution(n, resolution)
    assert any(abs(int(x[:, list(c)].prod(axis=1).sum())) == runs for c in combinations(range(n), found.resolution))


def test_aliases_are_those_of_the_columns() -> None:
    """Two effects are told as confounded exactly when their columns are the same."""
    made = fraction_of_generators(5, ["D=AB", "E=AC"])
    x = np.array(made.signs()) * 2 - 1
    told = {frozenset(letters_of(w) for w in group) for group in made.aliases()}
    effects = ["".join(c) for size in (1, 2) for c in combinations("ABCDE", size)]
    groups: dict[bytes, set[str]] = {}
    for effect in effects:
        groups.setdefault(x[:, ["ABCDE".index(c) for c in effect]].prod(axis=1).tobytes(), set()).add(effect)
    assert told == {frozenset(group) for group in groups.values() if len(group) > 1}
    notes = " ".join(fractional_factorial(switches(5), generators=["D=AB", "E=AC"]).notes)
    assert "resolution III" in notes and "ABD" in notes and "A=BD=CE" in notes


def test_samples_fill_each_range_evenly() -> None:
    factors = [Factor.between("a.x", 0, 1), Factor.between("a.y", 1, 100, scale="log"), Factor.among("a.z", [0, 1])]
    for kind in ("lhs", "sobol"):
        design = build(kind, factors, points=64, seed=3)
        x, y, z = zip(*(p.values for p in design.points), strict=True)
        shares = (np.array(x), np.log(y) / np.log(100), (np.array(z) + 0.5) / 2)
        for share, parts in zip(shares, (64, 64, 2), strict=True):
            assert set(np.bincount((share * parts).astype(int), minlength=parts)) == {64 // parts}
        assert build(kind, factors, points=64, seed=4) != design


def test_a_value_may_multiply_what_the_scenario_has(scenario: Scenario) -> None:
    factor = Factor.among(PLAN, [0.5, 1], times=True)
    assert factor.overrides(0.5, scenario) == {
        f"{PLAN}.search": 60.0, f"{PLAN}.social": 100.0, f"{PLAN}.short_video": 110.0, f"{PLAN}.content": 80.0,
        f"{PLAN}.out_of_home": 50.0,
    }  # fmt: skip
    assert Factor.between("population.size", 0.5, 2, times=True).overrides(0.5, scenario) == {"population.size": 5000}
    switch = Factor.named("search", {"off": {f"{PLAN}.search": 0}, "on": {}})
    assert [switch.overrides(level, scenario) for level in switch.levels] == [{f"{PLAN}.search": 0}, {}]


def test_labels_use_as_little_of_a_path_as_tells_factors_apart() -> None:
    paths = ["brands.lumo.product.price", "brands.rivo.product.price", "population.size"]
    assert short_names([Factor.between(p, 1, 2) for p in paths]) == ["lumo.product.price", "rivo.product.price", "size"]


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ([Factor.between("brands.lumo.product.prise", 1, 2)], "did you mean 'price'?"),
        ([Factor.between("brands.lumu.product.price", 1, 2)], "did you mean 'lumo'?"),
        ([Factor.between(PRICE, -2, 5)], "price"),
        ([Factor.between(PRICE, 1, 2), Factor.among("population.size", [100, "many"])], "many"),
        ([Factor.among("population.segments", [0.5, 2], times=True)], "no number"),
    ],
)
def test_paths_and_values_are_tried_before_anything_runs(scenario: Scenario, factors: list[Factor], said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_design(full_factorial(factors), scenario)
    assert said in str(caught.value) and factors[-1].path in str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Factor.between("a", 3, 2), "low (3) is above high (2)"),
        (lambda: Factor.between("a", 2, 2), "one level varies nothing"),
        (lambda: Factor.between("a", 0, 2, scale="log"), "above 0"),
        (lambda: Factor.between("a", float("nan"), 2), "two numbers"),
        (lambda: Factor.among("a", [1]), "one level varies nothing"),
        (lambda: Factor.among("a", [1, 1]), "twice"),
        (lambda: grid([]), "nothing to vary"),
        (lambda: grid([Factor.between("seed", 1, 9)]), "seed cannot be varied"),
        (lambda: grid([Factor.between("a.b", 1, 9), Factor.among("a", [{}, {"b": 1}])]), "varied twice"),
        (lambda: grid([Factor.between(f"a.x{k}", 1, 9) for k in range(12)]), "points"),
        (lambda: build("gird", switches(2)), "did you mean 'grid'?"),
        (lambda: build("grid", switches(2), points=9), "takes no 'points'; points belongs to lhs and sobol"),
        (lambda: build("sobol", switches(2), points=1), "2 to 100,000 points"),
        (lambda: fractional_factorial(switches(2)), "3 to 16 factors"),
        (lambda: fractional_factorial(switches(5), resolution=6), "resolution must be 3, 4 or 5"),
        (lambda: fractional_factorial([*switches(3), Factor.among("a.y", [1, 2, 3])]), "exactly 2 levels"),
        (lambda: fractional_factorial(switches(4), generators=["D=AE"]), "D=AB"),
    ],
)
def test_what_cannot_be_designed_is_said(make: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert said in str(caught.value)
