"""Whose purchases carry an effect: by segment of the population and by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agorasim.report import style, words
from agorasim.report.data import Named
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import brief, nothing, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet, grid, panel_title
from agorasim.report.figures.channels import amount_axis, ends_of, faint, fold, foot, intervals, table, whiskers
from agorasim.report.scale import covers_zero

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_STEP = 0.22
_GAP = 0.6
"""Rows left free between segments and regions."""
_BY = ("segment", "region")


class _Row(NamedTuple):
    """A segment or region."""

    by: str
    key: str
    label: str
    y: float


def breakdown(data: EffectsData) -> Picture | None:
    """Effects by segment and region, of all channels together and of each."""
    import pandas as pd

    estimands = ("grand", "shapley", "incremental")
    # Profit is not kept by segment; revenue, which has its unit, is.
    metric = data.outcome if any(len(data.select(estimands, by=by)) for by in _BY) else "revenue"
    single = "shapley" if any(len(data.select("shapley", by=by, metric=metric)) for by in _BY) else ""
    frames = [data.select(["grand", single or "incremental"], by=by, metric=metric) for by in _BY]
    found = pd.concat([f for f in frames if len(f)]) if any(len(f) for f in frames) else None
    if found is None:
        return None
    rows = _rows(data, found)
    every: dict[tuple[str, str, str], Estimate] = {}
    for record, e in zip(found.to_dict("records"), estimates_of(found), strict=True):
        by = "segment" if record["segment"] else "region"
        channels = "" if record["estimand"] == "grand" else str(record["channels"])
        if e.known:
            every[(channels, by, str(record[by]))] = e
    panels = [Named("", "All together", "#3c4043"), *data.channels]
    panels = [p for p in panels if any(k[0] == p.key for k in every)]
    if not panels or len(rows) < 2:
        return None
    scale = data.scale(every.values())
    outcome = outcome_of(data, metric)
    main = panels[0]
    own = [(r, every[(main.key, r.by, r.key)]) for r in rows if (main.key, r.by, r.key) in every]
    tops = {}
    for by in _BY:
        ranked = [(r, e) for r, e in own if r.by == by]
        if len(ranked) > 1:
            tops[by] = max(ranked, key=lambda of: of[1].mean)
    says = "Where the effect comes from"
    if tops:
        row, e = next(iter(tops.values()))
        if data.n == 1 or not covers_zero(e):
            says = f"Most of the effect comes from {brief(row.label)}"
    title = f"{says}: effect on {outcome}, by segment and region ({scale.unit}, {data.pairs()})"

    def draw(space: Space) -> Figure:
        columns, deep = grid(space, len(panels))
        names = [fold(r.label, 0.85 if space.narrow else 1.3, 7.8).replace("\n", " ") for r in rows]
        names = [style.shorten(t, 0.85 if space.narrow else 1.3, 7.8) for t in names]
        left = style.widest(names, 7.8) + 0.12
        gap, above, below = 0.18, 0.26, 0.24
        width = (space.room - left - gap * (columns - 1)) / columns
        high = _STEP * (rows[-1].y + 1.0)
        key = [Key("dot", "estimate", style.MUTED)]
        if data.n > 1:
            key += [Key("line", words.coverage(data.interval), style.INK),
                    Key("dot", "interval covers zero", faint("#5f6770"))]  # fmt: skip
        sheet = Sheet(space, title, foot(data), deep * (above + high + below) + 0.1, key)
        ends = ends_of(list(every.values()), scale.size)
        for i, panel in enumerate(panels):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + below), width, high)
            shown = [(r.y, every[(panel.key, r.by, r.key)]) for r in rows if (panel.key, r.by, r.key) in every]
            amount_axis(axes, "", ends)
            _dots(axes, shown, panel.colour, scale.size, data.n)
            axes.set_ylim(rows[-1].y + 0.5, -0.5)
            if column == 0:
                for r, name in zip(rows, names, strict=True):
                    axes.annotate(
                        name, (0.0, r.y), (-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                        ha="right", va="center", fontsize=7.8, annotation_clip=False,
                    )  # fmt: skip
            panel_title(axes, panel, width)
        return sheet.figure

    which = "Single channels: Shapley values." if single else "Single channels: what each adds on top of all others."
    caption = (
        f"{intervals(data)} {which} The segments add up to the whole, and so do the regions; a large group has a large "
        "effect even where each person changes little."
    )
    parts = []
    for by, (row, e) in tops.items():
        text = f"Of the {by}s, {row.label} carries most: {scale.full(e, data.interval)}"
        parts.append(text + (f", which {nothing(data.n)}" if data.n > 1 and covers_zero(e) else ""))
    return Picture("breakdown", title, ". ".join(parts) + "." if parts else says + ".", caption, table(found), draw)


def _rows(data: EffectsData, found: object) -> list[_Row]:
    import pandas as pd

    assert isinstance(found, pd.DataFrame)
    rows: list[_Row] = []
    y = 0.0
    for by, labels in (("segment", data.segments), ("region", data.regions)):
        there = set(found[by]) - {""}
        order = [*(k for k in labels if k in there), *sorted(there - set(labels))]
        for key in order:
            rows.append(_Row(by, key, labels.get(key, key.replace("_", " ")), y))
            y += 1.0
        y += _GAP if order else 0.0
    return rows


def _dots(axes: Axes, shown: list[tuple[float, Estimate]], colour: str, size: float, n: int) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    whiskers(axes, [(y, e.low / size, e.high / size) for y, e in shown], cap=0.14)
    for y, e in shown:
        doubt = n > 1 and covers_zero(e)
        axes.plot(e.mean / size, y, "o", color=faint(colour) if doubt else colour, markersize=4.8,
                  markeredgecolor="white", markeredgewidth=0.6, zorder=5)  # fmt: skip
