"""The best media plan of a brand, found by running the market itself.

Three stages, all worlds of a replicate sharing their random numbers: Optuna's tree-structured Parzen estimator
(Bergstra et al. 2011) from Sobol points; then a quadratic surface around the best, with more replicates, and its
highest point; then replicates that the search has never seen, for every figure that is reported. A maximum over noisy
values flatters itself; fresh replicates do not.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.effects import paired
from agorasim.errors import InputError
from agorasim.experiment.designs import sobol_sample
from agorasim.experiment.execution import Array, Execution, Measure, check_replications, extra, measures
from agorasim.experiment.optimum import Search, report
from agorasim.experiment.plans import Plans
from agorasim.experiment.study import Analysis
from agorasim.experiment.surface import fit, highest, terms

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

TRIALS: Final = 40
REPLICATIONS: Final = 40
#: Plans that are asked for at a time, whatever the number of workers: results must not depend on it.
BATCH: Final = 4
#: Half-width of the box of each round of refinement: a share of a channel's money, and at least one of its range.
#: Returns curve on the scale of the money itself, so that a wider box would bend the surface's top away from the truth.
ROUNDS: Final = ((0.5, 0.12), (0.25, 0.05))


@dataclass(frozen=True)
class Optimisation:
    """A question: how should a brand spend a budget over channels?

    >>> question = Optimisation.of(scenario, "lumo", ["search", "social"], budget=400)    # doctest: +SKIP
    >>> question.run(Execution(jobs=2)).read("plan")    # doctest: +SKIP
    """

    plans: Plans
    outcome: Measure
    trials: int = TRIALS
    replications: int = REPLICATIONS
    seed: int = 0

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Sequence[str],
        budget: float,
        *,
        outcome: str = "profit",
        least: Mapping[str, float] | None = None,
        most: Mapping[str, float] | None = None,
        spend_all: bool = False,
        trials: int = TRIALS,
        replications: int = REPLICATIONS,
        seed: int | None = None,
    ) -> Optimisation:
        """A question that has an answer.

        Args:
            scenario: the market; the brand's policy in it is "today".
            brand: whose money.
            channels: channels that take media money; the plan of all others stays.
            budget: most money a day over the named channels, in currency units.
            outcome: the metric to be made as large as possible over the counted days.
            least: lower bounds a day, by channel.
            most: upper bounds a day, by channel.
            spend_all: plans use the whole budget.
            trials: plans tried in the first stage.
            replications: fresh replicates behind every figure. The search has its own: a fifth as many in the first
                stage, half as many and then twice as many in the rounds of refinement.
            seed: of the search; the scenario's own when None.

        Raises:
            InputError: optuna is missing, or the question cannot be answered: no budget, no media channel, bounds that
                contradict each other, an unknown name.
        """
        extra("optuna", "optimize", "optimisation")
        found = measures(scenario, [outcome], brand)
        plans = Plans.of(scenario, brand, channels, budget, least=least, most=most, spend_all=spend_all)
        check_replications(replications, least=4)
        if isinstance(trials, bool) or not isinstance(trials, int) or trials < 8:
            raise InputError(f"trials must be a whole number of at least 8, got {trials!r}")
        return cls(plans, found[0], trials, replications, scenario.seed if seed is None else seed)

    @property
    def searching(self) -> tuple[int, ...]:
        """Replicates of the first stage and of each round of refinement; fresh ones come after them.

        The last round decides where the plan stands, and must be sharper than what the plan is judged by afterwards.
        """
        return max(3, self.replications // 5), max(4, self.replications // 2), 2 * self.replications

    def run(self, execution: Execution | None = None) -> Analysis:
        """Search, then measure what was found on fresh replicates.

        Raises:
            InputError: a policy's action is wrong, or `out` cannot be used.
            StorageError: results cannot be written; finished worlds stay.
        """
        how = execution or Execution()
        settings = {"brand": self.plans.brand, "channels": list(self.plans.channels), "budget": self.plans.budget,
                    "outcome": self.outcome.name, "trials": self.trials, "low": list(self.plans.low),
                    "high": list(self.plans.high), "spend_all": self.plans.spend_all}  # fmt: skip
        with how.open(self.plans.scenario, "optimise", settings) as lab:
            first, *more = self.searching
            n = len(self.plans.channels)
            worlds = self.trials * first + 2 * (terms(n) + 1) * sum(more) + (4 + 2 * n) * self.replications
            how.announce(lab, worlds, f"{self.trials} plans, {len(ROUNDS)} rounds of refinement, fresh replicates")
            search = Search(self.plans, lab, self.outcome)
            centre = self._explore(search, first)
            best, alike, flattered = self._refine(search, centre, more)
            fresh = range(max(self.searching), max(self.searching) + self.replications)
            return report(search, best, alike, flattered, fresh)

    # --- searching ------------------------------------------------------------------------------------------------

    def _explore(self, search: Search, replicates: int) -> Array:
        """The best of the first stage."""
        optuna = extra("optuna", "optimize", "optimisation")
        low, high = np.array(self.plans.low), np.array(self.plans.high)
        names = self.plans.channels
        open_ = [k for k in range(len(names)) if high[k] > low[k]]
        spaces = {names[k]: optuna.distributions.FloatDistribution(low[k], high[k]) for k in open_}
        starts = [self.plans.today, low + (self.plans.budget - low.sum()) / len(names)]
        count = max(6, self.trials // 3) - len(starts)
        # Sobol points, drawn in towards the budget: most of the cube lies above it.
        cube = low + sobol_sample(len(names), max(2, count), self.seed) * (high - low)
        starts += list(cube)
        best, found = -math.inf, self.plans.allowed(self.plans.today)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = optuna.logging.get_verbosity()
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            try:
                sampler = optuna.samplers.TPESampler(
                    seed=self.seed % 2**32, n_startup_trials=len(starts), multivariate=True, constant_liar=True
                )
                study = optuna.create_study(direction="maximize", sampler=sampler)
                for start in starts:
                    clipped = np.clip(start, low, high)
                    study.enqueue_trial({names[k]: float(clipped[k]) for k in open_})
                for begun in range(0, self.trials, BATCH):
                    trials = [study.ask(spaces) for _ in range(min(BATCH, self.trials - begun))]
                    plans = []
                    for trial in trials:
                        plan = low.copy()
                        for k in open_:
                            plan[k] = trial.params[names[k]]
                        plans.append(self.plans.allowed(plan))
                    gains = search.gains(plans, replicates, "start" if begun < len(starts) else "search")
                    for trial, plan, gain in zip(trials, plans, gains, strict=True):
                        mean = float(np.mean(gain))
                        if math.isnan(mean):
                            study.tell(trial, state=optuna.trial.TrialState.FAIL)
                            continue
                        study.tell(trial, mean)
                        if mean > best:
                            best, found = mean, plan
            finally:
                optuna.logging.set_verbosity(before)
        return found

    def _refine(self, search: Search, centre: Array, replications: Sequence[int]) -> tuple[Array, Array, float]:
        """The highest point of a surface around the best, round by round.

        Returns the best plan, the plans that cannot be told from it, and its gain as the search saw it.
        """
        low, high = np.array(self.plans.low), np.array(self.plans.high)
        plans, gains = [centre], np.empty((0, 0))
        for number, ((share, least), replicates) in enumerate(zip(ROUNDS, replications, strict=True), start=1):
            half = np.where(high > low, np.maximum(share * centre, least * (high - low)), 0.0)
            a, b = np.maximum(centre - half, low), np.minimum(centre + half, high)
            cube = sobol_sample(len(a), 2 * terms(len(a)), self.seed + number)
            plans = [centre, *(self.plans.allowed(a + u * (b - a)) for u in cube)]
            gains = search.gains(plans, replicates, f"round {number}")
            means = gains.mean(axis=1)
            whole = ~np.isnan(means)
            if whole.sum() < terms(len(a)):
                continue
            x, scale = np.array(plans), np.where(b > a, b - a, 1.0)
            surface = fit((x[whole] - centre) / scale, means[whole])
            top = self._top(surface, centre, x[whole][np.argsort(-means[whole])[:3]], a, b, scale)
            gains = np.vstack([gains, search.gains([top], replicates, f"top of round {number}")])
            plans.append(top)
            centre = _better(plans, gains)
        return self._alike(np.array(plans), gains, centre)

    def _top(self, surface: Array, centre: Array, starts: Array, a: Array, b: Array, scale: Array) -> Array:
        """The surface's highest point within box and budget."""
        shifted = [(start - centre) / scale for start in [centre, *starts]]

        def back(u: Array) -> Array:
            return centre + u * scale

        found = highest(
            surface, np.array(shifted), (a - centre) / scale, (b - centre) / scale,
            scale, self.plans.budget - float(centre.sum()),
            whole=self.plans.spend_all,
        )  # fmt: skip
        return self.plans.allowed(back(found))

    def _alike(self, plans: Array, gains: Array, best: Array) -> tuple[Array, Array, float]:
        """The best plan with those that the search cannot tell from it, and its gain as the search saw it."""
        at = int(np.argmax(np.all(plans == best, axis=1)))
        lead = paired.paired_interval(np.broadcast_to(gains[at], gains.shape), gains, 0.95)
        same = ~(lead.low > 0.0) & ~np.isnan(gains).any(axis=1)
        same[at] = True
        return best, plans[same], float(np.nanmean(gains[at]))


def _better(plans: Sequence[Array], gains: Array) -> Array:
    """The surface's top, which stands last, unless another plan is clearly ahead of it."""
    means = np.nan_to_num(gains.mean(axis=1), nan=-np.inf)
    best = int(np.argmax(means))
    lead = gains[best] - gains[-1]
    error = float(np.std(lead, ddof=1)) / math.sqrt(len(lead))
    if math.isinf(means[-1]) or float(np.mean(lead)) > 1.5 * error:
        return plans[best]
    return plans[-1]
