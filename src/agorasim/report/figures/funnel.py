"""Funnels: a brand's way from being known to being bought, and what happened on each touchpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.bars import amounts, end_of, plain_scale
from agorasim.report.figures.bars import bars as draw_bars
from agorasim.report.figures.bars import rows as name_rows
from agorasim.report.figures.base import Key, Picture, Sheet, Space, grid, panel_title, provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named, ReportData

_STAGES = (
    ("aware", "aware of the brand", "% of consumers, mean over days"),
    ("considered", "considered it", "% of needs that arose"),
    ("ordered", "ordered from it", "% of needs that arose"),
)
#: (metric, word, marker, filled)
_COUNTS = (
    ("impressions", "impressions", "o", True),
    ("reach", "people reached on a day (mean)", "D", False),
    ("searches", "searches showing the brand", "^", False),
    ("visits", "visits", "s", False),
    ("clicks", "clicks", "o", False),
    ("carting_visits", "visits that led to a cart", "P", True),
)
#: Triangle and square stay visible around a dot: in search an impression is often a search, and clicks are visits.
_AREA = {"o": 25.0, "D": 18.0, "^": 70.0, "s": 60.0, "P": 26.0}


def brand_funnel(data: ReportData) -> Picture | None:
    """Share of consumers aware, share of needs considered, share of needs ordered, for each brand."""
    import pandas as pd

    needs = data.category["needs"].to_numpy(np.float64)
    if not np.isfinite(needs).all() or not (needs > 0).any():
        return None
    base = np.where(needs > 0, needs, np.nan)
    stages: dict[str, list[Estimate]] = {}
    for brand in data.brands:
        known = data.daily("awareness", brand.key)[:, data.warmup :].mean(axis=1)
        considered = data.daily("considered", brand.key)[:, data.warmup :].sum(axis=1) / base
        ordered = data.daily("orders", brand.key)[:, data.warmup :].sum(axis=1) / base
        stages[brand.key] = [data.estimate(x) for x in (known, considered, ordered)]
    table = pd.DataFrame(
        [
            {
                "brand": b.key,
                "stage": stage,
                "of": of,
                "share": e.mean,
                "low": e.low,
                "high": e.high,
                "replications": e.n,
            }
            for b in data.brands
            for (stage, _, of), e in zip(_STAGES, stages[b.key], strict=True)
        ]
    )
    best = max(data.brands, key=lambda b: -1.0 if not stages[b.key][2].known else stages[b.key][2].mean)
    _, considered_, ordered_ = stages[best.key]
    reading = (
        f"{best.label} turns most needs into orders: it is considered in {words.percent(considered_.mean)} of needs "
        f"and chosen in {words.interval(ordered_, share=True, level=data.interval)}."
    )
    title = "From remembered to bought: mean awareness, needs that consider and needs that order"

    def draw(space: Space) -> Figure:
        bar = 0.17 if len(data.brands) <= 6 else 0.14
        names = [style.shorten(b.label, 1.3, 8.0) for b in data.brands]
        left = style.widest(names, 8.0) + 0.1
        high = bar * len(data.brands) + 0.1
        step = high + (0.54 if space.narrow else 0.4)
        sheet = Sheet(space, title, provenance(data), step * len(_STAGES), _interval_key(data))
        width = sheet.room - left - 0.65
        top = max([end_of(e) for es in stages.values() for e in es if e.known] + [0.01])
        for s, (_, word, of) in enumerate(_STAGES):
            gap = step - high
            sheet.write(0.0, s * step + 0.1, word, 9.0, weight="bold")
            if space.narrow:
                sheet.write(0.0, s * step + 0.27, of, 7.5, style.MUTED)
            else:
                sheet.write(style.inches(word, 9.0, bold=True) + 0.12, s * step + 0.115, of, 8.0, style.MUTED)
            axes = sheet.axes(left, s * step + gap - 0.02, width, high)
            known = [(i, b, e) for i, b in enumerate(data.brands) if (e := stages[b.key][s]).known]
            ys, estimates = [i for i, _, _ in known], [e for _, _, e in known]
            draw_bars(axes, ys, estimates, [b.colour for _, b, _ in known], 0.74)
            amounts(axes, ys, [end_of(e) for e in estimates], [words.percent(e.mean) for e in estimates], 8.0)
            name_rows(axes, names)
            plain_scale(axes, top)
        return sheet.figure

    caption = (
        f"{n_words(data)} Awareness is the mean strength of memory (visits and search "
        "bring more to mind), the other two are shares of all needs in the category, so "
        "that one need may consider several brands. Bars share one scale."
    )
    return Picture("funnel_brands", title, reading, caption, table, draw)


def touchpoint_funnel(data: ReportData) -> Picture | None:
    """Impressions, reach, searches and clicks on each touchpoint, on a log scale."""
    import pandas as pd

    metrics = [m for m, _, _, _ in _COUNTS if data.counts(m)]
    totals = data.totals("touchpoint", metrics)
    means = data.estimates(totals, "touchpoint", metrics)
    shown = [t for t in data.touchpoints if any(_some(means.get((b.key, t.key))) for b in data.brands)]
    if not shown:
        return None
    table = pd.DataFrame(
        [
            {"brand": b.key, "touchpoint": t.key, "group": t.group, "metric": m, "mean": e.mean, "low": e.low,
             "high": e.high, "replications": e.n}
            for b in data.brands for t in shown for m, e in means.get((b.key, t.key), {}).items() if e.known
        ]
    )  # fmt: skip
    title = "What happened on each touchpoint, by brand (counts, log scale)"
    used = [c for c in _COUNTS if (table.loc[table["metric"] == c[0], "mean"] > 0).any()]

    def draw(space: Space) -> Figure:
        columns, rows = grid(space, len(data.brands))
        names = [style.shorten(t.label, 1.5 if not space.narrow else 1.1, 8.0) for t in shown]
        left = style.widest(names, 8.0) + 0.12
        step, gap, above, below = 0.19, 0.2, 0.26, 0.3
        high = step * len(shown) + 0.06
        key = [Key("dot" if filled else "hollow", word, marker=marker) for _, word, marker, filled in used]
        sheet = Sheet(space, title, provenance(data), rows * (above + high + below), key)
        width = (sheet.room - left - gap * (columns - 1) - 0.05) / columns
        low, top = _log_limits(table["mean"].to_numpy())
        for i, brand in enumerate(data.brands):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + below), width, high)
            axes.set_xscale("log")
            axes.set_xlim(low, top)
            _log_ticks(axes, low, top, most=int(width / 0.45))
            _counts(axes, shown, [means.get((brand.key, t.key)) for t in shown], used)
            name_rows(axes, names if column == 0 else [])
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x")
            panel_title(axes, brand, width)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Means: impressions, searches and clicks summed over counted days, "
        "people reached on a mean day. Colours group touchpoints: violet paid, green owned, brown offline. Read along "
        "a row, not down a column: touchpoints count different things (a poster passed, a feed item seen, a visit), "
        "and what happened on a touchpoint is not credit for a sale."
    )
    return Picture("funnel_touchpoints", title, _reading(data, shown, means), caption, table, draw)


def _reading(data: ReportData, shown: list[Named], means: dict[tuple[str, str], dict[str, Estimate]]) -> str:
    def total(metric: str) -> dict[str, float]:
        return {
            t.key: sum(
                e.mean for b in data.brands if (e := means.get((b.key, t.key), {}).get(metric)) is not None and e.known
            )
            for t in shown
        }

    labels = {t.key: t.label for t in shown}
    seen, clicked = total("impressions"), total("clicks")
    most = max(seen, key=lambda k: seen[k])
    whole = sum(seen.values())
    if whole <= 0.0:
        return "No brand met anybody on a touchpoint in the counted days."
    text = f"Most contact is on {labels[most]}, {words.percent(seen[most] / whole)} of all impressions"
    if sum(clicked.values()) > 0:
        best = max(clicked, key=lambda k: clicked[k])
        part = words.percent(clicked[best] / sum(clicked.values()))
        text += f"; most clicks come on {labels[best]} ({part} of clicks)"
    return text + ". This counts contact; it says nothing yet about what the contact caused."


def _counts(axes: Any, points: list[Named], found: list[dict[str, Estimate] | None], used: list[Any]) -> None:
    """The rows of the touchpoint funnel: a line from the smallest to the largest count, a mark for each."""
    marks = [
        (es[metric].mean, row, points[row].colour, metric)
        for row, es in enumerate(found)
        if es is not None
        for metric, _, _, _ in used
        if metric in es and es[metric].mean > 0
    ]
    for row in {*range(len(points))} - {row for _, row, _, _ in marks}:
        side = axes.get_yaxis_transform()
        axes.text(0.01, row, "none", transform=side, fontsize=7.0, color=style.NOBODY, va="center")
    spans: dict[int, list[float]] = {}
    for count, row, _, _ in marks:
        spans.setdefault(row, []).append(count)
    axes.hlines(
        list(spans), [min(v) for v in spans.values()], [max(v) for v in spans.values()],
        colors=[points[row].colour for row in spans], linewidth=1.4, alpha=0.45,
    )  # fmt: skip
    for metric, _, marker, filled in used:
        own = [(count, row, colour) for count, row, colour, name in marks if name == metric]
        if own:
            x, y, colours = zip(*own, strict=True)
            axes.scatter(x, y, s=_AREA[marker], marker=marker, edgecolors=colours, linewidths=1.0,
                         facecolors=colours if filled else "white", zorder=3)  # fmt: skip


def n_words(data: ReportData) -> str:
    """`n = 20 replications; 95 % intervals are of the mean.`"""
    text = f"n = {words.count(data.n, 'replication')}"
    return f"{text}." if data.n < 2 else f"{text}; {words.coverage(data.interval)}s are of the mean."


def _interval_key(data: ReportData) -> list[Key]:
    return [Key("line", f"{words.coverage(data.interval)} of the mean", style.INK)] if data.n > 1 else []


def _log_limits(values: Any) -> tuple[float, float]:
    positive = values[values > 0]
    if not len(positive):
        return 0.5, 20.0
    low = 10.0 ** np.floor(np.log10(max(positive.min(), 0.1)) - 0.05)
    return float(low), float(max(10.0 ** (np.log10(positive.max()) + 0.25), low * 10.0))


def _log_ticks(axes: Any, low: float, top: float, most: int) -> None:
    from matplotlib.ticker import NullLocator

    powers = np.arange(np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(top)) + 1)
    step = max(1, -(-len(powers) // max(most, 2)))
    ticks = [10.0**p for p in powers[::step]]
    axes.set_xticks(ticks, labels=[words.compact(t) for t in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _some(found: dict[str, Estimate] | None) -> bool:
    return found is not None and any(e.known and e.mean > 0 for e in found.values())
