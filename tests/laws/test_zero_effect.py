"""What changes nothing changes nothing, to the bit: zero-effect interventions, and mechanisms switched off."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc
import pytest
from generated import KINDS, differing, finished, generated, kpis

NUMBERS = (9, 32, 7)  # messages in a repeat category, durables by need and at once
Data = dict[str, Any]


def with_everything(number: int) -> Data:
    """A generated scenario in which nobody reacts to rivals and no extra mechanism is on."""
    data = generated(number, days=15)
    media = [name for name, t in data["touchpoints"].items() if KINDS[t["kind"]].buys_media]
    for brand in data["brands"].values():
        brand["policy"] = {"name": "fixed_plan", "plan": dict.fromkeys(media, 8.0)}
    data["category"]["memory"]["encoding_variability"] = 0.0
    return data


def first(name: str, value: Any, others: Data) -> Data:
    """A mapping with one more entry in front, so that every position moves."""
    return {name: value, **others}


def fewer_rows_equal(changed: Data, before: Data, key: str, value: str) -> None:
    """Apart from the newcomer's own rows, both worlds' tables are equal."""
    assert differing(kpis(finished(changed), without={key: value}), kpis(finished(before))) == []


# --- newcomers that nobody meets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", ["short_video", "search", "marketplace", "message"])
def test_a_touchpoint_without_spend_moves_nobody(number: int, kind: str) -> None:
    before = generated(number, days=15)
    changed = copy.deepcopy(before)
    changed["touchpoints"] = first("aside", {"kind": kind, "use": 1.0}, before["touchpoints"])
    for brand in changed["brands"].values():
        brand["organic_search"] = 0.0 if kind == "search" else brand["organic_search"]
    if kind == "search":
        before = {**before, "brands": changed["brands"]}
    fewer_rows_equal(changed, before, "touchpoint", "aside")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_brand_that_nobody_considers_moves_nobody(number: int) -> None:
    before = generated(number, days=15)
    before["social"].get("word_of_mouth", {})["adopt"] = "need"  # direct adoption considers every brand
    online = next(
        (n for n, t in before["touchpoints"].items() if KINDS[t["kind"]].sells and KINDS[t["kind"]].online), None
    )
    unknown = {"product": {"price": 1.0}, "sells": {online: {}} if online else {}}
    changed = {**before, "brands": first("nobody", unknown, before["brands"])}
    fewer_rows_equal(changed, before, "brand", "nobody")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_shop_that_never_opens_moves_nobody(number: int) -> None:
    before = generated(number, days=15)
    before["touchpoints"]["corner"] = {"kind": "store"}
    brand = next(iter(before["brands"]))
    before["places"]["kiosk"] = {"touchpoint": "corner", "brand": brand, "stock": 3, "restock_every": 2}
    shut = {"touchpoint": "corner", "brand": brand, "closed": list(range(7))}
    changed = {**before, "places": first("dark", shut, before["places"])}
    fewer_rows_equal(changed, before, "place", "dark")


@pytest.mark.parametrize("number", NUMBERS)
def test_the_order_of_brands_and_places_means_nothing(number: int) -> None:
    before = generated(number, days=15)
    changed = dict(before)
    for key in ("brands", "places"):
        changed[key] = dict(reversed(before[key].items()))
    assert differing(kpis(finished(changed)), kpis(finished(before))) == []


# --- mechanisms switched off ----------------------------------------------------------------------------------------


def talks(data: Data, **settings: Any) -> Data:
    data["category"]["kind"] = "repeat"
    data["social"]["layers"] = {"friends": {"generator": {"kind": "watts_strogatz", "degree": 4, "rewire": 0.1}}}
    data["social"]["word_of_mouth"] = {"rule": "cascade", "recommend": 0.5, "complain": 0.5, **settings}
    return data


def silent(data: Data, *, layers: bool = True) -> Data:
    talks(data)["social"].pop("word_of_mouth")
    return data if layers else {k: v for k, v in data.items() if k != "social"}


def durable(data: Data, **social: Any) -> Data:
    data["category"]["kind"] = "durable"
    data["social"] = {"layers": {"all": {"generator": {"kind": "complete"}}}, **social}
    return data


def edit(data: Data, part: str, **values: Any) -> Data:
    """Set values in a part ("calendar"), or in all its entries ("touchpoints."); None takes the key out."""
    owner = data
    *path, last = part.split(".")
    for key in path:
        owner = owner.setdefault(key, {})
    for one in list(owner.values()) if last == "" else [owner.setdefault(last, {})]:
        for key, value in values.items():
            if value is None:
                one.pop(key, None)
            else:
                one[key] = value
    return data


def spending(data: Data, **settings: Any) -> Data:
    for brand in data["brands"].values():
        brand["policy"] |= settings
    return data


SAID = ("recommendations", "complaints")
OFF: dict[str, tuple[Callable[[Data], Data], Callable[[Data], Data], tuple[str, ...]]] = {
    "nobody listens": (lambda d: talks(d, transmit=0.0), silent, SAID),
    "nobody talks": (lambda d: talks(d, recommend=0.0, complain=0.0), silent, ()),
    "messages mean nothing": (
        lambda d: talks(d, awareness=0.0, good=0.0, bad=0.0), silent, (*SAID, "heard_good", "heard_bad"),
    ),
    "ties that carry nothing": (silent, lambda d: silent(d, layers=False), ()),
    "word of mouth is null": (
        lambda d: {**silent(d), "social": {**d["social"], "word_of_mouth": None}}, silent, (),
    ),
    "hazard of nothing": (
        lambda d: durable(d, word_of_mouth={"rule": "hazard", "p": 0.0, "q": 0.0}), durable, (),
    ),
    "contact of nothing": (
        lambda d: durable(d, word_of_mouth={"rule": "contact", "p": 0.0, "q": 0.0, "adopt": "direct"}), durable, (),
    ),
    "ordinary days": (
        lambda d: edit(d, "calendar", weekday=[1.0] * 7, seasons={"all": {"start": "01-01", "end": "12-31"}},
                       festivals={"none": {"start": "2026-01-28", "days": 3}}),
        lambda d: edit(d, "calendar", weekday=None, seasons=None, festivals=None), (),
    ),
    "no encoding variability": (
        lambda d: edit(d, "category.memory", encoding_variability=0.0),
        lambda d: edit(d, "category.memory", encoding_variability=None), (),
    ),
    "no spread of use": (
        lambda d: edit(d, "touchpoints.", spread=0.0), lambda d: edit(d, "touchpoints.", spread=None), (),
    ),
    "no variation of price sensitivity": (
        lambda d: edit(d, "population.segments.", price_sensitivity_cv=0.0),
        lambda d: edit(d, "population.segments.", price_sensitivity_cv=None), (),
    ),
    "fatigue that recovers overnight, without irritation": (
        lambda d: edit(edit(d, "touchpoints.", irritation=0.0), "category.memory", fatigue_decay=0.0),
        lambda d: edit(edit(d, "touchpoints.", irritation=0.0), "category.memory", fatigue_decay=1.0), (),
    ),
    "a promotion of nothing": (
        lambda d: spending(d, promotions=[{"start": "2026-01-28", "days": 5, "discount": 0.0}]), lambda d: d, (),
    ),
    "a flight without a pause within the run": (
        lambda d: spending(d, flight={"on": 1000, "off": 1}), lambda d: d, (),
    ),
    "stock and room beyond all demand": (
        lambda d: edit(edit(d, "places.", stock=10**6, capacity=10**6), "category.experience", stockout=1.0),
        lambda d: edit(edit(d, "places.", stock=None, capacity=None), "category.experience", stockout=1.0),
        ("stock",),
    ),
    "a promotion signal that nobody sees": (
        lambda d: edit(d, "category.choice", promotion=3.0), lambda d: edit(d, "category.choice", promotion=0.0), (),
    ),
    "events with room for all": (
        lambda d: edit(d, "touchpoints.gala", kind="event", use=0.5, capacity=1e9),
        lambda d: edit(d, "touchpoints.gala", kind="event", use=0.5), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("switch", OFF)
def test_a_mechanism_switched_off_equals_its_absence(switch: str) -> None:
    off, absent, drop = OFF[switch]
    for number in NUMBERS[:2]:
        with_it, without_it = (finished(change(with_everything(number))) for change in (off, absent))
        assert differing(kpis(with_it, drop=drop), kpis(without_it, drop=drop)) == []


def test_a_mechanism_that_is_absent_has_no_columns() -> None:
    assert len(finished(silent(with_everything(3))).w.says) == 0
    assert len(finished(talks(with_everything(3))).w.says) > 0


# --- interventions of zero effect -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("model", ["cpm", "cpc"])
def test_advertising_that_does_nothing_only_costs(number: int, model: str) -> None:
    """Impressions without effect change their own touchpoint's rows, and what their brand met and paid."""
    before = with_everything(number)
    idle = {"kind": "tv", "use": 0.7, "awareness": 0.0, "goodwill": 0.0, "irritation": 0.0, "click_rate": 0.0}
    before["touchpoints"] = first("idle", {**idle, "cost": {"model": model, "price": 3.0}}, before["touchpoints"])
    changed = copy.deepcopy(before)
    brand = next(iter(changed["brands"]))
    changed["brands"][brand]["policy"]["plan"]["idle"] = 7.5
    a, b = kpis(finished(before)), kpis(finished(changed))
    paid = ("spend", "planned_spend", "impressions", "reach", "profit")
    assert set(differing(a, b)) == (set(paid) if model == "cpm" else {"planned_spend"})
    own = pc.equal(a["brand"], brand)
    assert differing(a.filter(pc.invert(own)), b.filter(pc.invert(own))) == []
    elsewhere = pc.and_(own, pc.and_(pc.not_equal(a["touchpoint"], "idle"), pc.not_equal(a["touchpoint"], "")))
    assert differing(a.filter(elsewhere), b.filter(elsewhere)) == []
