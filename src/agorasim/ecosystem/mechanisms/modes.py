"""Buying modes: habitual, impulse, comparison and personalised ways to answer a need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import NEEDS_ARISEN, REACHED
from agorasim.ecosystem.mechanisms.base import DAY, Mechanism, add_to_rows, distinct
from agorasim.ecosystem.mechanisms.platform import known_today
from agorasim.randomness import NOBODY, PURPOSES, uniforms
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.people_checks import MODES

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
MODE: Final = PURPOSES.declare("modes.mode", 82)
DELAY: Final = PURPOSES.declare("modes.delay", 83)
TRIGGER: Final = PURPOSES.declare("modes.trigger", 84)

#: Row of `w.modes` for those who buy in no particular way: adopters whom word of mouth spares the choice.
PLAIN: Final = 0
#: Utility of brands that do not know the person, where only those that do are considered.
_OUT_OF_SIGHT: Final = -1e4
_MOST_PENDING: Final = 255
#: A day after every calendar's last, and the longest delay that is told apart.
_AFTER_ALL: Final = int(np.iinfo(DAY).max)
_LONGEST: Final = 5_000
_WEIGHTS: Final = ("price", "deal", "goodwill", "habit", "appeal", "distance", "widen")


class Modes(Mechanism):
    """Each day's needs of a person are answered in one mode, drawn by the shares of the person's segment.

    A need that is compared stays in progress until it is due. Needs are conserved: arisen = answered + in progress +
    abandoned. Columns: `pending` (N,) u1, needs in progress; `due` (N,) i2, day on which they are answered; `since`
    (N,) i2, day on which the first of them arose.
    """

    name = "modes"
    code = "M3"
    meaning = "buying modes: habitual, impulse, comparison and personalised needs, answered now or days later"
    keys = ("category.modes",)
    writes = frozenset({"use"})
    uses = frozenset({"modes", "appeal"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the category has buying modes."""
        return scenario.category.modes is not None

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario, w = world.scenario, world.w
        stated = scenario.category.modes
        assert stated is not None
        self.names = [name for name in MODES if getattr(stated, name) is not None]
        self.modes = [getattr(stated, name) for name in self.names]
        self.row = {name: k + 1 for k, name in enumerate(self.names)}
        table = np.zeros(len(self.names) + 1, dtype=w.modes.dtype)
        for key in _WEIGHTS:
            table[key] = [1.0, *(getattr(mode, key) for mode in self.modes)]
        table["reached_only"] = [0, *(mode.among == "met" for mode in self.modes)]
        table["habit_only"] = [0, *(mode.among == "bought" for mode in self.modes)]
        w.put(modes=table)
        #: Shares of modes, (segments, modes).
        self.shares = np.array([self._shares_of(segment) for segment in scenario.population.segments.values()])
        self.known_only = np.array([False, *(mode.among == "known" for mode in self.modes)])
        self.searched = [k for k, t in enumerate(scenario.touchpoints.values()) if KINDS[t.kind].on_need]
        self.trigger = stated.impulse.trigger if stated.impulse is not None else 0.0
        self.delay = (
            (stated.comparison.delay, stated.comparison.delay_cv) if stated.comparison is not None else (0.0, 0.0)
        )
        self.durable = scenario.category.kind == "durable"
        #: One of the four draws of a block for each mode that there is, so that none shifts another's.
        self._draws = [MODES.index(name) for name in self.names]
        self._delays = _rounded_delays(*self.delay)
        self._use_before: list[tuple[int, Array, Array]] = []
        self.columns["pending"] = np.zeros(world.size, dtype=np.uint8)
        self.columns["due"] = np.zeros(world.size, dtype=DAY)
        self.columns["since"] = np.full(world.size, -1, dtype=DAY)
        self._expect_searches(world)

    def _shares_of(self, segment: Any) -> list[float]:
        """Shares of the modes in a segment, which add up to 1."""
        given = [getattr(segment.modes, n) if segment.modes is not None else m.share
                 for n, m in zip(self.names, self.modes, strict=True)]  # fmt: skip
        return [share / sum(given) for share in given]

    def _expect_searches(self, world: World) -> None:
        """Brands buy clicks at a rate per expected search, and how many are expected depends on modes."""
        if all(mode.search is None for mode in self.modes):
            return
        use = world.w.use.copy()
        shares = self.shares[world.population.segment]
        for t in self.searched:
            chances = [use[t] if mode.search is None else mode.search for mode in self.modes]
            use[t] = np.sum([shares[:, k] * chance for k, chance in enumerate(chances)], axis=0)
        world.media.expect_searches(use, world.w.need_rate)

    # --- needs ------------------------------------------------------------------------------------------------------

    def needed(self, world: World, who: Array) -> Array:
        """Give each need its mode: some are put off, some are due from earlier days, some arise from what was met."""
        w, pending = world.w, self.columns["pending"]
        if self.durable:
            self._abandon(world, np.flatnonzero((pending > 0) & (w.owner > 0)))
            # Whoever is already looking for a durable does not begin to look for a second one.
            again = who[(pending[who] > 0) & (w.direct[who] == 0)]
            self._drop(again, w.needs[again])
            w.needs[again] = 0
            who = who[w.needs[who] > 0]
        mode = self._drawn(world, who)
        if "comparison" in self.row and self.delay[0] > 0.0:
            later = mode == self.row["comparison"]
            self._put_off(world, who[later])
            who, mode = who[w.needs[who] > 0], mode[w.needs[who] > 0]
        w.mode[who] = mode
        due = self._bring_due(world)
        impulsive = self._triggered(world)
        rows = distinct(np.concatenate([who, due, impulsive]))
        self._set_search(world, rows)
        return rows

    def _drawn(self, world: World, who: Array) -> Array:
        """A mode (row of `w.modes`) for each of `who`: the first of exponential times with the shares as rates.

        That is Gumbel-max: each mode has its own draw.
        """
        if len(self.names) == 1:
            out = np.ones(len(who), dtype=np.uint8)
        else:
            u = self.uniforms(world, MODE, who, NOBODY)[:, self._draws]
            with np.errstate(divide="ignore"):
                times = np.log(u) / self.shares[world.population.segment[who]]  # negative
            out = (times.argmax(axis=1) + 1).astype(np.uint8)
        out[world.w.direct[who] > 0] = PLAIN
        return out

    def _put_off(self, world: World, who: Array) -> None:
        """The needs of `who` stay in progress for some days; one that is due the same day is left as it is."""
        days = np.full(len(who), round(self.delay[0]), dtype=np.int64)
        if len(self._delays):
            days = np.searchsorted(self._delays, self.uniforms(world, DELAY, who, NOBODY)[:, 0])
        self.columns["since"][who[days == 0]] = world.day
        who, days = who[days > 0], days[days > 0]
        pending, due = self.columns["pending"], self.columns["due"]
        new = pending[who] == 0
        then = np.minimum(world.day + days, _AFTER_ALL)
        due[who] = np.where(new, then, np.minimum(due[who], then))
        self.columns["since"][who[new]] = world.day
        total = pending[who].astype(np.int64) + world.w.needs[who]
        self._drop(who, np.maximum(total - _MOST_PENDING, 0))
        pending[who] = np.minimum(total, _MOST_PENDING)
        world.w.needs[who] = 0

    def _bring_due(self, world: World) -> Array:
        """Needs in progress whose day has come are answered today, with whatever else the person needs."""
        w, pending = world.w, self.columns["pending"]
        due = np.flatnonzero((pending > 0) & (self.columns["due"] <= world.day))
        if len(due) == 0:
            return due
        room = int(w.params["most"][0]) - w.needs[due].astype(np.int64)
        moved = np.minimum(pending[due], np.maximum(room, 0)).astype(np.uint8)
        w.needs[due] += moved
        pending[due] -= moved
        due = due[moved > 0]
        w.mode[due] = self.row["comparison"]
        return due

    def _triggered(self, world: World) -> Array:
        """People without a need today in whom a brand that they met makes one arise."""
        w = world.w
        if self.trigger == 0.0:
            return np.empty(0, dtype=np.int64)
        chance = self.trigger * self.shares[:, self.names.index("impulse")]
        # One draw for everybody: a need arises from none of the n brands met with probability (1 - chance)^n.
        u = uniforms(w.now, TRIGGER, world.size, NOBODY)
        who: Array = np.flatnonzero(u < 1.0 - (1.0 - chance.max()) ** len(self.brands))
        who = who[w.needs[who] == 0]
        met = (w.flags[who] & REACHED).astype(np.int64).sum(axis=1)
        who = who[u[who] < 1.0 - (1.0 - chance[world.population.segment[who]]) ** met]
        if w.params["needing"][0]:
            who = who[w.need_rate[who] > 0.0]  # not those who never need the category
        if self.durable:
            who = who[(w.owner[who] == 0) & (self.columns["pending"][who] == 0)]
        w.needs[who] = 1
        w.direct[who] = 0
        w.mode[who] = self.row["impulse"]
        w.counts[NEEDS_ARISEN] += len(who)
        w.needs_by_cell[...] += np.bincount(w.cell[who], minlength=len(w.needs_by_cell))
        self.today["needs_triggered"] += len(who)
        return who

    def _abandon(self, world: World, who: Array) -> None:
        self._drop(who, self.columns["pending"][who])
        self.columns["pending"][who] = 0

    def _drop(self, who: Array, needs: Array) -> None:
        self.today["needs_abandoned"] += int(np.asarray(needs).astype(np.int64).sum())

    def entered(self, world: World, who: Array) -> None:
        """Somebody new does not go on with what another person needed."""
        self._abandon(world, who)
        self.columns["since"][who] = -1

    # --- search and choice ------------------------------------------------------------------------------------------

    def _set_search(self, world: World, rows: Array) -> None:
        """How likely a need is searched today follows its mode."""
        w = world.w
        self._use_before = []
        for k, mode in enumerate(self.modes):
            if mode.search is None:
                continue
            mine = rows[w.mode[rows] == k + 1]
            for t in self.searched:
                self._use_before.append((t, mine, w.use[t, mine]))
                w.use[t, mine] = mode.search

    def evaluate(self, world: World, who: Array) -> None:
        """Search is over. Brands that do not know a person are out of sight where only those that do count."""
        w = world.w
        for t, mine, before in reversed(self._use_before):
            w.use[t, mine] = before
        self._use_before = []
        self.today["needs_answered"] += int(w.needs[who].astype(np.int64).sum())
        if self.known_only.any():
            mine = who[self.known_only[w.mode[who]]]
            known = knows(world, mine)
            known[~known.any(axis=1)] = True
            add_to_rows(w.appeal, mine, np.where(known, np.float32(0.0), np.float32(_OUT_OF_SIGHT)))

    def settled(self, world: World, orders: Array) -> None:
        """Count orders by mode, and the days that compared ones took."""
        w = world.w
        brand, who = w.offers["brand"][orders["offer"]].astype(np.int64), orders["consumer"].astype(np.int64)
        mode, (brands, segments) = w.mode[who], (len(self.brands), self.shares.shape[0])
        code = (mode * np.int64(brands) + brand) * segments + world.population.segment[who]
        counts = np.bincount(code, minlength=(len(self.names) + 1) * brands * segments).reshape(-1, brands, segments)
        for name, row in self.row.items():
            self.today[f"orders_{name}"] += counts[row]
        if "comparison" in self.row and self.delay[0] > 0.0:
            compared = mode == self.row["comparison"]
            days = world.day - self.columns["since"][who[compared]].astype(np.int64)
            taken = np.bincount(brand[compared], weights=days, minlength=brands)
            self.today["decision_days"] += taken.astype(np.int64)

    def closing(self, world: World) -> None:
        """Needs in progress at the end of the day."""
        self.today["needs_in_progress"][...] = int(self.columns["pending"].sum(dtype=np.int64))


def _rounded_delays(mean: float, cv: float) -> NDArray[np.float64]:
    """Probabilities that a gamma distributed delay, rounded to whole days, is at most 0, 1, ... days.

    The number of them below a uniform is the delay. Nothing where all delays are alike.
    """
    from scipy.special import gammainc

    if mean <= 0.0 or cv <= 0.0:
        return np.empty(0)
    shape = cv**-2
    at_most = np.asarray(gammainc(shape, (np.arange(_LONGEST) + 0.5) * shape / mean), dtype=np.float64)
    return at_most[: int(np.searchsorted(at_most, 1.0 - 1e-12)) + 1]


def knows(world: World, who: Array) -> NDArray[np.bool_]:
    """Which brands know a person, (n, B): identified by the brand's data platform, where there is one; else a
    consenting member, buyer or visitor."""
    w = world.w
    if len(w.known):
        return np.asarray(known_today(world, who) > 0)
    met = (w.member[who] > 0) | (w.bought[who] > 0) | (w.touch_day[who] >= 0)
    return np.asarray(met & (w.consent[who, None] > 0))
