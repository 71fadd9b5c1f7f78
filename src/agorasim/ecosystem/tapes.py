"""What a world wrote down so that others can replay it: brands' decisions, and who told their ties what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from agorasim.ecosystem.strategy import Strategies
    from agorasim.scenario.schema import Brand, Scenario

Array = NDArray[Any]
_NOBODY: Final = np.empty(0, dtype=np.int32)


class Decisions:
    """Every brand's standing orders on every day: plan (D, B, T) in minor units a day, before the cool-down silences
    media; price, discount and posts (D, B); levers by day and brand."""

    def __init__(self, scenario: Scenario, factor: float) -> None:
        days, brands = scenario.calendar.days, len(scenario.brands)
        self.scenario = scenario
        self.factor = factor
        self.brands = list(scenario.brands)
        self.touchpoints = list(scenario.touchpoints)
        self.plan = np.zeros((days, brands, len(self.touchpoints)), dtype=np.int64)
        self.price = np.zeros((days, brands))
        self.discount = np.zeros((days, brands))
        self.posts = np.zeros((days, brands))
        self.levers: list[list[dict[str, float]]] = [[{} for _ in self.brands] for _ in range(days)]
        #: Whether a brand's orders differ from the day before, (D, B).
        self.differs = np.ones((days, brands), dtype=bool)

    def note(self, day: int, strategies: Strategies) -> None:
        """Write down what holds today."""
        self.plan[day] = strategies.plan
        self.price[day], self.discount[day], self.posts[day] = strategies.price, strategies.discount, strategies.posts
        self.levers[day] = [dict(levers) for levers in strategies.levers]
        if day:
            same = (self.plan[day] == self.plan[day - 1]).all(axis=1)
            for part in (self.price, self.discount, self.posts):
                same &= part[day] == part[day - 1]
            same &= [a == b for a, b in zip(self.levers[day], self.levers[day - 1], strict=True)]
            self.differs[day] = ~same

    def decides_alike(self, name: str, brand: Brand) -> bool:
        """Whether a brand of that name decided here on the same terms, so that its decisions can be replayed."""
        if name not in self.brands:
            return False
        own = self.scenario.brands[name]
        return (
            all(getattr(own, part) == getattr(brand, part) for part in ("policy", "organisation", "budget", "posts"))
            and own.product.price == brand.product.price
        )


class Messages:
    """What crossed ties on each day: speakers' codes (consumer x B + brand) with what they said, and new adopters."""

    def __init__(self) -> None:
        self._talk: dict[int, tuple[Array, Array]] = {}
        self._adopters: dict[int, Array] = {}

    def spoke(self, day: int, codes: Array, says: Array) -> None:
        """Write down who spoke yesterday and is heard today."""
        if len(codes):
            self._talk[day] = codes.astype(np.int32), says.astype(np.uint8)

    def adopted(self, day: int, newcomers: Array) -> None:
        """Write down who adopted today and is seen from tomorrow on."""
        if len(newcomers):
            self._adopters[day] = newcomers.astype(np.int32)

    def talk(self, day: int) -> tuple[Array, Array]:
        """(codes, says) of the messages that cross ties on a day."""
        return self._talk.get(day, (_NOBODY, _NOBODY))

    def adopters(self, day: int) -> Array:
        """Consumers who adopted on a day."""
        return self._adopters.get(day, _NOBODY)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        talk = sum(codes.nbytes + says.nbytes for codes, says in self._talk.values())
        return talk + sum(newcomers.nbytes for newcomers in self._adopters.values())


class Tape:
    """What a running world writes down: its messages, and its brands' decisions when asked for."""

    def __init__(self, decisions: Decisions | None = None) -> None:
        self.decisions = decisions
        self.messages = Messages()
