"""Media and owned contact of a day: spend becomes impressions per expected user, under price pressure.

What a user gets never depends on how many people happen to use a touchpoint today (only on how many are expected to),
so one person's day cannot change everybody's. The brand pays for what was delivered, never more than its plan.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import (
    AT_AD_CLICKS,
    AT_ADS,
    LIFT_AWARENESS,
    LIFT_CLICK,
    LIFT_FATIGUE,
    LIFT_GOODWILL,
    MEDIA,
    PAIR,
    PRESENCE,
    RESULT,
    TOUCH,
)
from agorasim.behaviour.exposure import poisson_steps
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.calendar import Days
    from agorasim.randomness import Identities
    from agorasim.scenario.schema import Scenario, Touchpoint

Array = NDArray[Any]
#: Impressions per user and day beyond which more of them change nothing (the frequency cap is at most 100).
_PLENTY = 1e6
#: Least price of a unit, in minor units: half a billion of them are still free of charge.
_FREE = 1e-9
#: Most that demand multiplies a price by: nothing can be bought at it, and it is still a number.
_PROHIBITIVE = 1e100
_FIXED = 65536  # expected users are summed as integers in this unit, so that no order of addition matters


def visiting(scenario: Scenario) -> dict[str, int]:
    """Touchpoints whose use is a visit, with the bit that remembers it (at most 32)."""
    names = [n for n, t in scenario.touchpoints.items() if KINDS[t.kind].visits]
    return {name: bit for bit, name in enumerate(names)}


def lift_table(touchpoint: Touchpoint, most: int) -> NDArray[np.float64]:
    """What n impressions of one day do, n = 0..most, shape (most + 1, 4): shares of the gap for awareness, goodwill,
    fatigue, and the chance of a click. Each further impression works `saturation` less than the one before."""
    table = np.zeros((most + 1, 4))
    left = [1.0, 1.0, 1.0, 1.0]
    weight = 1.0
    for n in range(1, most + 1):
        left[0] *= 1.0 - touchpoint.awareness * weight
        left[1] *= 1.0 - touchpoint.goodwill * weight
        left[2] *= 1.0 - touchpoint.irritation
        left[3] *= 1.0 - touchpoint.click_rate
        weight *= 1.0 - touchpoint.saturation
        for column, k in ((LIFT_AWARENESS, 0), (LIFT_GOODWILL, 1), (LIFT_FATIGUE, 2), (LIFT_CLICK, 3)):
            table[n, column] = 1.0 - left[k]
    return table


class Media:
    """Who can be met where: turns a day's plan (B, T) in minor units into the arrays that consumers read."""

    def __init__(self, scenario: Scenario, use: Array, need_rate: Array, ids: Identities, factor: float) -> None:
        self.scenario = scenario
        self.names = list(scenario.touchpoints)
        self.touchpoints = list(scenario.touchpoints.values())
        self.kinds = [KINDS[t.kind] for t in self.touchpoints]
        self.brands = list(scenario.brands)
        self.bits = visiting(scenario)
        # Touchpoints act on the gap one after another, so that must not follow the order of lines in a file.
        self._order = sorted(range(len(self.names)), key=self.names.__getitem__)
        self._minor = scenario.currency.minor_units
        self._size = len(need_rate)
        self._factor = factor
        self.entity = [ids.of("touchpoint", n) for n in self.names]
        self.pair_entity = [[ids.of("meeting", b, n) for n in self.names] for b in self.brands]
        self.visit_entity = [[ids.of("visit", b, n) for n in self.names] for b in self.brands]
        self.everyone = [bool(len(row)) and float(row.min()) >= 1.0 for row in use]
        self.users = [int(np.rint(row.astype(np.float64) * _FIXED).sum()) / _FIXED for row in use]
        # Innovators of a durable search too; imitators come on top, and the plan bounds what their clicks cost.
        rule = scenario.social.word_of_mouth
        innovators = rule.p if rule is not None and rule.rule != "cascade" else 0.0
        rate = np.float64(_FIXED) * (need_rate.astype(np.float64) + innovators)
        self.searchers = [
            int(np.rint(row.astype(np.float64) * rate).sum()) / _FIXED if kind.on_need else 0.0
            for row, kind in zip(use, self.kinds, strict=True)
        ]
        most = max((t.cap for t in self.touchpoints), default=1)
        self.lift = np.array([lift_table(t, most) for t in self.touchpoints]).reshape(-1, most + 1, 4)
        #: Row of `near` for a brand and touchpoint, -1 when distance does not matter there.
        self.near_row = np.full((len(self.brands), len(self.names)), -1, dtype=np.int64)
        self._by_impression = np.array([t.cost.model == "cpm" for t in self.touchpoints], dtype=bool)
        #: Presence that a counterfactual world closes, and the share of messages that it sends; both (B, T).
        self.closed = np.zeros((len(self.brands), len(self.names)), dtype=bool)
        self.sent = np.ones((len(self.brands), len(self.names)))
        #: Where an experiment inside the world shows the brand to the treated only, (B, T).
        self.trial = np.zeros((len(self.brands), len(self.names)), dtype=bool)
        #: Expected users whom an experiment lets the brand's money reach, as a share of all, (B, T).
        self.share = np.ones((len(self.brands), len(self.names)))
        #: What each unit bought today costs, minor units; 0 where nothing is charged by the unit.
        self.price = np.zeros((len(self.brands), len(self.names)))

    def nearness(self, x: Array, y: Array) -> NDArray[np.float32]:
        """exp(-distance to the brand's nearest shop / reach_km) where it matters, shape (K, N); sets `near_row`."""
        rows: list[NDArray[np.float32]] = []
        for b, brand in enumerate(self.brands):
            for t, touchpoint in enumerate(self.touchpoints):
                if touchpoint.reach_km is None or not self.kinds[t].visits:
                    continue
                shops = [
                    p for p in self.scenario.places.values()
                    if p.brand == brand and p.touchpoint == self.names[t]
                ]  # fmt: skip
                if not shops:
                    continue
                nearest = np.min([np.hypot(x - s.x, y - s.y) for s in shops], axis=0)
                self.near_row[b, t] = len(rows)
                rows.append(np.exp(-nearest / touchpoint.reach_km).astype(np.float32))
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(x))

    def copy(self) -> Media:
        """Media that go on exactly as these; what never changes is shared."""
        twin = copy.copy(self)
        twin.price = self.price.copy()
        return twin

    def buys(self, t: int) -> bool:
        """Whether a touchpoint takes media money."""
        return self.kinds[t].buys_media

    def running(self, days: Days, day: int) -> tuple[bool, ...]:
        """Which dated touchpoints (events) take place today."""
        return tuple(days.on(t.dates, day) for t in self.touchpoints if t.dates)

    # --- a day ------------------------------------------------------------------------------------------------------

    def payable(self, orders: Array) -> Array:
        """Media orders (B, T) in minor units, of which an experiment spends only what concerns the treated."""
        return np.where(self.share == 1.0, orders, np.rint(orders * self.share).astype(np.int64))

    def prices(self, plan: Array, festival: float) -> None:
        """Today's media prices (B, T) in minor units per impression or click, under the pressure of all demand."""
        for t, touchpoint in enumerate(self.touchpoints):
            if not self.kinds[t].buys_media:
                continue
            unit = touchpoint.cost.price * self._minor * festival / (1000.0 if touchpoint.cost.model == "cpm" else 1.0)
            unit = max(unit, _FREE)
            if touchpoint.cost.inventory is not None:
                demand = int(plan[:, t].sum()) / unit
                there = touchpoint.cost.inventory * self._size
                if demand > there:
                    # Demand beyond what exists raises the price until the money buys less (elasticity `pressure`).
                    unit *= _raised(demand / there, touchpoint.cost.pressure)
            self.price[:, t] = unit

    def meetings(self, plan: Array, posts: Array, days: Days, day: int) -> tuple[Array, Array, Array]:
        """Today's (touches, pairs, steps): plan (B, T) in minor units, posts (B,) messages per member and day."""
        touches: list[tuple[Any, ...]] = []
        pairs: list[tuple[Any, ...]] = []
        for t in self._order:
            if self.kinds[t].on_need:
                continue
            first = len(pairs)
            for b in range(len(self.brands)):
                owned = self._owned_pair(b, t, float(posts[b]), days, day)
                pairs += owned
                if self.kinds[t].buys_media:
                    pairs += self._media_pair(b, t, int(plan[b, t]), bool(owned))
            if len(pairs) > first:
                touches.append((t, self.entity[t], first, len(pairs), self.everyone[t]))
        table = np.array(pairs, dtype=PAIR)
        steps = np.zeros((len(table), int(table["cap"].max(initial=1))))
        for p in range(len(table)):
            poisson_steps(table["mean"][p], table["zero"][p], steps[p])
        return np.array(touches, dtype=TOUCH), table, steps

    def _media_pair(self, b: int, t: int, spend: int, beside: bool) -> list[tuple[Any, ...]]:
        """What the brand's money shows to users of a touchpoint, if anything."""
        mean = self._bought(b, t, spend) / self.users[t] if spend > 0 and self.users[t] > 0.0 else 0.0
        mean = min(mean, _PLENTY)
        return [self._pair(b, t, self.pair_entity[b][t], mean, MEDIA, beside)] if mean > 0.0 else []

    def _owned_pair(self, b: int, t: int, posts: float, days: Days, day: int) -> list[tuple[Any, ...]]:
        """How users meet the brand at what it runs there (a marketplace has this beside ads), if at all."""
        touchpoint, kind = self.touchpoints[t], self.kinds[t]
        there = self.scenario.brands[self.brands[b]].owns.get(self.names[t], 0.0)
        if there <= 0.0 or self.closed[b, t] or not days.on(touchpoint.dates, day):
            return []
        if kind.members_only and not kind.visits:
            posts *= float(self.sent[b, t])
            return [self._pair(b, t, self.pair_entity[b][t], there * posts, MEDIA)] if posts > 0.0 else []
        if touchpoint.capacity is not None and self.users[t] > 0.0:
            there *= min(1.0, touchpoint.capacity * self._factor / self.users[t])
        return [self._pair(b, t, self.visit_entity[b][t], there, PRESENCE)] if there > 0.0 else []

    def _pair(self, b: int, t: int, entity: int, mean: float, mode: int, beside: bool = False) -> tuple[Any, ...]:
        """A row of `PAIR`; only presence is a visit, and falls with distance. Ads `beside` it come after it."""
        touchpoint, present = self.touchpoints[t], mode == PRESENCE
        return (
            b, t, entity, mean, math.exp(-mean), touchpoint.cap, t,
            int(self.near_row[b, t]) if present else -1, self.bits.get(self.names[t], -1) if present else -1,
            self.bits.get(self.names[t], -1) if beside else -1,
            mode, self.kinds[t].members_only, touchpoint.click_rate > 0.0, touchpoint.irritation > 0.0,
            self.trial[b, t],
        )  # fmt: skip

    def _bought(self, b: int, t: int, spend: int) -> float:
        """Impressions that the money buys at today's price."""
        units = spend / self.price[b, t]
        cost = self.touchpoints[t].cost
        if cost.model == "cpm":
            return float(units)
        rate = self.touchpoints[t].click_rate
        return float(units / rate) if rate > 0.0 else 0.0

    def search_results(self, plan: Array, need_factor: float) -> Array:
        """Today's chances to be found by a searcher, paid and organic (RESULT)."""
        rows = []
        for t in self._order:
            if not self.kinds[t].on_need:
                continue
            searches = self.searchers[t] * need_factor
            for b, name in enumerate(self.brands):
                spend = int(plan[b, t])
                paid = min(1.0, self._bought(b, t, spend) / searches) if spend > 0 and searches > 0.0 else 0.0
                organic = self.scenario.brands[name].organic_search
                if paid > 0.0 or organic > 0.0:
                    touchpoint = self.touchpoints[t]
                    rows.append(
                        (b, t, self.entity[t], self.pair_entity[b][t], paid, organic,
                         touchpoint.click_rate, touchpoint.awareness, self.trial[b, t])
                    )  # fmt: skip
        return np.array(rows, dtype=RESULT)

    def charged(self, plan: Array, at_touch: Array) -> Array:
        """Minor units to pay for what was delivered today, at most the plan; both (B, T) int64."""
        units = np.where(self._by_impression, at_touch[:, :, AT_ADS], at_touch[:, :, AT_AD_CLICKS])
        # Cut to the plan before it becomes a whole number: what enormous prices charge need not fit into one.
        return np.rint(np.minimum(units * self.price, plan)).astype(np.int64)


def _raised(ratio: float, pressure: float) -> float:
    """What demand of `ratio` > 1 times the inventory multiplies a price by: ratio ** pressure, within reason."""
    if pressure * math.log(ratio) > math.log(_PROHIBITIVE):
        return _PROHIBITIVE
    return float(ratio**pressure)
