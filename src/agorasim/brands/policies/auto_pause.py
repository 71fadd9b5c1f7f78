"""Stops what does not return enough for a while, and keeps the money."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from agorasim.brands.action import BrandAction
from agorasim.brands.policy import Money, Policy, TouchpointName
from agorasim.brands.view import BrandView


class AutoPause(Policy):
    """Spends a plan, and stops each touchpoint whose reported return over a full window is too low.

    A touchpoint is judged on a window of `window` reported days that lie wholly in its present run: when attributed
    revenue times `margin` per unit of money is below `least` (2 is "ROI 1:2") it stops for `pause` days, then runs
    again. Its money is not spent elsewhere. Last-click reports understate what builds awareness, so the rule stops
    that first: whether the money saved was wasted is a question to ask the simulator.
    """

    name = "auto_pause"
    description = "Spend a plan; pause touchpoints whose reported return falls below 1:2, and keep their money."
    state = ("running_since", "paused_until")

    class Settings(Policy.Settings):
        """The plan and when its parts are stopped."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint; its sum must be within the brand's budget."""
        least: Annotated[float, Field(ge=0.0, le=1e6)] = 2.0
        """Return below which a touchpoint is stopped, money back per unit of money spent."""
        margin: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
        """Share of attributed revenue that counts as money back (1: revenue; or the brand's contribution margin)."""
        window: Annotated[int, Field(ge=1, le=3650)] = 14
        """Reported days that a return is computed over."""
        pause: Annotated[int, Field(ge=1, le=3650)] = 28
        """Days that a stopped touchpoint stays off."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """Everything runs."""
        super().__init__(settings)
        #: First day of the present run of each touchpoint.
        self.running_since: dict[str, int] = dict.fromkeys(self.settings.plan, 0)
        #: First day on which a stopped touchpoint runs again.
        self.paused_until: dict[str, int] = {}

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Judge what has run for a full window, then spend the plan on what runs."""
        s = self.settings
        for touchpoint in [t for t, until in self.paused_until.items() if view.day >= until]:
            del self.paused_until[touchpoint]
            self.running_since[touchpoint] = view.day
        for touchpoint in s.plan:
            if touchpoint in self.paused_until or touchpoint not in view.spend:
                continue
            if view.reported_days - self.running_since[touchpoint] < s.window:
                continue
            back = s.margin * view.reported_roas(touchpoint, s.window)
            if math.isfinite(back) and back < s.least:
                self.paused_until[touchpoint] = view.day + s.pause
        return BrandAction({t: 0.0 if t in self.paused_until else money for t, money in s.plan.items()})
