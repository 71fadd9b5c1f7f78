"""What describes the people of a segment: demographics, tastes, and where they like to buy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, NonNegative, Positive, Strict

Years = Annotated[float, Field(ge=0.0, le=110.0)]
Elasticity = Annotated[float, Field(ge=-10.0, le=10.0)]
Lean = Annotated[float, Field(ge=-1.0, le=1.0)]


class Age(Strict):
    """Age in years: normal, cut to 0 to 110."""

    mean: Years = 40.0
    """Mean before cutting, years."""
    sd: Annotated[float, Field(ge=0.0, le=60.0)] = 12.0
    """Standard deviation before cutting, years."""


class Income(Strict):
    """Income relative to the average of the market (1): lognormal."""

    mean: Positive = 1.0
    """Mean, in average incomes."""
    cv: Annotated[float, Field(ge=0.0, le=5.0)] = 0.5
    """Coefficient of variation."""


class Household(Strict):
    """People in the household: 1 + Poisson, at most 10."""

    mean: Annotated[float, Field(ge=1.0, le=10.0)] = 2.5
    """Mean before the cut at 10."""


class Taste(Strict):
    """A taste that members of a segment vary in: normal."""

    mean: Finite = 0.0
    """Mean over members."""
    sd: NonNegative = 0.0
    """Standard deviation over members."""


class ChannelLean(Strict):
    """Where members like to meet brands and to buy: -1 in shops only, 0 no preference, 1 online only."""

    mean: Lean = 0.0
    """Mean over members, before the cut to -1 to 1."""
    sd: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    """Standard deviation over members, before the cut (normal)."""


class Responses(Strict):
    """How much demographics and the preferred channel move behaviour; each at 0 moves nothing."""

    age_reference: Years = 40.0
    """Age at which use of online touchpoints is the segment's, years."""
    age_online: Finite = -0.3
    """Log-odds of using an online touchpoint, added for each ten years above the reference."""
    income_price: Elasticity = 0.3
    """Elasticity: price sensitivity is divided by income to this power."""
    household_reference: Annotated[float, Field(ge=1.0, le=10.0)] = 2.5
    """Household size at which the need rate is the segment's, people."""
    household_need: Elasticity = 0.5
    """Elasticity of the need rate with respect to household size."""
    channel_use: NonNegative = 1.0
    """Log-odds of using an online (offline) touchpoint, added (taken off) by a full preference for online."""
    channel_utility: NonNegative = 0.5
    """Utility of an online offer that a full preference for online adds, and that an offer in a shop loses."""
