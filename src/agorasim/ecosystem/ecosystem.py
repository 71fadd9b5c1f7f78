"""The Mesa model: a `World` with agents, for researchers who work the Mesa way."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from agorasim.ecosystem.agents import Brand, Consumer, Member, Shop, phases_replaced
from agorasim.ecosystem.world import CONSUMER_PHASES, PHASES, World
from agorasim.errors import InputError, StorageError, unknown

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from agorasim.scenario.schema import Scenario


class _Counter:
    """Numbers agents of one model; unlike itertools.count it can be pickled on every Python."""

    def __init__(self) -> None:
        self.last = 0

    def __next__(self) -> int:
        self.last += 1
        return self.last


class Ecosystem(mesa.Model):
    """A marketing ecosystem as a Mesa model.

    Args:
        scenario: a `Scenario`, or anything `Scenario.load` takes.
        seed: 64-bit seed; `rng` when that is an integer (as `mesa.batch_run` passes it), else the scenario's.
        replicate: which of the seed's worlds.
        rng: as in `mesa.Model`; all randomness of the simulation itself is keyed by `seed`.
        driver: "fast" runs compiled passes; "agents" calls every consumer's phases one by one, with the same bits.
        consumer: the class of consumers; phases that a subclass replaces are called view by view.
        graphs: social graphs by layer name that take the place of the scenario's.
        **overrides: scenario values by path, dots written as double underscores (`population__size=500`), so that
            `mesa.batch_run` can vary them.

    Attributes:
        spec: the scenario (`scenario` is Mesa's own name).
        world: the `World` that does the work.
        brand_names: the brands in the order of every array over brands.
        datacollector: collects, after each step, `BRAND_orders`, `BRAND_revenue`, `BRAND_spend` (sums over the counted
            days so far) and `BRAND_awareness` for each brand. A model that sets its own collects into it itself, as in
            any Mesa model.

    Raises:
        InputError: an unknown driver, a `consumer` that is no subclass of `Consumer`, a seed that is no integer, or a
            scenario or override that is wrong.
    """

    def __init__(
        self,
        scenario: Scenario | str | PathLike[str],
        *,
        seed: int | None = None,
        replicate: int = 0,
        rng: Any = None,
        driver: str = "fast",
        consumer: type[Consumer] = Consumer,
        graphs: Mapping[str, Any] | None = None,
        **overrides: Any,
    ) -> None:
        self._views: list[Member] | None = None
        self.agent_numbers = _Counter()
        if seed is None and isinstance(rng, int | np.integer):
            seed = int(rng)
        elif seed is not None:
            seed = _whole(seed)
        super().__init__(rng=0 if rng is None and seed is None else (seed if rng is None else rng))
        if driver not in ("fast", "agents"):
            raise InputError(unknown("driver", driver, ("fast", "agents")))
        if not (isinstance(consumer, type) and issubclass(consumer, Consumer)):
            raise InputError(f"consumer must be a subclass of Consumer, got {consumer!r}")
        self.spec = _scenario(scenario, overrides)
        self.driver = driver
        self.consumer_class = consumer
        self.world = World(self.spec, seed=seed, replicate=replicate, graphs=graphs)
        self.brand_names = list(self.spec.brands)
        self.datacollector = self._own_collector = DataCollector(model_reporters=_reporters(self.brand_names))
        self._hook()

    def _hook(self) -> None:
        """Route the phases that are done view by view to the views."""
        names = CONSUMER_PHASES if self.driver == "agents" else phases_replaced(self.consumer_class, CONSUMER_PHASES)
        for name in names:
            self.world.replaced[name] = partial(self._each, name)

    def _each(self, phase: str) -> None:
        for view in self.consumers:
            getattr(view, phase)()

    # --- time -------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One day: open_day, decide, plan_media, carry_messages, see, talk, need, search, choose, fulfil, receive,
        reflect, record (`World.step`, the list `PHASES`)."""
        self.world.step()
        self.running = not self.world.finished
        if self.datacollector is self._own_collector:
            self.datacollector.collect(self)

    def run(self, days: int | None = None) -> Ecosystem:
        """Step to the end of the calendar, or `days` days further; returns itself."""
        end = self.world.days.count if days is None else min(self.world.days.count, self.world.day + days)
        while self.world.day < end:
            self.step()
        return self

    @staticmethod
    def plan() -> list[tuple[str, str]]:
        """The phases of a day in order, each with what it does."""
        return list(PHASES)

    # --- agents, made when first asked for --------------------------------------------------------------------------

    def _make_views(self) -> None:
        if self._views is None and "world" in self.__dict__:
            self._views = []  # registration reads the sets below: no second entry
            self.world.loose = True
            views: list[Member] = [self.consumer_class(self, row) for row in range(self.world.size)]
            views += [Brand(self, b) for b in range(len(self.brand_names))]
            views += [Shop(self, k) for k, offer in enumerate(self.world.market.offers) if offer.is_shop]
            self._views = views

    @property
    def consumers(self) -> list[Consumer]:
        """Every consumer's view, by number; reading this makes the views."""
        self._make_views()
        views: Any = self._views or []
        consumers: list[Consumer] = views[: self.world.size]
        return consumers

    @property
    def agents(self) -> Any:
        """All agents (Mesa's `AgentSet`): consumers, brands, shops."""
        self._make_views()
        return super().agents

    @agents.setter
    def agents(self, value: Any) -> None:
        mesa.Model.agents.fset(self, value)  # keeps Mesa's own error message

    @property
    def agents_by_type(self) -> Any:
        """Agent sets by class."""
        self._make_views()
        return super().agents_by_type

    @property
    def agent_types(self) -> Any:
        """Classes of agents present."""
        self._make_views()
        return super().agent_types

    def remove_all_agents(self) -> None:
        """Refused: consumers are rows of the world, not loose objects."""
        raise InputError("an ecosystem's agents are its population; set population.size instead of removing them")

    # --- reading ----------------------------------------------------------------------------------------------------

    def kpis(self) -> pd.DataFrame:
        """The KPI table of the days so far; see `agorasim.measures.metrics` for the columns."""
        return self.world.kpis()

    def total(self, metric: str, brand: str | None = None) -> float:
        """A metric summed over counted days so far (a mean state: its last value), for a brand or all brands."""
        from agorasim.ecosystem.totals import total

        return total(self.world, metric, brand)

    # --- copies -----------------------------------------------------------------------------------------------------

    def copy(self) -> Ecosystem:
        """An independent ecosystem, of the same class, that goes on exactly as this one would."""
        # Deep copies meet the world through the agents too: all get the one that shares what never changes.
        twin = copy.deepcopy(self, {id(self.world): self.world.copy(), id(self.spec): self.spec})
        twin._hook()
        return twin

    def save(self, path: str | PathLike[str]) -> None:
        """Write the world to a file from which `load` goes on exactly. Not an exchange format: same version only."""
        state = {
            "version": _version(), "world": self.world, "steps": self.steps, "driver": self.driver,
            "consumer": _name(self.consumer_class),
        }  # fmt: skip
        _write(Path(path), _MAGIC + pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL))

    @classmethod
    def load(cls, path: str | PathLike[str], *, consumer: type[Consumer] = Consumer) -> Ecosystem:
        """Go on from a file that `save` wrote. The file is a pickle: load only what you or your team saved.

        `consumer` is the class that the ecosystem was saved with; agents and collected data are made anew. InputError:
        no such file, not a saved ecosystem, damaged, of another version, or saved with another class of consumers.
        """
        data = _read(Path(path))
        try:
            state = pickle.loads(data[len(_MAGIC) :])
        except Exception as error:
            raise InputError(f"{path}: damaged, cannot be read ({type(error).__name__})") from None
        if state["version"] != _version():
            raise InputError(f"{path}: saved by agorasim {state['version']}, this is {_version()}")
        if state["consumer"] != _name(consumer):
            raise InputError(f"{path}: saved with consumers of class {state['consumer']}; give it as consumer=...")
        world: World = state["world"]
        model = cls(
            world.scenario, seed=world.seed, replicate=world.replicate, driver=state["driver"], consumer=consumer,
            graphs=world.graphs,
        )  # fmt: skip
        model._continue(world, state["steps"])
        return model

    def _continue(self, world: World, steps: int) -> None:
        self.world = world
        self.steps = steps
        self.running = not world.finished
        self._hook()

    def __getstate__(self) -> dict[str, Any]:
        # Hooks are closures over this model; they are made again.
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hook()


_MAGIC = b"agorasim world\n"
_COLLECTED = ("orders", "revenue", "spend", "awareness")


def _reporters(brands: list[str]) -> dict[str, Any]:
    """Model reporters by name; partials of a module's function, because a closure could not be pickled."""
    return {f"{b}_{metric}": partial(_total, metric=metric, brand=b) for b in brands for metric in _COLLECTED}


def _total(model: Ecosystem, metric: str, brand: str) -> float:
    return model.total(metric, brand)


def _whole(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InputError(f"seed must be a whole number, got {seed!r}")
    return int(seed)


def _name(consumer: type[Consumer]) -> str:
    return f"{consumer.__module__}.{consumer.__qualname__}"


def _version() -> str:
    from agorasim._version import __version__

    return __version__


def _write(path: Path, data: bytes) -> None:
    """All or nothing: an interrupted save leaves the older file as it was."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not data.startswith(_MAGIC):
        raise InputError(f"{path}: not a saved agorasim world")
    return data


def _scenario(source: Scenario | str | PathLike[str], overrides: Mapping[str, Any]) -> Scenario:
    from agorasim.scenario.schema import Scenario

    scenario = source if isinstance(source, Scenario) else Scenario.load(source)
    paths = {name.replace("__", "."): value for name, value in overrides.items()}
    return scenario.with_overrides(paths) if paths else scenario
