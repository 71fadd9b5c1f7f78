"""M6 Private domain: who joins which members' touchpoint and why, what messages cost and whom they drive away.

Members teach the brand about people like them (`Insight`), which makes its public media more relevant; public media
bring members: the loop closes over days, and nothing in it says how large it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_IMPRESSIONS, FIXED, MEDIA
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism, distinct
from agorasim.ecosystem.mechanisms.touches import acts, log_from_now_on, open_log, shown
from agorasim.randomness import INITIAL, PURPOSES, stable_id, uniforms
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.private_domain import Door
    from agorasim.scenario.schema.private_domain import PrivateDomain as Settings

Array = NDArray[Any]

JOIN = PURPOSES.declare("private_domain.join", 103)
LEAVE = PURPOSES.declare("private_domain.leave", 104)
ATTEND = PURPOSES.declare("private_domain.attention", 105)
#: Ways in, in the order in which they act on a day.
SOURCES: Final = ("purchase", "event", "qr", "referral", "content")
_LEAST_RELEVANCE: Final = 1e-6
_NEVER: Final = -(2**15)


@dataclass(frozen=True)
class Room:
    """A touchpoint of a brand's private domain: its number, the bit of its members, and the ways in."""

    touch: int
    name: str
    bit: int
    entity: int
    door: Door
    purchase: float
    """Chance to join after a purchase: the door's, or the touchpoint's own."""
    audience: int
    """Row of `audience` with those who look at messages today; -1 where everybody does."""


class PrivateDomain(Mechanism):
    """Membership by touchpoint: joins, messages, departures, dormant members, sales, and what members teach."""

    name = "private_domain"
    code = "M6"
    meaning = "membership by touchpoint, messages to members, and what members teach public media"
    blank = {"active_day": _NEVER}
    keys = ("brands.NAME.private_domain",)
    levers = (Lever("private_domain.invite", 0.0, 10.0, "multiplier of all chances to join the brand's members"),)
    uses = frozenset({"relevance", "audiences", "journeys"})
    state = ("gain",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        found = ((b, scenario.brands[name].private_domain) for b, name in enumerate(self.brands))
        self.settings: dict[int, Settings] = {b: private for b, private in found if private is not None}
        names = list(scenario.touchpoints)
        kinds = [KINDS[t.kind] for t in scenario.touchpoints.values()]
        self.events = np.array([t.kind == "event" for t in scenario.touchpoints.values()], dtype=bool)
        self.public = np.array([kind.buys_media or kind.on_need for kind in kinds], dtype=bool)
        self.shops = np.uint32(
            sum(1 << bit for name, bit in world.media.bits.items() if scenario.touchpoints[name].kind == "store")
        )
        self.rooms = {
            b: [
                Room(
                    names.index(name), name, world.member_bit(b, name),
                    stable_id("private_domain", self.brands[b], name), door,
                    scenario.touchpoints[name].join if door.purchase is None else door.purchase,
                    self._row(world) if private.attention < 1.0 and kinds[names.index(name)].messages else -1,
                )
                for name, door in sorted(private.touchpoints.items())
            ]
            for b, private in self.settings.items()
        }  # fmt: skip
        #: Bits of `visited` that a members-only place sets, by brand.
        self.inside = {
            b: np.uint32(sum(1 << world.media.bits[r.name] for r in rooms if r.name in world.media.bits))
            for b, rooms in self.rooms.items()
        }
        self.minor = scenario.currency.minor_units
        #: Column of each brand in `active_day`, (N, k): the last day with a sign of life of each member.
        self.own = {b: k for k, b in enumerate(self.settings)}
        self.columns["active_day"] = np.full((world.size, len(self.own)), _NEVER, dtype=np.int16)
        #: Whom a way in can be open to at all, by brand.
        self.ways = {
            b: [s for s in SOURCES if any(_chance(room, s) > 0.0 for room in rooms)] for b, rooms in self.rooms.items()
        }
        #: Touchpoints of each brand's private domain, masks (T,), and those at which holders of some memberships are
        #: recognised if anywhere: bits of touchpoints, (256,).
        self.rooms_of = {b: np.isin(np.arange(len(names)), [r.touch for r in rooms]) for b, rooms in self.rooms.items()}
        self.recognised = {b: self._recognised(scenario, rooms) for b, rooms in self.rooms.items()}
        self.people = np.bincount(world.population.segment, minlength=len(world.population.segments))
        #: Relevance that members' knowledge adds to public media, by brand and segment, as of last night.
        self.gain: Array = np.zeros((len(self.brands), len(world.population.segments)))
        self._opened: Array = np.empty(0, dtype=np.int64)
        self._heard: dict[int, Array] = {}
        log_from_now_on(world)
        for b in self.settings:
            for room in self.rooms[b]:
                sold = [
                    k
                    for k, o in enumerate(world.market.offers)
                    if (o.brand, o.touchpoint) == (self.brands[b], room.name)
                ]
                world.w.offers["members"][sold] = room.bit
            self._first_members(world, b)
            world.w.brands["join"][b] = world.w.brands["join_untreated"][b] = 0.0
            self._learn(world, b)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand has a private domain."""
        return any(brand.private_domain is not None for brand in scenario.brands.values())

    @staticmethod
    def _recognised(scenario: Scenario, rooms: list[Room]) -> NDArray[np.uint64]:
        out = np.zeros(256, dtype=np.uint64)
        for room in rooms:
            if scenario.touchpoints[room.name].identity != "none":
                out[(np.arange(256) & room.bit) > 0] |= np.uint64(1 << room.touch % 64)
        return out

    @staticmethod
    def _row(world: World) -> int:
        """A new row of `audience`."""
        audience = world.w.audience
        world.w.put(audience=np.concatenate([audience, np.ones((1, world.size), dtype=np.uint8)]))
        return len(audience)

    def _first_members(self, world: World, b: int) -> None:
        """Members of the first day by touchpoint, from the draws that make them members at all."""
        member = world.w.member[:, b]
        member[...] = 0
        brand = world.scenario.brands[self.brands[b]]
        for room in self.rooms[b]:
            share = brand.initial.members.get(room.name, 0.0)
            draw = uniforms(world.w.now, INITIAL, world.size, stable_id("member", self.brands[b], room.name))
            member[draw < share] |= np.uint8(room.bit)
        # They stand somewhere in the time that it takes to become dormant.
        joined = member > 0
        spread = uniforms(world.w.now, INITIAL, world.size, stable_id("active", self.brands[b]))
        days = (spread * self.settings[b].dormant_after).astype(np.int16)
        self.columns["active_day"][joined, self.own[b]] = -1 - days[joined]

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """Joining is this mechanism's affair; public media are as relevant as last night's members make them."""
        w = world.w
        open_log(world)
        for b in self.settings:
            w.brands["join"][b] = w.brands["join_untreated"][b] = 0.0
            if self.gain[b].any():
                w.relevance[:, b] *= (1.0 + self.gain[b]).astype(np.float32)[world.population.segment]

    def planned(self, world: World) -> None:
        """Messages and visits are for members of the touchpoint itself; dormant ones may not look at messages today."""
        w = world.w
        for b, rooms in self.rooms.items():
            if any(room.audience >= 0 for room in rooms):
                members = np.flatnonzero(w.member[:, b] > 0)
                dormant = members[~self._awake(world, b, members)]
                memberships = w.member[dormant, b]
            for room in rooms:
                if room.audience >= 0:
                    may = dormant[(memberships & room.bit) > 0]
                    looks = self.uniforms(world, ATTEND, may, room.entity)[:, 0] < self.settings[b].attention
                    w.audience[room.audience] = 1
                    w.audience[room.audience, may[~looks]] = 0
                if world.media_fresh:
                    mine = (w.pairs["brand"] == b) & (w.pairs["touch"] == room.touch)
                    w.pairs["members"][mine] = room.bit
                    w.pairs["audience"][mine & (w.pairs["mode"] == MEDIA)] = room.audience

    def _awake(self, world: World, b: int, who: Array) -> NDArray[np.bool_]:
        """Which of some members (n,) bought, visited or clicked lately enough not to be dormant, (n,)."""
        awake: NDArray[np.bool_] = (
            self.columns["active_day"][who, self.own[b]] > world.day - self.settings[b].dormant_after
        )
        return awake

    def carried(self, world: World) -> None:
        """Who hears a recommendation today, before they listen."""
        w = world.w
        self._heard = {
            b: np.flatnonzero(w.hears_good[:, b] > 0)
            for b in self.settings
            if len(w.says) and "referral" in self.ways[b]
        }

    def settled(self, world: World, orders: Array) -> None:
        """Sales to members, and at members-only places."""
        w = world.w
        brand = w.offers["brand"][orders["offer"]]
        for b in self.settings:
            mine = np.flatnonzero(brand == b)
            who, offer, price = orders["consumer"][mine], orders["offer"][mine], orders["price"][mine]
            self.columns["active_day"][who, self.own[b]] = world.day
            member = w.member[who, b] > 0
            inside = w.offers["members"][offer] > 0
            for name, those in (("member", member), ("private", inside)):
                self.today[f"{name}_orders"][b] += int(those.sum())
                self.today[f"{name}_revenue"][b] += int(price[those].sum())

    def received(self, world: World, codes: Array) -> None:
        """Whose goods are there today."""
        self._opened = codes.copy()

    def closing(self, world: World) -> None:
        """Messages are paid and drive some away; others join; what the members teach is for tomorrow."""
        for b, settings in self.settings.items():
            self._note_activity(world, b)
            for room in self.rooms[b]:
                self._send(world, b, settings, room)
            self._invite(world, b, settings)
            self._learn(world, b)

    # --- messages and departures ------------------------------------------------------------------------------------

    def _note_activity(self, world: World, b: int) -> None:
        """Visits to members-only places and clicks on messages are signs of life."""
        active, met = self.columns["active_day"], acts(world)
        if self.inside[b]:
            active[(world.w.visited[:, b] & self.inside[b]) > 0, self.own[b]] = world.day
        active[met.clicks_for(b, self.rooms_of[b]), self.own[b]] = world.day

    def _send(self, world: World, b: int, settings: Settings, room: Room) -> None:
        """Messages of the day on one touchpoint: their cost, and the members whom they drive away.

        A message drives away with chance unsubscribe x (1 + annoyance x fatigue) / relevance, each of n on its own.
        """
        w = world.w
        messages = KINDS[world.scenario.touchpoints[room.name].kind].messages
        if not messages or w.at_touch[b, room.touch, AT_IMPRESSIONS] == 0:
            return
        sent = shown(world, room.touch)
        sent = sent[sent["brand"] == b]
        who = sent["consumer"].astype(np.int64)
        count = sent["count"].astype(np.int64)
        self.today["pushes"][b, room.touch] += int(count.sum())
        world.charge(b, "service", to_minor(int(count.sum()) * settings.push_cost, self.minor))
        if settings.unsubscribe <= 0.0:
            return
        fatigue = w.fatigue[who, b].astype(np.float64)
        relevance = np.maximum(w.relevance[who, b].astype(np.float64), _LEAST_RELEVANCE)
        each = np.minimum(1.0, settings.unsubscribe * (1.0 + settings.annoyance * fatigue) / relevance)
        leaves = np.where(count == 1, each, 1.0 - (1.0 - each) ** count)
        gone = distinct(who[self.uniforms(world, LEAVE, who, room.entity)[:, 0] < leaves])
        gone = gone[(w.member[gone, b] & room.bit) > 0]
        world.leave(gone, b, room.bit)
        self.today["leaves"][b, room.touch] += len(gone)

    # --- joining ----------------------------------------------------------------------------------------------------

    def _invite(self, world: World, b: int, settings: Settings) -> None:
        """Everybody whom something brought to the door today may join, each touchpoint by a draw of its own."""
        w = world.w
        happened = self._happened(world, b)
        moved = np.flatnonzero(happened > 0)
        happened, memberships = happened[moved], w.member[moved, b]
        invite = world.lever(b, "private_domain.invite")
        for room in self.rooms[b]:
            if world.media.closed[b, room.touch]:
                continue
            chances = [min(1.0, invite * _chance(room, source)) for source in self.ways[b]]
            ways = np.uint8(sum(1 << k for k, chance in enumerate(chances) if chance > 0.0))
            at = np.flatnonzero(((happened & ways) > 0) & ((memberships & room.bit) == 0))
            if world.media.trial[b, room.touch] and len(w.treated):
                at = at[w.treated[moved[at]] > 0]
            if len(at) == 0:
                continue
            who, opened = moved[at], happened[at]
            u = self.uniforms(world, JOIN, who, room.entity)[:, 0]
            stays = np.ones(len(who))
            joined = np.zeros(len(who), dtype=bool)
            for k, source in enumerate(self.ways[b]):
                if chances[k] <= 0.0:
                    continue
                stays[(opened & np.uint8(1 << k)) > 0] *= 1.0 - chances[k]
                now = (u < 1.0 - stays) & ~joined
                self.today[f"joined_by_{source}"][b] += int(now.sum())
                joined |= now
            world.enrol(who[joined], b, room.bit)
            self.columns["active_day"][who[joined], self.own[b]] = world.day
            self.today["joins"][b, room.touch] += int(joined.sum())
            world.charge(b, "rewards", int(joined.sum()) * to_minor(settings.welcome, self.minor))

    def _happened(self, world: World, b: int) -> NDArray[np.uint8]:
        """Which ways in are open to each consumer today, one bit each in the order of `ways`, (N,)."""
        w, brands, met = world.w, len(self.brands), acts(world)
        out = np.zeros(world.size, dtype=np.uint8)
        for k, source in enumerate(self.ways[b]):
            if source == "qr":
                out |= ((w.visited[:, b] & self.shops) > 0).astype(np.uint8) << np.uint8(k)
                continue
            if source == "purchase":
                who = self._opened[self._opened % brands == b] // brands
                who = who[w.surprise[who, b] > -float(w.params["disappointment"][0])]
            elif source == "event":
                rows = [shown(world, int(t)) for t in np.flatnonzero(self.events)]
                who = np.concatenate([there["consumer"][there["brand"] == b] for there in rows])
            elif source == "referral":
                who = self._heard.get(b, np.empty(0, dtype=np.int64))
            else:
                who = met.clicks_for(b, self.public)
            out[who] |= np.uint8(1 << k)
        return out

    # --- what members teach -----------------------------------------------------------------------------------------

    def _learn(self, world: World, b: int) -> None:
        """Count members by activity; n active known ones of a segment teach gain x n / (n + half) about its people."""
        w, settings = world.w, self.settings[b]
        members = np.flatnonzero(w.member[:, b] > 0)
        memberships = w.member[members, b]
        awake = self._awake(world, b, members)
        active = int(awake.sum())
        self.today["active_members"][b] = active
        self.today["dormant_members"][b] = len(members) - active
        held = np.bincount(memberships, minlength=256)
        for room in self.rooms[b]:
            self.today["memberships"][b, room.touch] = int(held[(np.arange(256) & room.bit) > 0].sum())
        if settings.insight is None or settings.insight.gain <= 0.0:
            return
        members, memberships = members[awake], memberships[awake]
        where = self.recognised[b][memberships]
        linked = w.known[members, b] & where if len(w.known) else where * (w.consent[members] > 0)
        known = linked > 0
        n = np.bincount(world.population.segment[members[known]], minlength=len(self.people)).astype(np.float64)
        self.gain[b] = settings.insight.gain * n / (n + settings.insight.half * world.factor)
        mean = (self.gain[b] * self.people).sum() / world.size
        self.today["insight_gain"][b] = int(mean * FIXED + 0.5)


def _chance(room: Room, source: str) -> float:
    """Chance to join through one way in, before the lever."""
    return room.purchase if source == "purchase" else float(getattr(room.door, source))
