"""Word of mouth: how much good and how much bad was said each day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.base import (
    Key,
    Picture,
    Sheet,
    Space,
    date_axis,
    grid,
    panel_title,
    provenance,
    season_key,
    season_marks,
)
from agorasim.report.figures.fans import FEW, moving_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from agorasim.report.data import ReportData

    Floats = NDArray[np.float64]

_METRICS = ("recommendations", "complaints", "heard_good", "heard_bad")


def word_of_mouth(data: ReportData) -> Picture | None:
    """Recommendations above and complaints below zero, for each brand and day; None when nobody could talk."""
    import pandas as pd

    week = data.days >= 28
    raw = {(b.key, m): np.nan_to_num(data.daily(m, b.key)) for b in data.brands for m in _METRICS}
    if not any(v.any() for v in raw.values()):
        return None
    smooth = {k: moving_mean(v, 7) if week else v for k, v in raw.items()}
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "day": np.arange(data.days),
                    "date": [data.date(d).isoformat() for d in range(data.days)],
                    "brand": b.key,
                    "counted": np.arange(data.days) >= data.warmup,
                    **{m: raw[(b.key, m)].mean(axis=0) for m in _METRICS},
                    **{
                        f"{m}_p{q:02d}_smoothed": np.quantile(smooth[(b.key, m)], q / 100, axis=0)
                        for m in _METRICS[:2]
                        for q in (5, 50, 95)
                    },
                    "replications": data.n,
                }
            )
            for b in data.brands
        ],
        ignore_index=True,
    )
    title = "Word of mouth a day, by brand: recommendations above, complaints below" + (
        " (messages, mean of the last 7 days)" if week else " (messages)"
    )

    def draw(space: Space) -> Figure:
        columns, rows = grid(space, len(data.brands))
        key = [Key("band", "recommendations (up)", alpha=0.75), Key("hatch", "complaints (down)")]
        if data.n > FEW:
            key.append(Key("band", "90\u00a0% of replications", alpha=0.25))
        left, gap, below, above = 0.42, 0.22, 0.36, 0.24
        width = (space.room - left - gap * (columns - 1)) / columns
        high = (2.4 if columns == 1 else 1.9) if not space.narrow else (1.75 if rows == 1 else 1.25)
        sheet = Sheet(
            space, title, provenance(data), rows * (above + high) + below + (rows - 1) * 0.12, key + season_key(data)
        )
        top = max(float(np.quantile(smooth[(b.key, "recommendations")], 0.95, axis=0).max()) for b in data.brands)
        low = max(float(np.quantile(smooth[(b.key, "complaints")], 0.95, axis=0).max()) for b in data.brands)
        most = max(top, low, 1e-9)
        days = np.arange(data.days)
        for i, brand in enumerate(data.brands):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + 0.12), width, high)
            season_marks(axes, data)
            for metric, sign in (("recommendations", 1.0), ("complaints", -1.0)):
                values = smooth[(brand.key, metric)]
                middle = sign * np.median(values, axis=0)
                look: dict[str, Any] = (
                    {"color": brand.colour, "alpha": 0.75, "linewidth": 0}
                    if sign > 0
                    else {"facecolor": "white", "edgecolor": brand.colour, "hatch": "//////", "linewidth": 0.6}
                )
                if data.days == 1:
                    axes.bar([0], middle, 0.5, **look)
                    continue
                if data.n > FEW:
                    edges = sign * np.quantile(values, (0.05, 0.95), axis=0)
                    axes.fill_between(days, edges[0], edges[1], color=brand.colour, alpha=0.25, linewidth=0)
                axes.fill_between(days, 0.0, middle, **look)
            axes.axhline(0.0, color=style.INK, linewidth=0.7)
            axes.set_ylim(-max(low * 1.1, most * 0.08), max(top * 1.05, most * 0.08))
            axes.yaxis.set_major_formatter(lambda v, _: words.compact(abs(v)))
            axes.grid(axis="y")
            if column:
                axes.tick_params(labelleft=False)
            date_axis(axes, data, width, labels=i + columns >= len(data.brands))
            panel_title(axes, brand, width)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Median over replications of messages that consumers started or "
        "passed on; how many reached a friend is in the CSV."
    )
    return Picture("word_of_mouth", title, _reading(data, raw), caption, table, draw)


def _reading(data: ReportData, raw: dict[tuple[str, str], Floats]) -> str:
    def total(metric: str, brand: str) -> Floats:
        return np.asarray(raw[(brand, metric)][:, data.warmup :].sum(axis=1), dtype=np.float64)

    good = {b.key: total("recommendations", b.key) for b in data.brands}
    bad = {b.key: total("complaints", b.key) for b in data.brands}
    most = max(data.brands, key=lambda b: float((good[b.key] + bad[b.key]).mean()))
    said = data.estimate(good[most.key] + bad[most.key])
    if said.mean <= 0:
        return "Nobody talked in the counted days."
    share = float(good[most.key].mean()) / said.mean
    text = (
        f"{most.label} is talked about most: {words.interval(said, 'messages', level=data.interval)} in the counted "
        f"days, {words.percent(share)} of them good"
    )
    talked = [b for b in data.brands if (good[b.key] + bad[b.key]).sum() > 0]
    worst = max(talked, key=lambda b: float(bad[b.key].sum() / (good[b.key] + bad[b.key]).sum()))
    if worst is not most and bad[worst.key].sum() > 0:
        part = float(bad[worst.key].sum() / (good[worst.key] + bad[worst.key]).sum())
        text += f"; {worst.label} has the largest share of complaints ({words.percent(part)})"
    return text + "."
