"""What a calibration found: how well the targets are met, and which values of the parameters agree with them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agorasim.report import style, words
from agorasim.report.data import Estimate
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import label_list, outcome_words, short_names
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import Column, amount_axis, foot, row_sheet, table, whiskers
from agorasim.report.scale import scale_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

#: Pairs of parameters shown, and points of a panel.
_MOST_PANELS, _MOST_DOTS = 6, 800


class _Target(NamedTuple):
    """A figure that was to be met."""

    name: str
    wanted: float
    got: Estimate
    off: Estimate
    """Distance from the target in the figure's unit."""
    tolerance: float
    """NaN where it is not known."""
    unit: str


def targets(data: EffectsData) -> Picture | None:
    """What the best values give on fresh replicates, beside what was to be met, in tolerances."""
    found = _targets(data)
    if not found:
        return None
    met = [t for t in found if _away(t.off.mean, t) <= 1.0]
    missed = [t.name for t in found if _away(t.off.mean, t) > 1.0]
    title = f"{len(met)} of {words.count(len(found), 'target')} met within the tolerance"
    title += f" (distance in tolerances, {data.pairs()})"
    reading = "; ".join(
        f"{t.name}: {scale_for([t.got], t.unit).full(t.got, data.interval)}, target {words.number(t.wanted)}"
        for t in found[:6]
    )
    reading += f". Missed: {label_list(missed)}." if missed else "."
    texts = []
    for t in found:
        scale = scale_for([t.got], t.unit)
        texts.append((scale.text(t.got.mean), f"target {scale.text(t.wanted)}"))

    def draw(space: Space) -> Figure:
        key = [Key("dot", "best values", style.GOOD), Key("band", "within tolerance", style.NOBODY, alpha=0.5)]
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        names = [f"{t.name}, {t.unit}" if t.unit not in ("", t.name) else t.name for t in found]
        sheet, axes = row_sheet(space, title, foot(data), key, names, [Column("", texts)])
        spans = [(t.off.low / t.tolerance, t.off.high / t.tolerance) for t in found]
        means = [t.off.mean / t.tolerance for t in found]
        amount_axis(axes, "tolerances away from the target", [*means, *(x for span in spans for x in span), -1.5, 1.5])
        axes.axvspan(-1.0, 1.0, color=style.NOBODY, alpha=0.35, linewidth=0, zorder=0.5)
        whiskers(axes, [(y, low, high) for y, (low, high) in enumerate(spans)])
        axes.plot(means, range(len(found)), "o", color=style.GOOD, markersize=6.0, markeredgecolor="white", zorder=5)
        return sheet.figure

    caption = "The best values, run again on replicates that the search had not seen."
    return Picture(
        "targets", title, reading, caption, table(data.select(["level", "difference"], metric="", brand="*")), draw
    )


def _targets(data: EffectsData) -> list[_Target]:
    asked: Any = data.settings.get("targets") or {}
    rows = data.select(["level", "difference"], metric="", brand="*")
    found = []
    for metric, brand in dict.fromkeys(zip(rows["metric"], rows["brand"], strict=True)):
        group = rows[(rows["metric"] == metric) & (rows["brand"] == brand)]
        of = dict(zip(group["estimand"], estimates_of(group), strict=True))
        if "level" not in of or "difference" not in of:
            continue
        key = f"{metric},{brand}" if brand else str(metric)
        name = f"{data.brand_name(str(brand))}: {outcome_words(str(metric))}" if brand else outcome_words(str(metric))
        wanted = of["level"].mean - of["difference"].mean
        found.append(
            _Target(name, wanted, of["level"], of["difference"], _tolerance(asked, key), data.unit(str(metric)))
        )
    known = [t for t in found if np.isfinite(t.tolerance) and t.tolerance > 0]
    return known


def _tolerance(asked: Any, key: str) -> float:
    """The tolerance of a target in the experiment's settings; NaN where it does not stand there."""
    entries = asked.items() if isinstance(asked, dict) else [(str(e.get("measure", "")), e) for e in asked]
    for name, entry in entries:
        if name == key:
            if isinstance(entry, dict):
                return float(entry.get("tolerance", "nan"))
            if isinstance(entry, list | tuple) and len(entry) > 1:
                return float(entry[1])
    return float("nan")


def _away(x: float, target: _Target) -> float:
    return abs(x) / target.tolerance


def region(data: EffectsData) -> Picture | None:
    """Values of the parameters that agree with the targets, for pairs of parameters."""
    inside, tried = data.kept("region"), data.kept("points")
    if inside is None or tried is None or not len(inside):
        return None
    names = [str(c) for c in inside.columns if c in tried]
    short = short_names(names)
    best = {
        str(r["channels"]): float(r["estimate"])
        for r in data.select("parameter", metric="", brand="*").to_dict("records")
    }
    ends = {k: (float(inside[k].min()), float(inside[k].max())) for k in names}
    shares = {k: (ends[k][1] - ends[k][0]) / (float(tried[k].max() - tried[k].min()) or 1.0) for k in names}
    tight = min(shares, key=lambda k: shares[k])
    title = f"The targets narrow {short[tight]} to {words.percent(min(shares[tight], 1.0))} of its range"
    reading = "; ".join(
        f"{short[k]}: {words.number(best[k])} ({words.number(ends[k][0])} to {words.number(ends[k][1])})"
        for k in names
        if k in best
    )
    pairs = list(combinations(names, 2))[:_MOST_PANELS] or [(names[0], names[0])]

    def draw(space: Space) -> Figure:
        key = [Key("dot", "agrees with the targets", style.GOOD), Key("dot", "was run", style.NOBODY),
               Key("hollow", "best", style.BAD, "D")]  # fmt: skip
        columns = min(len(pairs), 1 if space.narrow else 3)
        rows = -(-len(pairs) // columns)
        left, gap = 0.55, 0.6
        width = min((space.room - left - gap * (columns - 1)) / columns, 3.4)
        high = width * 0.85
        sheet = Sheet(space, title, foot(data), rows * (high + 0.55), key)
        step = 1 + len(inside) // _MOST_DOTS
        for i, (a, b) in enumerate(pairs):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), 0.08 + row * (high + 0.55), width, high)
            axes.plot(tried[a], tried[b], "o", color=style.NOBODY, markersize=2.6)
            axes.plot(inside[a][::step], inside[b][::step], "o", color=style.GOOD, markersize=2.6, alpha=0.5)
            if a in best and b in best:
                axes.plot(best[a], best[b], "D", markersize=6.0, markerfacecolor="white", markeredgecolor=style.BAD,
                          markeredgewidth=1.3)  # fmt: skip
            axes.locator_params(nbins=4)
            axes.xaxis.set_major_formatter(words.ticks(float(tried[a].min()), float(tried[a].max())))
            axes.yaxis.set_major_formatter(words.ticks(float(tried[b].min()), float(tried[b].max())))
            axes.set_xlabel(style.shorten(short[a], width, 8.0), fontsize=8.0, labelpad=2.0)
            axes.set_ylabel(style.shorten(short[b], high, 8.0), fontsize=8.0, labelpad=2.0)
        return sheet.figure

    caption = (
        "Grey: values that were run; blue: values that an emulator of those runs cannot rule out. A blue cloud along a "
        "slope says that the targets know the two parameters only together."
    )
    return Picture("region", title, (reading or title) + ".", caption, inside, draw)
