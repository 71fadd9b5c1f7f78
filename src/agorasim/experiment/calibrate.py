"""Calibration: values of a scenario's parameters that reproduce target figures, with the range of such values.

Waves of Sobol points narrow the ranges by history matching (`matching`); Optuna then looks for the best point within
what is left; a last look at all points gives the region that is reported, and fresh replicates say how well the best
point meets the targets.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.arms import Arm
from agorasim.errors import InputError
from agorasim.experiment.designs import Design, Point, check_design, sobol_sample
from agorasim.experiment.execution import Array, Execution, check_replications, extra
from agorasim.experiment.factors import Factor, check_factors
from agorasim.experiment.matching import MOST_FULL, Surface, least_points, ratios, region
from agorasim.experiment.study import Analysis
from agorasim.experiment.surface import terms
from agorasim.experiment.targets import Target, check_targets

if TYPE_CHECKING:
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

WAVES: Final = 3
TRIALS: Final = 24
REPLICATIONS: Final = 10
BATCH: Final = 4
#: Share of the allowed error that each wave before the last look may spend.
EARLY: Final = 0.05
#: Beyond, surfaces take more points than anybody runs.
MOST_PARAMETERS: Final = 12


@dataclass
class Runs:
    """Points that have been run, and their outcomes."""

    lab: Laboratory
    targets: tuple[Target, ...]
    arms: list[Arm] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    values: list[tuple[Any, ...]] = field(default_factory=list)
    shares: Array = field(default_factory=lambda: np.empty((0, 0)))
    outcomes: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    """Shape (points, targets, R); NaN where a world failed."""

    def whole(self, low: Array, high: Array) -> NDArray[np.bool_]:
        """Which points have all outcomes and lie in a box."""
        inside = np.all((self.shares >= low - 1e-9) & (self.shares <= high + 1e-9), axis=1)
        return np.asarray(inside & ~np.isnan(self.outcomes).any(axis=(1, 2)))

    def distances(self) -> Array:
        """Sum over targets of the squared distance in tolerances, a point; infinite where a world failed."""
        value, tolerance = (np.array([getattr(t, name) for t in self.targets]) for name in ("value", "tolerance"))
        found = (((self.outcomes.mean(axis=2) - value) / tolerance) ** 2).sum(axis=1)
        return np.asarray(np.nan_to_num(found, nan=np.inf), dtype=np.float64)


@dataclass(frozen=True)
class Found:
    """What a calibration ended with."""

    best: int | None
    """Which of the runs; None when no values agree with the targets."""
    region: Array
    """Points that agree with the targets, in the unit cube of the ranges; shape (m, n)."""
    low: Array
    high: Array
    """The box that was looked at last."""


@dataclass(frozen=True)
class Calibration:
    """A question: which values of these parameters reproduce these figures?

    >>> question = Calibration.of(scenario, factors, targets)    # doctest: +SKIP
    >>> question.run(Execution(jobs=2)).effects("parameter")    # doctest: +SKIP
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    targets: tuple[Target, ...]
    points: int
    waves: int = WAVES
    trials: int = TRIALS
    replications: int = REPLICATIONS
    seed: int = 0

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        factors: Sequence[Factor],
        targets: Sequence[Target],
        *,
        points: int | None = None,
        waves: int = WAVES,
        trials: int = TRIALS,
        replications: int = REPLICATIONS,
        seed: int | None = None,
    ) -> Calibration:
        """A question that can be put.

        Args:
            scenario: what is calibrated.
            factors: parameters with the ranges that are possible at all.
            targets: figures to be met, with their tolerances (standard errors).
            points: Sobol points a wave; at least twice the coefficients of a quadratic surface, which is the default.
            waves: most waves of history matching; they end early when they no longer narrow the ranges.
            trials: points that Optuna looks at within what is left.
            replications: worlds a point.
            seed: of the points; the scenario's own when None.

        Raises:
            InputError: optuna is missing, no target, no range, or numbers that cannot be.
        """
        extra("optuna", "optimize", "calibration")
        check_factors(factors)
        check_targets(targets)
        for factor in factors:
            if not factor.is_range:
                raise InputError(f"{factor.name}: a calibration needs a range LOW:HIGH, not single values")
        if len(factors) > MOST_PARAMETERS:
            raise InputError(f"{len(factors)} parameters are too many to calibrate at once; at most {MOST_PARAMETERS}")
        check_replications(replications, least=4)
        least = least_points(len(factors))
        size = least if points is None else points
        if isinstance(size, bool) or not isinstance(size, int) or size < terms(len(factors), MOST_FULL) + 4:
            need = terms(len(factors), MOST_FULL) + 4
            raise InputError(f"{len(factors)} parameters need at least {need} points a wave, got {size!r}")
        for name, value in (("waves", waves), ("trials", trials)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
        check_design(_corners(factors), scenario)
        seed = scenario.seed if seed is None else seed
        return cls(scenario, tuple(factors), tuple(targets), size, waves, trials, replications, seed)

    @property
    def alpha(self) -> float:
        """Chance of leaving out the true values that the scenario's interval level allows."""
        return 1.0 - self.scenario.outcomes.interval

    @property
    def value(self) -> Array:
        """Targets, shape (K,)."""
        return np.array([target.value for target in self.targets])

    @property
    def tolerance(self) -> Array:
        """Their tolerances, shape (K,)."""
        return np.array([target.tolerance for target in self.targets])

    def run(self, execution: Execution | None = None) -> Analysis:
        """Narrow the ranges, look for the best point, and measure it on fresh replicates.

        Raises:
            InputError: a value does not fit the scenario, or `out` cannot be used.
            StorageError: results cannot be written; finished worlds stay.
        """
        from agorasim.experiment.calibrated import report

        how = execution or Execution()
        settings = {
            "vary": {f.name: [f.low, f.high, f.scale] for f in self.factors},
            "targets": {t.measure.name: [t.value, t.tolerance] for t in self.targets},
            "points": self.points, "waves": self.waves, "trials": self.trials,
        }  # fmt: skip
        with how.open(self.scenario, "calibrate", settings) as lab:
            worlds = (self.waves * self.points + self.trials) * self.replications + 2 * self.replications
            what = f"up to {self.waves} waves of {self.points} points, then {self.trials} trials"
            ends = _corners(self.factors)
            pilot = Arm(
                "pilot", overrides=tuple(ends.overrides(ends.points[0], self.scenario).items()), decisions="react"
            )
            how.announce(lab, worlds, what, pilot)
            runs = Runs(lab, self.targets)
            return report(self, runs, self.search(runs))

    def search(self, runs: Runs) -> Found:
        """Waves, then the best point, then the region."""
        n = len(self.factors)
        low, high = np.zeros(n), np.ones(n)
        for wave in range(1, self.waves + 1):
            cube = sobol_sample(n, self.points, self.seed + wave)
            self.add(runs, low + cube * (high - low), f"wave {wave}")
            still = self.look(runs, low, high, EARLY * self.alpha, wave)
            if not len(still):
                return Found(None, still, low, high)
            # A margin, since the surface is least sure at the edges.
            margin = 0.1 * np.ptp(still, axis=0) + 0.01
            new_low = np.maximum(still.min(axis=0) - margin, low)
            new_high = np.minimum(still.max(axis=0) + margin, high)
            shrunk = float(np.prod((new_high - new_low) / (high - low)))
            low, high = new_low, new_high
            if shrunk > 0.7:
                break
        self._tune(runs, low, high)
        alpha = self.alpha * (1.0 - EARLY * self.waves)
        left = self.look(runs, low, high, alpha, self.waves + 1)
        if not len(left):
            return Found(None, left, low, high)
        return Found(int(np.argmin(runs.distances())), left, low, high)

    def add(self, runs: Runs, shares: Array, stage: str) -> Array:
        """Run points of the unit cube and keep them; their squared distances."""
        values = [tuple(f.at(float(u)) for f, u in zip(self.factors, row, strict=True)) for row in shares]
        start = len(runs.arms)
        arms = []
        for k, row in enumerate(values):
            changes: dict[str, Any] = {}
            for factor, value in zip(self.factors, row, strict=True):
                changes.update(factor.overrides(value, self.scenario))
            arms.append(Arm(f"point {start + k:04d}", overrides=tuple(changes.items()), decisions="react"))
        replicates = range(self.replications)
        runs.lab.run(arms, replicates)
        found = np.stack([t.measure.read(runs.lab, arms, replicates) for t in self.targets], axis=1)
        # Whole numbers lie where they are, not where the sample wanted them.
        real = np.array([[f.share_of(v) for f, v in zip(self.factors, row, strict=True)] for row in values])
        runs.shares = np.vstack([runs.shares.reshape(-1, len(self.factors)), real])
        runs.outcomes = np.concatenate([runs.outcomes.reshape(-1, *found.shape[1:]), found])
        runs.arms += arms
        runs.values += values
        runs.stages += [stage] * len(arms)
        return runs.distances()[start:]

    def surfaces(self, runs: Runs, low: Array, high: Array) -> list[Surface]:
        """One surface a target through the points of a box. InputError when too many worlds failed to fit one."""
        use = runs.whole(low, high)
        if use.sum() <= terms(len(self.factors), MOST_FULL):
            use = runs.whole(np.zeros_like(low), np.ones_like(high))
        if use.sum() <= terms(len(self.factors), MOST_FULL):
            raise InputError(f"only {int(use.sum())} of {len(use)} points have results: too few to go on")
        x = (runs.shares[use] - low) / (high - low)
        return [Surface.through(x, runs.outcomes[use, k]) for k in range(len(self.targets))]

    def look(self, runs: Runs, low: Array, high: Array, alpha: float, number: int) -> Array:
        """Points of a box that stay possible, in the unit cube of the whole ranges."""
        made = self.surfaces(runs, low, high)
        n = len(self.factors)
        found = region(made, self.value, self.tolerance, np.zeros(n), np.ones(n), alpha, self.seed + 100 + number)
        return low + found * (high - low)

    def _tune(self, runs: Runs, low: Array, high: Array) -> None:
        """Look for the best point within a box with Optuna; what surfaces call impossible is not run."""
        optuna = extra("optuna", "optimize", "calibration")
        surfaces = self.surfaces(runs, low, high)
        names = [f"x{k}" for k in range(len(self.factors))]
        spaces = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
        cloud = sobol_sample(len(names), 1024, self.seed)
        guess = self._guess(surfaces, cloud)
        starts = [cloud[k] for k in np.argsort(guess)[:BATCH]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = optuna.logging.get_verbosity()
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            try:
                sampler = optuna.samplers.TPESampler(
                    seed=self.seed % 2**32, n_startup_trials=2 * BATCH, multivariate=True, constant_liar=True
                )
                study = optuna.create_study(direction="minimize", sampler=sampler)
                inside = np.flatnonzero(runs.whole(low, high))
                distances = runs.distances()
                for k in inside:
                    where = np.clip((runs.shares[k] - low) / (high - low), 0.0, 1.0)
                    study.add_trial(
                        optuna.trial.create_trial(
                            params=dict(zip(names, where.tolist(), strict=True)),
                            distributions=spaces,
                            value=float(distances[k]),
                        )
                    )
                for start in starts:
                    study.enqueue_trial(dict(zip(names, start.tolist(), strict=True)))
                for begun in range(0, self.trials, BATCH):
                    trials = [study.ask(spaces) for _ in range(min(BATCH, self.trials - begun))]
                    x = np.array([[trial.params[name] for name in names] for trial in trials])
                    out = ratios(surfaces, self.value, self.tolerance, x, EARLY * self.alpha).max(axis=1) > 1.0
                    worth = self._guess(surfaces, x)
                    if not out.all():
                        worth[~out] = self.add(runs, low + x[~out] * (high - low), "trial")
                    for trial, value in zip(trials, worth, strict=True):
                        if math.isfinite(value):
                            study.tell(trial, float(value))
                        else:
                            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            finally:
                optuna.logging.set_verbosity(before)

    def _guess(self, surfaces: Sequence[Surface], x: Array) -> Array:
        """What the surfaces say the squared distance is."""
        heights = np.column_stack([surface.at(x)[0] for surface in surfaces])
        return np.asarray((((heights - self.value) / self.tolerance) ** 2).sum(axis=1))


def _corners(factors: Sequence[Factor]) -> Design:
    """The two ends of every range, alone and all together."""
    ends = [factor.ends() for factor in factors]
    rows = [tuple(pair[k] for pair in ends) for k in (0, 1)]
    return Design("calibrate", tuple(factors), tuple(Point(f"end {k}", row) for k, row in enumerate(rows)))
