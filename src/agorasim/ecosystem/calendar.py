"""Dates of a scenario and what multiplies needs and media prices on them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from agorasim.scenario.schema import Calendar


class Days:
    """The days of a run: need multiplier and media-price multiplier, both float64 of shape (days,)."""

    def __init__(self, calendar: Calendar) -> None:
        self.first = calendar.first()
        self.count = calendar.days
        self.warmup = calendar.warmup
        self.quiet_from = calendar.days - calendar.cooldown
        dates = [self.first + datetime.timedelta(days=d) for d in range(self.count)]
        self.weekdays = np.array([d.weekday() for d in dates], dtype=np.int64)
        self.need: NDArray[np.float64] = np.array(calendar.weekday, dtype=np.float64)[self.weekdays]
        self.media_price: NDArray[np.float64] = np.ones(self.count)
        for season in calendar.seasons.values():
            self.need[_in_season(dates, season.start, season.end)] *= season.need
        for festival in calendar.festivals.values():
            begin = (datetime.date.fromisoformat(festival.start) - self.first).days
            span = slice(max(begin, 0), max(begin + festival.days, 0))
            self.need[span] *= festival.need
            self.media_price[span] *= festival.media_price

    def date(self, day: int) -> datetime.date:
        """The date of a day (0-based)."""
        return self.first + datetime.timedelta(days=day)

    def on(self, dates: dict[str, int], day: int) -> bool:
        """Whether a day falls into one of the dated spans {first date: days}; always when there are none."""
        if not dates:
            return True
        for start, length in dates.items():
            begin = (datetime.date.fromisoformat(start) - self.first).days
            if begin <= day < begin + length:
                return True
        return False


def _in_season(dates: list[datetime.date], start: str, end: str) -> NDArray[np.bool_]:
    keys = [f"{d.month:02d}-{d.day:02d}" for d in dates]
    if start <= end:
        return np.array([start <= k <= end for k in keys], dtype=bool)
    return np.array([k >= start or k <= end for k in keys], dtype=bool)
