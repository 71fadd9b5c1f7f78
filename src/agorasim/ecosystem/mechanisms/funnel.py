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
from agorasim.ecosystem.mechanisms.touches import acts, among, log_from_now_on, open_log, taken
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
#: Equally likely values that stand for the normal law of dwell times.
_QUANTILES: Final = 4096


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
        with np.errstate(divide="ignore"):
            #: Logarithm of the chance of one page more, (T,): -inf where there are none.
            self._onward = np.log(self.further / (1.0 + self.further))
        self._stretch = np.exp(s.dwell_spread * ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES))
        #: Which of today's visits are online, their draws, and which of them bounce unless they lead to a cart.
        self._online: Array = np.empty(0, dtype=np.int64)
        self._draws: Array = np.empty((0, 4))
        self._bounces: Array = np.empty(0, dtype=bool)
        #: Codes consumer x B + brand of today's carts, and a number for each order that has been in one.
        self._carted: list[Array] = []
        self._listed: Array = np.empty(0, dtype=np.int64)
        log_from_now_on(world)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the funnel is counted."""
        return scenario.data.funnel is not None

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """A new day's touches and carts."""
        self._carted = []
        open_log(world)

    def needed(self, world: World, who: Array) -> Array | None:
        """Needs of open carts may come back."""
        return None if self.carts is None else self.carts.come_back(self, world)

    def evaluate(self, world: World, who: Array) -> None:
        """Bounced visits that leave nothing behind do not count in the choice; carts that are taken up again do."""
        # All visits have happened; what makes contacts fitting may be gone by the evening.
        self._bounce(world)
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
        orders, keys = world.orders, self._keys(world, world.orders)
        if not np.array_equal(keys, self._listed):
            self._put_in_carts(world, taken(orders, np.flatnonzero(~among(keys, self._listed))))

    def _put_in_carts(self, world: World, orders: Array) -> None:
        offers = world.w.offers["brand"].astype(np.int64)
        self.today["carts"] += np.bincount(orders["offer"], minlength=len(offers))
        self._carted.append(orders["consumer"].astype(np.int64) * len(self.brands) + offers[orders["offer"]])

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
        self._draws = np.empty((0, 4))  # much memory, for today only

    # --- visits -----------------------------------------------------------------------------------------------------

    def _bounce(self, world: World) -> None:
        """Draw which of today's visits are left after one page: odds x load ** load / relevance ** relevance."""
        visits, s, relevance = acts(world), self.settings, world.w.relevance
        self._online = at = np.flatnonzero(self.online[visits.touch])
        cell = visits.cell[at]
        entity = self.entities.reshape(-1)[cell + visits.click[at] * (self.entities.size // 2)]
        self._draws = self.uniforms(world, SURF, visits.consumer[at], entity)
        odds = np.tile(self.odds * np.maximum(1.0, self.crowd / self.capacity) ** s.load, len(self.brands))[cell]
        fit: Any = 1.0
        if len(relevance) and s.relevance > 0.0:
            fit = np.maximum(relevance.reshape(-1)[visits.code[at]].astype(np.float64), _LEAST_RELEVANCE)
            fit = fit if s.relevance == 1.0 else fit**s.relevance
        self._bounces = self._draws[:, _BOUNCE] * (fit + odds) < odds

    def _forget(self, world: World) -> None:
        w, visits = world.w, acts(world)
        codes = visits.code
        gone = np.zeros(len(codes), dtype=bool)
        gone[self._online] = self._bounces & (self._draws[:, _FORGET] < self.settings.forgotten)
        for t, bit in self.bits.items():
            lost = codes[gone & ~visits.click & (visits.touch == t)]
            w.visited.reshape(-1)[lost] &= ~(np.uint32(1) << np.uint32(bit))
        lost = np.zeros(w.flags.size, dtype=bool)
        lost[codes[visits.click & gone]] = True
        lost[codes[visits.click & ~gone]] = False
        w.flags.reshape(-1)[lost] &= np.uint8(255 - CLICKED)

    def _count(self, world: World) -> None:
        w, today, visits = world.w, self.today, acts(world)
        shape = len(self.brands), len(self.crowd)
        cells = shape[0] * shape[1]
        cell = visits.cell
        put = np.zeros(world.size * shape[0], dtype=bool)
        for codes in self._carted:
            put[codes] = True
        carted = put[visits.code]
        at = self._online
        bounced = self._bounces & ~carted[at]
        further, seconds = self._surf(visits.touch[at], bounced)
        kinds = cell * 4 + 2 * carted + ((w.needs[visits.consumer] > 0) & ~carted)
        counts = np.bincount(kinds, minlength=4 * cells).reshape(*shape, 4)
        count = counts.sum(axis=2)
        today["visits"] += count
        today["carting_visits"] += counts[..., 2]
        today["inquiries"] += counts[..., 1]
        cell_online = cell[at]
        today["bounces"] += np.bincount(cell_online[bounced], minlength=cells).reshape(shape)
        pages = np.bincount(cell_online, further, minlength=cells).reshape(shape)  # whole numbers: the sum is exact
        today["page_views"] += count + pages.astype(np.int64)
        dwell = np.bincount(cell_online, seconds, minlength=cells).reshape(shape)
        today["dwell_seconds"] += dwell.astype(np.int64)
        people = np.sort(cell * world.size + visits.consumer)
        first = np.ones(len(people), dtype=bool)
        first[1:] = people[1:] != people[:-1]
        ends = np.searchsorted(people[first], np.arange(cells + 1) * world.size)
        today["visitors"] += np.diff(ends).reshape(shape)
        self.crowd = count.sum(axis=0)

    def _surf(self, touch: Array, bounced: Array) -> tuple[Array, Array]:
        """Pages after the first, and seconds, of visits online; both whole numbers, (n,)."""
        u = self._draws
        # Geometric by inversion: at least k more pages with probability (m / (1 + m)) ** k.
        more = np.floor(np.log(u[:, _PAGES]) / self._onward[touch])
        further = np.where(bounced, 0.0, 1.0 + np.minimum(more, _MOST_PAGES))
        stretch = self._stretch[(u[:, _SECONDS] * _QUANTILES).astype(np.int64)]
        seconds = np.minimum(np.rint((1.0 + further) * self.seconds[touch] * stretch), _MOST_SECONDS)
        return further, seconds

    # --- registrations ----------------------------------------------------------------------------------------------

    def _register(self, world: World) -> None:
        """People who were nobody's member this morning, by the touchpoint that won them."""
        member, registered = world.w.member > 0, self.columns["registered"]
        new = np.flatnonzero(member.view(np.uint8) > registered)
        for b in range(len(self.brands)):
            mine = new[new % len(self.brands) == b] // len(self.brands)
            if len(mine):
                np.add.at(self.today["registrations"][b], self._won_by(world, b, mine), 1)
        registered[...] = member

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
