"""Worlds of the scenarios about people: segments, life stages, buying modes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agorasim.behaviour.columns import BY_ORDERS
from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms"


def scenario(name: str, **overrides: Any) -> Scenario:
    """A scenario with values at paths (`__` for `.`) replaced."""
    dotted = {path.replace("__", "."): value for path, value in overrides.items()}
    return Scenario.load(FOLDER / f"{name}.yaml").with_overrides(dotted)


def world(name: str, replicate: int = 0, **overrides: Any) -> World:
    """A world of a scenario."""
    return World(scenario(name, **overrides), replicate=replicate)


def orders(done: World) -> Any:
    """Orders served by brand, over all days, (B,)."""
    return done.history.by_segment[:, :, :, BY_ORDERS].sum(axis=(0, 2))
