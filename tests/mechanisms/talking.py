"""Worlds of the scenarios about talk and over-marketing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from agorasim.behaviour.columns import BY_ORDERS
from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms"
NAMES = ("reviews", "referral", "crisis", "word_of_mouth", "homophily", "over_marketing")


def data(name: str) -> dict[str, Any]:
    """The scenario as plain data, to be changed."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def world(name: str, replicate: int = 0, **overrides: Any) -> World:
    """A world of a scenario with values at paths (`__` for `.`) replaced."""
    dotted = {path.replace("__", "."): value for path, value in overrides.items()}
    return World(Scenario.from_dict(data(name)).with_overrides(dotted), replicate=replicate)


def orders(done: World) -> Any:
    """Orders served by brand, over all days, (B,)."""
    return done.history.by_segment[:, :, :, BY_ORDERS].sum(axis=(0, 2))
