"""Tastes and preferred channels: what appeals to a person beyond what everybody weighs alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.descriptors import TASTES, described
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_KEYS: Final = ("channel", *TASTES)


class Tastes(Mechanism):
    """Innovativeness, variety seeking, quality consciousness, and utility of online and offline places.

    Columns: `last` (N,) i2, the brand bought last, -1 none yet.
    """

    name = "tastes"
    code = "M2"
    meaning = "innovativeness, variety seeking, quality consciousness, online-active or store-preferring people"
    blank = {"last": -1}
    keys = tuple(f"population.segments.NAME.{key}" for key in _KEYS)
    uses = frozenset({"appeal"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether some segment states a taste or a preferred channel."""
        return bool(described(scenario, _KEYS))

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        people = world.population.described
        self.tastes = {name: people[name] for name in TASTES if name in people}
        self.lean = people.get("channel") if scenario.population.responses.channel_utility > 0.0 else None
        choice = scenario.category.choice
        self.quality = np.array([choice.quality * b.product.quality for b in scenario.brands.values()])
        kinds = [KINDS[scenario.touchpoints[offer.touchpoint].kind] for offer in world.market.offers]
        #: Utility of an offer for a full preference for online, (O,).
        self.side = np.array([1.0 if k.online else -1.0 for k in kinds]) * scenario.population.responses.channel_utility
        self.columns["last"] = np.full(world.size, -1, dtype=np.int16)

    def evaluate(self, world: World, who: Array) -> None:
        """Add what each brand appeals to each person."""
        added = np.zeros((len(who), len(self.brands)))
        if "innovativeness" in self.tastes:
            added += self.tastes["innovativeness"][who, None] * (world.w.bought[who] == 0)
        if "quality_consciousness" in self.tastes:
            added += self.tastes["quality_consciousness"][who, None] * self.quality
        if "variety_seeking" in self.tastes:
            last = self.columns["last"][who]
            known = np.flatnonzero(last >= 0)
            added[known, last[known]] -= self.tastes["variety_seeking"][who[known]]
        if self.lean is not None:
            added += self._by_channel(world, who, self.lean[who])
        world.w.appeal[who] += added.astype(np.float32)

    def _by_channel(self, world: World, who: Array, lean: Array) -> NDArray[np.float64]:
        """What a preference for online (1) or shops (-1) adds to the inclusive value of each brand's places, (n, B).

        lambda (ln sum exp((V + s) / lambda) - ln sum exp(V / lambda)) over the brand's places, V their utility and s
        the preference's: which brand is taken follows the nested logit with V + s exactly.
        """
        value, there = place_values(world, who)
        scale = float(world.w.params["dissimilarity"][0])
        out = np.zeros((len(who), len(self.brands)))
        moved = value + lean[:, None] * self.side
        for b in range(len(self.brands)):
            mine = slice(int(world.w.brands["first"][b]), int(world.w.brands["end"][b]))
            there_too = there[:, mine]
            out[:, b] = _inclusive(moved[:, mine], there_too, scale) - _inclusive(value[:, mine], there_too, scale)
        return out

    def settled(self, world: World, orders: Array) -> None:
        """Remember the brand of the last order, and count those that went to another brand than the one before."""
        brand = world.w.offers["brand"][orders["offer"]]
        who = orders["consumer"]
        first = np.ones(len(who), dtype=bool)
        first[1:] = who[1:] != who[:-1]  # orders are sorted by consumer
        before = np.where(first, self.columns["last"][who], np.roll(brand, 1))
        switched = (before >= 0) & (before != brand)
        np.add.at(self.today["switches"], (brand[switched], world.population.segment[who[switched]]), 1)
        self.columns["last"][who] = brand


def place_values(world: World, who: Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Utility of each offer to each of `who` besides what is the same at all of a brand's places (coupons apart), and
    whether the person can buy there today; both (n, O)."""
    w = world.w
    offers, params, traits = w.offers, w.params[0], w.traits[who]
    price, deal = traits["price"].astype(np.float64), traits["deal"].astype(np.float64)
    distance = np.full(len(who), float(params["distance"]))
    if len(w.modes):
        mode = w.modes[w.mode[who]]
        price, deal, distance = price * mode["price"], deal * mode["deal"], distance * mode["distance"]
    value = deal[:, None] * offers["signal"] - price[:, None] * offers["pain"] - offers["wait"] + offers["bonus"]
    x, y = traits["x"].astype(np.float64)[:, None], traits["y"].astype(np.float64)[:, None]
    far = np.hypot(x - offers["x"], y - offers["y"])
    value -= np.where(offers["located"] > 0, distance[:, None] * far, 0.0)
    bit = np.maximum(offers["bit"], 0).astype(np.uint32)
    visited = (w.visited[who][:, offers["brand"]] >> bit) & np.uint32(1)
    value += np.where((offers["bit"] >= 0) & (visited > 0), params["visit"], 0.0)
    member = w.member[who][:, offers["brand"]] & offers["members"] > 0
    there = (offers["open"] > 0) & ((offers["members"] == 0) | member)
    if len(w.treated):
        there = there & ((offers["trial"] == 0) | (w.treated[who, None] > 0))
    return value, there


def _inclusive(value: NDArray[np.float64], there: NDArray[np.bool_], scale: float) -> NDArray[np.float64]:
    """Inclusive value scale x ln sum exp(value / scale) over the places that are there, (n,); 0 where none is."""
    if value.shape[1] == 0:
        return np.zeros(len(value))
    masked = np.where(there, value, -np.inf)
    most = np.where(there.any(axis=1), masked.max(axis=1), 0.0)
    total = np.exp((masked - most[:, None]) / scale).sum(axis=1)
    out: NDArray[np.float64] = most + scale * np.log(np.maximum(total, 1.0))  # the best place alone gives 1
    return out
