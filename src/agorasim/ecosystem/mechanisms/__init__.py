"""The mechanisms, one a file. Each is off unless its scenario key is there, and then costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.ecosystem.mechanisms.availability import Availability
from agorasim.ecosystem.mechanisms.back_orders import BackOrders
from agorasim.ecosystem.mechanisms.base import HOOKS, OPTIONAL, Lever, Mechanism
from agorasim.ecosystem.mechanisms.bidding import Bidding
from agorasim.ecosystem.mechanisms.channels import Channels
from agorasim.ecosystem.mechanisms.churn import Churn
from agorasim.ecosystem.mechanisms.consent import Consent
from agorasim.ecosystem.mechanisms.coupons import Coupons
from agorasim.ecosystem.mechanisms.crisis import Crisis
from agorasim.ecosystem.mechanisms.customers import Customers
from agorasim.ecosystem.mechanisms.deliveries import Deliveries
from agorasim.ecosystem.mechanisms.errands import Errands
from agorasim.ecosystem.mechanisms.event_follow_up import EventFollowUp
from agorasim.ecosystem.mechanisms.fairness import Fairness
from agorasim.ecosystem.mechanisms.festivals import Festivals
from agorasim.ecosystem.mechanisms.footprint import Footprint
from agorasim.ecosystem.mechanisms.funnel import Funnel
from agorasim.ecosystem.mechanisms.journeys import Journeys
from agorasim.ecosystem.mechanisms.known_by_name import KnownByName
from agorasim.ecosystem.mechanisms.last_orders import LastOrders
from agorasim.ecosystem.mechanisms.life_stages import LifeStages
from agorasim.ecosystem.mechanisms.location_coupons import LocationCoupons
from agorasim.ecosystem.mechanisms.loyalty import Loyalty
from agorasim.ecosystem.mechanisms.modes import Modes
from agorasim.ecosystem.mechanisms.nps import NetPromoterScore
from agorasim.ecosystem.mechanisms.over_marketing import OverMarketing
from agorasim.ecosystem.mechanisms.owned_contact import OwnedContact
from agorasim.ecosystem.mechanisms.partners import Partners
from agorasim.ecosystem.mechanisms.personalisation import Personalise
from agorasim.ecosystem.mechanisms.platform import Platform
from agorasim.ecosystem.mechanisms.price_fairness import PriceFairness
from agorasim.ecosystem.mechanisms.prices import Prices
from agorasim.ecosystem.mechanisms.private_domain import PrivateDomain
from agorasim.ecosystem.mechanisms.queues import Queues
from agorasim.ecosystem.mechanisms.reference_prices import ReferencePrices
from agorasim.ecosystem.mechanisms.referral import Referral
from agorasim.ecosystem.mechanisms.replenishment import Replenishment
from agorasim.ecosystem.mechanisms.retarget_buyers import RetargetBuyers
from agorasim.ecosystem.mechanisms.returns import Returns
from agorasim.ecosystem.mechanisms.reviews import Reviews
from agorasim.ecosystem.mechanisms.seeding import Seeding
from agorasim.ecosystem.mechanisms.shocks import Shocks
from agorasim.ecosystem.mechanisms.store_joins import StoreJoins
from agorasim.ecosystem.mechanisms.substitution import Substitution
from agorasim.ecosystem.mechanisms.talk_statistics import TalkStatistics
from agorasim.ecosystem.mechanisms.tastes import Tastes
from agorasim.ecosystem.mechanisms.win_back import WinBack

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

__all__ = ["HOOKS", "MECHANISMS", "OPTIONAL", "Lever", "Mechanism", "active", "mechanisms_of"]

#: All mechanisms, in the order in which they act in each hook.
MECHANISMS: Final[tuple[type[Mechanism], ...]] = (
    Shocks,
    OwnedContact,
    Bidding,
    Consent,
    Platform,
    LifeStages,
    Tastes,
    Modes,
    Channels,
    Errands,
    EventFollowUp,
    StoreJoins,
    LocationCoupons,
    KnownByName,
    RetargetBuyers,
    Queues,
    Deliveries,
    Replenishment,
    Returns,
    Availability,
    BackOrders,
    Substitution,
    Reviews,
    Referral,
    Seeding,
    Crisis,
    TalkStatistics,
    OverMarketing,
    Partners,
    Prices,
    ReferencePrices,
    Coupons,
    WinBack,
    Loyalty,
    Churn,
    PriceFairness,
    NetPromoterScore,
    Customers,
    LastOrders,
    Personalise,
    Fairness,
    Festivals,
    Footprint,
    PrivateDomain,
    Funnel,
    Journeys,
)


def active(scenario: Scenario) -> tuple[type[Mechanism], ...]:
    """The mechanisms that a scenario switches on, in the order in which they act."""
    return tuple(kind for kind in MECHANISMS if kind.wanted(scenario))


def mechanisms_of(world: World) -> list[Mechanism]:
    """The mechanisms of a new world whose other parts are there."""
    return [kind(world) for kind in active(world.scenario)]
