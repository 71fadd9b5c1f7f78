"""The funnel and the log of touches: what flows where, carts, paths to purchase; counting moves nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agorasim import Ecosystem, Scenario
from agorasim.behaviour import columns as c
from agorasim.ecosystem import World
from agorasim.ecosystem.records import LOST, ORDERS
from agorasim.errors import InputError
from agorasim.report.journeys import flows, purchase_paths

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms" / "funnel.yaml"
SMALL = {"population.size": 300, "calendar.days": 25, "calendar.warmup": 0}


def scenario(**overrides: Any) -> Scenario:
    return Scenario.load(FILE).with_overrides({**SMALL, **{k.replace("__", "."): v for k, v in overrides.items()}})


@cache
def finished() -> World:
    return World(scenario()).run()


def total(world: World, metric: str) -> np.ndarray:
    return world.history.extra[metric].sum(axis=0)


def test_counting_moves_nothing() -> None:
    counted = World(scenario(data__funnel={}, data__journeys={"share": 0.3})).run()
    plain = World(scenario(data__funnel=None, data__journeys=None)).run()
    for name in (*c.BOND, *c.TRADE):
        assert np.array_equal(getattr(counted.w, name), getattr(plain.w, name)), name
    assert np.array_equal(counted.history.offer, plain.history.offer)
    assert np.array_equal(counted.history.touch, plain.history.touch)


def test_every_cart_is_ordered_refused_or_abandoned_and_nothing_grows_down_the_funnel() -> None:
    world = finished()
    book = world.history.offer.sum(axis=0)
    carts, abandoned = total(world, "carts"), total(world, "abandoned_carts")
    assert np.array_equal(carts, book[:, ORDERS] + book[:, LOST] + abandoned)
    assert abandoned.sum() > 0 and total(world, "recovered_carts").sum() > 0
    assert (total(world, "recovered_carts") <= total(world, "returned_needs")).all()
    visits, touch = total(world, "visits"), world.history.touch.sum(axis=0)
    assert (touch[:, :, c.AT_CLICKS] <= touch[:, :, c.AT_IMPRESSIONS]).all()
    for metric in ("bounces", "carting_visits", "inquiries", "visitors"):
        assert (total(world, metric) <= visits).all(), metric
    assert (visits <= total(world, "page_views")).all() and total(world, "bounces").sum() > 0


def test_the_whole_log_adds_up_to_the_kpis() -> None:
    world = finished()
    log = world.tables()["journeys"].to_pandas()
    kpis = world.kpis()
    counts = log.groupby(["event", "brand", "touchpoint"])["count"].sum()
    points = kpis[(kpis["brand"] != "") & (kpis["touchpoint"] != "")].groupby(["brand", "touchpoint"])
    for event, metric in (
        ("impression", "impressions"), ("click", "clicks"), ("search", "searches"),
    ):  # fmt: skip
        for at, value in points[metric].sum().items():
            assert counts.get((event, *at), 0) == value, (event, at)
    counts = log[log["place"] != ""].groupby(["event", "brand", "place"])["count"].sum()
    places = kpis[kpis["place"] != ""].groupby(["brand", "place"])
    for event, metric in (("order", "orders"), ("lost_order", "lost_orders")):
        for at, value in places[metric].sum().items():
            assert counts.get((event, *at), 0) == value, (event, at)
    assert (
        log[log["event"] == "visit"]["count"].sum() + log[log["event"] == "click"]["count"].sum()
        == total(world, "visits").sum()
    )


def test_a_smaller_log_is_a_part_of_a_larger_and_a_full_one_stays_whole() -> None:
    def rows(**overrides: Any) -> pd.DataFrame:
        return World(scenario(**overrides)).run().tables()["journeys"].to_pandas()

    whole = finished().tables()["journeys"].to_pandas()
    part = rows(data__journeys={"share": 0.3})
    full = rows(data__journeys={"share": 1.0, "most": 2000})
    assert 0 < len(full) <= 2000
    for log in (part, full):
        same = whole[whole["consumer"].isin(log["consumer"].unique())].reset_index(drop=True)
        pd.testing.assert_frame_equal(log, same)
    assert 60 < part["consumer"].nunique() < 120
    unseen = whole[~whole["seen"]]["consumer"].unique()
    consent = finished().w.consent
    assert (consent[unseen] == 0).all() and (consent[whole[whole["seen"]]["consumer"].unique()] == 1).all()


def test_drivers_and_continued_copies_agree() -> None:
    fast, slow = Ecosystem(scenario()), Ecosystem(scenario(), driver="agents")
    fast.run(12)
    copied = fast.copy()
    fast.run()
    slow.run()
    copied.run()
    assert fast.world.digest() == slow.world.digest() == copied.world.digest()
    logs = [e.world.tables()["journeys"] for e in (fast, slow, copied)]
    assert logs[0].equals(logs[1]) and logs[0].equals(logs[2])


def test_known_limits() -> None:
    sure = World(scenario(data__funnel={"bounce": 0.0, "pages": 2.0, "dwell_spread": 0.0, "dwell": 10.0})).run()
    online = total(sure, "dwell_seconds") > 0
    assert total(sure, "bounces").sum() == 0
    assert np.array_equal(total(sure, "page_views")[online], 2 * total(sure, "visits")[online])
    assert np.array_equal(total(sure, "dwell_seconds")[online], 20 * total(sure, "visits")[online])
    lost = World(scenario(data__funnel={"carts": {"places": {"site": 1.0, "rivo_shop": 1.0}, "unprompted": 0.0}})).run()
    assert lost.history.offer[:, :, ORDERS].sum() == 0 and total(lost, "returned_needs").sum() == 0
    kept = World(scenario(data__funnel={"carts": {"price": 0.0, "wait": 0.0, "distraction": 0.0}})).run()
    assert total(kept, "abandoned_carts").sum() == 0


def test_paths_to_purchase() -> None:
    rows = [
        (0, 1, 7, "search", "click", 1), (0, 1, 7, "search", "search", 1), (0, 2, 7, "", "heard_good", 2),
        (0, 3, 7, "site", "visit", 1), (0, 3, 7, "site", "order", 1), (0, 3, 8, "site", "order", 2),
        (0, 9, 7, "site", "order", 1), (1, 3, 7, "site", "order", 1),
    ]  # fmt: skip
    log = pd.DataFrame(rows, columns=["replicate", "day", "consumer", "touchpoint", "event", "count"])
    found = purchase_paths(log, window=3)
    assert found == {("search", "", "site"): 1, (): 4}
    assert flows(found) == {(None, "search"): 1, ("search", ""): 1, ("", "site"): 1, ("site", None): 1, (None, None): 4}
    assert purchase_paths(log, window=2)[("", "site")] == 1


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("data.funnel", {"touchpoints": {"sites": {}}}, r"data\.funnel\.touchpoints\.sites: .*'site'"),
        ("data.funnel", {"carts": {"places": {"rivo_shops": 0.1}}}, r"carts\.places\.rivo_shops: .*'rivo_shop'"),
        ("data.funnel", {"carts": {"recover": {"search": 0.1}}}, "cannot remind anybody"),
        ("data.funnel", {"bounce": 1.0}, r"data\.funnel\.bounce: .*0\.99"),
        ("data.journeys", {"part": 0.1}, r"data\.journeys\.part"),
    ],
)
def test_mistakes_are_told(path: str, value: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Scenario.load(FILE).with_overrides({path: value})
