"""The mechanisms, one a file. Each is off unless its scenario key is there, and then costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.ecosystem.mechanisms.base import HOOKS, OPTIONAL, Lever, Mechanism
from agorasim.ecosystem.mechanisms.churn import Churn
from agorasim.ecosystem.mechanisms.coupons import Coupons
from agorasim.ecosystem.mechanisms.crisis import Crisis
from agorasim.ecosystem.mechanisms.life_stages import LifeStages
from agorasim.ecosystem.mechanisms.lifetimes import Lifetimes
from agorasim.ecosystem.mechanisms.loyalty import Loyalty
from agorasim.ecosystem.mechanisms.modes import Modes
from agorasim.ecosystem.mechanisms.nps import NetPromoterScore
from agorasim.ecosystem.mechanisms.over_marketing import OverMarketing
from agorasim.ecosystem.mechanisms.partners import Partners
from agorasim.ecosystem.mechanisms.price_fairness import PriceFairness
from agorasim.ecosystem.mechanisms.prices import Prices
from agorasim.ecosystem.mechanisms.reference_prices import ReferencePrices
from agorasim.ecosystem.mechanisms.referral import Referral
from agorasim.ecosystem.mechanisms.reviews import Reviews
from agorasim.ecosystem.mechanisms.seeding import Seeding
from agorasim.ecosystem.mechanisms.talk_statistics import TalkStatistics
from agorasim.ecosystem.mechanisms.tastes import Tastes
from agorasim.ecosystem.mechanisms.win_back import WinBack

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

__all__ = ["HOOKS", "MECHANISMS", "OPTIONAL", "Lever", "Mechanism", "active", "mechanisms_of"]

#: All mechanisms, in the order in which they act in each hook.
MECHANISMS: Final[tuple[type[Mechanism], ...]] = (
    LifeStages,
    Tastes,
    Modes,
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
    Lifetimes,
)


def active(scenario: Scenario) -> tuple[type[Mechanism], ...]:
    """The mechanisms that a scenario switches on, in the order in which they act."""
    return tuple(kind for kind in MECHANISMS if kind.wanted(scenario))


def mechanisms_of(world: World) -> list[Mechanism]:
    """The mechanisms of a new world whose other parts are there."""
    return [kind(world) for kind in active(world.scenario)]
