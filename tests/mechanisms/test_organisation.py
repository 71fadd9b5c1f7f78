"""Organisation: what groups see and may spend, how budgets move, and that the world cannot tell."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agorasim.brands.organisation import Terms, allotted, exchanged, group_view, part_of
from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.interventions import check_change, with_policy, without
from agorasim.ecosystem.script import Script
from agorasim.ecosystem.tapes import Decisions, Tape
from agorasim.errors import InputError
from agorasim.scenario.schema import Scenario
from agorasim.testing import story

FILE = Path(__file__).parents[2] / "scenarios" / "mechanisms" / "organisation.yaml"
STRUCTURE = "brands.lumo.organisation.structure"


def scenario(structure: str | None, days: int = 30, **more: Any) -> Scenario:
    small = Scenario.load(FILE).with_overrides({"calendar.days": days, "population.size": 200, **more})
    key, value = (STRUCTURE, structure) if structure else ("brands.lumo.organisation", None)
    return small.with_overrides({key: value})


def test_central_is_the_world_without_the_key_to_the_bit() -> None:
    assert World(scenario("central")).run().digest() == World(scenario(None)).run().digest()
    assert World(scenario("three_tier")).run().digest() != World(scenario(None)).run().digest()


@pytest.mark.parametrize("structure", ["three_tier", "decentralised"])
def test_one_group_of_all_channels_decides_as_the_centre(structure: str) -> None:
    channels = ["feed", "display", "video", "live", "shop"]
    alone = scenario(structure, **{"brands.lumo.organisation.groups": {"all": {"channels": channels, "share": 1.0}}})
    assert np.array_equal(World(alone).run().history.spend, World(scenario(None)).run().history.spend)


@pytest.mark.parametrize("structure", ["central", "three_tier", "decentralised"])
def test_copies_go_on_and_both_drivers_agree(structure: str) -> None:
    half = World(scenario(structure)).run(14)
    twin, restored = half.copy(), pickle.loads(pickle.dumps(half))
    other = half.copy()
    other.run()  # what one copy's groups learn, another's do not
    whole = World(scenario(structure)).run().digest()
    assert half.run().digest() == twin.run().digest() == restored.run().digest() == whole
    agents = Ecosystem(scenario(structure, days=12), driver="agents")
    agents.run()
    assert agents.world.digest() == World(scenario(structure, days=12)).run().digest()


def test_departments_never_pass_on_money_and_headquarters_does() -> None:
    names = ["feed", "display", "video", "live"]
    spent = {}
    for structure in ("decentralised", "three_tier", "central"):
        world = World(scenario(structure, days=90)).run()
        plan = world.history.plan[:, 0, : len(names)] / 100.0
        assert (plan.sum(axis=1) <= 90.0 + 0.02).all()
        spent[structure] = plan
        assert list(world.scenario.touchpoints)[:4] == names
    assert np.allclose(spent["decentralised"][:, 2:].sum(axis=1), 10.0, atol=0.02)
    assert spent["three_tier"][-1, 2:].sum() > 20.0
    day = np.flatnonzero(spent["three_tier"][:, 2:].sum(axis=1) > 10.5)[0]
    assert day % 15 == 0, "headquarters meets every 15 days"


def test_linked_groups_move_money_and_a_graph_without_links_does_not() -> None:
    linked = scenario("decentralised", days=90, **{"brands.lumo.organisation.links": [["feeds", "videos"]]})
    plan = World(linked).run().history.plan[:, 0, 2:4].sum(axis=1) / 100.0
    assert plan[0] == pytest.approx(10.0, abs=0.02) and plan[-1] > 20.0


# --- arithmetic -----------------------------------------------------------------------------------------------------


def test_headquarters_keeps_the_sum_and_the_floor_and_goes_to_the_proportions_of_returns() -> None:
    terms = Terms(None, step=1.0, keep=0.0)
    assert allotted([0.4, 0.4, 0.2], [0.4, 0.4, 0.2], {0: 1.0, 1: 3.0}, terms) == pytest.approx([0.2, 0.6, 0.2])
    first = [0.5, 0.3, 0.2]
    got = allotted(first, first, {0: 0.0, 1: 9.0, 2: 1.0}, Terms(None, step=1.0, sharpness=20.0, keep=0.4))
    assert sum(got) == pytest.approx(1.0) and min(g / f for g, f in zip(got, first, strict=True)) >= 0.4 - 1e-12
    assert allotted(first, first, {}, terms) == first and allotted(first, first, {0: 0.0, 1: 0.0}, terms) == first


def test_exchange_over_links_keeps_the_sum_and_nobody_pays_below_the_floor() -> None:
    first = [0.25] * 4
    terms = Terms(((0, 1), (0, 2), (0, 3)), step=1.0, keep=0.2)
    got = exchanged(first, first, {0: 0.0, 1: 1.0, 2: 2.0, 3: 5.0}, terms)
    assert sum(got) == pytest.approx(1.0) and got[0] == pytest.approx(0.05)
    assert exchanged(first, first, {0: 1.0, 2: 1.0}, terms) == first, "equal returns, or none, move nothing"


def test_a_group_sees_its_channels_and_what_they_are_credited_with() -> None:
    view = story([40])[0]
    parts = [group_view(view, g, frozenset(c), 300.0) for g, c in (("a", {"search", "app"}), ("b", {"social"}))]
    a, b = parts
    assert a.brand == "lumo.a" and a.media == ("search",) and a.owned == ("app",) and a.budget == 300.0
    assert set(a.spend) == {"search"} and set(a.clicks) == {"search", "app"} and set(b.clicks) == {"social"}
    assert np.array_equal(a.spend["search"], view.spend["search"])
    assert np.allclose(a.orders, view.attributed_orders["search"] + view.attributed_orders["app"])
    assert (a.new_customers <= view.new_customers).all() and b.members == 0.0 and a.members == view.members
    assert not a.orders.flags.writeable
    assert part_of(
        {"plan": {"x": 1.0, "y": 2.0}, "order": ["x", "y"], "step": 1, "arms": {"one": {"plan": {"y": 3.0}}}},
        frozenset({"x"}), frozenset({"x", "y"}),
    ) == {"plan": {"x": 1.0}, "order": ["x"], "step": 1, "arms": {"one": {"plan": {}}}}  # fmt: skip


# --- counterfactual worlds ------------------------------------------------------------------------------------------


def test_held_decisions_are_replayed_and_another_structure_is_other_terms() -> None:
    full = World(scenario("three_tier"))
    full.tape = Tape(Decisions(full.scenario, full.factor))
    full.run()
    held = full.tape.decisions
    assert held is not None
    branch = World(scenario("three_tier"))
    branch.script = Script(branch, (without("display", brand="lumo"),), held=held)
    branch.run()
    kept = [0, 2, 3]
    assert np.array_equal(branch.history.plan[:, 0, kept], full.history.plan[:, 0, kept])
    assert held.decides_alike("lumo", full.scenario.brands["lumo"])
    assert not held.decides_alike("lumo", scenario("central").brands["lumo"])


def test_another_policy_is_adopted_by_all_groups() -> None:
    world = World(scenario("decentralised"))
    plan = {"feed": 30.0, "video": 60.0}
    world.script = Script(world, (with_policy("fixed_plan", brand="lumo", plan=plan),))
    world.run()
    # Shares follow the new plan's, so nothing is cut.
    assert world.history.plan[-1, 0, [0, 2]].tolist() == [3000, 6000]
    with pytest.raises(InputError, match=r"cannot be split over the groups.*'videos'.*mix is needed"):
        check_change(with_policy("match_share_of_voice", brand="lumo", mix={"feed": 1.0}), scenario("decentralised"))


# --- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"structure": "tree"}, "did you mean 'three_tier'|expected one of"),
        ({"structure": "three_tier", "groups": {}}, "needs groups"),
        ({"groups": {"feeds": {"channels": ["feed", "display"]}}}, "'live'.* belongs to no group"),
        ({"groups": {"feeds": {"channels": ["fed"]}}}, "did you mean 'feed'"),
        ({"groups": {"a": {"channels": ["feed"]}, "b": {"channels": ["feed"]}}}, "belongs to group 'a' already"),
        ({"groups": {"a": {"channels": ["feed"], "share": 0.5}, "b": {"channels": ["live"]}}}, "'b'|has no share"),
        ({"groups": {"a": {"channels": ["feed"], "share": 0.9}, "b": {"channels": ["live"], "share": 0.9}}}, "1.8"),
        ({"leading": "feds"}, "did you mean 'feeds'"),
        ({"links": [["feeds", "vidoes"]]}, "did you mean 'videos'"),
        ({"links": [["feeds", "feeds"]]}, "two different groups"),
        ({"structure": "three_tier", "links": [["feeds", "videos"]]}, "headquarters moves the money"),
        (
            {"groups": {"a": {"channels": ["feed"], "policy": {"name": "fixed_plan", "plan": {"live": 1.0}}}}},
            "spends on 'live', which is not one of the group's channels",
        ),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], words: str) -> None:
    data = Scenario.load(FILE).to_dict()
    data["brands"]["lumo"]["organisation"] |= change
    with pytest.raises(InputError, match=words):
        Scenario.from_dict(data)
