"""The data platform of a brand: who is known where, and what touchpoints can do because others know it too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_CREDIT, AT_CREDIT_MONEY
from agorasim.ecosystem.mechanisms import aiming, identity
from agorasim.ecosystem.mechanisms.base import Lever
from agorasim.ecosystem.mechanisms.identity import Bits
from agorasim.ecosystem.mechanisms.records import EVERYWHERE, Records
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema.data_platform import INTEGRATION

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

_NOBODY: Final = -1


class Platform(Records):
    """Customer data platforms.

    While a day runs `w.known` holds where people would be recognised if they acted there, in the evening where they are
    known.
    """

    name = "platform"
    code = "M7"
    meaning = "data platform: identities, matching, audiences, caps across touchpoints, what reports can join up"
    keys = ("brands.NAME.data_platform",)
    levers = (
        Lever("data_platform.integration", 0.0, 2.0, "0 silo, 1 partial, 2 unified", "data_platform.level"),
        Lever("data_platform.frequency_cap", 1.0, 100.0, "most paid impressions a day for a known person"),
    )
    uses = frozenset({"known", "caps", "audiences"})
    state = (*Records.state, "_bought", "_rows")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand has a platform."""
        return any(brand.data_platform is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        kinds = [KINDS[t.kind] for t in world.scenario.touchpoints.values()]
        online = np.array([kind.online for kind in kinds], dtype=bool)
        self._media = np.array([kind.buys_media for kind in kinds], dtype=bool)
        self._pixel = np.outer(online & self._media, online)
        noted = {int(t) for t in self._touch}
        self._by_name = [identity.bit(int(t)) for t in np.argsort(self._order) if self._media[t] and int(t) in noted]
        #: What each brand's money bought on each touchpoint per user; rows of `shown` by brand.
        self._bought: dict[tuple[int, int], float] = {}
        self._rows: list[list[int]] = [[] for _ in self._own]
        #: From morning to evening, of whom each brand learnt or lost something this morning.
        self._changed: list[Array] = []
        segments = world.population.segments
        self._segment = world.population.segment.astype(np.min_scalar_type(max(len(segments) - 1, 0)))
        w, size = world.w, world.size
        self._first_audience = len(w.audience)
        audiences = np.zeros((len(self._audiences), size), dtype=np.uint8)
        w.put(audience=np.concatenate([w.audience.reshape(-1, size), audiences]))
        others = [b for b in range(len(self.brands)) if b not in [own for own, _ in self._own]]
        w.known[:, others] = np.where(w.consent > 0, EVERYWHERE, np.uint32(0))[:, np.newaxis]

    # --- what is known ----------------------------------------------------------------------------------------------

    def this_morning(self) -> list[tuple[int, Bits]]:
        """Where brands know people as of this morning, (N,); empty at night, when `w.known` says so."""
        return [(b, known) for (b, _), known in zip(self._own, self._known, strict=False)]

    def changed(self, b: int) -> Array:
        """Rows of people of whom brand b, which has a platform, learnt or lost something this morning, ascending."""
        return self._changed[self._index(b)]

    # --- the day ----------------------------------------------------------------------------------------------------

    def decided(self, world: World) -> None:
        """Integration may be a decision of today."""
        for k, (b, _) in enumerate(self._own):
            level = math.floor(world.lever(b, "data_platform.integration") + 0.5)
            if level != self._level[k]:
                self._level[k] = level
                self._moved[k] = True
                world.strategies.integrate(b, INTEGRATION[level])

    def planned(self, world: World) -> None:
        """Erase what is too old, say who would be recognised today, and aim today's media."""
        w, people, columns = world.w, world.population, self.columns
        if self._audiences or any(platform.frequency_cap is not None for _, platform in self._own):
            # Copies of a world share the day's pairs until they are planned anew.
            w.put(pairs=w.pairs.copy(), steps=w.steps.copy())
        self._known, self._changed = [], []
        for k, (b, platform) in enumerate(self._own):
            shared = self._shared(world, k)
            self._changed.append(self._learn(world, k, shared))
            direct, captured = columns["direct"][:, k], columns["captured"][:, k]
            matched = columns["matched"][:, k] > 0
            self._known.append(identity.linked(direct, captured, matched, self._together(world, k)))
            there = self._known[k] | captured
            if platform.frequency_cap is not None and self._level[k] != identity.SILO:
                who = self._changed[k]
                columns["counted"][:, k][who] = aiming.counted(there[who], matched[who], self._by_name)
                there &= columns["counted"][:, k]
            w.known[:, b] = there
            if platform.frequency_cap is not None:
                counter = aiming.counters(shared, self._media)
                aiming.cap(world, b, counter, self._room(world, k, int(counter.max()) + 1))
            self.today["targeted"][b] = 0
        self._renewed = []
        for a, (k, t, audience) in enumerate(self._audiences):
            b, row = self._own[k][0], self._first_audience + a
            retarget, code = audience.who == "retarget", self.dates.code
            chosen = aiming.choose(
                identity.has(self._known[k], identity.bit(t)),
                columns["seen"][:, a] if retarget else None,
                columns["bought"][:, a] if audience.exclude_buyers is not None else None,
                code(world.day - audience.within),
                code(world.day - (audience.exclude_buyers or 0)),
            )
            aiming.aim(world, b, t, row, chosen, audience, self._bought)
            self.today["audience"][b, t] = int(np.count_nonzero(chosen))
        for k, (b, _) in enumerate(self._own):
            rows = [
                self._first_audience + a
                for a, (own, _, audience) in enumerate(self._audiences)
                if own == k and audience.who == "retarget"
            ]
            if rows:
                followed = np.asarray(w.audience[rows[0]] > 0 if len(rows) == 1 else w.audience[rows].any(axis=0))
                self.today["targeted"][b] = identity.counts(self._segment, len(people.segments), followed)

    def _room(self, world: World, k: int, count: int) -> Array:
        """Rows of `shown` for `count` frequency counters of a brand, beside those of others."""
        w, rows = world.w, self._rows[k]
        if len(rows) < count:
            shown = w.shown.reshape(-1, world.size)
            added = np.zeros((count - len(rows), world.size), dtype=np.uint8)
            rows += range(len(shown), len(shown) + len(added))
            w.put(shown=np.concatenate([shown, added]))
        return np.array(rows, dtype=np.int64)

    def settled(self, world: World, orders: Array) -> None:
        """Note today's identified visits, clicks and purchases, and credit orders as the data allow."""
        owner = world.w.offers["brand"][orders["offer"]]
        for k, (b, _) in enumerate(self._own):
            mine = orders[owner == b]
            self._note(world, k, b, mine)
            self._credit(world, k, b, mine)

    def _credit(self, world: World, k: int, b: int, orders: Array) -> None:
        """Replace the credit of perfect analytics by what this brand's data can join up."""
        w = world.w
        w.at_touch[b, :, AT_CREDIT] = 0
        w.at_touch[b, :, AT_CREDIT_MONEY] = 0
        if len(orders) == 0:
            return
        orders = orders[
            self.touched_since(k, orders["consumer"], world.day - world.scenario.data.attribution_window + 1)
        ]
        who = orders["consumer"].astype(np.int64)
        last = np.where(w.touch_day[:, b][who] == world.day, w.last_touch[:, b][who].astype(np.int64), _NOBODY)
        found = identity.credits(
            self.touches(k, who), self._seller[orders["offer"]], last,
            (self.columns["matched"][who, k] > 0) & (w.consent[who] > 0), self._shared(world, k), self._pixel,
            self._order, world.day, world.scenario.data.attribution_window,
        )  # fmt: skip
        w.at_touch[b, :, AT_CREDIT] = found.sum(axis=0)
        w.at_touch[b, :, AT_CREDIT_MONEY] = (found * orders["price"].astype(np.int64)[:, np.newaxis]).sum(axis=0)

    def closing(self, world: World) -> None:
        """Note who joined or left, book the day's cost, count who is known."""
        w, people = world.w, world.population
        consent = w.consent > 0
        for k, (b, platform) in enumerate(self._own):
            joined = self.columns["joined"][:, k]
            member = (w.member[:, b] > 0) & consent
            joined[member & (joined == 0)] = self.dates.code(world.day)
            joined *= member
            # From tonight on, whom the brand has identified by this morning; what happened today becomes usable.
            known = self._known[k] * consent
            w.known[:, b] = known
            found = identity.counts(self._segment, len(people.segments), known != 0)
            self.today["identified"][b] = found
            self.today["identities"][b] = identity.totals(known, self._touch.tolist(), len(self._names))
            a_day = world.minor(getattr(platform.cost, INTEGRATION[self._level[k]]) * world.factor)
            profiles = platform.cost.per_profile * world.scenario.currency.minor_units * int(found.sum())
            world.charge(b, "platform", a_day + round(profiles))
        self._known, self._changed = [], []

    def forget(self, world: World, who: Array) -> None:
        """Erase what was noted of `who` (n,), who took consent back, and leave them out of audiences."""
        super().forget(world, who)
        mine = slice(self._first_audience, self._first_audience + len(self._audiences))
        world.w.audience[mine, who] = 0


def known_today(world: World, who: Array | None = None) -> Bits:
    """Where brands know people (all, or rows `who`) as of this morning, bits (n, B); where there is a platform.

    `w.known` says while a day runs where people would be recognised, which is more.
    """
    known: Bits = world.w.known.copy() if who is None else world.w.known[who]
    platform = platform_of(world)
    if platform is not None:
        for b, found in platform.this_morning():
            known[:, b] = found if who is None else found[who]
    return known


def platform_of(world: World) -> Platform | None:
    """The platforms of a world; None when no brand has one."""
    found = world.mechanism("platform")
    return found if isinstance(found, Platform) else None
