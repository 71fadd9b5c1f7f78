"""What a brand does with what it knows of people: identities, audiences, frequency caps, and what all that costs."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from agorasim.scenario.schema.base import Name, NonNegative, Probability, Strict

Days = Annotated[int, Field(ge=1, le=3650)]
Event = Literal["visit", "click", "purchase"]
#: How far touchpoints share what they know, from nothing to everything.
INTEGRATION: Final = ("silo", "partial", "unified")


class Audience(Strict):
    """Whom the brand's ads on a touchpoint are shown to."""

    who: Literal["retarget", "everybody"] = "retarget"
    """`retarget`: only people whom the brand knows there and who visited, clicked or bought lately; `everybody`:
    all users, less the excluded."""
    events: Annotated[list[Event], Field(min_length=1)] = ["visit", "click", "purchase"]
    """What makes somebody worth retargeting."""
    within: Days = 14
    """Days for which it does."""
    exclude_buyers: Days | None = None
    """Suppression: people known to have bought within so many days are left out; absent: nobody is."""


class DaysByIntegration(Strict):
    """Days, by integration of the data."""

    silo: Annotated[int, Field(ge=0, le=90)] = 2
    """Every touchpoint for itself."""
    partial: Annotated[int, Field(ge=0, le=90)] = 1
    """Groups of touchpoints."""
    unified: Annotated[int, Field(ge=0, le=90)] = 0
    """All of them."""


class NoiseByIntegration(Strict):
    """Coefficients of variation, by integration of the data."""

    silo: Annotated[float, Field(ge=0.0, le=1.0)] = 0.2
    """Every touchpoint for itself."""
    partial: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    """Groups of touchpoints."""
    unified: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """All of them."""


class PlatformCost(Strict):
    """What the platform costs a day, in the scenario's currency (account `platform`)."""

    silo: NonNegative = 0.0
    """While every touchpoint keeps its own data."""
    partial: NonNegative = 0.0
    """While groups of touchpoints share them."""
    unified: NonNegative = 0.0
    """While all touchpoints share them."""
    per_profile: NonNegative = 0.0
    """For each person whom the brand knows."""


class DataPlatform(Strict):
    """A customer data platform: who is known where, and how far touchpoints share it.

    Only people who consent are ever known.
    """

    integration: Literal["silo", "partial", "unified"] = "silo"
    """`silo`: every touchpoint knows what happened there; `partial`: groups of touchpoints share what they know;
    `unified`: all of them do."""
    together: list[Annotated[list[Name], Field(min_length=2)]] = []
    """Groups of touchpoints that share data under `partial`; when empty, online ones and offline ones."""
    captures: dict[Name, Probability] = {}
    """Share of consenting people who can be recognised at a touchpoint (log in, accept the cookie, show the card);
    the kind's own share when absent."""
    match_rate: Probability = 0.6
    """Probability, for each person, that identities at touchpoints that share data are found to be one person's."""
    freshness: Annotated[int, Field(ge=1, le=90)] = 1
    """Days until what happened can be acted on (1: the next morning)."""
    retention: Days | None = None
    """Data minimisation: what was noted of a person at a touchpoint is erased after so many days without a new event;
    absent: never."""
    frequency_cap: Annotated[int, Field(ge=1, le=100)] | None = None
    """Most paid impressions a day for a known person, over all touchpoints that share data; absent: none."""
    audiences: dict[Name, Audience] = {}
    """Whom ads are shown to, by touchpoint; everybody where absent."""
    report_delay: DaysByIntegration = DaysByIntegration()
    """Days that joining up the figures takes, on top of `data.report_delay`."""
    report_noise: NoiseByIntegration = NoiseByIntegration()
    """Noise of reported figures, on top of `data.report_noise` (independent of it)."""
    cost: PlatformCost = PlatformCost()

    @property
    def level(self) -> float:
        """Integration as a number: 0 silo, 1 partial, 2 unified."""
        return float(INTEGRATION.index(self.integration))


__all__ = ["INTEGRATION", "Audience", "DataPlatform", "DaysByIntegration", "NoiseByIntegration", "PlatformCost"]
