"""Global sensitivity of an outcome to some of a scenario's numbers: Sobol indices and Morris' elementary effects.

All points share the random numbers of a replicate, and indices are those of the mean over replicates. SALib samples the
points and has the estimators; the interval comes from a bootstrap here, because it must draw replicates as well as
points: half-width = normal quantile x standard deviation over resamples of both. It therefore covers the chance of the
points and of the replicates, but not what values outside the ranges would do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.effects.intervals import Interval
from agorasim.effects.table import Rows
from agorasim.errors import InputError, unknown
from agorasim.experiment.designs import MOST_POINTS, Design, Point, check_design
from agorasim.experiment.execution import Array, Execution, Measure, check_replications, extra, measures, write_table
from agorasim.experiment.factors import Factor, check_factors
from agorasim.experiment.study import Analysis, Study

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

METHODS: Final = ("sobol", "morris")
#: Base samples (Sobol) or trajectories (Morris) when nothing is said.
SAMPLES: Final = {"sobol": 64, "morris": 10}
RESAMPLES: Final = 500
#: Levels of each factor on Morris' grid.
MORRIS_LEVELS: Final = 4
#: From resamples, shape (samples, columns, B), to one index a row of the table, shape (rows, B).
Estimator = Callable[[Array], Array]


@dataclass(frozen=True)
class Sensitivity:
    """A question: which of these numbers moves the outcome, and which only together with others?

    >>> Sensitivity.of(scenario, factors, measure=["profit,lumo"]).run().effects("sobol_total")    # doctest: +SKIP
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    measures: tuple[Measure, ...]
    method: str = "sobol"
    samples: int = 64
    replications: int = 10
    second_order: bool = False
    seed: int = 0

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        factors: Sequence[Factor],
        *,
        method: str = "sobol",
        measure: Sequence[str] = ("profit",),
        brand: str | None = None,
        samples: int | None = None,
        replications: int = 10,
        second_order: bool = False,
        seed: int | None = None,
    ) -> Sensitivity:
        """A question whose paths, values and metrics are all right.

        Args:
            scenario: what is varied.
            factors: ranges or levels, at least two factors; each value in a range counts as equally likely.
            method: "sobol" for shares of variance, with samples (factors + 2) points; "morris" for a cheap screening
                with samples (factors + 1) points.
            measure: metrics, "profit" or "profit,lumo".
            brand: whose outcomes, where a metric names none.
            samples: base samples, a power of 2, or trajectories; 64 or 10 when None.
            replications: worlds a point.
            second_order: also what pairs of factors do only together (sobol; nearly twice the points).
            seed: of the points and the bootstrap; the scenario's own when None.

        Raises:
            InputError: SALib is missing, or something asked for cannot be.
        """
        extra("SALib", "analysis", "a sensitivity analysis")
        if method not in METHODS:
            raise InputError(unknown("method", method, METHODS))
        check_factors(factors)
        if len(factors) < 2:
            raise InputError("a sensitivity analysis compares factors: vary at least two paths (one: agorasim sweep)")
        check_replications(replications)
        size = SAMPLES[method] if samples is None else samples
        if isinstance(size, bool) or not isinstance(size, int) or size < 4:
            raise InputError(f"samples must be a whole number of at least 4, got {size!r}")
        if method == "sobol" and size & (size - 1):
            near = 2 ** round(np.log2(size))
            raise InputError(f"Sobol samples must be a power of 2, got {size}; nearest: {near}")
        if method == "morris" and second_order:
            raise InputError("Morris' method has no second-order indices; use --method sobol")
        found = tuple(measures(scenario, measure, brand))
        seed = scenario.seed if seed is None else seed
        made = cls(scenario, tuple(factors), found, method, size, replications, second_order, seed)
        if made.points > MOST_POINTS:
            raise InputError(f"{made.points:,} points are too many; at most {MOST_POINTS:,}")
        return made

    @property
    def points(self) -> int:
        """How many points the method takes."""
        n = len(self.factors)
        if self.method == "morris":
            return self.samples * (n + 1)
        return self.samples * (2 * n + 2 if self.second_order else n + 2)

    def run(self, execution: Execution | None = None) -> Analysis:
        """Run all points and estimate the indices.

        Raises:
            InputError: a value does not fit the scenario, or `out` cannot be used.
            StorageError: results cannot be written; finished worlds stay.
        """
        how = execution or Execution()
        shares = self.sample()
        design, where = self._design(shares)
        check_design(design, self.scenario)
        study = Study(self.scenario, design, self.measures, self.replications)
        arms = [study.arm(point) for point in design.points]
        worlds: list[Arm] = list(dict.fromkeys(arms))
        replicates = range(self.replications)
        settings = {**study.settings(), "method": self.method, "samples": self.samples}
        with how.open(self.scenario, "sensitivity", settings) as lab:
            what = f"{self.points} points of {self.method} are {len(worlds)} different worlds, {self.replications} each"
            how.announce(lab, len(worlds) * self.replications, what, worlds[-1])
            lab.run(worlds, replicates)
            rows, notes = Rows(), [COVERS]
            row_of = {arm.label: k for k, arm in enumerate(worlds)}
            at = [row_of[arms[k].label] for k in where]
            for measure in self.measures:
                values = measure.read(lab, worlds, replicates)[at]
                notes += self._estimate(rows, measure, shares, values)
            write_table(lab, "design", study._table())
            told = {"method": self.method, "samples": self.samples, "replications": self.replications, "notes": notes}
            lab.finish(rows.table(), {"sensitivity": told})
            names = tuple(factor.name for factor in self.factors)
            return Analysis(Path(lab.folder), rows.table(), tuple(notes), lab, names)

    def sample(self) -> Array:
        """Points in the unit cube, shape (points, factors), in the order that SALib's estimators expect."""
        n = len(self.factors)
        problem = {"num_vars": n, "names": [f"x{k}" for k in range(n)], "bounds": [[0.0, 1.0]] * n}
        if self.method == "morris":
            sampler = extra("SALib.sample.morris", "analysis", "a sensitivity analysis")
            made = sampler.sample(problem, self.samples, num_levels=MORRIS_LEVELS, seed=self.seed)
        else:
            sampler = extra("SALib.sample.sobol", "analysis", "a sensitivity analysis")
            made = sampler.sample(problem, self.samples, calc_second_order=self.second_order, seed=self.seed)
        return np.asarray(made, dtype=np.float64)

    def _design(self, shares: Array) -> tuple[Design, list[int]]:
        """The different points, and which of them each row of the sample is."""
        values = [tuple(f.at(float(u)) for f, u in zip(self.factors, row, strict=True)) for row in shares]
        place: dict[str, int] = {}
        where = [place.setdefault(repr(row), len(place)) for row in values]
        first = dict(zip(where[::-1], values[::-1], strict=True))
        width = max(3, len(str(len(place))))
        points = tuple(Point(f"point {k:0{width}d}", first[k]) for k in range(len(place)))
        return Design(self.method, self.factors, points), where

    # --- estimating -----------------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, measure: Measure, shares: Array, values: Array) -> list[str]:
        """Write the indices of one measure; what should be noted about them."""
        known = values[:, ~np.isnan(values).any(axis=0)]
        unit = measure.unit(self.scenario)
        if known.shape[1] < 2:
            return [f"{measure.name}: fewer than 2 whole replicates, no indices"]
        if np.ptp(known.mean(axis=1)) == 0.0:
            return [f"{measure.name} is the same at every point: none of the factors moves it"]
        for estimand, names, found in self.estimate(shares, known):
            word = "share" if self.method == "sobol" else unit
            rows.extend(estimand, names, measure.metric, found, brand=measure.brand, unit=word)
        chance = noise_share(known)
        note = f"{measure.name}: {chance:.1%} of the variance between points is chance that the replicates leave"
        return [note + ("; more replications would sharpen the indices" if chance > 0.1 else "")]

    def estimate(self, shares: Array, values: Array) -> list[tuple[str, list[str], Interval]]:
        """Indices with intervals from outcomes that are at hand.

        Args:
            shares: the points, as `sample` gives them.
            values: outcomes, shape (points, R), R at least 2, no NaN.

        Returns:
            For each estimand its name, the factors of its rows, and arrays of one number a row.
        """
        if self.method == "morris":
            units, estimators = elementary_effects(shares, values, self.samples), self._morris()
        else:
            units, estimators = values.reshape(self.samples, -1, values.shape[1]), self._sobol()
        intervals = self._bootstrap(units, [each[2] for each in estimators])
        return [(name, rows, found) for (name, rows, _), found in zip(estimators, intervals, strict=True)]

    def _sobol(self) -> list[tuple[str, list[str], Estimator]]:
        """First and total order, and pairs where they were asked for (Saltelli et al. 2010; Saltelli 2002)."""
        from SALib.analyze import sobol

        n = len(self.factors)
        names = [factor.name for factor in self.factors]

        def split(y: Array) -> tuple[Array, Array, Array, Array]:
            with np.errstate(invalid="ignore"):
                scaled = (y - y.mean(axis=(0, 1))) / y.std(axis=(0, 1))
            return scaled[:, 0], scaled[:, -1], scaled[:, 1 : n + 1], scaled[:, n + 1 : -1]

        def first(y: Array) -> Array:
            a, b, ab, _ = split(y)
            return np.array([sobol.first_order(a, ab[:, k], b) for k in range(n)])

        def total(y: Array) -> Array:
            a, b, ab, _ = split(y)
            return np.array([sobol.total_order(a, ab[:, k], b) for k in range(n)])

        made: list[tuple[str, list[str], Estimator]] = [("sobol_first", names, first), ("sobol_total", names, total)]
        if self.second_order:
            pairs = list(combinations(range(n), 2))

            def second(y: Array) -> Array:
                a, b, ab, ba = split(y)
                return np.array([sobol.second_order(a, ab[:, j], ab[:, k], ba[:, j], b) for j, k in pairs])

            made.append(("sobol_second", ["+".join(sorted((names[j], names[k]))) for j, k in pairs], second))
        return made

    def _morris(self) -> list[tuple[str, list[str], Estimator]]:
        """Mean, mean absolute and spread of elementary effects (Morris 1991; Campolongo et al. 2007)."""
        names = [factor.name for factor in self.factors]
        return [
            ("morris_mu", names, lambda y: np.asarray(y.mean(axis=0))),
            ("morris_mu_star", names, lambda y: np.asarray(np.abs(y).mean(axis=0))),
            ("morris_sigma", names, lambda y: np.asarray(y.std(axis=0, ddof=1))),
        ]

    def _bootstrap(self, units: Array, estimators: Sequence[Estimator]) -> list[Interval]:
        """Estimates from means over replicates, with their spread over resampled units and replicates.

        Args:
            units: what is drawn anew, shape (samples, columns, R).
            estimators: from shape (samples, columns, B) to indices of shape (rows, B).
        """
        samples, _, replicates = units.shape
        rng = np.random.default_rng(self.seed)
        whole = [make(units.mean(axis=2)[:, :, None])[:, 0] for make in estimators]
        drawn: list[list[Array]] = [[] for _ in estimators]
        # A few resamples at a time: quick, and small enough for large samples.
        for size in [RESAMPLES // 10] * 10:
            counts = rng.multinomial(replicates, np.full(replicates, 1.0 / replicates), size=size)
            rows = rng.integers(samples, size=(size, samples))
            y = np.stack([units[at] @ (n / replicates) for at, n in zip(rows, counts, strict=True)], axis=2)
            for k, make in enumerate(estimators):
                drawn[k].append(make(y))
        quantile = NormalDist().inv_cdf(0.5 + self.scenario.outcomes.interval / 2)
        n = np.full(units.shape[1], replicates, dtype=np.int64)
        out = []
        for found, parts in zip(whole, drawn, strict=True):
            half = quantile * np.nanstd(np.concatenate(parts, axis=1), axis=1, ddof=1)
            out.append(Interval(found, found - half, found + half, np.resize(n, len(found))))
        return out


COVERS: Final = (
    "intervals cover the chance of the sampled points and of the replicates (bootstrap over both); indices hold for the"
    " ranges given"
)


def noise_share(values: Array) -> float:
    """Share of the variance between points' means that is left-over chance of the replicates.

    Args:
        values: shape (points, R), R at least 2; what points share within a replicate counts for nothing.
    """
    points, replicates = values.shape
    means = values.mean(axis=1)
    rest = values - means[:, None] - values.mean(axis=0) + values.mean()
    variance = (rest**2).sum() / ((points - 1) * (replicates - 1))
    return float(min(variance / replicates / means.var(ddof=1), 1.0))


def elementary_effects(shares: Array, values: Array, trajectories: int) -> Array:
    """Change of the outcome per whole range of the factor that each step of a trajectory moves.

    Args:
        shares: points in the unit cube, shape (trajectories (n + 1), n).
        values: outcomes, shape (points, R).
        trajectories: how many there are.

    Returns:
        Shape (trajectories, n, R).
    """
    steps = np.diff(shares.reshape(trajectories, -1, shares.shape[1]), axis=1)
    moved = np.argmax(np.abs(steps), axis=2)
    size = np.take_along_axis(steps, moved[:, :, None], axis=2)
    change = np.diff(values.reshape(trajectories, -1, values.shape[1]), axis=1) / size
    out = np.empty_like(change)
    np.put_along_axis(out, np.broadcast_to(moved[:, :, None], change.shape), change, axis=1)
    return out
