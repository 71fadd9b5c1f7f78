"""Watches activity and answers when it falls: discounts, messages and levers for a while."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.brands.action import MAX_DISCOUNT, BrandAction
from agorasim.brands.levers import LeverName, offered
from agorasim.brands.policy import Money, Policy, Share, TouchpointName
from agorasim.brands.view import BrandView


class AlertThreshold(Policy):
    """Raises an alarm when a figure of the last `window` days is `drop` below that of the window before.

    While the alarm lasts the brand gives `discount`, sends `posts` and sets `levers` (win-back offers, say); after it
    everything goes back to what it was before. Levers that the scenario does not offer are left alone. Slow decline
    and season are told apart only by the length of the window, as on any dashboard.
    """

    name = "alert_threshold"
    description = "Spend a plan; when activity falls by 15% answer with discount, messages and levers for some days."
    state = ("alarm_until", "before")

    class Settings(Policy.Settings):
        """What is watched and what is done."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint; its sum must be within the brand's budget."""
        watch: Literal["orders", "revenue", "new_customers"] = "orders"
        """Figure that stands for activity."""
        drop: Share = 0.15
        """Fall, as a share of the window before, that raises the alarm."""
        window: Annotated[int, Field(ge=1, le=3650)] = 14
        """Reported days that are compared with as many before them."""
        days: Annotated[int, Field(ge=1, le=3650)] = 14
        """Days that an alarm lasts; no new one is raised before it ends."""
        discount: Annotated[float, Field(ge=0.0, le=MAX_DISCOUNT)] | None = None
        """Share of the list price taken off in an alarm; none: left as it is."""
        posts: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
        """Messages a day to each member in an alarm; none: left as they are."""
        calm_posts: Annotated[float, Field(ge=0.0, le=1e6)] = 0.0
        """Messages a day to each member without one (read when `posts` is given)."""
        levers: dict[LeverName, float] = {"win_back.chance": 1.0}
        """Levers in an alarm, by name; those that the scenario does not offer are left alone."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        """All is calm."""
        super().__init__(settings)
        #: First day without the alarm; 0 when none was raised yet.
        self.alarm_until = 0
        #: Discount and levers before the alarm; None without one.
        self.before: tuple[float, dict[str, float]] | None = None

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Raise or end the alarm, and do what it asks."""
        s = self.settings
        if view.day >= self.alarm_until and self._fallen(view):
            self.alarm_until = view.day + s.days
        alarm = view.day < self.alarm_until
        levers = offered(view, s.levers)
        discount: float | None = None
        if alarm:
            if self.before is None:
                self.before = view.discount, {name: view.levers[name] for name in levers}
            discount = s.discount
        elif self.before is not None:
            # Only what the alarm has changed goes back.
            discount = self.before[0] if s.discount is not None else None
            levers, self.before = dict(self.before[1]), None
        else:
            levers = {}
        posts = None if s.posts is None else s.posts if alarm else s.calm_posts
        return BrandAction(dict(s.plan), discount=discount, posts=posts, levers=levers)

    def _fallen(self, view: BrandView) -> bool:
        """Whether the figure lies `drop` below the window before; never before two windows are known."""
        window = self.settings.window
        if view.reported_days < 2 * window:
            return False
        series = getattr(view, self.settings.watch)
        now, then = view.recent(series, window), view.recent(series[:-window], window)
        return then > 0.0 and now < (1.0 - self.settings.drop) * then
