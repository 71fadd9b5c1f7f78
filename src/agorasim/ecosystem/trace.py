"""One consumer's life story, from the very world that a run would simulate.

The world is stepped as always; between its phases this module only reads. What a pass over all consumers does not keep
(which touchpoint showed what) is computed again from the same addressed draws.
"""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agorasim.behaviour import columns as c
from agorasim.behaviour.choice import considers
from agorasim.behaviour.exposure import impressions
from agorasim.ecosystem.world import World
from agorasim.errors import InputError
from agorasim.randomness import BRAND_CHOICE, CLICK, FREQUENCY, SEARCH, USE, block, draw

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario


@dataclass(frozen=True)
class Meeting:
    """A brand met on a touchpoint during a day."""

    touchpoint: str
    brand: str
    impressions: int
    clicked: bool
    visit: bool


@dataclass(frozen=True)
class Found:
    """A brand among the results of a search."""

    touchpoint: str
    brand: str
    paid: bool
    clicked: bool


@dataclass(frozen=True)
class Purchase:
    """What one need led to: an order, served or refused, or nothing (`brand` is empty)."""

    considered: tuple[str, ...]
    brand: str = ""
    place: str = ""
    price: float = 0.0
    served: bool = False
    arrives: int = -1


@dataclass(frozen=True)
class Receipt:
    """Goods received: expected and experienced quality, and the satisfaction score (1 to 5)."""

    brand: str
    expected: float
    experienced: float
    score: int


@dataclass(frozen=True)
class State:
    """What the consumer feels about a brand at the end of a day."""

    brand: str
    awareness: float
    goodwill: float
    habit: float
    fatigue: float
    orders: int
    member: bool


@dataclass
class Day:
    """Everything that happened to the consumer on one day."""

    day: int
    met: list[Meeting] = field(default_factory=list)
    heard: list[tuple[str, int, int]] = field(default_factory=list)
    """(brand, recommendations, complaints) that reached them."""
    needs: int = 0
    found: list[Found] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    received: list[Receipt] = field(default_factory=list)
    passes_on: list[tuple[str, str]] = field(default_factory=list)
    """(brand, "good" or "bad") heard and told on tomorrow."""
    says: list[tuple[str, str]] = field(default_factory=list)
    """(brand, "good" or "bad") told tomorrow from their own experience."""
    joined: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        """Whether nothing happened but meeting brands."""
        return not (self.heard or self.needs or self.received or self.says or self.passes_on or self.joined)


class Watched(World):
    """A world that notes what happens to one consumer. It changes nothing: its bits are those of `World`.

    InputError when there is no such consumer.
    """

    def __init__(self, scenario: Scenario, consumer: int, seed: int | None = None, replicate: int = 0) -> None:
        super().__init__(scenario, seed=seed, replicate=replicate)
        if isinstance(consumer, bool) or not isinstance(consumer, int) or not 0 <= consumer < self.size:
            raise InputError(f"no consumer {consumer!r}: the scenario has consumers 0 to {self.size - 1}")
        self.consumer = consumer
        self.life: list[Day] = []
        self.names = list(scenario.brands)
        self.touchpoint_names = list(scenario.touchpoints)
        self.start = self._states()
        self._expected: list[float] = []
        self._members: list[bool] = []

    # --- the phases, watched ----------------------------------------------------------------------------------------

    def live(self) -> None:
        """The morning; before it the inbox is read, after it the day's meetings and needs."""
        i, w = self.consumer, self.w
        today = Day(self.day)
        self.life.append(today)
        if len(w.says):
            for b, brand in enumerate(self.names):
                good, bad = int(w.hears_good[i, b]), int(w.hears_bad[i, b])
                if good or bad:
                    today.heard.append((brand, good, bad))
        super().live()
        today.met = self._meetings()
        today.needs = int(w.needs[i])
        if today.needs:
            today.found = self._results()
        today.passes_on = self._says()

    def fulfil(self) -> None:
        """Orders are written before and settled within; both are read afterwards."""
        super().fulfil()
        today, w, i = self.life[-1], self.w, self.consumer
        if not today.needs:
            return
        mine = {}
        for order in w.orders[: w.counts[c.ORDERS_WRITTEN]]:
            if order["consumer"] == i:
                mine[int(order["sequence"])] = (int(order["offer"]), bool(order["served"]))
        for k in range(today.needs):
            considered = self._considered(k)
            if k not in mine:
                today.purchases.append(Purchase(considered))
                continue
            o, served = mine[k]
            offer, row = self.market.offers[o], self.market.table[o]
            price = int(row["price"]) / self.scenario.currency.minor_units
            arrives = self.day + int(row["days"])
            today.purchases.append(Purchase(considered, offer.brand, offer.place, price, served, arrives))

    def part(self, name: str) -> None:
        """A phase; expectation and membership are noted before goods are received."""
        if name == "receive":
            self._expected = [float(value) for value in self.w.expectation[self.consumer]]
            self._members = [bool(value) for value in self.w.member[self.consumer]]
        super().part(name)

    def record(self) -> None:
        """The evening: what was received, will be said and was joined, and how the consumer now feels."""
        today, w, i = self.life[-1], self.w, self.consumer
        for b, brand in enumerate(self.names):
            if w.flags[i, b] & c.EXPERIENCED:
                surprise = float(w.surprise[i, b])
                score = min(5, max(1, math.floor(3.5 + surprise)))
                expected = self._expected[b]
                today.received.append(Receipt(brand, expected, expected + surprise, score))
            if w.member[i, b] and not self._members[b]:
                today.joined.append(brand)
        today.says = [said for said in self._says() if said not in today.passes_on]
        today.states = self._states()
        super().record()

    # --- what is computed again -------------------------------------------------------------------------------------

    def _states(self) -> list[State]:
        w, i = self.w, self.consumer
        return [
            State(
                brand, float(w.awareness[i, b]), float(w.goodwill[i, b]), float(w.habit[i, b]),
                float(w.fatigue[i, b]), int(w.bought[i, b]), bool(w.member[i, b]),
            )
            for b, brand in enumerate(self.names)
        ]  # fmt: skip

    def _says(self) -> list[tuple[str, str]]:
        if len(self.w.says) == 0:
            return []
        says = self.w.says[self.consumer]
        kinds = ((c.GOOD, "good"), (c.BAD, "bad"))
        return [(brand, word) for b, brand in enumerate(self.names) for bit, word in kinds if says[b] & bit]

    def _meetings(self) -> list[Meeting]:
        """As in `exposure.see`, from the same draws."""
        w, i = self.w, self.consumer
        out = []
        for touch in w.touches:
            use = float(w.use[touch["touch"], i])
            if not (touch["everyone"] or draw(w.now, USE, i, touch["entity"]) < use):
                continue
            for p in range(int(touch["first"]), int(touch["end"])):
                pair = w.pairs[p]
                n = int(impressions(w, i, p, draw(w.now, FREQUENCY, i, pair["entity"])))
                if n == 0:
                    continue
                chance = float(w.lift[pair["table"], n, c.LIFT_CLICK])
                clicked = bool(pair["clicks"]) and draw(w.now, CLICK, i, pair["entity"]) < chance
                where, brand = self.touchpoint_names[pair["touch"]], self.names[pair["brand"]]
                out.append(Meeting(where, brand, n, clicked, bool(pair["bit"] >= 0)))
        return out

    def _results(self) -> list[Found]:
        """As in `search.search`, from the same draws."""
        w, i = self.w, self.consumer
        out = []
        for result in w.results:
            if not draw(w.now, USE, i, result["searching"]) < float(w.use[result["touch"], i]):
                continue
            u = block(w.now, SEARCH, i, result["entity"])
            paid = u[0] < result["paid"]
            if paid or u[1] < result["organic"]:
                where, brand = self.touchpoint_names[result["touch"]], self.names[result["brand"]]
                out.append(Found(where, brand, bool(paid), bool(u[2] < result["click"])))
        return out

    def _considered(self, k: int) -> tuple[str, ...]:
        """Brands considered for the k-th need of the day, as in `choice.choose_one`."""
        w, i = self.w, self.consumer
        ids = w.choice_ids[k % len(w.choice_ids), len(w.offers) + 1 :]
        out = []
        for b, brand in enumerate(self.names):
            u = block(w.now, BRAND_CHOICE, i, ids[b])[0]
            if w.direct[i] or considers(w, i, b, u):
                out.append(brand)
        return tuple(out)


def watch(scenario: Scenario, consumer: int, seed: int | None = None, replicate: int = 0) -> Watched:
    """Run a world to its end and note one consumer's days in `life`. InputError when there is no such consumer."""
    world = Watched(scenario, consumer, seed, replicate)
    world.run()
    return world


def trace(scenario: Scenario, consumer: int, seed: int | None = None, replicate: int = 0) -> str:
    """One consumer's life in words: who they are, what happened day by day, and how they felt at each month's end.

    Args:
        scenario: the world.
        consumer: number of the consumer, from 0.
        seed: the scenario's own when None.
        replicate: which of the seed's worlds.

    Raises:
        InputError: there is no such consumer.
    """
    from agorasim.ecosystem.story import told

    return told(watch(scenario, consumer, seed, replicate))


def month_ends(world: World) -> set[int]:
    """Days on which a month or the world ends."""
    out = {world.days.count - 1}
    for day in range(world.days.count):
        date = world.days.date(day)
        if date.day == calendar.monthrange(date.year, date.month)[1]:
            out.add(day)
    return out
