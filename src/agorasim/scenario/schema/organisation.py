"""How a brand is organised: which of its channels are decided on together, on which figures, and how late."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.scenario.schema.base import Name, Probability, Strict
from agorasim.scenario.schema.policy import PolicyChoice


class Group(Strict):
    """A department that decides on some of the brand's channels."""

    channels: Annotated[list[Name], Field(min_length=1)]
    """Touchpoints that it answers for; it spends on these and sees the figures of these only."""
    share: Probability | None = None
    """Its share of the brand's budget; left out for all groups: in proportion to what the brand's policy plans for
    their channels, or equal when that plans nothing."""
    policy: PolicyChoice | None = None
    """How it decides; none: by the part of the brand's own policy that concerns its channels."""


class Coordination(Strict):
    """How the budget moves between groups, on reports that are late."""

    every: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days between decisions about the groups' shares."""
    delay: Annotated[int, Field(ge=0, le=365)] = 7
    """Days that figures take from one group to another (or to headquarters), on top of `data.report_delay`."""
    window: Annotated[int, Field(ge=1, le=3650)] = 28
    """Reported days over which a group's return is taken."""
    step: Probability = 0.5
    """Share of the way to the target that one decision goes."""
    sharpness: Annotated[float, Field(ge=0.0, le=20.0)] = 1.0
    """Headquarters: shares aim at being proportional to return ** sharpness (0: equal; large: all to the best)."""
    keep: Probability = 0.2
    """Share of its first budget that no group falls below."""


class Organisation(Strict):
    """Who decides: one policy over all channels, groups under headquarters, or groups by themselves."""

    structure: Literal["central", "three_tier", "decentralised"] = "central"
    """`central`: one policy sees and decides on all channels. `three_tier`: headquarters sets the groups' budgets,
    groups decide within them. `decentralised`: groups keep their shares, but for what linked groups pass on."""
    groups: dict[Name, Group] = {}
    """Groups by name; every channel of the brand's policies belongs to exactly one."""
    leading: Name | None = None
    """Group whose policy sets price, discount, messages and levers; none: the first one named."""
    coordination: Coordination | None = None
    """How budgets move between groups; none: the defaults, for `three_tier` and for linked groups."""
    links: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = []
    """Pairs of groups of a `decentralised` brand that compare their returns and move money to the better one."""
