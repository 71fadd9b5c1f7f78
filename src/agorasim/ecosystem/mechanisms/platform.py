"""The data platform of a brand: who is known where, and what touchpoints can do because others know it too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_CREDIT, AT_CREDIT_MONEY
from agorasim.ecosystem.mechanisms import aiming, identity
from agorasim.ecosystem.mechanisms.aiming import Knowledge
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.identity import NEVER, Bits, Flags
from agorasim.randomness import PURPOSES, stable_id, uniforms
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema.data_platform import INTEGRATION

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

CAPTURE = PURPOSES.declare("platform.capture", 88)
MATCH = PURPOSES.declare("platform.match", 89)
_EVERYWHERE: Final = np.uint32(2**32 - 1)
_NOBODY: Final = -1


class Platform(Mechanism):
    """Customer data platforms.

    Columns, P being the brands that have one and T the touchpoints: `touched` and `paid` (N, P, T), last day of an
    identified visit or click, and of an identified purchase; `joined` (N, P), since when a member; `captured` (N, P),
    bits of touchpoints that would recognise the person; `matched` (N, P). Nothing is noted of people without consent.
    While a day runs `w.known` holds where people would be recognised if they acted there, in the evening where they are
    known.
    """

    name = "platform"
    code = "M7"
    meaning = "data platform: identities, matching, audiences, caps across touchpoints, what reports can join up"
    blank = {"touched": NEVER, "paid": NEVER, "joined": NEVER, "captured": 0}
    keys = ("brands.NAME.data_platform",)
    levers = (
        Lever("data_platform.integration", 0.0, 2.0, "0 silo, 1 partial, 2 unified", "data_platform.level"),
        Lever("data_platform.frequency_cap", 1.0, 100.0, "most paid impressions a day for a known person"),
    )
    uses = frozenset({"known", "caps", "audiences"})
    state = ("_level", "_bought")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand has a platform."""
        return any(brand.data_platform is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        self._names = list(scenario.touchpoints)
        kinds = [KINDS[t.kind] for t in scenario.touchpoints.values()]
        self._own = [(b, p) for b, brand in enumerate(self.brands) if (p := scenario.brands[brand].data_platform)]
        self._others = [b for b in range(len(self.brands)) if b not in [k for k, _ in self._own]]
        self._order = np.argsort(np.argsort(np.array(self._names)))
        self._checks_out = identity.checks_out(scenario)
        online = np.array([kind.online for kind in kinds], dtype=bool)
        media = np.array([kind.buys_media for kind in kinds], dtype=bool)
        self._media = np.uint32(sum(1 << t for t in np.flatnonzero(media).tolist()))
        self._by_name = np.argsort(self._order)
        self._pixel = np.outer(online & media, online)
        self._visiting = np.array([kind.visits for kind in kinds], dtype=bool)
        self._members_only = np.array([kind.members_only for kind in kinds], dtype=bool)
        self._seller = np.array([self._names.index(o.touchpoint) for o in world.market.offers], dtype=np.int64)
        self._audiences = [
            (k, self._names.index(name), audience)
            for k, (_, platform) in enumerate(self._own)
            for name, audience in sorted(platform.audiences.items())
        ]
        #: Integration of each platform's data today, and what each brand's money bought on each touchpoint per user.
        self._level = [int(platform.level) for _, platform in self._own]
        self._bought: dict[tuple[int, int], float] = {}
        #: From morning to evening, what each brand can act on.
        self._known: list[Knowledge] = []
        self._make_columns(world)
        self._make_rows(world)

    def _make_columns(self, world: World) -> None:
        size, own, touchpoints = world.size, len(self._own), len(self._names)
        for name in ("touched", "paid"):
            self.columns[name] = np.full((size, own, touchpoints), NEVER, dtype=np.int32)
        self.columns["joined"] = np.full((size, own), NEVER, dtype=np.int32)
        self.columns["captured"] = np.zeros((size, own), dtype=np.uint32)
        self.columns["matched"] = np.zeros((size, own), dtype=np.uint8)
        at = world.population.now
        for k, (b, platform) in enumerate(self._own):
            brand = self.brands[b]
            for t, name in enumerate(self._names):
                share = identity.capture_share(world.scenario, platform, name)
                can = uniforms(at, CAPTURE, size, stable_id("capture", brand, name)) < share
                self.columns["captured"][:, k] |= can.astype(np.uint32) << np.uint32(t)
            self.columns["matched"][:, k] = uniforms(at, MATCH, size, stable_id("match", brand)) < platform.match_rate
            # Members of the first day joined long ago.
            self.columns["joined"][(world.w.member[:, b] > 0) & (world.w.consent > 0), k] = -platform.freshness

    def _make_rows(self, world: World) -> None:
        """Rows of `audience` and `shown` beside those of other mechanisms: one an audience; one a brand with a cap
        and touchpoint."""
        w, size = world.w, world.size
        self._first_audience, self._first_cap = len(w.audience), len(w.shown)
        capped = sum(platform.frequency_cap is not None for _, platform in self._own)
        audiences = np.zeros((len(self._audiences), size), dtype=np.uint8)
        shown = np.zeros((capped * len(self._names), size), dtype=np.uint8)
        w.put(audience=np.concatenate([w.audience.reshape(-1, size), audiences]))
        w.put(shown=np.concatenate([w.shown.reshape(-1, size), shown]))

    # --- what is known ----------------------------------------------------------------------------------------------

    def knowledge(self, world: World, b: int) -> Knowledge | None:
        """What a brand can act on this morning; None when it has no platform."""
        k = next((k for k, (own, _) in enumerate(self._own) if own == b), None)
        return None if k is None else self._knowledge(world, k)

    def this_morning(self) -> list[tuple[int, Knowledge]]:
        """What brands could act on this morning; empty at night, when `w.known` says who is known."""
        return [(b, known) for (b, _), known in zip(self._own, self._known, strict=False)]

    def _knowledge(self, world: World, k: int) -> Knowledge:
        b, platform = self._own[k]
        today, fresh = world.day, platform.freshness
        consent = world.w.consent > 0
        captured = np.where(consent, self.columns["captured"][:, k], np.uint32(0))
        matched = (self.columns["matched"][:, k] > 0) & consent
        last = np.maximum(self.columns["touched"][:, k], self.columns["paid"][:, k])
        last[last > today - fresh] = NEVER
        direct = np.zeros_like(captured)
        for t in range(len(self._names)):
            direct[identity.usable(last[:, t], today, fresh, platform.retention)] |= identity.bit(t)
        joined = identity.usable(self.columns["joined"][:, k], today, fresh)  # while membership lasts
        for t, member in self._memberships(world, b):
            direct[joined & member] |= identity.bit(t)
        direct[~consent] = 0
        shared = identity.sharing(world.scenario, platform, self._level[k])
        known = identity.linked(direct, captured, matched, shared)
        return Knowledge(direct, known, captured, matched, shared, last)

    def _memberships(self, world: World, b: int) -> list[tuple[int, Flags]]:
        """Touchpoints of the brand that only members use, and who is a member there, (N,)."""
        owns = world.scenario.brands[self.brands[b]].owns
        member = world.w.member[:, b]
        return [
            (t, np.asarray((member & np.uint8(world.member_bit(b, name))) > 0))
            for t, name in enumerate(self._names)
            if name in owns and self._members_only[t]
        ]

    # --- the day ----------------------------------------------------------------------------------------------------

    def decided(self, world: World) -> None:
        """Integration may be a decision of today."""
        for k, (b, _) in enumerate(self._own):
            level = math.floor(world.lever(b, "data_platform.integration") + 0.5)
            if level != self._level[k]:
                self._level[k] = level
                world.strategies.integrate(b, INTEGRATION[level])

    def planned(self, world: World) -> None:
        """Erase what is too old, say who would be recognised today, and aim today's media."""
        w, people = world.w, world.population
        self._minimise(world)
        w.known[:, self._others] = np.where(w.consent > 0, _EVERYWHERE, np.uint32(0))[:, np.newaxis]
        if self._audiences or any(platform.frequency_cap is not None for _, platform in self._own):
            # Copies of a world share the day's pairs until they are planned anew.
            w.put(pairs=w.pairs.copy(), steps=w.steps.copy())
        row = self._first_cap
        self._known = [self._knowledge(world, k) for k in range(len(self._own))]
        for (b, platform), known, level in zip(self._own, self._known, self._level, strict=True):
            capped = platform.frequency_cap is not None
            joint = capped and level != identity.SILO
            w.known[:, b] = aiming.recognised(known, self._media, self._by_name if joint else None)
            if capped:
                aiming.cap(world, b, known.shared, row)
                row += len(self._names)
        for row, (k, t, audience) in enumerate(self._audiences, self._first_audience):
            b, platform = self._own[k]
            chosen = aiming.choose(
                audience, t, self._known[k], self.columns["touched"][:, k], self.columns["paid"][:, k], self._visiting,
                world.day, platform.freshness,
            )  # fmt: skip
            aiming.aim(world, b, t, row, chosen, audience, self._bought)
            self.today["audience"][b, t] = int(chosen.sum())
        for k, (b, _) in enumerate(self._own):
            rows = [
                row
                for row, (own, _, audience) in enumerate(self._audiences, self._first_audience)
                if own == k and audience.who == "retarget"
            ]
            followed = people.segment[w.audience[rows].any(axis=0)]
            self.today["targeted"][b] = np.bincount(followed, minlength=len(people.segments))

    def _minimise(self, world: World) -> None:
        for k, (_, platform) in enumerate(self._own):
            if platform.retention is None:
                continue
            touched, paid = self.columns["touched"][:, k], self.columns["paid"][:, k]
            old = np.maximum(touched, paid) < world.day - platform.retention
            touched[old] = NEVER
            paid[old] = NEVER

    def settled(self, world: World, orders: Array) -> None:
        """Note today's identified visits, clicks and purchases, and credit orders as the data allow."""
        owner = world.w.offers["brand"][orders["offer"]]
        for k, (b, _) in enumerate(self._own):
            self._note_touches(world, k, b)
            mine = orders[owner == b]
            self._credit(world, k, b, mine)
            self._note_purchases(world, k, mine)

    def _note_touches(self, world: World, k: int, b: int) -> None:
        w = world.w
        touched = self.columns["touched"][:, k]
        can: Bits = w.known[:, b]
        for name, place in world.media.bits.items():
            t = self._names.index(name)
            visited = identity.has(w.visited[:, b], identity.bit(place))
            touched[visited & identity.has(can, identity.bit(t)), t] = world.day
        clicked = np.flatnonzero(w.touch_day[:, b] == world.day)
        at = w.last_touch[clicked, b].astype(np.int64)
        here = (can[clicked] >> at.astype(np.uint32)) & np.uint32(1) > 0
        touched[clicked[here], at[here]] = world.day

    def _credit(self, world: World, k: int, b: int, orders: Array) -> None:
        """Replace the credit of perfect analytics by what this brand's data can join up."""
        w = world.w
        w.at_touch[b, :, AT_CREDIT] = 0
        w.at_touch[b, :, AT_CREDIT_MONEY] = 0
        who = orders["consumer"].astype(np.int64)
        last = np.where(w.touch_day[who, b] == world.day, w.last_touch[who, b].astype(np.int64), _NOBODY)
        found = identity.credits(
            self.columns["touched"][who, k], self._seller[orders["offer"]], last,
            (self.columns["matched"][who, k] > 0) & (w.consent[who] > 0),
            identity.sharing(world.scenario, self._own[k][1], self._level[k]), self._pixel, self._order, world.day,
            world.scenario.data.attribution_window,
        )  # fmt: skip
        w.at_touch[b, :, AT_CREDIT] = found.sum(axis=0)
        w.at_touch[b, :, AT_CREDIT_MONEY] = (found * orders["price"].astype(np.int64)[:, np.newaxis]).sum(axis=0)

    def _note_purchases(self, world: World, k: int, orders: Array) -> None:
        who, at = orders["consumer"].astype(np.int64), self._seller[orders["offer"]]
        shown = (self.columns["captured"][who, k] >> at.astype(np.uint32)) & np.uint32(1) > 0
        told = (world.w.consent[who] > 0) & (shown | self._checks_out[at])
        self.columns["paid"][who[told], k, at[told]] = world.day

    def closing(self, world: World) -> None:
        """Note who joined or left, book the day's cost, count who is known."""
        w, people = world.w, world.population
        for k, (b, platform) in enumerate(self._own):
            joined = self.columns["joined"][:, k]
            member = (w.member[:, b] > 0) & (w.consent > 0)
            joined[member & (joined == NEVER)] = world.day
            joined[~member] = NEVER
            # From tonight on, whom the brand has identified by this morning; what happened today becomes usable.
            w.known[:, b] = np.where(w.consent > 0, self._known[k].known, np.uint32(0))
            known = people.segment[w.known[:, b] > 0]
            self.today["identified"][b] = np.bincount(known, minlength=len(people.segments))
            for t in range(len(self._names)):
                self.today["identities"][b, t] = int(identity.has(w.known[:, b], identity.bit(t)).sum())
            a_day = world.minor(getattr(platform.cost, INTEGRATION[self._level[k]]) * world.factor)
            profiles = platform.cost.per_profile * world.scenario.currency.minor_units * len(known)
            world.charge(b, "platform", a_day + round(profiles))
        self._known = []

    def forget(self, world: World, who: Array) -> None:
        """Erase what was noted of `who` (n,), who took consent back."""
        for name in ("touched", "paid", "joined"):
            self.columns[name][who] = NEVER
        mine = slice(self._first_audience, self._first_audience + len(self._audiences))
        world.w.audience[mine, who] = 0


def known_today(world: World) -> Bits:
    """Where brands know people as of this morning, bits (N, B); in a world with a platform.

    `w.known` says while a day runs where people would be recognised, which is more.
    """
    known: Bits = world.w.known.copy()
    platform = platform_of(world)
    if platform is not None:
        for b, found in platform.this_morning():
            known[:, b] = found.known
    return known


def platform_of(world: World) -> Platform | None:
    """The platforms of a world; None when no brand has one."""
    found = world.mechanism("platform")
    return found if isinstance(found, Platform) else None
