"""How alike segments are served: days met, retargeted and known against the best served, prices against the mean."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from agorasim.errors import InputError
from agorasim.report import style, words
from agorasim.report.data import labelled
from agorasim.report.figures.bars import rows as name_rows
from agorasim.report.figures.base import Key, Picture, Sheet, Space, panel_title, provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.data import Named, ReportData

#: Column of the table, what it says, and its mark.
_RATIOS: Final = (
    ("reach_parity", "met", "o"),
    ("targeted_parity", "retargeted", "s"),
    ("identified_parity", "known", "D"),
    ("price_ratio", "price paid", "^"),
)
_PARITIES: Final = tuple(column for column, _, _ in _RATIOS if column != "price_ratio")


def fairness(data: ReportData) -> Picture | None:
    """Ratios of what segments get, by brand; None when segments were not compared, or there is only one."""
    try:
        table = data.results.fairness()
    except InputError:
        return None
    columns = [column for column, _, _ in _RATIOS]
    means = table.groupby(["brand", "segment"], sort=False)[columns].mean()
    labels = labelled(data.scenario["population"]["segments"])
    segments = [s for s in labels if s in set(table["segment"])]
    if len(segments) < 2:
        return None
    least = float(data.scenario["data"]["fairness"]["least"])
    at = {(str(b), str(segment)): row for (b, segment), row in zip(means.index, means.to_dict("records"), strict=True)}
    brands = [b for b in data.brands if b.key in means.index.get_level_values("brand")]
    title = "How alike segments are served: share of the segment that gets most, and price against the mean"

    def draw(space: Space) -> Figure:
        step, head, gap = 0.42, 0.28, 0.3
        key = [Key("dot", label, style.MUTED, marker=mark) for _, label, mark in _RATIOS]
        key.append(Key("line", f"least parity ({least:g})", style.INK))
        high = step * len(segments)
        sheet = Sheet(space, title, provenance(data), (head + high + gap) * len(brands), key)
        names = [style.shorten(labels[s], 0.85 if space.narrow else 1.5, 8.0) for s in segments]
        left = style.widest(names, 8.0) + 0.1
        width = sheet.room - left - 0.1
        right = max(1.05, float(means["price_ratio"].max()) * 1.03 if means["price_ratio"].notna().any() else 1.05)
        for k, brand in enumerate(brands):
            axes = sheet.axes(left, k * (head + high + gap) + head, width, high)
            axes.axvline(least, color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
            for row, segment in enumerate(segments):
                axes.axhline(row, color=style.MUTED, linewidth=0.4, alpha=0.4, zorder=0)
                for j, (column, _, mark) in enumerate(_RATIOS):
                    value = float(at[brand.key, segment][column])
                    shift = 0.14 * (j - (len(_RATIOS) - 1) / 2)  # equal ratios stay visible side by side
                    axes.plot(value, row + shift, mark, color=brand.colour, markersize=4.6, markeredgecolor="white",
                              markeredgewidth=0.5, zorder=3)  # fmt: skip
            axes.set_xlim(0.0, right)
            name_rows(axes, names)
            axes.set_ylim(len(segments) - 0.5, -0.5)
            axes.spines["left"].set_visible(False)
            panel_title(axes, brand, width)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Means over the counted days. Met, retargeted (in an audience that "
        "ads follow) and known are days of a person, as a share of the segment that has most of them; the price paid "
        f"is a share of what all pay on average. Left of the line a segment gets less than {least:g} of the other. "
        "Whether less is a loss or a relief depends on what is got."
    )
    return Picture("fairness", title, _reading(brands, labels, at), caption, means.reset_index(), draw)


def _reading(brands: list[Named], labels: dict[str, str], at: dict[tuple[str, str], dict[Hashable, float]]) -> str:
    """The most unequal of all."""
    words_of = {column: label for column, label, _ in _RATIOS}
    names = {b.key: b.label for b in brands}
    found = [
        (row[column], names[brand], labels[segment], words_of[column])
        for (brand, segment), row in at.items()
        for column in _PARITIES
        if row[column] == row[column]  # nothing is known of a segment that has nobody
    ]
    if not found or min(found)[0] > 0.995:
        return "All segments are met, retargeted and known alike."
    share, brand, segment, what = min(found)
    return (
        f"Most unequal: {segment} are {what} by {brand} on {words.percent(share)} as many days as the segment that is"
        " so most."
    )
