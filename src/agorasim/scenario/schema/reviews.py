"""Public reviews: who writes them, what rating is shown, and what shoppers make of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, NonNegative, Positive, Probability, Strict


class Reviews(Strict):
    """Buyers rate what they received with 1 to 5 stars; shoppers who look it up see the mean of recent reviews."""

    share: Probability = 0.05
    """Probability that an experience of 3 stars is reviewed (times the person's talkativeness)."""
    extremity: NonNegative = 1.0
    """Reviews of 1 and 5 stars are 1 + `extremity` times as likely, of 2 and 4 stars half as much more."""
    product: Probability = 0.5
    """Weight of the product itself in the stars; the rest goes to how it compares with what was expected."""
    prior: Annotated[float, Field(ge=1.0, le=5.0)] = 3.0
    """Rating that a brand without reviews is taken to have (3: as expected); ratings count in the choice against it."""
    prior_weight: Positive = 10.0
    """How many reviews the prior is worth in the rating shown."""
    window: Annotated[int, Field(ge=1, le=3650)] = 180
    """Days for which a review counts."""
    consulted: Probability = 0.6
    """Probability that a person looks reviews up before answering the needs of a day."""
    rating: Finite = 0.6
    """Utility of a star above the prior, to those who look."""
    volume: Finite = 0.05
    """Utility of ln(1 + number of reviews that count), to those who look."""
