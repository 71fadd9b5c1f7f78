"""Recognises a crisis by what it does to sales, answers it, and is silent in the media meanwhile."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.brands.action import BrandAction
from agorasim.brands.levers import LeverName, offered
from agorasim.brands.policy import Money, Policy, Share, TouchpointName
from agorasim.brands.view import BrandView


class CrisisResponse(Policy):
    """Holds that there is a crisis when new customers and orders both fall steeply against the weeks before.

    In a crisis it sets `levers` (an apology, compensation: `crisis.response`), scales media money by `media`, and
    waits `days` before it looks again. The answer comes as late as the figures do: what a day of `data.report_delay`
    costs here is one of the questions for the simulator.
    """

    name = "crisis_response"
    description = "Spend a plan; when sales collapse answer with the crisis lever and cut media until it is over."
    state = ("crisis_until", "before")

    class Settings(Policy.Settings):
        """When there is a crisis, and what is done."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint; its sum must be within the brand's budget."""
        drop: Share = 0.25
        """Fall of mean daily orders (and of new customers) that counts as a crisis, as a share of the mean before."""
        window: Annotated[int, Field(ge=1, le=3650)] = 3
        """Reported days in which the fall shows."""
        baseline: Annotated[int, Field(ge=1, le=3650)] = 14
        """Reported days before them that they are compared with."""
        days: Annotated[int, Field(ge=1, le=3650)] = 14
        """Days of answering."""
        levers: dict[LeverName, float] = {"crisis.response": 1.0}
        """Levers in a crisis, by name; those that the scenario does not offer are left alone."""
        media: Share = 0.5
        """Share of the plan spent in a crisis."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """No crisis yet."""
        super().__init__(settings)
        #: First day after the crisis; 0 when there was none.
        self.crisis_until = 0
        #: Levers before the crisis; None without one.
        self.before: dict[str, float] | None = None

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Answer a crisis, or spend the plan."""
        s = self.settings
        if view.day >= self.crisis_until and self._collapsed(view):
            self.crisis_until = view.day + s.days
        crisis = view.day < self.crisis_until
        levers: dict[str, float] = {}
        if crisis:
            levers = offered(view, s.levers)
            if self.before is None:
                self.before = {name: view.levers[name] for name in levers}
        elif self.before is not None:
            levers, self.before = self.before, None
        factor = s.media if crisis else 1.0
        return BrandAction({touchpoint: money * factor for touchpoint, money in s.plan.items()}, levers=levers)

    def _collapsed(self, view: BrandView) -> bool:
        """Whether orders and new customers have both fallen; never before a whole baseline is known."""
        s = self.settings
        if view.reported_days < s.window + s.baseline:
            return False
        for series in (view.orders, view.new_customers):
            now = view.recent(series, s.window) / s.window
            then = view.recent(series[: -s.window], s.baseline) / s.baseline
            if then <= 0.0 or now >= (1.0 - s.drop) * then:
                return False
        return True
