"""What each brand has been told so far: reported figures, kept as they came in."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.brands.reporting import FIGURES, RIVAL_SPEND, reported
from agorasim.ecosystem.privacy import PrivateFigures
from agorasim.randomness import stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.records import History
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.data_platform import DataPlatform

Array = NDArray[Any]
Series = NDArray[np.float64]


class Reports:
    """One brand's dashboard: figures (subjects, 4, days), subjects being touchpoints, the brand, then all brands.

    A day's figures are written once, when they become known; rows handed out are read-only views of them.
    """

    def __init__(self, scenario: Scenario, brand: int, stream: Array, factor: float) -> None:
        names = list(scenario.brands)
        self._brand = brand
        self._id = stable_id("brand", names[brand])
        self._touchpoints = len(scenario.touchpoints)
        ids = [stable_id("touchpoint", t) for t in scenario.touchpoints]
        ids += [0, *(stable_id("brand", rival) for rival in names)]
        self._subjects = np.array(ids, dtype=np.uint32)
        self._rivals = slice(self._touchpoints + 1, len(ids))
        self._stream = stream
        self._market_cv = scenario.data.report_noise
        self._platform: DataPlatform | None = scenario.brands[names[brand]].data_platform
        privacy = scenario.data.privacy
        self._private = None
        if privacy is not None:
            self._private = PrivateFigures(privacy, scenario, names[brand], self._subjects, stream, factor)
        self._money = scenario.currency.minor_units * factor
        self._factor = factor
        self._figures = np.zeros((len(ids), FIGURES, scenario.calendar.days))
        self._spend = np.zeros((self._touchpoints, scenario.calendar.days))
        self.known = 0
        #: Days that joining up the figures takes, and their noise, as far as the brand's data are integrated.
        self.delay = 0
        self._cv = self._market_cv
        #: Days whose figures came in, and how noisy each day's were.
        self._there = 0
        self._noise = np.full(scenario.calendar.days, self._cv)
        if self._platform is not None:
            self.integrate(self._platform.integration)

    def integrate(self, integration: str) -> None:
        """From now on, report as late and as noisily as this integration of data does (`silo|partial|unified`)."""
        if self._platform is None:
            return
        extra = getattr(self._platform.report_noise, integration)
        self.delay = int(getattr(self._platform.report_delay, integration))
        # Two independent lognormal factors are one, and sigma**2 = log(1 + cv**2) adds up.
        both = (1.0 + self._market_cv**2) * (1.0 + extra**2) - 1.0
        self._cv = math.sqrt(both) if extra > 0.0 else self._market_cv

    def come_in(self, known: int) -> int:
        """Figures of days up to `known` (exclusive) come in; returns how many days are there: none is taken back."""
        self._noise[self._there : known] = self._cv
        self._there = max(self._there, known)
        return self._there

    def members(self, count: float, known: int) -> float:
        """The number of members after `known` days as it is told."""
        return count if self._private is None or known == 0 else self._private.members(count, known - 1)

    def copy(self) -> Reports:
        """Reports that go on exactly as these."""
        twin = copy.copy(self)
        # Only days that are known: pages of days to come cost nothing until they are written.
        twin._figures, twin._spend = np.zeros_like(self._figures), np.zeros_like(self._spend)
        twin._figures[..., : self.known] = self._figures[..., : self.known]
        twin._spend[:, : self.known] = self._spend[:, : self.known]
        twin._noise = self._noise.copy()
        return twin

    def until(self, known: int, history: History) -> None:
        """Take in the reports of days up to `known` (exclusive)."""
        self.come_in(known)
        for day in range(self.known, known):
            values = self._true(day, history)
            if self._private is not None:
                values = self._private.told(values, day)
            # What the market monitor tells of rivals does not depend on how the brand keeps its own data.
            for rows, cv in ((slice(0, self._touchpoints + 1), self._noise[day]), (self._rivals, self._market_cv)):
                self._figures[rows, :, day] = reported(
                    values[rows], cv, self._stream, brand=self._id, subjects=self._subjects[rows], day=day
                )
            self._spend[:, day] = history.spend[day, self._brand] / self._money
        self.known = max(self.known, known)

    def _true(self, day: int, history: History) -> Series:
        """The day's true figures in the scenario's own scale, shape (subjects, 4)."""
        values = np.zeros((len(self._subjects), FIGURES))
        t = self._touchpoints
        touch = history.touch[day, self._brand]
        values[:t, 0] = touch[:, c.AT_IMPRESSIONS] / self._factor
        values[:t, 1] = touch[:, c.AT_CLICKS] / self._factor
        values[:t, 2] = touch[:, c.AT_CREDIT] / self._factor
        values[:t, 3] = touch[:, c.AT_CREDIT_MONEY] / self._money
        cells = history.by_segment[day, self._brand].sum(axis=0)
        values[t, 0] = cells[c.BY_ORDERS] / self._factor
        values[t, 1] = cells[c.BY_REVENUE] / self._money
        values[t, 2] = cells[c.BY_LOST] / self._factor
        values[t, 3] = cells[c.BY_NEW] / self._factor
        values[t + 1 :, RIVAL_SPEND] = history.spend[day].sum(axis=1) / self._money
        return values

    def spend(self, known: int) -> Series:
        """Own media money by touchpoint and known day, exactly as paid, shape (T, known)."""
        return _sealed(self._spend[:, :known])

    def touchpoints(self, figure: int, known: int) -> Series:
        """A figure by touchpoint and known day, shape (T, known)."""
        return _sealed(self._figures[: self._touchpoints, figure, :known])

    def brand(self, figure: int, known: int) -> Series:
        """A figure of the brand as a whole by known day."""
        return _sealed(self._figures[self._touchpoints, figure, :known])

    def rival(self, brand: int, known: int) -> Series:
        """A rival's media money by known day."""
        return _sealed(self._figures[self._touchpoints + 1 + brand, RIVAL_SPEND, :known])


def _sealed(series: Series) -> Series:
    series.setflags(write=False)
    return series
