"""Personalised content: what is known of a person, and what there is to show, make contacts more or less relevant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED
from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.aiming import Knowledge
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism
from agorasim.ecosystem.mechanisms.identity import NEVER, capture_share
from agorasim.ecosystem.mechanisms.platform import platform_of
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.personalisation import Personalisation

Array = NDArray[Any]
Floats = NDArray[np.float64]


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

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether any brand personalises."""
        return any(brand.personalisation is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        self._own = [(b, p) for b, name in enumerate(self.brands) if (p := scenario.brands[name].personalisation)]
        self._reached = [_addressable(scenario, self.brands[b]) for b, _ in self._own]
        #: Pieces in use that fit and that do not, by brand.
        self._good = [0.0] * len(self._own)
        self._bad = [0.0] * len(self._own)

    def planned(self, world: World) -> None:
        """Make today's content, and say how relevant contacts are to each person."""
        relevance = world.w.relevance
        platform = platform_of(world)
        for k, (b, settings) in enumerate(self._own):
            self._make(world, k)
            known = platform.knowledge(world, b) if platform is not None else None
            if known is None:
                continue
            fit = data_quality(known, self._reached[k], world.day, settings) * self.variety(world, k)
            good = self._good[k] / max(self._good[k] + self._bad[k], 1e-12)
            factor = 1.0 + fit * (settings.lift * good - settings.harm * (1.0 - good))
            relevance[:, b] = relevance[:, b].astype(np.float64) * factor
            self.today["relevance"][b] = int(np.rint(factor * FIXED).astype(np.int64).sum()) // world.size
            self.today["content"][b] = round((self._good[k] + self._bad[k]) * FIXED)

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
        world.charge(b, "content", world.minor(cost))


def data_quality(known: Knowledge, reached: Array, today: int, settings: Personalisation) -> Floats:
    """How much the brand's contacts with each person can build on, 0 to 1, shape (N,).

    Mean over the touchpoints `reached` (T,) of 1 - (1 - insight) ** n, n being the touchpoints that know the person and
    whose data are seen there (0 where the person is not known), times 2 ** -(age of the last event / half-life).
    """
    size, chosen = len(known.matched), np.flatnonzero(reached)
    closed = 1.0 - (1.0 - settings.insight) ** np.arange(len(reached) + 1)
    out = np.zeros(size)
    for t in chosen:
        here = identity.has(known.known, identity.bit(int(t)))
        own = identity.has(known.direct, identity.bit(int(t))).astype(np.int64)
        every = sum(
            identity.has(known.direct, identity.bit(int(s))).astype(np.int64) for s in np.flatnonzero(known.shared[t])
        )
        last = identity.latest(known.last, int(t), known.matched, known.shared)
        # A member without any event is known from the day of joining on; what membership tells does not age.
        age = np.where(last > NEVER, today - last.astype(np.int64), 0)
        out += np.where(here, closed[np.where(known.matched, every, own)] * np.exp2(-age / settings.half_life), 0.0)
    return out / len(chosen) if len(chosen) else out


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
