"""A media plan written down in advance, steady or in flights, with dated promotions."""

from __future__ import annotations

import datetime
import math
from typing import Annotated

from pydantic import Field, field_validator

from agorasim.brands.action import MAX_DISCOUNT, BrandAction
from agorasim.brands.policy import Money, Policy, PolicySettings, TouchpointName
from agorasim.brands.view import BrandView
from agorasim.errors import ActionError


class Flight(PolicySettings):
    """Advertising in pulses: `on` days with the plan, `off` days without, over and over."""

    on: Annotated[int, Field(ge=1)]
    """Days of advertising in a cycle."""
    off: Annotated[int, Field(ge=1)]
    """Days of silence after them."""
    start: Annotated[int, Field(ge=0)] = 0
    """Day of the first flight, 0 the first of the world; nothing is spent before it."""
    keep_average: bool = False
    """Scale the days of advertising so that a whole cycle costs what it would without flights; the budget still
    bounds each day, so a tight one lowers the average."""


class Promotion(PolicySettings):
    """A price promotion."""

    start: str
    """First day (YYYY-MM-DD)."""
    days: Annotated[int, Field(ge=1, le=366)]
    """How many days it lasts."""
    discount: Annotated[float, Field(ge=0.0, le=MAX_DISCOUNT)]
    """Share of the list price taken off; where promotions overlap the largest holds."""

    @field_validator("start")
    @classmethod
    def _is_a_date(cls, value: str) -> str:
        try:
            plain = datetime.date.fromisoformat(value).isoformat() == value
        except ValueError:
            plain = False
        if not plain:
            raise ValueError("expected a date such as 2026-11-11")
        return value

    def covers(self, day: datetime.date) -> bool:
        """Whether the promotion runs on that day."""
        return 0 <= (day - datetime.date.fromisoformat(self.start)).days < self.days


class FixedPlan(Policy):
    """Spends the plan every day or in flights, and runs promotions on their dates. It reacts to nothing."""

    name = "fixed_plan"
    description = "Spend a fixed amount per touchpoint and day, steadily or in flights, with dated promotions."

    class Settings(Policy.Settings):
        """The plan."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint, in currency units; its sum must be within the brand's budget."""
        flight: Flight | None = None
        """Pulsing; none: the plan holds every day. Needs a decision every day (`every: 1`)."""
        promotions: list[Promotion] = []
        """Dated discounts. They need a decision every day (`every: 1`)."""
        posts: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
        """Messages a day to each member; none: the brand's own `posts`."""

    settings: Settings

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Today's part of the plan. ActionError when it holds dated parts but decisions are not daily."""
        s = self.settings
        if view.every != 1 and (s.flight is not None or s.promotions):
            raise ActionError(
                f"brand {view.brand!r}, policy {self.name!r}, day {view.day}: flights and promotions need a decision "
                f"every day; set policy.every to 1 (it is {view.every})"
            )
        scale = self._scale(view)
        discount = max((p.discount for p in s.promotions if p.covers(view.date)), default=0.0)
        return BrandAction(
            spend={touchpoint: money * scale for touchpoint, money in s.plan.items()},
            discount=discount if s.promotions else None,
            posts=s.posts,
        )

    def _scale(self, view: BrandView) -> float:
        """What today's spend is as a multiple of the plan."""
        flight = self.settings.flight
        if flight is None:
            return 1.0
        cycle = flight.on + flight.off
        if view.day < flight.start or (view.day - flight.start) % cycle >= flight.on:
            return 0.0
        total = math.fsum(self.settings.plan.values())
        if not flight.keep_average or total <= 0.0:
            return 1.0
        # At least 1: a plan over the budget is the user's mistake and is reported, not silently cut.
        return max(1.0, min(cycle / flight.on, view.budget / total))
