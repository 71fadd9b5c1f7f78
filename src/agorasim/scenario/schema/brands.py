"""The brands: what they sell, where, with what money and by which strategy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict
from agorasim.scenario.schema.bridges import Bridges
from agorasim.scenario.schema.compliance import ConsentChange, Fairness, Privacy
from agorasim.scenario.schema.crisis import CrisisResponse
from agorasim.scenario.schema.data_platform import DataPlatform
from agorasim.scenario.schema.footprint import Footprint
from agorasim.scenario.schema.funnel import Funnel, Journeys
from agorasim.scenario.schema.loyalty import Lifetime, Loyalty, WinBack
from agorasim.scenario.schema.media import Bid
from agorasim.scenario.schema.organisation import Organisation
from agorasim.scenario.schema.partners import Partners
from agorasim.scenario.schema.personalisation import Personalisation
from agorasim.scenario.schema.policy import PolicyChoice
from agorasim.scenario.schema.prices import Coupon, PriceProtection, Pricing, Promotion
from agorasim.scenario.schema.private_domain import PrivateDomain
from agorasim.scenario.schema.referral import Referral, Seeding
from agorasim.scenario.schema.retail import Inventory, Returns, Unseen
from agorasim.scenario.schema.touchpoints import Sells


class Product(Strict):
    """What a brand sells."""

    price: NonNegative = 100.0
    """List price, in the scenario's currency."""
    unit_cost: NonNegative = 0.0
    """Cost of goods for one unit."""
    quality: Finite = 0.0
    """Utility of the product itself."""


class Initial(Strict):
    """What consumers feel about the brand on the first day; a launch starts at zero."""

    awareness: Probability = 0.0
    goodwill: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    habit: Probability = 0.0
    buyers: Probability = 0.0
    """Share of consumers who have bought before (they are nobody's new customer; a durable's owners)."""
    members: dict[Name, Probability] = {}
    """Share of consumers who are members of an owned touchpoint (app, community, message list)."""


class Brand(Strict):
    """A brand."""

    label: str = ""
    """Name to show; the key when empty."""
    product: Product = Product()
    initial: Initial = Initial()
    budget: NonNegative = 0.0
    """Most media money a day, in the scenario's currency."""
    owns: dict[Name, Probability] = {}
    """Owned touchpoints it runs (site, app, community, store, event, message, marketplace listing) and the
    probability that a user of one meets the brand there on a day."""
    sells: dict[Name, Sells] = {}
    """Online touchpoints where it can be bought; shops stand under `places`."""
    fixed_costs: dict[Name, NonNegative] = {}
    """Cost a day of running an owned touchpoint."""
    avoidable: dict[Name, bool] = {}
    """Whether a touchpoint's fixed cost stops when the brand leaves it."""
    bids: dict[Name, Bid] = {}
    """Bids for clicks in search auctions, by touchpoint of kind paid_search."""
    organic_search: Probability = 0.0
    """Probability that a search finds the brand without an ad."""
    posts: NonNegative = 0.0
    """Messages a day to each community or message-list member (expected)."""
    policy: PolicyChoice = PolicyChoice()
    data_platform: DataPlatform | None = None
    """What the brand does with what it knows of people; absent: all who consent are identified everywhere."""
    personalisation: Personalisation | None = None
    """Contacts fitted to people whom the data platform knows; absent means there are none."""
    private_domain: PrivateDomain | None = None
    """Touchpoints where it reaches members directly; absent: whoever joins is a member everywhere."""
    organisation: Organisation | None = None
    """Who decides on which channels; none: one policy on all."""
    partners: Partners | None = None
    """Terms and behaviour of independent resellers (places at touchpoints of kind `partner`)."""
    referral: Referral | None = None
    """Rewards for bringing newcomers; absent means there are none."""
    seeding: Seeding | None = None
    """Products given to opinion leaders; absent means none are."""
    crisis: CrisisResponse | None = None
    """What it answers when complaints become public (`social.crisis`); absent means nothing."""
    inventory: Inventory | None = None
    """Places that sell from one stock; absent: each has its own."""
    returns: Returns | None = None
    """Goods may be sent back; absent: they are kept."""
    unseen: Unseen | None = None
    """People hesitate to buy online what they never saw; absent: they do not."""
    bridges: Bridges | None = None
    """Ways between its online and offline touchpoints; absent: there are none."""
    coupons: dict[Name, Coupon] = {}
    """Coupon campaigns by name."""
    promotions: dict[Name, Promotion] = {}
    """Discounts for a time by name, on top of the policy's own."""
    price_protection: PriceProtection | None = None
    """Refunds of later falls of the price; absent: there are none."""
    pricing: Pricing | None = None
    """Prices that policies may move by channel; absent: the places' own factors hold."""
    loyalty: Loyalty | None = None
    """Points and tiers; absent: there is no programme."""
    win_back: WinBack | None = None
    """Offers to customers who stay away; absent: none are sent."""


class Data(Strict):
    """What brands see of it all."""

    report_delay: Annotated[int, Field(ge=0, le=90)] = 1
    """Days until a day's figures are reported (1: yesterday's are known this morning)."""
    report_noise: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Coefficient of variation of reported figures (lognormal, own spend excepted)."""
    attribution_window: Annotated[int, Field(ge=1, le=365)] = 7
    """Days within which the last identified touch is credited by brands (last click)."""
    privacy: Privacy | None = None
    """Differentially private reports; absent: figures are exact up to `report_noise`."""
    consent: ConsentChange | None = None
    """Consent that is taken back in time; absent: it lasts."""
    fairness: Fairness | None = None
    """Compare how segments are served; absent: not compared."""
    funnel: Funnel | None = None
    """Visits, page views, bounces and carts; absent: they are not counted."""
    journeys: Journeys | None = None
    """A log of every touch of some consumers; absent: none is kept."""


class Outcomes(Strict):
    """What is reported."""

    primary: Name = "profit"
    """The metric that answers are about."""
    interval: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    """Coverage of intervals."""
    footprint: Footprint | None = None
    """Emissions of contacts, parcels and trips, and impressions that were wasted; absent: not reckoned."""
    lifetime: Lifetime | None = None
    """A table of customers and what they were worth; absent: none is kept."""


__all__ = ["Brand", "Data", "Initial", "Outcomes", "PolicyChoice", "Positive", "Product"]
