"""What brands note of each person, what of it can be acted on, and what they forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms import identity, notes
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.familiarity import Familiarity
from agorasim.ecosystem.mechanisms.identity import NEVER, Bits, Flags
from agorasim.ecosystem.mechanisms.notes import Dates, Events, Segmenting
from agorasim.randomness import PURPOSES, stable_id, uniforms
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]

CAPTURE = PURPOSES.declare("platform.capture", 88)
MATCH = PURPOSES.declare("platform.match", 89)
EVERYWHERE: Final = np.uint32(2**32 - 1)


class Records(Mechanism):
    """What brands with a data platform keep of each person.

    Columns, P being the brands that have one: `touched` (N, P, V), last identified visit or click at each touchpoint
    where there can be one, of those that are old enough to be acted on; `paid` (N, P, S), last identified purchase;
    `joined` (N, P), since when a member; all as `Dates` stores them. `held` (N, P), memberships that can be acted on;
    `direct` (N, P), bits of touchpoints that identified the person themselves; `captured` (N, P), bits of those that
    would recognise the person; `matched` (N, P). `seen` and `bought` (N, audiences), the last event and purchase that
    the audience's touchpoint sees. `counted` (N, P), where there is a frequency cap: bits of touchpoints that may
    recognise the person without counting them twice. `oldest` (N, P), where something is erased: no event is older.
    What happened in the last days, which cannot be acted on yet, waits in lists by day. Nothing is noted of people
    without consent.
    """

    blank = dict.fromkeys(("touched", "paid", "joined", "held", "direct", "seen", "bought", "oldest"), 0)
    state: ClassVar[tuple[str, ...]] = ("_level", "_waiting", "_moved", "_renewed")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        self._names = list(scenario.touchpoints)
        kinds = [KINDS[t.kind] for t in scenario.touchpoints.values()]
        self._own = [(b, p) for b, brand in enumerate(self.brands) if (p := scenario.brands[brand].data_platform)]
        self._order = np.argsort(np.argsort(np.array(self._names)))
        self._checks_out = identity.checks_out(scenario)
        self._visiting = np.array([kind.visits for kind in kinds], dtype=bool)
        self._members_only = np.array([kind.members_only for kind in kinds], dtype=bool)
        self._seller = np.array([self._names.index(o.touchpoint) for o in world.market.offers], dtype=np.int64)
        self._audiences = [
            (k, self._names.index(name), audience)
            for k, (_, platform) in enumerate(self._own)
            for name, audience in sorted(platform.audiences.items())
        ]
        self._places = identity.spread({bit: self._names.index(name) for name, bit in world.media.bits.items()})
        sold: dict[str, set[str]] = {brand: set() for brand in self.brands}
        for offer in world.market.offers:
            sold[offer.brand].add(offer.touchpoint)
        self._touch, self._sale = notes.places(scenario, [self.brands[b] for b, _ in self._own], sold)
        noted = np.zeros(len(self._names), dtype=bool)
        noted[self._touch] = True
        self._noted = identity.mask_of(noted)
        self.dates = Dates(world.days.count, max(platform.freshness for _, platform in self._own))
        #: Integration of each platform's data today; whether it changed; what was noted lately, by brand and day.
        self._level = [int(platform.level) for _, platform in self._own]
        self._moved = [True] * len(self._own)
        self._waiting: list[dict[int, Events]] = [{} for _ in self._own]
        #: Of whom all was erased since this morning.
        self._renewed: list[Array] = []
        #: From morning to evening, where each brand knows people.
        self._known: list[Bits] = []
        #: Which touchpoints share data, by brand and integration, as far as it was needed.
        self._shares: dict[tuple[int, int], tuple[Flags, list[np.uint32]]] = {}
        #: What `_memberships` says, likewise.
        self._tables: dict[int, Bits] = {}
        #: Where each touchpoint's days are in `touched` and `paid`; -1: nowhere.
        self._slots, self._tills = (slots(len(self._names), at) for at in (self._touch, self._sale))
        self._make_columns(world)

    def _make_columns(self, world: World) -> None:
        size, own, day = world.size, len(self._own), self.dates.dtype
        columns = self.columns
        if any(platform.frequency_cap is not None for _, platform in self._own):
            columns["counted"] = np.zeros((size, own), dtype=np.uint32)
        columns["touched"] = np.zeros((size, own, len(self._touch)), dtype=day)
        columns["paid"] = np.zeros((size, own, len(self._sale)), dtype=day)
        columns["seen"] = np.zeros((size, len(self._audiences)), dtype=day)
        columns["bought"] = np.zeros((size, len(self._audiences)), dtype=day)
        columns["joined"] = np.zeros((size, own), dtype=day)
        if any(platform.retention is not None for _, platform in self._own):
            columns["oldest"] = np.zeros((size, own), dtype=day)
        for name in ("direct", "captured"):
            columns[name] = np.zeros((size, own), dtype=np.uint32)
        for name in ("matched", "held"):
            columns[name] = np.zeros((size, own), dtype=np.uint8)
        at, consent = world.population.now, world.w.consent > 0
        for k, (b, platform) in enumerate(self._own):
            brand = self.brands[b]
            for t, name in enumerate(self._names):
                share = identity.capture_share(world.scenario, platform, name)
                can = (uniforms(at, CAPTURE, size, stable_id("capture", brand, name)) < share) & consent
                columns["captured"][:, k] |= can.astype(np.uint32) << np.uint32(t)
            columns["matched"][:, k] = uniforms(at, MATCH, size, stable_id("match", brand)) < platform.match_rate
            # Members of the first day joined long ago.
            columns["joined"][(world.w.member[:, b] > 0) & consent, k] = self.dates.code(-platform.freshness)

    # --- reading ------------------------------------------------------------------------------------------------------

    def familiarity(self, world: World, b: int, who: Array) -> Familiarity:
        """What brand b, which has a platform, can build on this morning of people in rows `who` (n,)."""
        k, columns = self._index(b), self.columns
        by_name = sorted(self._touch.tolist(), key=lambda t: int(self._order[t]))
        last = columns["touched"][:, k][who].T.copy()[self._slots[np.array(by_name, dtype=np.int64)]]
        paid, joined = columns["paid"][:, k][who].T, columns["joined"][:, k][who]
        held = self._memberships(world, b)[columns["held"][:, k][who]]
        for slot, t in enumerate(by_name):
            if self._tills[t] >= 0:
                np.maximum(last[slot], paid[self._tills[t]], out=last[slot])
            if self._members_only[t]:
                np.maximum(last[slot], joined * identity.has(held, identity.bit(t)), out=last[slot])
        together = sorted(self._together(world, k), key=lambda mask: min(self._order[t] for t in bits_of(mask)))
        return Familiarity(
            columns["direct"][:, k][who],
            self._known[k][who],
            columns["matched"][:, k][who] > 0,
            together,
            by_name,
            last,
        )

    def touched_since(self, k: int, who: Array, day: int) -> Flags:
        """Whether people in rows `who` had an identified visit or click on a day or later, today's included, (n,)."""
        out = (self.columns["touched"][:, k][who] >= self.dates.code(day)).any(axis=1)
        for events in self._waiting[k].values():
            if len(events.rows):
                at = np.minimum(np.searchsorted(events.rows, who), len(events.rows) - 1)
                out |= events.rows[at] == who
        return np.asarray(out)

    def touches(self, k: int, who: Array) -> NDArray[np.int32]:
        """Last day of an identified visit or click of people in rows `who`, (n, T), today's included; else `NEVER`."""
        out = np.full((len(who), len(self._names)), NEVER, dtype=np.int32)
        out[:, self._touch] = self.dates.days(self.columns["touched"][:, k][who])
        for day, events in self._waiting[k].items():  # in the order of days
            if len(events.rows):
                at = np.minimum(np.searchsorted(events.rows, who), len(events.rows) - 1)
                bits = np.where(events.rows[at] == who, events.bits[at], np.uint32(0))
                out[(bits[:, np.newaxis] >> np.arange(len(self._names), dtype=np.uint32)) & 1 > 0] = day
        return out

    def _index(self, b: int) -> int:
        return next(k for k, (own, _) in enumerate(self._own) if own == b)

    def _shared(self, world: World, k: int) -> Flags:
        return self._sharing(world, k)[0]

    def _together(self, world: World, k: int) -> list[np.uint32]:
        return self._sharing(world, k)[1]

    def _sharing(self, world: World, k: int) -> tuple[Flags, list[np.uint32]]:
        at = (k, self._level[k])
        if at not in self._shares:
            shared = identity.sharing(world.scenario, self._own[k][1], self._level[k])
            self._shares[at] = (shared, identity.groups(shared))
        return self._shares[at]

    def _memberships(self, world: World, b: int) -> Bits:
        """Touchpoints of the brand that only members use, as bits, by what `member` may hold, (256,)."""
        if b in self._tables:
            return self._tables[b]
        owns = world.scenario.brands[self.brands[b]].owns
        out, member = np.zeros(256, dtype=np.uint32), np.arange(256)
        for t, name in enumerate(self._names):
            if name in owns and self._members_only[t]:
                out[(member & int(world.member_bit(b, name))) > 0] |= identity.bit(t)
        self._tables[b] = out
        return out

    # --- learning -----------------------------------------------------------------------------------------------------

    def _note(self, world: World, k: int, b: int, orders: Array) -> None:
        w = world.w
        there = (w.visited[:, b] != 0) | (w.touch_day[:, b] == world.day)
        rows = np.flatnonzero(there & (w.known[:, b] != 0))
        bits = identity.looked_up(w.visited[:, b][rows], self._places)
        clicked = w.touch_day[:, b][rows] == world.day
        last = w.last_touch[:, b][rows].astype(np.uint32) & np.uint32(31)
        bits |= (np.uint32(1) << last) * clicked
        bits &= w.known[:, b][rows] & self._noted
        here = bits != 0
        who, at = orders["consumer"].astype(np.int64), self._seller[orders["offer"]]
        shop = np.uint32(1) << at.astype(np.uint32)
        told = (w.consent[who] > 0) & (((self.columns["captured"][who, k] & shop) != 0) | self._checks_out[at])
        self._waiting[k][world.day] = Events(
            rows[here].astype(np.int32), bits[here], who[told].astype(np.int32), shop[told]
        )

    def _learn(self, world: World, k: int, shared: Flags) -> Array:
        """Act from today on upon what is old enough, and no longer upon what is too old; rows of whom this concerns."""
        platform, columns = self._own[k][1], self.columns
        changed = np.full(world.size, self._moved[k])
        for who in self._renewed:
            changed[who] = True
        day = world.day - platform.freshness
        events = self._waiting[k].pop(day, None)
        matched = columns["matched"][:, k] > 0
        if events is not None:
            self._mature(k, events, self.dates.code(day))
            changed[events.rows] = True
            changed[events.buyers] = True
        for a, (own, t, audience) in enumerate(self._audiences):
            if own == k:
                counts = notes.segmenting(audience, t, shared, self._visiting)
                if self._moved[k]:
                    self._review(a, k, counts, matched)
                elif events is not None:
                    self._count(a, events, counts, matched, self.dates.code(day))
        self._moved[k] = False
        self._admit(world, k, changed)
        if platform.retention is not None:
            self._minimise(world, k, self.dates.code(world.day - platform.retention), changed)
        return np.flatnonzero(changed)

    def _mature(self, k: int, events: Events, code: int) -> None:
        columns = self.columns
        direct = columns["direct"][:, k]
        direct[events.rows] |= events.bits
        for rows, t in notes.split(events.rows, events.bits):
            columns["touched"][:, k][rows, self._slots[t]] = code
        columns["paid"][events.buyers, k, self._tills[identity.place_of(events.shops)]] = code
        np.bitwise_or.at(direct, events.buyers, events.shops)
        if "oldest" in columns:
            for rows in (events.rows, events.buyers):
                columns["oldest"][rows[columns["oldest"][rows, k] == 0], k] = code

    def _count(self, a: int, events: Events, counts: Segmenting, matched: Flags, code: int) -> None:
        """Note for audience a what happened."""
        touched = events.rows[counts.hits(events.bits & counts.touches, matched[events.rows])]
        buyers = events.buyers[counts.hits(events.shops, matched[events.buyers])]
        self.columns["seen"][touched, a] = code
        if counts.purchases:
            self.columns["seen"][buyers, a] = code
        self.columns["bought"][buyers, a] = code

    def _review(self, a: int, k: int, counts: Segmenting, matched: Flags) -> None:
        """Work out afresh what the touchpoint of audience a sees, because what is shared changed."""
        columns = self.columns
        touched, paid = columns["touched"][:, k], columns["paid"][:, k]
        bought = notes.latest(paid, self._sale, counts, EVERYWHERE, matched)
        seen = notes.latest(touched, self._touch, counts, counts.touches, matched)
        columns["bought"][:, a] = bought
        columns["seen"][:, a] = np.maximum(seen, bought) if counts.purchases else seen

    def _admit(self, world: World, k: int, changed: Flags) -> None:
        """Members are known where only members are, while membership lasts."""
        (b, platform), columns = self._own[k], self.columns
        joined, held = columns["joined"][:, k], columns["held"][:, k]
        usable = (joined > 0) & (joined <= self.dates.code(world.day - platform.freshness))
        now = world.w.member[:, b] * usable
        rows = np.flatnonzero(now != held)
        if len(rows) == 0:
            return
        table = self._memberships(world, b)
        before, after = table[held[rows]], table[now[rows]]
        held[rows] = now[rows]
        columns["direct"][rows, k] |= after
        self._drop(k, rows, before & ~after)
        changed[rows] = True

    def _drop(self, k: int, rows: Array, bits: Bits) -> None:
        """Touchpoints no longer identify people, unless they noted something else of them."""
        columns = self.columns
        for left, t in notes.split(rows, bits):
            noted = np.zeros(len(left), dtype=bool)
            for name, at in (("touched", self._slots[t]), ("paid", self._tills[t])):
                if columns[name].shape[2]:
                    noted |= (at >= 0) & (columns[name][left, k, at] > 0)
            columns["direct"][left[~noted], k] &= ~(np.uint32(1) << t[~noted].astype(np.uint32))

    def _minimise(self, world: World, k: int, since: int, changed: Flags) -> None:
        """Erase what was noted at touchpoints where nothing has happened since."""
        columns = self.columns
        oldest = columns["oldest"][:, k]
        rows = np.flatnonzero((oldest > 0) & (oldest < since))
        if len(rows) == 0:
            return
        touched, paid = columns["touched"][rows, k], columns["paid"][rows, k]
        last = touched.copy()
        sale = np.searchsorted(self._touch, self._sale)
        last[:, sale] = np.maximum(last[:, sale], paid)
        old = (last > 0) & (last < since)
        touched[old] = 0
        paid[old[:, sale]] = 0
        columns["touched"][rows, k], columns["paid"][rows, k] = touched, paid
        last[old] = 0
        most = np.iinfo(last.dtype).max
        first = np.where(last > 0, last, most).min(axis=1)
        oldest[rows] = np.where(first < most, first, 0)
        gone = (old * (np.uint32(1) << self._touch.astype(np.uint32))).sum(axis=1).astype(np.uint32)
        still = self._memberships(world, self._own[k][0])[columns["held"][rows, k]]
        columns["direct"][rows, k] &= ~(gone & ~still)
        changed[rows] = True

    # --- forgetting ---------------------------------------------------------------------------------------------------

    def entered(self, world: World, who: Array) -> None:
        """Nothing is known of new people; where they can be recognised is as with consent."""
        super().entered(world, who)
        self._erase(world, who)

    def forget(self, world: World, who: Array) -> None:
        """Erase what was noted of `who` (n,), who took consent back; no touchpoint recognises them any more."""
        for name in (*self.blank, "captured"):
            if name in self.columns:
                self.columns[name][who] = 0
        self._erase(world, who)

    def _erase(self, world: World, who: Array) -> None:
        """Drop what of these people cannot be acted on yet."""
        self._renewed.append(np.asarray(who))
        gone = np.zeros(world.size, dtype=bool)
        gone[who] = True
        for waiting in self._waiting:
            waiting.update({day: events.without(gone) for day, events in waiting.items()})


def slots(touchpoints: int, at: Array) -> NDArray[np.int64]:
    """Place of each touchpoint in the list `at`, (T,); -1 where it is not in there."""
    out = np.full(touchpoints, -1, dtype=np.int64)
    out[at] = np.arange(len(at))
    return out


def bits_of(mask: np.uint32) -> list[int]:
    """The touchpoints whose bits are set."""
    return [t for t in range(32) if int(mask) >> t & 1]
