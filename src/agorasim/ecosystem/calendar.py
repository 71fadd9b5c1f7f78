"""Dates of a scenario and what multiplies needs and media prices on them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from agorasim.scenario.schema import Calendar, Festival
    from agorasim.scenario.schema.shocks import Shock


class Days:
    """The days of a run: need multiplier and media-price multiplier, both float64 of shape (days,)."""

    def __init__(self, calendar: Calendar) -> None:
        self.first = calendar.first()
        self.count = calendar.days
        self.warmup = calendar.warmup
        self.quiet_from = calendar.days - calendar.cooldown
        dates = [self.first + datetime.timedelta(days=d) for d in range(self.count)]
        self.weekdays = np.array([d.weekday() for d in dates], dtype=np.int64)
        self.need: NDArray[np.float64] = need_multipliers(calendar)
        self.media_price: NDArray[np.float64] = np.ones(self.count)
        for festival in calendar.festivals.values():
            self.media_price[_span(self.first, festival.start, festival.days)] *= festival.media_price
        for shock in calendar.shocks.values():
            self.need *= shock_multiplier(shock, shock.need, self.first, self.count)
            self.media_price *= shock_multiplier(shock, shock.media_price, self.first, self.count)

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


def need_multipliers(calendar: Calendar) -> NDArray[np.float64]:
    """What multiplies needs on each day before shocks, (days,): weekday x seasons x festivals, with needs that
    festivals draw to themselves from the days around them moved."""
    moving = [f for f in calendar.festivals.values() if f.waiting or f.stocking_up]
    # Days before the first and after the last lend needs to festivals too.
    margin = max((f.days + s.days for f in moving for s in (f.waiting, f.stocking_up) if s), default=0)
    first = calendar.first() - datetime.timedelta(days=margin)
    dates = [first + datetime.timedelta(days=d) for d in range(calendar.days + 2 * margin)]
    need = np.array(calendar.weekday, dtype=np.float64)[[d.weekday() for d in dates]]
    for season in calendar.seasons.values():
        need[_in_season(dates, season.start, season.end)] *= season.need
    for festival in calendar.festivals.values():
        need[_span(first, festival.start, festival.days)] *= festival.need
    for festival in sorted(moving, key=lambda f: (f.start, f.days)):
        _draw(need, festival, first)
    return need[margin : margin + calendar.days]


def _draw(need: NDArray[np.float64], festival: Festival, first: datetime.date) -> None:
    """Move needs to a festival from the days that give, evenly over its days."""
    begin = (datetime.date.fromisoformat(festival.start) - first).days
    end = begin + festival.days
    for shift, givers in (
        (festival.waiting, lambda days: (begin - days, begin)),
        (festival.stocking_up, lambda days: (end, end + days)),
    ):
        if shift is None:
            continue
        low, high = givers(shift.days)
        given = slice(max(low, 0), max(high, 0))
        moved = shift.share * need[given]
        need[given] -= moved
        need[max(begin, 0) : max(end, 0)] += moved.sum() / festival.days


def shock_multiplier(shock: Shock, factor: float, first: datetime.date, count: int) -> NDArray[np.float64]:
    """A shock's multiplier on each of `count` days from `first` on: `factor` while it lasts, then evenly back to 1."""
    since = np.arange(count) - (datetime.date.fromisoformat(shock.start) - first).days
    left = np.clip(1.0 - (since - shock.days + 1.0) / (shock.recovery + 1.0), 0.0, 1.0)
    strength = np.where(since < 0, 0.0, np.where(since < shock.days, 1.0, left))
    return np.where(strength > 0.0, 1.0 + (factor - 1.0) * strength, 1.0)


def _span(first: datetime.date, start: str, length: int) -> slice:
    """Positions, from `first` on, of `length` days that begin at an ISO date."""
    begin = (datetime.date.fromisoformat(start) - first).days
    return slice(max(begin, 0), max(begin + length, 0))


def _in_season(dates: list[datetime.date], start: str, end: str) -> NDArray[np.bool_]:
    keys = [f"{d.month:02d}-{d.day:02d}" for d in dates]
    if start <= end:
        return np.array([start <= k <= end for k in keys], dtype=bool)
    return np.array([k >= start or k <= end for k in keys], dtype=bool)
