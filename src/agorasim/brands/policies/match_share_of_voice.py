"""Spends so as to hold a share of all media money in the market."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from agorasim.brands.action import BrandAction
from agorasim.brands.policy import Money, Policy, TouchpointName
from agorasim.brands.view import BrandView


class MatchShareOfVoice(Policy):
    """Follows rivals' media money to keep a share of voice.

    A share s of all spend while rivals spend R a day takes s / (1 - s) * R a day. R is the mean over the last
    reported days, so the brand trails its rivals by the report delay and half the window.
    """

    name = "match_share_of_voice"
    description = "Follow rivals' reported media spend to hold a target share of voice."

    class Settings(Policy.Settings):
        """The share to hold and how to spend it."""

        share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.25
        """Target share of all reported media money, one's own included."""
        mix: dict[TouchpointName, Annotated[float, Field(ge=0.0, le=1e12)]] = {}
        """Weights that split the money over touchpoints; when empty, the plan's amounts are the weights."""
        window: Annotated[int, Field(ge=1, le=3650)] = 7
        """Reported days over which rivals' spend is averaged."""
        floor: Money = 0.0
        """Least money a day in all, however little rivals spend; the budget goes first."""
        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint until first figures are known."""

        @model_validator(mode="after")
        def _can_be_split(self) -> MatchShareOfVoice.Settings:
            if self.mix and math.fsum(self.mix.values()) <= 0.0:
                raise ValueError("mix needs at least one weight above 0")
            if not self.mix and math.fsum(self.plan.values()) <= 0.0:
                raise ValueError("mix is needed to split the money (a plan with money in it would do as well)")
            return self

    settings: Settings

    def touchpoints(self) -> set[str]:
        """Those of the mix and of the plan."""
        return {*self.settings.mix, *self.settings.plan}

    def decide(self, view: BrandView) -> BrandAction:
        """Match what rivals were reported to spend, within floor and budget."""
        s = self.settings
        if view.reported_days == 0:
            return BrandAction(dict(s.plan))
        days = min(s.window, view.reported_days)
        rivals = math.fsum(view.recent(series, days) for series in view.rivals_spend.values()) / days
        total = min(view.budget, max(s.floor, s.share / (1.0 - s.share) * rivals))
        weights = s.mix or s.plan
        whole = math.fsum(weights.values())
        return BrandAction({touchpoint: total * (weight / whole) for touchpoint, weight in weights.items()})
