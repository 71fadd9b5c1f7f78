"""The private domain: memberships are conserved, messages reach members only and are paid, members teach and leave."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agorasim import Ecosystem, Scenario
from agorasim.behaviour import columns as c
from agorasim.ecosystem import World
from agorasim.ecosystem.mechanisms.private_domain import SOURCES
from agorasim.errors import InputError
from agorasim.measures.mechanisms import ACCOUNTS

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms" / "private_domain.yaml"
SMALL = {"population.size": 400, "calendar.days": 30, "calendar.warmup": 0}
AT = "brands.lumo.private_domain"


def scenario(**overrides: Any) -> Scenario:
    return Scenario.load(FILE).with_overrides({**SMALL, **{k.replace("__", "."): v for k, v in overrides.items()}})


def run(within: dict[str, Any] | None = None, **overrides: Any) -> World:
    """A finished world; `within` are values beneath the private domain."""
    return World(scenario(**overrides).with_overrides({f"{AT}.{k}": v for k, v in (within or {}).items()})).run()


@cache
def finished() -> World:
    return run()


def total(world: World, metric: str) -> Any:
    return world.history.extra[metric].sum(axis=0)


def test_memberships_are_conserved_and_joins_have_a_source() -> None:
    world = finished()
    start = World(scenario())
    bits = {room.touch: room.bit for room in world.mechanism("private_domain").rooms[0]}
    for t, bit in bits.items():
        before, after = ((w.w.member[:, 0] & bit > 0).sum() for w in (start, world))
        gained = total(world, "joins")[0, t] - total(world, "leaves")[0, t]
        assert before + gained == after == world.history.extra["memberships"][-1, 0, t]
    assert total(world, "joins")[0].sum() == sum(total(world, f"joined_by_{source}")[0] for source in SOURCES)
    assert all(total(world, f"joined_by_{source}")[0] > 0 for source in ("purchase", "qr", "content"))
    members = world.history.levels_segment[-1, 0, :, c.MEMBERS].sum()
    awake, dormant = (world.history.extra[f"{name}_members"][-1, 0] for name in ("active", "dormant"))
    assert (world.w.member[:, 0] > 0).sum() == members == awake + dormant


def test_messages_reach_members_only_and_are_paid_for() -> None:
    world = finished()
    pushes = total(world, "pushes")[0]
    touch = world.history.touch.sum(axis=0)[0]
    names = list(world.scenario.touchpoints)
    for t in range(len(names)):
        messages = names[t] in ("community", "texts")
        assert pushes[t] == (touch[t, c.AT_IMPRESSIONS] if messages else 0), names[t]
    daily = np.rint(world.history.extra["pushes"][:, 0] * 2.0).sum()  # 0.02 a message, in minor units
    assert world.history.costs[:, 0, list(ACCOUNTS).index("service")].sum() == daily
    gifts = world.history.costs[:, 0, list(ACCOUNTS).index("rewards")].sum()
    assert gifts == 200 * total(world, "joins")[0].sum()
    nobody = run({"invite": 0.0}, brands__lumo__initial={"awareness": 0.3})
    assert total(nobody, "pushes").sum() == total(nobody, "joins").sum() == total(nobody, "private_orders").sum() == 0


def test_sales_to_members_are_parts_of_sales() -> None:
    world = finished()
    orders = world.history.offer[:, :, 0].sum(axis=0)
    owner, inside = world.market.table["brand"], world.w.offers["members"] > 0
    assert total(world, "private_orders")[0] == orders[(owner == 0) & inside].sum() > 0
    assert total(world, "private_revenue")[0] <= total(world, "member_revenue")[0]
    kpis = world.kpis()
    whole = kpis[(kpis["brand"] == "lumo") & (kpis["touchpoint"] == "") & (kpis["place"] == "")]
    whole = whole[(whole["segment"] == "") & (whole["region"] == "")]
    assert 0 < whole["private_revenue"].sum() < whole["member_revenue"].sum() < whole["revenue"].sum()


def test_members_teach_public_media_with_diminishing_returns() -> None:
    def gain(**insight: float) -> float:
        return float(run({"insight": insight}).history.extra["insight_gain"][-1, 0]) / c.FIXED

    none, one, sure = gain(gain=0.0), gain(gain=0.4, half=40.0), gain(gain=0.4, half=0.01)
    assert none == 0.0 < one < sure <= 0.4
    silent, taught = run({"insight": None}), run({"insight": {"gain": 1.0, "half": 5.0}})
    clicks = [w.history.touch.sum(axis=0)[0, 0, c.AT_CLICKS] for w in (silent, taught)]
    assert clicks[1] > 1.3 * clicks[0]
    null = run({"insight": {"gain": 0.0}})
    assert np.array_equal(null.w.awareness, silent.w.awareness) and null.digest() == silent.digest()


def test_what_nobody_consents_to_nobody_learns() -> None:
    segments = {f"population.segments.{name}.consent": 0.0 for name in ("young", "settled")}
    assert World(scenario().with_overrides(segments)).run().history.extra["insight_gain"].max() == 0


def test_fatigue_and_irrelevance_drive_members_away() -> None:
    calm = run({"unsubscribe": 0.01, "annoyance": 0.0})
    annoyed = run({"unsubscribe": 0.01, "annoyance": 50.0})
    assert 0 < total(calm, "leaves")[0].sum() < total(annoyed, "leaves")[0].sum()
    assert total(run({"unsubscribe": 0.0}), "leaves").sum() == 0
    gone = run({"unsubscribe": 1.0, "insight": None})
    last = gone.w.log[: gone.w.log_end[0]]
    texts = next(room for room in gone.mechanism("private_domain").rooms[0] if room.name == "texts")
    messaged = last["consumer"][(last["touch"] == texts.touch) & (last["event"] == c.LOG_IMPRESSION)]
    assert total(gone, "leaves")[0, texts.touch] > 0 and len(messaged) < total(gone, "leaves")[0, texts.touch]


def test_drivers_and_continued_copies_agree() -> None:
    fast, slow = Ecosystem(scenario()), Ecosystem(scenario(), driver="agents")
    fast.run(12)
    copied = fast.copy()
    fast.run()
    slow.run()
    copied.run()
    assert fast.world.digest() == slow.world.digest() == copied.world.digest()


@pytest.mark.parametrize(
    ("within", "message"),
    [
        ({"touchpoints": {"shops": {}}}, "has no members"),
        ({"touchpoints": {"comunity": {}}}, "did you mean 'community'"),
        ({"touchpoints": {"app": {"event": 0.1}, "community": {}}}, "no touchpoint is of kind 'event'"),
        ({"touchpoints": {"app": {}}}, r"initial\.members\.community: .*private_domain\.touchpoints"),
        ({"touchpoints": {"app": {"shop": 0.1}}}, r"touchpoints\.app\.shop"),
        ({"insight": {"half": 0.0}}, r"insight\.half: .*above 0"),
    ],
)
def test_mistakes_are_told(within: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Scenario.load(FILE).with_overrides({f"{AT}.{key}": value for key, value in within.items()})
