"""Media plans of one brand within a budget: which are allowed, and the world that each one is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import with_policy
from agorasim.errors import InputError, unknown
from agorasim.experiment.execution import check_brand
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

Array = NDArray[np.float64]
TODAY: Final = Arm("today", decisions="react")
"""The scenario as it is, the brand's own policy deciding."""


@dataclass(frozen=True)
class Plans:
    """The plans that a brand may choose from: money a day for some channels, all else as it is.

    A plan is an array of money a day, one entry a channel. It holds from the end of warm-up on, as do the days that are
    counted: money spent before would bring counted sales and cost nothing.
    """

    scenario: Scenario
    brand: str
    channels: tuple[str, ...]
    budget: float
    """Most money a day over all named channels."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    spend_all: bool = False
    """Whether plans use the whole budget."""
    decisions: str = "react"

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Sequence[str],
        budget: float,
        *,
        least: Mapping[str, float] | None = None,
        most: Mapping[str, float] | None = None,
        spend_all: bool = False,
    ) -> Plans:
        """Plans whose bounds can be kept.

        Raises:
            InputError: an unknown brand or channel, a channel that takes no media money, no budget, bounds that
                contradict each other or the brand's own budget.
        """
        check_brand(scenario, brand)
        names = [name.strip() for name in channels if name.strip()]
        media = [name for name, t in scenario.touchpoints.items() if KINDS[t.kind].buys_media]
        if not names:
            raise InputError(f"no channel is named; these take media money: {', '.join(media) or '(none)'}")
        for name in names:
            if name not in scenario.touchpoints:
                raise InputError(unknown("channel", name, scenario.touchpoints))
            if names.count(name) > 1:
                raise InputError(f"channel {name!r} is named twice")
            if name not in media:
                kind = scenario.touchpoints[name].kind
                raise InputError(
                    f"channel {name!r} ({kind}) takes no media money, so there is no spend to optimise; expected some"
                    f" of: {', '.join(media) or '(none)'}"
                )
        if isinstance(budget, bool) or not math.isfinite(budget) or budget <= 0:
            raise InputError(f"the budget must be money above 0 a day, got {budget:g}: nothing could be spent")
        bounds = {"least": dict(least or {}), "most": dict(most or {})}
        for word, given in bounds.items():
            for name, value in given.items():
                if name not in names:
                    raise InputError(f"{word} money for {name!r}: {unknown('channel', name, names)}")
                if not math.isfinite(value) or value < 0:
                    raise InputError(f"{word} money for {name!r} must be 0 or more, got {value:g}")
        low = tuple(float(bounds["least"].get(name, 0.0)) for name in names)
        high = tuple(min(float(bounds["most"].get(name, math.inf)), float(budget)) for name in names)
        for name, a, b in zip(names, low, high, strict=True):
            if a > b:
                raise InputError(f"channel {name!r}: its least ({a:g}) is above its most ({b:g})")
        if math.fsum(low) > budget:
            raise InputError(f"the least amounts sum to {math.fsum(low):g}, above the budget of {budget:g}")
        if spend_all and math.fsum(high) < budget:
            raise InputError(f"the most amounts sum to {math.fsum(high):g}: the budget of {budget:g} cannot be spent")
        if low == high:
            raise InputError("the bounds leave one plan only: nothing to optimise")
        made = cls(scenario, brand, tuple(names), float(budget), low, high, spend_all)
        rest, own = math.fsum(made.rest.values()), scenario.brands[brand].budget
        if rest + budget > own * (1 + 1e-9):
            also = f" (with {rest:g} for its other channels)" if rest else ""
            raise InputError(
                f"a budget of {budget:g} a day{also} is above what {brand} has, {own:g} a day; allow it with"
                f" --set brands.{brand}.budget={rest + budget:g}"
            )
        return made

    @property
    def policy(self) -> dict[str, Any]:
        """The brand's policy as the scenario has it."""
        return dict(self.scenario.to_dict()["brands"][self.brand]["policy"])

    @property
    def rest(self) -> dict[str, float]:
        """Today's plan for channels that are not named; it stays."""
        plan = self.policy.get("plan") or {}
        return {name: float(money) for name, money in plan.items() if name not in self.channels}

    @property
    def today(self) -> Array:
        """Today's plan for the named channels, as far as the policy has one."""
        plan = self.policy.get("plan") or {}
        return np.array([float(plan.get(name, 0.0)) for name in self.channels])

    @property
    def room(self) -> float:
        """Most money a day that the brand could spend on the named channels at all."""
        return float(self.scenario.brands[self.brand].budget) - math.fsum(self.rest.values())

    def allowed(self, plan: Array) -> Array:
        """The plan pulled into the bounds and the budget, in whole cents: the same direction from the least amounts."""
        low, high = np.array(self.low), np.array(self.high)
        x = np.clip(plan, low, high)
        total = x.sum()
        if total > self.budget:
            x = low + (x - low) * (self.budget - low.sum()) / (total - low.sum())
        elif self.spend_all and total < self.budget:
            # What is missing goes where there is room, in proportion to it.
            space = high - x
            x = x + space * (self.budget - total) / space.sum()
        return np.round(np.floor(x * 100 + 1e-6) / 100, 2)

    def arm(self, plan: Array) -> Arm:
        """The world of a plan; equal plans have equal names."""
        label = ", ".join(f"{name}={money:.10g}" for name, money in zip(self.channels, plan, strict=True))
        policy = self.policy
        keep = policy if policy["name"] == "fixed_plan" else {}
        settings = {key: value for key, value in keep.items() if key not in ("name", "plan")}
        money = {**self.rest, **dict(zip(self.channels, (float(x) for x in plan), strict=True))}
        change = with_policy("fixed_plan", brand=self.brand, plan=money, **settings)
        return Arm(label, (change,), decisions=self.decisions)
