"""Leans on its own members as their number grows, and buys less media."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.brands.action import BrandAction
from agorasim.brands.levers import LeverName, offered
from agorasim.brands.policy import Money, Policy, Share, TouchpointName
from agorasim.brands.view import BrandView


class PrivateDomainFirst(Policy):
    """Media money falls in a straight line from the plan to `keep` of it as members grow from 0 to `members`.

    Messages to members cost next to nothing, so the brand writes `posts` to each of them every day; levers of the
    private domain are set once where the scenario offers them. Members forget and grow weary as everybody does: how
    far media money can go down is a question for the simulator.
    """

    name = "private_domain_first"
    description = "Write to members every day, and buy less media the more members there are."

    class Settings(Policy.Settings):
        """The plan, and how far members replace it."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day per touchpoint without members; its sum must be within the brand's budget."""
        members: Annotated[float, Field(gt=0.0, le=1e9)] = 1000.0
        """Members from which on no more media is saved, in people."""
        keep: Share = 0.4
        """Share of the plan that is spent then."""
        posts: Annotated[float, Field(ge=0.0, le=1e6)] = 0.5
        """Messages a day to each member."""
        levers: dict[LeverName, float] = {}
        """Levers by name; those that the scenario does not offer are left alone."""

    settings: Settings

    def touchpoints(self) -> set[str]:
        """Those of the plan."""
        return set(self.settings.plan)

    def decide(self, view: BrandView) -> BrandAction:
        """Spend what members do not yet replace, and write to them."""
        s = self.settings
        factor = 1.0 - (1.0 - s.keep) * min(1.0, view.members / s.members)
        spend = {touchpoint: money * factor for touchpoint, money in s.plan.items()}
        return BrandAction(spend, posts=s.posts, levers=offered(view, s.levers))
