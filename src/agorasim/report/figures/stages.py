"""Stages of life: how many people are in each, and whose goods they buy there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import InputError
from agorasim.report import style, words
from agorasim.report.data import labelled
from agorasim.report.figures.bars import rows as name_rows
from agorasim.report.figures.base import Key, Picture, Sheet, Space, provenance

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.figure import Figure

    from agorasim.report.data import ReportData

    Cells = dict[tuple[str, str], dict[Hashable, float]]


def stages(data: ReportData) -> Picture | None:
    """Orders a person and month by stage and brand, and the people in each stage; None when nobody was in any."""
    try:
        table = data.results.life_stages()
    except InputError:
        return None
    means = table.groupby(["stage", "brand"], sort=False)[["people", "awareness", "orders", "revenue"]].mean()
    entries = data.scenario["population"]["life_stages"]["stages"]
    labels = labelled(entries)
    found = {(str(s), str(b)): row for (s, b), row in zip(means.index, means.to_dict("records"), strict=True)}
    people = {s: max(float(found[s, b.key]["people"]) for b in data.brands) for s in labels}
    shown = [s for s in labels if people[s] > 0.0]
    if not shown:
        return None
    days = data.days - data.warmup
    rates = {(s, b.key): float(found[s, b.key]["orders"]) / people[s] / days * 30.0 for s in shown for b in data.brands}
    whole = sum(people.values())
    title = "Orders a person and 30 days, by stage of life and brand"

    def draw(space: Space) -> Figure:
        key = [Key("band", b.label, b.colour) for b in data.brands]
        high = 0.42 * len(shown)
        sheet = Sheet(space, title, provenance(data), high + 0.3, key)
        names = [style.shorten(labels[s], 0.9 if space.narrow else 1.6, 8.5) for s in shown]
        left = style.widest(names, 8.5) + 0.1
        texts = [_told(people[s], whole, space.narrow) for s in shown]
        right = style.widest(texts, 7.5) + 0.15
        width = sheet.room - left - right
        axes = sheet.axes(left, 0.05, width, high)
        most = max(sum(rates[s, b.key] for b in data.brands) for s in shown) or 1.0
        for row, s in enumerate(shown):
            start = 0.0
            for brand in data.brands:
                rate = rates[s, brand.key]
                axes.barh(row, rate, 0.62, left=start, color=brand.colour, edgecolor="white", linewidth=0.6)
                text = words.number(rate, 2)
                if rate / most * width > style.inches(text, 7.5) + 0.06:
                    axes.text(start + rate / 2, row, text, ha="center", va="center", fontsize=7.5, color="white")
                start += rate
            axes.annotate(
                texts[row], (start, row), (5, 0), textcoords="offset points", va="center", fontsize=7.5,
                color=style.MUTED, annotation_clip=False,
            )  # fmt: skip
        axes.set_xlim(0.0, most)
        name_rows(axes, names)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.spines["left"].set_visible(False)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Means over the counted days. Beside each bar: people in the stage "
        "on an average day, and their share. Awareness of each brand by stage is in the data."
    )
    return Picture("stages", title, _reading(data, shown, labels, found, rates), caption, means.reset_index(), draw)


def _told(people: float, whole: float, narrow: bool) -> str:
    share = words.percent(people / whole, decimals=0)
    return share if narrow else f"{words.number(people)} people ({share})"


def _reading(
    data: ReportData, shown: list[str], labels: dict[str, str], found: Cells, rates: dict[tuple[str, str], float]
) -> str:
    """Who leads in each stage, and where its share is largest."""
    parts = []
    for s in shown:
        best = max(data.brands, key=lambda b: rates[s, b.key])
        total = sum(rates[s, b.key] for b in data.brands)
        if total > 0.0:
            parts.append(f"{labels[s]} {best.label} ({words.percent(rates[s, best.key] / total, decimals=0)})")
    first, last = shown[0], shown[-1]
    gain = max(data.brands, key=lambda b: float(found[last, b.key]["orders"]))
    known = [words.percent(float(found[s, gain.key]["awareness"]), decimals=0) for s in (first, last)]
    return (
        f"Most orders, by stage: {words.listed(parts, 8)}. Awareness of {gain.label} is {known[0]} in "
        f"{labels[first]} and {known[1]} in {labels[last]}."
    )
