"""What every figure is made of: a picture with its data and words, and a sheet that leaves room for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from agorasim.report import style, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Named, ReportData

_TITLE: Final = 11.5
_FOOT: Final = 7.2
_KEY: Final = 8.0
_EDGE: Final = 0.1
"""Inches kept free at top and bottom."""


@dataclass(frozen=True)
class Space:
    """Where a picture will be seen; widths are in inches and text keeps its size, so a phone gets its own drawing."""

    width: float
    narrow: bool
    dpi: int

    @property
    def edge(self) -> float:
        """Inches kept free at the sides: few, so that pictures line up with the text around them."""
        return 0.03 if self.narrow else 0.05

    @property
    def room(self) -> float:
        """Inches between the sides."""
        return self.width - 2 * self.edge


WIDE: Final = Space(7.6, False, 150)
NARROW: Final = Space(3.9, True, 170)


@dataclass(frozen=True)
class Picture:
    """A figure ready to be drawn at any width, with everything that must stand beside it."""

    name: str
    """File name without ending."""
    title: str
    """What it shows, with units."""
    reading: str
    """One sentence: what to take from it and how sure it is."""
    caption: str
    """How to read the marks, what is counted, and the number of replications."""
    table: pd.DataFrame
    """The data behind it."""
    draw: Callable[[Space], Figure]


@dataclass(frozen=True)
class Key:
    """One entry of the key under the title."""

    kind: Literal["line", "band", "dot", "hollow", "hatch", "cross"]
    label: str
    colour: str = style.MUTED
    marker: str = "o"
    alpha: float = 1.0


class Sheet:
    """A white sheet: title and key on top, small print at the foot, a body of a given height between them.

    Positions inside the body are in inches from its top left corner, so that words never depend on the figure's shape.
    """

    def __init__(self, space: Space, title: str, foot: str, body: float, key: Sequence[Key] = ()) -> None:
        from matplotlib.figure import Figure

        width = space.width
        room = space.room
        title_lines = style.wrap(title, room, _TITLE, bold=True)
        foot_lines = style.wrap(foot, room, _FOOT)
        rows = _rows_of_key(key, room)
        head = _EDGE + 0.205 * len(title_lines) + 0.2 * len(rows) + 0.1
        feet = 0.1 + 0.135 * len(foot_lines) + _EDGE / 2
        self.space, self.width, self.room, self._edge = space, width, room, space.edge
        self.height = head + body + feet
        self._head = head
        self.figure = Figure(figsize=(width, self.height))
        y = _EDGE
        for line in title_lines:
            self._text(space.edge, y, line, _TITLE, style.INK, weight="bold")
            y += 0.205
        y += 0.04
        for row in rows:
            self._key_row(row, y + 0.08)
            y += 0.2
        y = head + body + 0.1
        for line in foot_lines:
            self._text(self._edge, y, line, _FOOT, style.MUTED)
            y += 0.135

    def axes(self, left: float, top: float, width: float, height: float, **kwargs: Any) -> Axes:
        """Axes at a place in the body, inches from its top left corner."""
        return self.figure.add_axes(
            (
                (self._edge + left) / self.width,
                1.0 - (self._head + top + height) / self.height,
                width / self.width,
                height / self.height,
            ),
            **kwargs,
        )

    def write(
        self, left: float, top: float, text: str, size: float = 8.0, colour: str = style.INK, **kwargs: Any
    ) -> None:
        """Text whose top left corner is at a place in the body, in inches."""
        self._text(self._edge + left, self._head + top, text, size, colour, **kwargs)

    def _text(self, x: float, y: float, text: str, size: float, colour: str, **kwargs: Any) -> None:
        kwargs.setdefault("va", "top")
        self.figure.text(x / self.width, 1.0 - y / self.height, text, fontsize=size, color=colour, **kwargs)

    def _key_row(self, row: Sequence[Key], y: float) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        x = self._edge

        def across(inches: float) -> float:
            return inches / self.width

        def up(inches: float) -> float:
            return 1.0 - inches / self.height

        for entry in row:
            colour, alpha = entry.colour, entry.alpha
            if entry.kind in ("band", "hatch"):
                hatch = "////" if entry.kind == "hatch" else None
                face = "white" if hatch else colour
                self.figure.add_artist(
                    Rectangle(
                        (across(x), up(y + 0.05)), across(0.2), 0.1 / self.height,
                        facecolor=face, edgecolor=colour if hatch else "none", hatch=hatch, alpha=alpha, linewidth=0.6,
                        transform=self.figure.transFigure,
                    )
                )  # fmt: skip
            else:
                line = entry.kind in ("line", "cross")
                self.figure.add_artist(
                    Line2D(
                        [across(x), across(x + 0.2)] if line else [across(x + 0.1)],
                        [up(y), up(y)] if line else [up(y)],
                        color=colour, alpha=alpha, linewidth=1.6 if line else 0.0, transform=self.figure.transFigure,
                        marker="" if line else entry.marker, markersize=5.0, markeredgewidth=1.0,
                        markerfacecolor="white" if entry.kind == "hollow" else colour, markeredgecolor=colour,
                    )
                )  # fmt: skip
            self._text(x + 0.26, y, entry.label, _KEY, style.MUTED, va="center")
            x += _key_width(entry)


def _key_width(entry: Key) -> float:
    return 0.26 + style.inches(entry.label, _KEY) + 0.17


def _rows_of_key(key: Sequence[Key], room: float) -> list[list[Key]]:
    rows: list[list[Key]] = []
    left = 0.0
    for entry in key:
        width = _key_width(entry)
        if not rows or width > left:
            rows.append([])
            left = room
        rows[-1].append(entry)
        left -= width
    return rows


def grid(space: Space, panels: int) -> tuple[int, int]:
    """Columns and rows for a number of equal panels."""
    columns = (1 if panels <= 4 else 2) if space.narrow else {1: 1, 2: 2, 3: 3, 4: 2}.get(panels, 3)
    return columns, -(-panels // columns)


def panel_title(axes: Axes, brand: Named, room: float) -> None:
    """The brand's name in its colour above its panel, a direct label instead of a legend, in `room` inches."""
    name = style.shorten(brand.label, room, 9.0, bold=True)
    axes.set_title(name, loc="left", fontsize=9.0, fontweight="bold", color=brand.colour, pad=4.0)


def date_axis(axes: Axes, data: ReportData, inches: float, labels: bool = True) -> None:
    """Dates along the days axis, as many as fit."""
    ticks = date_ticks(data, max(int(inches / 0.62), 2))
    axes.set_xlim(-0.5 if data.days > 1 else -1.0, data.days - 0.5 if data.days > 1 else 1.0)
    axes.set_xticks([day for day, _ in ticks], labels=[text for _, text in ticks] if labels else [""] * len(ticks))


def date_ticks(data: ReportData, most: int) -> list[tuple[int, str]]:
    """(day, label) of at most `most` ticks: days, weeks, months or years as the length asks."""
    for step in (1, 2, 7, 14):
        if -(-data.days // step) <= most:
            days = range(0, data.days, step)
            return [(d, f"{data.date(d).day} {words.MONTHS[data.date(d).month - 1]}") for d in days]
    firsts = [(d, data.date(d)) for d in range(data.days) if data.date(d).day == 1]
    for step in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600):
        chosen = [(d, date) for d, date in firsts if (date.year * 12 + date.month - 1) % step == 0]
        if len(chosen) <= most:
            return [
                (d, str(date.year) if step >= 12 else words.MONTHS[date.month - 1] + (
                    f"\n{date.year}" if i == 0 or date.month <= step else ""
                ))
                for i, (d, date) in enumerate(chosen)
            ]  # fmt: skip
    return []


def season_marks(axes: Axes, data: ReportData) -> None:
    """Warm-up and cool-down shaded, festivals marked behind everything else."""
    if data.warmup:
        axes.axvspan(-0.5, data.warmup - 0.5, color=style.SHADE, linewidth=0, zorder=0)
    if data.cooldown:
        axes.axvspan(data.days - data.cooldown - 0.5, data.days - 0.5, color=style.SHADE, linewidth=0, zorder=0)
    for _, first, length in data.festivals:
        axes.axvspan(first - 0.5, first + length - 0.5, color=style.FESTIVAL, linewidth=0, zorder=0.5)


def season_key(data: ReportData) -> list[Key]:
    """Key entries for what `season_marks` draws."""
    entries = []
    if data.warmup or data.cooldown:
        words_ = " and ".join(
            (["warm-up (not counted)"] if data.warmup else []) + (["no paid media"] if data.cooldown else [])
        )
        entries.append(Key("band", words_, "#dfe3e7"))
    if data.festivals:
        names = [name for name, _, _ in data.festivals]
        entries.append(
            Key("band", style.shorten(words.listed(list(dict.fromkeys(names)), 3), 3.2, _KEY), style.FESTIVAL)
        )
    return entries


def provenance(data: ReportData, counted: bool = True) -> str:
    """The small print every figure ends with."""
    parts = [f"n = {words.count(data.n, 'replication')}", f"seed {data.seed}", style.shorten(data.name, 2.0, _FOOT)]
    if counted:
        parts.append(f"days {data.warmup + 1} to {data.days} counted" if data.warmup else words.count(data.days, "day"))
    return " · ".join(parts)
