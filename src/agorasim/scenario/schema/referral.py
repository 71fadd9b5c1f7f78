"""Referral programmes, and products given to opinion leaders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.scenario.schema.base import Name, NonNegative, Probability, Strict


class Referral(Strict):
    """Customers are rewarded for newcomers whom their recommendation brought, and the newcomers for coming."""

    reward: NonNegative = 0.0
    """What the referrer gets for a newcomer's first order, in the scenario's currency."""
    welcome: NonNegative = 0.0
    """What the newcomer gets on the first order, in the scenario's currency."""
    form: Literal["coupon", "money"] = "coupon"
    """`coupon`: off the next order, valid `days`; `money`: paid out when the newcomer orders."""
    days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days for which an invitation, and each coupon, is valid."""
    invite: NonNegative = 2.0
    """Eagerness to invite: after an order a buyer recommends with chance 1 - exp(-invite x talk x reward / price)."""


class Seeding(Strict):
    """The brand gives its product to opinion leaders, who say what they think of it."""

    rate: NonNegative = 0.0
    """Products given away a day (expected)."""
    leaders: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    """Opinion leaders: this share of consumers, those whom most people hear."""
    layer: Name | None = None
    """Layer whose listeners are counted; None: all layers together."""
    every: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days until the same person can be given the product again."""
    fee: NonNegative = 0.0
    """Paid to each leader beside the product, in the scenario's currency."""
    post: Probability = 0.8
    """Probability that a leader who was given the product posts about it."""
    candour: Probability = 1.0
    """Probability that a disappointed leader says so; otherwise nothing is said."""
    bar: Annotated[float, Field(ge=-10.0, le=10.0)] = 0.0
    """Experience above expectation from which a leader's post recommends the product."""
