"""Moves the price with demand, and with what is refused for want of stock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.brands.action import BrandAction
from agorasim.brands.policy import Money, Policy, Share, TouchpointName
from agorasim.brands.view import BrandView


class DynamicPrice(Policy):
    """Raises the price when demand of the last days exceeds its usual level, lowers it when demand falls short.

    With d the demand (orders and refused orders) a day over the last `window` reported days against the `baseline`
    days, and l the share of it that was refused, the price is

        p = p0 (d / d0) ** strength (1 + scarcity l),    within p0 (1 -+ range),

    p0 being the price at the first decision: the rule of thumb of revenue management (Talluri & van Ryzin 2004), which
    knows no elasticity.
    """

    name = "dynamic_price"
    description = "Spend a plan; raise the price when demand is above usual or stock runs out, lower it when below."
    state = ("first",)

    class Settings(Policy.Settings):
        """How far and how strongly the price moves."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint; its sum must be within the brand's budget."""
        strength: Annotated[float, Field(ge=0.0, le=10.0)] = 0.3
        """Elasticity of the price with respect to demand over usual demand; 0: it does not react."""
        scarcity: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
        """Rise of the price when everything is refused, as a share of it."""
        range: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.2
        """Largest distance from the first price, as a share of it."""
        window: Annotated[int, Field(ge=1, le=3650)] = 7
        """Reported days of present demand."""
        baseline: Annotated[int, Field(ge=1, le=3650)] = 28
        """Reported days of usual demand, the present ones among them."""
        step: Share = 1.0
        """Share of the way to the new price that one decision goes."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """No price is known yet."""
        super().__init__(settings)
        #: Price at the first decision; 0 before it.
        self.first = 0.0

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """A price for the demand that is reported."""
        s = self.settings
        if self.first == 0.0:
            self.first = view.price
        if self.first <= 0.0 or view.reported_days < s.baseline:
            return BrandAction(dict(s.plan))
        days = min(s.window, s.baseline)
        lost = view.recent(view.lost_orders, days)
        demand = view.recent(view.orders, days) + lost
        usual = view.recent(view.orders, s.baseline) + view.recent(view.lost_orders, s.baseline)
        if demand <= 0.0 or usual <= 0.0:
            aim = self.first * (1.0 - s.range)
        else:
            ratio = (demand / days) / (usual / s.baseline)
            aim = self.first * ratio**s.strength * (1.0 + s.scarcity * lost / demand)
            aim = min(max(aim, self.first * (1.0 - s.range)), self.first * (1.0 + s.range))
        return BrandAction(dict(s.plan), price=view.price + s.step * (aim - view.price))
