"""M19 Footprint and waste: what contacts, parcels and trips emit, and which impressions were for nothing.

An impression is wasted when it lies beyond the point where further ones of the day still work, or when it reaches
somebody who cannot buy or has no need within the window. Both are expectations over who was shown what, given today's
users and their need rates: not a count of single impressions, which would only add chance to it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_ADS, AT_IMPRESSIONS, MEDIA
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.footprint import Footprint as Settings

Array = NDArray[Any]
#: Grams are recorded in units of 2**-20, as every real number that is summed.
_UNIT = 1 << 20
#: At least so many people stand for all whom a pair can be shown to.
_PANEL: Final = 4096
#: Days after which the shares of people without a need are reckoned anew.
_EVERY: Final = 7


class Footprint(Mechanism):
    """Emissions of a day by touchpoint and place, and wasted impressions with the money that bought them."""

    name = "footprint"
    code = "M19"
    meaning = "emissions of contacts, parcels and trips; impressions wasted on the sated and on those who cannot buy"
    keys = ("outcomes.footprint",)
    state = ("idle",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        touchpoints = world.scenario.touchpoints.values()
        self.settings = _settings(world.scenario)
        self.grams = np.array([t.footprint for t in touchpoints])
        self.enough = [_enough(t.saturation, self.settings.weak) for t in touchpoints]
        self.on_need = [KINDS[t.kind].on_need for t in touchpoints]
        self.visited = [KINDS[t.kind].visits for t in touchpoints]
        # Needs expected within the window from each day on, in ordinary days; the last day's stand in for those after.
        padded = np.append(world.days.need, np.full(self.settings.window, world.days.need[-1]))
        total = np.concatenate([[0.0], np.cumsum(padded)])
        self.ahead = total[self.settings.window :] - total[: -self.settings.window]
        #: Users, and the share of them without a need, by brand, touchpoint, memberships, trial and audience of a pair.
        self.idle: dict[tuple[int, ...], tuple[float, float]] = {}
        rule = world.scenario.social.word_of_mouth
        self.innovators = rule.p if rule is not None and rule.rule != "cascade" else 0.0

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether emissions are reckoned."""
        return scenario.outcomes.footprint is not None

    def settled(self, world: World, orders: Array) -> None:
        """Parcels of online orders, and trips to the shops of all others."""
        table, traits = world.market.table, world.w.traits
        offers, who = orders["offer"], orders["consumer"]
        located = table["located"][offers] == 1
        km = 2.0 * np.hypot(
            traits["x"][who].astype(np.float64) - table["x"][offers],
            traits["y"][who].astype(np.float64) - table["y"][offers],
        )
        grams = np.where(located, km * self.settings.trip_km, self.settings.parcel)
        each = np.rint(grams * _UNIT).astype(np.int64)
        np.add.at(self.today["footprint_delivery"], offers, each)
        np.add.at(self.today["footprint"], table["brand"][offers], each)

    def closing(self, world: World) -> None:
        """Contacts of the day, and which of them were wasted."""
        contacts = world.w.at_touch[:, :, AT_IMPRESSIONS]
        emitted = np.rint(contacts * self.grams * _UNIT).astype(np.int64)
        self.today["footprint_contact"] += emitted
        self.today["footprint"] += emitted.sum(axis=1)
        self._waste(world)

    def _waste(self, world: World) -> None:
        w, media = world.w, world.media
        paid = media.charged(world.plan, w.at_touch)
        for t, on_need in enumerate(self.on_need):
            if on_need:  # who searches has a need
                self.today["ad_impressions"][:, t] += w.at_touch[:, t, AT_ADS]
        if world.day % _EVERY == 0:
            self.idle = {}
        for p, pair in enumerate(w.pairs):
            b, t = int(pair["brand"]), int(pair["touch"])
            if pair["mode"] != MEDIA:
                continue
            cap = int(pair["cap"])
            more = 1.0 - w.steps[p, :cap]  # chances of more than 0, 1, ... impressions
            mean = float(more.sum())
            if mean <= 0.0:
                continue
            bits = int(pair["members"])
            key = b, t, bits, int(pair["trial"]), int(pair["audience"])
            if key not in self.idle:
                self.idle[key] = self._idle(world, *key)
            users, needless = self.idle[key]
            if users <= 0.0:
                continue
            sated = float(more[self.enough[t] :].sum()) / mean
            ads = int(w.at_touch[b, t, AT_ADS])
            if bits:
                all_shown = int(w.at_touch[b, t, AT_IMPRESSIONS])
                ads = min(all_shown, round(users * mean)) if self.visited[t] else all_shown
            share = 1.0 - (1.0 - sated) * (1.0 - needless)
            self.today["ad_impressions"][b, t] += ads
            self.today["saturated_impressions"][b, t] += round(ads * sated * _UNIT)
            self.today["wasted_impressions"][b, t] += round(ads * share * _UNIT)
            if not bits:
                self.today["wasted_spend"][b, t] += round(int(paid[b, t]) * share)

    def _idle(self, world: World, b: int, t: int, bits: int, trial: int, audience: int) -> tuple[float, float]:
        """Users a day of touchpoint t who can be shown a pair, and the share of them who are no customers of b."""
        rows, step = self._panel(world, b, bits, trial, audience)
        use = world.w.use[t, rows].astype(np.float64)
        users = float(use.sum())
        if users <= 0.0:
            return 0.0, 0.0
        return users * step, float((use * self._outside(world, b, rows)).sum()) / users

    @staticmethod
    def _panel(world: World, b: int, bits: int, trial: int, audience: int) -> tuple[Any, int]:
        """Those over whom the mean is taken: everybody who can be shown a pair, or every k-th of very many; and k.

        Which of them changes from time to time, so that in the long run the mean is that of all.
        """
        w = world.w
        if not bits and not trial and audience < 0:
            step = max(1, world.size // _PANEL)
            return slice(world.day // _EVERY % step, None, step), step
        can: Array = np.ones(world.size, dtype=bool)
        if bits:
            can &= (w.member[:, b] & np.uint8(bits)) > 0
        if trial:
            can &= w.treated > 0
        if audience >= 0:
            can &= w.audience[audience] > 0
        rows = np.flatnonzero(can)
        step = max(1, len(rows) // _PANEL)
        return rows[world.day // _EVERY % step :: step], step

    def _outside(self, world: World, b: int, rows: Any) -> Array:
        """Chance that each of some consumers is no customer of brand b within the window, (n,)."""
        w = world.w
        out: Array = np.exp(-(w.need_rate[rows].astype(np.float64) + self.innovators) * self.ahead[world.day])
        if world.scenario.category.kind == "durable":
            out[w.owner[rows] > 0] = 1.0
        mine = (world.market.table["brand"] == b) & ~world.market.shut
        if not mine.any():
            out[:] = 1.0
        elif world.market.table["members"][mine].all():
            out[w.member[rows, b] == 0] = 1.0
        return out


def _enough(saturation: float, weak: float) -> int:
    """How many impressions of a day work at least `weak` times as well as the first; the n-th works (1 - s)^(n - 1)."""
    if weak <= 0.0 or saturation <= 0.0:
        return 1_000_000
    if saturation >= 1.0:
        return 1
    return 1 + math.floor(math.log(weak) / math.log(1.0 - saturation) + 1e-9)


def _settings(scenario: Scenario) -> Settings:
    assert scenario.outcomes.footprint is not None
    return scenario.outcomes.footprint
