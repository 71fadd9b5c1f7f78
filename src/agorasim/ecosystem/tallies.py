"""What mechanisms counted, as figures of the KPI table: by brand, touchpoint, segment or place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.measures.mechanisms import ACCOUNTS
from agorasim.measures.metrics import BY_NAME

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.measures.metric import Level

Array = NDArray[Any]
#: Breakdowns that a mechanism's metric may have, the first that it has is how it is counted.
BREAKDOWNS: Final[tuple[Level, ...]] = ("place", "touchpoint", "segment")


def by_brand(world: World, days: slice) -> dict[str, Array]:
    """Each metric of mechanisms that exists for brands, (days, B): int64, or float64 for real-valued ones.

    Additive metrics of a breakdown are summed over it, others averaged. Money is in minor units.
    """
    out: dict[str, Array] = {}
    owner = world.market.table["brand"]
    brands = len(world.scenario.brands)
    for name, tally in world.history.extra.items():
        metric = BY_NAME[name]
        if "brand" not in metric.levels:
            continue
        part = tally[days]
        if "place" in metric.levels:
            parts = [part[:, owner == b] for b in range(brands)]
            value = np.stack([p.sum(axis=1) if metric.additive else _mean(p) for p in parts], axis=1)
        elif part.ndim == 2:
            value = part
        else:
            value = part.sum(axis=2) if metric.additive else part.mean(axis=2)
        out[name] = value / c.FIXED if metric.fixed else value
    for k, account in enumerate(ACCOUNTS if world.mechanisms else ()):
        out[f"cost_{account}"] = world.history.costs[days, :, k]
    return out


def by_level(world: World, level: Level, days: slice) -> dict[str, Array]:
    """Each metric of mechanisms that is counted by touchpoint (days, B, T), segment (days, B, S) or place (days, O)."""
    out: dict[str, Array] = {}
    for name, tally in world.history.extra.items():
        metric = BY_NAME[name]
        if next((k for k in BREAKDOWNS if k in metric.levels), None) == level:
            out[name] = tally[days] / c.FIXED if metric.fixed else tally[days]
    return out


def _mean(part: Array) -> NDArray[np.float64]:
    return part.mean(axis=1) if part.shape[1] else np.zeros(len(part))
