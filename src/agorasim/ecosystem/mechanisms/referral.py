"""M10 Referral rewards: customers invite, newcomers come, and the books say who brought whom.

An invitation is a recommendation that was heard from a customer of the brand. A newcomer's first order within its
validity is *referred*: it has exactly one referrer, the customer heard last, and earns exactly one reward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import GOOD
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import DAY, Coupon, Lever, Mechanism, distinct, rooms
from agorasim.ecosystem.mechanisms.messages import say
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.referral import Referral as Settings

Array = NDArray[Any]

INVITE = PURPOSES.declare("referral.invite", 114)
_ANYWHERE = 3


class Referral(Mechanism):
    """Invitations, first orders that follow from them, and the rewards of both sides."""

    name = "referral"
    code = "M10"
    meaning = "rewards for customers who bring newcomers, and for the newcomers"
    blank = {"invited_by": -1, "invited_on": -1}
    keys = ("brands.NAME.referral",)
    levers = (
        Lever("referral.reward", 0.0, 1e9, "what a referrer gets for a newcomer's first order, currency units"),
        Lever("referral.welcome", 0.0, 1e9, "what the newcomer gets on the first order, currency units"),
    )
    uses = frozenset({"told_by", "wallet", "appeal"})

    def __init__(self, world: World) -> None:
        super().__init__(world)
        found = ((b, world.scenario.brands[name].referral) for b, name in enumerate(self.brands))
        self.settings: dict[int, Settings] = {b: referral for b, referral in found if referral is not None}
        self.entities = [stable_id("brand", name) for name in self.brands]
        self.room = rooms(len(self.brands), self.settings)
        shape = world.size, len(self.settings)
        #: Who invited a consumer who has not bought yet, and when; of a buyer, who brought them. -1: nobody.
        self.columns["invited_by"] = np.full(shape, -1, dtype=np.int32)
        self.columns["invited_on"] = np.full(shape, -1, dtype=DAY)
        #: Coupons that a referrer has earned and not been given yet: one at a time is in a wallet.
        self.columns["owed"] = np.zeros(shape, dtype=np.uint8)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand rewards referrals."""
        return any(brand.referral is not None for brand in scenario.brands.values())

    def opened(self, world: World) -> None:
        """Hand out coupons that were earned, to those who hold none."""
        w = world.w
        for b, settings in self.settings.items():
            owed = self.columns["owed"][:, self.room[b]]
            reward = self._minor(world, b, "reward")
            who = np.flatnonzero(owed)
            who = who[(w.rebate[who, b] == 0) | (w.rebate_until[who, b] < world.day)]
            if len(who) and reward > 0:
                world.give(who, b, reward, settings.days, _ANYWHERE, Coupon.REFERRAL)
                owed[who] -= 1
                self.today["referral_coupons"][b] += len(who)

    def carried(self, world: World) -> None:
        """Those who have not bought from the brand and hear a customer recommend it are invited."""
        w = world.w
        for b, settings in self.settings.items():
            who = np.flatnonzero(w.hears_good[:, b])
            who = who[w.bought[who, b] == 0]
            who = who[w.told_by[who, b] >= 0]
            teller = w.told_by[who, b]
            known = (w.bought[teller, b] > 0) & (teller != who)
            who, teller = who[known], teller[known]
            self.columns["invited_by"][who, self.room[b]] = teller
            self.columns["invited_on"][who, self.room[b]] = world.day
            self.today["invited"][b] += len(who)
            welcome = self._minor(world, b, "welcome")
            if settings.form == "coupon" and welcome > 0 and len(who):
                world.give(who, b, welcome, settings.days, _ANYWHERE, Coupon.REFERRAL)

    def evaluate(self, world: World, who: Array) -> None:
        """Money that a newcomer will get counts like a lower price."""
        choice, reference = world.scenario.category.choice, world.scenario.category.reference_price
        for b, settings in self.settings.items():
            welcome = world.lever(b, "referral.welcome")
            if settings.form != "money" or welcome == 0.0 or len(who) == 0:
                continue
            new = who[self._invited(world, who, b) & (world.w.bought[who, b] == 0)]
            gain = choice.price * world.w.traits["price"][new].astype(np.float64) * welcome / reference
            world.w.appeal[new, b] += gain.astype(np.float32)

    def settled(self, world: World, orders: Array) -> None:
        """Book first orders to who brought the buyer; buyers of today may invite others."""
        brand = world.w.offers["brand"][orders["offer"]]
        for b, settings in self.settings.items():
            buyers = distinct(orders["consumer"][brand == b].astype(np.int64))
            if len(buyers) == 0:
                continue
            first = buyers[world.w.first_day[buyers, b] == world.day]
            invited = self._invited(world, first, b)
            # From now on the column says who brought a buyer.
            self.columns["invited_by"][first[~invited], self.room[b]] = -1
            came = first[invited]
            self._reward(world, b, settings, came)
            self._invite(world, b, settings, buyers)

    def _invited(self, world: World, who: Array, b: int) -> Array:
        """Which of `who` hold an invitation that is still valid, (n,) bool."""
        room = self.room[b]
        since = world.day - self.columns["invited_on"][who, room].astype(np.int64)
        valid: Array = (self.columns["invited_by"][who, room] >= 0) & (since < self.settings[b].days)
        return valid

    def referrers(self, world: World, b: int) -> NDArray[np.int64]:
        """Who brought each buyer of brand b, (N,); -1: nobody, or no buyer."""
        if self.room[b] < 0:
            return np.full(world.size, -1, dtype=np.int64)
        return np.where(world.w.bought[:, b] > 0, self.columns["invited_by"][:, self.room[b]], -1).astype(np.int64)

    def _reward(self, world: World, b: int, settings: Settings, came: Array) -> None:
        """Newcomers `came` through an invitation, which earns the rewards."""
        if len(came) == 0:
            return
        referrer = self.columns["invited_by"][came, self.room[b]]
        self.today["referred_orders"][b] += len(came)
        reward, welcome = self._minor(world, b, "reward"), self._minor(world, b, "welcome")
        if reward > 0:
            self.today["referral_rewards"][b] += len(came)
        if settings.form == "money":
            world.charge(b, "rewards", len(came) * (reward + welcome))
        elif reward > 0:
            who, coupons = np.unique(referrer, return_counts=True)
            owed = self.columns["owed"][who, self.room[b]] + coupons
            self.wide_enough("owed", int(owed.max()))[who, self.room[b]] = owed

    def _invite(self, world: World, b: int, settings: Settings, buyers: Array) -> None:
        """Buyers of today who do not think ill of the brand recommend it for the sake of the reward."""
        reward, price = world.lever(b, "referral.reward"), float(world.strategies.price[b])
        if reward <= 0.0 or price <= 0.0:
            return
        buyers = buyers[world.w.goodwill[buyers, b] >= 0.0]
        talk = world.w.traits["talk"][buyers].astype(np.float64)
        chance = -np.expm1(-settings.invite * talk * reward / price)
        speakers = buyers[self.uniforms(world, INVITE, buyers, self.entities[b])[:, 0] < chance]
        say(world, speakers, b, GOOD)
        self.today["invitations"][b] += len(speakers)

    @staticmethod
    def _minor(world: World, b: int, side: str) -> int:
        return to_minor(world.lever(b, f"referral.{side}"), world.scenario.currency.minor_units)
