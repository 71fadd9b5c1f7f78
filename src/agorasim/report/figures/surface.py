"""The outcome over two channels' budgets at once, as a map; what was not run is not drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from agorasim.report import style, words
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import brief, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import foot, pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_POINT = re.compile(r"^(?P<a>.+?)@(?P<x>[0-9.eE+-]+)\+(?P<b>.+)@(?P<y>[0-9.eE+-]+)$")


def surface(data: EffectsData) -> Picture | None:
    """Contours of the outcome over the budgets of two channels, in multiples of today's."""
    rows = data.select("response_surface")
    found: dict[tuple[str, str], dict[tuple[float, float], Estimate]] = {}
    points = []
    for label, e in zip(rows["channels"], estimates_of(rows), strict=True):
        match = _POINT.match(label)
        if match is None or not e.known:
            continue
        a, b, x, y = match["a"], match["b"], float(match["x"]), float(match["y"])
        found.setdefault((a, b), {})[(x, y)] = e
        points.append((a, x, b, y, e.mean, e.low, e.high, e.n))
    if not found:
        return None
    import pandas as pd

    # One map: the pair with most points.
    (a, b), cells = max(found.items(), key=lambda pair: len(pair[1]))
    xs, ys = sorted({x for x, _ in cells}), sorted({y for _, y in cells})
    if len(xs) < 2 or len(ys) < 2:
        return None
    heads = ["channel_x", "factor_x", "channel_y", "factor_y", "estimate", "low", "high", "n_pairs"]
    frame = pd.DataFrame(points, columns=heads).assign(metric=data.outcome, unit=data.unit())
    scale = data.scale(cells.values())
    height = np.full((len(ys), len(xs)), np.nan)
    for (x, y), e in cells.items():
        height[ys.index(y), xs.index(x)] = e.mean / scale.size
    best = max(cells, key=lambda at: cells[at].mean)
    one, two = data.channel(a), data.channel(b)
    outcome = outcome_of(data)
    says = f"Highest at {best[0]:g} × {brief(one.label)} and {best[1]:g} × {brief(two.label)}"
    title = f"{says}: {outcome} over two budgets ({scale.unit}, {data.pairs()})"
    reading = f"{says} of today's budgets: {scale.full(cells[best], data.interval)}"
    if (today := cells.get((1.0, 1.0))) is not None and best != (1.0, 1.0):
        reading += f", against {scale.full(today, data.interval)} today"
    reading += ". It is the best of the points tried, picked after looking: expect a little less of it."

    def draw(space: Space) -> Figure:
        from matplotlib.colors import LinearSegmentedColormap

        key = [Key("dot", "budgets tried", style.INK), Key("hollow", "today", style.BAD, "D")]
        left, bar = 0.62, 0.75
        wide = min(space.room - left - bar, 4.6)
        high = min(wide * 0.78, 3.4)
        sheet = Sheet(space, title, foot(data), high + 0.5, key)
        axes = sheet.axes(left, 0.05, wide, high)
        colours = LinearSegmentedColormap.from_list("outcome", ["#f2f6fa", "#8fbbdb", "#0072B2", "#05365a"])
        low, top = float(np.nanmin(height)), float(np.nanmax(height))
        if top > low:
            levels = np.linspace(low, top, 11)
            filled = axes.contourf(xs, ys, np.ma.masked_invalid(height), levels=levels, cmap=colours)
            axes.contour(
                xs, ys, np.ma.masked_invalid(height), levels=levels, colors="white", linewidths=0.6, linestyles="solid"
            )
            ruler = sheet.axes(left + wide + 0.12, 0.05, 0.13, high)
            made = sheet.figure.colorbar(filled, cax=ruler, ticks=levels[::2])
            made.outline.set_visible(False)
            written = words.ticks(low, top)
            made.ax.set_yticklabels([written(x) for x in levels[::2].tolist()])
        else:
            axes.annotate("the same everywhere", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=9.0)
        at = np.array(list(cells))
        axes.plot(at[:, 0], at[:, 1], "o", color=style.INK, markersize=2.6, clip_on=False, zorder=4)
        axes.plot(1.0, 1.0, "D", markersize=6.5, markerfacecolor="white", markeredgecolor=style.BAD,
                  markeredgewidth=1.4, clip_on=False, zorder=5)  # fmt: skip
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        room = wide - 0.3
        axes.set_xlabel(f"{style.shorten(one.label, room - 1.3, 8.0)}, multiple of today", fontsize=8.0, labelpad=2.0)
        axes.set_ylabel(f"{style.shorten(two.label, high - 1.3, 8.0)}, multiple of today", fontsize=8.0, labelpad=2.0)
        return sheet.figure

    holes = int(np.isnan(height).sum())
    caption = (
        f"{pairs(data)}. Colours run between the budgets that were tried (dots); "
        + ("beyond and between missing ones nothing is drawn. " if holes else "beyond them nothing is drawn. ")
        + ("Each point is a mean with an interval of its own, in the data file." if data.n > 1 else "")
    )
    return Picture("surface", title, reading, caption, frame, draw)
