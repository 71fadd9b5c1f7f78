"""M4 Funnel: what visits to a brand come to, by touchpoint; carts are in `carts.py`.

A visit is entering what the brand runs on a touchpoint, or clicking through to it from a touchpoint. What is only
counted (pages, seconds, bounces) is drawn beside the world's own draws, so that counting moves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from agorasim.behaviour.columns import CLICKED
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.carts import Carts
from agorasim.ecosystem.mechanisms.touches import CLICK, VISIT, log_from_now_on, open_log, touches
from agorasim.randomness import PURPOSES, stable_id
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.funnel import Funnel as Settings

Array = NDArray[Any]

SURF = PURPOSES.declare("funnel.visit", 98)
JOINED_AT = PURPOSES.declare("funnel.registration", 101)
#: Columns of the draws of a visit.
_BOUNCE, _PAGES, _SECONDS, _FORGET = range(4)
_MOST_PAGES: Final = 1000
_MOST_SECONDS: Final = 6 * 3600
_LEAST_RELEVANCE: Final = 1e-6


class Funnel(Mechanism):
    """Counts visits, visitors, pages, seconds and bounces, inquiries and registrations; lets carts be abandoned."""

    name = "funnel"
    code = "M4"
    meaning = "visits, page views, dwell time, bounces, carts, registrations and inquiries, by touchpoint"
    keys = ("data.funnel",)
    uses = frozenset({"journeys", "appeal"})
    state = ("crowd", "carts")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = s = _settings(world.scenario)
        names = list(world.scenario.touchpoints)
        self.bits = {t: world.media.bits[name] for t, name in enumerate(names) if name in world.media.bits}
        #: Draws of a visit are for a brand, a touchpoint, and whether it came through a click: (2, B, T).
        self.entities = np.array(
            [[[stable_id(how, b, t) for t in names] for b in self.brands] for how in ("visit", "click")], dtype=np.int64
        ).reshape(2, len(self.brands), len(names))
        own = [s.touchpoints.get(name) for name in names]
        self.online = np.array(
            [KINDS[t.kind].online or s.touchpoints.get(n) is not None for n, t in world.scenario.touchpoints.items()],
            dtype=bool,
        )
        bounce = np.array([s.bounce if v is None or v.bounce is None else v.bounce for v in own])
        #: Odds of a bounce, mean pages after the second, seconds a page, visits a day served at full speed; each (T,).
        self.odds = bounce / (1.0 - bounce)
        self.further = np.array([s.pages if v is None or v.pages is None else v.pages for v in own]) - 2.0
        self.seconds = np.array([s.dwell if v is None or v.dwell is None else v.dwell for v in own])
        self.capacity = world.factor * np.array(
            [np.inf if v is None or v.capacity is None else v.capacity for v in own]
        )
        #: Visits on the last day, by touchpoint.
        self.crowd: Array = np.zeros(len(names), dtype=np.int64)
        self.columns["registered"] = (world.w.member > 0).astype(np.uint8)
        self.carts = Carts(self, world, s.carts) if s.carts is not None else None
        #: Today's visits, touches of the kinds VISIT and CLICK, and which of them bounce unless they lead to a cart.
        self._visits: Array = touches(world).copy()
        self._bounces: Array = np.empty(0, dtype=bool)
        #: Codes consumer x B + brand of today's carts.
        self.carted: Array = np.empty(0, dtype=np.int64)
        self._listed: Array = np.empty(0, dtype=np.int64)
        log_from_now_on(world)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the funnel is counted."""
        return scenario.data.funnel is not None

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """A new day's touches and carts."""
        self.carted = np.empty(0, dtype=np.int64)
        open_log(world)

    def needed(self, world: World, who: Array) -> Array | None:
        """Needs of open carts may come back."""
        return None if self.carts is None else self.carts.come_back(self, world)

    def evaluate(self, world: World, who: Array) -> None:
        """Bounced visits that leave nothing behind do not count in the choice; carts that are taken up again do."""
        # All visits have happened; what makes contacts fitting may be gone by the evening.
        rows = touches(world)
        self._visits = rows[(rows["event"] == VISIT) | (rows["event"] == CLICK)]
        self._bounces = self._draws(world)[:, _BOUNCE] < self.bounce_chance(world, self._visits)
        if self.settings.forgotten > 0.0:
            self._forget(world)
        if self.carts is not None:
            self.carts.favour(self, world)

    def chosen(self, world: World) -> None:
        """Every order was put in a cart; some carts are abandoned, and take nothing from the shelf."""
        orders = world.orders
        self._put_in_carts(world, orders)
        if self.carts is not None:
            self.carts.abandon(self, world)
        self._listed = self._keys(world, world.orders)

    def rationed(self, world: World) -> None:
        """What came instead, or from days before, stands in a cart as well."""
        orders = world.orders
        self._put_in_carts(world, orders[~np.isin(self._keys(world, orders), self._listed)])

    def _put_in_carts(self, world: World, orders: Array) -> None:
        np.add.at(self.today["carts"], orders["offer"], 1)
        brand = world.w.offers["brand"][orders["offer"]].astype(np.int64)
        codes = orders["consumer"].astype(np.int64) * len(self.brands) + brand
        self.carted = np.union1d(self.carted, codes)

    @staticmethod
    def _keys(world: World, orders: Array) -> Array:
        """A number for each order that no other order of the day at any offer has."""
        code = orders["consumer"].astype(np.int64) * 256 + orders["sequence"]
        keys: Array = code * len(world.w.offers) + orders["offer"]
        return keys

    def settled(self, world: World, orders: Array) -> None:
        """Who has bought leaves no cart behind."""
        if self.carts is not None:
            self.carts.close(self, world, orders)

    def closing(self, world: World) -> None:
        """Count the day's visits and registrations."""
        self._count(world)
        self._register(world)
        self.crowd = np.bincount(self._visits["touch"], minlength=len(self.crowd)).astype(np.int64)

    # --- visits -----------------------------------------------------------------------------------------------------

    def _draws(self, world: World) -> NDArray[np.float64]:
        """Four uniforms for each of today's visits."""
        visits = self._visits
        entity = self.entities[(visits["event"] == CLICK).astype(np.int64), visits["brand"], visits["touch"]]
        return self.uniforms(world, SURF, visits["consumer"].astype(np.int64), entity)

    def bounce_chance(self, world: World, visits: Array) -> NDArray[np.float64]:
        """Probability that each visit is left after one page, (n,): odds x load ** load / relevance ** relevance."""
        t = visits["touch"]
        odds = self.odds[t] * np.maximum(1.0, self.crowd / self.capacity)[t] ** self.settings.load
        if len(world.w.relevance):
            relevance = world.w.relevance[visits["consumer"], visits["brand"]].astype(np.float64)
            odds = odds / np.maximum(relevance, _LEAST_RELEVANCE) ** self.settings.relevance
        return np.where(self.online[t], odds / (1.0 + odds), 0.0)

    def _forget(self, world: World) -> None:
        w, brands, visits = world.w, len(self.brands), self._visits
        gone = self._bounces & (self._draws(world)[:, _FORGET] < self.settings.forgotten)
        clicks = visits["event"] == CLICK
        for t, bit in self.bits.items():
            lost = visits[gone & ~clicks & (visits["touch"] == t)]
            w.visited[lost["consumer"], lost["brand"]] &= ~(np.uint32(1) << np.uint32(bit))
        codes = visits["consumer"].astype(np.int64) * brands + visits["brand"]
        kept, lost_codes = np.unique(codes[clicks & ~gone]), np.unique(codes[clicks & gone])
        lost_codes = np.setdiff1d(lost_codes, kept, assume_unique=True)
        w.flags.reshape(-1)[lost_codes] &= np.uint8(255 - CLICKED)

    def _count(self, world: World) -> None:
        w, today, brands, visits = world.w, self.today, len(self.brands), self._visits
        at = visits["brand"], visits["touch"]
        u = self._draws(world)
        codes = visits["consumer"].astype(np.int64) * brands + visits["brand"]
        carted = np.isin(codes, self.carted)
        bounced = self._bounces & ~carted
        online = self.online[visits["touch"]]
        further = self.further[visits["touch"]]
        with np.errstate(divide="ignore", invalid="ignore"):
            # Geometric by inversion: at least k more pages with probability (m / (1 + m)) ** k.
            more = np.where(further > 0.0, np.log(u[:, _PAGES]) / np.log(further / (1.0 + further)), 0.0)
        pages = np.where(online & ~bounced, 2 + np.minimum(np.floor(more), _MOST_PAGES), 1).astype(np.int64)
        stretch = np.exp(self.settings.dwell_spread * ndtri(u[:, _SECONDS]))
        seconds = np.minimum(np.rint(pages * self.seconds[visits["touch"]] * stretch), _MOST_SECONDS).astype(np.int64)
        np.add.at(today["visits"], at, 1)
        np.add.at(today["page_views"], at, pages)
        np.add.at(today["bounces"], at, bounced)
        np.add.at(today["dwell_seconds"], at, np.where(online, seconds, 0))
        np.add.at(today["carting_visits"], at, carted)
        np.add.at(today["inquiries"], at, (w.needs[visits["consumer"]] > 0) & ~carted)
        touchpoints = len(self.crowd)
        people = np.unique(codes * touchpoints + visits["touch"])
        np.add.at(today["visitors"], (people // touchpoints % brands, people % touchpoints), 1)

    # --- registrations ----------------------------------------------------------------------------------------------

    def _register(self, world: World) -> None:
        """People who were nobody's member this morning, by the touchpoint that won them."""
        w, registered = world.w, self.columns["registered"]
        for b in range(len(self.brands)):
            new = np.flatnonzero((w.member[:, b] > 0) & (registered[:, b] == 0))
            if len(new):
                np.add.at(self.today["registrations"][b], self._won_by(world, b, new), 1)
        registered[...] = w.member > 0

    def _won_by(self, world: World, b: int, new: Array) -> Array:
        """The touchpoint through which each of `new` joined, (n,).

        A private domain knows it. Else any owned touchpoint may have won a buyer, one after the other by name: the one
        that did is drawn given that one did.
        """
        name = self.brands[b]
        names = list(world.scenario.touchpoints)
        private = world.scenario.brands[name].private_domain
        if private is not None:
            won = np.zeros(len(new), dtype=np.int64)
            for touchpoint in sorted(private.touchpoints, reverse=True):
                member = (world.w.member[new, b] & world.member_bit(b, touchpoint)) > 0
                won[member] = names.index(touchpoint)
            return won
        owned = sorted(world.scenario.brands[name].owns)
        chances = np.array([world.scenario.touchpoints[t].join for t in owned])
        first = chances * np.cumprod(np.concatenate([[1.0], 1.0 - chances[:-1]]))
        if first.sum() <= 0.0:  # enrolled by somebody else: the brand's first members' touchpoint stands for all
            first = np.array([float(KINDS[world.scenario.touchpoints[t].kind].members_only) for t in owned])
        if first.sum() <= 0.0:
            first = np.ones(len(owned))
        if not owned:
            return np.zeros(len(new), dtype=np.int64)
        u = self.uniforms(world, JOINED_AT, new, stable_id("brand", name))[:, 0]
        place = np.searchsorted(np.cumsum(first) / first.sum(), u, side="right")
        return np.array([names.index(t) for t in owned])[np.minimum(place, len(owned) - 1)]


def _settings(scenario: Scenario) -> Settings:
    assert scenario.data.funnel is not None
    return scenario.data.funnel
