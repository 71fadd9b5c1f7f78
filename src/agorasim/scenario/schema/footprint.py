"""What marketing and selling emit, and what of it was for nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Probability, Strict


class Footprint(Strict):
    """Emissions in grams of CO2 equivalent; those of a contact stand with its touchpoint (`footprint`)."""

    parcel: Annotated[float, Field(ge=0.0, le=1e6)] = 181.0
    """Of a parcel brought home by van (Edwards, McKinnon & Cullinane 2010)."""
    trip_km: Annotated[float, Field(ge=0.0, le=1e4)] = 125.0
    """Of a kilometre of the way to a shop and back, averaged over those who walk, ride and drive."""
    window: Annotated[int, Field(ge=1, le=366)] = 28
    """An impression is wasted on somebody without a need for so many days."""
    weak: Probability = 0.25
    """Impressions of a day that work less than this share of the first are wasted: they lie beyond saturation."""
