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
    ANY_MEMBERSHIP,
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
from agorasim.ecosystem.airtime import Airtime
from agorasim.ecosystem.auction import clear
from agorasim.ecosystem.buying import charged_units, impressions_bought, unit_price
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema.media import Bid

if TYPE_CHECKING:
    from agorasim.ecosystem.calendar import Days
    from agorasim.randomness import Identities
    from agorasim.scenario.schema import Scenario, Touchpoint

Array = NDArray[Any]
#: Impressions per user and day beyond which more of them change nothing (the frequency cap is at most 100).
_PLENTY = 1e6
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
        self.searchers: list[float] = []
        self.expect_searches(use, need_rate)
        most = max((t.cap for t in self.touchpoints), default=1)
        self.lift = np.array([lift_table(t, most) for t in self.touchpoints]).reshape(-1, most + 1, 4)
        #: Row of `near` for a brand and touchpoint, -1 when distance does not matter there.
        self.near_row = np.full((len(self.brands), len(self.names)), -1, dtype=np.int64)
        self._airtime = Airtime(self.touchpoints)
        #: Touchpoint whose searches a search touchpoint shares: itself, or its engine.
        self._engine = [t if p.engine is None else self.names.index(p.engine) for t, p in enumerate(self.touchpoints)]
        #: Share of today's users of each touchpoint who are there while it is on air, (T,).
        self.on_air = np.ones(len(self.names))
        #: What an order brings by list price, minor units, (B,).
        self._per_order = [brand.product.price * self._minor for brand in scenario.brands.values()]
        #: Presence that a counterfactual world closes, and the share of messages that it sends; both (B, T).
        self.closed = np.zeros((len(self.brands), len(self.names)), dtype=bool)
        self.sent = np.ones((len(self.brands), len(self.names)))
        #: Where an experiment inside the world shows the brand to the treated only, (B, T).
        self.trial = np.zeros((len(self.brands), len(self.names)), dtype=bool)
        #: Expected users whom an experiment lets the brand's money reach, as a share of all, (B, T).
        self.share = np.ones((len(self.brands), len(self.names)))
        #: Share of visits that come about only with the brand in mind, (B, T), and of searches that awareness turns
        #: into searches by name, (B,).
        self.intent = np.zeros((len(self.brands), len(self.names)))
        self.branded = np.zeros(len(self.brands))
        #: What each unit bought today costs, minor units; 0 where nothing is charged by the unit.
        self.price = np.zeros((len(self.brands), len(self.names)))
        self._festival = 1.0
        #: What policies multiply their brands' bids by, (B,).
        self.bid_factor = np.ones(len(self.brands))

    def expect_searches(self, use: Array, need_rate: Array) -> None:
        """Set how many needs are expected to be searched on an ordinary day, from use (T, N) and need rates (N,)."""
        # Innovators of a durable search too; imitators come on top, and the plan bounds what their clicks cost.
        rule = self.scenario.social.word_of_mouth
        innovators = rule.p if rule is not None and rule.rule != "cascade" else 0.0
        rate = np.float64(_FIXED) * (need_rate.astype(np.float64) + innovators)
        self.searchers = [
            int(np.rint(row.astype(np.float64) * rate).sum()) / _FIXED if kind.on_need else 0.0
            for row, kind in zip(use, self.kinds, strict=True)
        ]

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

    def running(self, days: Days, day: int) -> tuple[float, ...]:
        """Shares on air of what is not always on (events, broadcasts); notes all of them in `on_air`."""
        self.on_air = self._airtime.on(days, day)
        return tuple(self.on_air[[bool(t.dates or t.windows) for t in self.touchpoints]].tolist())

    # --- a day ------------------------------------------------------------------------------------------------------

    def payable(self, orders: Array) -> Array:
        """Media orders (B, T) in minor units, of which an experiment spends only what concerns the treated."""
        return np.where(self.share == 1.0, orders, np.rint(orders * self.share).astype(np.int64))

    def prices(self, plan: Array, festival: float) -> None:
        """Today's media prices (B, T) in minor units per impression or click, under the pressure of all demand."""
        for t, touchpoint in enumerate(self.touchpoints):
            if self.kinds[t].buys_media and not self.kinds[t].auction:
                self.price[:, t] = unit_price(
                    touchpoint, int(plan[:, t].sum()), minor=self._minor, festival=festival,
                    people=float(self.on_air[t]) * self._size, size=self._size, factor=self._factor,
                )  # fmt: skip
        self._festival = festival

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
            self.spread(table, steps, p)
        return np.array(touches, dtype=TOUCH), table, steps

    def spread(self, pairs: Array, steps: Array, p: int) -> None:
        """Write what follows from the mean of pair p: `zero`, and in row p of steps how often its users meet it."""
        mean, share = float(pairs["mean"][p]), float(self.on_air[pairs["touch"][p]])
        if share < 1.0 and pairs["mode"][p] == MEDIA and share > 0.0:
            # What is bought falls to those who are there at the hours; the others see nothing.
            poisson_steps(mean / share, math.exp(-mean / share), steps[p])
            steps[p] = 1.0 - share + share * steps[p]
            pairs["zero"][p] = steps[p, 0]
            return
        pairs["zero"][p] = math.exp(-mean)
        poisson_steps(mean, pairs["zero"][p], steps[p])

    def _media_pair(self, b: int, t: int, spend: int, beside: bool) -> list[tuple[Any, ...]]:
        """What the brand's money shows to users of a touchpoint, if anything."""
        there = spend > 0 and self.users[t] > 0.0 and self.on_air[t] > 0.0
        mean = self._bought(b, t, spend) / self.users[t] if there else 0.0
        mean = min(mean, _PLENTY)
        return [self._pair(b, t, self.pair_entity[b][t], mean, MEDIA, beside)] if mean > 0.0 else []

    def _owned_pair(self, b: int, t: int, posts: float, days: Days, day: int) -> list[tuple[Any, ...]]:
        """How users meet the brand at what it runs there (a marketplace has this beside ads), if at all."""
        touchpoint, kind = self.touchpoints[t], self.kinds[t]
        there = self.scenario.brands[self.brands[b]].owns.get(self.names[t], 0.0)
        if there <= 0.0 or self.closed[b, t] or self.on_air[t] <= 0.0:
            return []
        if kind.members_only and not kind.visits:
            posts *= float(self.sent[b, t])
            return [self._pair(b, t, self.pair_entity[b][t], there * posts, MEDIA)] if posts > 0.0 else []
        if touchpoint.capacity is not None and self.users[t] > 0.0:
            there *= min(1.0, touchpoint.capacity * self._factor / self.users[t])
        if self.on_air[t] < 1.0:
            there *= float(self.on_air[t])
        pairs = [self._pair(b, t, self.visit_entity[b][t], there, PRESENCE)] if there > 0.0 else []
        if kind.pushes and posts > 0.0:
            pairs.append(self._pair(b, t, self.pair_entity[b][t], posts, MEDIA, bool(pairs)))
        return pairs

    def _pair(self, b: int, t: int, entity: int, mean: float, mode: int, beside: bool = False) -> tuple[Any, ...]:
        """A row of `PAIR`; only presence is a visit, and falls with distance. Ads `beside` it come after it."""
        touchpoint, present = self.touchpoints[t], mode == PRESENCE
        return (
            b, t, entity, mean, math.exp(-mean), touchpoint.cap, t,
            int(self.near_row[b, t]) if present else -1, self.bits.get(self.names[t], -1) if present else -1,
            self.bits.get(self.names[t], -1) if beside else -1,
            mode, ANY_MEMBERSHIP if self.kinds[t].members_only else 0, touchpoint.click_rate > 0.0,
            touchpoint.irritation > 0.0, self.trial[b, t], -1, -1, 0, self.intent[b, t] if present else 0.0,
        )  # fmt: skip

    def _bought(self, b: int, t: int, spend: int) -> float:
        """Impressions that the money buys at today's price."""
        return impressions_bought(
            self.touchpoints[t], spend, self.price[b, t], order=self._per_order[b], size=self._size
        )

    def search_results(self, plan: Array, need_factor: float) -> Array:
        """Today's chances to be found by a searcher, paid and organic (RESULT)."""
        rows = []
        for t in self._order:
            if not self.kinds[t].on_need:
                continue
            searches, touchpoint = self.searchers[t] * need_factor, self.touchpoints[t]
            if self.kinds[t].auction:
                paid, click = self._auction(t, plan[:, t], searches)
            else:
                spends = [int(spend) for spend in plan[:, t]]
                paid = [
                    min(1.0, self._bought(b, t, spend) / searches) if spend > 0 and searches > 0.0 else 0.0
                    for b, spend in enumerate(spends)
                ]
                click = [touchpoint.click_rate] * len(paid)
            searching = self.entity[self._engine[t]]
            for b in range(len(self.brands)):
                organic = self._organic(b, t)
                branded = 0.0 if self.kinds[t].auction else self.branded[b]
                if paid[b] > 0.0 or organic > 0.0 or branded > 0.0:
                    rows.append(
                        (b, t, searching, self.pair_entity[b][t], paid[b], organic, branded, click[b],
                         touchpoint.awareness, self.trial[b, t])
                    )  # fmt: skip
        return np.array(rows, dtype=RESULT)

    def _organic(self, b: int, t: int) -> float:
        """Chance that a search finds the brand without an ad."""
        brand, kind = self.scenario.brands[self.brands[b]], self.kinds[t]
        if kind.auction or self.closed[b, t]:
            return 0.0
        return brand.organic_search if kind.buys_media else brand.owns.get(self.names[t], brand.organic_search)

    def _auction(self, t: int, spends: Array, searches: float) -> tuple[list[float], list[float]]:
        """Chances that each brand's ad is shown and then clicked, by auction, which also sets today's prices."""
        touchpoint, brands = self.touchpoints[t], self.scenario.brands.values()
        settings, unit = touchpoint.auction, self._minor * self._festival
        offers = [brand.bids.get(self.names[t], Bid()) for brand in brands]
        bids = [(touchpoint.cost.price if offer.bid is None else offer.bid) * unit for offer in offers]
        bids = (np.array(bids) * self.bid_factor).tolist()
        # By name, because of equal scores the first is ranked above.
        order = sorted(range(len(bids)), key=self.brands.__getitem__)
        done = clear(
            [bids[b] for b in order], [offers[b].quality for b in order], spends[order], searches,
            click_rate=touchpoint.click_rate, slots=settings.slots, decay=settings.decay,
            reserve=settings.reserve * unit,
        )  # fmt: skip
        place = [order.index(b) for b in range(len(bids))]
        self.price[:, t] = done.price[place]
        return done.shown[place].tolist(), done.click[place].tolist()

    def charged(self, plan: Array, at_touch: Array) -> Array:
        """Minor units to pay for what was delivered today, at most the plan; both (B, T) int64."""
        units = charged_units(self.touchpoints, at_touch, self.on_air)
        # Cut to the plan before it becomes a whole number: what enormous prices charge need not fit into one.
        return np.rint(np.minimum(units * self.price, plan)).astype(np.int64)
