"""Through a festival: sales, losses, prices, media and profit from day to day, from three weeks before it to after."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.base import Key, Picture, Sheet, Space, provenance, season_marks
from agorasim.report.figures.fans import FEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from agorasim.report.data import Named, ReportData

    Floats = NDArray[np.float64]

#: Days shown before and after the festival.
AROUND: Final = 21
#: Metric, its denominator (none: as it is), its factor, and what it is called; money where the last is true.
_PANELS: Final = (
    ("orders", None, 1.0, "orders a day", False),
    ("lost_orders", None, 1.0, "orders lost a day", False),
    ("revenue", "orders", 1.0, "mean price paid", True),
    ("spend", "impressions", 1000.0, "media price of a thousand impressions", True),
    ("held_units", None, 1.0, "units in stock overnight", False),
    ("profit", None, 1.0, "profit a day", True),
)


def wanted(scenario: Mapping[str, Any]) -> bool:
    """Whether the calendar says more of a festival than that needs rise: people wait, stock up, or look for deals."""
    festivals = scenario.get("calendar", {}).get("festivals", {}).values()
    return any(f.get("waiting") or f.get("stocking_up") or f.get("deal", 1.0) != 1.0 for f in festivals)


def festival(data: ReportData) -> Picture | None:
    """The festival with most orders a day; None when none lies in the counted days."""
    spans = [span for span in data.festivals if span[1] >= data.warmup and span[1] + span[2] <= data.days]
    if not spans:
        return None
    orders = data.cube("orders").sum(axis=1)
    name, first, length = max(spans, key=lambda span: float(orders[:, span[1] : span[1] + span[2]].mean()))
    start, end = max(0, first - AROUND), min(data.days, first + length + AROUND)
    days = np.arange(start, end)
    panels = [(label, money, cube[:, :, start:end]) for label, money, cube in _cubes(data)]
    title = f"Through {name}: day by day, by brand"

    def draw(space: Space) -> Figure:
        key = [Key("line", b.label, b.colour) for b in data.brands]
        if data.n > FEW:
            key.append(Key("band", "90 % of replications", alpha=0.25))
        key.append(Key("band", name, style.FESTIVAL))
        columns = 1 if space.narrow else 2
        rows = -(-len(panels) // columns)
        left, gap, above, below, high = 0.46, 0.56, 0.26, 0.22, 1.15 if space.narrow else 1.35
        width = (space.room - left - gap * (columns - 1)) / columns
        sheet = Sheet(space, title, provenance(data), rows * (above + high + below), key)
        for i, (label, money, cube) in enumerate(panels):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), row * (above + high + below) + above, width, high)
            season_marks(axes, data)
            for k, brand in enumerate(data.brands):
                _line(axes, days, cube[:, k], brand, data)
            values = cube[np.isfinite(cube)]
            low, top = (min(float(values.min()), 0.0), float(values.max())) if len(values) else (0.0, 1.0)
            room = (top - low) * 0.06 or 1.0
            axes.set_ylim(low - (room if low < 0.0 else 0.0), top + room)
            axes.yaxis.set_major_formatter(words.ticks(low, top + room))
            axes.grid(axis="y")
            axes.set_title(label + (f", {data.currency}" if money else ""), loc="left", fontsize=8.5, color=style.INK,
                           pad=4.0)  # fmt: skip
            ticks = [d for d in range(first - 21, first + length + 22, 7) if start <= d < end]
            axes.set_xticks(ticks, labels=[f"{data.date(d).day} {words.MONTHS[data.date(d).month - 1]}" for d in ticks])
            axes.set_xlim(start - 0.5, end - 0.5)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Lines: medians over replications"
        + (", bands: the middle 90 % of them" if data.n > FEW else "")
        + ". Usual days are counted days outside festivals, and outside those on which people wait for one or live on "
        "what they stocked up with. What the festival brings a brand is the difference to a world without it, "
        "not that to usual days."
    )
    reading = _reading(data, name, first, length)
    return Picture("festival", title, reading, caption, _table(data, days, panels), draw)


def _cubes(data: ReportData) -> list[tuple[str, bool, Floats]]:
    """What there is to show, each (replications, brands, days)."""
    found = []
    for metric, below, factor, label, money in _PANELS:
        if metric == "held_units" and not data.counts(metric):
            continue
        cube = data.cube(metric)
        if below is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                cube = np.where(data.cube(below) > 0.0, factor * cube / data.cube(below), np.nan)
        if np.nan_to_num(cube).any():
            found.append((label, money, cube))
    return found


def _line(axes: Axes, days: Any, series: Floats, brand: Named, data: ReportData) -> None:
    some = np.isfinite(series).any(axis=0)
    if not np.nan_to_num(series).any():
        return
    bands = np.full((3, series.shape[1]), np.nan)
    bands[:, some] = np.nanquantile(series[:, some], (0.05, 0.5, 0.95), axis=0)
    if data.n > FEW:
        axes.fill_between(days, bands[0], bands[2], color=brand.colour, alpha=0.2, linewidth=0)
    axes.plot(days, bands[1], color=brand.colour, linewidth=1.5)


def usual(data: ReportData) -> NDArray[np.bool_]:
    """Counted days outside festivals and the days that give needs to them, (days,)."""
    plain = np.arange(data.days) >= data.warmup
    for entry in data.scenario["calendar"]["festivals"].values():
        first = (datetime.date.fromisoformat(str(entry["start"])) - data.start).days
        before, after = ((entry.get(key) or {}).get("days", 0) for key in ("waiting", "stocking_up"))
        plain[max(0, first - before) : max(0, first + int(entry["days"]) + after)] = False
    return plain


def _reading(data: ReportData, name: str, first: int, length: int) -> str:
    """How much more each brand sells than usual, and who loses most orders."""
    plain, span = usual(data), slice(first, first + length)
    orders, lost = data.cube("orders"), data.cube("lost_orders")
    parts = []
    for k, brand in enumerate(data.brands):
        peak = data.estimate(orders[:, k, span].mean(axis=1))
        normal = float(orders[:, k, plain].mean()) if plain.any() else 0.0
        often = f", {words.number(peak.mean / normal, 2)} times a usual day" if normal > 0.0 else ""
        parts.append(f"{brand.label} {words.number(peak.mean)}{often}")
    text = f"Orders a day in {name}: {'; '.join(parts)}."
    losses = [float(lost[:, k, span].sum() / data.n) for k in range(len(data.brands))]
    worst = int(np.argmax(losses))
    if losses[worst] > 0.0:
        refused = data.estimate(lost[:, worst, span].sum(axis=1))
        share = losses[worst] / (losses[worst] + float(orders[:, worst, span].sum() / data.n))
        text += (
            f" {data.brands[worst].label} loses most orders: {words.interval(refused, level=data.interval)}, "
            f"{words.percent(share)} of what was wanted there."
        )
    return text


def _table(data: ReportData, days: Any, panels: list[tuple[str, bool, Floats]]) -> pd.DataFrame:
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "what": label,
                "brand": brand.key,
                "day": days,
                "date": [data.date(d).isoformat() for d in days],
                "mean": cube[:, k].mean(axis=0),
                "replications": data.n,
            }
        )
        for label, _, cube in panels
        for k, brand in enumerate(data.brands)
    ]
    return pd.concat(frames, ignore_index=True)
