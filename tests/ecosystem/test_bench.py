"""Worlds of a bench: equal to worlds run alone, bit for bit, and their totals equal to the sums of their KPI table."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import numpy as np
import pytest

from agorasim import Policy, Scenario
from agorasim.brands.action import BrandAction
from agorasim.brands.registry import register
from agorasim.brands.view import BrandView
from agorasim.ecosystem import World
from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.bench import Bench
from agorasim.ecosystem.interventions import Change, scaled, shifted, with_policy, without
from agorasim.ecosystem.periods import COUNTED, END, Totals, period_of
from agorasim.ecosystem.script import Script
from agorasim.errors import InputError
from agorasim.measures.metrics import BY_NAME

SMALL = {"population.size": 250, "calendar.days": 45, "calendar.warmup": 10, "calendar.cooldown": 8}
FULL = Arm("full")


@pytest.fixture(scope="module")
def coffee() -> Scenario:
    return Scenario.load("coffee_o2o").with_overrides(SMALL)


@pytest.fixture(scope="module")
def bench(coffee: Scenario) -> Bench:
    return Bench(coffee, seed=5, periods="week")


@pytest.fixture(scope="module")
def durable() -> Scenario:
    return Scenario.load("durable_launch").with_overrides({**SMALL, "social.word_of_mouth.p": 0.02})


# --- worlds ---------------------------------------------------------------------------------------------------------


def test_a_bench_runs_the_world_itself(coffee: Scenario, bench: Bench) -> None:
    assert bench.world(FULL).digest() == World(coffee, seed=5).run().digest()
    assert bench.world(Arm("again", decisions="react")).digest() == World(coffee, seed=5).run().digest()


@pytest.mark.parametrize(
    "arm",
    [
        Arm("search", (without("search", brand="lumo"),)),
        Arm("shops and all", (without("store", "app", "marketplace", "event"),), decisions="react"),
        Arm("window", (without("store", "content", brand="terra", start=5, days=9),)),
        Arm("policy", (with_policy("match_share_of_voice", brand="rivo", every=3, mix={"search": 1.0}),)),
        Arm("later", (shifted("social", 4), scaled("community", 2.5, brand="lumo"))),
        Arm("earlier", (shifted("social", -4),), decisions="held"),
        Arm("other talk", (without("store"),), messages=FULL),
    ],
    ids=lambda arm: arm.label,
)
def test_branching_equals_running_from_the_first_day(coffee: Scenario, bench: Bench, arm: Arm) -> None:
    branched = bench.world(arm)
    alone = World(coffee, seed=5)
    held = bench._held() if arm.decisions == "held" else None
    messages = bench._finished(FULL, False).messages if arm.messages else None
    alone.script = Script(alone, arm.changes, held=held, messages=messages)
    assert alone.run().digest() == branched.digest()
    assert branched.digest() != bench.world(FULL).digest()


@pytest.mark.parametrize("name", ["coffee_o2o", "durable_launch"])
@pytest.mark.parametrize("decisions", ["held", "react"])
def test_what_changes_nothing_changes_nothing(name: str, decisions: str) -> None:
    scenario = Scenario.load(name).with_overrides({**SMALL, "calendar.warmup": 0})
    bench = Bench(scenario)
    full = bench.world(FULL).digest()
    media = next(n for n, t in scenario.touchpoints.items() if t.kind == "search")
    unused = next(iter(scenario.brands))
    plain = [
        (Change(),),
        (scaled(media, 1.0), shifted(media, 0)),
        (scaled(next(n for n, t in scenario.touchpoints.items() if t.kind != "search"), 1.0, brand=unused),),
    ]
    for changes in plain:
        assert bench.world(Arm("nothing", changes, decisions=decisions)).digest() == full
    if name == "coffee_o2o":  # terra neither spends there nor is there
        none = without("search", "app", "community", "marketplace", "short_video", brand="terra")
        assert bench.world(Arm("nothing", (none,), decisions=decisions)).digest() == full


def test_own_messages_replayed_are_the_world(coffee: Scenario, bench: Bench, durable: Scenario) -> None:
    off = (without("store", brand="lumo"),)
    assert bench.world(Arm("a", off, messages=Arm("b", off))).digest() == bench.world(Arm("off", off)).digest()
    for rule in ("contact", "hazard", "threshold"):
        for generator in ({"kind": "watts_strogatz", "degree": 4, "rewire": 0.1}, {"kind": "complete"}):
            changes = {"social.word_of_mouth.rule": rule, "social.layers.friends.generator": generator}
            other = Bench(durable.with_overrides(changes))
            full = other.world(FULL)
            assert other.world(Arm("again", messages=FULL)).digest() == full.digest()
            silent = other.world(Arm("less", (without(*_media(durable)),), messages=FULL))
            assert (silent.w.adopted_ties == full.w.adopted_ties).all()
            assert silent.w.params["adopters"] == full.w.params["adopters"]


def _media(scenario: Scenario) -> list[str]:
    return [n for n, t in scenario.touchpoints.items() if t.kind in ("search", "short_video", "tv", "social")]


def test_graphs_handed_in_and_worlds_without_talk(coffee: Scenario) -> None:
    ring = nx.cycle_graph(90)
    bench = Bench(coffee, graphs={"friends": ring})
    assert bench.world(FULL).digest() == World(coffee, graphs={"friends": ring}).run().digest()
    assert bench.world(Arm("off", (without("store"),))).size == 90
    quiet = Bench(coffee.with_overrides({"social.word_of_mouth": None}))
    off = Arm("off", (without("store", brand="lumo"),))
    carried = quiet.run(FULL).values - quiet.run(Arm("on, talk of off", messages=off)).values
    assert np.nanmax(np.abs(carried)) == 0.0


def test_a_copy_follows_the_script_on(coffee: Scenario, bench: Bench) -> None:
    import pickle

    world = World(coffee, seed=5)
    world.script = Script(world, (shifted("search", 3), without("store", start=8, days=20)))
    world.run(22)
    copied, pickled = world.copy().run(), pickle.loads(pickle.dumps(world)).run()
    assert copied.digest() == pickled.digest() == world.run().digest()


# --- decisions ------------------------------------------------------------------------------------------------------


@register
class Watcher(Policy):
    """Follows clicks, and remembers what it saw."""

    name = "test_watcher"
    description = "For tests."
    seen: list[tuple[Any, ...]] = []

    def decide(self, view: BrandView) -> BrandAction:
        self.seen.append((view.day, view.media, view.owned, view.budget, view.price, float(view.spend["search"].sum())))
        return BrandAction({"search": view.budget / 2, "social": 0.0 if view.reported_days % 2 else 10.0})


def test_held_brands_repeat_and_reacting_ones_decide_on_their_own_reports(coffee: Scenario) -> None:
    scenario = coffee.with_overrides({"brands.lumo.policy": {"name": "test_watcher", "every": 2}})
    bench = Bench(scenario)
    off = (without("search", brand="lumo"),)
    full = bench.world(FULL)
    watched, Watcher.seen[:] = list(Watcher.seen), []
    held = bench.world(Arm("held", off))
    assert not Watcher.seen, "held brands are not asked"
    assert (held.history.plan[:, 1:] == full.history.plan[:, 1:]).all()
    react = bench.world(Arm("react", off, decisions="react"))
    # The same questions on the same days, in the same words; only their own spend tells what happened.
    days = [row for row in watched if row[0] >= 10]
    assert [row[:5] for row in Watcher.seen] == [row[:5] for row in days]
    assert Watcher.seen[-1][5] < watched[-1][5]
    lumo, search = 0, bench._held().touchpoints.index("search")
    assert react.history.plan[:10, lumo, search].all()
    assert not react.history.plan[10:, lumo, search].any()
    roi = list(scenario.brands).index("rivo")
    assert bench.world(Arm("rival", (without("search", brand="rivo"),))).history.plan[10:, roi].any()


def test_a_policy_of_its_own_decides_from_the_end_of_warm_up(coffee: Scenario) -> None:
    alone = coffee.with_overrides({"calendar.warmup": 0})
    plan = {"name": "fixed_plan", "every": 1, "plan": {"search": 77.0}}
    override = World(alone.with_overrides({"brands.lumo.policy": plan})).run()
    change = with_policy("fixed_plan", brand="lumo", every=1, plan={"search": 77.0})
    assert Bench(alone).world(Arm("policy", (change,), decisions="react")).digest() == override.digest()
    late = Bench(coffee).world(Arm("policy", (change,)))
    names = list(coffee.touchpoints)
    assert (late.history.plan[10:37, 0, names.index("search")] == 7700).all()
    assert late.history.plan[:10, 0, names.index("social")].all()
    assert not late.history.plan[10:, 0, names.index("social")].any()


def test_overrides_run_from_the_first_day(coffee: Scenario) -> None:
    bench = Bench(coffee)
    dear = (("category.need.rate", 0.4),)
    react = bench.world(Arm("needy", overrides=dear, decisions="react"))
    assert react.digest() == World(coffee.with_overrides(dict(dear))).run().digest()
    held = bench.world(Arm("needy", overrides=dear))
    assert (held.history.plan == bench.world(FULL).history.plan).all()
    # What an override says about a brand's own decisions is not drowned by the tape.
    price = bench.world(Arm("dear", overrides=(("brands.lumo.product.price", 25.0),)))
    assert {float(row["list_price"]) for row in price.market.table if row["brand"] == 0} >= {2500.0}
    with pytest.raises(InputError, match="another calendar"):
        bench.world(Arm("long", overrides=(("calendar.days", 50),)))
    with pytest.raises(InputError, match="cannot replay the messages"):
        bench.world(Arm("small", overrides=(("population.size", 100),), messages=FULL))


# --- totals ---------------------------------------------------------------------------------------------------------


def by_hand(world: World, found: Totals, period: str) -> None:
    """Every row of a period against sums of the KPI table."""
    table = world.kpis()
    table = table[table.day >= world.days.warmup] if period != END else table[table.day == world.days.count - 1]
    if period not in (COUNTED, END):
        unit = period.split()[0] if " " in period else "month"
        table = table[[period_of(world, unit, day) == period for day in table.day]]
    keys = ["brand", "touchpoint", "place", "segment", "region"]
    groups = dict(list(table.groupby(keys)))
    rows = [row for row in found.rows if row.period == period]
    assert rows
    for row in rows:
        group = groups[tuple(row[1:])]
        for metric, value in zip(found.metrics, found.values[found.rows.index(row)], strict=True):
            if metric not in group:  # of a mechanism that is off
                assert np.isnan(value)
                continue
            known, figures = BY_NAME[metric], group[metric]
            if figures.isna().all() or (period == END and known.kind == "flow"):
                assert np.isnan(value)
            else:
                summed = known.kind == "flow" and known.additive
                expected = figures.sum() if summed else figures.astype(float).mean()
                assert value == pytest.approx(expected, rel=1e-11, abs=1e-9), (row, metric)


def test_totals_are_the_sums_of_the_kpi_table(coffee: Scenario) -> None:
    bench = Bench(coffee, periods="week,month,day")
    arm = Arm("off", (without("store", brand="lumo"),), detail=True)
    found, world = bench.run(arm), bench.world(arm)
    assert list(found.rows) == sorted(set(found.rows))
    assert {row.period for row in found.rows} >= {COUNTED, END, "week 00", "week 04", "day 034", "2026-03"}
    for period in (COUNTED, END, "week 00", "week 04", "2026-04", "day 007"):
        by_hand(world, found, period)
    kinds = {tuple(bool(part) for part in row[1:]) for row in found.rows if row.period == COUNTED}
    assert len(kinds) == 8
    assert found.value("orders", brand="lumo") == world.history.by_segment[10:, 0, :, 6].sum()
    plain = Bench(coffee, periods=COUNTED).run(Arm("off", (without("store", brand="lumo"),)))
    assert not any(row.touchpoint or row.place for row in plain.rows)
    assert {row.period for row in plain.rows} == {COUNTED, END}


def test_bad_requests_are_said(coffee: Scenario) -> None:
    with pytest.raises(InputError, match="week"):
        Bench(coffee, periods="weak")
    with pytest.raises(InputError, match="did you mean 'search'"):
        Bench(coffee).run(Arm("x", (without("serch"),)))
    with pytest.raises(InputError, match="decides day by day"):
        Bench(coffee).run(Arm("x", (shifted("search", -2), with_policy("fixed_plan", brand="rivo"))))
    with pytest.raises(InputError, match="finished world"):
        from agorasim.ecosystem.periods import totals

        totals(World(coffee))


def test_kept_worlds_do_not_grow_without_end(coffee: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    from agorasim.ecosystem import bench as module

    bench = Bench(coffee.with_overrides({"population.size": 60, "calendar.days": 24}))
    expected = json.dumps(bench.run(FULL).values.tolist())
    monkeypatch.setattr(module, "KEEP", 60_000)
    for k in range(12):
        bench.run(Arm(f"arm {k}", (scaled("search", 0.1 * k),)))
    assert sum(kept.nbytes for kept in bench._kept.values()) <= 60_000
    assert json.dumps(bench.run(FULL).values.tolist()) == expected


def test_meetings_drawn_once_are_those_that_every_world_would_draw(coffee: Scenario) -> None:
    """Worlds that read an agenda equal worlds that draw for themselves, bit for bit, also with other plans."""
    bench = Bench(coffee, replicate=1)
    arms = [FULL, Arm("less", (without("social", brand="lumo"),)), Arm("more", (scaled("social", 1.7),))]
    shared = [bench.world(arm).digest() for arm in arms]
    warm = bench._warmed()
    assert warm.agenda is not None
    assert warm.agenda.entries > 0
    warm.agenda = None
    warm.w.put(agenda_row=np.empty(0, dtype=np.int64))
    assert [bench.world(arm).digest() for arm in arms] == shared
