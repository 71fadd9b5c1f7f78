"""The map of pairwise interactions: what two channels are worth together beyond what they are worth apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from agorasim.report import style, words
from agorasim.report.effects_data import NONE
from agorasim.report.effects_words import brief, exactly_zero, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import faint, fold, foot, pairs, table
from agorasim.report.scale import Scale, covers_zero

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

    Pairs = dict[tuple[str, str], Estimate]

#: Blue for more together, orange for less: told apart with every kind of colour vision (Okabe & Ito 2008).
_MORE: Final = style.GOOD
_LESS: Final = style.BAD
_ALONE: Final = "interaction_empty"
_LAST: Final = "interaction_full"
_NOTES: Final = (
    "▲ above the diagonal: the two alone, no other of the channels there",
    "▼ below the diagonal: on top of all other channels",
)


def heat_map(data: EffectsData) -> Picture | None:
    """Pairwise interactions: upper triangle with no other channel there, lower triangle on top of all others."""
    alone, last = _pairs(data, _ALONE), _pairs(data, _LAST)
    channels = [c for c in data.channels if any(c.key in pair for pair in (*alone, *last))]
    if len(channels) < 2:
        return None
    scale = data.scale([*alone.values(), *last.values()])
    strongest = max((abs(e.mean) for e in (*alone.values(), *last.values()) if e.known), default=0.0)
    outcome = outcome_of(data)
    title = f"{_says(data, alone, last)}: interaction in {outcome} ({scale.unit}, {data.pairs()})"
    many = len(channels)

    def draw(space: Space) -> Figure:
        key = [Key("band", "worth more together", _MORE), Key("band", "worth less together", _LESS)]
        if data.n > 1:
            key.append(Key("band", "faint: interval covers zero", faint("#5f6770", 0.25)))
        name = 0.95 if space.narrow else 1.5
        labels = [fold(c.label, name, 7.5) for c in channels]
        left = style.widest([line for t in labels for line in t.split("\n")], 7.5) + 0.1
        cell = min((space.room - left - 0.02) / many, 1.25 if many < 4 else 1.0)
        deep = min(cell, 0.62 if many < 4 else 0.56)
        tops = [_column_label(c, cell, name) for c in channels]
        upright = any(t is None for t in tops)
        if upright:
            tops = [None] * many
        head = 0.42 if not upright else style.widest([style.shorten(c.label, 1.1, 7.5) for c in channels], 7.5) + 0.1
        notes = [line for note in _NOTES for line in style.wrap(note, space.room, 7.2)]
        sheet = Sheet(space, title, foot(data), head + deep * many + 0.12 + 0.15 * len(notes), key)
        sizes = _sizes([*alone.values(), *last.values()], scale, cell, deep)
        axes = sheet.axes(left, head, cell * many, deep * many)
        axes.set_xlim(0, many)
        axes.set_ylim(many, 0)
        axes.axis("off")
        for i, c in enumerate(channels):
            axes.annotate(labels[i], (0, i + 0.5), (-5, 0), textcoords="offset points", ha="right", va="center",
                          fontsize=7.5, annotation_clip=False, linespacing=1.1)  # fmt: skip
            axes.annotate(
                tops[i] or style.shorten(c.label, 1.1, 7.5), (i + 0.5, 0), (0, 4),
                textcoords="offset points", ha="center", va="bottom", fontsize=7.5, rotation=90 if upright else 0,
                annotation_clip=False, linespacing=1.1,
            )  # fmt: skip
            _block(axes, i, i, "#eceef0")
            for j, d in enumerate(channels):
                if i != j:
                    e = (alone if i < j else last).get(_key(c, d), NONE)
                    _cell(axes, i, j, e, strongest, scale, sizes, data.n)
        axes.plot([0, many], [0, many], color=style.MUTED, linewidth=0.8, zorder=4)
        for k, line in enumerate(notes):
            sheet.write(0.0, head + deep * many + 0.09 + 0.15 * k, line, 7.2)
        return sheet.figure

    caption = (
        f"{pairs(data)}. A cell is Y(both) − Y(one) − Y(other) + Y(neither), with the other named channels absent "
        "(above the diagonal) or all present (below it). Positive: each makes the other worth more; negative: they "
        "stand in for each other."
    )
    caption += f" Under each number its {words.coverage(data.interval)}." if data.n > 1 else ""
    caption += " On a narrow screen the intervals are left out; the data file has them." if many > 4 else ""
    rows = data.select([_ALONE, _LAST, "shapley_interaction"])
    return Picture("synergy", title, _reading(data, alone, last, scale), caption, table(rows), draw)


def _pairs(data: EffectsData, estimand: str) -> Pairs:
    found = {}
    for keys, e in data.effects(estimand).items():
        a, _, b = keys.partition("+")
        if b and e.known:
            found[(a, b) if a < b else (b, a)] = e
    return found


def _key(a: Named, b: Named) -> tuple[str, str]:
    return (a.key, b.key) if a.key < b.key else (b.key, a.key)


def _says(data: EffectsData, alone: Pairs, last: Pairs) -> str:
    every = [(e, k) for found in (alone, last) for k, e in found.items()]
    sure = [(e, k) for e, k in every if not covers_zero(e)]
    if every and all(exactly_zero(e) for e, _ in every):
        return "The channels do nothing for each other"
    if data.n > 1 and not sure:
        return "No pair of channels can be told from adding up"
    best, pair = max(sure or every, key=lambda found: abs(found[0].mean))
    names = " and ".join(brief(data.label(k)) for k in pair)
    return f"{names} are worth {'more' if best.mean > 0 else 'less'} together than apart"


def _reading(data: EffectsData, alone: Pairs, last: Pairs, scale: Scale) -> str:
    every = [
        (e, k, where)
        for found, where in ((alone, "with no other channel there"), (last, "on top of all others"))
        for k, e in found.items()
    ]
    sure = [of for of in every if not covers_zero(of[0])] if data.n > 1 else every
    if not sure:
        if all(exactly_zero(e) for e, _, _ in every):
            return "Every pair adds up exactly: together they are worth what they are worth apart."
        return (
            f"No interaction can be told from nothing with {words.count(data.n, 'pair')}: the channels may just add up."
        )
    sure.sort(key=lambda of: -abs(of[0].mean))
    # With two channels no other is left to be there or not: both triangles are one number.
    seen: list[str] = []
    for e, k, where in sure:
        text = f"{' and '.join(data.label(x) for x in k)}: {scale.full(e, data.interval)}"
        if len(alone) > 1:
            text += f" {where}"
        if text not in seen:
            seen.append(text)
    text = "; ".join(seen[:3]) + "."
    left = len(every) - len(sure)
    if left and data.n > 1:
        text += f" {left} of {len(every)} interactions cannot be told from nothing with {words.count(data.n, 'pair')}."
    return text


def _column_label(channel: Named, cell: float, most: float) -> str | None:
    """The name over a column, None when it must stand upright to fit."""
    text = fold(channel.label, min(cell - 0.04, most), 7.5)
    longest = max(text.split("\n"), key=len)
    return None if "…" in text or _broken(text, channel.label) or style.inches(longest, 7.5) > cell else text


def _broken(text: str, whole: str) -> bool:
    return text.replace("\n", " ") != " ".join(whole.split())


def _block(axes: Axes, row: int, column: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5, zorder=2))


class _Sizes(NamedTuple):
    """How the words in all cells are set, so that their size means nothing."""

    number: float
    compact: bool
    span: float
    """0 where intervals do not fit."""
    lines: int


def _sizes(estimates: list[Estimate], scale: Scale, width: float, height: float) -> _Sizes:
    numbers = [scale.text(e.mean, sign=True) for e in estimates]
    number = _fit(numbers, 8.5, width)
    compact = number < 5.6
    if compact:
        number = _fit([words.compact(e.mean / scale.size) for e in estimates], 7.5, width)
    spans = [scale.span(e) for e in estimates if e.sure]
    for lines, most in ((1, 6.4), (2, 6.0)):
        size = _fit([part for span in spans for part in _parted(span, lines)], most, width)
        if spans and size >= 4.8 and height > (1.2 * number + 1.25 * size * lines) / 72 + 0.05 and not compact:
            return _Sizes(number, compact, size, lines)
    return _Sizes(number, compact, 0.0, 0)


def _fit(texts: list[str], most: float, width: float) -> float:
    """The font size at which the widest of some texts fits."""
    return min(most, most * (width - 0.05) / max(style.widest(texts, most), 0.01))


def _parted(span: str, lines: int) -> list[str]:
    low, _, high = span.partition(" to ")
    return [span] if lines == 1 else [low, f"to {high}"]


def _cell(
    axes: Axes, row: int, column: int, e: Estimate, strongest: float, scale: Scale, sizes: _Sizes, n: int
) -> None:
    if not e.known:
        _block(axes, row, column, "#ffffff")
        axes.text(column + 0.5, row + 0.5, "–", ha="center", va="center", fontsize=7.0, color=style.MUTED, zorder=3)
        return
    doubt = n > 1 and covers_zero(e)
    share = abs(e.mean) / strongest if strongest > 0 else 0.0
    # The strongest doubtful cell is fainter than the weakest sure one.
    depth = 0.13 * share if doubt else 0.2 + 0.8 * share
    _block(axes, row, column, faint(_MORE if e.mean >= 0 else _LESS, depth))
    ink = "white" if depth > 0.7 else style.MUTED if doubt else style.INK
    number = words.compact(e.mean / scale.size) if sizes.compact else scale.text(e.mean, sign=True)
    lines = sizes.lines if e.sure else 0
    up = (0.5, 0.36, 0.27)[lines]
    axes.text(column + 0.5, row + up, number, ha="center", va="center", fontsize=sizes.number, color=ink, zorder=3)
    if lines:
        axes.text(column + 0.5, row + up + 0.15, "\n".join(_parted(scale.span(e), lines)), ha="center", va="top",
                  fontsize=sizes.span, color=ink, zorder=3, linespacing=1.1)  # fmt: skip
