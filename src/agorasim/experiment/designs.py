"""Which points of the space of factors an experiment runs: factorials, fractions, one at a time, grids and samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError, unknown
from agorasim.experiment.factors import Factor, Overrides, check_factors, short_names, shown
from agorasim.experiment.fractions import RESOLUTIONS, fraction_of_generators, fraction_of_resolution, letters_of, names

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: A design of more points is a slip of the keyboard.
MOST_POINTS: Final = 100_000
GRID_STEPS: Final = 5
#: Points of a sample that are tried on the scenario before anything runs.
MOST_TRIED: Final = 256
SAMPLE_POINTS: Final = 32


@dataclass(frozen=True)
class Point:
    """One set of values."""

    label: str
    """Unique in the design, readable and stable: the values themselves where there are few."""
    values: tuple[Any, ...]
    """One a factor, in their order; None leaves the scenario's own."""


@dataclass(frozen=True)
class Design:
    """Points to run."""

    kind: str
    factors: tuple[Factor, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...] = ()
    """What a reader of the results must know: resolution, what is confounded with what."""

    def overrides(self, point: Point, scenario: Scenario) -> Overrides:
        """The changes to the scenario that a point means."""
        made: Overrides = {}
        for factor, value in zip(self.factors, point.values, strict=True):
            if value is not None:
                made.update(factor.overrides(value, scenario))
        return made

    @property
    def is_factorial(self) -> bool:
        """Whether an analysis of variance tells main effects and interactions apart."""
        return self.kind in ("factorial", "fractional", "grid")


# --- building -------------------------------------------------------------------------------------------------------


def full_factorial(factors: Sequence[Factor], *, steps: int = 2) -> Design:
    """Every combination of levels; a range gives its two ends, or its own number of steps."""
    check_factors(factors)
    levels = [factor.spread(steps) for factor in factors]
    _bounded(math.prod(len(each) for each in levels))
    # The first factor changes slowest, as in nested loops.
    return _labelled("factorial", factors, product(*levels))


def grid(factors: Sequence[Factor], *, steps: int = GRID_STEPS) -> Design:
    """Every combination of levels; a range gives `steps` evenly spaced values, or its own number of them."""
    return replace(full_factorial(factors, steps=steps), kind="grid")


def fractional_factorial(factors: Sequence[Factor], *, resolution: int = 4, generators: Sequence[str] = ()) -> Design:
    """A part of the two-level factorial, chosen so that effects of few factors are confounded only with those of many.

    Args:
        factors: each with two levels or a range, whose ends count; letters A, B, ... stand for them (I is left out).
        resolution: 3: main effects are clear of each other; 4: also of two-factor interactions; 5: these too of each
            other. The smallest such fraction is taken.
        generators: what to take instead, such as ["D=ABC"].

    Raises:
        InputError: a factor without two levels, an impossible resolution or generator.
    """
    check_factors(factors)
    ends = [factor.ends() for factor in factors]
    made = (
        fraction_of_generators(len(factors), generators)
        if generators
        else fraction_of_resolution(len(factors), resolution)
    )
    points = [tuple(pair[sign] for pair, sign in zip(ends, signs, strict=True)) for signs in made.signs()]
    design = _labelled("fractional", factors, points)
    letters = names(len(factors))
    called = ", ".join(f"{letter} = {factor.name}" for letter, factor in zip(letters, factors, strict=True))
    notes = [f"factors: {called}"]
    if made.words:
        word = RESOLUTIONS.get(made.resolution, str(made.resolution))
        notes += [
            f"{len(points)} of {2 ** len(factors)} combinations, resolution {word}",
            "always equal to I: "
            + ", ".join(letters_of(w) for w in made.words[:32])
            + (", ..." * (len(made.words) > 32)),
        ]
        if groups := made.aliases():
            told = ["=".join(letters_of(w) for w in group) for group in groups]
            notes.append("cannot be told apart: " + ", ".join(told[:32]) + (", ..." if len(told) > 32 else ""))
        else:
            notes.append("all main effects and two-factor interactions can be told apart")
    else:
        notes.append(f"no fraction of {len(factors)} factors has resolution {resolution}: this is the whole factorial")
    return replace(design, notes=tuple(notes))


def one_at_a_time(factors: Sequence[Factor], *, steps: int = 2) -> Design:
    """Each level of each factor alone, all others as the scenario has them."""
    check_factors(factors)
    points = []
    for k, factor in enumerate(factors):
        for value in factor.spread(steps):
            points.append(tuple(value if j == k else None for j in range(len(factors))))
    _bounded(len(points))
    return _labelled("one_at_a_time", factors, points)


def latin_hypercube(factors: Sequence[Factor], *, points: int = SAMPLE_POINTS, seed: int = 0) -> Design:
    """A sample with each factor's range cut into as many equal parts as there are points, one point in each."""
    check_factors(factors)
    return _labelled("lhs", factors, _values(factors, hypercube_sample(len(factors), points, seed)))


def sobol(factors: Sequence[Factor], *, points: int = SAMPLE_POINTS, seed: int = 0) -> Design:
    """Scrambled Sobol points (Owen 1998), which fill the space evenly; best when they number a power of 2."""
    check_factors(factors)
    made = _labelled("sobol", factors, _values(factors, sobol_sample(len(factors), points, seed)))
    if points & (points - 1):
        return replace(made, notes=(f"{points} points: Sobol points balance best when they number a power of 2",))
    return made


def sobol_sample(n: int, points: int, seed: int) -> NDArray[np.float64]:
    """Scrambled Sobol points in the unit cube, shape (points, n). InputError for fewer than 2 or too many."""
    _bounded(points, least=2)
    from scipy.stats import qmc

    # A whole power of 2 is drawn and cut, so that the library has nothing to warn of.
    engine = qmc.Sobol(n, scramble=True, rng=np.random.default_rng(seed))
    return np.asarray(engine.random_base2(math.ceil(math.log2(points)))[:points], dtype=np.float64)


def hypercube_sample(n: int, points: int, seed: int) -> NDArray[np.float64]:
    """Latin hypercube points in the unit cube, shape (points, n). InputError for fewer than 2 or too many."""
    _bounded(points, least=2)
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(n, rng=np.random.default_rng(seed)).random(points), dtype=np.float64)


KINDS: Final[dict[str, Callable[..., Design]]] = {
    "factorial": full_factorial, "fractional": fractional_factorial, "one_at_a_time": one_at_a_time,
    "grid": grid, "lhs": latin_hypercube, "sobol": sobol,
}  # fmt: skip
#: Which settings each kind takes.
SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "factorial": ("steps",), "fractional": ("resolution", "generators"), "one_at_a_time": ("steps",),
    "grid": ("steps",), "lhs": ("points", "seed"), "sobol": ("points", "seed"),
}  # fmt: skip


def build(kind: str, factors: Sequence[Factor], **settings: Any) -> Design:
    """A design by its name. InputError for an unknown one, or a setting that it does not take."""
    if kind not in KINDS:
        raise InputError(unknown("design", kind, KINDS))
    given = {name: value for name, value in settings.items() if value not in (None, ())}
    for name in given:
        if name not in SETTINGS[kind]:
            owners = [other for other, its in SETTINGS.items() if name in its]
            raise InputError(f"the design {kind} takes no {name!r}; {name} belongs to {' and '.join(owners)}")
    if "steps" in given and not 2 <= given["steps"] <= MOST_POINTS:
        raise InputError(f"steps must be at least 2, got {given['steps']}")
    return KINDS[kind](factors, **given)


# --- checking -------------------------------------------------------------------------------------------------------


def check_design(design: Design, scenario: Scenario) -> None:
    """Try the points on the scenario, so that nothing wrong shows after hours of running; of large samples a part.

    Raises:
        ScenarioError: an unknown path or wrong value; levels are tried alone first, so that each mistake is told once.
    """
    from agorasim.scenario.overrides import with_overrides
    from agorasim.scenario.problems import Problem, ScenarioError

    problems: list[Problem] = []
    for k, factor in enumerate(design.factors):
        tried = {repr(point.values[k]): point.values[k] for point in design.points if point.values[k] is not None}
        if factor.is_range and len(tried) > MOST_TRIED:
            tried = {"low": min(tried.values()), "high": max(tried.values())}
        for value in tried.values():
            try:
                with_overrides(scenario, factor.overrides(value, scenario))
            except ScenarioError as error:
                problems += error.problems
                # One wrong path would be told once a level.
                break
    if problems:
        raise ScenarioError("what is varied", [_as_vary(p) for p in problems])
    together = [point for point in design.points if sum(value is not None for value in point.values) > 1]
    # Of a large sample an even part is tried: a scenario takes milliseconds to check.
    for point in together[:: 1 + len(together) // MOST_TRIED]:
        try:
            with_overrides(scenario, design.overrides(point, scenario))
        except ScenarioError as error:
            raise ScenarioError(f"the point {point.label}", [_as_vary(p) for p in error.problems]) from None


def _as_vary(problem: Any) -> Any:
    where = (problem.where or "").removeprefix("--set ")
    return replace(problem, where=f"vary {where}" if where else None)


def _values(factors: Sequence[Factor], shares: NDArray[np.float64]) -> list[tuple[Any, ...]]:
    return [tuple(factor.at(float(u)) for factor, u in zip(factors, row, strict=True)) for row in shares]


def _bounded(points: int, *, least: int = 1) -> None:
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not least <= points <= MOST_POINTS:
        got = f"{points:,}" if isinstance(points, int) else repr(points)
        raise InputError(f"a design has {least} to {MOST_POINTS:,} points, got {got}")


def _labelled(kind: str, factors: Sequence[Factor], values: Iterable[tuple[Any, ...]]) -> Design:
    """Points with labels: what is varied and its value, or a number where that would be long."""
    rows = list(values)
    short = short_names(factors)
    told = kind not in ("lhs", "sobol") and len(factors) <= 4
    labels = [
        ", ".join(f"{name}={shown(v)}" for name, v in zip(short, row, strict=True) if v is not None) for row in rows
    ]
    if not told or len(set(labels)) < len(rows) or max(map(len, labels)) > 80:
        width = max(3, len(str(len(rows))))
        labels = [f"point {k:0{width}d}" for k in range(len(rows))]
    return Design(kind, tuple(factors), tuple(Point(label, row) for label, row in zip(labels, rows, strict=True)))
