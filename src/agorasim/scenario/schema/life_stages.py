"""Stages of life that consumers go through, and that what they need and like changes with."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict

#: Where a stage leads whose people need the category no more.
OUT: Final = "out"


class LifeStage(Strict):
    """A stage of life."""

    label: str = ""
    """Name to show; the key when empty."""
    days: Positive | None = None
    """Mean days that it lasts; None: for good."""
    days_cv: Annotated[float, Field(ge=0.0, le=3.0)] = 0.0
    """Coefficient of variation of its length over people (gamma distributed)."""
    next: Name | None = None
    """The stage that follows, or "out": the category is needed no more."""
    need: NonNegative = 1.0
    """Multiplier of the need rate."""
    price_sensitivity: NonNegative = 1.0
    """Multiplier of price sensitivity."""
    deal_proneness: NonNegative = 1.0
    """Multiplier of deal proneness."""
    talk: NonNegative = 1.0
    """Multiplier of the probability to recommend or complain."""
    susceptibility: NonNegative = 1.0
    """Multiplier of the probability that a friend's message gets through."""
    fit: dict[Name, Finite] = {}
    """Utility that a brand gains in this stage (it loses what is below 0); 0 for brands that are not named."""
    relevance: dict[Name, NonNegative] = {}
    """Multiplier of what a contact with a brand does in this stage (awareness, goodwill, clicks); 1 when not named."""


class LifeStages(Strict):
    """A chain of stages, and how people come into it and leave it."""

    stages: Annotated[dict[Name, LifeStage], Field(min_length=1)]
    """Stages by name."""
    entry: Name | None = None
    """Stage in which new people come in; the first one when None."""
    initial: dict[Name, NonNegative] = {}
    """Weights of stages on the first day; when empty, what the chain settles at from `entry` on."""
    replace: Probability = 1.0
    """Probability that the place of somebody who leaves the category is taken by somebody new the same day."""


class SegmentStages(Strict):
    """What differs for a segment."""

    entry: Name | None = None
    """Stage in which its new people come in; the population's when None."""
    initial: dict[Name, NonNegative] = {}
    """Weights of stages on the first day; the population's when empty."""
    replace: Probability | None = None
    """Probability that somebody who leaves is replaced; the population's when None."""
    pace: Positive = 1.0
    """Multiplier of the length of all stages."""
