"""What a mechanism is: a part of the world that its scenario key switches on, acting between the phases of a day."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.measures.mechanisms import OF_MECHANISM
from agorasim.randomness import deep_uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.measures.metric import Metric
    from agorasim.scenario.schema import Brand, Scenario

Array = NDArray[Any]

#: Hooks in the order of a day; see `Mechanism`.
HOOKS: Final = (
    "opened", "decided", "planned", "carried", "seen", "needed", "evaluate", "chosen", "rationed", "settled",
    "received",    "closing",
)  # fmt: skip
#: Groups of optional columns that a mechanism may ask for.
OPTIONAL: Final = frozenset(
    ("appeal", "wallet", "modes", "relevance", "known", "caps", "audiences", "told_by", "journeys", "lean")
)


class Coupon(IntEnum):
    """Who issued a coupon."""

    PROMOTION = 1
    LOCATION = 2
    REFERRAL = 3
    POINTS = 4
    WIN_BACK = 5
    MEMBER = 6
    COMPENSATION = 7


@dataclass(frozen=True)
class Lever:
    """A number that policies may move from day to day.

    Attributes:
        name: how a `BrandAction` names it, such as "loyalty.points_rate".
        low, high: bounds, both allowed.
        meaning: one line, with the unit.
        start: dotted path beneath the brand where the scenario says what holds at first; None is looked up as `name`.
    """

    name: str
    low: float
    high: float
    meaning: str
    start: str | None = None

    def value(self, brand: Brand) -> float | None:
        """What the scenario says; None when the brand does not have the lever."""
        found: Any = brand
        for part in (self.start or self.name).split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
            if found is None:
                return None
        return float(found)


#: What holds a day: the calendar has at most 20,000.
DAY: Final = np.dtype("i2")


def rooms(brands: int, having: Iterable[int]) -> NDArray[np.int64]:
    """Which column of (N, k) belongs to each brand, (B,), where only the brands `having` have one; -1: none."""
    out = np.full(brands, -1, dtype=np.int64)
    own = sorted(having)
    out[own] = np.arange(len(own))
    return out


def distinct(codes: Array) -> Array:
    """Each of some whole numbers (n,) once, ascending."""
    out = np.sort(codes)  # np.unique hashes, which takes several times as long
    if len(out) < 2:
        return out
    return out[np.concatenate(([True], out[1:] != out[:-1]))]


def spans(size: int, most: int = 8_192) -> Iterator[slice]:
    """Rows 0 to `size` in pieces, so that what a pass over everybody works out on its way stays in the cache."""
    return (slice(first, min(size, first + most)) for first in range(0, size, most))


def column_sums(values: Array) -> NDArray[np.int64]:
    """Sums of whole numbers (N, B), in any type, by column, (B,): below 2^53 float64 adds them without rounding."""
    sums: NDArray[np.int64] = (np.ones(len(values)) @ values.astype(np.float64)).astype(np.int64)
    return sums


def add_to_rows(column: Array, who: Array, amount: Array) -> None:
    """Add amounts (n, B), or the same (B,) to all, to rows `who` (n,), none twice, of a column (N, B)."""
    # A row is fetched and put back as one block of bytes: several times faster than number by number.
    blocks = column.view(np.dtype((np.void, column.strides[0]))).reshape(-1)
    rows = blocks[who].view(column.dtype).reshape(len(who), column.shape[1])
    rows += amount
    blocks[who] = rows.view(blocks.dtype).reshape(-1)


class Mechanism:
    """One mechanism of one world.

    A subclass says what it is in class attributes, makes its columns in `__init__`, and defines the hooks in which it
    acts; hooks that it does not define cost nothing. Nothing of the world is kept in attributes: worlds are copied.

    Hooks, in the order of a day: `opened` (the calendar opened the day), `decided` (brands acted), `planned` (media of
    the day are in `w.pairs`), `carried` (messages are in inboxes), `seen` (all exposures have happened), `needed`
    (rows with a need; may return another list), `evaluate` (rows about to choose), `chosen` (orders are in
    `world.orders`), `rationed` (refused ones among them are not `served`), `settled` (orders served), `received` (codes
    consumer x B + brand of today's experiences), `closing` (before the day is written down).
    """

    name: ClassVar[str]
    code: ClassVar[str]
    meaning: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    levers: ClassVar[tuple[Lever, ...]] = ()
    writes: ClassVar[frozenset[str]] = frozenset()
    """Columns shared by copies of a world unless somebody writes to them: "traits", "use"."""
    uses: ClassVar[frozenset[str]] = frozenset()
    """Groups of optional columns, of `OPTIONAL`."""
    state: ClassVar[tuple[str, ...]] = ()
    """Attributes besides `columns` of which a copied world needs its own."""
    blank: ClassVar[Mapping[str, float]] = {}
    """What columns hold for somebody new, where people are replaced; other columns stay as they are."""

    def __init__(self, world: World) -> None:
        """Make room for today's tallies. A subclass calls this first."""
        self.brands = list(world.scenario.brands)
        #: State (N, ...) of every consumer: copied with the world and part of its fingerprint.
        self.columns: dict[str, Array] = {}
        sizes = {
            "place": (len(world.market.offers),),
            "touchpoint": (len(self.brands), len(world.scenario.touchpoints)),
            "segment": (len(self.brands), len(world.population.segments)),
        }
        #: What happened today, by metric: int64 of shape (B,), (B, T), (B, S) or (offers,), the finest of its levels.
        self.today: dict[str, Array] = {}
        for metric in self.metrics():
            shape = next((sizes[level] for level in sizes if level in metric.levels), (len(self.brands),))
            self.today[metric.name] = np.zeros(shape, dtype=np.int64)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the scenario switches the mechanism on."""
        raise NotImplementedError

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Recorded metrics of the mechanism."""
        return tuple(m for m in OF_MECHANISM.get(cls.name, ()) if m.ratio is None)

    @staticmethod
    def uniforms(world: World, purpose: Any, who: Array, entity: Any) -> NDArray[np.float64]:
        """Four uniforms for each of `who` (n,) today, shape (n, 4); `entity` is one stable id, or one for each."""
        return deep_uniforms(world.w.now, purpose, who, entity)

    def copy(self) -> Mechanism:
        """The same mechanism for a copy of its world."""
        twin = copy.copy(self)
        twin.columns = {name: column.copy() for name, column in self.columns.items()}
        twin.today = {name: tally.copy() for name, tally in self.today.items()}
        for name in self.state:
            setattr(twin, name, copy.deepcopy(getattr(self, name)))
        return twin

    def entered(self, world: World, who: Array) -> None:
        """The people in rows `who` were replaced by new ones this morning."""
        for name, nothing in self.blank.items():
            if name in self.columns:
                self.columns[name][who] = nothing

    def wide_enough(self, name: str, most: int) -> Array:
        """The column `name` of whole numbers, made wider when it could not hold one of the size `most`."""
        column = self.columns[name]
        while most > np.iinfo(column.dtype).max:
            column = self.columns[name] = column.astype(f"{column.dtype.kind}{2 * column.dtype.itemsize}")
        return column

    def nbytes(self) -> int:
        """Memory of what grows with the population."""
        return sum(column.nbytes for column in self.columns.values())
