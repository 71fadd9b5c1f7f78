"""The data platform of a brand: who is known where, and what touchpoints can do because others know it too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_CREDIT, AT_CREDIT_MONEY, MEDIA
from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.identity import NEVER, Flags
from agorasim.randomness import PURPOSES, stable_id, uniforms
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema.data_platform import INTEGRATION

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.data_platform import Audience

Array = NDArray[Any]

CAPTURE = PURPOSES.declare("platform.capture", 88)
MATCH = PURPOSES.declare("platform.match", 89)
_EVERYWHERE: Final = np.uint32(2**32 - 1)
_FIXED: Final = 65536  # expected users are summed as integers in this unit, as `Media` does
_PLENTY: Final = 1e6  # impressions per user and day beyond which more of them change nothing
_NOBODY: Final = -1


class Knowledge(NamedTuple):
    """What a brand can act on this morning."""

    direct: Flags
    """Identified at the touchpoint itself, (N, T)."""
    known: Flags
    """Identified there or matched from elsewhere, (N, T)."""
    matched: Flags
    """All identities are found to be one person's, (N,)."""
    shared: Flags
    """Which touchpoints share data, (T, T)."""
    last: Array
    """Last usable event by touchpoint, (N, T); `NEVER` without one."""


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
        self._sells_media = np.array([kind.buys_media for kind in kinds], dtype=bool)
        self._pixel = np.outer(online & self._sells_media, online)
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

    def _knowledge(self, world: World, k: int) -> Knowledge:
        b, platform = self._own[k]
        consent = world.w.consent > 0
        captured = identity.unpacked(self.columns["captured"][:, k], len(self._names)) & consent[:, np.newaxis]
        matched = (self.columns["matched"][:, k] > 0) & consent
        events = np.maximum(self.columns["touched"][:, k], self.columns["paid"][:, k])
        joined = np.where(self._joined_at(world, b), self.columns["joined"][:, k, np.newaxis], NEVER)
        direct = identity.usable(events, world.day, platform.freshness, platform.retention)
        direct |= identity.usable(joined, world.day, platform.freshness)  # while membership lasts
        direct &= consent[:, np.newaxis]
        shared = identity.sharing(world.scenario, platform, self._level[k])
        last = np.where(identity.usable(events, world.day, platform.freshness), events, NEVER)
        return Knowledge(direct, identity.linked(direct, captured, matched, shared), matched, shared, last)

    def _joined_at(self, world: World, b: int) -> Flags:
        """Touchpoints that only members use, whose member a consumer is, (N, T)."""
        owns = world.scenario.brands[self.brands[b]].owns
        bits = [
            world.member_bit(b, name) if name in owns and self._members_only[t] else 0
            for t, name in enumerate(self._names)
        ]
        return np.asarray((world.w.member[:, b, np.newaxis] & np.array(bits, dtype=np.uint8)) > 0)

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
        w = world.w
        self._minimise(world)
        w.known[:, self._others] = np.where(w.consent > 0, _EVERYWHERE, np.uint32(0))[:, np.newaxis]
        knowledge = [self._knowledge(world, k) for k in range(len(self._own))]
        for k, (b, _) in enumerate(self._own):
            w.known[:, b] = identity.packed(self._recognised(world, k, knowledge[k]))
        if self._audiences or any(platform.frequency_cap is not None for _, platform in self._own):
            # Copies of a world share the day's pairs until they are planned anew.
            w.put(pairs=w.pairs.copy(), steps=w.steps.copy())
        self._cap(world, knowledge)
        aimed: dict[int, Flags] = {}
        for row, (k, t, audience) in enumerate(self._audiences, self._first_audience):
            self._aim(world, row, k, t, audience, knowledge[k])
            if audience.who == "retarget":
                aimed[k] = (w.audience[row] > 0) | aimed.get(k, False)
        people = world.population
        for k, who in aimed.items():
            tally = np.bincount(people.segment[who], minlength=len(people.segments))
            self.today["targeted"][self._own[k][0]] = tally

    def _recognised(self, world: World, k: int, known: Knowledge) -> Flags:
        """Where people are known, or will be once they click, visit or see an ad today, (N, T).

        Whose identities are not matched cannot be counted across touchpoints: under a common frequency cap such people
        are recognised at one of the touchpoints that sell media, the first by name.
        """
        consent = world.w.consent > 0
        there = identity.unpacked(self.columns["captured"][:, k], len(self._names)) & consent[:, np.newaxis]
        there |= known.known
        if self._own[k][1].frequency_cap is not None and self._level[k] != identity.SILO:
            others = there & self._sells_media
            by_name = np.argsort(self._order)
            first = np.zeros_like(others)
            rows = np.flatnonzero(others.any(axis=1))
            first[rows, by_name[others[rows][:, by_name].argmax(axis=1)]] = True
            there &= known.matched[:, np.newaxis] | ~self._sells_media | first
        return there

    def _minimise(self, world: World) -> None:
        for k, (_, platform) in enumerate(self._own):
            if platform.retention is None:
                continue
            touched, paid = self.columns["touched"][:, k], self.columns["paid"][:, k]
            old = np.maximum(touched, paid) < world.day - platform.retention
            touched[old] = NEVER
            paid[old] = NEVER

    def _cap(self, world: World, knowledge: list[Knowledge]) -> None:
        """Count paid impressions of people whom a brand knows over all touchpoints that share data."""
        pairs = world.w.pairs
        rows = self._first_cap
        for k, (b, platform) in enumerate(self._own):
            if platform.frequency_cap is None:
                continue
            most = math.floor(world.lever(b, "data_platform.frequency_cap") + 0.5)
            for t in range(len(self._names)):
                mine = self._ads(world, b, t)
                # Touchpoints that share data count together, in the row of the first of them.
                pairs["group"][mine] = rows + int(knowledge[k].shared[t].argmax())
                pairs["most"][mine] = most
            rows += len(self._names)

    @staticmethod
    def _ads(world: World, b: int, t: int) -> Flags:
        """Which of today's pairs are a brand's ads on touchpoint t."""
        pairs = world.w.pairs
        paid = (pairs["mode"] == MEDIA) & (pairs["members"] == 0)  # neither presence nor messages to members
        return np.asarray((pairs["brand"] == b) & (pairs["touch"] == t) & paid)

    def _aim(self, world: World, row: int, k: int, t: int, audience: Audience, known: Knowledge) -> None:
        """Show a brand's ads on touchpoint t to an audience only, with all the money that there is for it."""
        w, b = world.w, self._own[k][0]
        aimed = self.audience(world, k, t, audience, known)
        w.audience[row] = aimed
        self.today["audience"][b, t] = int(aimed.sum())
        pairs = w.pairs
        for p in np.flatnonzero(self._ads(world, b, t)):
            if world.media_fresh or (b, t) not in self._bought:
                self._bought[b, t] = float(pairs["mean"][p])
            pairs["audience"][p] = row
            # Users at large are known of every touchpoint; of single people only those in or out of an audience.
            in_or_out = aimed if audience.who == "retarget" else ~aimed
            users = int(np.rint(w.use[t, in_or_out].astype(np.float64) * _FIXED).sum()) / _FIXED
            if audience.who != "retarget":
                users = world.media.users[t] - users
            each = self._bought[b, t] * world.media.users[t] / users if users > 0.0 else 0.0
            world.set_pair_mean(int(p), min(each, _PLENTY))

    def audience(self, world: World, k: int, t: int, audience: Audience, known: Knowledge) -> Flags:
        """Whom the k-th platform's ads on touchpoint t are shown to today, (N,)."""
        today, fresh = world.day, self._own[k][1].freshness
        touched, paid = self.columns["touched"][:, k], self.columns["paid"][:, k]
        there = known.known[:, t]
        if audience.who == "retarget":
            events = np.full_like(touched, NEVER)
            for kind, of in (("visit", self._visiting), ("click", ~self._visiting)):
                if kind in audience.events:
                    events[:, of] = touched[:, of]
            if "purchase" in audience.events:
                events = np.maximum(events, paid)
            seen = identity.latest(events, known.matched, known.shared)[:, t]
            chosen = there & identity.usable(seen, today, fresh, audience.within)
        else:
            chosen = np.ones(world.size, dtype=bool)
        if audience.exclude_buyers is not None:
            bought = identity.latest(paid, known.matched, known.shared)[:, t]
            chosen &= ~(there & identity.usable(bought, today, fresh, audience.exclude_buyers))
        return chosen

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
        can = identity.unpacked(w.known[:, b], len(self._names))
        for name, bit in world.media.bits.items():
            t = self._names.index(name)
            touched[can[:, t] & ((w.visited[:, b] >> np.uint32(bit)) & np.uint32(1) > 0), t] = world.day
        clicked = np.flatnonzero(w.touch_day[:, b] == world.day)
        at = w.last_touch[clicked, b].astype(np.int64)
        here = can[clicked, at]
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
            # From tonight on, whom the brand has identified; what happened today is usable in `freshness` days.
            w.known[:, b] = identity.packed(self._knowledge(world, k).known)
            known = people.segment[w.known[:, b] > 0]
            self.today["identified"][b] = np.bincount(known, minlength=len(people.segments))
            self.today["identities"][b] = identity.unpacked(w.known[:, b], len(self._names)).sum(axis=0)
            a_day = world.minor(getattr(platform.cost, INTEGRATION[self._level[k]]) * world.factor)
            profiles = platform.cost.per_profile * world.scenario.currency.minor_units * len(known)
            world.charge(b, "platform", a_day + round(profiles))

    def forget(self, world: World, who: Array) -> None:
        """Erase what was noted of `who` (n,), who took consent back."""
        for name in ("touched", "paid", "joined"):
            self.columns[name][who] = NEVER
        mine = slice(self._first_audience, self._first_audience + len(self._audiences))
        world.w.audience[mine, who] = 0


def platform_of(world: World) -> Platform | None:
    """The platforms of a world; None when no brand has one."""
    found = world.mechanism("platform")
    return found if isinstance(found, Platform) else None
