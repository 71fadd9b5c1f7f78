"""What an optimiser found, measured on replicates that the search has not seen: gains, marginal returns, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.effects import paired
from agorasim.effects.intervals import Interval, mean_interval
from agorasim.effects.table import Rows
from agorasim.experiment.execution import Array, Measure, write_table
from agorasim.experiment.plans import TODAY, Plans
from agorasim.experiment.study import Analysis

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.experiment.laboratory import Laboratory

#: Step of the marginal return, as a share of a channel's money, and at least this share of the budget.
STEP, LEAST_STEP = 0.1, 0.015
#: Told beside the outcome.
BESIDE: Final = ("profit", "contribution", "revenue", "orders", "spend")


@dataclass
class Search:
    """What has been tried: plans, and their outcomes less today's in the replicates of the search."""

    plans: Plans
    lab: Laboratory
    outcome: Measure
    tried: list[tuple[str, Array, int]] = field(default_factory=list)
    """Stage, plan, and number of replicates."""

    def gains(self, plans: Sequence[Array], replicates: int, stage: str) -> Array:
        """Run plans and today's; outcomes less today's, shape (plans, replicates)."""
        arms = [self.plans.arm(plan) for plan in plans]
        self.lab.run([TODAY, *dict.fromkeys(arms)], range(replicates))
        values = self.outcome.read(self.lab, [TODAY, *arms], range(replicates))
        self.tried += [(stage, plan, replicates) for plan in plans]
        return np.asarray(values[1:] - values[0])


@dataclass(frozen=True)
class Optimum:
    """A plan to be measured on replicates that the search has not seen."""

    search: Search
    best: Array
    fresh: range

    @property
    def plans(self) -> Plans:
        """What the plan was chosen from."""
        return self.search.plans

    @property
    def arm(self) -> Arm:
        """The world of the plan."""
        return self.plans.arm(self.best)

    @cached_property
    def steps(self) -> dict[str, tuple[Arm, Arm]]:
        """For each channel, and all together, the worlds with a little more and a little less money."""
        plans, best = self.plans, self.best
        made: dict[str, tuple[Arm, Arm]] = {}
        size = np.maximum(STEP * best, LEAST_STEP * plans.budget)
        spare = max(plans.room - float(best.sum()), 0.0)
        for k, name in enumerate(plans.channels):
            up, down = best.copy(), best.copy()
            up[k] += min(size[k], spare)
            down[k] = max(best[k] - size[k], 0.0)
            made[name] = (plans.arm(np.round(up, 2)), plans.arm(np.round(down, 2)))
        if len(best) > 1 and best.sum() > 0:
            step = min(STEP / 2, spare / float(best.sum()))
            pair = (np.round(best * (1 + step), 2), np.round(best * (1 - STEP / 2), 2))
            made["+".join(sorted(plans.channels))] = (plans.arm(pair[0]), plans.arm(pair[1]))
        return made

    def gains(self, rows: Rows) -> Interval:
        """Write levels of the best plan and of today's, and their difference; the difference of the outcome."""
        plans, outcome = self.plans, self.search.outcome
        level = plans.scenario.outcomes.interval
        found: dict[str, Interval] = {}
        for name in dict.fromkeys((outcome.metric, *BESIDE)):
            measure = outcome if name == outcome.metric else Measure(name, plans.brand)
            on, off = measure.read(self.search.lab, [self.arm, TODAY], self.fresh)
            about: dict[str, Any] = {"brand": measure.brand, "unit": measure.unit(plans.scenario)}
            for label, values in (("best", on), ("today", off)):
                rows.add("level", label, name, mean_interval(values, level), **about)
            found[name] = paired.paired_interval(on, off, level)
            reduction = paired.variance_reduction(on, off)
            rows.add("difference", "best", name, found[name], variance_reduction=reduction, **about)
        return found[outcome.metric]

    def marginals(self, rows: Rows) -> list[str]:
        """Write the outcome before media cost per unit of media money added; what it says about the optimum."""
        plans, outcome = self.plans, self.search.outcome
        is_profit = outcome.metric == "profit"
        # Profit has the media cost inside; before it, profit moves as contribution does.
        metric = Measure("contribution", plans.brand) if is_profit else outcome
        spend = Measure("spend", plans.brand)
        notes = []
        level = plans.scenario.outcomes.interval
        about: dict[str, Any] = {
            "brand": metric.brand,
            "unit": f"{metric.unit(plans.scenario)} per {plans.scenario.currency.code}",
        }
        for name, (up, down) in self.steps.items():
            arms = [down, self.arm, up]
            gained, money = (m.read(self.search.lab, arms, self.fresh) for m in (metric, spend))

            def between(a: int, b: int, y: Array = gained, x: Array = money) -> Interval:
                return paired.ratio_interval(y[b] - y[a], x[b] - x[a], level)

            whole, below, above = between(0, 2), between(0, 1), between(1, 2)
            for suffix, found in (("", whole), ("_below", below), ("_above", above)):
                rows.add(f"marginal_return{suffix}", name, metric.metric, found, **about)
            if is_profit and name in plans.channels:
                notes.append(self._stands(name, whole, below, above))
        return notes

    def _stands(self, name: str, whole: Interval, below: Interval, above: Interval) -> str:
        """Whether a channel's marginal return is what it must be where the channel stands.

        At the highest point the last units spent bring at least what they cost, and the next ones at most that; where
        returns bend sharply (a channel runs out of inventory) the two differ. A bound of the channel or the budget
        excuses the side that it closes.
        """
        k = self.plans.channels.index(name)
        money, low, high = self.best[k], self.plans.low[k], self.plans.high[k]
        full = self.best.sum() >= self.plans.budget - 0.01 * len(self.best)
        # No limit exists where no money moved: nothing speaks against the plan.
        enough, no_more = not below.high < 1.0, not above.low > 1.0
        where = "inside its bounds"
        if money <= low + 0.005:
            where, enough = f"at its least ({low:g})", True
        if money >= high - 0.005 or full:
            where, no_more = ("held by the budget" if full else f"at its most ({high:g})"), True
        if np.isnan(whole.estimate):
            return f"{name}: {where}; its marginal return is undefined, no money moved"
        verdict = "as it must be at an optimum"
        if not enough:
            verdict = "NOT as it must be at an optimum: less would be better; try more replications"
        elif not no_more:
            verdict = "NOT as it must be at an optimum: more would be better; try more replications"
        told = f"{whole.estimate:.3g} ({whole.low:.3g} to {whole.high:.3g})"
        return f"{name}: {where}; the last unit of money brings {told} before media cost, {verdict}"


def report(search: Search, best: Array, alike: Array, flattered: float, fresh: range) -> Analysis:
    """Measure a plan and write all tables.

    Args:
        search: what has been tried.
        best: the plan.
        alike: plans that the search cannot tell from it, shape (m, channels).
        flattered: its gain over today as the search saw it.
        fresh: replicates that the search has not seen.
    """
    lab, plans = search.lab, search.plans
    found = Optimum(search, best, fresh)
    everything = [TODAY, found.arm, *(arm for pair in found.steps.values() for arm in pair)]
    lab.run(list(dict.fromkeys(everything)), fresh)
    rows = Rows()
    unit = search.outcome.unit(plans.scenario)
    notes = [_verdict(search.outcome, found.gains(rows), unit, flattered, len(fresh))]
    if (name := plans.policy["name"]) != "fixed_plan":
        notes.append(f"today {plans.brand} decides by {name}; the plans tried are fixed ones")
    notes += found.marginals(rows)
    write_table(lab, "trials", _history(search))
    write_table(lab, "plan", _plan(plans, best, alike))
    money = dict(zip(plans.channels, best.tolist(), strict=True))
    told = {"best": money, "notes": notes, "replications": {"search": fresh.start, "fresh": len(fresh)}}
    lab.finish(rows.table(), {"optimum": told})
    return Analysis(Path(lab.folder), rows.table(), tuple(notes), lab, ("today", "best", *plans.channels))


def _history(search: Search) -> pa.Table:
    """A row a plan and stage, with its gain over today in the replicates of that stage."""
    import pyarrow as pa

    level = search.plans.scenario.outcomes.interval
    arms = [search.plans.arm(plan) for _, plan, _ in search.tried]
    found = []
    for arm, (_, _, replicates) in zip(arms, search.tried, strict=True):
        values = search.outcome.read(search.lab, [arm, TODAY], range(replicates))
        found.append([float(x) for x in mean_interval(values[0] - values[1], level)[:3]])
    columns: dict[str, Any] = {"trial": pa.array(range(len(arms)), pa.int32())}
    columns["stage"] = [stage for stage, _, _ in search.tried]
    columns["arm"] = [arm.label for arm in arms]
    for k, name in enumerate(search.plans.channels):
        columns[f"plan.{name}"] = [float(plan[k]) for _, plan, _ in search.tried]
    columns["replications"] = pa.array([n for _, _, n in search.tried], pa.int32())
    for k, name in enumerate(("gain", "gain_low", "gain_high")):
        columns[name] = [row[k] for row in found]
    return pa.table(columns)


def _plan(plans: Plans, best: Array, alike: Array) -> pa.Table:
    """Money a day by channel: today, best, and the range of plans that the search cannot tell from the best."""
    import pyarrow as pa

    columns = {"channel": list(plans.channels), "today": plans.today.tolist(), "best": best.tolist()}
    return pa.table({**columns, "low": alike.min(axis=0).tolist(), "high": alike.max(axis=0).tolist()})


def _verdict(outcome: Measure, gain: Interval, unit: str, flattered: float, replications: int) -> str:
    """What the best plan gains, in a sentence."""
    told = f"{gain.estimate:,.4g} ({gain.low:,.4g} to {gain.high:,.4g}) {unit}"
    clear = "" if gain.low > 0 or gain.high < 0 else "; the interval covers 0: it cannot be told from today's plan"
    return (
        f"the best plan changes {outcome.name} by {told} against today, on {replications} replicates that the search"
        f" had not seen (in the search it looked like {flattered:,.4g}){clear}"
    )
