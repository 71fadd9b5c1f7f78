"""Coupon campaigns: who gets money off, who uses it, and who would have bought anyway."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Coupon as Source
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.last_orders import last_orders
from agorasim.ecosystem.mechanisms.prices import CHANNELS
from agorasim.ecosystem.mechanisms.wallet import anyway, held, issue, redeeming
from agorasim.randomness import PURPOSES, stable_id
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Brand, Scenario
    from agorasim.scenario.schema.prices import Coupon

Array = NDArray[Any]
#: Days without an order after which a customer counts as lapsed where a campaign says nothing else.
LAPSED = 60
ISSUE = PURPOSES.declare("coupons.issue", 124)


class _OfCoupons(Lever):
    """A lever of brands that hand out coupons; the scenario's values are its 1."""

    def value(self, brand: Brand) -> float | None:
        """1 when the brand has campaigns."""
        return 1.0 if brand.coupons else None


class Coupons(Mechanism):
    """Campaigns put coupons into purses on their days; the choice sees them as lower prices where they count."""

    name = "coupons"
    code = "M11"
    meaning = "coupon campaigns: issue, redemption, and what would have been bought anyway"
    keys = ("brands.NAME.coupons",)
    levers = (_OfCoupons("coupons.value", 0.0, 5.0, "multiplier of the value of all of the brand's coupons"),)
    uses = frozenset({"wallet"})
    state = ("held",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a brand has campaigns."""
        return any(brand.coupons for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        """Find the days of issue."""
        super().__init__(world)
        scenario = world.scenario
        self.segments = list(scenario.population.segments)
        self.touchpoints = list(scenario.touchpoints)
        first = scenario.calendar.first()
        #: Campaigns: brand, key, terms, first day of issue.
        self.campaigns: list[tuple[int, str, Coupon, int]] = []
        for b, brand in enumerate(scenario.brands.values()):
            for key, coupon in brand.coupons.items():
                begin = 0 if coupon.start is None else (datetime.date.fromisoformat(coupon.start) - first).days
                self.campaigns.append((b, key, coupon, begin))
        #: Campaign coupons in purses at the end of yesterday, (B,).
        self.held = np.zeros(len(self.brands), dtype=np.int64)
        #: Today's orders with a coupon that would be placed without it (codes consumer * B + brand).
        self._anyway = np.empty(0, dtype=np.int64)

    def decided(self, world: World) -> None:
        """Hand out what is due today."""
        for b, key, coupon, begin in self.campaigns:
            since = world.day - begin
            due = since == 0 if coupon.every is None else since >= 0 and since % coupon.every == 0
            value = self._value(world, b, coupon)
            if not due or value == 0:
                continue
            who, chance = self._qualified(world, b, coupon)
            if (chance < 1.0).any():
                u = self.uniforms(world, ISSUE, who, stable_id("coupon", self.brands[b], key))[:, 0]
                who = who[u < chance]
            got = issue(world, who, b, value, coupon.days, CHANNELS[coupon.where], Source.PROMOTION)
            self.today["coupons_issued"][b] += got
            if coupon.awareness > 0.0:
                world.raise_awareness(who, b, coupon.awareness)

    def _value(self, world: World, b: int, coupon: Coupon) -> int:
        amount = coupon.amount if coupon.share is None else coupon.share * world.strategies.price[b]
        assert amount is not None
        return to_minor(amount * world.lever(b, "coupons.value"), world.scenario.currency.minor_units)

    def _qualified(self, world: World, b: int, coupon: Coupon) -> tuple[Array, Array]:
        """Rows that may get a coupon, and the chance of each."""
        w = world.w
        fits = np.ones(world.size, dtype=bool)
        if coupon.to == "customers":
            fits = w.bought[:, b] > 0
        elif coupon.to == "newcomers":
            fits = w.bought[:, b] == 0
        elif coupon.to == "members":
            fits = w.member[:, b] > 0
        elif coupon.to == "lapsed":
            # Who had bought before the first day counts from it.
            last = last_orders(world).days(b)
            fits = (last >= 0) & (last <= world.day - (coupon.lapsed_after or LAPSED))
        if coupon.segments:
            wanted = [self.segments.index(name) for name in coupon.segments]
            fits = fits & np.isin(world.population.segment, wanted)
        chance = np.full(world.size, coupon.chance)
        if coupon.touchpoint is not None:
            chance *= w.use[self.touchpoints.index(coupon.touchpoint)]
            if KINDS[world.scenario.touchpoints[coupon.touchpoint].kind].members_only:
                fits = fits & (w.member[:, b] > 0)
        who = np.flatnonzero(fits)
        return who, chance[who]

    def rationed(self, world: World) -> None:
        """Ask which orders with a campaign's coupon would be placed without it, while nothing has changed yet."""
        used = redeeming(world, Source.PROMOTION)
        self._anyway = self._codes(world, world.orders[used[anyway(world, used)]])

    def settled(self, world: World, orders: Array) -> None:
        """Count orders that used a coupon, and what it took off."""
        brand = world.market.table["brand"][orders["offer"]]
        used = (orders["rebate"] > 0) & (orders["source"] == Source.PROMOTION)
        kept = used & np.isin(self._codes(world, orders), self._anyway)
        np.add.at(self.today["coupons_redeemed"], brand[used], 1)
        np.add.at(self.today["coupons_cannibalised"], brand[kept], 1)
        np.add.at(self.today["coupon_money"], brand[used], orders["rebate"][used].astype(np.int64))

    def _codes(self, world: World, orders: Array) -> NDArray[np.int64]:
        """Codes consumer * B + brand of orders."""
        brand = world.market.table["brand"][orders["offer"]]
        out: NDArray[np.int64] = orders["consumer"].astype(np.int64) * len(self.brands) + brand
        return out

    def closing(self, world: World) -> None:
        """Count coupons in purses; what was neither used nor is there has expired or made way for a larger one."""
        left = np.zeros(len(self.brands), dtype=np.int64)
        for b in {b for b, *_ in self.campaigns}:
            left[b] = held(world, Source.PROMOTION, b)
        gone = self.held + self.today["coupons_issued"] - self.today["coupons_redeemed"] - left
        self.today["coupons_expired"] += gone
        self.today["coupons_held"][:] = left
        self.held = left
