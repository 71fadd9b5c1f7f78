"""A life story is read off the very world that a run simulates."""

from __future__ import annotations

import pandas as pd
import pytest

from agorasim import Scenario
from agorasim.ecosystem import World
from agorasim.ecosystem.trace import Watched, trace, watch
from agorasim.errors import InputError

DAYS = 40
SCENARIOS = {
    "coffee_o2o": {"population.size": 12, "calendar.days": DAYS, "calendar.warmup": 0, "category.need.rate": 0.6,
                   "social.word_of_mouth.recommend": 1.0, "social.word_of_mouth.transmit": 0.6,
                   "places.lumo_square.capacity": 1, "touchpoints.store.join": 0.3},
    "durable_launch": {"population.size": 12, "calendar.days": DAYS, "calendar.cooldown": 0,
                       "social.word_of_mouth.p": 0.1, "social.word_of_mouth.innovation": "constant"},
}  # fmt: skip


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return Scenario.load(request.param).with_overrides(SCENARIOS[request.param])


@pytest.fixture(scope="module")
def lives(scenario: Scenario) -> list[Watched]:
    return [watch(scenario, consumer, seed=8) for consumer in range(12)]


def test_watching_changes_nothing(scenario: Scenario, lives: list[Watched]) -> None:
    digest = World(scenario, seed=8).run().digest()
    assert all(world.digest() == digest for world in lives)


def test_lives_add_up_to_the_kpi_table(scenario: Scenario, lives: list[Watched]) -> None:
    """Every impression, click, search, need, order, refusal and word of the tables is in somebody's story."""
    frame = lives[0].kpis().fillna(0.0)
    keys = frame[["touchpoint", "place", "segment", "region"]]
    whole = frame[(keys == "").all(axis=1)]
    days = [day for world in lives for day in world.life]
    assert whole[whole["brand"] == ""]["needs"].sum() == sum(day.needs for day in days)
    for brand in scenario.brands:
        row = whole[whole["brand"] == brand].sum(numeric_only=True)
        met = [m for day in days for m in day.met if m.brand == brand]
        found = [f for day in days for f in day.found if f.brand == brand]
        bought = [p for day in days for p in day.purchases if p.brand == brand]
        assert row["impressions"] == sum(m.impressions for m in met) + len(found)
        assert row["clicks"] == sum(m.clicked for m in met) + sum(f.clicked for f in found)
        assert row["searches"] == len(found)
        assert row["considered"] == sum(brand in p.considered for day in days for p in day.purchases)
        assert row["orders"] == sum(p.served for p in bought)
        assert row["lost_orders"] == sum(not p.served for p in bought)
        assert row["revenue"] == pytest.approx(sum(p.price for p in bought if p.served))
        received = [r for day in days for r in day.received if r.brand == brand]
        assert row["experiences"] == len(received)
        assert row["satisfaction_sum"] == sum(r.score for r in received)
        heard = [h for day in days for h in day.heard if h[0] == brand]
        assert row["heard_good"] == sum(good for _, good, _ in heard)
        assert row["heard_bad"] == sum(bad for _, _, bad in heard)
        last = whole[(whole["brand"] == brand) & (whole["day"] == DAYS - 1)].iloc[0]
        states = [s for world in lives for s in world.life[-1].states if s.brand == brand]
        assert last["awareness"] == pytest.approx(sum(s.awareness for s in states) / 12, abs=1e-6)
        joined = sum(brand in day.joined for day in days)
        assert last["members"] == sum(s.member for world in lives for s in world.start if s.brand == brand) + joined
    _each_touchpoint(frame, days)


def _each_touchpoint(frame: pd.DataFrame, days: list) -> None:
    for (brand, where), rows in frame[frame["touchpoint"] != ""].groupby(["brand", "touchpoint"]):
        met = sum(m.impressions for day in days for m in day.met if (m.brand, m.touchpoint) == (brand, where))
        met += sum((f.brand, f.touchpoint) == (brand, where) for day in days for f in day.found)
        assert rows["impressions"].sum() == met, (brand, where)


def test_the_story_tells_what_happened(scenario: Scenario, lives: list[Watched]) -> None:
    told = [trace(scenario, world.consumer, seed=8) for world in lives]
    for world, story in zip(lives, told, strict=True):
        lines = story.splitlines()
        assert lines[0].startswith(f"Consumer {world.consumer} of {scenario.name}")
        assert sum("will recommend" in line or "will complain" in line for line in lines) == sum(
            len(day.says) for day in world.life
        )
        assert sum(": chose " in line for line in lines) == sum(bool(p.brand) for d in world.life for p in d.purchases)
        eventful = sum(not day.quiet for day in world.life)
        assert sum(line.startswith("day") and ": quiet" not in line for line in lines) == eventful
        assert sum("-- end of" in line for line in lines) == 2
    assert any("was refused" in story for story in told) == any(
        not p.served and p.brand for world in lives for day in world.life for p in day.purchases
    )


def test_seed_and_replicate_choose_the_world(scenario: Scenario) -> None:
    assert trace(scenario, 3, seed=8) == trace(scenario, 3, seed=8)
    assert trace(scenario, 3, seed=8, replicate=1).splitlines()[1:] != trace(scenario, 3, seed=8).splitlines()[1:]


@pytest.mark.parametrize("consumer", [-1, 12, 1.5, True])
def test_no_such_consumer(scenario: Scenario, consumer: object) -> None:
    with pytest.raises(InputError, match="0 to 11"):
        trace(scenario, consumer)  # type: ignore[arg-type]
