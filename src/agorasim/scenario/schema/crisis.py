"""Complaint storms: when complaints become public, and what a brand can answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import NonNegative, Positive, Probability, Strict


class Crisis(Strict):
    """Complaints that pass a threshold become public: media reach everyone with the news until it is old."""

    threshold: Annotated[float, Field(gt=0.0, le=1e6)] = 0.1
    """Complaints within the window, per customer, that make the matter public."""
    window: Annotated[int, Field(ge=1, le=3650)] = 14
    """Days over which complaints are counted."""
    least: Annotated[int, Field(ge=1)] = 10
    """Fewest complaints within the window, so that a handful of customers makes no storm."""
    reach: Probability = 0.2
    """Probability that the news reaches a consumer on its first day."""
    half_life: Positive = 5.0
    """Days in which the news loses half of its reach."""
    goodwill: Probability = 0.15
    """Share of the gap to -1 by which the news moves the goodwill of whom it reaches."""
    awareness: Probability = 0.1
    """Share of the gap to full awareness that the news closes: bad news is news of the brand."""
    calm: NonNegative = 2.0
    """A full response divides the half-life by 1 + `calm`."""
    recovery: Probability = 0.5
    """Share of the lost goodwill that a full response gives back to whom it reaches (service recovery)."""


class CrisisResponse(Strict):
    """What the brand does while a matter about it is public."""

    response: Probability = 0.0
    """0 none, about 0.5 an apology, 1 apology and compensation."""
    cost: NonNegative = 0.0
    """Cost of a full response for a day of the crisis, in the scenario's currency."""
    compensation: NonNegative = 0.0
    """Cost of a full response for each customer whom it reaches and who had lost goodwill."""
