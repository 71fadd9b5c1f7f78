"""The figures that `agorasim run` prints: one row a metric, one column a brand, each with its interval."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from agorasim.cli.console import table
from agorasim.measures.metrics import BY_NAME

#: Metric and period, in the order in which a launch is read: who knows it, who buys, what it earns, what is said.
SHOWN: Final = (
    ("awareness", "end"),
    ("customers", "end"),
    ("new_customers", "counted"),
    ("orders", "counted"),
    ("lost_orders", "counted"),
    ("price_paid", "counted"),
    ("revenue", "counted"),
    ("contribution", "counted"),
    ("spend", "counted"),
    ("profit", "counted"),
    ("satisfaction", "counted"),
    ("recommendations", "counted"),
    ("complaints", "counted"),
)
_TALK: Final = ("recommendations", "complaints")
_BREAKDOWNS: Final = ("touchpoint", "place", "segment", "region")


def show_kpis(summary: Path, level: float) -> None:
    """Print the brands' figures from a summary table whose intervals have coverage `level`."""
    rows = brand_rows(summary)
    brands = list(dict.fromkeys(row["brand"] for row in rows))
    cells = {(row["metric"], row["period"], row["brand"]): row for row in rows}
    lines = []
    for metric, period in SHOWN:
        found = [cells.get((metric, period, brand)) for brand in brands]
        if all(row is None or row["estimate"] is None for row in found):
            continue
        if metric in _TALK and all(row is None or row["estimate"] == 0.0 for row in found):
            continue  # nobody passes messages in this scenario
        unit = next(row["unit"] for row in found if row is not None)
        label = f"{metric} at end" if period == "end" else f"{metric}, {unit}" if BY_NAME[metric].money else metric
        lines.append([label, *(_cell(row) for row in found)])
    replications = max((row["n"] or 0 for row in rows), default=0)
    if replications > 1:
        how = f"mean over {replications} replications ± half its {level:.0%} interval"
    else:
        how = "one replication: no interval"
    table(["", *brands], lines, title=f"After warm-up, {how}", numbers_from=1)


def brand_rows(summary: Path) -> list[dict[str, Any]]:
    """The rows of a summary table that stand for a whole brand, brands in alphabetical order."""
    import pyarrow.parquet as pq

    rows = pq.read_table(summary).to_pylist()
    whole = [row for row in rows if row["brand"] and not any(row[key] for key in _BREAKDOWNS)]
    return sorted(whole, key=lambda row: str(row["brand"]))


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["estimate"] is None or math.isnan(row["estimate"]):
        return "-"
    low, high = row["low"], row["high"]
    if low is None or high is None:
        return _number(row["estimate"], None)
    # Student-t intervals are symmetric; half the width leaves room for several brands on a narrow terminal.
    half = (high - low) / 2
    return f"{_number(row['estimate'], half)} ± {_number(half, half)}"


def _number(value: float, half: float | None) -> str:
    """A number with decimals up to the second significant digit of the interval's half-width, 4 at most.

    Without one (or with none to speak of) whole from 1000 on, three significant digits below.
    """
    measure = abs(half if half else value)
    keep = 1 if half else 2
    digits = 0 if measure == 0 else min(4, max(0, keep - math.floor(math.log10(measure))))
    return f"{value:,.{digits}f}"
