"""Personalised content: how much of it there is, who makes it, and what it does when it fits and when it does not."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import NonNegative, Positive, Probability, Strict


class MadeByPeople(Strict):
    """Content that people make; it fits."""

    pieces: NonNegative = 0.0
    """Pieces wanted a day."""
    capacity: NonNegative = 10.0
    """Most that the team makes or screens a day."""
    cost: NonNegative = 0.0
    """Cost of a piece, in the scenario's currency."""


class Generated(Strict):
    """Content that a model makes; some of it fits."""

    pieces: NonNegative = 0.0
    """Pieces a day."""
    cost: NonNegative = 0.0
    """Cost of a piece, in the scenario's currency."""
    quality: Probability = 0.7
    """Share of the pieces that fit."""
    screened: Probability = 0.0
    """Share of the pieces that people look at (as far as their capacity goes); those that do not fit are dropped."""
    screening_cost: NonNegative = 0.0
    """Cost of looking at a piece."""
    effort: Positive = 0.1
    """Capacity that looking at a piece takes, as a share of that of making one."""


class Personalisation(Strict):
    """Contacts fitted to the person, where the brand's data platform knows them."""

    lift: Annotated[float, Field(ge=0.0, le=5.0)] = 0.5
    """What a perfectly informed piece that fits adds to relevance (1: what a contact does to a stranger)."""
    harm: Probability = 0.5
    """What a piece that does not fit takes from relevance, at perfect information."""
    insight: Annotated[float, Field(gt=0.0, le=1.0)] = 0.4
    """Share of the gap to perfect information that each touchpoint where the person was identified closes."""
    half_life: Positive = 30.0
    """Days after which what is known of a person is worth half."""
    enough: Positive = 5.0
    """Pieces for each segment at which 63% of the gap to endless variety is closed."""
    shelf_life: Annotated[float, Field(ge=1.0, le=3650.0)] = 30.0
    """Mean days until a piece is worn out."""
    people: MadeByPeople = MadeByPeople()
    generated: Generated = Generated()


__all__ = ["Generated", "MadeByPeople", "Personalisation"]
