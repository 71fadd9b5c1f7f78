"""The calendar: how long, and what multiplies needs on which days."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from agorasim.scenario.schema.base import Name, NonNegative, Strict

#: Worlds may last 20,000 days, and Python's calendar ends with the year 9999.
LAST_YEAR = 9900


def _is_month_day(text: str) -> str:
    try:
        datetime.date.fromisoformat(f"2000-{text}")
    except ValueError:
        raise ValueError(f"no such day in any year (got '{text}'); expected one such as \"06-01\"") from None
    return text


def _is_date(text: str) -> str:
    try:
        year = datetime.date.fromisoformat(text).year
    except ValueError:
        raise ValueError(f"no such day in the calendar (got '{text}'); expected a date such as 2026-11-11") from None
    if year > LAST_YEAR:
        raise ValueError(f"too far in the future (got '{text}'); expected a year up to {LAST_YEAR}")
    return text


MonthDay = Annotated[
    str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"), AfterValidator(_is_month_day)
]
#: ISO dates stay text in the file, so that every reader of the YAML sees the same value.
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_is_date)]


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

    @model_validator(mode="after")
    def _counts_something(self) -> Calendar:
        if self.warmup + self.cooldown >= self.days:
            raise ValueError(f"days must exceed warmup + cooldown ({self.warmup} + {self.cooldown}), got {self.days}")
        return self

    def first(self) -> datetime.date:
        """The first simulated date."""
        return datetime.date.fromisoformat(self.start)
