"""How a world departs from its scenario: changes carried out day by day, decisions and messages replayed.

A world with a script does exactly what a world without one does, except where the script says otherwise; brands see
their usual views and cannot tell.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.building import join_chance
from agorasim.ecosystem.interventions import Change, policy_of
from agorasim.ecosystem.strategy import levers_of
from agorasim.errors import InputError
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.behaviour.columns import Columns
    from agorasim.ecosystem.strategy import Strategies
    from agorasim.ecosystem.tapes import Decisions, Messages
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_NEVER: Final = 2**31


class Script:
    """What one world does differently from the end of its warm-up on.

    Args:
        world: the world that it is for; the script starts to work when it is put into `world.script`.
        changes: what differs, applied one after another.
        held: decisions to replay instead of asking policies, for brands that decided on the same terms there and have
            no policy of their own in `changes`.
        messages: word of mouth that crosses ties instead of the world's own.

    Raises:
        InputError: decisions of a world that is too different, or spend moved earlier that is not known yet.
    """

    def __init__(
        self,
        world: World,
        changes: Sequence[Change] = (),
        *,
        held: Decisions | None = None,
        messages: Messages | None = None,
    ) -> None:
        scenario = world.scenario
        self.start = scenario.calendar.warmup
        self._brands, self._touchpoints = list(scenario.brands), list(scenario.touchpoints)
        self._factors = [_Factors(change, scenario) for change in changes if change.scale]
        self._lags = _lags(changes, self._brands, self._touchpoints)
        self._policies = {self._brands.index(c.brand): policy_of(c) for c in changes if c.policy and c.brand}
        self._messages = messages
        self._held = held
        self._rows, self._plan = self._replayed(world, held)
        #: Levers that stood alike at first in the held world, by brand: a changed start is a change to be kept.
        self._levers = {b: _alike(scenario, held, name) for b, name in enumerate(self._brands) if b in self._rows}
        for b, t, lag in self._lags:
            if lag < 0 and not self.holds(b, self.start):
                raise InputError(
                    f"brand {self._brands[b]!r} decides day by day, so its spend on {self._touchpoints[t]!r} cannot be"
                    " moved earlier: hold its decisions, and give it no policy or terms of its own"
                )
        #: Day up to which each brand's decisions have been replayed.
        self._upto: dict[int, int] = {}
        self._fixed = world.fixed
        self._active: tuple[int, ...] = ()
        #: What brands ordered on past days, kept only where it is spent later.
        self._log: dict[int, Array] = {}
        #: What `orders` were settled for: active changes, and what brands ordered.
        self._settled: tuple[tuple[int, ...], bytes] | None = None
        #: Media orders that hold today, (B, T) in minor units a day.
        self.orders: Array = np.empty((0, 0), dtype=np.int64)

    def copy(self) -> Script:
        """A script that goes on exactly as this one."""
        twin = copy.copy(self)
        twin._log, twin._upto = dict(self._log), dict(self._upto)
        return twin

    # --- a day, in the order of phases ------------------------------------------------------------------------------

    def open_day(self, world: World) -> None:
        """Policies and presences that begin or end today."""
        if world.day == self.start:
            for b, (name, settings, every) in self._policies.items():
                world.strategies.adopt(b, name, settings, every, world.day)
        active = tuple(k for k, change in enumerate(self._factors) if change.first <= world.day < change.end)
        if active != self._active:
            self._active = active
            self._set_presence(world)

    def holds(self, b: int, day: int) -> bool:
        """Whether brand b's decisions of a day are replayed."""
        return b in self._rows and not (b in self._policies and day >= self.start)

    def replay(self, strategies: Strategies, b: int, day: int) -> bool:
        """Give brand b the orders that it had; whether that changed anything."""
        held, row = self._held, self._rows[b]
        assert held is not None
        latest, self._upto[b] = self._upto.get(b), day
        if latest == day - 1 and not held.differs[day, row]:
            return False
        plan = self._plan[day, b]
        price, discount, posts = float(held.price[day, row]), float(held.discount[day, row]), held.posts[day, row]
        before = strategies.price[b], strategies.discount[b], strategies.posts[b]
        same = before == (price, discount, posts) and np.array_equal(strategies.plan[b], plan)
        levers = {name: value for name, value in held.levers[day][row].items() if name in self._levers[b]}
        same = same and {**strategies.levers[b], **levers} == strategies.levers[b]
        strategies.levers[b].update(levers)
        strategies.plan[b] = plan
        strategies.price[b], strategies.discount[b], strategies.posts[b] = price, discount, posts
        return not same

    def order(self, world: World) -> bool:
        """Settle today's media orders, changed as the changes say; whether they differ from yesterday's."""
        day = world.day
        if not self._lags and (self._active, world.strategies.plan.tobytes()) == self._settled:
            return False
        self._settled = self._active, world.strategies.plan.tobytes()
        orders = world.strategies.plan.copy()
        if self._lags:
            self._log[day] = orders.copy()
            self._log.pop(day - self._longest() - 1, None)
            if day >= self.start:
                for b, t, lag in self._lags:
                    orders[b, t] = self._ordered(b, t, day - lag, world.days.quiet_from)
        for k in self._active:
            orders = self._factors[k].applied(orders)
        same = np.array_equal(orders, self.orders)
        self.orders = orders
        return not same

    def speakers(self, w: Columns, day: int, own: Array) -> Array:
        """Codes of those whose messages cross ties today; with replayed messages, `own` ones go nowhere."""
        if self._messages is None or day < self.start:
            return own
        says = w.says.reshape(-1)
        says[own] = 0
        codes, said = self._messages.talk(day)
        says[codes] = said
        return codes.astype(np.int64)

    def newcomers(self, day: int, own: Array) -> Array:
        """Who is seen by their ties to have adopted today."""
        return own if self._messages is None or day < self.start else self._messages.adopters(day)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _set_presence(self, world: World) -> None:
        """Close what is closed, thin what is sent, stop fixed costs that can be avoided."""
        scenario = world.scenario
        factor = np.ones((len(self._brands), len(self._touchpoints)))
        for k in self._active:
            factor *= self._factors[k].factor
        stops = [KINDS[t.kind].stops for t in scenario.touchpoints.values()]
        closed = (factor == 0.0) & np.array(["presence" in s for s in stops], dtype=bool)
        world.media.closed = closed
        world.media.sent = np.where(np.array(["messages" in s for s in stops], dtype=bool), factor, 1.0)
        world.market.shut = np.array(
            [any(closed[self._brands.index(o.brand), self._touchpoints.index(name)] for name in o.touchpoints)
             for o in world.market.offers], dtype=bool,
        )  # fmt: skip
        avoided = np.zeros_like(closed)
        for b, (name, brand) in enumerate(scenario.brands.items()):
            avoided[b] = [
                factor[b, t] == 0.0 and brand.avoidable.get(n, False) for t, n in enumerate(self._touchpoints)
            ]
            shut = {n for t, n in enumerate(self._touchpoints) if closed[b, t]}
            world.w.brands["join"][b] = join_chance(scenario, name, shut)
        world.fixed = np.where(avoided, 0, self._fixed)
        world.expect_new_media()

    def _replayed(self, world: World, held: Decisions | None) -> tuple[dict[int, int], Array]:
        """Rows of the tape by brand, and its plan in this world's order of brands and touchpoints, (D, B, T)."""
        if held is None:
            return {}, np.empty((0, 0, 0), dtype=np.int64)
        mine, theirs = world.scenario.calendar, held.scenario.calendar
        if mine.start != theirs.start or mine.days > theirs.days:
            raise InputError(
                "decisions cannot be held on another calendar than the full world's (start"
                f" {theirs.start}, {theirs.days} days); use decisions 'react'"
            )
        if world.factor != held.factor:
            raise InputError("decisions cannot be held in a population scaled otherwise; use decisions 'react'")
        rows = {
            b: held.brands.index(name)
            for b, (name, brand) in enumerate(world.scenario.brands.items())
            if held.decides_alike(name, brand)
        }
        plan = np.zeros((len(held.plan), len(self._brands), len(self._touchpoints)), dtype=np.int64)
        for t, name in enumerate(self._touchpoints):
            if name in held.touchpoints:
                plan[:, list(rows), t] = held.plan[:, list(rows.values()), held.touchpoints.index(name)]
        return rows, plan

    def _ordered(self, b: int, t: int, day: int, quiet_from: int) -> int:
        """What was, or will be, ordered on a day of the changed time; nothing outside it."""
        if not self.start <= day < quiet_from:
            return 0
        return int(self._plan[day, b, t] if self.holds(b, day) else self._log[day][b, t])

    def _longest(self) -> int:
        return max((lag for _, _, lag in self._lags), default=0)


def _alike(scenario: Scenario, held: Decisions | None, brand: str) -> frozenset[str]:
    """Levers of a brand that start from the same value in both scenarios."""
    if held is None:
        return frozenset()
    mine, theirs = levers_of(scenario, brand), levers_of(held.scenario, brand)
    return frozenset(name for name, (_, value) in mine.items() if name in theirs and theirs[name][1] == value)


class _Factors:
    """One change's factors (B, T) and the days on which they act."""

    def __init__(self, change: Change, scenario: Scenario) -> None:
        brands, names = list(scenario.brands), list(scenario.touchpoints)
        begin, end = change.window
        self.first = scenario.calendar.warmup + begin
        self.end = _NEVER if end is None else scenario.calendar.warmup + end
        self.rows = [b for b, name in enumerate(brands) if change.brand in (None, name)]
        self.factor = np.ones((len(brands), len(names)))
        for channel, value in change.scale:
            self.factor[self.rows, names.index(channel)] = value
        media = [KINDS[t.kind].buys_media for t in scenario.touchpoints.values()]
        named = {channel for channel, _ in change.scale}
        # By name, because the last minor unit must not depend on the order of lines in a file.
        others = sorted((n, t) for t, n in enumerate(names) if media[t] and n not in named)
        self._others = [t for _, t in others] if change.reallocate else []

    def applied(self, orders: Array) -> Array:
        """Media orders (B, T) after the change, in whole minor units."""
        out = np.where(self.factor == 1.0, orders, np.rint(orders * self.factor).astype(np.int64))
        for b in self.rows if self._others else ():
            weights = [int(out[b, t]) for t in self._others]
            total, freed, given, upto = sum(weights), int(orders[b].sum() - out[b].sum()), 0, 0
            for t, weight in zip(self._others, weights, strict=True):
                upto += weight
                share = freed * upto // total if total else 0
                out[b, t] += share - given
                given = share
        return out


def _lags(changes: Sequence[Change], brands: list[str], names: list[str]) -> list[tuple[int, int, int]]:
    """(brand, touchpoint, days later) where they are not 0; several shifts of one channel add up."""
    lags: dict[tuple[int, int], int] = {}
    for change in changes:
        for channel, days in change.shift:
            for b, name in enumerate(brands):
                if change.brand in (None, name):
                    at = b, names.index(channel)
                    lags[at] = lags.get(at, 0) + days
    return [(b, t, lag) for (b, t), lag in lags.items() if lag]
