"""M6 Private domain: who joins which members' touchpoint and why, what messages cost and whom they drive away.

Members teach the brand about people like them (`Insight`), which makes its public media more relevant; public media
bring members: the loop closes over days, and nothing in it says how large it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED, MEDIA
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.touches import CLICK, IMPRESSION, identified, log_from_now_on, open_log, touches
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
    blank = {"active_day": -(2**30)}
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
        self.columns["active_day"] = np.full((world.size, len(self.brands)), -1, dtype=np.int32)
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
        days = (spread * self.settings[b].dormant_after).astype(np.int32)
        self.columns["active_day"][joined, b] = -1 - days[joined]
        self.columns["active_day"][~joined, b] = -(2**30)

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """Joining is this mechanism's affair; public media are as relevant as last night's members make them."""
        w = world.w
        open_log(world)
        for b in self.settings:
            w.brands["join"][b] = w.brands["join_untreated"][b] = 0.0
            if self.gain[b].any():
                w.relevance[:, b] *= (1.0 + self.gain[b])[world.population.segment].astype(np.float32)

    def planned(self, world: World) -> None:
        """Messages and visits are for members of the touchpoint itself; dormant ones may not look at messages today."""
        w = world.w
        for b, rooms in self.rooms.items():
            awake = self._awake(world, b)
            for room in rooms:
                if room.audience >= 0:
                    looks = uniforms(w.now, ATTEND, world.size, room.entity) < self.settings[b].attention
                    w.audience[room.audience] = awake | looks
                if world.media_fresh:
                    mine = (w.pairs["brand"] == b) & (w.pairs["touch"] == room.touch)
                    w.pairs["members"][mine] = room.bit
                    w.pairs["audience"][mine & (w.pairs["mode"] == MEDIA)] = room.audience

    def _awake(self, world: World, b: int) -> NDArray[np.bool_]:
        """Who bought, visited or clicked lately enough not to be dormant, (N,)."""
        awake: NDArray[np.bool_] = self.columns["active_day"][:, b] > world.day - self.settings[b].dormant_after
        return awake

    def carried(self, world: World) -> None:
        """Who hears a recommendation today, before they listen."""
        w = world.w
        self._heard = {b: np.flatnonzero(w.hears_good[:, b]) for b in self.settings if len(w.says)}

    def settled(self, world: World, orders: Array) -> None:
        """Sales to members, and at members-only places."""
        w = world.w
        offers = w.offers[orders["offer"]]
        brand, who = offers["brand"].astype(np.int64), orders["consumer"].astype(np.int64)
        self.columns["active_day"][who, brand] = world.day
        for b in self.settings:
            mine = brand == b
            member = mine & (w.member[who, b] > 0)
            inside = mine & (offers["members"] > 0)
            for name, those in (("member", member), ("private", inside)):
                self.today[f"{name}_orders"][b] += int(those.sum())
                self.today[f"{name}_revenue"][b] += int(orders["price"][those].sum())

    def received(self, world: World, codes: Array) -> None:
        """Whose goods are there today."""
        self._opened = codes.copy()

    def closing(self, world: World) -> None:
        """Messages are paid and drive some away; others join; what the members teach is for tomorrow."""
        rows = touches(world)
        for b, settings in self.settings.items():
            mine = rows[rows["brand"] == b]
            self._note_activity(world, b, mine)
            for room in self.rooms[b]:
                self._send(world, b, settings, room, mine)
            self._invite(world, b, settings, mine)
            self._learn(world, b)

    # --- messages and departures ------------------------------------------------------------------------------------

    def _note_activity(self, world: World, b: int, mine: Array) -> None:
        """Visits to members-only places and clicks on messages are signs of life."""
        active = self.columns["active_day"]
        active[(world.w.visited[:, b] & self.inside[b]) > 0, b] = world.day
        inside = np.array([room.touch for room in self.rooms[b]])
        clicked = mine[(mine["event"] == CLICK) & np.isin(mine["touch"], inside)]
        active[clicked["consumer"], b] = world.day

    def _send(self, world: World, b: int, settings: Settings, room: Room, mine: Array) -> None:
        """Messages of the day on one touchpoint: their cost, and the members whom they drive away.

        A message drives away with chance unsubscribe x (1 + annoyance x fatigue) / relevance, each of n on its own.
        """
        w = world.w
        sent = mine[(mine["event"] == IMPRESSION) & (mine["touch"] == room.touch)]
        if len(sent) == 0 or not KINDS[world.scenario.touchpoints[room.name].kind].messages:
            return
        who = sent["consumer"].astype(np.int64)
        count = sent["count"].astype(np.int64)
        self.today["pushes"][b, room.touch] += int(count.sum())
        world.charge(b, "service", to_minor(int(count.sum()) * settings.push_cost, self.minor))
        fatigue = w.fatigue[who, b].astype(np.float64)
        relevance = np.maximum(w.relevance[who, b].astype(np.float64), _LEAST_RELEVANCE)
        each = np.minimum(1.0, settings.unsubscribe * (1.0 + settings.annoyance * fatigue) / relevance)
        leaves = self.uniforms(world, LEAVE, who, room.entity)[:, 0] < 1.0 - (1.0 - each) ** count
        gone = np.unique(who[leaves])
        gone = gone[(w.member[gone, b] & room.bit) > 0]
        world.leave(gone, b, room.bit)
        self.today["leaves"][b, room.touch] += len(gone)

    # --- joining ----------------------------------------------------------------------------------------------------

    def _invite(self, world: World, b: int, settings: Settings, mine: Array) -> None:
        """Everybody whom something brought to the door today may join, each touchpoint by a draw of its own."""
        w = world.w
        happened = self._happened(world, b, mine)
        anything = np.flatnonzero(np.any(list(happened.values()), axis=0))
        invite = world.lever(b, "private_domain.invite")
        for room in self.rooms[b]:
            if world.media.closed[b, room.touch]:
                continue
            who = anything[(w.member[anything, b] & room.bit) == 0]
            if world.media.trial[b, room.touch] and len(w.treated):
                who = who[w.treated[who] > 0]
            u = self.uniforms(world, JOIN, who, room.entity)[:, 0]
            stays = np.ones(len(who))
            joined = np.zeros(len(who), dtype=bool)
            for source in SOURCES:
                chance = room.purchase if source == "purchase" else float(getattr(room.door, source))
                stays = np.where(happened[source][who], stays * (1.0 - min(1.0, invite * chance)), stays)
                now = (u < 1.0 - stays) & ~joined
                self.today[f"joined_by_{source}"][b] += int(now.sum())
                joined |= now
            world.enrol(who[joined], b, room.bit)
            self.columns["active_day"][who[joined], b] = world.day
            self.today["joins"][b, room.touch] += int(joined.sum())
            world.charge(b, "rewards", int(joined.sum()) * to_minor(settings.welcome, self.minor))

    def _happened(self, world: World, b: int, mine: Array) -> dict[str, NDArray[np.bool_]]:
        """Whom each way in is open to today, masks (N,)."""
        w, brands = world.w, len(self.brands)
        codes = self._opened[self._opened % brands == b]
        content = codes // brands
        content = content[w.surprise[content, b] > -float(w.params["disappointment"][0])]
        met = mine[(mine["event"] == IMPRESSION) & self.events[mine["touch"]]]
        clicked = mine[(mine["event"] == CLICK) & self.public[mine["touch"]]]
        heard = self._heard.get(b, np.empty(0, dtype=np.int64))
        lists = {"purchase": content, "event": met["consumer"], "referral": heard, "content": clicked["consumer"]}
        out = {}
        for source in SOURCES:
            out[source] = np.zeros(world.size, dtype=bool)
            if source == "qr":
                out[source] = (w.visited[:, b] & self.shops) > 0
            else:
                out[source][lists[source]] = True
        return out

    # --- what members teach -----------------------------------------------------------------------------------------

    def _learn(self, world: World, b: int) -> None:
        """Count members by activity; n active known ones of a segment teach gain x n / (n + half) about its people."""
        w, settings = world.w, self.settings[b]
        member = w.member[:, b] > 0
        awake = member & self._awake(world, b)
        self.today["active_members"][b] = int(awake.sum())
        self.today["dormant_members"][b] = int(member.sum()) - int(awake.sum())
        for room in self.rooms[b]:
            self.today["memberships"][b, room.touch] = int(((w.member[:, b] & room.bit) > 0).sum())
        if settings.insight is None or settings.insight.gain <= 0.0:
            return
        known = np.zeros(world.size, dtype=bool)
        rows = np.flatnonzero(awake)
        for room in self.rooms[b]:
            here = rows[(w.member[rows, b] & room.bit) > 0]
            known[here] |= identified(world, here, np.full(len(here), b), np.full(len(here), room.touch))
        n = np.bincount(world.population.segment[known], minlength=self.gain.shape[1]).astype(np.float64)
        self.gain[b] = settings.insight.gain * n / (n + settings.insight.half * world.factor)
        mean = self.gain[b][world.population.segment].mean()
        self.today["insight_gain"][b] = int(mean * FIXED + 0.5)
