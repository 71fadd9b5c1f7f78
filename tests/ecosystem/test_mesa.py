"""The ecosystem as a Mesa model, on every supported Mesa version."""

from __future__ import annotations

import gc
import pickle
import re
import warnings
import weakref
from pathlib import Path

import mesa
import numpy as np
import pytest
from mesa.datacollection import DataCollector

from agorasim import Consumer, Ecosystem, Scenario
from agorasim.ecosystem import Brand, Shop, World
from agorasim.ecosystem.records import ORDERS
from agorasim.errors import InputError
from agorasim.measures.metrics import BASE

pytestmark = pytest.mark.mesa

NEWER = tuple(int(part) for part in mesa.__version__.split(".")[:2]) >= (3, 5)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "mesa.md"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 120, "calendar.days": 10, "calendar.warmup": 2}
    )


@pytest.fixture(scope="module")
def plain(scenario: Scenario) -> World:
    return World(scenario).run()


class Unchanged(Consumer):
    def choose(self) -> None:
        super().choose()


class Abstainer(Consumer):
    """Never thinks of the first brand."""

    def choose(self) -> None:
        self.columns.awareness[self.row, 0] = self.columns.habit[self.row, 0] = 0.0
        self.columns.visited[self.row, 0] = self.columns.flags[self.row, 0] = 0
        super().choose()


def goodwill_of_first(consumer: Consumer) -> float:
    return float(consumer.goodwill[0])


def owners_of_app(model: Ecosystem) -> int:
    return int(model.world.w.member.any(axis=1).sum())


def served(world: World) -> np.ndarray:
    """Orders of each brand over all days."""
    owner = world.market.table["brand"]
    return np.bincount(owner, weights=world.history.offer[:, :, ORDERS].sum(axis=0))


def orders_of(row: dict[str, object], scenario: Scenario, seed: int) -> float:
    changes = {
        "population.size": row["population__size"],
        "brands.lumo.product.price": row["brands__lumo__product__price"],
    }
    world = Ecosystem(scenario.with_overrides(changes), seed=seed).run()
    return world.total("orders", "lumo")


# --- the model ------------------------------------------------------------------------------------------------------


def test_drivers_agree_bit_for_bit(scenario: Scenario, plain: World) -> None:
    for driver in ("fast", "agents"):
        model = Ecosystem(scenario, driver=driver).run()
        assert model.world.digest() == plain.digest(), driver
        assert model.steps == scenario.calendar.days
        assert model.running is False


def test_run_model_stops_and_a_step_beyond_the_end_is_refused(scenario: Scenario, plain: World) -> None:
    model = Ecosystem(scenario)
    model.run_model()
    assert model.world.digest() == plain.digest()
    with pytest.raises(InputError, match=r"calendar\.days"):
        model.step()


def test_seed_comes_from_seed_or_an_integer_rng(scenario: Scenario, plain: World) -> None:
    by_seed = Ecosystem(scenario, seed=5).run().world.digest()
    assert by_seed == Ecosystem(scenario, rng=5).run().world.digest()
    assert by_seed == Ecosystem(scenario, seed=np.int64(5)).run().world.digest()
    assert by_seed != plain.digest()
    assert Ecosystem(scenario, rng=np.random.default_rng(1)).run().world.digest() == plain.digest()
    with pytest.raises(InputError, match="seed must be a whole number"):
        Ecosystem(scenario, seed=[1, 2])  # type: ignore[arg-type]


def test_total_is_what_the_kpi_table_says(scenario: Scenario) -> None:
    model = Ecosystem(scenario).run()
    frame = model.kpis()
    rows = frame[(frame[["touchpoint", "segment", "region"]] == "").all(axis=1) & (frame["day"] >= 2)]
    for metric in (m for m in BASE if m.ratio is None):
        level = "" if metric.name in ("population", "needs") else "lumo"
        whole = (rows["place"] != "") if metric.name == "stock" else (rows["place"] == "")
        daily = rows[(rows["brand"] == level) & whole].groupby("day")[metric.name].sum()
        expected = daily.iloc[-1] if metric.kind == "stock" else daily.sum() if metric.additive else daily.mean()
        assert model.total(metric.name, level or None) == pytest.approx(expected, rel=1e-12), metric.name
    assert model.total("price_paid", "lumo") == model.total("revenue", "lumo") / model.total("orders", "lumo")
    assert np.isnan(Ecosystem(scenario).run(2).total("orders"))
    with pytest.raises(InputError, match="did you mean 'orders'"):
        model.total("order")


# --- batch_run ------------------------------------------------------------------------------------------------------


def test_batch_run_over_two_parameters(scenario: Scenario) -> None:
    parameters = {
        "scenario": [scenario],
        "population__size": [60, 90],
        "brands__lumo__product__price": [12.0, 30.0],
    }
    seeds = {"rng": [11, 12]} if NEWER else {"iterations": 1}
    if not NEWER:
        parameters["seed"] = [11, 12]
    rows = mesa.batch_run(Ecosystem, parameters, display_progress=False, **seeds)
    assert len(rows) == 8
    for row in rows:
        assert row["lumo_orders"] == orders_of(row, scenario, row["seed"])
    cheap, dear = ([r["lumo_orders"] for r in rows if r["brands__lumo__product__price"] == p] for p in (12.0, 30.0))
    assert sum(cheap) > sum(dear)
    assert len({(r["population__size"], r["seed"]) for r in rows}) == 4


def test_batch_run_over_replicates_is_the_same_on_every_mesa(scenario: Scenario) -> None:
    rows = mesa.batch_run(
        Ecosystem, {"scenario": [scenario], "replicate": [0, 1]}, data_collection_period=1, display_progress=False
    )
    assert len(rows) == 2 * scenario.calendar.days
    last = [row for row in rows if row["replicate"] == 1][-1]
    assert last["terra_revenue"] == Ecosystem(scenario, replicate=1).run().total("revenue", "terra")


# --- collecting -----------------------------------------------------------------------------------------------------


class Collecting(Ecosystem):
    """A model with reporters of its own, written as any Mesa model."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.datacollector = DataCollector(
            model_reporters={"members": owners_of_app, "day": "steps"},
            agenttype_reporters={
                Consumer: {"needs": "needs", "goodwill": goodwill_of_first},
                Brand: {"orders": Brand.orders_so_far},
                Shop: {"stock": "stock"},
            },
        )

    def step(self) -> None:
        super().step()
        self.datacollector.collect(self)


def test_data_collector_with_model_and_agent_reporters(scenario: Scenario, plain: World) -> None:
    model = Collecting(scenario).run()
    assert model.world.digest() == plain.digest()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == scenario.calendar.days
    assert frame["members"].iloc[-1] == owners_of_app(model)
    people = model.datacollector.get_agenttype_vars_dataframe(Consumer)
    assert len(people) == scenario.calendar.days * model.world.size
    by_day = people["needs"].groupby(level="Step").sum()
    assert by_day.tolist() == model.world.history.needs_segment.sum(axis=1).tolist()
    brands = model.datacollector.get_agenttype_vars_dataframe(Brand)["orders"].groupby(level="AgentID").last()
    assert brands.tolist() == served(model.world).tolist()
    assert len(model.datacollector.get_agenttype_vars_dataframe(Shop)) == scenario.calendar.days * len(scenario.places)


def test_own_reporters_are_collected_once_a_step(scenario: Scenario) -> None:
    model = Ecosystem(scenario).run()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == scenario.calendar.days
    assert frame["rivo_orders"].iloc[-1] == model.total("orders", "rivo")
    assert model._views is None, "collecting on the fast path must not make agents"


# --- agents ---------------------------------------------------------------------------------------------------------


def test_agent_sets(scenario: Scenario) -> None:
    model = Ecosystem(scenario).run(5)
    people = model.agents_by_type[Consumer]
    assert len(model.agents) == model.world.size + len(scenario.brands) + len(scenario.places)
    assert {Consumer, Brand, Shop} == set(model.agent_types)
    assert [c.unique_id for c in model.consumers] == list(range(1, model.world.size + 1))
    assert len({a.unique_id for a in model.agents}) == len(model.agents)
    rates = model.world.w.need_rate.astype(float)
    assert people.agg("need_rate", sum) == pytest.approx(rates.sum())
    heavy = people.select(lambda c: c.need_rate > 0.3)
    assert len(heavy) == int((rates > 0.3).sum()) > 0
    assert {c.segment for c in people} == set(scenario.population.segments)
    groups = people.groupby("segment")
    assert sum(len(group) for _, group in groups) == len(people)
    assert sorted(model.agents_by_type[Shop].get("name")) == sorted(scenario.places)
    people.set("price_sensitivity", 0.5)
    assert (model.world.w.traits["price"] == np.float32(0.5)).all()
    consumer = model.consumers[7]
    consumer.awareness[1] = 0.25
    assert model.world.w.awareness[7, 1] == np.float32(0.25)
    assert consumer.friends() == sorted({int(j) for g in model.world.graphs.values() for j in g.neighbours_of(7)})


def test_a_phase_done_by_an_agent_set_in_any_order(scenario: Scenario, plain: World) -> None:
    """Consumers of one phase do not read each other, so even a shuffled order gives the same bits."""
    for way in ("do", "shuffle_do"):
        model = Ecosystem(scenario)
        for phase in ("see", "choose", "reflect"):
            model.world.replaced[phase] = lambda p=phase: getattr(model.agents_by_type[Consumer], way)(p)  # noqa: B023
        assert model.run().world.digest() == plain.digest(), way


def test_a_subclass_replaces_a_phase(scenario: Scenario, plain: World) -> None:
    unchanged = Ecosystem(scenario, consumer=Unchanged)
    assert list(unchanged.world.replaced) == ["choose"]
    assert unchanged.run().world.digest() == plain.digest()
    abstaining = Ecosystem(scenario, consumer=Abstainer).run()
    assert abstaining.total("orders", "lumo") == 0 < served(plain)[0]
    assert abstaining.total("orders", "rivo") > 0


def test_the_population_stays_what_it_is(scenario: Scenario) -> None:
    model = Ecosystem(scenario)
    with pytest.raises(InputError, match=r"population\.size"):
        model.consumers[0].remove()
    with pytest.raises(InputError, match=r"population\.size"):
        model.remove_all_agents()
    with pytest.raises(AttributeError):
        model.agents = []
    with pytest.raises(InputError, match="Consumer"):
        Ecosystem(scenario, consumer=mesa.Agent)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean 'agents'"):
        Ecosystem(scenario, driver="agent")


# --- pickling, memory, documentation --------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [False, True])
def test_a_pickled_model_goes_on(scenario: Scenario, plain: World, made: bool) -> None:
    model = Ecosystem(scenario, consumer=Unchanged).run(4)
    if made:
        assert len(model.agents) > 0
    twin = pickle.loads(pickle.dumps(model))
    assert twin.consumers[3].model is twin
    assert twin.run().world.digest() == model.run().world.digest() == plain.digest()
    assert twin.steps == model.steps
    left, right = (m.datacollector.get_model_vars_dataframe() for m in (model, twin))
    assert left.equals(right)


@pytest.mark.parametrize("driver", ["fast", "agents"])
def test_finished_models_are_freed(scenario: Scenario, driver: str) -> None:
    model = Ecosystem(scenario, driver=driver).run(2)
    assert len(model.agents) > 0
    copied = model.copy()
    gone = [weakref.ref(x) for x in (model, model.world, model.consumers[0], copied, copied.world)]
    del model, copied
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)


def test_documented_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "documentation"}
    blocks = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        for block in blocks:
            exec(compile(block, str(DOCS), "exec"), names)
