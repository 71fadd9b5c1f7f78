"""Worlds whose channel effects can be worked out by hand: additive, complementary, redundant; direct and carried."""

from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest

from agorasim.ecosystem import World
from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.bench import Bench
from agorasim.ecosystem.interventions import only, scaled, without
from agorasim.effects import games
from agorasim.effects.intervals import mean_interval
from agorasim.scenario.schema import Scenario

DAYS = 6
STILL = {"awareness_decay": 0.0, "goodwill_decay": 0.0, "habit_decay": 0.0, "fatigue_decay": 0.0}
#: Everybody needs one a day and buys it from a brand that comes to mind.
EAGER = {"need": {"rate": 60.0, "most": 1}, "choice": {"intercept": 50.0, "price": 0.0, "goodwill": 0.0, "habit": 0.0}}
#: Whoever has bought talks the same evening (satisfied or not), and whoever hears knows the brand.
LOUD = {"rule": "cascade", "transmit": 1.0, "recommend": 1.0, "complain": 1.0, "pass_on": 0.0, "awareness": 1.0}
#: A channel that all its users meet the brand on, and remember it from the first time.
SURE = {"kind": "short_video", "use": 0.0, "awareness": 1.0, "goodwill": 0.0, "cost": {"model": "cpm", "price": 1.0}}


def world_of(size: int, channels: dict[str, Any], **parts: Any) -> Scenario:
    """Unknown lumo, sold at a web shop that nobody strolls into, with money for each channel that takes some."""
    paid = [name for name, t in channels.items() if t["kind"] in ("short_video", "social", "display")]
    data = {
        "name": "by_hand",
        "seed": 3,
        "calendar": {"days": DAYS},
        "population": {"size": size},
        "touchpoints": {"site": {"kind": "own_site"}, **channels},
        "category": {"memory": STILL, "experience": {"noise": 1.0, "delight": 0.0, "disappointment": 0.0}, **EAGER},
        "brands": {
            "lumo": {
                "product": {"price": 10.0, "unit_cost": 4.0},
                "budget": 1e6,
                "sells": {"site": {}},
                "policy": {"plan": dict.fromkeys(paid, 1000.0)},
            }
        },
        **parts,
    }
    return Scenario.from_dict(data)


def game(scenario: Scenario, channels: list[str], metric: str = "orders", replicates: int = 3) -> dict[str, np.ndarray]:
    """Outcome of every coalition of the channels, by its members' initials, shape (replicates,)."""
    out: dict[str, list[float]] = {}
    for replicate in range(replicates):
        bench = Bench(scenario, replicate=replicate)
        for n in range(len(channels) + 1):
            for chosen in itertools.combinations(channels, n):
                arm = Arm("+".join(chosen) or "none", (only(chosen, among=channels, brand="lumo"),))
                value = bench.run(arm).value(metric, brand="lumo")
                out.setdefault("".join(name[0] for name in chosen), []).append(value)
    return {name: np.array(values) for name, values in out.items()}


def interaction(w: dict[str, np.ndarray], a: str, b: str) -> np.ndarray:
    return w[a + b] - w[a] - w[b] + w[""]


# --- channels with each other ---------------------------------------------------------------------------------------


def test_channels_that_reach_different_people_add_up_exactly() -> None:
    weak = {**SURE, "awareness": 0.3}
    scenario = world_of(
        300, {"alpha": weak, "beta": weak},
        population={"size": 300, "segments": {"east": {"share": 0.4, "use": {"alpha": 0.7}},
                                              "west": {"share": 0.6, "use": {"beta": 0.6}}}},
        category={"memory": {}, "need": {"rate": 0.5}, "choice": {"intercept": 1.0}},
    )  # fmt: skip
    for metric in ("orders", "profit", "new_customers"):
        w = game(scenario, ["alpha", "beta"], metric, replicates=4)
        minor = interaction({key: np.rint(100.0 * values) for key, values in w.items()}, "a", "b")
        assert (minor == 0.0).all(), "not one order or cent more or less, in any replicate"
        assert (w["a"] != w[""]).all()
        assert (w["b"] != w[""]).all()


def test_two_halves_of_one_thing_are_worth_nothing_alone() -> None:
    scenario = world_of(
        40, {"alpha": {**SURE, "use": 1.0}, "bazaar": {"kind": "marketplace", "use": 0.0}},
        brands={"lumo": {"product": {"price": 10.0}, "budget": 1e6, "sells": {"bazaar": {}},
                         "policy": {"plan": {"alpha": 1000.0}}}},
    )  # fmt: skip
    w = game(scenario, ["alpha", "bazaar"])
    assert (w["ab"] == 40 * DAYS).all()
    for alone in ("", "a", "b"):
        assert (w[alone] == 0).all()
    assert (interaction(w, "a", "b") == w["ab"]).all()


def test_two_channels_of_which_one_suffices_replace_each_other() -> None:
    everywhere = {**SURE, "use": 1.0}
    w = game(world_of(40, {"alpha": everywhere, "beta": everywhere}), ["alpha", "beta"])
    assert (w["ab"] == w["a"]).all()
    assert (w["a"] == w["b"]).all()
    assert (w["a"] == 40 * DAYS).all()
    assert (interaction(w, "a", "b") == -w["a"]).all()


@pytest.mark.parametrize("kind", ["social", "search"])
def test_two_channels_alike_are_worth_the_same(kind: str) -> None:
    """Whoever is listed first has no advantage: Shapley values differ by an interval that covers 0 and is narrow."""
    scenario = world_of(
        150, {"alpha": {"kind": kind}, "beta": {"kind": kind}},
        calendar={"days": 20}, category={"need": {"rate": 0.5}, "choice": {"intercept": 0.0}},
        social={"layers": {"friends": {"generator": {"kind": "watts_strogatz", "degree": 6}}}},
        brands={"lumo": {"product": {"price": 10.0, "unit_cost": 4.0}, "budget": 1e6, "sells": {"site": {}},
                         "policy": {"plan": {"alpha": 20.0, "beta": 20.0}}}},
    )  # fmt: skip
    for metric in ("orders", "profit"):
        w = game(scenario, ["alpha", "beta"], metric, replicates=20)
        worth = games.shapley(np.stack([w[""], w["a"], w["b"], w["ab"]]))
        gain = w["ab"] - w[""]
        np.testing.assert_allclose(worth.sum(axis=0), gain, rtol=0, atol=1e-9 * np.abs(gain).max())
        found = mean_interval(worth[0] - worth[1])
        assert found.low <= 0.0 <= found.high
        assert 0.0 < found.high - found.low < 0.1 * gain.mean()


def test_a_channel_without_money_is_worth_exactly_nothing() -> None:
    coffee = Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 200, "calendar.days": 40, "calendar.warmup": 8, "touchpoints.video": {"kind": "tv"}}
    )
    bench = Bench(coffee)
    for others in ((), ("search",), ("store", "search")):
        with_it = bench.world(
            Arm("with", (only((*others, "video"), among=("search", "store", "video"), brand="lumo"),))
        )
        alone = bench.world(Arm("alone", (only(others, among=("search", "store", "video"), brand="lumo"),)))
        assert with_it.digest() == alone.digest()


# --- what each kind stops -------------------------------------------------------------------------------------------


def coffee_world(*gone: str, **more: Any) -> tuple[World, World, list[str]]:
    scenario = Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 400, "calendar.days": 60, "calendar.warmup": 8, **more}
    )
    bench = Bench(scenario)
    off = bench.world(Arm("off", (without(*gone, brand="lumo"),)))
    return bench.world(Arm("full")), off, list(scenario.touchpoints)


def test_without_a_place_nothing_is_sold_shown_or_visited_there() -> None:
    full, off, names = coffee_world("store", "app", "event")
    for name in ("store", "app", "event"):
        t = names.index(name)
        assert full.history.touch[8:, 0, t].any()
        assert not off.history.touch[8:, 0, t, :4].any(), "no impressions, reach, clicks, searches"
        there = [k for k, o in enumerate(full.market.offers) if (o.brand, o.touchpoint) == ("lumo", name)]
        assert not off.history.offer[8:, there][:, :, :7].any(), "no orders, no money"
        assert name == "event" or full.history.offer[8:, there][:, :, 0].sum() > 0
    rivals = [k for k, o in enumerate(full.market.offers) if (o.brand, o.touchpoint) == ("terra", "store")]
    assert off.history.offer[8:, rivals][:, :, 0].sum() > full.history.offer[8:, rivals][:, :, 0].sum()
    # Only the event's fixed cost can be avoided.
    fixed = full.history.fixed[8:, 0].sum(axis=0) - off.history.fixed[8:, 0].sum(axis=0)
    assert fixed[names.index("event")] == full.history.fixed[8:, 0, names.index("event")].sum() > 0
    assert fixed.sum() == fixed[names.index("event")]
    assert (off.history.touch[:8] == full.history.touch[:8]).all(), "the warm-up is common"
    assert (off.w.member[:, 0] <= full.w.member[:, 0]).all(), "fewer ways to join"


def test_without_messages_members_stay_and_organic_search_stays() -> None:
    full, off, names = coffee_world("community", "search", **{"brands.lumo.sells.community": {}})
    community, search = names.index("community"), names.index("search")
    assert not off.history.touch[8:, 0, community, :4].any()
    assert off.history.offer[8:, [o.place == "community" for o in off.market.offers], 0].sum() > 0, "selling stays"
    assert (off.w.member[:, 0]).sum() > 0.8 * full.w.member[:, 0].sum()
    assert not off.history.spend[8:, 0, search].any()
    assert 0 < off.history.touch[8:, 0, search, 3].sum() < full.history.touch[8:, 0, search, 3].sum()
    assert not off.history.fixed[8:, 0, community].any(), "avoidable"


def test_money_freed_goes_pro_rata_to_the_other_media() -> None:
    scenario = Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 100, "calendar.days": 20, "calendar.warmup": 5}
    )
    names = list(scenario.touchpoints)
    bench = Bench(scenario)
    full = bench.world(Arm("full")).history.plan[6, 0]
    moved = bench.world(Arm("x", (without("search", brand="lumo", reallocate=True),))).history.plan[6, 0]
    assert moved.sum() == full.sum() == 80_000
    assert moved[names.index("search")] == 0
    rest = [t for t in range(len(names)) if full[t] and names[t] != "search"]
    assert np.abs(moved[rest] - full[rest] * 80_000 / 68_000).max() <= 1
    half = bench.world(Arm("h", (scaled("social", 0.5, brand="lumo", start=3, days=4),))).history.plan[:, 0]
    social = half[:, names.index("social")]
    assert social.tolist() == [20_000] * 8 + [10_000] * 4 + [20_000] * 8


# --- direct, and carried by word of mouth ---------------------------------------------------------------------------

GRAPHS = {
    "two people": nx.DiGraph([(0, 1)]),
    "a directed path": nx.path_graph(9, create_using=nx.DiGraph),
    "a star": nx.star_graph(8),
    "a star seen from a leaf": nx.relabel_nodes(nx.star_graph(8), {0: 5, 5: 0}),
}


def of_segment(world: World, name: str) -> list[int]:
    return np.flatnonzero(world.population.segment == world.population.segments.index(name)).tolist()


def starts(graph: nx.Graph, sources: list[int]) -> dict[int, int]:
    """Day on which each consumer first buys: one tie a day from the nearest of those who know."""
    reached = nx.multi_source_dijkstra_path_length(graph, set(sources)) if sources else {}
    return {node: min(DAYS, reached.get(node, DAYS)) for node in graph}


def placed(graph: nx.Graph) -> tuple[Scenario, nx.Graph, list[int], list[int]]:
    """A scenario, the graph laid over it, and who uses which channel: alpha's user is on node 0, beta's on the last."""
    size = len(graph)
    shares = {"alpha_user": {"share": 0.3, "use": {"alpha": 1.0}}, "deaf": {"share": 0.4}}
    shares["beta_user"] = {"share": 0.3, "use": {"beta": 1.0}}
    layer = {"layers": {"friends": {"generator": {"kind": "erdos_renyi", "degree": 1.0}}}, "word_of_mouth": LOUD}
    for seed in range(2000):
        scenario = world_of(
            size, {"alpha": SURE, "beta": SURE}, seed=seed, social=layer, population={"size": size, "segments": shares}
        )
        world = World(scenario, graphs={"friends": nx.empty_graph(size)})
        alpha, beta = of_segment(world, "alpha_user"), of_segment(world, "beta_user")
        if len(alpha) == 1 and len(beta) == (size > 2):
            break
    # The graph is laid over the people so that the right ones stand at its ends.
    order = [*alpha, *(i for i in range(size) if i not in (*alpha, *beta)), *beta]
    mapping = dict(zip(sorted(graph), order, strict=True))
    laid = nx.relabel_nodes(graph, mapping)
    tidy = laid.__class__()
    tidy.add_nodes_from(range(size))
    tidy.add_edges_from(laid.edges)
    return scenario, tidy, alpha, beta


@pytest.mark.parametrize("name", GRAPHS)
def test_messages_carry_what_the_distance_says(name: str) -> None:
    """Buyers at distance k from those who know start on day k. Without channel alpha only beta's talk is there; with
    alpha but the talk of without it, alpha's users alone buy more."""
    scenario, graph, alpha, beta = placed(GRAPHS[name])
    bench = Bench(scenario, graphs={"friends": graph})
    off = Arm("without alpha", (without("alpha"),))
    y = {arm.label: bench.run(arm).value("orders", brand="lumo")
         for arm in (Arm("full"), off, Arm("talk of off", messages=off))}  # fmt: skip
    on, only_beta = starts(graph, [*alpha, *beta]), starts(graph, beta)
    mixed = {i: 0 if i in alpha else day for i, day in only_beta.items()}
    assert y["full"] == sum(DAYS - day for day in on.values())
    assert y["without alpha"] == sum(DAYS - day for day in only_beta.values())
    assert y["talk of off"] - y["without alpha"] == sum(only_beta[i] - mixed[i] for i in graph), "direct"
    carried = y["full"] - y["talk of off"]
    assert carried == sum(mixed[i] - on[i] for i in graph), "carried"
    # From leaf to leaf of a star, beta's talk is everywhere as early as alpha's.
    assert (carried > 0) == (name != "a star seen from a leaf")
    nothing = Bench(scenario.with_overrides({"social.word_of_mouth": None}), graphs={"friends": graph})
    assert nothing.run(Arm("full")).value("orders", brand="lumo") == DAYS * len(alpha + beta)


@pytest.mark.parametrize("rule", ["contact", "threshold"])
def test_adopters_carry_what_the_distance_says(rule: str) -> None:
    """A durable on a directed path, adopted with certainty once the one upstream has it: customers by day."""
    scenario, graph, alpha, _ = placed(GRAPHS["a directed path"])
    adoption = {"rule": rule, "p": 1.0, "q": 1.0, "innovation": "awareness", "adopt": "direct"}
    adoption |= {"phi": 0.5} if rule == "threshold" else {}
    data = scenario.to_dict()
    data["category"]["kind"], data["category"]["need"]["rate"] = "durable", 0.0
    data["brands"]["lumo"]["policy"]["plan"]["beta"] = 0.0
    data["social"]["word_of_mouth"] = adoption
    bench = Bench(Scenario.from_dict(data), graphs={"friends": graph})
    off = Arm("without alpha", (without("alpha"),))
    y = {arm.label: bench.run(arm) for arm in (Arm("full"), off, Arm("talk of off", messages=off))}
    assert {label: found.value("orders", brand="lumo") for label, found in y.items()} == {
        "full": DAYS, "without alpha": 0, "talk of off": len(alpha)
    }  # fmt: skip
    by_day = bench.world(Arm("full")).history.by_segment[:, 0].sum(axis=1)[:, 6]
    assert by_day.tolist() == [1] * DAYS
    assert y["full"].value("customers", brand="lumo") == sum(range(1, DAYS + 1)) / DAYS


# --- precision ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_common_random_numbers_take_nine_tenths_of_the_variance_away() -> None:
    """(Var Y1 + Var Y0) / Var(Y1 - Y0) of lumo's orders, search off; 287 with 2,000 consumers and 20 pairs."""
    coffee = Scenario.load("coffee_o2o").with_overrides({"population.size": 300, "calendar.days": 90})
    pairs = []
    for replicate in range(12):
        bench = Bench(coffee, replicate=replicate)
        arms = (Arm("full"), Arm("off", (without("search", brand="lumo"),)))
        pairs.append([bench.run(arm).value("orders", brand="lumo") for arm in arms])
    on, off = np.array(pairs).T
    reduction = (on.var(ddof=1) + off.var(ddof=1)) / (on - off).var(ddof=1)
    assert reduction >= 10
