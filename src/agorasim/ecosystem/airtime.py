"""When broadcasts are on air: which share of a day's users of a touchpoint is there at its hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from agorasim.ecosystem.calendar import Days
    from agorasim.scenario.schema import Touchpoint

#: How a day's attention is spread over its hours, from midnight on: an evening peak, little at night (an assumption).
_HOURS: Final = (
    1.5, 0.8, 0.5, 0.3, 0.3, 0.6, 1.6, 3.0, 3.6, 3.6, 3.6, 4.2, 5.6, 5.2, 4.2, 4.0, 4.2, 4.6, 6.2, 8.6, 11.0, 12.0,
    8.6, 4.2,
)  # fmt: skip
HOURLY: Final[NDArray[np.float64]] = np.array(_HOURS) / sum(_HOURS)


def share_on_air(touchpoint: Touchpoint, weekday: int) -> float:
    """Share of a day's users who use the touchpoint while it is on air on a weekday (Monday 0); 1.0 without windows."""
    if not touchpoint.windows:
        return 1.0
    hours = np.zeros(24, dtype=bool)
    for window in touchpoint.windows:
        if weekday in window.weekdays:
            hours[window.start : window.end] = True
    return 1.0 if hours.all() else float(HOURLY[hours].sum())


def silent_weekdays(touchpoint: Touchpoint) -> frozenset[int]:
    """Weekdays on which it is never on air."""
    return frozenset(day for day in range(7) if share_on_air(touchpoint, day) == 0.0)


class Airtime:
    """Shares on air of all touchpoints, by weekday and date."""

    def __init__(self, touchpoints: Sequence[Touchpoint]) -> None:
        self._touchpoints = list(touchpoints)
        self._shares = np.array([[share_on_air(t, day) for t in touchpoints] for day in range(7)]).reshape(7, -1)
        self._dated = [k for k, t in enumerate(touchpoints) if t.dates]

    def on(self, days: Days, day: int) -> NDArray[np.float64]:
        """Share of users who are there while it is on air that day, (T,); 1 for what is never off air."""
        shares = self._shares[int(days.weekdays[day])]
        if self._dated:
            shares = shares.copy()
            for k in self._dated:
                if not days.on(self._touchpoints[k].dates, day):
                    shares[k] = 0.0
        out: NDArray[np.float64] = shares
        return out
