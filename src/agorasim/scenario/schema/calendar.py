"""The calendar: how long, and what multiplies needs on which days."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import Name, NonNegative, Strict
from agorasim.scenario.schema.dates import LAST_YEAR, Date, MonthDay
from agorasim.scenario.schema.shocks import Shift, Shock


class Season(Strict):
    """A part of every year that multiplies needs."""

    start: MonthDay
    """First day, as month-day ("06-01")."""
    end: MonthDay
    """Last day, inclusive; before `start` it wraps round the new year."""
    need: NonNegative = 1.0
    """Multiplier of need rates."""


class Festival(Strict):
    """A dated event, such as Double 11, that multiplies needs."""

    start: Date
    """First day (YYYY-MM-DD)."""
    days: Annotated[int, Field(ge=1, le=366)] = 1
    """How many days it lasts."""
    need: NonNegative = 1.0
    """Multiplier of need rates."""
    media_price: NonNegative = 1.0
    """Multiplier of media prices while it lasts."""
    waiting: Shift | None = None
    """Needs of the days before it that wait for it; absent: nobody waits."""
    stocking_up: Shift | None = None
    """Needs of the days after it that are met while it lasts; absent: nobody stocks up."""
    deal: NonNegative = 1.0
    """Multiplier of the promotion signal while it lasts: people look for deals."""


class Calendar(Strict):
    """Time: one step is one day."""

    start: Date = "2026-01-01"
    """First simulated day (YYYY-MM-DD)."""
    days: Annotated[int, Field(ge=1, le=20_000)] = 180
    """Simulated days in all, warm-up and cool-down among them."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """First days that are simulated but not counted, so that states settle."""
    cooldown: Annotated[int, Field(ge=0)] = 0
    """Last days without paid media: what advertising left behind is still counted."""
    weekday: Annotated[list[NonNegative], Field(min_length=7, max_length=7)] = [1.0] * 7
    """Multiplier of need rates, Monday first."""
    seasons: dict[Name, Season] = {}
    """Parts of the year by name."""
    festivals: dict[Name, Festival] = {}
    """Dated events by name."""
    shocks: dict[Name, Shock] = {}
    """Dated shocks from outside by name."""

    @model_validator(mode="after")
    def _counts_something(self) -> Calendar:
        if self.warmup + self.cooldown >= self.days:
            raise ValueError(f"days must exceed warmup + cooldown ({self.warmup} + {self.cooldown}), got {self.days}")
        return self

    def first(self) -> datetime.date:
        """The first simulated date."""
        return datetime.date.fromisoformat(self.start)


__all__ = ["LAST_YEAR", "Calendar", "Date", "Festival", "MonthDay", "Season"]
