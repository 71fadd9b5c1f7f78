"""One number of a world so far: what reporters and quick looks ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import InputError, unknown
from agorasim.measures.metrics import BY_NAME

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World


def total(world: World, metric: str, brand: str | None = None) -> float:
    """A metric of a brand (of all brands when None) over the counted days so far; NaN before the first.

    Flows are summed (flows that cannot be added up over days are averaged), stocks are those of the last day, ratios
    are recomputed from their parts. InputError for unknown names, and for a mean state asked of all brands.
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
    of_category = "brand" not in entry.levels
    if brand is None and not of_category and len(brands) > 1 and not (entry.additive or entry.kind == "flow"):
        raise InputError(f"{metric} is a mean over consumers for each brand; name one of {', '.join(brands)}")
    frame = world.kpis()
    rows = frame[(frame[["touchpoint", "place", "segment", "region"]] == "").all(axis=1)]
    rows = rows[rows["brand"].isin([""] if of_category else brands if brand is None else [brand])]
    rows = rows[rows["day"] >= world.days.warmup]
    if rows.empty:
        return float("nan")
    if entry.kind == "stock":
        return float(rows.loc[rows["day"] == rows["day"].max(), metric].sum())
    daily = rows.groupby("day")[metric].sum()
    return float(daily.sum() if entry.additive else daily.mean())
