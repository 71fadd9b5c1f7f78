"""Effects along a line: over spend, over days after a pulse, over months, and over the number of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agorasim.report import style, words
from agorasim.report.data import Named
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import brief, nothing, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet, grid, panel_title
from agorasim.report.figures.channels import foot, pairs, table
from agorasim.report.scale import covers_zero

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space


@dataclass(frozen=True)
class Curve:
    """One channel's estimates along a line, positions ascending."""

    channel: Named
    x: list[float]
    y: list[Estimate]


@dataclass(frozen=True)
class Look:
    """How the panels of a picture look."""

    title: str
    along: str
    """Words under the horizontal axis."""
    size: float
    mark: float | None = None
    """A position marked on the horizontal axis."""
    marked: str = ""
    zero: bool = True
    dots: bool = False
    ticks: tuple[str, ...] = ()
    """Words in place of numbers, for positions 0, 1, 2, ..."""


def response(data: EffectsData) -> Picture | None:
    """The outcome over each channel's spend, with today's spend marked."""
    rows = data.select("response")
    curves = _curves(data, rows)
    if not curves:
        return None
    scale = data.scale([e for c in curves for e in c.y])
    outcome = outcome_of(data)
    tried = []
    for c in curves:
        best = max(range(len(c.x)), key=lambda i: c.y[i].mean)
        tried.append((c.channel.label, c.x[best], c.y[best]))
    says = f"{outcome[0].upper()}{outcome[1:]} over the budget of each channel"
    if len(curves) == 1:
        says = f"{outcome[0].upper()}{outcome[1:]} is highest at {tried[0][1]:g} × the budget of {brief(tried[0][0])}"
    look = Look(
        f"{says} ({scale.unit}, {data.pairs()})", "multiple of today's budget", scale.size, 1.0, "today", zero=False,
        dots=True,
    )  # fmt: skip
    reading = "Highest mean among the budgets tried: " + "; ".join(
        f"{name} at {x:g} × today, {scale.full(e, data.interval)}" for name, x, e in tried[:5]
    )
    caption = (
        f"{_bands(data)} Only that channel's budget changes, and only after warm-up; what is not spent is saved. Bands "
        "are of each level: two levels share their worlds, so their difference is known better than the bands suggest."
    )
    return Picture("response", look.title, reading + ".", caption, table(rows), _drawer(data, curves, look))


def carry_over(data: EffectsData) -> Picture | None:
    """The effect of a pulse of spend on the days after it."""
    rows = data.select("carry_over", period=None)
    curves = _curves(data, rows)
    if not curves:
        return None
    scale = data.scale([e for c in curves for e in c.y])
    outcome = outcome_of(data)
    gaps = np.diff(np.unique(rows["at"]))
    step = "week" if len(gaps) and gaps.min() == 7 else "day"
    lasts = [(c.channel.label, _last_sure(c)) for c in curves]
    sure = [(name, day) for name, day in lasts if day is not None]
    if data.n > 1 and not sure:
        says = "A pulse of spend leaves no trace that can be told from nothing"
    elif len(sure) == 1 or len(curves) == 1:
        says = (
            f"The effect of a pulse can be seen until day {sure[0][1]:g}" if sure else "The effect of a pulse, by day"
        )
    else:
        says = "How long a pulse of spend is felt"
    look = Look(
        f"{says}: effect on {outcome} a {step} ({scale.unit}, {data.pairs()})", "days since the pulse began", scale.size
    )
    if sure:
        reading = "; ".join(f"{name}: last day clear of zero is day {day:g}" for name, day in sure) + "."
    elif data.n > 1:
        reading = f"The effect of a pulse {nothing(data.n)} throughout."
    else:
        reading = "The effect of a pulse as time goes by, in the one pair of worlds."
    caption = (
        f"{_bands(data)} A pulse is a week with twice the money or messages; for a place that cannot be scaled, a week "
        f"in which it is closed, counted as what it would have brought."
    )
    if data.n > 1:
        caption += f" Each {step} has its own interval: of twenty without any effect one looks clear."
    return Picture("carry_over", look.title, reading, caption, table(rows), _drawer(data, curves, look))


def convergence(data: EffectsData) -> Picture | None:
    """Shapley values and their intervals as pairs were added."""
    rows = data.select("convergence_shapley")
    curves = [c for c in _curves(data, rows) if len(c.x) > 1]
    if not curves:
        return None
    scale = data.scale([c.y[-1] for c in curves])
    outcome = outcome_of(data)
    first, last = max(curves, key=lambda c: _half(c.y[-1])), int(max(c.x[-1] for c in curves))
    says = "The estimates settle as pairs are added"
    look = Look(f"{says}: Shapley value, effect on {outcome} ({scale.unit})", "pairs of worlds", scale.size)
    reading = (
        f"After {words.count(last, 'pair')} the widest interval, that of {first.channel.label}, is ± "
        f"{scale.text(_half(first.y[-1]))} {scale.unit}"
    )
    # Where the first interval rests on two or three pairs its width says little.
    early = next((i for i, x in enumerate(first.x) if x >= 5 and first.y[i].sure), None)
    if early is not None and first.x[early] < last:
        reading += f"; after {first.x[early]:g} pairs it was ± {scale.text(_half(first.y[early]))}"
    caption = (
        f"Line: estimate from the first pairs; band: its {words.coverage(data.interval)}; dotted: the final estimate. "
        "Four times as many pairs halve an interval."
    )
    return Picture(
        "convergence", look.title, reading + ".", caption, table(rows), _drawer(data, curves, look, settle=True)
    )


def over_time(data: EffectsData) -> Picture | None:
    """The effect by month, week or day: of each channel and of all together."""
    for length, word in ((7, "month"), (None, "week"), (None, "day")):
        rows = data.select(["grand", _single(data)], period=None)
        keep = rows["period"].str.len() == length if length else rows["period"].str.startswith(f"{word} ")
        keep &= ~rows["period"].isin(["counted", "end"])
        rows = rows[keep]
        if rows["period"].nunique() > 1:
            break
    else:
        return None
    periods = sorted(set(rows["period"]))
    place = {name: float(i) for i, name in enumerate(periods)}
    curves = _curves(data, rows.assign(at=rows["period"].map(place)), together=True)
    scale = data.scale([e for c in curves for e in c.y])
    outcome = outcome_of(data)
    main = curves[0]
    best = max(range(len(main.x)), key=lambda i: abs(main.y[i].mean))
    when = _period(periods[int(main.x[best])])
    whole = main.channel.label if main.channel.key else "All channels together"
    sure = data.n == 1 or not covers_zero(main.y[best])
    says = f"{brief(whole)}: strongest in {when}" if sure else f"The effect by {word}"
    look = Look(
        f"{says}: effect on {outcome}, by {word} ({scale.unit}, {data.pairs()})", word, scale.size,
        dots=len(periods) < 30,
        ticks=tuple(_period(p, short=True) for p in periods),
    )  # fmt: skip
    reading = f"{whole}: {scale.full(main.y[best], data.interval)} in {when}"
    reading += "." if sure else f", which {nothing(data.n)}."
    caption = f"{_bands(data)} Single channels: what each adds on top of all others."
    if _single(data) == "shapley":
        caption = f"{_bands(data)} Single channels: Shapley values."
    caption += f" The first and the last {word} may be shorter than the others."
    return Picture("over_time", look.title, reading, caption, table(rows), _drawer(data, curves, look))


def _single(data: EffectsData) -> str:
    """The estimand that stands for single channels in finer periods."""
    rows = data.rows
    finer = rows[(rows["estimand"] == "shapley") & ~rows["period"].isin(["counted", "end"])]
    return "shapley" if len(finer) else "incremental"


def _period(name: str, short: bool = False) -> str:
    """`Apr 2026`, `week 3`, `day 12` (the first is 1)."""
    if len(name) == 7 and name[4] == "-":
        month = words.MONTHS[int(name[5:]) - 1]
        return month if short else f"{month} {name[:4]}"
    kind, _, number = name.partition(" ")
    return f"{int(number) + 1}" if short else f"{kind} {int(number) + 1}"


def _curves(data: EffectsData, rows: pd.DataFrame, together: bool = False) -> list[Curve]:
    """Curves of the rows' channels in the order of the channels; all channels together first where asked."""
    found: list[Curve] = []
    rows = rows[np.isfinite(rows["at"]) & np.isfinite(rows["estimate"])].sort_values("at", kind="stable")
    known = {c.key: c for c in data.channels}
    names = list(dict.fromkeys(rows["channels"]))
    joint = [name for name in names if "+" in name] if together else []
    order = [*joint, *(k for k in known if k in names), *(k for k in names if k not in known and "+" not in k)]
    for key in order:
        own = rows[rows["channels"] == key]
        channel = Named("", "All together", "#3c4043") if key in joint else data.channel(key)
        found.append(Curve(channel, own["at"].tolist(), estimates_of(own)))
    return found


def _bands(data: EffectsData) -> str:
    if data.n < 2:
        return f"{pairs(data)}: a single pair, so nothing here says how sure it is."
    return f"{pairs(data)}. Line: mean; band: its {words.coverage(data.interval)} at each point."


def _half(e: Estimate) -> float:
    return (e.high - e.low) / 2.0 if e.sure else 0.0


def _last_sure(curve: Curve) -> float | None:
    """The last position up to which most of the curve is clear of zero."""
    clear = [x for x, e in zip(curve.x, curve.y, strict=True) if not covers_zero(e)]
    return clear[-1] if clear else None


def _drawer(data: EffectsData, curves: Sequence[Curve], look: Look, settle: bool = False) -> Callable[[Space], Figure]:
    def draw(space: Space) -> Figure:
        columns, rows = grid(space, len(curves))
        key = [Key("line", "estimate")]
        if data.n > 1:
            key.append(Key("band", words.coverage(data.interval), alpha=0.3))
        if look.marked:
            key.append(Key("cross", look.marked, style.BAD))
        left, gap, above, below = 0.5, 0.22, 0.26, 0.42
        width = (space.room - left - gap * (columns - 1)) / columns
        high = (2.4 if columns == 1 else 1.6) if not space.narrow else (1.9 if rows == 1 else 1.2)
        body = rows * (above + high) + below + (rows - 1) * 0.14
        sheet = Sheet(space, look.title, foot(data), body, key)
        ends = [x / look.size for c in curves for i, e in enumerate(c.y) for x in _shown(e, settle and c.x[i] < 5)]
        low, top = min(ends), max(ends)
        if look.zero:
            low, top = min(low, 0.0), max(top, 0.0)
        if low == top:
            low, top = low - 1.0, top + 1.0
        for i, curve in enumerate(curves):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + 0.14), width, high)
            _curve(axes, curve, look)
            if settle:
                axes.axhline(curve.y[-1].mean / look.size, color=curve.channel.colour, linewidth=0.8, linestyle=":")
            pad = 0.05 * (top - low)
            axes.set_ylim(low - pad, top + pad)
            axes.grid(axis="y")
            axes.yaxis.set_major_formatter(words.ticks(low, top))
            if column:
                axes.tick_params(labelleft=False)
            _along(axes, curves, look, width, labels=i + columns >= len(curves))
            panel_title(axes, curve.channel, width)
        return sheet.figure

    return draw


def _shown(e: Estimate, wild: bool) -> tuple[float, ...]:
    """What an axis must hold; the wild intervals of the first few pairs would flatten everything else."""
    return (e.mean, e.low, e.high) if e.sure and not wild else (e.mean,)


def _curve(axes: Axes, curve: Curve, look: Look) -> None:
    colour = curve.channel.colour
    mean = np.array([e.mean for e in curve.y]) / look.size
    low, high = (np.array([getattr(e, end) for e in curve.y]) / look.size for end in ("low", "high"))
    if look.zero:
        axes.axhline(0.0, color=style.MUTED, linewidth=0.9, zorder=1.5)
    if look.mark is not None:
        axes.axvline(look.mark, color=style.BAD, linewidth=1.1, zorder=1.6)
    axes.fill_between(curve.x, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(curve.x, mean, color=colour, linewidth=1.6, marker="o" if look.dots else "", markersize=3.2)
    if len(curve.x) == 1:
        axes.plot(curve.x, mean, "o", color=colour, markersize=4.0)


def _along(axes: Axes, curves: Sequence[Curve], look: Look, width: float, labels: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    first, last = min(c.x[0] for c in curves), max(c.x[-1] for c in curves)
    pad = 0.03 * (last - first) or 0.5
    axes.set_xlim(first - pad, last + pad)
    if look.ticks:
        step = -(-len(look.ticks) // max(int(width / 0.4), 2))
        at = list(range(0, len(look.ticks), step))
        axes.set_xticks(at, labels=[look.ticks[k] for k in at] if labels else [""] * len(at))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=max(int(width / 0.5), 2), steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(words.compact)
        axes.tick_params(labelbottom=labels)
    if labels:
        axes.set_xlabel(look.along, fontsize=8.0, labelpad=2.0)
