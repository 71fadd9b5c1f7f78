"""Worlds that cost nothing and return the tables a real one would; each misbehaves in its own way."""

import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from agorasim.errors import ActionError
from agorasim.measures import metrics
from agorasim.scenario.schema import Scenario

DAYS, WARMUP = 12, 3
LEVELS = {
    "touchpoint": ("search", "store"),
    "place": ("app", "north"),
    "segment": ("old", "young"),
    "region": ("city",),
}


def scenario(**changes):
    data = {
        "schema_version": 1,
        "name": "cheap",
        "seed": 11,
        "calendar": {"days": DAYS, "warmup": WARMUP},
        "brands": {"rivo": {"budget": 5.0}, "lumo": {"budget": 7.0}},
    }
    return Scenario.model_validate({**data, **changes})


def rows(seed, replicate):
    """One row a day for each level, with numbers that follow from the address alone."""
    rng = np.random.default_rng([seed, replicate])
    groups = [("", "", ""), ("", "segment", "old"), ("", "segment", "young")]
    for brand in ("lumo", "rivo"):
        groups.append((brand, "", ""))
        groups += [(brand, level, name) for level, names in LEVELS.items() for name in names]
    for day in range(DAYS):
        for brand, level, name in groups:
            where = "category" if not brand and not level else level or "brand"
            row = {"replicate": replicate, "day": day, "brand": brand, **dict.fromkeys(LEVELS, "")}
            if level:
                row[level] = name
            for m in metrics.recorded(()):
                known = where in m.levels and (("category" in m.levels) == (brand == ""))
                real = m.money or m.unit in ("share", "index")
                drawn = int(rng.integers(1, 1000))
                row[m.name] = (drawn / 100 if real else drawn) if known else None
            yield row


def good(scenario, seed, replicate):
    made = list(rows(seed, replicate))
    names = list(made[0])
    # Columns and rows in no particular order: the store must not rely on either.
    table = pa.table({name: [row[name] for row in made[::-1]] for name in names[::-1]})
    out = {"kpis": table}
    if replicate == 0:
        whole = pa.int32()
        out["network"] = pa.table(
            {
                "node": pa.array([1, 0], whole), "degree": pa.array([1, 1], whole), "segment": ["old", "young"],
                "brand": ["lumo", ""], "first_day": pa.array([4, -1], whole), "x": [0.5, 1.0], "y": [0.0, 2.0],
            }
        )  # fmt: skip
        out["network_edges"] = pa.table(
            {"source": pa.array([0], whole), "target": pa.array([1], whole), "layer": ["friends"]}
        )
    return out


def backwards(scenario, seed, replicate):
    time.sleep(0.25 if replicate == 0 else 0.0)
    return good(scenario, seed, replicate)


def slow(scenario, seed, replicate):
    time.sleep(0.15)
    return good(scenario, seed, replicate)


def endless(scenario, seed, replicate):
    """Two replications come back; the others take for ever."""
    if replicate > 1:
        time.sleep(600)
    return good(scenario, seed, replicate)


def raising(scenario, seed, replicate):
    if replicate == 2:
        raise ZeroDivisionError("no consumers left")
    return good(scenario, seed, replicate)


def dying(scenario, seed, replicate):
    if replicate == 3:
        os._exit(9)
    return good(scenario, seed, replicate)


def dying_once(scenario, seed, replicate):
    flag = Path(scenario.description)
    if replicate == 3 and not flag.exists():
        flag.touch()
        os._exit(9)
    return good(scenario, seed, replicate)


def invalid(scenario, seed, replicate):
    raise ActionError("brand 'lumo', policy 'mine', day 2: unknown touchpoint 'tellyy'")
