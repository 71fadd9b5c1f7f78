"""What visits came to on each touchpoint: left after a page, looked around, put something in a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.bars import rows as name_rows
from agorasim.report.figures.base import Key, Picture, Sheet, Space, panel_title, provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named, ReportData

_METRICS: Final = (
    "visits", "page_views", "bounces", "dwell_seconds", "carting_visits", "inquiries", "registrations",
)  # fmt: skip
_LIGHT, _PLAIN, _DARK = 0.25, 0.55, 1.0


def visits(data: ReportData) -> Picture | None:
    """Shares of visits that bounced, went on, and led to a cart, by brand and touchpoint; None without the funnel."""
    import pandas as pd

    if not data.counts("visits"):
        return None
    means = data.estimates(data.totals("touchpoint", list(_METRICS)), "touchpoint", list(_METRICS))
    shown = {b.key: [t for t in data.touchpoints if _visited(means.get((b.key, t.key)))] for b in data.brands}
    brands = [b for b in data.brands if shown[b.key]]
    if not brands:
        return None
    table = pd.DataFrame([_row(b, t, means[(b.key, t.key)]) for b in brands for t in shown[b.key]])
    title = "What visits came to, by touchpoint that they began at (% of visits)"

    def draw(space: Space) -> Figure:
        step, head, gap = 0.27, 0.28, 0.14
        key = [
            Key("band", "left after one page", style.MUTED, alpha=_LIGHT),
            Key("band", "went on", style.MUTED, alpha=_PLAIN),
            Key("band", "led to a cart", style.MUTED, alpha=_DARK),
        ]
        tall = [head + step * len(shown[b.key]) for b in brands]
        sheet = Sheet(space, title, provenance(data), sum(tall) + gap * (len(brands) - 1), key)
        texts = {(b.key, t.key): _told(means[(b.key, t.key)], space.narrow) for b in brands for t in shown[b.key]}
        right = style.widest(texts.values(), 7.5) + 0.12
        names = {
            b.key: [style.shorten(t.label, 0.85 if space.narrow else 1.5, 8.0) for t in shown[b.key]] for b in brands
        }
        left = style.widest([n for some in names.values() for n in some], 8.0) + 0.1
        width = sheet.room - left - right
        top = 0.0
        for brand, height in zip(brands, tall, strict=True):
            points = shown[brand.key]
            axes = sheet.axes(left, top + head, width, height - head)
            parts = np.array([_parts(means[(brand.key, t.key)]) for t in points])
            starts = np.cumsum(parts, axis=1) - parts
            colours = [t.colour for t in points]
            for k, alpha in enumerate((_LIGHT, _PLAIN, _DARK)):
                axes.barh(range(len(points)), parts[:, k], 0.72, left=starts[:, k], color=colours, alpha=alpha)
            for row, t in enumerate(points):
                axes.annotate(
                    texts[(brand.key, t.key)], (1.0, row), (5, 0), textcoords="offset points", va="center",
                    fontsize=7.5, color=style.MUTED, annotation_clip=False,
                )  # fmt: skip
            axes.set_xlim(0.0, 1.0)
            name_rows(axes, names[brand.key])
            axes.set_xticks([])
            axes.spines[["left", "bottom"]].set_visible(False)
            panel_title(axes, brand, width)
            top += height + gap
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Means over the counted days. A visit is entering what the brand "
        "runs on a touchpoint, or clicking through from it. Beside each bar: visits, seconds a visit, and the share "
        "that led to a cart. Visits to shops have no pages, so nobody leaves after one. Colours group touchpoints: "
        "violet paid, green owned, brown offline."
    )
    return Picture("visits", title, _reading(brands, shown, means), caption, table, draw)


def _visited(found: dict[str, Estimate] | None) -> bool:
    return found is not None and found["visits"].known and found["visits"].mean > 0


def _parts(found: dict[str, Estimate]) -> tuple[float, float, float]:
    whole = found["visits"].mean
    bounced, carted = found["bounces"].mean / whole, found["carting_visits"].mean / whole
    return bounced, max(1.0 - bounced - carted, 0.0), carted


def _told(found: dict[str, Estimate], narrow: bool) -> str:
    whole = found["visits"].mean
    cart = words.percent(found["carting_visits"].mean / whole, decimals=1)
    if narrow:
        return f"{words.compact(whole)} · {cart}"
    seconds = found["dwell_seconds"].mean / whole
    time = f"{seconds:.0f}\u00a0s · " if seconds > 0 else ""
    return f"{words.compact(whole)} visits · {time}{cart} to a cart"


def _row(brand: Named, touchpoint: Named, found: dict[str, Estimate]) -> dict[str, object]:
    whole = found["visits"].mean
    return {
        "brand": brand.key,
        "touchpoint": touchpoint.key,
        **{metric: found[metric].mean for metric in _METRICS},
        "bounce_rate": found["bounces"].mean / whole,
        "dwell_time": found["dwell_seconds"].mean / whole,
        "cart_rate": found["carting_visits"].mean / whole,
        "replications": found["visits"].n,
    }


def _reading(
    brands: list[Named], shown: dict[str, list[Named]], means: dict[tuple[str, str], dict[str, Estimate]]
) -> str:
    brand = max(brands, key=lambda b: sum(means[(b.key, t.key)]["visits"].mean for t in shown[b.key]))
    rates = {t: _parts(means[(brand.key, t.key)]) for t in shown[brand.key]}
    best = max(rates, key=lambda t: rates[t][2])
    share = words.percent(rates[best][2])
    text = f"Of visits to {brand.label}, those from {best.label} lead to a cart most often ({share})"
    paged = {t: parts for t, parts in rates.items() if parts[0] > 0}
    if not paged:
        return text + "."
    worst = max(paged, key=lambda t: paged[t][0])
    return f"{text}; those from {worst.label} are left most often after one page ({words.percent(paged[worst][0])})."
