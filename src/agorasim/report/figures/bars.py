"""What the horizontal bar charts share: bars or marks with intervals, and words at both ends, each drawn in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.report import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from agorasim.report.data import Estimate


def bars(axes: Axes, ys: Sequence[float], estimates: Sequence[Estimate], colours: Sequence[str], height: float) -> None:
    """One bar from zero to each mean, with its interval across the end."""
    axes.barh(list(ys), [e.mean for e in estimates], height, color=list(colours))
    whiskers(axes, ys, estimates)


def whiskers(axes: Axes, ys: Sequence[float], estimates: Sequence[Estimate]) -> None:
    """The interval of each mean, where there is one."""
    sure = [(y, e.low, e.high) for y, e in zip(ys, estimates, strict=True) if e.sure]
    if sure:
        y, low, high = zip(*sure, strict=True)
        axes.hlines(y, low, high, colors=style.INK, linewidth=1.1, zorder=3)


def end_of(e: Estimate) -> float:
    """Where a bar or its interval ends."""
    return max(e.mean, e.high) if e.sure else e.mean


def amounts(axes: Axes, ys: Sequence[float], ends: Sequence[float], texts: Sequence[str], size: float) -> None:
    """A number right of each bar, outside the axes if need be."""
    for y, end, text in zip(ys, ends, texts, strict=True):
        axes.annotate(
            text, (end, y), (5, 0), textcoords="offset points", va="center", fontsize=size, annotation_clip=False
        )


def rows(axes: Axes, names: Sequence[str], ys: Sequence[float] | None = None) -> None:
    """Names left of the rows, first on top; rows stand at 0, 1, 2, ... unless `ys` says otherwise."""
    # Text alone: a tick is three lines and two texts, and there may be hundreds of rows.
    axes.set_yticks([])
    for name, y in zip(names, range(len(names)) if ys is None else ys, strict=True):
        axes.annotate(
            name, (0.0, y), (-5, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            va="center", fontsize=8.0, annotation_clip=False,
        )  # fmt: skip
    if ys is None and names:
        axes.set_ylim(len(names) - 0.5, -0.5)


def plain_scale(axes: Axes, top: float) -> None:
    """A scale from zero without ticks: the numbers stand at the bars."""
    axes.set_xlim(0.0, top if top > 0.0 else 1.0)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
