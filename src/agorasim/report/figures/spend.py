"""What media cost and what it bought: spend and unit costs by touchpoint, profit beside spend by brand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.bars import amounts, end_of, plain_scale, rows, whiskers
from agorasim.report.figures.bars import bars as draw_bars
from agorasim.report.figures.base import Key, Picture, Sheet, Space, provenance
from agorasim.report.figures.funnel import n_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named, ReportData

_HONEST = (
    "These are prices of contact, not returns: what a channel adds is the difference between worlds of one seed with "
    "and without it."
)


def spend(data: ReportData) -> Picture | None:
    """Media spend, cost per thousand impressions and cost per click of each brand on each touchpoint."""
    import pandas as pd

    metrics = ["spend", "impressions", "clicks"]
    totals = data.totals("touchpoint", metrics).fillna(0.0)
    totals["per_thousand"] = _ratio(1000.0 * totals["spend"], totals["impressions"])
    totals["per_click"] = _ratio(totals["spend"], totals["clicks"])
    everything = data.estimates(totals, "touchpoint", [*metrics, "per_thousand", "per_click"])
    found = {key: of for key, of in everything.items() if of["spend"].mean > 0}
    points = [t for t in data.touchpoints if any((b.key, t.key) in found for b in data.brands)]
    payers = [b for b in data.brands if any((b.key, t.key) in found for t in points)]
    if not points:
        return None
    money = data.currency
    units = {"spend": money, "impressions": "impressions", "clicks": "clicks",
             "per_thousand": f"{money} per 1000 impressions", "per_click": f"{money} per click"}  # fmt: skip
    table = pd.DataFrame(
        [
            {"brand": b, "touchpoint": t, "metric": m, "unit": units[m], "mean": e.mean, "low": e.low, "high": e.high,
             "replications": e.n}
            for (b, t), es in found.items() for m, e in es.items() if e.known
        ]
    )  # fmt: skip
    title = f"Media spend and what contact cost, by touchpoint and brand ({data.currency})"
    panels = [
        ("spend", "media spend"),
        ("per_thousand", "per 1000 impressions"),
        ("per_click", "per click"),
    ]

    def draw(space: Space) -> Figure:
        bar = 0.13 if len(payers) <= 4 else 0.09
        # Rows of a touchpoint: only the brands that spend there.
        there = [[b for b in payers if (b.key, t.key) in found] for t in points]
        heights = [bar * len(brands) + 0.14 for brands in there]
        tops = [sum(heights[:j]) for j in range(len(points) + 1)]
        high = tops[-1]
        names = [style.shorten(t.label, 1.3, 8.0) for t in points]
        left, gap = style.widest(names, 8.0) + 0.12, 0.55
        columns = 1 if space.narrow else 3
        above = 0.28
        key = [Key("dot", style.shorten(b.label, 1.8, 8.0), b.colour, b.marker) for b in payers]
        deep = -(-len(panels) // columns)
        sheet = Sheet(space, title, provenance(data), deep * (above + high) + (deep - 1) * 0.12 + 0.02, key)
        width = (sheet.room - left - gap * columns) / columns
        for p, (metric, word) in enumerate(panels):
            row, column = divmod(p, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + 0.12), width, high)
            axes.set_title(word, loc="left", fontsize=8.5, fontweight="bold", color=style.INK, pad=4.0)
            marks = [
                (tops[j] + 0.07 + (i + 0.5) * bar, brand, e)
                for j, point in enumerate(points)
                for i, brand in enumerate(there[j])
                if (e := found[(brand.key, point.key)][metric]).known
            ]
            ys, estimates = [y for y, _, _ in marks], [e for _, _, e in marks]
            colours = [brand.colour for _, brand, _ in marks]
            if metric == "spend":
                draw_bars(axes, ys, estimates, colours, 0.8 * bar)
            else:
                axes.hlines(ys, 0.0, [e.mean for e in estimates], colors=colours, linewidth=0.7, alpha=0.5)
                for brand in payers:
                    own = [(e.mean, y) for y, b, e in marks if b is brand]
                    axes.plot(*zip(*own, strict=True) if own else ([], []), brand.marker, color=brand.colour,
                              markersize=4.2, clip_on=False, zorder=4)  # fmt: skip
                whiskers(axes, ys, estimates)
            ends = [end_of(e) for e in estimates]
            amounts(axes, ys, ends, [_price(e.mean) for e in estimates], 6.8)
            middles = [top + height / 2 for top, height in zip(tops, heights, strict=False)]
            rows(axes, *((names, middles) if column == 0 else ([], [])))
            axes.set_ylim(high, 0.0)
            plain_scale(axes, max(ends, default=0.0))
            axes.hlines(tops[1:-1], 0.0, 1.0, colors=style.RULE, linewidth=0.5, transform=axes.get_yaxis_transform())
        return sheet.figure

    caption = (
        f"{n_words(data)} Impressions are all contacts there, paid and owned together, so a touchpoint that a brand "
        f"also owns looks cheaper than its media. {_HONEST}"
    )
    return Picture("spend", title, _spend_reading(data, found, points), caption, table, draw)


def profit(data: ReportData) -> Picture | None:
    """Profit beside media spend: one point for each brand and replication."""
    frame = data.totals("brand", ["spend", "profit"])
    frame = frame[np.isfinite(frame["profit"])].fillna({"spend": 0.0})
    if frame.empty:
        return None
    found = {
        b.key: (data.estimate(part["spend"]), data.estimate(part["profit"]))
        for b in data.brands
        if len(part := frame[frame["brand"] == b.key])
    }
    table = frame.assign(unit=data.currency).reset_index(drop=True)
    size, word = words.scale_of(np.concatenate([frame["profit"].to_numpy(), frame["spend"].to_numpy()]))
    money = f"{word} {data.currency}".strip()
    title = f"Profit beside media spend, by brand ({money}, counted days)"

    def draw(space: Space) -> Figure:
        key = (
            [Key("hollow", "one replication"), Key("dot", "mean")]
            if data.n > 1
            else [Key("dot", "the one replication")]
        )
        high = 2.9 if not space.narrow else 2.6
        sheet = Sheet(space, title, provenance(data), high + 0.5, key)
        longest = 1.4 if not space.narrow else 0.85
        names = {b.key: style.shorten(b.label, longest, 8.0, bold=True) for b in data.brands}
        left, right = 0.62, max(style.inches(name, 8.0, bold=True) for name in names.values()) + 0.2
        axes = sheet.axes(left, 0.05, sheet.room - left - right, high)
        spans = []
        for i, brand in enumerate(data.brands):
            if brand.key not in found:
                continue
            part = frame[frame["brand"] == brand.key]
            x, y = part["spend"].to_numpy() / size, part["profit"].to_numpy() / size
            if data.n > 1:
                axes.plot(x, y, brand.marker, markersize=4.5, markerfacecolor="none", markeredgecolor=brand.colour,
                          markeredgewidth=0.8, alpha=0.55)  # fmt: skip
            e_x, e_y = found[brand.key]
            axes.plot(e_x.mean / size, e_y.mean / size, brand.marker, color=brand.colour, markersize=7.0,
                      markeredgecolor="white", zorder=5 + i)  # fmt: skip
            spans.append((brand, e_x.mean / size, e_y.mean / size))
        low, top = axes.get_ylim()
        axes.set_ylim(min(low, 0.0), max(top, 0.0) * 1.02 if top > 0 else abs(low) * 0.08)
        if (span := frame["spend"].max() / size) > 0:
            axes.set_xlim(-0.05 * span, span * 1.08)
        else:
            axes.set_xlim(-1.0, 1.0)
            axes.set_xticks([0.0])
        axes.axhline(0.0, color=style.MUTED, linewidth=0.8)
        axes.grid(True)
        axes.tick_params(axis="y", colors=style.MUTED)
        axes.xaxis.set_major_formatter(words.compact)
        axes.yaxis.set_major_formatter(words.compact)
        axes.set_xlabel(f"media spend, {money}", fontsize=8.0)
        axes.set_ylabel(f"profit, {money}", fontsize=8.0)
        _side_labels(axes, spans, names, high)
        return sheet.figure

    more = " and what mechanisms cost (rewards, content, service, refunds, logistics, data, resellers)"
    caption = (
        f"n = {words.count(data.n, 'replication')}. Profit is revenue less goods, fulfilment, commission, media and "
        f"fixed cost{more if data.counts('cost_rewards') else ''}. Brands differ in more than "
        "spend: the slope between them is not the effect of spending more."
    )
    return Picture("profit", title, _profit_reading(data, found), caption, table, draw)


def _side_labels(axes: Any, spans: list[tuple[Named, float, float]], names: dict[str, str], high: float) -> None:
    """Brand names right of the axes at the height of their point, pushed apart where they would touch."""
    low, top = axes.get_ylim()
    step = 0.155 / high * (top - low)
    order = sorted(spans, key=lambda s: s[2])
    heights: list[float] = []
    for _, _, y in order:
        heights.append(y if not heights else max(y, heights[-1] + step))
    # What was pushed above the frame comes down again as one block.
    ceiling = top
    for k in range(len(heights) - 1, -1, -1):
        heights[k] = min(heights[k], ceiling)
        ceiling = heights[k] - step
    right = axes.get_xlim()[1]
    for (brand, x, y), height in zip(order, heights, strict=True):
        axes.annotate(
            names[brand.key], (x, y), (right + 0.02 * (right - axes.get_xlim()[0]), height),
            textcoords="data", fontsize=8.0, fontweight="bold", color=brand.colour, va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": brand.colour, "linewidth": 0.5, "alpha": 0.5, "shrinkB": 4.0},
        )  # fmt: skip


def _ratio(top: Any, bottom: Any) -> Any:
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def _price(x: float) -> str:
    return f"{x:.2f}" if 0.0 < abs(x) < 100.0 else words.number(x)


def _spend_reading(data: ReportData, found: dict[tuple[str, str], dict[str, Estimate]], points: list[Named]) -> str:
    total = {t.key: sum(es["spend"].mean for (_, k), es in found.items() if k == t.key) for t in points}
    labels = {t.key: t.label for t in points}
    most = max(total, key=lambda k: total[k])
    whole = sum(total.values())
    text = (
        f"Most media money goes to {labels[most]}: {words.percent(total[most] / whole)} of "
        f"{words.number(whole)} {data.currency}"
    )
    costs = {
        t.key: total[t.key] / clicks
        for t in points
        if (clicks := sum(es["clicks"].mean for (_, k), es in found.items() if k == t.key)) > 0
    }
    if len(costs) > 1:
        cheap = min(costs, key=lambda k: costs[k])
        dear = max(costs, key=lambda k: costs[k])
        text += (
            f"; a click costs least on {labels[cheap]} ({_price(costs[cheap])} {data.currency}) and most on "
            f"{labels[dear]} ({_price(costs[dear])} {data.currency})"
        )
    return text + ". A cheap click is not yet a good one."


def _profit_reading(data: ReportData, found: dict[str, tuple[Estimate, Estimate]]) -> str:
    labels = {b.key: b.label for b in data.brands}
    best = max(found, key=lambda k: found[k][1].mean)
    money, gain = found[best]
    text = f"{labels[best]} earns most: {words.interval(gain, data.currency, level=data.interval)}"
    if money.mean > 0:
        text += f" after spending {words.number(money.mean)} {data.currency} on media"
    losing = [labels[k] for k, (_, e) in found.items() if (e.high if e.sure else e.mean) < 0]
    if losing:
        text += f"; {words.listed(losing)} {'loses' if len(losing) == 1 else 'lose'} money" + (
            f" at {100 * data.interval:.3g}\u00a0% confidence" if data.n > 1 else ""
        )
    return text + "."
