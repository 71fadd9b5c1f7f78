"""Tries plans in turn and comes to prefer the one that pays: a bandit over media plans."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Literal

from pydantic import Field

from agorasim.brands.action import MAX_DISCOUNT, BrandAction
from agorasim.brands.levers import LeverName, offered
from agorasim.brands.policy import Money, Policy, PolicySettings, Share, TouchpointName
from agorasim.brands.view import BrandView


class Arm(PolicySettings):
    """One of the plans that are compared."""

    plan: dict[TouchpointName, Money] = {}
    """Media money a day per touchpoint; its sum must be within the brand's budget."""
    discount: Annotated[float, Field(ge=0.0, le=MAX_DISCOUNT)] | None = None
    """Share of the list price taken off; none: left as it is."""
    levers: dict[LeverName, float] = {}
    """Levers by name; those that the scenario does not offer are left alone."""


class AbTest(Policy):
    """Runs one plan for `period` days, books what it earned, and chooses the next one.

    What a plan earned is `margin` x the brand's reported revenue less its media money a day, over the days of its turn
    but the first `washout`. `epsilon` greedy takes the best mean, or any plan with probability epsilon (Sutton & Barto
    2018); `thompson` draws each plan's mean from a normal around what it earned and takes the largest (Thompson 1933);
    `rotate` never prefers any. Every plan is tried once first. Effects of advertising outlast a turn, so plans that
    build memory are credited to whatever comes after them: a longer turn or washout costs time and removes bias.
    """

    name = "ab_test"
    description = "Try media plans in turns and shift to the one that earns most (epsilon-greedy or Thompson bandit)."
    state = ("arm", "since", "pending", "count", "mean", "square")

    class Settings(Policy.Settings):
        """The plans and how one of them is chosen."""

        arms: Annotated[dict[str, Arm], Field(min_length=2)]
        """Plans by name."""
        rule: Literal["thompson", "epsilon", "rotate"] = "thompson"
        """How the next plan is chosen."""
        epsilon: Share = 0.1
        """Probability of trying any plan (rule `epsilon`)."""
        period: Annotated[int, Field(ge=1, le=3650)] = 7
        """Days of a turn."""
        washout: Annotated[int, Field(ge=0, le=3649)] = 2
        """First days of a turn that are not counted."""
        margin: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
        """Contribution as a share of revenue."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """Nothing tried yet."""
        super().__init__(settings)
        arms = self.settings.arms
        #: Plan of the present turn, None before the first, and the turn's first day.
        self.arm: str | None = None
        self.since = 0
        #: Turns that are not booked yet: (plan, first counted day, day after the last).
        self.pending: list[tuple[str, int, int]] = []
        #: Turns booked, mean earned a day, and sum of squared deviations from it, by plan.
        self.count: dict[str, int] = dict.fromkeys(arms, 0)
        self.mean: dict[str, float] = dict.fromkeys(arms, 0.0)
        self.square: dict[str, float] = dict.fromkeys(arms, 0.0)

    def touchpoints(self) -> set[str]:
        """Those of all plans."""
        return {touchpoint for arm in self.settings.arms.values() for touchpoint in arm.plan}

    def decide(self, view: BrandView) -> BrandAction:
        """Book finished turns; at the end of a turn choose the next plan."""
        s = self.settings
        self._book(view)
        if self.arm is None or view.day - self.since >= s.period:
            if self.arm is not None:
                first = min(self.since + s.washout, view.day - 1)
                self.pending.append((self.arm, first, view.day))
            self.arm, self.since = self._choose(view), view.day
        arm = s.arms[self.arm]
        return BrandAction(dict(arm.plan), discount=arm.discount, levers=offered(view, arm.levers))

    def _book(self, view: BrandView) -> None:
        """Take in the earnings of turns whose days are all reported (Welford 1962)."""
        waiting = []
        for name, first, end in self.pending:
            if end > view.reported_days:
                waiting.append((name, first, end))
                continue
            cost = math.fsum(float(series[first:end].sum()) for _, series in sorted(view.spend.items()))
            earned = (self.settings.margin * float(view.revenue[first:end].sum()) - cost) / (end - first)
            self.count[name] += 1
            step = earned - self.mean[name]
            self.mean[name] += step / self.count[name]
            self.square[name] += step * (earned - self.mean[name])
        self.pending = waiting

    def _choose(self, view: BrandView) -> str:
        """The plan of the next turn."""
        s, names = self.settings, sorted(self.settings.arms)
        waiting = [name for name, _, _ in self.pending]
        tried = {name: self.count[name] + waiting.count(name) for name in names}
        fewest = min(tried.values())
        known = [name for name in names if self.count[name]]
        if s.rule == "rotate" or fewest == 0 or not known:
            return next(name for name in names if tried[name] == fewest)
        if s.rule == "epsilon":
            if self.draw(view, "explore") < s.epsilon:
                return names[int(self.draw(view, "which") * len(names))]
            return max(known, key=lambda name: self.mean[name])
        # Until plans have been run twice, their common scatter stands for each one's own.
        freedom = sum(max(0, self.count[name] - 1) for name in known)
        pooled = math.fsum(self.square[name] for name in known) / freedom if freedom else 0.0
        spread = math.sqrt(pooled) if pooled > 0.0 else max(abs(self.mean[name]) for name in known)
        drawn = {
            name: self.mean[name]
            + spread / math.sqrt(self.count[name]) * NormalDist().inv_cdf(self.draw(view, f"mean {name}"))
            for name in known
        }
        return max(known, key=lambda name: drawn[name])
