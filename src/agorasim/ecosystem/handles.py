"""What a mechanism may ask of a world and do to it: costs, levers, coupons, memberships, feelings, journeys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.choice import choose_again
from agorasim.behaviour.columns import ANY_MEMBERSHIP, LOG, MEMBERS, ORDERS_WRITTEN
from agorasim.errors import InputError
from agorasim.measures.mechanisms import ACCOUNTS
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.behaviour.columns import Columns
    from agorasim.ecosystem.market import Market
    from agorasim.ecosystem.mechanisms import Mechanism
    from agorasim.ecosystem.media import Media
    from agorasim.ecosystem.strategy import Strategies
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_ACCOUNT: Final = {name: k for k, name in enumerate(ACCOUNTS)}
LAST_DAY: Final = 32_767  # what a coupon's last day can be; worlds last 20,000 days at most
MOST_OFF: Final = 2**31 - 1  # minor units that a coupon can take off
MOST_MEMBERSHIPS: Final = 7  # bits of `member` besides the one that means any


class Handles:
    """Base of `World`: short ways to do what mechanisms do, each keeping what must stay in step in step."""

    w: Columns
    day: int
    scenario: Scenario
    market: Market
    media: Media
    strategies: Strategies
    mechanisms: list[Mechanism]
    costs: Array
    log_room: int

    def mechanism(self, name: str) -> Any:
        """The world's mechanism of that name; None when it is off."""
        return next((m for m in self.mechanisms if m.name == name), None)

    # --- money ------------------------------------------------------------------------------------------------------

    def charge(self, b: int, account: str, minor: int) -> None:
        """Book a cost of today to a brand: minor units, at least 0, to one of `ACCOUNTS`. ValueError if negative."""
        if minor < 0:
            raise ValueError(f"a cost must not be negative, got {minor} for {account!r}")
        self.costs[b, _ACCOUNT[account]] += minor

    def lever(self, b: int, name: str) -> float:
        """Where a brand's lever stands today. KeyError when the brand does not have it."""
        return self.strategies.levers[b][name]

    def give(self, who: Array, b: int, minor: Any, days: int, where: int, source: int) -> Array:
        """Give coupons of a brand, good from today on for `days` days; one a person, the larger stays.

        Args:
            who: rows of consumers, each once.
            b: the brand.
            minor: minor units off, one number or one for each.
            days: days of validity, today among them.
            where: bits of `ONLINE` and `OFFLINE`.
            source: a `Coupon`.

        Returns:
            Which of `who` got it, bool.
        """
        w = self.w
        value = np.broadcast_to(np.minimum(np.asarray(minor, dtype=np.int64), MOST_OFF), who.shape)
        better: Array = (w.rebate_until[who, b] < self.day) | (value > w.rebate[who, b])
        rows = who[better]
        w.rebate[rows, b] = value[better]
        w.rebate_until[rows, b] = min(self.day + days - 1, LAST_DAY)
        w.rebate_where[rows, b] = where
        w.rebate_source[rows, b] = source
        return better

    # --- membership -------------------------------------------------------------------------------------------------

    def member_bit(self, b: int, touchpoint: str) -> int:
        """The bit of `member` that stands for a membership of a brand's owned touchpoint.

        InputError when the brand has more memberships than bits.
        """
        brand = list(self.scenario.brands.values())[b]
        names = sorted(n for n in brand.owns if KINDS[self.scenario.touchpoints[n].kind].members_only)
        if len(names) > MOST_MEMBERSHIPS:
            raise InputError(f"a brand can have at most {MOST_MEMBERSHIPS} memberships, got {', '.join(names)}")
        return 2 << names.index(touchpoint)

    def enrol(self, who: Array, b: int, bit: int = 1) -> None:
        """Make consumers (rows, each once) members, of the touchpoint that the bit stands for."""
        self._count_members(who[self.w.member[who, b] == 0], b, 1)
        self.w.member[who, b] |= np.uint8(bit)

    def leave(self, who: Array, b: int, bits: int = ANY_MEMBERSHIP) -> None:
        """End memberships of consumers (rows, each once)."""
        before = self.w.member[who, b]
        self.w.member[who, b] = before & np.uint8(~bits & ANY_MEMBERSHIP)
        self._count_members(who[(before != 0) & (self.w.member[who, b] == 0)], b, -1)

    def _count_members(self, who: Array, b: int, by: int) -> None:
        np.add.at(self.w.levels[b, :, MEMBERS], self.w.cell[who], by)

    # --- feelings ---------------------------------------------------------------------------------------------------

    def move_goodwill(self, who: Array, b: Any, step: Any) -> None:
        """Close a share |step| of the gap of goodwill to 1, or to -1 where the step is negative.

        who (n,) rows, each once a brand; b one brand or (n,); step a number or (n,).
        """
        before = self.w.goodwill[who, b].astype(np.float64)
        step = np.clip(np.asarray(step, dtype=np.float64), -1.0, 1.0)
        self.w.goodwill[who, b] = before + np.abs(step) * (np.sign(step) - before)

    def raise_awareness(self, who: Array, b: Any, share: Any) -> None:
        """Close a share (0 to 1) of the gap of awareness to 1; arguments as in `move_goodwill`."""
        before = self.w.awareness[who, b].astype(np.float64)
        self.w.awareness[who, b] = before + np.clip(share, 0.0, 1.0) * (1.0 - before)

    # --- media ------------------------------------------------------------------------------------------------------

    def set_pair_mean(self, p: int, mean: float) -> None:
        """Give a pair of today's media another number of impressions per user (who is in its audience)."""
        self.w.pairs["mean"][p] = mean
        self.media.spread(self.w.pairs, self.w.steps, p)

    # --- orders -----------------------------------------------------------------------------------------------------

    @property
    def orders(self) -> Array:
        """Today's orders (`ORDER` records), sorted by consumer and number once the choice is over."""
        return self.w.orders[: self.w.counts[ORDERS_WRITTEN]]

    def second_choice(self, orders: Array) -> None:
        """Let the consumers of some of today's orders (numbers) choose again, without the offer that they had.

        Writes the offer, -1 for none, into each order.
        """
        choose_again(self.w, np.ascontiguousarray(orders, dtype=np.int64))

    # --- journeys ---------------------------------------------------------------------------------------------------

    def keep_log(self, room: int) -> None:
        """Make room for a day's touches of those whose journey is kept (`w.logged`)."""
        self.log_room = room
        self.w.put(log=np.empty(room, dtype=LOG))

    def note(self, consumers: Array, brands: Any, touches: Any, event: int, counts: Any = 1) -> None:
        """Keep touches of those among `consumers` who are logged; a touch of -1 is at no touchpoint."""
        w = self.w
        kept = w.logged[consumers] > 0
        rows = np.zeros(int(kept.sum()), dtype=LOG)
        for name, value in (("consumer", consumers), ("brand", brands), ("touch", touches), ("count", counts)):
            rows[name] = np.broadcast_to(np.asarray(value), np.shape(consumers))[kept]
        rows["event"] = event
        end = int(w.log_end[0])
        there = max(0, min(len(rows), len(w.log) - end))
        w.log[end : end + there] = rows[:there]
        w.log_end[0] = end + len(rows)
