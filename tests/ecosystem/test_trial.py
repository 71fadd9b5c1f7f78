"""An experiment inside a world: its two ends are known worlds, and it moves nobody but through what it tests."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agorasim import Scenario
from agorasim.behaviour import columns as c
from agorasim.ecosystem import World
from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.bench import Bench
from agorasim.ecosystem.clusters import clusters_of, ties_of
from agorasim.ecosystem.interventions import without
from agorasim.ecosystem.periods import Totals
from agorasim.ecosystem.trial import TrialSpec, pivotal, start_trial, treated_regions
from agorasim.ecosystem.trial_totals import APART_ROWS, BEFORE_ROWS, UNIT_ROWS
from agorasim.errors import InputError

SMALL = {"population.size": 300, "calendar.days": 42, "calendar.warmup": 12, "calendar.cooldown": 6}
FULL = Arm("full")
#: Media, presence with ads, presence with members, messages, and search.
CHANNELS = (("social",), ("marketplace",), ("store", "app"), ("community",), ("search", "event"))


@pytest.fixture(scope="module")
def coffee() -> Scenario:
    return Scenario.load("coffee_o2o").with_overrides(SMALL)


@pytest.fixture(scope="module")
def bench(coffee: Scenario) -> Bench:
    return Bench(coffee, seed=5)


@pytest.fixture(scope="module")
def alone() -> Bench:
    """Nobody talks and nothing is scarce: people do not meet each other in any way."""
    scenario = Scenario.load("coffee_o2o")
    scarce = {
        f"touchpoints.{name}.cost.inventory": None for name, t in scenario.touchpoints.items() if t.cost.inventory
    }
    stock = {f"places.{name}.{what}": None for name in scenario.places for what in ("stock", "capacity")}
    stock |= {
        f"brands.{b}.sells.{t}.stock": None for b, brand in scenario.brands.items() for t, s in brand.sells.items()
        if s.stock is not None
    }  # fmt: skip
    return Bench(scenario.with_overrides({**SMALL, **scarce, **stock, "social.word_of_mouth": None}), seed=5)


def trial(channels: tuple[str, ...], share: float = 0.5, unit: str = "person") -> Arm:
    return Arm("trial", trial=TrialSpec("lumo", channels, unit, share))


def off(channels: tuple[str, ...]) -> Arm:
    return Arm("off", (without(*channels, brand="lumo"),))


@pytest.mark.parametrize("channels", CHANNELS, ids="+".join)
def test_the_ends_are_the_full_world_and_the_world_without(bench: Bench, channels: tuple[str, ...]) -> None:
    full, none = bench.world(FULL), bench.world(off(channels))
    assert bench.world(trial(channels, 1.0)).digest() == full.digest()
    assert bench.world(trial(channels, 0.0)).digest() == none.digest()
    assert full.digest() != none.digest()


def lives(world: World, who: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """All that some consumers have become."""
    return {name: np.asarray(getattr(world.w, name))[who] for name in (*c.PERSON, *c.BOND, *c.TRADE)}


@pytest.mark.parametrize("channels", CHANNELS, ids="+".join)
@pytest.mark.parametrize("unit", ["person", "cluster", "region"])
def test_people_apart_live_as_in_one_of_the_two_worlds(alone: Bench, channels: tuple[str, ...], unit: str) -> None:
    """So that the difference between the two sides is exactly one of draws: a test there has no bias."""
    tested, full, none = (alone.world(arm) for arm in (trial(channels, unit=unit), FULL, off(channels)))
    assert tested.trial is not None
    treated = tested.trial.treated
    assert 0 < treated.sum() < len(treated)
    for other, who in ((full, treated), (none, ~treated)):
        mine, theirs = lives(tested, who), lives(other, who)
        for name in mine:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)


def test_the_untreated_meet_nothing_of_the_channel(coffee: Scenario, bench: Bench) -> None:
    """With one person treated, all that the channel does happens to that person."""
    world = bench._branch()
    spec = TrialSpec("lumo", ("marketplace",), share=0.0)
    start_trial(world, spec)
    treated = np.zeros(world.size, dtype=np.uint8)
    one = int(np.argmax(world.w.use[list(coffee.touchpoints).index("marketplace")]))
    treated[one] = 1
    world.w.put(treated=treated)
    b, t = list(coffee.brands).index("lumo"), list(coffee.touchpoints).index("marketplace")
    bit = np.uint32(1 << world.media.bits["marketplace"])
    offers = [k for k, o in enumerate(world.market.offers) if (o.brand, o.touchpoint) == ("lumo", "marketplace")]
    others = np.arange(world.size) != one
    met = 0
    while not world.finished:
        before = world.w.bought[:, b].copy()
        world.step()
        met += int(world.history.touch[world.day - 1, b, t, c.AT_REACH])
        assert world.history.touch[world.day - 1, b, t, c.AT_REACH] <= 1
        assert not (world.w.visited[others, b] & bit).any()
        assert world.w.at_offer[offers, c.OF_ORDERS].sum() <= world.w.bought[one, b] - before[one]
    assert met > 0


def test_who_is_treated_is_drawn_by_seed_and_replicate_alone(coffee: Scenario) -> None:
    def people(share: float, unit: str, seed: int = 5, replicate: int = 0) -> NDArray[np.bool_]:
        world = World(coffee, seed, replicate).run(12)
        return start_trial(world, TrialSpec("terra", ("store",), unit, share)).treated

    for unit in ("person", "cluster", "region"):
        half = people(0.5, unit)
        assert np.array_equal(half, people(0.5, unit))
        assert any(not np.array_equal(half, people(0.5, unit, replicate=k)) for k in (1, 2, 3))
    assert not (people(0.3, "person") & ~people(0.6, "person")).any()


def test_clusters_hold_most_ties_and_are_told_apart_by_ties_alone(coffee: Scenario) -> None:
    world = World(coffee, seed=5)
    cluster = clusters_of(world)
    low, high, strength = ties_of(world)
    inside = strength[cluster[low] == cluster[high]].sum() / strength.sum()
    apart = 1.0 / (cluster.max() + 1)
    assert inside > 0.5 > 3 * apart
    assert np.array_equal(cluster, clusters_of(World(coffee, seed=5)))
    first = [int(np.flatnonzero(cluster == k)[0]) for k in range(cluster.max() + 1)]
    assert first == sorted(first)


def test_units_are_chosen_with_equal_chances_and_balanced() -> None:
    rng = np.random.default_rng(1)
    for n, share in ((7, 0.5), (12, 0.5), (30, 0.2)):
        chosen = np.array([pivotal(share, rng.random(n)) for _ in range(4000)])
        np.testing.assert_allclose(chosen.mean(axis=0), share, atol=4.5 * np.sqrt(share * (1 - share) / 4000))
        assert set(chosen.sum(axis=1)) <= {int(np.floor(n * share)), int(np.ceil(n * share))}
    pairs = np.array([pivotal(0.5, rng.random(12)) for _ in range(50)]).reshape(50, 6, 2)
    assert (pairs.sum(axis=2) == 1).all()
    for share in (0.01, 0.99):
        assert all(0 < pivotal(share, rng.random(3)).sum() < 3 for _ in range(50))


def test_regions_can_be_named_and_their_order_is_of_no_account(coffee: Scenario) -> None:
    named = TrialSpec("lumo", ("social",), "region", regions=("campus",))
    assert treated_regions(named, coffee, 5, 0).tolist() == [False, True, False]
    turned = coffee.model_copy(deep=True)
    object.__setattr__(turned.population, "regions", dict(reversed(coffee.population.regions.items())))
    spec = TrialSpec("lumo", ("social",), "region")
    for replicate in range(8):
        assert (
            treated_regions(spec, turned, 5, replicate).tolist()
            == (treated_regions(spec, coffee, 5, replicate).tolist()[::-1])
        )


def test_units_sum_to_the_world(bench: Bench) -> None:
    def column(found: Totals, period: str, metric: str) -> list[float]:
        rows = [k for k, row in enumerate(found.rows) if row.period == period]
        return found.values[rows, found.metrics.index(metric)].tolist()  # type: ignore[no-any-return]

    full, none = (bench.run(arm).value("orders", brand="lumo") for arm in (FULL, off(("store",))))
    for unit in ("person", "cluster"):
        found = bench.run(trial(("store",), unit=unit))
        assert sum(column(found, UNIT_ROWS, "population")) == sum(column(found, APART_ROWS, "population")) == 300
        assert sum(column(found, UNIT_ROWS, "orders")) == found.value("orders", brand="lumo") > 0
    assert sum(column(bench.run(trial(("store",), 1.0)), APART_ROWS, "orders")) == full
    assert sum(column(bench.run(trial(("store",), 0.0)), APART_ROWS, "orders")) == none
    geo = bench.run(trial(("store",), unit="region"))
    before = [
        geo.value("orders", brand="lumo", period=BEFORE_ROWS, region=r) for r in bench.scenario.population.regions
    ]
    history = bench._warmed().history.by_region[:12, 0, :, c.BY_ORDERS]
    assert before == history.sum(axis=0).tolist()


def test_plain_data_and_back() -> None:
    arm = Arm("a", trial=TrialSpec("lumo", ("store", "app"), "region", 0.4, ("campus",)))
    assert arm.trial is not None
    assert arm.trial.channels == ("app", "store")
    assert Arm.from_spec(json.loads(json.dumps(arm.spec()))) == arm
    assert "trial" not in Arm("b").spec()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: TrialSpec("lumo", ()), "at least one channel"),
        (lambda: TrialSpec("lumo", ("search",), "people"), "'people'"),
        (lambda: TrialSpec("lumo", ("search",), share=1.2), "from 0 to 1"),
        (lambda: TrialSpec("lumo", ("search",), regions=("campus",)), "by region, not by person"),
        (lambda: TrialSpec("lumo", ("serch",)), "did you mean"),
        (lambda: TrialSpec("lumos", ("search",)), "did you mean"),
        (lambda: TrialSpec("lumo", ("search",), "region", regions=("campsu",)), "did you mean"),
        (lambda: TrialSpec("lumo", ("search",), "region", regions=("campus", "centre", "suburbs")), "every region"),
    ],
)
def test_wrong_trials_are_refused(bench: Bench, wrong: Any, says: str) -> None:
    with pytest.raises(InputError, match=f"(?i){says}"):
        bench.run(Arm("wrong", trial=wrong()))


def test_worlds_without_units_are_refused(coffee: Scenario) -> None:
    one = coffee.with_overrides({"calendar.warmup": 0})
    with pytest.raises(InputError, match="warmup must be at least 1"):
        Bench(one).run(trial(("store",), unit="region"))
    with pytest.raises(InputError, match="no social layers"):
        Bench(coffee.with_overrides({"social.layers": {}})).run(trial(("store",), unit="cluster"))
    with pytest.raises(InputError, match="end of warm-up"):
        start_trial(World(coffee), TrialSpec("lumo", ("store",)))
