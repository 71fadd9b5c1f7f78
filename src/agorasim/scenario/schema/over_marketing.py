"""Too much of it: wear-out, distrust, and people who leave."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import NonNegative, Probability, Strict


class OverMarketing(Strict):
    """Contacts leave fatigue (touchpoints' `irritation`); what more fatigue does to attitude, trust and consent."""

    tedium: Annotated[float, Field(ge=0.0, le=20.0)] = 2.0
    """Wear-out: the goodwill of a contact is multiplied by 1 - tedium x fatigue, which hurts above 1 / tedium."""
    tires: Probability = 1.0
    """Share of fatigue that weakens what contacts leave in memory; below 1, recall rises on where liking turns."""
    tolerance: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5
    """Fatigue, over all touchpoints of a brand, beyond which a person feels pursued."""
    distrust: Probability = 0.1
    """Share of the gap to full distrust that a day of contact closes, at full fatigue."""
    recovery: Probability = 0.02
    """Share of distrust that fades a day."""
    goodwill: Probability = 0.05
    """Share of the gap to -1 by which a day of contact moves goodwill, at full fatigue."""
    response: NonNegative = 1.0
    """Utility that full distrust takes from buying the brand."""
    opt_out: Probability = 0.05
    """Probability that a member leaves the brand's lists, app and community on a day of contact, at full fatigue."""
    withdraw: Probability = 0.2
    """Probability that who leaves takes back consent to be identified, too."""
