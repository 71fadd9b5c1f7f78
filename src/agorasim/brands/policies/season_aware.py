"""Follows the calendar: more money before and in the seasons and festivals in which people buy."""

from __future__ import annotations

import datetime
import math
from typing import Annotated

from pydantic import Field, field_validator

from agorasim.brands.action import BrandAction
from agorasim.brands.policy import Money, Policy, PolicySettings, TouchpointName
from agorasim.brands.view import BrandView

_Factor = Annotated[float, Field(ge=0.0, le=1e3)]


class Period(PolicySettings):
    """A part of every year."""

    start: str
    """First day, as month-day ("11-01")."""
    end: str
    """Last day, inclusive; before `start` it wraps round the new year."""
    factor: _Factor
    """What media money is multiplied by; where periods overlap the factors are."""

    @field_validator("start", "end")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            plain = datetime.date.fromisoformat(f"2000-{value}").strftime("%m-%d") == value
        except ValueError:
            plain = False
        if not plain:
            raise ValueError('expected a month and day such as "11-01"')
        return value

    def covers(self, day: datetime.date) -> bool:
        """Whether a day lies in it."""
        today = day.strftime("%m-%d")
        if self.start <= self.end:
            return self.start <= today <= self.end
        return today >= self.start or today <= self.end


class SeasonAware(Policy):
    """Multiplies a plan by the factors of the season `lead` days ahead, within the budget.

    Advertising works before people buy, so the money leads the season. With `keep_average` the factors are divided by
    their mean over the world's days, so that the season moves money in time without adding any.
    """

    name = "season_aware"
    description = "Spend a plan times factors of the season and of the weekday, some days ahead of it."
    state = ("mean",)

    class Settings(Policy.Settings):
        """The plan and its calendar."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint when all factors are 1; the budget bounds each day."""
        periods: list[Period] = []
        """Parts of the year with their factors."""
        weekday: Annotated[list[_Factor], Field(min_length=7, max_length=7)] = [1.0] * 7
        """Factors of weekdays, Monday first (of the day itself, not of the day ahead)."""
        lead: Annotated[int, Field(ge=0, le=366)] = 7
        """Days by which money goes ahead of the season."""
        keep_average: bool = False
        """Divide by the mean factor over the whole world, so that all days together cost the plan."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """The calendar is not known yet."""
        super().__init__(settings)
        #: Mean factor over the world's days; None before the first decision.
        self.mean: float | None = None

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Today's part of the plan, cut to the budget."""
        s = self.settings
        factor = self._factor(view.date)
        if s.keep_average:
            if self.mean is None:
                first = view.date - datetime.timedelta(days=view.day)
                days = (self._factor(first + datetime.timedelta(days=d)) for d in range(view.days_total))
                self.mean = math.fsum(days) / max(1, view.days_total)
            factor = factor / self.mean if self.mean > 0.0 else 0.0
        total = math.fsum(s.plan.values())
        if total * factor > view.budget:
            factor = view.budget / total
        return BrandAction({touchpoint: money * factor for touchpoint, money in s.plan.items()})

    def _factor(self, day: datetime.date) -> float:
        """What the plan is multiplied by on a day."""
        ahead = day + datetime.timedelta(days=self.settings.lead)
        factor = self.settings.weekday[day.weekday()]
        for period in self.settings.periods:
            if period.covers(ahead):
                factor *= period.factor
        return factor
