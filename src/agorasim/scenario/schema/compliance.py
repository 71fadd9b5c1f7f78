"""Privacy and fairness: what protects people in the figures, who takes consent back, and what is compared."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Probability, Strict


class Privacy(Strict):
    """Differentially private reports (Dwork, McSherry, Nissim & Smith 2006): Laplace noise on reported figures.

    A figure of one day changes by at most its sensitivity when one person's day is added or removed: impressions by the
    touchpoint's frequency cap, clicks by the ways to click there, orders by the needs of a day, money by that times the
    dearest price of the scenario, new customers and members by 1. Figures and days add up (basic composition).
    """

    epsilon: Annotated[float, Field(gt=0.0, le=1e6)] = 1.0
    """Privacy loss of one figure of one day; noise has the scale sensitivity / epsilon."""
    floor: bool = True
    """Whether figures that the noise makes negative are reported as 0."""


class ConsentChange(Strict):
    """Consent that does not last."""

    withdraw: Probability = 0.001
    """Probability that a consenting person takes consent back on a day; what brands noted of them is erased."""


class Fairness(Strict):
    """Who is reached, known and charged how much, by segment (table `fairness`)."""

    least: Probability = 0.8
    """Parity ratio below which a segment is said to be served less (the four-fifths rule of the EEOC, 1978)."""


__all__ = ["ConsentChange", "Fairness", "Privacy"]
