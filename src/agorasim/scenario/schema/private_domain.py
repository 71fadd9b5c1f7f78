"""A brand's private domain: touchpoints where it reaches its members directly, at next to no cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Name, NonNegative, Positive, Probability, Strict


class Door(Strict):
    """How people become members of one owned touchpoint; each chance is for a day on which it happened."""

    purchase: Probability | None = None
    """After goods were received and did not disappoint; the touchpoint's own `join` when absent."""
    event: Probability = 0.0
    """At an event of the brand."""
    qr: Probability = 0.0
    """On a visit to one of the brand's shops (a code at the shelf or till)."""
    referral: Probability = 0.0
    """On hearing a recommendation from a friend."""
    content: Probability = 0.0
    """After clicking what the brand shows on public media: the public domain feeds the private one."""


class Insight(Strict):
    """What members teach about people like them: the private domain feeds public media."""

    gain: Annotated[float, Field(ge=0.0, le=5.0)] = 0.5
    """Largest gain in relevance (0.5: half as relevant again), approached as members become many."""
    half: Positive = 100.0
    """Active members in a segment, known to the brand, at which half of the gain is reached."""


class PrivateDomain(Strict):
    """Membership by touchpoint, pushes, what they cost and how members leave."""

    touchpoints: Annotated[dict[Name, Door], Field(min_length=1)]
    """Owned members-only touchpoints (community, app, message list) and how one joins each."""
    invite: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """Multiplier of all chances to join: how hard the brand invites."""
    welcome: NonNegative = 0.0
    """Cost of each new membership (a gift), in the scenario's currency; account `rewards`."""
    push_cost: NonNegative = 0.005
    """Cost of each message delivered to a member, in the scenario's currency; account `service`. How many messages a
    day is the brand's `posts`."""
    unsubscribe: Probability = 0.0005
    """Probability that a message makes a rested member leave the touchpoint."""
    annoyance: NonNegative = 10.0
    """How much likelier that is at full fatigue: 1 + annoyance x fatigue times (then divided by relevance)."""
    dormant_after: Annotated[int, Field(ge=1, le=1000)] = 30
    """Days without a visit to a members-only place or a purchase after which a member is dormant."""
    attention: Probability = 0.3
    """Probability that a dormant member looks at a day's messages at all."""
    insight: Insight | None = None
    """What members teach the brand's public media; absent means nothing."""
