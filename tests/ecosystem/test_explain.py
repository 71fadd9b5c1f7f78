"""What `explain` expects is what happens, and it simulates nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from agorasim import Scenario
from agorasim.ecosystem import World
from agorasim.ecosystem.explain import MOST_BUILT, preview, sections
from agorasim.ecosystem.explain_brands import capped_poisson, expected_contact, expected_orders
from agorasim.ecosystem.explain_parts import clustering, components
from agorasim.ecosystem.social.csr import Graph
from agorasim.ecosystem.warmup import warm_up
from agorasim.ecosystem.world import PHASES
from agorasim.scenario import warnings


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What is timed here is explaining, not compiling."""
    warm_up()


@pytest.fixture(scope="module")
def coffee() -> Scenario:
    return Scenario.load("coffee_o2o")


def test_expected_contact_is_what_the_first_day_brings(coffee: Scenario) -> None:
    """Impressions and reach of each brand and touchpoint lie within five standard errors of what was expected."""
    scenario = coffee.with_overrides({"population.size": 20_000, "touchpoints.event.dates": {"2026-03-02": 2}})
    seen = preview(scenario)
    expected = {
        (int(pair["brand"]), int(pair["touch"])): expected_contact(seen.world, pair) for pair in seen.world.w.pairs
    }
    world = World(scenario).run(1)
    assert len(expected) >= 14
    for (b, t), (reach, impressions, clicks) in expected.items():
        happened = world.history.touch[0, b, t]
        assert abs(happened[1] - reach) < 5.0 * np.sqrt(reach), (b, t)
        assert abs(happened[0] - impressions) < 5.0 * np.sqrt(3.0 * impressions), (b, t)
        assert abs(happened[2] - clicks) < 5.0 * np.sqrt(clicks) + 1e-9, (b, t)


def test_expected_orders_are_of_the_right_size(coffee: Scenario) -> None:
    scenario = coffee.with_overrides({"population.size": 20_000})
    expected = expected_orders(preview(scenario).world).sum()
    happened = World(scenario).run(1).history.offer[0, :, 0].sum()
    # Visits and searches of the day bring more brands to mind than recall alone.
    assert 0.6 * expected < happened < 2.0 * expected


def test_large_populations_are_looked_at_through_a_sample(coffee: Scenario) -> None:
    """A scenario blown up tenfold, money and all, looks the same per head."""
    small = coffee.with_overrides({"population.size": MOST_BUILT})
    large = coffee.with_overrides({"population.size": 10 * MOST_BUILT})
    for name, brand in coffee.brands.items():
        plan = {k: 10.0 * v for k, v in brand.policy.model_extra["plan"].items()}
        large = large.with_overrides({f"brands.{name}.budget": 10.0 * brand.budget, f"brands.{name}.policy.plan": plan})
    one, ten = preview(small), preview(large)
    assert (one.scale, ten.scale) == (1.0, 10.0)
    assert ten.world.size == MOST_BUILT
    assert ten.size == 10 * MOST_BUILT
    assert np.array_equal(one.world.w.pairs["mean"], ten.world.w.pairs["mean"])


def test_graph_figures_are_those_of_networkx() -> None:
    for graph in (nx.karate_club_graph(), nx.gnm_random_graph(80, 70, seed=1), nx.star_graph(9)):
        layer = Graph.from_edges(np.array(graph.edges), graph.number_of_nodes())
        assert clustering(layer) == pytest.approx(nx.average_clustering(graph))
        parts = list(nx.connected_components(graph))
        assert components(layer) == (len(parts), max(map(len, parts)) / len(graph))


def test_capped_poisson_sums_to_one_and_keeps_the_mean() -> None:
    for mean in (0.01, 0.7, 4.0):
        chances = capped_poisson(mean, 40)
        assert chances.sum() == pytest.approx(1.0)
        assert chances @ np.arange(41) == pytest.approx(mean)
    assert capped_poisson(5.0, 1)[1] == pytest.approx(1.0 - np.exp(-5.0))


@pytest.mark.parametrize("name", ["coffee_o2o", "durable_launch"])
def test_everything_is_said(agorasim: Callable[..., tuple[int, str, str]], name: str) -> None:
    scenario = Scenario.load(name)
    begun = time.process_time()
    code, out, err = agorasim("explain", name)
    assert time.process_time() - begun < 3.0
    assert (code, err) == (0, "")
    for word in (*(name for name, _ in PHASES), *scenario.brands, *scenario.touchpoints, *scenario.places):
        assert word in out, word
    for layer in scenario.social.layers:
        assert layer in out
    for path in ("category.choice.price", "social.word_of_mouth.rule", "category.memory.awareness_decay"):
        assert path in out
    for words in ("without it", "bytes", "consumer-days", "clustering", "of its room"):
        assert words in out


def test_odd_values_and_sources_are_shown(coffee: Scenario) -> None:
    scenario = coffee.with_overrides({"brands.lumo.budget": 1.0, "touchpoints.social.use": 0.6})
    shown = {section.title: section for section in sections(preview(scenario))}
    *odd, last = [row[0] for row in shown["Odd values"].rows]
    assert odd == warnings(scenario)
    assert any(text.startswith("brands.lumo.budget") for text in odd)
    assert "will not run" in last and "over the budget" in last
    assert "Odd values" not in {section.title for section in sections(preview(coffee))}
    source = {row[0]: row[2] for row in shown["Numbers in force"].rows}
    assert source["category.choice.price"] == "scenario"
    assert source["category.choice.dissimilarity"] == "default"
    use = {row[0]: row[2] for row in shown["Touchpoints"].rows}
    assert use["social"] == "0.6*", "the kind's own default"
    assert use["short_video"] == "0.5"


def test_complete_graphs_and_no_graph_at_all(coffee: Scenario) -> None:
    alone = coffee.with_overrides({"population.size": 50, "social.layers": {}})
    assert "Social graph" not in {section.title for section in sections(preview(alone))}
    everybody = Scenario.load("durable_launch").with_overrides(
        {"population.size": 50, "social.layers.friends.generator": {"kind": "complete"}}
    )
    (graph,) = [section for section in sections(preview(everybody)) if section.title == "Social graph"]
    assert graph.rows[0][3] == "all pairs"


# --- compiling ------------------------------------------------------------------------------------------------------


def compiled() -> dict[str, tuple[int, int]]:
    """Of each kernel: cache misses, and signatures loaded."""
    import sys

    out = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("agorasim"):
            for kernel in vars(module).values():
                if hasattr(kernel, "py_func"):
                    key = f"{kernel.py_func.__module__}.{kernel.py_func.__name__}"
                    out[key] = sum(kernel.stats.cache_misses.values()), len(kernel.signatures)
    return out


def test_after_warming_up_nothing_is_compiled() -> None:
    """Whatever a scenario uses, its kernels are there; a second call has nothing to do."""
    said: list[str] = []
    warm_up(said.append)
    assert len(said) <= 1
    assert warm_up(said.append) is False
    before = {key: misses for key, (misses, _) in compiled().items()}
    tiny = {"population.size": 150, "calendar.days": 6, "calendar.warmup": 0, "calendar.cooldown": 0}
    scenarios = [Scenario.load(name).with_overrides(tiny) for name in ("coffee_o2o", "durable_launch")]
    for rule in ("hazard", "threshold", "contact"):
        for generator in ({"kind": "complete"}, {"kind": "spatial"}, {"kind": "stochastic_block"}):
            change = {"social.word_of_mouth.rule": rule, "social.layers.friends.generator": generator}
            scenarios.append(scenarios[1].with_overrides({**change, "social.word_of_mouth.p": 0.1}))
    for scenario in scenarios:
        World(scenario).run().tables()
    missed = {key for key, (misses, _) in compiled().items() if misses > before.get(key, 0)}
    assert not missed
