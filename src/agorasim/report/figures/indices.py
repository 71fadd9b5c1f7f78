"""Which factors matter most: shares of the variance, and elementary effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agorasim.report import style, words
from agorasim.report.effects_words import brief, outcome_of
from agorasim.report.figures.base import Key, Picture
from agorasim.report.figures.channels import (
    amount_axis,
    ends_of,
    foot,
    numbers,
    pairs,
    row_sheet,
    table,
    whiskers,
)
from agorasim.report.figures.study import shortener
from agorasim.report.scale import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_DOT = style.GOOD
#: Factors beyond which a list of them would not be read.
_MOST_BARS = 24


def shares(data: EffectsData) -> Picture | None:
    """Shares of the variance: Sobol indices, or eta squared of an analysis of variance."""
    for first, second, heads in (
        ("sobol_total", "sobol_first", ("with others", "alone")),
        ("eta_squared", "", ("share", "")),
    ):
        if data.effects(first):
            return _indices(data, first, second, heads, "share")
    return None


def morris(data: EffectsData) -> Picture | None:
    """Elementary effects: how much a factor moves the outcome, and how unevenly."""
    if not data.effects("morris_mu_star"):
        return None
    return _indices(data, "morris_mu_star", "morris_sigma", ("mean absolute\nchange", "its spread"), "")


def _indices(data: EffectsData, first: str, second: str, heads: tuple[str, str], unit: str) -> Picture:
    short = shortener(data)
    own = {short(k): e for k, e in data.effects(first).items()}
    other = {short(k): e for k, e in data.effects(second).items()} if second else {}
    names = sorted((k for k in own if own[k].known), key=lambda k: -own[k].mean)[:_MOST_BARS]
    main, side = [own[k] for k in names], [other.get(k) for k in names]
    known = [*main, *[e for e in side if e is not None]]
    scale = Scale(0.01, "% of the variance", 0 if unit else 1) if unit else data.scale(known)
    outcome = outcome_of(data)
    top = names[0] if names else ""
    title = f"{brief(top)} matters most for {outcome} ({scale.unit}, {data.pairs()})"

    def draw(space: Space) -> Figure:
        key = [Key("band", heads[0].replace("\n", " "), _DOT)]
        if other:
            key.append(Key("hollow", heads[1], style.INK, "D"))
        if any(e.sure for e in known):
            key.append(Key("line", words.coverage(data.interval), style.INK))
        columns = [numbers(heads[0], main, scale, sign=False)]
        if other:
            columns.append(numbers(heads[1], side, scale, sign=False))
        sheet, axes = row_sheet(space, title, foot(data), key, names, columns)
        amount_axis(axes, scale.unit, ends_of(known, scale.size))
        shift = 0.1 if other else 0.0
        axes.barh(np.arange(len(main)) - shift, [e.mean / scale.size for e in main], 0.44, color=_DOT, zorder=2)
        whiskers(axes, [(y - shift, e.low / scale.size, e.high / scale.size) for y, e in enumerate(main)])
        shown = [(y, e) for y, e in enumerate(side) if e is not None and e.known]
        whiskers(axes, [(y + 0.27, e.low / scale.size, e.high / scale.size) for y, e in shown], style.MUTED, 0.0)
        axes.plot([e.mean / scale.size for _, e in shown], [y + 0.27 for y, _ in shown], "D", markersize=4.2,
                  markerfacecolor="white", markeredgecolor=style.INK, markeredgewidth=0.9, zorder=5)  # fmt: skip
        return sheet.figure

    notes = {
        "sobol_total": "Alone: share of the variance a factor explains by itself (first order); with others: share it "
        "has any part in (total order). Where the second is much larger, the factor works through others. Small "
        "estimates may fall below zero by chance.",
        "eta_squared": "Share of the variance between points, within replications, that a factor or a pair explains.",
        "morris_mu_star": "Mean absolute change over a factor's whole range, and how much that change varies with the "
        "other factors: a large spread means that it works through others, or not along a line.",
    }
    caption = f"{pairs(data)} of every point. {notes[first]} They hold for the ranges that were given."
    told = [f"{k}: {scale.full(own[k], data.interval)}" for k in names[:3]]
    rows = data.select([e for e in (first, second) if e])
    return Picture(
        "shares" if unit else "morris", title, f"What moves {outcome}: {'; '.join(told)}.", caption, table(rows), draw
    )
