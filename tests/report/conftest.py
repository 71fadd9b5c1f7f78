"""Results folders with made-up numbers in the shape of real ones, written by the real runner."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from agorasim.experiment.runner import run_replications
from agorasim.measures import metrics
from agorasim.scenario.schema import Scenario

KEYS = ("brand", "touchpoint", "place", "segment", "region")


def coffee(brands: int = 3, days: int = 60, shops: int = 3, **changes: Any) -> dict[str, Any]:
    """A scenario with a few touchpoints, shops and brands."""
    names = ["lumo", "rivo", "terra", *(f"brand{i}" for i in range(3, brands))][:brands]
    kinds = ["search", "social", "marketplace", "app", "store", "out_of_home"]
    data: dict[str, Any] = {
        "schema_version": 1,
        "name": "made_up",
        "description": "Which channels are worth their money?",
        "currency": {"code": "CNY"},
        "seed": 7,
        "calendar": {
            "start": "2026-01-15",
            "days": days,
            "warmup": days // 6,
            "cooldown": days // 12,
            "festivals": {"spring_festival": {"start": "2026-02-16", "days": 7, "need": 1.4}} if days > 30 else {},
        },
        "population": {"size": 1000},
        "touchpoints": {kind: {"kind": kind} for kind in kinds},
        "places": {
            f"shop_{name}_{i}": {"touchpoint": "store", "brand": name, "label": f"{name.title()} shop {i}"}
            for name in names
            for i in range(shops)
        },
        "brands": {
            name: {
                "label": name.title(),
                "budget": 500.0,
                "owns": {"app": 0.5},
                "sells": {"app": {}, "marketplace": {"commission": 0.1}},
            }
            for name in names
        },
    }
    return {**data, **changes}


def world(
    scenario: Scenario, seed: int, replicate: int, *, talk: bool = True, spend: bool = True
) -> dict[str, pa.Table]:
    """KPI rows of a world nobody lived in: smooth curves and noise, with the nulls and levels of the real table."""
    rng = np.random.default_rng([seed, replicate])
    days = scenario.calendar.days
    day = np.arange(days)
    rows: list[dict[str, Any]] = []
    people = scenario.population.size

    def add(values: dict[str, Any], **keys: str) -> None:
        full = {"replicate": replicate, **dict.fromkeys(KEYS, ""), **keys}
        columns = {k: np.broadcast_to(np.asarray(v), (days,)) for k, v in values.items()}
        rows.extend({**full, "day": int(d), **{k: v[d].item() for k, v in columns.items()}} for d in day)

    needs = rng.poisson(0.3 * people, days)
    add({"population": people, "needs": needs})
    bought = {}
    for b, name in enumerate(scenario.brands):
        aware = np.clip(0.2 + 0.4 * (1 - np.exp(-day / 30)) + 0.05 * b + 0.01 * rng.normal(), 0, 1)
        orders = rng.poisson(0.06 * people / (b + 1) * (1 + 0.2 * np.sin(day / 3.5)))
        lost = rng.poisson(2.0 * (b == 0), days)
        money = np.round(rng.gamma(4, 20, days), 2) * spend
        shops = [k for k, p in scenario.places.items() if p.brand == name]
        split = {p: orders // (i + 2) for i, p in enumerate([*shops, *scenario.brands[name].sells])}
        word = (0.2 * orders).astype(int) if talk else None
        said = {
            "recommendations": word, "complaints": word // (3 - min(b, 1)), "heard_good": word * 2, "heard_bad": word,
        } if word is not None else {}  # fmt: skip
        bought[name] = int(orders.sum())
        add(
            {
                "spend": money, "planned_spend": money * 1.1, "impressions": orders * 40, "reach": orders * 10,
                "clicks": orders, "orders": orders, "lost_orders": lost, "revenue": orders * 19.5,
                "new_customers": orders // 5, "customers": np.minimum(np.cumsum(orders // 5), people * 4 // 5),
                "awareness": aware, "goodwill": aware / 3, "considered": orders * 2,
                "contribution": orders * 9.5, "profit": orders * 9.5 - money - 300.0 * (b == 2), "experiences": orders,
                "satisfaction_sum": orders * 4 - orders // 5, **said,
            },
            brand=name,
        )  # fmt: skip
        for t, (point, touchpoint) in enumerate(scenario.touchpoints.items()):
            paid = touchpoint.kind in ("search", "social", "short_video", "out_of_home")
            seen = orders * 3 ** (t % 4)
            clicks = {} if touchpoint.kind in ("store", "out_of_home") else {"clicks": seen // 50}
            searched = {"searches": orders} if touchpoint.kind == "search" else {}
            add(
                {"spend": money / (t + 3) * paid, "impressions": seen, "reach": seen // 3, **clicks, **searched},
                brand=name, touchpoint=point,
            )  # fmt: skip
        for place, sold in split.items():
            add({"orders": sold, "lost_orders": lost // 2, "revenue": sold * 19.5}, brand=name, place=place)
    tables = {"kpis": _kpis(rows)}
    if replicate == 0:
        tables |= _graph(rng, list(scenario.brands), min(people, 300))
    return tables


def _kpis(rows: list[dict[str, Any]]) -> pa.Table:
    names = ["replicate", "day", *KEYS, *(m.name for m in metrics.recorded(()))]
    return pa.table({name: [row.get(name) for row in rows] for name in names if any(name in row for row in rows)})


def _graph(rng: np.random.Generator, brands: list[str], n: int) -> dict[str, pa.Table]:
    ends = rng.integers(0, n, (2, 3 * n))
    keep = np.abs(ends[0] - ends[1]) < n // 5
    network = {
        "node": pa.array(range(n), pa.int32()),
        "degree": pa.array(np.bincount(ends.ravel(), minlength=n), pa.int32()),
        "segment": ["everyone"] * n,
        "brand": [["", *brands][i % (len(brands) + 1)] for i in range(n)],
        "first_day": pa.array([i % 9 - 1 for i in range(n)], pa.int32()),
        "x": rng.normal(size=n),
        "y": rng.normal(size=n),
    }
    edges = {
        "source": pa.array(ends[0][keep], pa.int32()),
        "target": pa.array(ends[1][keep], pa.int32()),
        "layer": ["friends"] * int(keep.sum()),
    }
    return {"network": pa.table(network), "network_edges": pa.table(edges)}


@pytest.fixture(scope="session")
def make_results(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a results folder: scenario data, replications, options of `world`; runs may fail or stop."""

    def make(
        data: dict[str, Any] | None = None,
        replications: int = 8,
        graph: bool = True,
        failing: tuple[int, ...] = (),
        interrupt: int | None = None,
        **options: Any,
    ) -> Path:
        scenario = Scenario.model_validate_json(json.dumps(data or coffee()))
        folder = tmp_path_factory.mktemp("results")

        def worker(scenario: Scenario, seed: int, replicate: int) -> dict[str, pa.Table]:
            if replicate == interrupt:
                raise KeyboardInterrupt
            if replicate in failing:
                raise RuntimeError("this world ends")
            tables = world(scenario, seed, replicate, **options)
            return tables if graph else {"kpis": tables["kpis"]}

        run_replications(scenario, replications=replications, out=folder, progress=False, worker=worker)
        return folder

    return make


@pytest.fixture(scope="session")
def scenario_data() -> Callable[..., dict[str, Any]]:
    """The made-up scenario as data, to be changed."""
    return coffee


class Fetches(HTMLParser):
    """What a browser would go and get."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "object", "embed", "base", "svg"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "srcset", "href") and not str(value).startswith(("data:image/png;base64,", "#")):
                self.found.append(f"{name}={value}")


def is_self_contained(text: str) -> bool:
    parser = Fetches()
    parser.feed(text)
    css = text.split("<style>")[1].split("</style>")[0]
    return not parser.found and "url(" not in css and "@import" not in css


@pytest.fixture(scope="session")
def self_contained() -> Callable[[str], bool]:
    """Whether a page fetches nothing and runs nothing."""
    return is_self_contained


@pytest.fixture(scope="session")
def kit() -> Any:
    """The builder of experiments' folders, effect_folders.py beside this file."""
    place = importlib.util.spec_from_file_location("effect_folders", Path(__file__).with_name("effect_folders.py"))
    assert place is not None and place.loader is not None
    module = importlib.util.module_from_spec(place)
    sys.modules[place.name] = module
    place.loader.exec_module(module)
    return module
