"""Paths to purchase: the most frequent ones of each brand, and how people moved between touchpoints on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.base import Picture, Sheet, Space, provenance
from agorasim.report.journeys import FRIENDS, flows, purchase_paths

if TYPE_CHECKING:
    from collections import Counter

    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from agorasim.report.data import Named, ReportData
    from agorasim.report.journeys import Path

_SHOWN: Final = 6
_MOST_BRANDS: Final = 4
_TALK: Final = "a friend's word"
_NOTHING: Final = "no click, search, visit or word before"


def top_paths(data: ReportData) -> Picture | None:
    """The most frequent paths to an order, by brand; None when the run kept no log or nobody in it ordered."""
    import pandas as pd

    found = _paths(data)
    if not found:
        return None
    labels = _labels(data)
    rows = [
        {"brand": b.key, "path": _told(path, labels), "steps": len(path), "orders": orders,
         "share": orders / sum(paths.values()), "rank": k + 1}
        for b, paths in found for k, (path, orders) in enumerate(_ranked(paths))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    shown = found[:_MOST_BRANDS]
    title = "Paths to purchase: what people responded to before they ordered (share of a brand's logged orders)"

    def draw(space: Space) -> Figure:
        row, head, gap = 0.33, 0.24, 0.16
        heights = [head + row * min(len(paths), _SHOWN) for _, paths in shown]
        sheet = Sheet(space, title, provenance(data), sum(heights) + gap * (len(shown) - 1))
        width = sheet.room - 0.62
        most = max(_ranked(paths)[0][1] / sum(paths.values()) for _, paths in shown)
        top = 0.0
        for (brand, paths), height in zip(shown, heights, strict=True):
            whole = sum(paths.values())
            sheet.write(0.0, top, brand.label, 9.0, brand.colour, weight="bold")
            note = f"{words.count(whole, 'order')} logged, {words.count(len(paths), 'different path')}"
            sheet.write(style.inches(brand.label, 9.0, bold=True) + 0.12, top + 0.015, note, 8.0, style.MUTED)
            ranked = _ranked(paths)[:_SHOWN]
            axes = sheet.axes(0.0, top + head - 0.06, width, row * len(ranked))
            shares = [orders / whole for _, orders in ranked]
            axes.barh(np.arange(len(ranked)) + 0.24, shares, 0.32, color=brand.colour, alpha=0.85)
            for k, (path, _) in enumerate(ranked):
                text = style.shorten(_told(path, labels), sheet.room - 0.05, 8.0)
                axes.text(0.0, k - 0.13, text, fontsize=8.0, va="center", clip_on=False)
                axes.annotate(
                    words.percent(shares[k], decimals=1), (shares[k], k + 0.24), (4, 0), textcoords="offset points",
                    va="center", fontsize=7.5, color=style.MUTED, annotation_clip=False,
                )  # fmt: skip
            axes.set_ylim(len(ranked) - 0.5, -0.5)
            axes.set_xlim(0.0, most)
            axes.set_axis_off()
            top += height + gap
        return sheet.figure

    window = int(data.scenario["data"]["attribution_window"])
    caption = (
        f"n = {words.count(data.n, 'replication')}. Clicks, searches, visits and friends' words within {window} days "
        "before an order, in order of days; within a day words come before searches, clicks and visits; repeats in a "
        "row are one step. Impressions without a response are left out. A step on the way is no proof that it caused "
        "the order."
    )
    first, paths = found[0]
    whole = sum(paths.values())
    none, longer = paths[()] / whole, sum(n for p, n in paths.items() if len(p) > 1) / whole
    reading = (
        f"Of the logged orders of {first.label}, {words.percent(none)} came without a click, search, visit or friend's "
        f"word in the days before, and {words.percent(longer)} after two steps or more"
    )
    known = [(path, orders) for path, orders in _ranked(paths) if path]
    if known:
        reading += f"; the most frequent path is {_told(known[0][0], labels)} ({words.percent(known[0][1] / whole)})"
    reading += "."
    return Picture("paths", title, reading, caption, table, draw)


def path_flows(data: ReportData) -> Picture | None:
    """A heat map of moves between touchpoints on the way to an order, for the brand with most orders in the log."""
    import pandas as pd

    found = _paths(data)
    if not found:
        return None
    brand, paths = max(found, key=lambda entry: sum(entry[1].values()))
    moves = flows(paths)
    labels = _labels(data)
    steps = [name for name in labels if any(name in pair for pair in moves)]
    if not steps:
        return None
    names = [labels[name] for name in steps]
    froms: list[str | None] = [None, *steps]
    tos: list[str | None] = [*steps, None]
    counts = np.array([[moves[(a, z)] for z in tos] for a in froms], dtype=np.float64)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    table = pd.DataFrame(
        [
            {"brand": brand.key, "from": "start" if a is None else labels[a], "to": "order" if z is None else labels[z],
             "moves": int(counts[i, j]), "share": shares[i, j]}
            for i, a in enumerate(froms) for j, z in enumerate(tos)
        ]
    )  # fmt: skip
    title = f"From touchpoint to touchpoint on the way to an order of {brand.label} (% of moves from each row)"

    def draw(space: Space) -> Figure:
        left_names = [style.shorten(n, 1.3 if not space.narrow else 0.85, 8.0) for n in ["start", *names]]
        left = style.widest(left_names, 8.0) + 0.1
        width = space.room - left
        cell = width / len(tos)
        heads = [style.shorten(n, 1.1, 8.0) for n in [*names, "order"]]
        slanted = style.widest(heads, 8.0) > cell - 0.06
        above = (0.25 + 0.72 * style.widest(heads, 8.0)) if slanted else 0.28
        high = 0.3 * len(froms)
        sheet = Sheet(space, title, provenance(data), above + high + 0.05)
        axes = sheet.axes(left, above, width - (0.45 if slanted else 0.0), high)
        axes.imshow(shares, cmap=_shades(brand.colour), vmin=0.0, vmax=1.0, aspect="auto")
        for i in range(len(froms)):
            for j in range(len(tos)):
                if counts[i, j] > 0:
                    dark = shares[i, j] > 0.55
                    axes.text(
                        j, i, words.percent(shares[i, j], decimals=0), ha="center", va="center", fontsize=7.5,
                        color="white" if dark else style.INK,
                    )  # fmt: skip
        axes.set_xticks(
            range(len(tos)), labels=heads, rotation=40 if slanted else 0, ha="left" if slanted else "center"
        )
        axes.xaxis.tick_top()
        axes.set_yticks(range(len(froms)), labels=left_names)
        axes.tick_params(which="both", length=0, colors=style.INK)
        axes.set_xticks(np.arange(len(tos) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(froms) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return sheet.figure

    inner = [
        (counts[i, j], labels[a], labels[z])
        for i, a in enumerate(froms) if a is not None
        for j, z in enumerate(tos) if z is not None
    ]  # fmt: skip
    most = max(inner, default=(0.0, "", ""))
    reading = (
        f"The busiest move between touchpoints on the way to {brand.label} leads from {most[1]} to {most[2]}."
        if most[0] > 0
        else f"People who order from {brand.label} respond to one touchpoint and then order."
    )
    caption = (
        f"n = {words.count(data.n, 'replication')}. Each row adds up to 100 %: after a step in the row, the next step "
        "on the way to an order is that in the column. The same steps as in the paths; steps of people who did not "
        "order are not shown."
    )
    return Picture("path_flows", title, reading, caption, table, draw)


def _paths(data: ReportData) -> list[tuple[Named, Counter[Path]]]:
    """Paths of each brand that somebody in the log ordered from, in the scenario's order."""
    log = data.journeys
    if log is None:
        return []
    window = int(data.scenario["data"]["attribution_window"])
    made = [(b, purchase_paths(log[log["brand"] == b.key], window)) for b in data.brands]
    return [(b, paths) for b, paths in made if paths]


def _labels(data: ReportData) -> dict[str, str]:
    return {FRIENDS: _TALK, **{t.key: t.label for t in data.touchpoints}}


def _ranked(paths: Counter[Path]) -> list[tuple[Path, int]]:
    return sorted(paths.items(), key=lambda entry: (-entry[1], entry[0]))


def _told(path: Path, labels: dict[str, str]) -> str:
    return " › ".join(labels[name] for name in path) if path else _NOTHING


def _shades(colour: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", ["#eaeef2", colour])
