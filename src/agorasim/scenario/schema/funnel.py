"""What is seen of people's way to a purchase: visits, carts, and a log of every touch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict

#: A chance of bouncing that has odds.
Bounce = Annotated[float, Field(ge=0.0, le=0.99)]
Pages = Annotated[float, Field(ge=2.0, le=100.0)]
Seconds = Annotated[float, Field(gt=0.0, le=3600.0)]


class Visits(Strict):
    """How people behave on one touchpoint; what is left out follows the funnel's own numbers."""

    bounce: Bounce | None = None
    """Probability that a visit is left after one page."""
    pages: Pages | None = None
    """Mean pages of a visit that goes on (at least 2)."""
    dwell: Seconds | None = None
    """Median seconds on a page."""
    capacity: Positive | None = None
    """Visits a day, of all brands, that the touchpoint serves at full speed; None: any number."""


class Carts(Strict):
    """A chosen offer is put in the cart, and some carts are abandoned. Carts of shops are abandoned only where
    `places` says so."""

    price: NonNegative = 0.2
    """Hazard of abandoning at a price equal to the category's reference price (times price sensitivity)."""
    wait: NonNegative = 0.05
    """Hazard of abandoning for each day until delivery."""
    distraction: Probability = 0.1
    """Probability that something else comes up before an online order is placed."""
    places: dict[Name, Probability] = {}
    """That probability at a place (an online seller or a shop), instead of the general one."""
    remember: Annotated[int, Field(ge=1, le=365)] = 7
    """Days that an abandoned cart is remembered."""
    unprompted: Probability = 0.02
    """Probability a day that somebody comes back to an open cart without being reminded."""
    recover: dict[Name, Probability] = {}
    """Touchpoints where meeting the brand reminds of an open cart, and the probability that the need comes back that
    day. The brand must have identified the person."""
    appeal: Finite = 1.0
    """Utility added to the brand of the cart on the day that the need comes back."""


class Funnel(Strict):
    """Visits, page views, dwell time, bounces, carts, registrations and inquiries, by touchpoint."""

    bounce: Bounce = 0.45
    """Probability that a visit is left after one page, at ordinary relevance and load."""
    relevance: NonNegative = 1.0
    """Power with which relevance lowers the odds of a bounce (1: twice as relevant, half the odds)."""
    load: NonNegative = 1.0
    """Power with which yesterday's visits over capacity raise the odds of a bounce, once above it."""
    forgotten: Probability = 0.0
    """Share of bounced visits that leave nothing behind: the brand is not considered because of them. 0: bounces are
    counted, and change nothing."""
    pages: Pages = 4.0
    """Mean pages of a visit that goes on (at least 2)."""
    dwell: Seconds = 25.0
    """Median seconds on a page."""
    dwell_spread: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0
    """Standard deviation of the logarithm of a visit's seconds per page."""
    touchpoints: dict[Name, Visits] = {}
    """Touchpoints that differ."""
    carts: Carts | None = None
    """Abandoned carts; absent means every cart becomes an order."""


class Journeys(Strict):
    """A log of every touch of some consumers."""

    share: Probability = 0.1
    """Share of consumers whose touches are kept."""
    most: Annotated[int, Field(ge=1_000, le=100_000_000)] = 2_000_000
    """Most rows kept in memory (9 bytes each); beyond, every other consumer of the log is dropped."""
