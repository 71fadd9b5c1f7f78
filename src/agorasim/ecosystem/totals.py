"""One number of a world so far: what reporters and quick looks ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.ecosystem import records as r
from agorasim.ecosystem import tallies
from agorasim.ecosystem.tables import CELL_COUNTS, CELL_MEANS, TOUCH_COUNTS
from agorasim.errors import InputError, unknown
from agorasim.measures.metrics import BASE, BY_NAME

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

MECHANISM_METRICS: Final = frozenset(BY_NAME) - {m.name for m in BASE}
_BOOK = {
    "revenue": r.REVENUE, "discounts": r.DISCOUNTS, "cost_of_goods": r.GOODS, "fulfilment_cost": r.FULFILMENT,
    "commission": r.COMMISSION, "stock": r.STOCK,
}  # fmt: skip


def total(world: World, metric: str, brand: str | None = None) -> float:
    """A metric of a brand (of all brands when None) over the counted days so far; NaN before the first.

    Flows are summed (flows that cannot be added up over days are averaged), stocks are those of the last day, ratios
    are recomputed from their parts. InputError for unknown names, and for a mean state asked of all brands. Equals the
    same sum over the brand's rows of `World.kpis()`, without making the table.
    """
    if metric not in BY_NAME:
        raise InputError(unknown("metric", metric, BY_NAME))
    brands = list(world.scenario.brands)
    if brand is not None and brand not in brands:
        raise InputError(unknown("brand", brand, brands))
    entry = BY_NAME[metric]
    if entry.ratio is not None:
        top, bottom = (total(world, part, brand) for part in entry.ratio)
        return top / bottom if bottom else float("nan")
    of_category = "brand" not in entry.levels and "category" in entry.levels
    if brand is None and not of_category and len(brands) > 1 and not (entry.additive or entry.kind == "flow"):
        raise InputError(f"{metric} is a mean over consumers for each brand; name one of {', '.join(brands)}")
    last, first = world.history.days, world.days.warmup
    if last <= first:
        return float("nan")
    days = slice(last - 1 if entry.kind == "stock" else first, last)
    if metric in ("population", "needs"):
        daily = np.array([world.size]) if metric == "population" else world.history.needs_segment[days].sum(1)
    else:
        chosen = [brands.index(b) for b in (brands if brand is None else [brand])]
        daily = np.sum([_daily(world, metric, b, days) for b in chosen], axis=0)
    # Whole units are added up before they become fractions, so that the order of days leaves no trace.
    unit: int = world.scenario.currency.minor_units if entry.money else 1
    if metric in CELL_MEANS:
        unit = int(c.FIXED) * world.size
    if metric in MECHANISM_METRICS and not is_counted(world, metric):
        return float("nan")
    return float((daily.sum() if entry.additive or entry.kind == "stock" else daily.mean()) / unit)


def is_counted(world: World, metric: str) -> bool:
    """Whether the world has the mechanism that counts a metric, for brands."""
    of_cost = metric.startswith("cost_") and bool(world.mechanisms)
    return of_cost or (metric in world.history.extra and "brand" in BY_NAME[metric].levels)


_LEVELS = {"customers": c.CUSTOMERS, "members": c.MEMBERS}


def _daily(world: World, metric: str, b: int, days: slice) -> NDArray[Any]:
    """A recorded metric of one brand on some days as the world counts it, shape (days,)."""
    h = world.history
    if metric in _LEVELS:
        return np.asarray(h.levels_segment[days, b, :, _LEVELS[metric]].sum(axis=1))
    if metric in CELL_COUNTS:
        return np.asarray(h.by_segment[days, b, :, CELL_COUNTS[metric]].sum(axis=1))
    if metric in CELL_MEANS:
        return np.asarray(h.by_segment[days, b, :, CELL_MEANS[metric]].sum(axis=1))
    if metric in TOUCH_COUNTS:
        return np.asarray(h.touch[days, b, :, TOUCH_COUNTS[metric]].sum(axis=1))
    if metric in MECHANISM_METRICS:
        return np.asarray(tallies.by_brand(world, days)[metric][:, b])
    media = {"spend": h.spend, "planned_spend": h.plan, "fixed_cost": h.fixed}
    if metric in media:
        return np.asarray(media[metric][days, b].sum(axis=1))
    book = h.offer[days][:, world.market.table["brand"] == b]
    if metric == "stock":
        return np.asarray(np.maximum(book[:, :, r.STOCK], 0).sum(axis=1))
    sums = book.sum(axis=1)
    if metric in _BOOK:
        return np.asarray(sums[:, _BOOK[metric]])
    value = sums[:, r.REVENUE] - sums[:, r.GOODS] - sums[:, r.FULFILMENT] - sums[:, r.COMMISSION]
    value = value - h.costs[days, b].sum(axis=1)
    if metric == "profit":
        value = value - (h.spend[days, b] + h.fixed[days, b]).sum(axis=1)
    return np.asarray(value)
