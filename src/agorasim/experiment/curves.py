"""Curves of a channel: response to its budget, carry-over of a pulse, and the surface over two budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import is_present, scaled, without
from agorasim.effects import paired
from agorasim.experiment.coalitions import Game
from agorasim.experiment.sheet import Cell, Sheet, exists, owner
from agorasim.experiment.summary import adds_over_days
from agorasim.measures.metrics import BY_NAME
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: Multiples of today's spend; 1 is today's.
FACTORS: Final = (0.0, 0.5, 1.0, 1.5, 2.0)
#: The same for the surface of two channels.
SURFACE: Final = (0.0, 0.5, 1.0, 1.5)
#: Days of a pulse, from the end of warm-up on, and what it multiplies spend or messages by.
PULSE, PULSE_FACTOR = 7, 2.0


@dataclass(frozen=True)
class Pulse:
    """A week that differs, and whether the world that differs is the one with more of the channel."""

    channel: str
    arm: Arm
    more: bool


@dataclass(frozen=True)
class Curves:
    """The arms behind the curves of some channels, beside the full world."""

    scenario: Scenario
    game: Game
    paid: tuple[str, ...]
    """Channels whose money can be scaled, in the order in which the user named them."""

    # --- arms -------------------------------------------------------------------------------------------------------

    def arms(self) -> list[Arm]:
        """Every arm, each once."""
        out = [self.at({c: factor}) for c in self.paid for factor in FACTORS]
        out += [pulse.arm for pulse in self.pulses()]
        out += [self.at(point) for point in self.surface()]
        return list({arm.label: arm for arm in out}.values())

    def at(self, factors: dict[str, float]) -> Arm:
        """The full world with some channels' money at multiples of today's.

        Points that are coalitions are those coalitions' worlds, which need not be run again.
        """
        if all(factor in (0.0, 1.0) for factor in factors.values()):
            return self.game.arm(self.game.all & ~self.game.mask(c for c, factor in factors.items() if factor == 0.0))
        moved = {c: factor for c, factor in sorted(factors.items()) if factor != 1.0}
        changes = tuple(scaled(c, factor, brand=self.game.brand) for c, factor in moved.items())
        return Arm(point(moved), changes, decisions=self.game.decisions)

    def pulses(self) -> list[Pulse]:
        """For each channel a week that differs: twice the money or messages, or an owned place closed."""
        out = []
        for c in self.game.channels:
            stops = KINDS[self.scenario.touchpoints[c].kind].stops
            brand = self.game.brand
            if "presence" in stops and is_present(self.scenario, brand, c):
                change, name, more = without(c, brand=brand, days=PULSE), "closed for a week", False
            else:
                change, name, more = scaled(c, PULSE_FACTOR, brand=brand, days=PULSE), "doubled for a week", True
            out.append(Pulse(c, Arm(f"{c} {name}", (change,), decisions=self.game.decisions), more))
        return out

    def surface(self) -> list[dict[str, float]]:
        """Points of the surface over the first two paid channels; none when there are fewer."""
        if len(self.paid) < 2:
            return []
        a, b = sorted(self.paid[:2])
        return [{a: x, b: y} for x, y in product(SURFACE, SURFACE)]

    # --- rows -------------------------------------------------------------------------------------------------------

    def write(self, sheet: Sheet, outcome: str, periods: Sequence[str]) -> None:
        """Write responses, the surface and the carry-over of an outcome.

        Args:
            sheet: what is written to.
            outcome: the metric in question; spend is written beside it, so that curves can be drawn over money.
            periods: the days or weeks in order, from the end of warm-up on.
        """
        brand = self.game.brand
        for metric in dict.fromkeys([outcome, "spend"]):
            cell = Cell(owner(BY_NAME[metric], brand))
            for c in self.paid:
                arms = [self.at({c: factor}) for factor in FACTORS]
                sheet.mean("response", c, metric, cell, sheet.read(arms, metric, cell), at=FACTORS)
            if points := self.surface():
                found = sheet.read([self.at(p) for p in points], metric, cell)
                sheet.mean("response_surface", [point(p) for p in points], metric, cell, found)
        self._carry_over(sheet, outcome, periods)

    def _carry_over(self, sheet: Sheet, outcome: str, periods: Sequence[str]) -> None:
        """What a week with more of a channel brings on that and later days, against the world without that much.

        Where weeks were kept instead of days, `at` is a week's first day and flows are those of its average day.
        """
        who = owner(BY_NAME[outcome], self.game.brand)
        weekly = bool(periods) and periods[0].startswith("week")
        shown = [(k, Cell(who, p)) for k, p in enumerate(periods) if exists(BY_NAME[outcome], Cell(who, p))]
        if not shown:
            return
        at = [float(7 * k if weekly else k) for k, _ in shown]
        days = np.ones(len(shown))
        if weekly and adds_over_days(BY_NAME[outcome]):
            calendar = self.scenario.calendar
            days = np.array([min(7, calendar.days - calendar.warmup - 7 * k) for k, _ in shown], dtype=np.float64)
        full = self.game.arm(self.game.all)
        for pulse in self.pulses():
            pairs = np.stack([sheet.read([full, pulse.arm], outcome, cell) for _, cell in shown]) / days[:, None, None]
            plain, other = pairs[:, 0], pairs[:, 1]
            on, off = (other, plain) if pulse.more else (plain, other)
            factor = paired.variance_reduction(on, off)
            sheet.mean("carry_over", pulse.channel, outcome, Cell(who), on - off, at=at, reduction=factor)


def point(factors: dict[str, float]) -> str:
    """The name of a point, e.g. "search@0.5+social@1"."""
    return "+".join(f"{c}@{factor:g}" for c, factor in sorted(factors.items()))
