"""Moves media money towards touchpoints whose reported return is high."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from agorasim.brands.action import BrandAction
from agorasim.brands.policy import Money, Policy, Share, TouchpointName
from agorasim.brands.view import BrandView


class ReallocateByRoi(Policy):
    """Each decision shifts a share of a constant total towards touchpoints with a high reported ROAS.

    With r_i the attributed revenue per unit of money on touchpoint i over the window, the target share of i is
    proportional to r_i ** sharpness (a logit rule on log returns), and shares move by `step` towards it. A touchpoint
    without spend in the window has no return to judge and keeps its share. The policy believes last-click reports, so
    it drains touchpoints that build awareness: that is the behaviour to be studied, not a flaw of the code.
    """

    name = "reallocate_by_roi"
    description = "Shift a constant total towards touchpoints with a high reported return on ad spend."
    state = ("shares", "running_since", "paused_until")

    class Settings(Policy.Settings):
        """How fast, how sharply and within which limits money moves."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day to start from; its sum is what is spent throughout. A touchpoint at 0 takes part."""
        window: Annotated[int, Field(ge=1, le=3650)] = 14
        """Reported days that a return is computed over."""
        step: Share = 0.2
        """Share of the way to the target that one decision goes."""
        sharpness: Annotated[float, Field(ge=0.0, le=20.0)] = 1.0
        """0: money spreads evenly; 1: in proportion to returns; large: nearly all to the best."""
        keep: Share = 0.05
        """Least share of the total that a running touchpoint gets once returns are known, so that it keeps learning."""
        pause_below: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
        """Stop a touchpoint for `window` days when its return over a full window is below this; it then starts again
        at `keep`. Its money goes to the others; nothing is spent while all are stopped. None: never stop."""

        @model_validator(mode="after")
        def _floors_fit(self) -> ReallocateByRoi.Settings:
            if self.keep * len(self.plan) > 1.0 + 1e-12:
                raise ValueError(
                    f"keep of {self.keep:g} for each of {len(self.plan)} touchpoints is more than the total"
                )
            if self.pause_below is not None and self.keep <= 0.0:
                raise ValueError("pause_below needs a keep above 0, with which a stopped touchpoint starts again")
            return self

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """Start from the plan's shares."""
        super().__init__(settings)
        plan = self.settings.plan
        total = math.fsum(plan.values())
        #: Share of the total per touchpoint; a stopped one's share waits at `keep`, outside the sum.
        self.shares: dict[str, float] = {t: money / total if total > 0.0 else 0.0 for t, money in plan.items()}
        #: First day of the present run of each touchpoint.
        self.running_since: dict[str, int] = dict.fromkeys(plan, 0)
        #: First day on which a stopped touchpoint runs again.
        self.paused_until: dict[str, int] = {}

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Reallocate on what is reported and spend the plan's total by the shares of running touchpoints."""
        plan = self.settings.plan
        total = math.fsum(plan.values())
        if total <= 0.0:
            return BrandAction(dict.fromkeys(plan, 0.0))
        woken = self._wake(view.day)
        returns = {t: view.reported_roas(t, self.settings.window) for t in plan if t in view.spend}
        returns = {t: r for t, r in returns.items() if math.isfinite(r)}
        if returns or woken or self.paused_until:
            self._pause(view, returns)
            running = [t for t in plan if t not in self.paused_until]
            self._move({t: r for t, r in returns.items() if t in running})
            self._floor(running)
        return BrandAction({t: 0.0 if t in self.paused_until else total * self.shares[t] for t in plan})

    def _wake(self, day: int) -> bool:
        """Start again what has been stopped long enough; whether there was anything."""
        woken = [t for t, until in self.paused_until.items() if day >= until]
        for touchpoint in woken:
            del self.paused_until[touchpoint]
            self.running_since[touchpoint] = day
        return bool(woken)

    def _pause(self, view: BrandView, returns: dict[str, float]) -> None:
        """Stop touchpoints whose return was too low over a window that lies wholly in their present run."""
        limit, window = self.settings.pause_below, self.settings.window
        if limit is None:
            return
        for touchpoint, value in returns.items():
            judged = view.reported_days - self.running_since[touchpoint] >= window
            if touchpoint not in self.paused_until and judged and value < limit:
                self.paused_until[touchpoint] = view.day + window
                self.shares[touchpoint] = self.settings.keep

    def _move(self, returns: dict[str, float]) -> None:
        """Shift shares among touchpoints with a known return; their sum stays."""
        best = max(returns.values(), default=0.0)
        if best <= 0.0:
            return
        # Relative to the best one, so that no power overflows.
        weights = {t: (max(r, 0.0) / best) ** self.settings.sharpness for t, r in returns.items()}
        pool = math.fsum(self.shares[t] for t in returns)
        whole = math.fsum(weights.values())
        step = self.settings.step
        for touchpoint, weight in weights.items():
            self.shares[touchpoint] += step * (pool * weight / whole - self.shares[touchpoint])

    def _floor(self, running: list[str]) -> None:
        """Make the running shares sum to 1 with none below `keep`; what lies above the floor shrinks in proportion."""
        if not running:
            return
        keep = self.settings.keep
        above = {t: max(self.shares[t] - keep, 0.0) for t in running}
        free, spare = 1.0 - keep * len(running), math.fsum(above.values())
        for touchpoint in running:
            part = above[touchpoint] / spare if spare > 0.0 else 1.0 / len(running)
            self.shares[touchpoint] = keep + max(free, 0.0) * part
