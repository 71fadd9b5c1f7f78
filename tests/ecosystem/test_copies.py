"""Copies, pickles and saved files continue a world exactly, and leave the original alone."""

from __future__ import annotations

import pickle
from pathlib import Path

import networkx as nx
import pytest

from agorasim import Consumer, Ecosystem, Scenario
from agorasim.ecosystem import World
from agorasim.errors import InputError, StorageError

HALF = 13
SCENARIOS = {
    "coffee_o2o": {"population.size": 200, "calendar.days": 30, "calendar.warmup": 3},
    # Decisions on days before and after the branch, from what policies remember.
    "durable_launch": {"population.size": 300, "calendar.days": 30, "calendar.cooldown": 5,
                       "social.word_of_mouth.p": 0.02, "social.word_of_mouth.q": 0.05},
}  # fmt: skip


class Quiet(Consumer):
    def reflect(self) -> None:
        """Never says a word."""


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return Scenario.load(request.param).with_overrides(SCENARIOS[request.param])


@pytest.fixture(scope="module")
def whole(scenario: Scenario) -> World:
    return World(scenario, seed=3).run()


def test_copies_and_pickles_continue_exactly(scenario: Scenario, whole: World) -> None:
    world = World(scenario, seed=3).run(HALF)
    before = world.digest()
    copied, pickled = world.copy(), pickle.loads(pickle.dumps(world))
    second = copied.copy()
    for twin in (copied, pickled, second):
        assert twin.digest() == before
        twin.run()
        assert twin.digest() == whole.digest()
        assert twin.tables()["kpis"].equals(whole.tables()["kpis"])
    assert world.digest() == before, "running a copy changed the original"
    assert world.run().digest() == whole.digest()


def test_a_change_in_a_copy_stays_there(scenario: Scenario, whole: World) -> None:
    world = World(scenario, seed=3).run(HALF)
    other = world.copy()
    other.w.awareness[:] = 0.0
    other.market.stock[:] = 0
    other.strategies.price[0] *= 2.0
    assert other.run().digest() != whole.digest()
    assert world.run().digest() == whole.digest()


def test_ecosystems_continue_through_copy_and_file(scenario: Scenario, whole: World, tmp_path: Path) -> None:
    for driver in ("fast", "agents"):
        model = Ecosystem(scenario, seed=3, driver=driver).run(HALF)
        model.save(tmp_path / "world.bin")
        copied, loaded = model.copy(), Ecosystem.load(tmp_path / "world.bin")
        for twin in (copied, loaded, model):
            assert twin.driver == driver
            assert twin.steps == HALF
            assert twin.run().world.digest() == whole.digest()
            assert not twin.running
    assert list(tmp_path.iterdir()) == [tmp_path / "world.bin"], "no temporary file stays"


def test_a_copy_keeps_class_agents_and_collected_data(scenario: Scenario) -> None:
    model = Ecosystem(scenario, seed=3, consumer=Quiet).run(HALF)
    model.consumers[5].nickname = "Wu"  # type: ignore[attr-defined]
    twin = model.copy()
    assert type(twin) is Ecosystem
    assert type(twin.consumers[5]) is Quiet
    assert twin.consumers[5].nickname == "Wu"  # type: ignore[attr-defined]
    assert twin.consumers[5] is not model.consumers[5]
    twin.run()
    assert len(model.datacollector.get_model_vars_dataframe()) == HALF
    model.run()
    assert twin.world.digest() == model.world.digest()
    assert twin.datacollector.get_model_vars_dataframe().equals(model.datacollector.get_model_vars_dataframe())


def test_copies_keep_graphs_that_were_handed_in(tmp_path: Path) -> None:
    scenario = Scenario.load("coffee_o2o").with_overrides({"calendar.days": 12, "calendar.warmup": 0})
    ring = nx.cycle_graph(90)
    model = Ecosystem(scenario, graphs={"friends": ring}).run(6)
    model.save(tmp_path / "world.bin")
    digests = {x.run().world.digest() for x in (model.copy(), Ecosystem.load(tmp_path / "world.bin"), model)}
    assert len(digests) == 1
    assert model.consumers[0].friends("friends") == [1, 89]


def test_what_cannot_be_loaded_is_said(tmp_path: Path) -> None:
    scenario = Scenario.load("coffee_o2o").with_overrides({"population.size": 40})
    model = Ecosystem(scenario, consumer=Quiet).run(1)
    path = tmp_path / "world.bin"
    model.save(path)
    with pytest.raises(InputError, match="Quiet"):
        Ecosystem.load(path)
    assert type(Ecosystem.load(path, consumer=Quiet).consumers[0]) is Quiet
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        Ecosystem.load(path)
    path.write_text("name: coffee\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a saved"):
        Ecosystem.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        Ecosystem.load(tmp_path / "absent")
    with pytest.raises(StorageError, match="cannot be written"):
        model.save(tmp_path / "no" / "folder")
