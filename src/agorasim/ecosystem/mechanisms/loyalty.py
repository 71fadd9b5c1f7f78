"""A programme of points and tiers, with one account for all channels or one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Coupon as Source
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism, distinct, rooms
from agorasim.ecosystem.mechanisms.last_orders import last_orders
from agorasim.ecosystem.mechanisms.prices import OFFLINE, ONLINE
from agorasim.ecosystem.mechanisms.reference_prices import lowest
from agorasim.ecosystem.mechanisms.wallet import empty, issue
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.loyalty import Loyalty as Programme

Array = NDArray[Any]
JOIN = PURPOSES.declare("loyalty.join", 125)
EVERYWHERE = ONLINE | OFFLINE


class Loyalty(Mechanism):
    """Points are earned on what is paid, redeemed in fixed lots as money off, lost after a time without orders.

    Accounts are columns (N, programmes, A): A is 1 where all channels share one, 2 (online, offline) where any brand
    keeps them apart; a shared brand uses the first.
    """

    name = "loyalty"
    code = "M13"
    meaning = "points and tiers, shared between channels or kept apart"
    keys = ("brands.NAME.loyalty",)
    levers = (
        Lever("loyalty.points_rate", 0.0, 100.0, "points for each unit of currency paid"),
        Lever("loyalty.point_value", 0.0, 1000.0, "money off that one point is worth"),
    )
    uses = frozenset({"wallet", "appeal"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a brand has a programme."""
        return any(brand.loyalty is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        """Members of owned touchpoints have a card; nobody has points."""
        super().__init__(world)
        scenario = world.scenario
        brands = scenario.brands.values()
        self.programmes: dict[int, Programme] = {b: x.loyalty for b, x in enumerate(brands) if x.loyalty is not None}
        apart = any(not programme.shared for programme in self.programmes.values())
        self.room = rooms(len(self.brands), self.programmes)
        shape = (world.size, len(self.programmes), 2 if apart else 1)
        self.columns["card"] = (world.w.member[:, list(self.programmes)] > 0).astype(np.uint8, order="C")
        self.columns["points"] = np.zeros(shape, dtype=np.int32)
        #: Points earned in this qualifying time.
        self.columns["qualifying"] = np.zeros(shape, dtype=np.int32)
        #: Rank, 0 for none.
        self.columns["tier"] = np.zeros(shape, dtype=np.uint8)
        self.entity = [stable_id("loyalty", name) for name in self.brands]
        self.thresholds = {b: [t.points for t in p.tiers.values()] for b, p in self.programmes.items()}
        self.minor = scenario.currency.minor_units

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """Points that lay idle too long are lost; at the end of a qualifying time ranks are settled anew."""
        points = self.columns["points"]
        for b, programme in self.programmes.items():
            room = self.room[b]
            if programme.expire_after is not None and world.day > programme.expire_after:
                # Every order of a holder is one with the card; the day passes only once over each last order.
                lost = np.flatnonzero(last_orders(world).days(b) == world.day - programme.expire_after - 1)
                self.today["points_expired"][b] += points[lost, room].sum(dtype=np.int64)
                points[lost, room] = 0
            if world.day and world.day % programme.qualify_days == 0:
                self._rank(b)
                self.columns["qualifying"][:, room] = 0

    def _rank(self, b: int, who: Array | slice = slice(None)) -> None:
        """Ranks by the points earned in this qualifying time."""
        room = self.room[b]
        earned = self.columns["qualifying"][who, room]
        self.columns["tier"][who, room] = np.searchsorted(self.thresholds[b], earned, side="right").astype(np.uint8)

    def evaluate(self, world: World, who: Array) -> None:
        """What the card is worth to those about to choose: benefits of the rank, points to earn, points to redeem."""
        for b, programme in self.programmes.items():
            rows = who[self.columns["card"][who, self.room[b]] > 0]
            if len(rows):
                self._appeal(world, b, programme, rows)
                self._offer(world, b, programme, rows)

    def _appeal(self, world: World, b: int, programme: Programme, rows: Array) -> None:
        """The rank's appeal, and the value of points to be earned as if it came off the price."""
        w, choice = world.w, world.scenario.category.choice
        ranks = self._ranks(rows, b)
        appeal = self._benefit(b, "appeal", 0.0)[ranks]
        worth = world.lever(b, "loyalty.points_rate") * world.lever(b, "loyalty.point_value") * programme.felt
        share = worth * self._benefit(b, "rate", 1.0)[ranks] * world.strategies.price[b]
        share = share * choice.price / world.scenario.category.reference_price
        w.appeal[rows, b] += (appeal + share * w.traits["price"][rows].astype(np.float64)).astype(np.float32)

    def _offer(self, world: World, b: int, programme: Programme, rows: Array) -> None:
        """Money off for today's orders: a lot of points where the card holds one, and the rank's discount."""
        rows = rows[empty(world, rows, b)]
        lot = to_minor(world.lever(b, "loyalty.point_value") * programme.redeem_at, self.minor)
        full = (self.columns["points"][rows, self.room[b]] >= programme.redeem_at) & (lot > 0)
        off = self._benefit(b, "discount", 0.0)[self.columns["tier"][rows, self.room[b]]]
        prices = lowest(world, "list_price")[1]
        rank = np.rint(off * (prices[b] if prices[b] < 2**62 else 0)).astype(np.int64)
        value = full * lot + rank
        # One coupon fits into a purse: where accounts are apart, the better of the two.
        account = value.argmax(axis=1) if not programme.shared else np.zeros(len(rows), dtype=np.int64)
        best = np.take_along_axis(value, account[:, None], axis=1)[:, 0]
        redeems = np.take_along_axis(full, account[:, None], axis=1)[:, 0]
        where = np.full(len(rows), EVERYWHERE) if programme.shared else account + 1
        for channel in (ONLINE, OFFLINE, EVERYWHERE):
            for source, kind in ((Source.POINTS, redeems), (Source.MEMBER, ~redeems)):
                chosen = (where == channel) & kind & (best > 0)
                if chosen.any():
                    issue(world, rows[chosen], b, best[chosen], 1, channel, source)

    def settled(self, world: World, orders: Array) -> None:
        """Redeem what was used, hand out cards, add points, raise ranks."""
        brand = world.market.table["brand"][orders["offer"]]
        for b, programme in self.programmes.items():
            mine = orders[brand == b]
            if len(mine):
                channel = world.market.table["channel"][mine["offer"]].astype(np.int64)
                account = np.zeros(len(mine), dtype=np.int64) if programme.shared else channel - 1
                self._redeem(b, programme, mine, account)
                self._earn(world, b, programme, mine, account)

    def _redeem(self, b: int, programme: Programme, orders: Array, account: Array) -> None:
        used = (orders["rebate"] > 0) & (orders["source"] == Source.POINTS)
        # A purse pays for one order a day, so that nobody stands here twice.
        self.columns["points"][orders["consumer"][used], self.room[b], account[used]] -= programme.redeem_at
        self.today["points_redeemed"][b] += int(used.sum()) * programme.redeem_at
        self.today["points_orders"][b] += int(used.sum())

    def _earn(self, world: World, b: int, programme: Programme, orders: Array, account: Array) -> None:
        who = orders["consumer"].astype(np.int64)
        card, room = self.columns["card"][:, self.room[b]], self.room[b]
        new = distinct(who[card[who] == 0])
        takes = self.uniforms(world, JOIN, new, self.entity[b])[:, 0] < programme.join
        card[new[takes]] = 1
        self.today["cards_issued"][b] += int(takes.sum())
        has = card[who] > 0
        who, account, paid = who[has], account[has], orders["price"][has].astype(np.float64) / self.minor
        # The rank of this morning: two orders of one day do not wait for each other.
        rank = self.columns["tier"][who, room, account]
        rate = world.lever(b, "loyalty.points_rate") * self._benefit(b, "rate", 1.0)[rank]
        earned = np.floor(paid * rate + 1e-9).astype(np.int64)
        self.today["points_earned"][b] += int(earned.sum())
        codes = who * 2 + account
        at, row = np.unique(codes, return_inverse=True)
        earned = np.bincount(row, weights=earned, minlength=len(at)).astype(np.int64)
        who, account = at // 2, at % 2
        for name in ("points", "qualifying"):
            total = self.columns[name][who, room, account] + earned
            self.wide_enough(name, int(total.max(initial=0)))[who, room, account] = total
        before = self.columns["tier"][who, room]
        self._rank(b, who)
        self.columns["tier"][who, room] = np.maximum(self.columns["tier"][who, room], before)

    def entered(self, world: World, who: Array) -> None:
        """Somebody new has no card, and the points of who left are lost."""
        for b in self.programmes:
            self.today["points_expired"][b] += self.columns["points"][who, self.room[b]].sum(dtype=np.int64)
        for column in self.columns.values():
            column[who] = 0

    def closing(self, world: World) -> None:
        """Levels at the end of the day: cards, points owed and what they are worth, holders of a rank."""
        for b in self.programmes:
            room = self.room[b]
            owed = int(self.columns["points"][:, room].sum(dtype=np.int64))
            self.today["points_balance"][b] = owed
            self.today["points_liability"][b] = to_minor(owed * world.lever(b, "loyalty.point_value"), self.minor)
            self.today["cards"][b] = int(np.count_nonzero(self.columns["card"][:, room]))
            self.today["tier_holders"][b] = int(np.count_nonzero(self._ranks(slice(None), b)))

    # --- what others ask --------------------------------------------------------------------------------------------

    def _ranks(self, who: Array | slice, b: int) -> Array:
        """The higher of each holder's ranks, (n,)."""
        tier = self.columns["tier"][who, self.room[b]]
        highest: Array = tier[:, 0] if tier.shape[1] == 1 else tier.max(axis=1)
        return highest

    def _benefit(self, b: int, name: str, without: float) -> NDArray[np.float64]:
        """A benefit by rank, (ranks + 1,); `without` a rank."""
        return np.array([without, *(getattr(tier, name) for tier in self.programmes[b].tiers.values())])

    def keeps(self, who: Array, b: int) -> NDArray[np.float64]:
        """What the rank multiplies the hazard to leave by, (len(who),)."""
        if b not in self.programmes:
            return np.ones(len(who))
        out: NDArray[np.float64] = self._benefit(b, "churn", 1.0)[self._ranks(who, b)]
        return out
