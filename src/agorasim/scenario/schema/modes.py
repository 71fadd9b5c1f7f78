"""Buying modes: four ways to go from a need to an answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.scenario.schema.base import NonNegative, Positive, Probability, Strict

Among = Literal["all", "bought", "met", "known"]
Weight = Annotated[float, Field(ge=0.0, le=100.0)]


class Mode(Strict):
    """A buying mode. Weights multiply parts of utility; 1 everywhere, `among: all` and no `search` change nothing."""

    share: NonNegative = 1.0
    """Weight among modes (shares are normalised)."""
    among: Among = "all"
    """Brands that can be considered: `all`; `bought` before; `met` today; `known`: that know the person. Where there
    is no such brand, `bought` and `known` mean all, and `met` means none."""
    price: Weight = 1.0
    """Multiplier of the price coefficient."""
    deal: Weight = 1.0
    """Multiplier of the promotion signal."""
    goodwill: Weight = 1.0
    """Multiplier of the weight of goodwill."""
    habit: Weight = 1.0
    """Multiplier of the weight of habit."""
    appeal: Weight = 1.0
    """Multiplier of personal relevance: tastes, stages of life, personalised content."""
    distance: Weight = 1.0
    """Multiplier of the weight of distance."""
    widen: Positive = 1.0
    """A brand of awareness a is considered with probability 1 - (1 - a) ** widen."""
    search: Probability | None = None
    """Probability that the need is searched on a search touchpoint; its own `use` when None."""


class Habitual(Mode):
    """Buys what was bought before, hardly looking at prices."""

    among: Among = "bought"
    """Brands that can be considered; where there is none of them, all."""
    price: Weight = 0.5
    """Multiplier of the price coefficient."""
    deal: Weight = 0.5
    """Multiplier of the promotion signal."""
    habit: Weight = 1.5
    """Multiplier of the weight of habit."""
    search: Probability | None = 0.0
    """Probability that the need is searched on a search touchpoint; its own `use` when None."""


class Impulse(Mode):
    """Buys what is met today; meeting a brand may itself make the need."""

    among: Among = "met"
    """Brands that can be considered; nothing is bought where there is none of them."""
    price: Weight = 0.7
    """Multiplier of the price coefficient."""
    deal: Weight = 2.0
    """Multiplier of the promotion signal."""
    habit: Weight = 0.5
    """Multiplier of the weight of habit."""
    search: Probability | None = 0.0
    """Probability that the need is searched on a search touchpoint; its own `use` when None."""
    trigger: Probability = 0.01
    """Probability that a brand met today makes a need arise, for somebody who buys on impulse only; others have it
    times their share of this mode."""


class Comparison(Mode):
    """Looks widely, searches, and decides days later."""

    goodwill: Weight = 0.7
    """Multiplier of the weight of goodwill."""
    habit: Weight = 0.3
    """Multiplier of the weight of habit."""
    widen: Positive = 3.0
    """A brand of awareness a is considered with probability 1 - (1 - a) ** widen."""
    search: Probability | None = 1.0
    """Probability that the need is searched on a search touchpoint; its own `use` when None."""
    delay: Annotated[float, Field(ge=0.0, le=365.0)] = 3.0
    """Mean days from need to decision (whole days by rounding)."""
    delay_cv: Annotated[float, Field(ge=0.0, le=3.0)] = 0.5
    """Coefficient of variation of the delay (gamma distributed)."""


class Personalised(Mode):
    """Goes by what brands offer to the person, among brands that know the person."""

    among: Among = "known"
    """Brands that can be considered; where there is none of them, all."""
    price: Weight = 0.8
    """Multiplier of the price coefficient."""
    appeal: Weight = 2.0
    """Multiplier of personal relevance: tastes, stages of life, personalised content."""


class Modes(Strict):
    """The buying modes that there are."""

    habitual: Habitual | None = None
    """What was bought before, hardly looking at prices."""
    impulse: Impulse | None = None
    """What is met today, perhaps because it is met."""
    comparison: Comparison | None = None
    """A wide look, a search, and a decision days later."""
    personalised: Personalised | None = None
    """What fits the person, among brands that know them."""


class ModeShares(Strict):
    """Weights of buying modes for a segment, in place of the modes' own shares."""

    habitual: NonNegative = 0.0
    """Weight of the habitual mode."""
    impulse: NonNegative = 0.0
    """Weight of the impulse mode."""
    comparison: NonNegative = 0.0
    """Weight of the comparison mode."""
    personalised: NonNegative = 0.0
    """Weight of the personalised mode."""
