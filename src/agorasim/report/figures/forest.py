"""Policies or variants side by side: the difference of each to the first, for every outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.report import style, words
from agorasim.report.data import Estimate
from agorasim.report.effects_words import HEADLINE, brief, doubtful, exactly_zero, label_list, nothing, outcome_words
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import amount_axis, ends_of, faint, fold, foot, intervals, table, whiskers
from agorasim.report.scale import Scale, covers_zero, scale_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_STEP = 0.36
_MOST = 8


def differences(data: EffectsData) -> Picture | None:
    """Difference of each variant to the first, a panel for each outcome."""
    found: dict[str, dict[str, Estimate]] = {}
    metrics = [data.outcome, *(m for m in HEADLINE if m in data.outcomes), *data.outcomes]
    for metric in dict.fromkeys(metrics):
        own = {k: e for k, e in data.effects("difference", metric=metric).items() if e.known}
        if own:
            found[metric] = own
    if not found:
        return None
    first = data.first
    names = [name for name in data.variants if any(name in own for own in found.values()) and name != first]
    shown = list(found)[:_MOST]
    scales = {m: scale_for(found[m].values(), data.unit(m)) for m in found}
    title = f"{_says(data, found, scales)} ({data.pairs()})"
    folded = {k: data.variant_label(k) for k in names}

    def draw(space: Space) -> Figure:
        key = [Key("dot", f"difference to {style.shorten(data.variant_label(first), 1.6, 8.0)}", style.GOOD)]
        if data.n > 1:
            key += [Key("line", words.coverage(data.interval), style.INK),
                    Key("dot", "interval covers zero", faint(style.GOOD))]  # fmt: skip
        labels = [fold(folded[k], 1.05 if space.narrow else 1.9) for k in names]
        left = style.widest([line for t in labels for line in t.split("\n")], 8.0) + 0.12
        texts = {m: [_text(found[m].get(k), scales[m]) for k in names] for m in shown}
        right = 0.14 + max(style.widest([t for text in of for t in text.split("\n")], 7.0) for of in texts.values())
        columns = 1 if space.narrow or len(shown) == 1 else 2
        # Names stand left of the first column alone.
        gap, above, below = 0.2, 0.28, 0.3
        high = _STEP * len(names)
        deep = -(-len(shown) // columns)
        width = (space.room - left - columns * right - gap * (columns - 1)) / columns
        sheet = Sheet(space, title, foot(data), deep * (above + high + below) + 0.05, key)
        for i, metric in enumerate(shown):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + right + gap), above + row * (above + high + below), width, high)
            scale = scales[metric]
            own = [found[metric].get(k) for k in names]
            amount_axis(axes, "", ends_of([e for e in own if e is not None], scale.size))
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            spans = [(y, e.low / scale.size, e.high / scale.size) for y, e in enumerate(own) if e is not None]
            whiskers(axes, spans)
            for y, e in enumerate(own):
                if e is not None:
                    doubt = data.n > 1 and covers_zero(e)
                    axes.plot(e.mean / scale.size, y, "o", color=faint(style.GOOD) if doubt else style.GOOD,
                              markersize=6.0, markeredgecolor="white", zorder=5)  # fmt: skip
                axes.annotate(texts[metric][y], (1.0, y), (5, 0), xycoords=("axes fraction", "data"), va="center",
                              textcoords="offset points", fontsize=7.0, annotation_clip=False)  # fmt: skip
                if column == 0:
                    axes.annotate(labels[y], (0.0, y), (-6, 0), xycoords=("axes fraction", "data"), ha="right",
                                  va="center", textcoords="offset points", fontsize=8.0, annotation_clip=False,
                                  linespacing=1.1)  # fmt: skip
            heading = _head(metric, scale)
            axes.set_title(style.shorten(heading, width + right, 8.5, bold=True), loc="left", fontsize=8.5,
                           fontweight="bold", color=style.INK, pad=4.0)  # fmt: skip
        return sheet.figure

    caption = (
        f"{intervals(data)} Each variant's world less the world of {data.variant_label(first)} with the same seed and "
        "replicate, so that chance cancels out."
    )
    if len(found) > len(shown):
        caption += f" {len(found) - len(shown)} further outcomes are in the data file."
    rows = data.select("difference", metric="")
    return Picture("differences", title, _reading(data, found, scales), caption, table(rows), draw)


def _head(metric: str, scale: Scale) -> str:
    word = outcome_words(metric)
    return word if scale.unit in ("", word) else f"{word}, {scale.unit}"


def _text(e: Estimate | None, scale: Scale) -> str:
    if e is None:
        return "–"
    return scale.text(e.mean, sign=True) + (f"\n{scale.span(e)}" if e.sure else "")


def _says(data: EffectsData, found: dict[str, dict[str, Estimate]], scales: dict[str, Scale]) -> str:
    metric = data.outcome if data.outcome in found else next(iter(found))
    own, scale, word = found[metric], scales[metric], outcome_words(metric)
    base = brief(data.variant_label(data.first))
    best = max(own, key=lambda k: own[k].mean)
    unit = "" if scale.unit in ("", word) else f" {scale.unit}"
    if all(exactly_zero(e) for e in own.values()):
        return f"Nothing differs from {base} in {word}"
    if data.n == 1:
        return f"Differences to {base} in one pair of worlds: {word}"
    if own[best].sure and own[best].low > 0.0:
        more = f"{scale.text(own[best].mean)}{unit} more {word} than {base}"
        return f"{brief(data.variant_label(best))} has {more}"
    if all(e.sure and e.high < 0.0 for e in own.values()):
        return f"{base} has more {word} than {'all others' if len(own) > 1 else brief(data.variant_label(best))}"
    if all(covers_zero(e) for e in own.values()):
        return f"In {word} nothing can be told from {base}"
    return f"Nothing is clearly better than {base} in {word}"


def _reading(data: EffectsData, found: dict[str, dict[str, Estimate]], scales: dict[str, Scale]) -> str:
    metric = data.outcome if data.outcome in found else next(iter(found))
    own, scale = found[metric], scales[metric]
    word = outcome_words(metric)
    base = data.variant_label(data.first)
    clear = sorted((k for k in own if not doubtful(own[k]) or data.n == 1), key=lambda k: -own[k].mean)
    text = "; ".join(f"{data.variant_label(k)} less {base}: {scale.full(own[k], data.interval)}" for k in clear[:4])
    text = f"In {word}, {text}." if text else ""
    if data.n > 1 and (unsure := [data.variant_label(k) for k in own if doubtful(own[k])]):
        verb = "has a difference that" if len(unsure) == 1 else "have differences that"
        text += f" {label_list(unsure)} {verb} {nothing(data.n)}."
    return text.strip()
