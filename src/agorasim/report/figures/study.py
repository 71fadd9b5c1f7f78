"""Studies: what each factor does over its levels, two factors at once, and which of them matters most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agorasim.report import style, words
from agorasim.report.data import Estimate
from agorasim.report.effects_words import brief, nothing, outcome_of, short_names
from agorasim.report.figures.base import Key, Picture, Sheet, grid
from agorasim.report.figures.channels import (
    amount_axis,
    ends_of,
    faint,
    foot,
    intervals,
    numbers,
    pairs,
    row_sheet,
    table,
    whiskers,
)
from agorasim.report.scale import Scale, covers_zero, scale_for

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_DOT = style.GOOD
#: Points of a design beyond which a list of them would not be read.
_MOST_BARS = 24


class _Point(NamedTuple):
    """A point of a design: the factor's value and the outcome there."""

    value: object
    level: Estimate
    """Mean outcome."""
    difference: Estimate | None
    """Against the scenario as it is."""
    moved: tuple[str, ...]
    """Factors in which the point differs from the scenario as it is; empty when not known."""


def levels(data: EffectsData) -> Picture | None:
    """The outcome over the values of each factor: a dot a point of the design, a line where they are few."""
    design = data.design
    if design is None or len(design) < 2:
        return None
    found, differences = data.effects("level"), data.effects("difference")
    factors = [name for name in _factors(design) if design[name].nunique() > 1]
    panels = []
    brief_names = short_names(_factors(design))
    for name in factors:
        spots = [
            (value, found[arm], differences.get(arm))
            for value, arm in zip(design[name].tolist(), design["arm"].tolist(), strict=True)
            if arm in found and found[arm].known and value == value and value is not None
        ]
        if len(spots) > 1:
            panels.append((brief_names[name], spots))
    if not panels:
        return None
    scale = data.scale([e for _, spots in panels for _, e, _ in spots])
    outcome = outcome_of(data)
    title = f"{outcome[0].upper()}{outcome[1:]} over each factor ({scale.unit}, {data.pairs()})"
    every = [(e, name, value) for name, spots in panels for value, e, _ in spots]
    best, name, value = max(every, key=lambda spot: spot[0].mean)
    reading = f"Highest mean among the points tried: {_show(value)} for {name}, {scale.full(best, data.interval)}."
    reading += " It was picked after looking, so expect a little less of it."
    few = all(len(spots) == len({repr(v) for v, _, _ in spots}) for _, spots in panels)

    def draw(space: Space) -> Figure:
        columns, rows = grid(space, len(panels))
        left, gap, above, below = 0.55, 0.22, 0.26, 0.3
        width = (space.room - left - gap * (columns - 1)) / columns
        high = (2.3 if columns == 1 else 1.6) if not space.narrow else 1.5
        key = [Key("dot", "a point of the design", _DOT)]
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        sheet = Sheet(space, title, foot(data), rows * (above + high + below), key)
        ends = [x for _, spots in panels for x in ends_of([e for _, e, _ in spots], scale.size)]
        low, top = min(ends), max(ends)
        pad = 0.06 * (top - low) or 1.0
        for i, (name, spots) in enumerate(panels):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + below), width, high)
            _spots(axes, spots, scale.size, width, joined=few)
            axes.set_ylim(low - pad, top + pad)
            axes.yaxis.set_major_formatter(words.ticks(low, top))
            axes.grid(axis="y")
            if column:
                axes.tick_params(labelleft=False)
            axes.set_title(style.shorten(name, width, 8.5, bold=True), loc="left", fontsize=8.5, fontweight="bold",
                           color=style.INK, pad=4.0)  # fmt: skip
        return sheet.figure

    caption = (
        f"{pairs(data)} of every point. Dot: mean; line: {words.coverage(data.interval)} of the mean. "
        "All points share their random numbers, so differences between them are known better than each level."
    )
    if not few:
        caption += " Other factors vary along with the one shown, which spreads the dots."
    rows = data.select(["level", "difference"])
    return Picture("levels", title, reading, caption, _with_design(rows, design), draw)


def _spots(axes: Axes, spots: list[tuple[object, Estimate, Estimate | None]], size: float, width: float, joined: bool
           ) -> None:  # fmt: skip
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v, _, _ in spots)
    if numeric:
        spots = sorted(spots, key=lambda spot: float(str(spot[0])))
        xs = [float(str(v)) for v, _, _ in spots]
        axes.margins(x=0.06)
        axes.locator_params(axis="x", nbins=max(int(width / 0.55), 2))
        axes.xaxis.set_major_formatter(words.ticks(min(xs), max(xs)))
    else:
        names = list(dict.fromkeys(_show(v) for v, _, _ in spots))
        xs = [float(names.index(_show(v))) for v, _, _ in spots]
        room = width / max(len(names), 1) - 0.05
        axes.set_xticks(range(len(names)), labels=[style.shorten(name, room, 7.5) for name in names])
        axes.set_xlim(-0.6, len(names) - 0.4)
    sure = [(x, e.low / size, e.high / size) for x, (_, e, _) in zip(xs, spots, strict=True) if e.sure]
    if sure:
        x, low, high = zip(*sure, strict=True)
        axes.vlines(x, low, high, color=style.INK, linewidth=0.9)
    line = "-" if joined and numeric else ""
    axes.plot(xs, [e.mean / size for _, e, _ in spots], f"o{line}", color=_DOT, markersize=4.2, linewidth=1.2,
              markeredgecolor="white", markeredgewidth=0.5, zorder=4)  # fmt: skip


def two_factors(data: EffectsData) -> Picture | None:
    """The outcome over two factors at once, a cell for each pair of values."""
    design = data.design
    if design is None:
        return None
    factors = [name for name in _factors(design) if design[name].nunique() > 1]
    if len(factors) != 2:
        return None
    one, two = (short_names(_factors(design))[name] for name in factors)
    found, differences = data.effects("level"), data.effects("difference")
    xs, ys = (sorted(set(design[f].dropna()), key=_order) for f in factors)
    cells: dict[tuple[int, int], tuple[Estimate, Estimate | None]] = {}
    for x, y, arm in zip(design[factors[0]], design[factors[1]], design["arm"], strict=True):
        if arm in found and x in xs and y in ys:
            cells[(ys.index(y), xs.index(x))] = (found[arm], differences.get(arm))
    if len(cells) < 4 or len(xs) > 12 or len(ys) > 14:
        return None
    scale = data.scale([e for e, _ in cells.values()])
    outcome = outcome_of(data)
    best = max(cells, key=lambda at: cells[at][0].mean)
    says = f"Highest at {brief(f'{one} {_show(xs[best[1]])}')}, {brief(f'{two} {_show(ys[best[0]])}')}"
    title = f"{says}: {outcome} ({scale.unit}, {data.pairs()})"
    low, top = (pick(e.mean for e, _ in cells.values()) for pick in (min, max))

    def draw(space: Space) -> Figure:
        names = [style.shorten(_show(y), 1.0, 7.5) for y in ys]
        left = style.widest(names, 7.5) + 0.3
        cell = min((space.room - left) / len(xs), 1.1)
        deep = 0.42
        sheet = Sheet(space, title, foot(data), 0.36 + deep * len(ys) + 0.1)
        axes = sheet.axes(left, 0.36, cell * len(xs), deep * len(ys))
        _grid(axes, cells, (len(ys), len(xs)), (low, top), scale, cell)
        for j, x in enumerate(xs):
            axes.annotate(style.shorten(_show(x), cell, 7.5), (j + 0.5, 0), (0, 3), textcoords="offset points",
                          ha="center", va="bottom", fontsize=7.5, annotation_clip=False)  # fmt: skip
        for i, name in enumerate(names):
            axes.annotate(name, (0, i + 0.5), (-4, 0), textcoords="offset points", ha="right", va="center",
                          fontsize=7.5, annotation_clip=False)  # fmt: skip
        sheet.write(left, 0.0, f"{style.shorten(one, space.room - left - 0.3, 8.0)} →", 8.0, style.MUTED)
        sheet.write(0.0, 0.36 + deep * len(ys) / 2, style.shorten(two, deep * len(ys), 8.0), 8.0, style.MUTED,
                    rotation=90, va="center")  # fmt: skip
        return sheet.figure

    e = cells[best][0]
    reading = f"{says}: {scale.full(e, data.interval)}. Picked after looking, so expect a little less of it."
    caption = f"{pairs(data)} of every point. Mean outcome at each pair of values; darker is higher."
    if data.n > 1:
        caption += f" Under each number its {words.coverage(data.interval)}, where it fits."
    rows = data.select(["level", "difference"])
    return Picture("two_factors", title, reading, caption, _with_design(rows, design), draw)


def _grid(
    axes: Axes, cells: dict[tuple[int, int], tuple[Estimate, Estimate | None]], shape: tuple[int, int],
    span: tuple[float, float], scale: Scale, cell: float,
) -> None:  # fmt: skip
    from matplotlib.patches import Rectangle

    axes.set_xlim(0, shape[1])
    axes.set_ylim(shape[0], 0)
    axes.axis("off")
    low, top = span
    texts = [scale.text(e.mean) for e, _ in cells.values()]
    spans = [scale.span(e) for e, _ in cells.values() if e.sure]
    size = min(8.0, 8.0 * (cell - 0.06) / max(style.widest(texts, 8.0), 0.01))
    small = min(6.2, 6.2 * (cell - 0.06) / max(style.widest(spans, 6.2), 0.01)) if spans else 0.0
    for (i, j), (e, _) in cells.items():
        depth = 0.08 + 0.92 * ((e.mean - low) / (top - low) if top > low else 0.0)
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=faint(_DOT, depth), edgecolor="white", linewidth=1.2))
        ink = "white" if depth > 0.6 else style.INK
        under = small >= 4.6 and e.sure
        axes.text(j + 0.5, i + (0.36 if under else 0.5), scale.text(e.mean), ha="center", va="center", fontsize=size,
                  color=ink)  # fmt: skip
        if under:
            axes.text(j + 0.5, i + 0.72, scale.span(e), ha="center", va="center", fontsize=small, color=ink)


def tornado(data: EffectsData) -> Picture | None:
    """What moving one factor at a time does, the widest swing on top."""
    design = data.design
    if design is None or data.settings.get("design") != "one_at_a_time":
        return None
    found = data.effects("difference")
    factors = _factors(design)
    swings: dict[str, list[tuple[str, Estimate]]] = {}
    for record in design.to_dict("records"):
        moved = [name for name in factors if record[name] is not None and record[name] == record[name]]
        e = found.get(str(record["arm"]))
        if len(moved) == 1 and e is not None and e.known:
            swings.setdefault(moved[0], []).append((_show(record[moved[0]]), e))
    if not swings:
        return None
    order = sorted(swings, key=lambda name: -max(abs(e.mean) for _, e in swings[name]))
    known = short_names(factors)
    rows = [
        (f"{known[name]} = {value}", e)
        for name in order
        for value, e in sorted(swings[name], key=lambda of: of[1].mean)
    ]
    return _bars(
        data, "tornado", rows[:_MOST_BARS], "difference", "difference to the scenario as it is",
        f"{pairs(data)} of every point. Each bar: that one value changed, everything else as in the "
        "scenario; factors with the widest swing on top.",
        lambda top: f"{brief(top)} moves {outcome_of(data)} most",
    )  # fmt: skip


def main_effects(data: EffectsData) -> Picture | None:
    """What each level of each factor does against its first level, averaged over the other factors."""
    found = data.effects("main_effect") | data.effects("factor_interaction")
    short = shortener(data)
    rows = sorted(((short(name), e) for name, e in found.items() if e.known), key=lambda of: -abs(of[1].mean))
    return _bars(
        data, "main_effects", rows[:_MOST_BARS], ["main_effect", "factor_interaction"], "effect",
        f"{intervals(data)} factor=level: the mean at that level less the mean at the factor's first level, over all "
        "levels of the others. a+b: how much the effect of one changes with the level of the other.",
        lambda top: f"{brief(top)} has the largest effect on {outcome_of(data)}",
    )  # fmt: skip


def _bars(
    data: EffectsData, name: str, rows: list[tuple[str, Estimate]], estimands: str | list[str], word: str, caption: str,
    says: Callable[[str], str],
) -> Picture | None:  # fmt: skip
    if not rows:
        return None
    scale = scale_for([e for _, e in rows], data.unit())
    top, most = max(rows, key=lambda of: abs(of[1].mean))
    sure = data.n == 1 or not covers_zero(most)
    title = f"{says(top) if sure else 'Nothing can be told from nothing'} ({scale.unit}, {data.pairs()})"
    reading = f"The largest, {top}, {nothing(data.n, data.noun)}."
    if sure:
        reading = f"Largest change in {outcome_of(data)}: {top}, {scale.full(most, data.interval)}."

    def draw(space: Space) -> Figure:
        key = [Key("band", word, _DOT)]
        if data.n > 1:
            key += [Key("line", words.coverage(data.interval), style.INK),
                    Key("band", "interval covers zero", faint(_DOT))]  # fmt: skip
        names, estimates = [label for label, _ in rows], [e for _, e in rows]
        sheet, axes = row_sheet(space, title, foot(data), key, names, [numbers(word.split()[0], estimates, scale)])
        amount_axis(axes, scale.unit, ends_of(estimates, scale.size))
        colours = [faint(_DOT) if data.n > 1 and covers_zero(e) else _DOT for e in estimates]
        axes.barh(np.arange(len(rows)), [e.mean / scale.size for e in estimates], 0.56, color=colours, zorder=2)
        whiskers(axes, [(y, e.low / scale.size, e.high / scale.size) for y, e in enumerate(estimates)])
        return sheet.figure

    return Picture(name, title, reading, caption, table(data.select(estimands)), draw)


def _with_design(rows: pd.DataFrame, design: pd.DataFrame) -> pd.DataFrame:
    made: pd.DataFrame = table(rows.merge(design, left_on="channels", right_on="arm", how="left"))
    return made


def _factors(design: pd.DataFrame) -> list[str]:
    """The columns that are factors."""
    return [str(name) for name in design.columns if name not in ("point", "arm")]


def shortener(data: EffectsData) -> Callable[[str], str]:
    """Shortens the factors in `path=level` and `path+path`."""
    known = short_names(_factors(data.design)) if data.design is not None else {}

    def short(text: str) -> str:
        parts = []
        for part in text.split("+"):
            path, equals, level = part.partition("=")
            parts.append(f"{known.get(path, path)}{equals}{level}")
        return " + ".join(parts)

    return short


def _order(value: object) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
