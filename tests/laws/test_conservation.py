"""Nothing appears from nowhere: money, goods, people and messages over 200 generated worlds."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from generated import KINDS, RULES, generated, world

from agorasim.ecosystem import World
from agorasim.measures.metrics import BY_NAME, recorded

SCENARIOS = 200
LEVELS = ("touchpoint", "place", "segment", "region")


@lru_cache(maxsize=4096)
def whole(amount: float, units: int) -> int:
    """An amount as it is written in whole minor units, ties to the even one."""
    return int((Decimal(repr(float(amount))) * units).quantize(Decimal(1), ROUND_HALF_EVEN))


class Diary:
    """A finished world, its KPI table, and what was posted and on the shelves each morning."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.world = w = world(data)
        self.scenario = w.scenario
        self.bought_before = w.w.bought.copy()
        self.prices: list[list[float]] = []
        self.discounts: list[list[float]] = []
        while not w.finished:
            w.step()
            self.prices.append(list(w.strategies.price))
            self.discounts.append(list(w.strategies.discount))
            self.in_range(w)
        self.units = self.scenario.currency.minor_units
        self.table = w.kpis().astype(dict.fromkeys(("brand", *LEVELS), object))  # compares faster than Arrow's text
        self.recorded = [metric for metric in recorded() if metric.name in self.table.columns]
        self.of = {level: self.rows(level) for level in ("category", "brand", *LEVELS)}

    def in_range(self, w: World) -> None:
        """Probabilities are probabilities, goodwill lies in [-1, 1], stock is there, at the end of every day."""
        for state in ("awareness", "habit", "fatigue"):
            values = getattr(w.w, state)
            assert values.min() >= 0.0, state
            assert values.max() <= 1.0, state
        assert np.abs(w.w.goodwill).max() <= 1.0
        assert np.isfinite(w.w.expectation).all()
        limited = np.array([o.stock is not None for o in w.market.offers], dtype=bool)
        stock = w.market.stock[w.market.pool]
        assert (stock[limited] >= 0).all()
        shared = np.isin(w.market.pool, w.market.pool[limited])
        assert (stock[~shared] == -1).all()

    def rows(self, level: str) -> pd.DataFrame:
        """The rows of one kind."""
        t = self.table
        keyed = {key: t[key] != "" for key in LEVELS}
        if level == "category":
            return t[t.brand == ""]
        wanted = t.brand != ""
        for key in LEVELS:
            wanted &= keyed[key] if key == level else ~keyed[key]
        return t[wanted]

    def minor(self, amounts: Any) -> Any:
        """Amounts as whole minor units; fails when they are not."""
        exact = np.asarray(amounts, dtype=np.float64) * self.units
        whole = np.rint(exact)
        assert np.abs(exact - whole).max(initial=0.0) < 1e-6, "money is not whole minor units"
        return whole.astype(np.int64)


def check_cells(d: Diary) -> None:
    """A metric stands exactly where the dictionary says; breakdowns of additive ones sum to the whole."""
    names = [metric.name for metric in d.recorded]
    assert not np.isinf(d.table[names].to_numpy(dtype=float)).any()
    for level, rows in d.of.items():
        there = dict(zip(names, rows[names].notna().mean(), strict=True))
        for metric in d.recorded:
            if rows.empty:
                continue
            if level not in metric.levels or (level != "category" and "category" in metric.levels):
                assert there[metric.name] == 0, (level, metric.name)
            elif metric.name in ("awareness", "goodwill", "habit"):
                assert there[metric.name] > 0, (level, metric.name)  # none of an empty segment
            elif metric.name != "stock":
                assert there[metric.name] == 1, (level, metric.name)
    brands = {name: b for b, name in enumerate(d.scenario.brands)}

    def sums(level: str, columns: list[str]) -> Any:
        """Integer sums by day and brand, money in minor units."""
        rows = d.of[level]
        scale = [d.units if BY_NAME[name].money else 2**20 if BY_NAME[name].fixed else 1 for name in columns]
        amounts = rows[columns].to_numpy(dtype=float) * scale
        assert np.abs(amounts - np.rint(amounts)).max(initial=0.0) < 1e-6, "not whole units"
        out = np.zeros((d.world.days.count, len(brands), len(columns)), dtype=np.int64)
        np.add.at(out, (rows.day, rows.brand.map(brands).astype(int)), np.rint(amounts).astype(np.int64))
        return out

    for level in LEVELS:
        # Reach of segments and regions adds up as well, as each person is in one of them.
        add = [m.name for m in d.recorded if {level, "brand"} <= set(m.levels)
               and (m.additive or (m.name == "reach" and level in ("segment", "region")))]  # fmt: skip
        assert np.array_equal(sums(level, add), sums("brand", add)), level
    category = d.of["category"]
    total = category[(category.segment == "") & (category.region == "")].set_index("day")
    for level in ("segment", "region"):
        parts = category[category[level] != ""].groupby("day")[["population", "needs"]].sum()
        assert (parts == total[["population", "needs"]]).all().all()
    assert (total["population"] == d.world.size).all()


def check_spend(d: Diary) -> None:
    """Spend <= plan <= budget; no media in the cool-down; what is delivered is paid unless the plan is used up."""
    rows = d.of["touchpoint"]
    spend, plan = d.minor(rows.spend), d.minor(rows.planned_spend)
    assert ((spend >= 0) & (spend <= plan)).all()
    budgets = {name: d.minor(brand.budget) for name, brand in d.scenario.brands.items()}
    brand = d.of["brand"]
    # Each touchpoint's part of the budget is rounded to a minor unit.
    slack = (len(d.scenario.touchpoints) + 1) // 2
    assert (d.minor(brand.planned_spend) <= brand.brand.map(budgets).astype(int) + slack).all()
    assert (plan[rows.day >= d.scenario.calendar.days - d.scenario.calendar.cooldown] == 0).all()
    festival = d.world.days.media_price[rows.day]
    for name, touchpoint in d.scenario.touchpoints.items():
        here = (rows.touchpoint == name).to_numpy()
        if not KINDS[touchpoint.kind].buys_media:
            assert (plan[here] == 0).all()
        elif not KINDS[touchpoint.kind].on_need:
            # What people meet of their own accord is not charged.
            here = here & ~np.array([name in d.scenario.brands[b].owns for b in rows.brand], dtype=bool)
            per_unit, units = touchpoint.cost.price * d.units, rows.clicks[here].to_numpy(dtype=float)
            if touchpoint.cost.model == "cpm":
                per_unit, units = per_unit / 1000, rows.impressions[here].to_numpy(dtype=float)
            # Pressure can only raise the posted price.
            owed = units * per_unit * festival[here]
            assert ((spend[here] == plan[here]) | (spend[here] >= owed - 0.5 - 1e-6)).all()


def check_sales(d: Diary) -> None:
    """Revenue is orders x posted price; costs follow the terms of each place; profit ties to its parts."""
    rows = d.of["place"].set_index(["brand", "place"])
    brands = list(d.scenario.brands)
    for offer in d.world.market.offers:
        here = rows.loc[[(offer.brand, offer.place)]]
        brand = d.scenario.brands[offer.brand]
        b = brands.index(offer.brand)
        terms: Any = brand.sells.get(offer.place) or d.scenario.places[offer.place]
        fee = getattr(terms, "delivery_fee", 0.0)
        at = here.day.to_numpy()
        prices, discounts = np.array(d.prices)[at, b], np.array(d.discounts)[at, b]
        due = [(whole(p * terms.price_factor * (1.0 - off), d.units), whole(p * terms.price_factor, d.units))
               for p, off in zip(prices, discounts, strict=True)]  # fmt: skip
        paid, listed = np.array(due).T + whole(fee, d.units)
        orders = here.orders.to_numpy(dtype=int)
        assert np.array_equal(d.minor(here.revenue), orders * paid)
        assert np.array_equal(d.minor(here.discounts), orders * (listed - paid))
        assert (listed >= paid).all()
        for cost, each in (("cost_of_goods", brand.product.unit_cost), ("fulfilment_cost", None)):
            each = getattr(terms, "delivery_cost", 0.0) if each is None else each
            assert np.array_equal(d.minor(here[cost]), here.orders * whole(each, d.units))
        exact = d.minor(here.revenue) * (getattr(terms, "commission", 0.0) or 0.0)
        assert (np.abs(d.minor(here.commission) - exact) <= 0.5 + 1e-6).all()
        check_shelf(d, offer, here, terms)
    m = {name: d.minor(d.of["brand"][name]) for name in (
        "revenue", "cost_of_goods", "fulfilment_cost", "commission", "contribution", "spend", "fixed_cost", "profit",
    )}  # fmt: skip
    parts = m["revenue"] - m["cost_of_goods"] - m["fulfilment_cost"] - m["commission"]
    assert np.array_equal(m["contribution"], parts)
    assert np.array_equal(m["profit"], parts - m["spend"] - m["fixed_cost"])
    for t in d.of["touchpoint"].itertuples():
        fixed = d.scenario.brands[t.brand].fixed_costs.get(t.touchpoint, 0.0)
        assert abs(t.fixed_cost - fixed) * d.units <= 0.5 + 1e-6


def check_shelf(d: Diary, offer: Any, here: pd.DataFrame, terms: Any) -> None:
    """Stock = what was there + deliveries - orders; orders within stock and capacity; nothing sold when closed."""
    orders, lost = here.orders.to_numpy(dtype=int), here.lost_orders.to_numpy(dtype=int)
    shut = np.isin(d.world.days.weekdays[: len(orders)], list(getattr(terms, "closed", [])))
    assert not orders[shut].any()
    assert not lost[shut].any()
    room = np.full(len(orders), np.iinfo(np.int64).max)
    if terms.stock is None:
        assert here.stock.isna().all()
    else:
        shelf = terms.stock
        for day in range(len(orders)):
            if day and day % terms.restock_every == 0:
                shelf = terms.stock
            room[day] = shelf
            shelf -= orders[day]
            assert here.stock.iloc[day] == shelf >= 0
    if getattr(terms, "capacity", None) is not None:
        room = np.minimum(room, terms.capacity)
    assert (orders <= room).all()
    assert (orders[lost > 0] == room[lost > 0]).all(), "refused although there was room"


def check_funnel(d: Diary) -> None:
    """Each step of the funnel is at most the one before it."""
    needs = d.of["category"].set_index(["day", "segment", "region"]).needs
    sizes = d.of["category"].set_index(["day", "segment", "region"]).population
    for level in ("brand", "segment", "region"):
        rows = d.of[level]
        at = pd.MultiIndex.from_frame(rows[["day", "segment", "region"]])
        needed, people = needs.reindex(at).to_numpy(dtype=int), sizes.reindex(at).to_numpy(dtype=int)
        assert (rows.reach <= people).all()
        assert (rows.customers <= people).all()
        assert (rows.considered <= needed).all()
        assert (rows.orders + rows.lost_orders <= rows.considered).all()
        assert (rows.new_customers <= rows.orders).all()
        assert (rows.satisfaction_sum >= rows.experiences).all()
        assert (rows.satisfaction_sum <= 5 * rows.experiences).all()
        for state, low in (("awareness", 0.0), ("habit", 0.0), ("goodwill", -1.0)):
            assert (rows[state].isna() | rows[state].between(low, 1.0)).all()
        answered = (rows.orders + rows.lost_orders).groupby([rows.day, rows.segment, rows.region]).sum()
        assert (answered <= needs.reindex(answered.index)).all()
    touch, brand = d.of["touchpoint"], d.of["brand"]
    for rows in (touch, brand):
        assert (rows.clicks <= rows.impressions).all()
        assert (rows.reach <= rows.impressions).all()
        assert (rows.searches <= rows.impressions).all()
    assert (touch.searches.to_numpy(dtype=int) <= needs.loc[:, "", ""].reindex(touch.day).to_numpy(dtype=int)).all()
    met, everybody = touch.groupby(["day", "brand"]).reach, brand.set_index(["day", "brand"]).reach
    assert (met.max() <= everybody).all()
    assert (everybody <= met.sum()).all()


def check_people(d: Diary) -> None:
    """Customers, experiences and messages follow from what happened before."""
    w, columns = d.world, d.world.w
    ties = sum(int(g.degree().max()) for g in w.graphs.values() if not g.complete)
    for b, name in enumerate(d.scenario.brands):
        rows = d.of["brand"][d.of["brand"].brand == name]
        orders, new = rows.orders.to_numpy(dtype=int), rows.new_customers.to_numpy(dtype=int)
        assert columns.bought[:, b].sum() - d.bought_before[:, b].sum() == orders.sum()
        assert np.array_equal(rows.customers, (d.bought_before[:, b] > 0).sum() + new.cumsum())
        assert (columns.first_day[:, b] >= 0).sum() == new.sum()
        assert (rows.experiences.cumsum().to_numpy() <= orders.cumsum()).all()
        assert (np.diff(rows.members) >= 0).all()
        for said, heard in (("recommendations", "heard_good"), ("complaints", "heard_bad")):
            told = np.concatenate([[0], rows[said].to_numpy(dtype=int)[:-1]])
            assert (rows[heard].to_numpy(dtype=int) <= told * ties).all()
    if d.scenario.category.kind == "durable":
        assert (columns.bought.sum(axis=1) <= np.maximum(d.bought_before.sum(axis=1), 1)).all()
        assert np.array_equal(w.w.owner > 0, columns.bought.sum(axis=1) > 0)
        assert (d.of["brand"].new_customers == d.of["brand"].orders).all()


def test_laws_hold_in_generated_worlds() -> None:
    for number in range(SCENARIOS):
        diary = Diary(generated(number))
        for law in (check_cells, check_spend, check_sales, check_funnel, check_people):
            try:
                law(diary)
            except AssertionError as broken:
                pytest.fail(f"scenario {number}, {law.__name__}: {broken}")


def test_generated_scenarios_use_everything() -> None:
    """A law that is never put to use proves nothing."""
    all_data = [generated(number) for number in range(SCENARIOS)]
    touchpoints = [t for data in all_data for t in data["touchpoints"].values()]
    brands = [b for data in all_data for b in data["brands"].values()]
    layers = [layer for data in all_data for layer in data["social"]["layers"].values()]
    assert {t["kind"] for t in touchpoints} == set(KINDS)
    assert {t["cost"]["model"] for t in touchpoints if "cost" in t} == {"cpm", "cpc"}
    generators = {layer["generator"]["kind"] for layer in layers}
    assert len(generators) == 7, generators
    rules = [data["social"].get("word_of_mouth", {"rule": None, "adopt": None}) for data in all_data]
    assert {(r["rule"], r["adopt"]) for r in rules} >= {(r, a) for r in RULES[1:] for a in ("need", "direct")}
    assert {b["policy"]["name"] for b in brands} == {"fixed_plan", "reallocate_by_roi", "match_share_of_voice"}
    assert {data["category"]["kind"] for data in all_data} == {"repeat", "durable"}
    assert {data["currency"]["minor_units"] for data in all_data} == {1, 100, 1000}
