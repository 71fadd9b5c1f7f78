"""Whatever mechanisms are on together: money, goods, people and memberships keep their laws, and drivers agree."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import switching
from generated import Dice, generated
from test_conservation import Diary, check_cells

from agorasim import Scenario
from agorasim.behaviour.columns import CUSTOMERS, MEMBERS
from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.mechanisms import MECHANISMS, active
from agorasim.measures.mechanisms import ACCOUNTS

SWITCHES = [importlib.import_module(f"switching.{m.name}") for m in pkgutil.iter_modules(switching.__path__)]
WORLDS = range(300, 324)
EVERYTHING = Path(__file__).resolve().parents[2] / "benchmarks/scenarios/everything.yaml"


def switched(number: int, days: int | None = None, chance: float = 0.6) -> dict[str, Any]:
    """A generated scenario with mechanisms switched on at random."""
    data, dice = generated(number, days), Dice(number + 10_000)
    for switch in SWITCHES:
        if dice.chance(chance):
            switch.switch_on(dice, data)
    return data


@cache
def diary(number: int) -> Diary:
    return Diary(switched(number))


@pytest.mark.parametrize("number", WORLDS)
def test_laws_hold_with_mechanisms_on(number: int) -> None:
    d = diary(number)
    check_cells(d)
    check_money(d)
    check_people(d)
    if not d.world.script and not d.world.trial:
        spend, plan = d.of["touchpoint"].spend, d.of["touchpoint"].planned_spend
        assert ((spend >= 0) & (spend <= plan + 1e-9)).all()
    for switch in SWITCHES:
        switch.holds(d.world)


def check_money(d: Diary) -> None:
    """Profit ties to its parts; revenue is what buyers paid."""
    rows = d.of["brand"]
    m = {name: d.minor(rows[name]) for name in (
        "revenue", "cost_of_goods", "fulfilment_cost", "commission", "contribution", "spend", "fixed_cost", "profit",
    )}  # fmt: skip
    costs = sum(d.minor(rows[f"cost_{account}"]) for account in ACCOUNTS) if d.world.mechanisms else 0
    parts = m["revenue"] - m["cost_of_goods"] - m["fulfilment_cost"] - m["commission"] - costs
    assert np.array_equal(m["contribution"], parts)
    assert np.array_equal(m["profit"], parts - m["spend"] - m["fixed_cost"])
    assert (m["revenue"] >= 0).all()
    assert (d.minor(rows["discounts"]) >= 0).all()


def check_people(d: Diary) -> None:
    """Counts that are carried from day to day are what counting afresh gives."""
    w = d.world.w
    for b in range(w.bought.shape[1]):
        assert w.levels[b, :, CUSTOMERS].sum() == (w.bought[:, b] > 0).sum()
        assert w.levels[b, :, MEMBERS].sum() == (w.member[:, b] > 0).sum()


def test_every_mechanism_was_met() -> None:
    """The generated worlds say something about each mechanism."""
    met = {kind.name for number in WORLDS for kind in active(diary(number).scenario)}
    assert met == {kind.name for kind in MECHANISMS}


@pytest.mark.parametrize("number", [301, 306, 311])
def test_both_drivers_agree_with_mechanisms_on(number: int) -> None:
    scenario = Scenario.from_dict(switched(number, days=12, chance=0.9))
    fast = World(scenario).run()
    views = Ecosystem(scenario, driver="agents").run()
    assert views.world.digest() == fast.digest()


def test_both_drivers_agree_with_everything_on() -> None:
    scenario = Scenario.load(EVERYTHING).with_overrides({"population.size": 150, "calendar.days": 14})
    assert len(active(scenario)) > 40
    assert Ecosystem(scenario, driver="agents").run().world.digest() == World(scenario).run().digest()


@pytest.mark.parametrize("number", [302, 307])
def test_a_copied_world_goes_on_as_the_other(number: int) -> None:
    import pickle

    scenario = Scenario.from_dict(switched(number, days=14, chance=0.9))
    world = World(scenario).run(6)
    twin, restored = world.copy(), pickle.loads(pickle.dumps(world))
    expected = world.run().digest()
    assert twin.run().digest() == expected
    assert restored.run().digest() == expected


@pytest.mark.parametrize("number", [303, 308])
def test_one_mechanism_off_leaves_a_valid_world(number: int) -> None:
    """Turning any one off gives a world that runs, whatever the others are."""
    for k in range(len(SWITCHES)):
        data, dice = generated(number, 10), Dice(number + 20_000)
        for j, switch in enumerate(SWITCHES):
            if j != k:
                switch.switch_on(dice, data)
        World(Scenario.from_dict(data)).run()


def test_nothing_on_is_nothing_there() -> None:
    world = World(Scenario.from_dict(generated(300)))
    assert world.mechanisms == []
    assert world.history.costs.shape[2] == 0
    assert not world.history.extra
    for name in ("appeal", "rebate", "mode", "relevance", "known", "told_by", "logged"):
        assert getattr(world.w, name).size == 0
