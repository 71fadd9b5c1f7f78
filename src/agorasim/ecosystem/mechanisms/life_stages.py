"""Stages of life: people run through a chain of stages, and what they need, pay for and like changes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import CUSTOMERS, FIXED, MEMBERS
from agorasim.ecosystem.mechanisms.base import DAY, Mechanism, add_to_rows, spans
from agorasim.ecosystem.population import gamma_of_mean_one, need_zero
from agorasim.randomness import PURPOSES, deep_uniforms, stable_id, uniforms
from agorasim.scenario.schema.life_stages import OUT

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.life_stages import LifeStages as Settings

Array = NDArray[Any]
STAGE: Final = PURPOSES.declare("life_stages.initial", 79)
LENGTH: Final = PURPOSES.declare("life_stages.length", 80)
REPLACE: Final = PURPOSES.declare("life_stages.replace", 81)

#: Day on which a stage without an end ends.
NEVER: Final = int(np.iinfo(DAY).max)
#: Traits that stages multiply, with their key in the scenario.
_TRAITS: Final = {
    "price": "price_sensitivity", "deal": "deal_proneness", "talk": "talk", "ear": "susceptibility",
}  # fmt: skip
#: What somebody new has nothing of, and what stands for nothing.
_BLANK: Final = {
    "fatigue": 0, "surprise": 0, "bought": 0, "first_day": -1, "arrives": -1, "touch_day": -1, "last_touch": 0,
    "member": 0, "visited": 0, "flags": 0, "hears_good": 0, "hears_bad": 0, "known": 0, "rebate": 0, "told_by": -1,
}  # fmt: skip


class LifeStages(Mechanism):
    """The population's stages of life.

    Columns: `stage` (N,) i2, row of the stages' table (the last row: out of the category); `ends` (N,) i2, first day of
    the next stage. `sums` over the counted days, by brand and stage: person-days, awareness, orders, revenue.
    """

    name = "life_stages"
    code = "M2"
    meaning = "stages of life that change needs, price sensitivity and which brand fits; people enter and leave"
    keys = ("population.life_stages",)
    writes = frozenset({"traits"})
    uses = frozenset({"appeal", "relevance"})
    state = ("sums",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the population has stages of life."""
        return scenario.population.life_stages is not None

    def __init__(self, world: World) -> None:
        super().__init__(world)
        chain = world.scenario.population.life_stages
        assert chain is not None
        people, segments = world.population, list(world.scenario.population.segments.values())
        self.names = [*chain.stages, OUT]
        rows = list(chain.stages.values())
        own = [s.life_stages for s in segments]
        #: Stage that follows, row of the table, (stages + 1,); -1 none.
        self.next = np.array([-1 if s.next is None else self.names.index(s.next) for s in rows] + [-1])
        self.days = np.array([np.inf if s.days is None else s.days for s in rows] + [np.inf])
        self.cv = np.array([s.days_cv for s in rows] + [0.0])
        self.need = np.array([s.need for s in rows] + [0.0])
        self.factors = {
            trait: np.array([getattr(s, key) for s in rows] + [1.0]) for trait, key in _TRAITS.items()
        }  # fmt: skip
        self.fit = np.array([[s.fit.get(b, 0.0) for b in self.brands] for s in rows] + [[0.0] * len(self.brands)])
        relevance = np.array(
            [[s.relevance.get(b, 1.0) for b in self.brands] for s in rows] + [[1.0] * len(self.brands)]
        )
        self.relevance = None if (relevance == 1.0).all() else relevance.astype(np.float32)
        self.pace = np.array([1.0 if o is None else o.pace for o in own])
        self.replace = np.array([chain.replace if o is None or o.replace is None else o.replace for o in own])
        first = chain.entry or self.names[0]
        self.entry = np.array([self.names.index((o.entry if o is not None else None) or first) for o in own])
        moved = [trait for trait, factor in self.factors.items() if (factor != 1.0).any()]
        self._base = {"need": world.w.need_rate.copy(), **{t: world.w.traits[t].copy() for t in moved}}
        self._identities = np.array([stable_id("stage", name) for name in self.names], dtype=np.int64)
        self._relevance_before: Array | None = None
        shape = (len(self.brands), len(self.names))
        self.sums = {name: np.zeros(shape, dtype=np.int64) for name in ("people", "awareness", "orders", "revenue")}

        weights = np.array([self._initial(chain, k, own[k]) for k in range(len(own))])
        stage = self._drawn(world, weights)
        everyone = np.arange(world.size)
        self.columns["stage"] = stage.astype(np.int16)
        self.columns["ends"] = np.full(world.size, NEVER, dtype=DAY)
        u = deep_uniforms(people.now, LENGTH, everyone, self._identities[stage])
        # In a chain that has long been running, the length of the stage that one is met in is drawn by its length, and
        # the day on which one is met is uniform over it (renewal theory, Cox 1962).
        length = self._lengths(stage, self.pace[people.segment], u[:, 0], biased=True)
        self._set_ends(everyone, 0, np.ceil(u[:, 1] * length))
        self._live(world, everyone)
        world.media.expect_searches(world.w.use, world.w.need_rate)

    # --- the start --------------------------------------------------------------------------------------------------

    def _initial(self, chain: Settings, segment: int, own: Any) -> list[float]:
        """Weights of stages on the first day for a segment, the last one for those who are out."""
        given = (own.initial if own is not None else {}) or chain.initial
        if given:
            return [given.get(name, 0.0) for name in self.names[:-1]] + [0.0]
        out = np.zeros(len(self.names))
        at = int(self.entry[segment])
        while at >= 0 and self.names[at] != OUT and out[at] == 0.0:
            if not np.isfinite(self.days[at]):
                # In the end everybody would be here; at the start nobody is yet.
                if at == self.entry[segment]:
                    out[at] = 1.0
                break
            out[at] = self.days[at]
            at = int(self.next[at])
        return list(out)

    def _drawn(self, world: World, weights: Array) -> NDArray[np.int64]:
        """A stage for everybody by Gumbel-max: each stage has its own draw."""
        people = world.population
        best = np.full(world.size, -np.inf)
        out = np.zeros(world.size, dtype=np.int64)
        with np.errstate(divide="ignore"):
            logs = np.log(weights)
        for k in range(len(self.names)):
            if not (weights[:, k] > 0.0).any():
                continue
            u = uniforms(people.now, STAGE, world.size, int(self._identities[k]))
            score = logs[people.segment, k] - np.log(-np.log(u))
            better = score > best
            out[better] = k
            best = np.maximum(best, score)
        return out

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """Those whose stage is over go on to the next; who leaves the category may be replaced."""
        who = np.flatnonzero(self.columns["ends"] <= world.day)
        if len(who) == 0:
            return
        to = self.next[self.columns["stage"][who]]
        leaving = to == len(self.names) - 1
        # A parcel under way is opened by whoever ordered it.
        waiting = leaving & (world.w.arrives[who] >= world.day).any(axis=1)
        self.columns["ends"][who[waiting]] = world.day + 1
        self._move(world, who[~leaving], to[~leaving])
        self._leave(world, who[leaving & ~waiting])

    def _leave(self, world: World, who: Array) -> None:
        if len(who) == 0:
            return
        segment = world.population.segment[who]
        for b in range(len(self.brands)):
            customers = segment[world.w.bought[who, b] > 0]
            self.today["customers_left"][b] += np.bincount(customers, minlength=len(self.pace))
        replaced = self.uniforms(world, REPLACE, who, 0)[:, 0] < self.replace[segment]
        self._move(world, who[~replaced], np.full(int((~replaced).sum()), len(self.names) - 1))
        new = who[replaced]
        if len(new):
            self.today["entrants"] += np.bincount(segment[replaced], minlength=len(self.pace))
            enter(world, new)
            self._move(world, new, self.entry[segment[replaced]])

    def _move(self, world: World, who: Array, to: Array) -> None:
        if len(who) == 0:
            return
        self.columns["stage"][who] = to
        u = self.uniforms(world, LENGTH, who, self._identities[to])[:, 0]
        length = self._lengths(to, self.pace[world.population.segment[who]], u)
        self._set_ends(who, world.day, np.maximum(1.0, np.rint(length)))
        self._live(world, who)

    def _live(self, world: World, who: Array) -> None:
        """Needs and traits follow from the stage."""
        w, stage = world.w, self.columns["stage"][who]
        rate = (self._base["need"][who].astype(np.float64) * self.need[stage]).astype(np.float32)
        w.need_rate[who] = rate
        w.need_zero[who] = need_zero(rate, float(w.params["need_factor"][0]))
        for trait, base in self._base.items():
            if trait != "need":
                w.traits[trait][who] = base[who].astype(np.float64) * self.factors[trait][stage]

    def carried(self, world: World) -> None:
        """Contacts of today work as the stage makes them relevant, on top of what personalisation does."""
        if self.relevance is not None:
            self._relevance_before = world.w.relevance.copy()
            world.w.relevance[...] *= self.relevance[self.columns["stage"]]

    def seen(self, world: World) -> None:
        """All contacts have happened."""
        if self._relevance_before is not None:
            world.w.relevance[...] = self._relevance_before
            self._relevance_before = None

    def evaluate(self, world: World, who: Array) -> None:
        """Brands appeal as they fit the stage."""
        add_to_rows(world.w.appeal, who, self.fit.astype(np.float32).take(self.columns["stage"][who], axis=0))

    def settled(self, world: World, orders: Array) -> None:
        """Count who buys what in which stage."""
        if world.day < world.days.warmup:
            return
        brand, stage = world.market.table["brand"][orders["offer"]], self.columns["stage"][orders["consumer"]]
        sums = self.sums["orders"]
        sums += np.bincount(brand * len(self.names) + stage, minlength=sums.size).reshape(sums.shape)
        np.add.at(self.sums["revenue"], (brand, stage), orders["price"])

    def closing(self, world: World) -> None:
        """How well each brand fits the people there are, and who knows it."""
        stage = self.columns["stage"]
        counts = np.bincount(stage, minlength=len(self.names))
        self.today["stage_fit"][...] = np.rint(counts @ self.fit / world.size * FIXED).astype(np.int64)
        if world.day >= world.days.warmup:
            self.sums["people"] += counts
            for rows in spans(world.size):
                known, there = np.rint(world.w.awareness[rows] * np.float32(FIXED)), stage[rows].astype(np.int64)
                for b in range(len(self.brands)):
                    self.sums["awareness"][b] += np.bincount(there, known[:, b], len(self.names)).astype(np.int64)

    def table(self, world: World) -> pa.Table:
        """The table `life_stages`: one row a brand and stage (and `out`), over the counted days so far.

        Columns: `replicate, brand, stage`; `people` (mean a day), `awareness` (their mean; null where nobody was),
        `orders` and `revenue` in money.
        """
        import pyarrow as pa

        brand, stage = (grid.reshape(-1) for grid in np.indices(self.sums["people"].shape))
        sums = {name: found.reshape(-1) for name, found in self.sums.items()}
        nobody = sums["people"] == 0
        return pa.table(
            {
                "replicate": pa.array(np.full(len(brand), world.replicate), pa.int32()),
                "brand": pa.array(np.array(self.brands, dtype=object)[brand], pa.string()),
                "stage": pa.array(np.array(self.names, dtype=object)[stage], pa.string()),
                "people": pa.array(sums["people"] / max(1, world.history.days - world.days.warmup), pa.float64()),
                "awareness": pa.array(
                    sums["awareness"] / np.maximum(sums["people"], 1) / FIXED, pa.float64(), mask=nobody
                ),
                "orders": pa.array(sums["orders"], pa.int64()),
                "revenue": pa.array(sums["revenue"] / world.scenario.currency.minor_units, pa.float64()),
            }
        )

    def people_in(self) -> dict[str, int]:
        """How many people are in each stage, and out of the category."""
        counts = np.bincount(self.columns["stage"], minlength=len(self.names))
        return {name: int(count) for name, count in zip(self.names, counts, strict=True)}

    # --- lengths ----------------------------------------------------------------------------------------------------

    def _lengths(self, stage: Array, pace: Array, u: Array, biased: bool = False) -> NDArray[np.float64]:
        """Gamma quantiles of lengths in days, (n,); `biased`: of stages met in progress (shape + 1, same scale)."""
        out = self.days[stage] * pace
        for k in np.unique(stage):
            if self.cv[k] > 0.0:
                here = stage == k
                shape = float(self.cv[k]) ** -2
                factor = gamma_of_mean_one(u[here], shape + biased) * ((shape + biased) / shape)
                out[here] *= factor
        return out

    def _set_ends(self, who: Array, day: int, length: Array) -> None:
        self.columns["ends"][who] = np.minimum(np.maximum(length, 1.0) + day, float(NEVER)).astype(DAY)


def enter(world: World, who: Array) -> None:
    """Make the people in rows `who` new ones, who know brands as people did on the first day and have bought nothing.

    Mechanisms that keep something about each person are told.
    """
    w = world.w
    cells = w.cell[who]
    for b, brand in enumerate(world.scenario.brands.values()):
        np.subtract.at(w.levels[b, :, CUSTOMERS], cells, (w.bought[who, b] > 0).astype(np.int64))
        np.subtract.at(w.levels[b, :, MEMBERS], cells, (w.member[who, b] > 0).astype(np.int64))
        w.awareness[who, b] = brand.initial.awareness
        w.goodwill[who, b] = brand.initial.goodwill
        w.habit[who, b] = brand.initial.habit
        w.expectation[who, b] = w.brands["quality"][b]
    for name, nothing in _BLANK.items():
        column = getattr(w, name, None)
        if column is not None and len(column) == world.size:
            column[who] = nothing
    for mechanism in world.mechanisms:
        mechanism.entered(world, who)
