"""Personalised content: what is known of a person, and what there is to show, make contacts more or less relevant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.identity import capture_share
from agorasim.ecosystem.mechanisms.platform import platform_of
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

_CHUNK: Final = 65536  # people looked at in one go


class Personalise(Mechanism):
    """Personalised content of every brand that makes it."""

    name = "personalisation"
    code = "M8"
    meaning = "contacts fitted to people whom the data platform knows, with content that people or models make"
    keys = ("brands.NAME.personalisation",)
    levers = (
        Lever("personalisation.people", 0.0, 1e6, "pieces that people make a day", "personalisation.people.pieces"),
        Lever("personalisation.generated", 0.0, 1e6, "pieces generated a day", "personalisation.generated.pieces"),
        Lever(
            "personalisation.screened", 0.0, 1.0, "share of generated pieces that people look at",
            "personalisation.generated.screened",
        ),
    )  # fmt: skip
    uses = frozenset({"relevance"})
    state = ("_good", "_bad")
    blank = {"quality": 0.0}

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand personalises."""
        return any(brand.personalisation is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        self._own = [(b, p) for b, name in enumerate(self.brands) if (p := scenario.brands[name].personalisation)]
        self._reached = [_addressable(scenario, self.brands[b]) for b, _ in self._own]
        self._informed = {name for name, brand in scenario.brands.items() if brand.data_platform is not None}
        #: How much contacts with each person can build on, 0 to 1.
        self.columns["quality"] = np.zeros((world.size, len(self._own)), dtype=np.float32)
        #: Pieces in use that fit and that do not, by brand.
        self._good = [0.0] * len(self._own)
        self._bad = [0.0] * len(self._own)

    def planned(self, world: World) -> None:
        """Make today's content, and say how relevant contacts are to each person."""
        relevance, quality = world.w.relevance, self.columns["quality"]
        platform = platform_of(world)
        for k, (b, settings) in enumerate(self._own):
            self._make(world, k)
            if platform is None or self.brands[b] not in self._informed:
                continue
            # What is known of people ages; it is looked at again where something was learnt or lost.
            aged = quality[:, k].astype(np.float64) * 2.0 ** (-1.0 / settings.half_life)
            worth = np.exp2(-(world.day - platform.dates.all_until(world.day)) / settings.half_life)
            worth[0] = 0.0
            changed = platform.changed(b)
            for first in range(0, len(changed), _CHUNK):
                who = changed[first : first + _CHUNK]
                known = platform.familiarity(world, b, who)
                aged[who] = known.quality(self._reached[k], settings.insight, worth)
            quality[:, k] = aged
            good = self._good[k] / max(self._good[k] + self._bad[k], 1e-12)
            effect = self.variety(world, k) * (settings.lift * good - settings.harm * (1.0 - good))
            factor = 1.0 + quality[:, k].astype(np.float64) * effect
            relevance[:, b] *= factor.astype(np.float32)
            self.today["relevance"][b] = int((factor * FIXED + 0.5).astype(np.int64).sum()) // world.size
            self.today["content"][b] = round((self._good[k] + self._bad[k]) * FIXED)

    def forget(self, world: World, who: Array) -> None:
        """Nothing is known any more of `who` (n,), who took consent back."""
        self.columns["quality"][who] = 0.0

    def variety(self, world: World, k: int) -> float:
        """What the pieces in use cover of all that segments could be shown (0 to 1), with diminishing returns."""
        each = (self._good[k] + self._bad[k]) / len(world.population.segments)
        return 1.0 - math.exp(-each / self._own[k][1].enough)

    def _make(self, world: World, k: int) -> None:
        """Content of today: people make and screen as far as their capacity goes; what is old wears out."""
        b, settings = self._own[k]
        people, generated = settings.people, settings.generated
        made = min(world.lever(b, "personalisation.people"), people.capacity)
        new = world.lever(b, "personalisation.generated")
        room = (people.capacity - made) / generated.effort
        looked_at = min(world.lever(b, "personalisation.screened") * new, room)
        keep = 1.0 - 1.0 / settings.shelf_life
        self._good[k] = self._good[k] * keep + made + new * generated.quality
        self._bad[k] = self._bad[k] * keep + (new - looked_at) * (1.0 - generated.quality)
        cost = made * people.cost + new * generated.cost + looked_at * generated.screening_cost
        world.charge(b, "content", world.minor(cost * world.factor))


def _addressable(scenario: Scenario, brand: str) -> NDArray[np.bool_]:
    """Touchpoints where the brand meets people and could recognise some, (T,)."""
    own = scenario.brands[brand]
    platform = own.data_platform
    if platform is None:
        return np.zeros(len(scenario.touchpoints), dtype=bool)
    return np.array(
        [
            (name in own.owns or KINDS[t.kind].buys_media) and capture_share(scenario, platform, name) > 0.0
            for name, t in scenario.touchpoints.items()
        ],
        dtype=bool,
    )
