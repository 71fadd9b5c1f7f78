"""Where consumers and brands meet, and where one can buy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from agorasim.scenario.catalogue import Identity, Targeting, with_kind_defaults
from agorasim.scenario.schema.base import Finite, Name, NonNegative, Positive, Probability, Strict, Units
from agorasim.scenario.schema.bridges import Pickup
from agorasim.scenario.schema.calendar import Date
from agorasim.scenario.schema.media import Auction, Cost, Window
from agorasim.scenario.schema.retail import BackOrder, Delay, Queue, Replenish

Kind = Literal[
    "search",
    "organic_search",
    "paid_search",
    "social",
    "short_video",
    "live",
    "live_commerce",
    "content",
    "display",
    "retargeting",
    "tv",
    "radio",
    "out_of_home",
    "print",
    "flyer",
    "marketplace",
    "own_site",
    "app",
    "mini_program",
    "message",
    "email",
    "sms",
    "community",
    "store",
    "event",
    "partner",
]


def _kind_or_extends(schema: dict[str, Any]) -> None:
    """In a file `extends` stands for the kind."""
    schema.get("required", []).remove("kind")


class Touchpoint(Strict):
    """A meeting place. Fields left out take the kind's defaults (`agorasim list touchpoints`)."""

    model_config = ConfigDict(json_schema_extra=_kind_or_extends)

    kind: Kind
    """What it is; decides what it can do. Left out where it extends another touchpoint."""
    extends: Name | None = None
    """Another touchpoint, or a kind, that gives every field left out here."""
    label: str = ""
    """Name to show; the key when empty."""
    use: Probability = 0.3
    """Probability that a consumer uses it on a day (segments may differ). For search: that a need is searched."""
    spread: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """How much people differ in use within a segment: intra-class correlation of a beta distribution (0: not)."""
    cost: Cost = Cost()
    """What media costs here (kinds that buy media)."""
    cap: Annotated[int, Field(ge=1, le=100)] = 10
    """Most impressions a person gets from one brand here on a day (frequency cap)."""
    awareness: Probability = 0.04
    """Share of the gap to full awareness that a first impression of the day closes."""
    goodwill: Probability = 0.005
    """Share of the gap to full goodwill that a first impression of the day closes."""
    saturation: Probability = 0.5
    """Each further impression of a day works this much less than the one before (diminishing returns)."""
    click_rate: Probability = 0.0
    """Probability that an impression is clicked (visits an owned place; for cpc, what is paid)."""
    irritation: Probability = 0.0
    """Fatigue that an impression adds, as a share of the gap to full fatigue."""
    reach_km: Positive | None = None
    """Shops: visits fall with distance to the brand's nearest shop as exp(-distance / reach_km)."""
    join: Probability = 0.0
    """Community and app: probability that a buyer becomes a member at purchase."""
    install: Probability = 0.0
    """App and mini-program: probability that somebody who clicked on, or visited, the brand today installs it."""
    message_cost: NonNegative = 0.0
    """E-mail, SMS, community, pushes: what one message sent to one member costs, in the scenario's currency."""
    tier: Literal["mega", "macro", "mid", "micro", "nano"] | None = None
    """Content: size of the publishers, which gives reach, trust and price where they are left out."""
    windows: list[Window] = []
    """Live streams, television, radio: when it is on air; empty means always."""
    auction: Auction = Auction()
    """Paid search: how its clicks are sold."""
    engine: Name | None = None
    """Paid search: the search touchpoint whose result pages it shares, so that one search shows both."""
    dates: dict[Date, Annotated[int, Field(ge=1, le=366)]] = {}
    """Events and broadcasts: first day and how many days; empty means every day."""
    capacity: NonNegative | None = None
    """Events: people a day that fit; attendance is thinned in expectation."""
    identity: Identity = "none"
    """By what it recognises people, which is what a brand's data platform can learn here."""
    targeting: Targeting = "nobody"
    """The finest thing that can be aimed at here; what is finer can be aimed at in vain."""
    footprint: Annotated[float, Field(ge=0.0, le=1e4)] = 0.0
    """Grams of CO2 equivalent for each contact: an impression, visit, message or leaflet."""

    @model_validator(mode="before")
    @classmethod
    def _kind_defaults(cls, data: Any) -> Any:
        return with_kind_defaults(data)


class Place(Strict):
    """A shop: a `store` (or `partner`) touchpoint at a location."""

    touchpoint: Name
    """The store touchpoint it belongs to."""
    brand: Name
    """Whose shop it is."""
    label: str = ""
    """Name to show; the key when empty."""
    x: Finite = 0.0
    """km east."""
    y: Finite = 0.0
    """km north."""
    capacity: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Orders it can serve a day; None: no limit."""
    stock: Units | None = None
    """Units on the shelf at the start and after each delivery; None: never runs out."""
    restock_every: Annotated[int, Field(ge=1, le=10**6)] = 1
    """Days between deliveries that fill the shelf up again."""
    closed: list[Annotated[int, Field(ge=0, le=6)]] = []
    """Weekdays without opening, Monday 0."""
    price_factor: Positive = 1.0
    """Multiplier of the brand's list price here."""
    commission: Probability | None = None
    """A reseller's share of what buyers pay here; absent: the brand's `partners.commission`."""
    open_share: Probability | None = None
    """Share of an open day's demand that comes while the shop is open; absent: all of it."""
    queue: Queue | None = None
    """Waiting in line; absent: nobody waits."""
    replenish: Replenish | None = None
    """Reordering with a lead time, in place of `restock_every`."""
    back_order: BackOrder | None = None
    """Who finds the shelf empty may wait; absent: nobody does."""
    pickup: Pickup | None = None
    """Orders placed online are picked up here; absent: they are not."""
    showroom: bool = False
    """A place that only shows the goods: nothing can be bought here."""


class Sells(Strict):
    """How a brand sells through an online touchpoint."""

    price_factor: Positive = 1.0
    """Multiplier of the brand's list price here."""
    delivery_days: Annotated[int, Field(ge=0, le=365)] = 0
    """Days from order to receipt."""
    delivery_fee: NonNegative = 0.0
    """Paid by the buyer for each order."""
    delivery_cost: NonNegative = 0.0
    """Borne by the brand for each order."""
    commission: Probability = 0.0
    """Share of revenue that the operator keeps."""
    stock: Units | None = None
    """Units in the warehouse at the start and after each delivery; None: never runs out."""
    restock_every: Annotated[int, Field(ge=1, le=10**6)] = 1
    """Days between deliveries that fill the warehouse up again."""
    replenish: Replenish | None = None
    """Reordering with a lead time, in place of `restock_every`."""
    back_order: BackOrder | None = None
    """Who finds the warehouse empty may wait; absent: nobody does."""
    delay: Delay | None = None
    """Deliveries may come late; absent: they are on time."""
