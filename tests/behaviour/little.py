"""A little world with one mechanism at work, for tests of what one consumer does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario

STILL = {"awareness_decay": 0.0, "goodwill_decay": 0.0, "habit_decay": 0.0, "fatigue_decay": 0.0}
#: Everybody buys once a day, if anything can be bought.
EAGER = {"need": {"rate": 60.0, "most": 1}, "choice": {"intercept": 50.0, "price": 0.0}}
#: A brand that everybody knows and that is sold in shops only.
IN_SHOPS = {"lumo": {"initial": {"awareness": 1.0}}}
NOBODY = {"need": {"rate": 0.0}}


def little(size: int, days: int = 1, graphs: Any = None, category: Any = None, **parts: Any) -> World:
    """A world of `size` alike consumers around a web shop, where nothing is forgotten unless `category` says so."""
    data: dict[str, Any] = {
        "name": "little",
        "seed": 11,
        "calendar": {"days": days},
        "population": {"size": size},
        "touchpoints": {"site": {"kind": "own_site"}},
        "brands": {"lumo": {"initial": {"awareness": 1.0}, "sells": {"site": {}}}},
        **parts,
        "category": {"memory": STILL, **(NOBODY if category is None else category)},
    }
    return World(Scenario.from_dict(data), graphs=graphs)


def near(share: float, expected: float, n: int) -> bool:
    """Within 4 standard errors of a proportion."""
    return bool(abs(share - expected) <= 4 * math.sqrt(max(expected * (1 - expected), 1e-9) / n))


def figures(world: World, **where: str) -> Any:
    """A brand's sums over days, at the places that `where` names."""
    table = world.kpis()
    for key in ("touchpoint", "place", "segment", "region"):
        table = table[table[key] == where.get(key, "")]
    return table[table.brand == where.get("brand", "lumo")].sum(numeric_only=True)


def of(world: World, name: str, brand: int = 0) -> np.ndarray:
    """A consumer column of a brand as float64, shape (N,)."""
    return np.asarray(getattr(world.w, name)[:, brand], dtype=np.float64)
