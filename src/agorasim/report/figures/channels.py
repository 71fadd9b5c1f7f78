"""What the pictures of effects share: a row for each channel, numbers with their intervals beside it, faint doubt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from agorasim.report import style, words
from agorasim.report.figures.base import Key, Sheet, Space

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.scale import Scale

_NAME = 8.0
_MAIN = 7.8
_SUB = 6.5
#: Inches between the lines of two rows.
STEP = 0.36


class Column(NamedTuple):
    """Numbers right of the rows: a head, and for each row a number with its interval in words."""

    head: str
    texts: Sequence[tuple[str, str]]


def fold(text: str, room: float, size: float = _NAME, bold: bool = False) -> str:
    """A name on at most two lines of a width in inches; what is left over ends in an ellipsis."""
    lines = style.wrap(" ".join(text.split()), room, size, bold)
    if len(lines) > 2:
        lines = [lines[0], style.shorten(" ".join(lines[1:]), room, size, bold)]
    return "\n".join(lines)


def faint(colour: str, share: float = 0.35) -> str:
    """A colour with so much of it left on white: what cannot be told from nothing is drawn so."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)


def row_sheet(
    space: Space,
    title: str,
    foot: str,
    key: Sequence[Key],
    names: Sequence[str],
    columns: Sequence[Column],
    *,
    step: float = STEP,
    bold: Sequence[int] = (),
) -> tuple[Sheet, Axes]:
    """A sheet with one axes, a row for each name at y = 0, 1, 2, ... from the top, and columns of numbers at the right.

    Args:
        space: where it will be seen.
        title: what the picture says.
        foot: the small print.
        key: entries under the title.
        names: of the rows.
        columns: numbers for each row; on a narrow sheet only the first is drawn.
        step: inches a row.
        bold: rows whose name and number are set bold.
    """
    shown = list(columns[:1] if space.narrow else columns)
    folded = [fold(name, 1.05 if space.narrow else 1.9, bold=y in bold) for y, name in enumerate(names)]
    left = 0.12 + max(
        (style.inches(line, _NAME, bold=y in bold) for y, name in enumerate(folded) for line in name.split("\n")),
        default=0.0,
    )
    widths = [
        max(
            style.widest([main for main, _ in c.texts], _MAIN) * 1.13,
            style.widest([sub for _, sub in c.texts], _SUB),
            style.widest(c.head.split("\n"), _SUB),
        )
        for c in shown
    ]
    gap = 0.14
    right = sum(width + gap for width in widths) + 0.02
    above = 0.1 + 0.12 * max((c.head.count("\n") + 1 for c in shown if c.head), default=0)
    high = step * len(names)
    sheet = Sheet(space, title, foot, above + high + 0.4, key)
    axes = sheet.axes(left, above, sheet.room - left - right, high)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for y, name in enumerate(folded):
        axes.annotate(
            name, (0.0, y), (-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            va="center", fontsize=_NAME, annotation_clip=False, linespacing=1.1,
            fontweight="bold" if y in bold else "normal",
        )  # fmt: skip
    edge = sheet.room - left - right
    for column, width in zip(shown, widths, strict=True):
        edge += gap + width
        at = edge / (sheet.room - left - right)
        if column.head:
            axes.annotate(
                column.head, (at, 1.0), (0, 5), xycoords="axes fraction", textcoords="offset points", ha="right",
                va="bottom", fontsize=_SUB, color=style.MUTED, annotation_clip=False, linespacing=1.1,
            )  # fmt: skip
        for y, (main, sub) in enumerate(column.texts):
            _number(axes, at, y, main, sub, y in bold)
    return sheet, axes


def _number(axes: Axes, at: float, y: float, main: str, sub: str, bold: bool) -> None:
    put = partial(
        axes.annotate, xy=(at, y), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
        annotation_clip=False,
    )  # fmt: skip
    weight = "bold" if bold else "normal"
    put(main, xytext=(0, 1 if sub else 0), va="bottom" if sub else "center", fontsize=_MAIN, fontweight=weight)
    if sub:
        put(sub, xytext=(0, -1), va="top", fontsize=_SUB, color=style.MUTED)


def numbers(head: str, estimates: Sequence[Estimate | None], scale: Scale, sign: bool = True) -> Column:
    """A column of estimates with their intervals; a dash where there is none."""
    return Column(
        head,
        [(scale.text(e.mean, sign), scale.span(e)) if e is not None and e.known else ("–", "") for e in estimates],
    )


def amount_axis(axes: Axes, label: str, ends: Sequence[float], zero: bool = True) -> None:
    """The horizontal axis of a row chart: room for all ends (already in its unit), light grid, a line at zero."""
    from matplotlib.ticker import MaxNLocator

    known = [x for x in ends if x == x and abs(x) != float("inf")]
    low, high = (
        min([*known, *([0.0] if zero else [])], default=0.0),
        max([*known, *([0.0] if zero else [])], default=1.0),
    )
    if low == high:
        low, high = low - 1.0, high + 1.0
    pad = 0.04 * (high - low)
    axes.set_xlim(low - (pad if low < 0 or not zero else 0.0), high + (pad if high > 0 or not zero else 0.0))
    width = axes.bbox.width / float(axes.figure.dpi)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=min(max(int(width / 0.6), 2), 6), steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(words.ticks(low, high))
    axes.set_xlabel(label, fontsize=_NAME, labelpad=2.0)
    axes.grid(axis="x")
    if zero:
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9, zorder=2.5)


def whiskers(
    axes: Axes, spans: Sequence[tuple[float, float, float]], colour: str = style.INK, cap: float = 0.09
) -> None:
    """Intervals with caps, so that one of zero width is seen too, drawn in one go.

    Args:
        axes: where.
        spans: (row, low, high), ends in the axis's unit; one with an end that is not a number is left out.
        colour: of all of them.
        cap: half the height of a cap, in rows.
    """
    gap = float("nan")
    xs: list[float] = []
    ys: list[float] = []
    for y, low, high in spans:
        if low <= high:
            xs += [low, high, gap, low, low, gap, high, high, gap]
            ys += [y, y, gap, y - cap, y + cap, gap, y - cap, y + cap, gap]
    if xs:
        axes.plot(xs, ys, color=colour, linewidth=1.0, solid_capstyle="butt", zorder=4)


def ends_of(estimates: Sequence[Estimate], size: float) -> list[float]:
    """Every end of a bar or an interval, in the axis's unit."""
    return [x / size for e in estimates for x in ((e.mean, e.low, e.high) if e.sure else (e.mean,))]


def foot(data: EffectsData) -> str:
    """The small print every picture of effects ends with."""
    parts = [pairs(data), f"seed {data.seed}", style.shorten(data.name, 2.0, 7.2), "counted days"]
    return " · ".join(parts)


def pairs(data: EffectsData) -> str:
    """`n = 40 pairs of worlds`, or `n = 40 replications`."""
    return f"n = {words.count(data.n, data.noun)}" + (" of worlds" if data.noun == "pair" else "")


def intervals(data: EffectsData) -> str:
    """What the whiskers are, or why there are none."""
    if data.n < 2:
        return f"{pairs(data)}: a single {data.noun}, so nothing here says how sure it is."
    return f"{pairs(data)}. Whiskers: {words.coverage(data.interval)} of the mean over {data.noun}s ({data.holds})."


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the effects table as they stand beside a picture."""
    made: pd.DataFrame = rows.dropna(axis="columns", how="all").reset_index(drop=True)
    return made
