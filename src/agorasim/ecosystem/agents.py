"""Mesa agents over a world's columns: consumers (views, made on demand), brands and shops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa
from numpy.typing import NDArray

from agorasim.behaviour.choice import choose
from agorasim.behaviour.columns import BY_ORDERS
from agorasim.behaviour.experience import receive, reflect
from agorasim.behaviour.exposure import see
from agorasim.behaviour.need import need
from agorasim.behaviour.search import search
from agorasim.behaviour.word_of_mouth import talk
from agorasim.errors import InputError, unknown

if TYPE_CHECKING:
    from agorasim.behaviour.columns import Columns
    from agorasim.brands.policy import Policy
    from agorasim.ecosystem.ecosystem import Ecosystem
    from agorasim.ecosystem.market import Offer

Array = NDArray[Any]


class _IdsOfModel:
    """Stands in for Mesa 3.3's class-wide table of id counters, which would keep every finished model alive."""

    def __getitem__(self, model: Ecosystem) -> Any:
        return model.agent_numbers


class Member(mesa.Agent):
    """Base of every agent of an ecosystem. Derive from it (not from `mesa.Agent`): it does not leak models."""

    _ids = _IdsOfModel()
    model: Ecosystem

    @property
    def columns(self) -> Columns:
        """The world's columns, which compiled functions take as their first argument."""
        return self.model.world.w

    def remove(self) -> None:
        """Refused: agents are views of a world whose population stays the same."""
        raise InputError("an ecosystem's agents are its population and cannot be removed; set population.size instead")


def _of(column: str, kind: type, doc: str) -> Any:
    """A property that reads and writes the consumer's entry of a column."""

    def get(self: Consumer) -> Any:
        return kind(getattr(self.columns, column)[self.row])

    def put(self: Consumer, value: Any) -> None:
        getattr(self.columns, column)[self.row] = value

    return property(get, put, doc=doc)


def _trait(field: str, doc: str) -> Any:
    """A property that reads and writes one number of the consumer's traits."""

    def get(self: Consumer) -> float:
        return float(self.columns.traits[field][self.row])

    def put(self: Consumer, value: float) -> None:
        self.columns.traits[field][self.row] = value

    return property(get, put, doc=doc)


def _per_brand(column: str, doc: str) -> Any:
    """A property that gives a writable view of the consumer's row of a column, shape (B,)."""

    def get(self: Consumer) -> Array:
        view: Array = getattr(self.columns, column)[self.row]
        return view

    def put(self: Consumer, value: Any) -> None:
        getattr(self.columns, column)[self.row] = value

    return property(get, put, doc=doc)


class Consumer(Member):
    """A view of one consumer: reads and writes the world's columns, holds nothing itself.

    Per-brand properties are NumPy views of shape (B,) in the order of `model.brand_names`; writing to them changes the
    world. A subclass replaces any of the phases `see, talk, need, search, choose, receive, reflect`; `super().phase()`
    does what every consumer does. Phases that no subclass replaces stay compiled.
    """

    awareness = _per_brand("awareness", "Awareness of each brand, 0 to 1.")
    goodwill = _per_brand("goodwill", "Goodwill towards each brand, -1 to 1.")
    habit = _per_brand("habit", "Habit of each brand, 0 to 1.")
    fatigue = _per_brand("fatigue", "Fatigue from each brand's advertising, 0 to 1.")
    expectation = _per_brand("expectation", "Expected quality of each brand.")
    orders = _per_brand("bought", "Orders of each brand so far.")
    member = _per_brand("member", "Whether a member of each brand's community, app or list.")
    heard_good = _per_brand("hears_good", "Recommendations of each brand in today's inbox.")
    heard_bad = _per_brand("hears_bad", "Complaints about each brand in today's inbox.")
    need_rate = _of("need_rate", float, "Needs a day on an ordinary day.")
    needs = _of("needs", int, "Needs recognised today.")
    consent = _of("consent", bool, "Whether brands may identify them.")
    owner = _of("owner", bool, "Whether a durable was adopted.")
    price_sensitivity = _trait("price", "Multiplier of the price coefficient.")
    x = _trait("x", "Home, km east.")
    y = _trait("y", "Home, km north.")

    def __init__(self, model: Ecosystem, row: int) -> None:
        super().__init__(model)
        self.row = row
        self.unique_id = row + 1

    @property
    def segment(self) -> str:
        """Name of the consumer's segment."""
        people = self.model.world.population
        return people.segments[int(people.segment[self.row])]

    @property
    def region(self) -> str:
        """Name of the region the consumer lives in."""
        people = self.model.world.population
        return people.regions[int(people.region[self.row])]

    def friends(self, layer: str | None = None) -> list[int]:
        """Numbers (rows) of those the consumer's messages reach, over all layers or one."""
        graphs = self.model.world.graphs
        if layer is not None and layer not in graphs:
            raise KeyError(unknown("layer", layer, graphs))
        ends = [g.neighbours_of(self.row) for name, g in graphs.items() if layer in (None, name)]
        return sorted({int(e) for end in ends for e in end})

    # --- the phases of a day ----------------------------------------------------------------------------------------

    def see(self) -> None:
        """Forget a little, use touchpoints, meet brands."""
        see(self.columns, self.row)

    def talk(self) -> None:
        """Take in what friends said; maybe pass it on tomorrow."""
        talk(self.columns, self.row)

    def need(self) -> None:
        """Recognise today's needs."""
        need(self.columns, self.row)

    def search(self) -> None:
        """Search, with a need."""
        search(self.columns, self.row)

    def choose(self) -> None:
        """Answer each need with an order, or with nothing."""
        choose(self.columns, self.row)

    def receive(self) -> None:
        """Receive and experience what is there today."""
        receive(self.columns, self.row)

    def reflect(self) -> None:
        """Recommend, complain, join."""
        reflect(self.columns, self.row)


class Brand(Member):
    """A brand: its policy, prices and books."""

    def __init__(self, model: Ecosystem, number: int) -> None:
        super().__init__(model)
        self.number = number
        self.unique_id = model.world.size + 1 + number

    @property
    def name(self) -> str:
        """The brand's key in the scenario."""
        return self.model.brand_names[self.number]

    @property
    def policy(self) -> Policy:
        """The policy that decides for the brand."""
        return self.model.world.strategies.policies[self.number]

    @property
    def price(self) -> float:
        """List price now, in currency units."""
        return self.model.world.strategies.price[self.number]

    def orders_so_far(self) -> int:
        """Orders served since the first day."""
        return int(self.model.world.history.by_segment[:, self.number, :, BY_ORDERS].sum())


class Shop(Member):
    """A shop of a store or partner touchpoint: location and stock."""

    def __init__(self, model: Ecosystem, number: int) -> None:
        super().__init__(model)
        self.number = number
        self.unique_id = model.world.size + 1 + len(model.brand_names) + number

    @property
    def offer(self) -> Offer:
        """Terms of buying here."""
        return self.model.world.market.offers[self.number]

    @property
    def name(self) -> str:
        """The shop's key under `places`."""
        return self.offer.place

    @property
    def stock(self) -> int | None:
        """Units on hand; None when it never runs out."""
        units = int(self.model.world.market.on_hand()[self.number])
        return None if units < 0 else units


def phases_replaced(consumer: type[Consumer], names: tuple[str, ...]) -> list[str]:
    """The phases that a subclass does differently from `Consumer`."""
    return [name for name in names if getattr(consumer, name) is not getattr(Consumer, name)]
