"""What each channel is worth: Shapley values beside last-in values, the part that talk carries, returns on money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.report import style, words
from agorasim.report.data import Estimate
from agorasim.report.effects_data import NONE, estimates_of
from agorasim.report.effects_words import brief, doubtful, exactly_zero, label_list, nothing, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import (
    amount_axis,
    ends_of,
    faint,
    foot,
    intervals,
    numbers,
    row_sheet,
    table,
    whiskers,
)
from agorasim.report.scale import Scale, covers_zero, scale_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Named
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

#: Row charts of returns: estimand, words, and the value at which money comes back.
_RETURNS = (
    ("roas", "ROAS", 1.0),
    ("marginal_roas", "marginal ROAS", 1.0),
    ("roi", "ROI", 0.0),
)


def shapley(data: EffectsData) -> Picture | None:
    """Shapley value of each channel with its interval, and what it adds when it comes last."""
    values, last = data.effects("shapley"), data.effects("incremental")
    fair = bool(values)
    main = values or last
    channels = sorted(
        (c for c in data.channels if c.key in main and main[c.key].known), key=lambda c: -main[c.key].mean
    )
    if not channels:
        return None
    first = [main[c.key] for c in channels]
    second = [last.get(c.key, NONE) for c in channels] if fair and last else []
    scale = data.scale([*first, *second])
    outcome = outcome_of(data)
    sure = [c for c in channels if not covers_zero(main[c.key])]
    best = channels[0]
    if all(exactly_zero(e) for e in first):
        says = f"No channel changes anything: effect on {outcome}"
    elif data.n > 1 and not sure:
        says = f"No channel's worth can be told from nothing: effect on {outcome}"
    elif len(channels) > 1 and main[best.key].mean > 0:
        says = f"{brief(best.label)} is worth most: effect on {outcome}"
    else:
        says = f"What each channel is worth: effect on {outcome}"
    title = f"{says} ({scale.unit}, {data.pairs()})"

    def draw(space: Space) -> Figure:
        heads = [numbers("Shapley value" if fair else "on top of\nall others", first, scale)]
        if second:
            heads.append(numbers("on top of\nall others", second, scale))
        key = [Key("band", "Shapley value" if fair else "on top of all others", style.MUTED)]
        if second:
            key.append(Key("hollow", "on top of all others (last in)", style.INK, "D"))
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
            key.append(Key("band", "interval covers zero", faint("#5f6770")))
        sheet, axes = row_sheet(space, title, foot(data), key, [c.label for c in channels], heads)
        amount_axis(axes, scale.unit, ends_of([*first, *[e for e in second if e.known]], scale.size))
        shift = 0.1 if second else 0.0
        for y, (c, e) in enumerate(zip(channels, first, strict=True)):
            colour = faint(c.colour) if data.n > 1 and covers_zero(e) else c.colour
            axes.barh(y - shift, e.mean / scale.size, 0.44, color=colour, zorder=2)
        for y, e in enumerate(second):
            if e.known:
                if e.sure:
                    axes.plot(
                        [e.low / scale.size, e.high / scale.size], [y + 0.27] * 2, color=style.MUTED, linewidth=0.9
                    )
                axes.plot(e.mean / scale.size, y + 0.27, "D", markersize=4.2, markerfacecolor="white",
                          markeredgecolor=style.INK, markeredgewidth=0.9, zorder=5)  # fmt: skip
        return sheet.figure

    caption = (
        f"{intervals(data)} The Shapley value averages what a channel adds over all orders of adding the channels; "
        "last in is what would be lost if only that channel went. Where last in is smaller, others stand in for it; "
        "where it is larger, the channels need each other."
        if fair
        else f"{intervals(data)} What would be lost if only that channel went."
    )
    rows = data.select(["shapley", "incremental"])
    return Picture("shapley", title, _worth_reading(data, channels, main, scale), caption, table(rows), draw)


def _worth_reading(data: EffectsData, channels: list[Named], main: dict[str, Estimate], scale: Scale) -> str:
    sure = [c for c in channels if not covers_zero(main[c.key])] if data.n > 1 else channels
    text = "; ".join(f"{c.label}: {scale.full(main[c.key], data.interval)}" for c in sure[:3])
    text = f"{text}." if text else ""
    zero = [c.label for c in channels if exactly_zero(main[c.key])]
    unsure = [c.label for c in channels if doubtful(main[c.key])]
    if zero:
        text += f" {label_list(zero)} {'is' if len(zero) == 1 else 'are'} worth exactly nothing here."
    if unsure and data.n > 1:
        text += f" {label_list(unsure)} {nothing(data.n)}."
    return text.strip()


def carried(data: EffectsData) -> Picture | None:
    """Each channel's effect split into what reaches people directly and what word of mouth carries."""
    fair = bool(data.effects("shapley_carried"))
    stem = "shapley" if fair else "incremental"
    direct, talk = data.effects(f"{stem}_direct"), data.effects(f"{stem}_carried")
    channels = [c for c in data.channels if c.key in direct and c.key in talk and direct[c.key].known]
    if not channels:
        return None
    channels.sort(key=lambda c: -(direct[c.key].mean + talk[c.key].mean))
    rows = [(c.label, c.colour, direct[c.key], talk[c.key]) for c in channels]
    if (a := data.effect("grand_direct")) is not None and (b := data.effect("grand_carried")) is not None:
        rows.append(("All together", style.MUTED, a, b))
    scale = data.scale([e for _, _, a, b in rows for e in (a, b)])
    outcome = outcome_of(data)
    says = _talk_says(rows)
    title = f"{says}: effect on {outcome} ({scale.unit}, {data.pairs()})"

    def draw(space: Space) -> Figure:
        key = [
            Key("band", "reaches people directly", style.MUTED),
            Key("hatch", "carried by word of mouth", style.MUTED),
        ]
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        columns = [
            numbers("carried", [b for *_, b in rows], scale),
            numbers("direct", [a for _, _, a, _ in rows], scale),
        ]
        sheet, axes = row_sheet(space, title, foot(data), key, [name for name, *_ in rows], columns)
        ends = []
        for _, _, a, b in rows:
            start = a.mean if a.mean * b.mean > 0 else 0.0
            moved = Estimate(start + b.mean, start + b.low, start + b.high, b.n)
            ends += ends_of([a, moved], scale.size)
        amount_axis(axes, scale.unit, ends)
        spans: list[tuple[float, float, float]] = []
        for y, (_, colour, a, b) in enumerate(rows):
            start = a.mean if a.mean * b.mean > 0 else 0.0
            axes.barh(y, a.mean / scale.size, 0.56, color=colour, zorder=2)
            if b.mean != 0.0:
                axes.barh(y, b.mean / scale.size, 0.56, left=start / scale.size, facecolor="white", edgecolor=colour,
                          hatch="//////", linewidth=0.7, zorder=2.2)  # fmt: skip
            spans.append((y - 0.12, a.low / scale.size, a.high / scale.size))
            spans.append((y + 0.12, (start + b.low) / scale.size, (start + b.high) / scale.size))
        whiskers(axes, spans, cap=0.07)
        return sheet.figure

    which = "Shapley value" if fair else "effect on top of all others (last in)"
    caption = (
        f"{intervals(data)} Each channel's {which} in two parts. Direct: everybody's messages held as they were "
        "without the channel. Carried: what changes once the messages follow. Upper whisker: direct, lower: carried."
    )
    found = data.select([f"{stem}_direct", f"{stem}_carried", "grand_direct", "grand_carried"])
    return Picture("carried", title, _talk_reading(data, rows, scale), caption, table(found), draw)


def _talk_says(rows: list[tuple[str, str, Estimate, Estimate]]) -> str:
    talk = [b for *_, b in rows]
    if all(exactly_zero(b) for b in talk):
        return "Word of mouth carries nothing"
    _, _, a, b = rows[-1]
    whole = a.mean + b.mean
    if rows[-1][0] == "All together" and not covers_zero(b) and whole * b.mean > 0 and abs(b.mean) <= abs(whole):
        return f"Word of mouth carries {words.percent(b.mean / whole)} of the whole effect"
    if rows[-1][0] == "All together" and not covers_zero(b):
        return "Word of mouth works against the direct effect"
    if all(covers_zero(b) for b in talk) and all(b.sure for b in talk):
        return "What word of mouth carries cannot be told from nothing"
    return "What reaches people directly and what word of mouth carries"


def _talk_reading(data: EffectsData, rows: list[tuple[str, str, Estimate, Estimate]], scale: Scale) -> str:
    sure = sorted((r for r in rows if not covers_zero(r[3]) or data.n == 1), key=lambda r: -abs(r[3].mean))
    if not sure:
        if all(exactly_zero(b) for *_, b in rows):
            return "In every pair the outcome is the same whether or not the channels' messages travel."
        return f"What word of mouth carries {nothing(data.n)} for any channel."
    return (
        "; ".join(f"{name}: {scale.full(b, data.interval)} carried by word of mouth" for name, _, _, b in sure[:3])
        + "."
    )


def returns(data: EffectsData) -> Picture | None:
    """Return on media money of each channel: ROAS, marginal ROAS and ROI, with the point at which money comes back."""
    found = {}
    for name, word, even in _RETURNS:
        rows = data.select(name, metric="")
        own = {str(c): e for c, e in zip(rows["channels"], estimates_of(rows), strict=True) if e.known}
        if own:
            found[name] = (word, even, own)
    channels = [c for c in data.channels if any(c.key in own for _, _, own in found.values())]
    if not found or not channels:
        return None
    name, (word, even, own) = next(iter(found.items()))
    order = {c.key: -own[c.key].mean if c.key in own else float("inf") for c in channels}
    channels.sort(key=lambda c: order[c.key])
    best = channels[0]
    says = "Return on media money"
    if best.key in own and len(channels) > 1:
        says = f"{brief(best.label)} returns most per {data.currency}"
    title = f"{says} ({data.currency} per {data.currency} of media, {data.pairs()})"
    scales = {name: scale_for(own.values(), "") for name, (_, _, own) in found.items()}

    def draw(space: Space) -> Figure:
        from agorasim.report.figures.channels import fold

        key = [Key("dot", "estimate", style.MUTED), Key("cross", "breaks even", style.BAD)]
        if data.n > 1:
            key.insert(1, Key("line", words.coverage(data.interval), style.INK))
        columns = 1 if space.narrow else len(found)
        names = [fold(c.label, 1.05 if space.narrow else 1.6) for c in channels]
        left = style.widest([line for t in names for line in t.split("\n")], 8.0) + 0.12
        high, above, below = 0.34 * len(channels), 0.26, 0.3
        deep = -(-len(found) // columns)
        sheet = Sheet(space, title, foot(data), deep * (above + high + below), key)
        texts = {k: [_both(own.get(c.key), scales[k]) for c in channels] for k, (_, _, own) in found.items()}
        right = max(style.widest([t for text in of for t in text.split("\n")], 7.0) for of in texts.values()) + 0.12
        width = (sheet.room - left - columns * right - 0.1 * (columns - 1)) / columns
        for i, (k, (word, even, own)) in enumerate(found.items()):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + right + 0.1), above + row * (above + high + below), width, high)
            _dots(axes, channels, own, even, scales[k].size, (names if column == 0 else []), texts[k])
            axes.set_title(word, loc="left", fontsize=8.5, fontweight="bold", color=style.INK, pad=4.0)
        return sheet.figure

    caption = (
        f"{intervals(data)} ROAS: incremental revenue per unit of media cost, for all of the channel's money; marginal "
        "ROAS: for the next unit. ROI: (incremental contribution before media − media cost) per unit of media cost. "
        "The line marks where money just comes back in revenue (ROAS 1) or in contribution (ROI 0). Channels without "
        "media cost have no return on it."
    )
    unclear = [channel.label for channel in channels if channel.key in own and not own[channel.key].sure]
    reading = "; ".join(
        f"{c.label}: {word} {scales[name].full(own[c.key], data.interval)}" for c in channels[:3] if c.key in own
    )
    reading = f"{reading}." if reading else ""
    if unclear and data.n > 1:
        reading += f" {label_list(unclear)}: the money spent differs too little from nothing for an interval."
    rows = data.select([name for name, _, _ in _RETURNS], metric="")
    return Picture("returns", title, reading.strip() or "Returns with their intervals.", caption, table(rows), draw)


def _both(e: Estimate | None, scale: Scale) -> str:
    if e is None or not e.known:
        return "–"
    return f"{scale.text(e.mean)}\n{scale.span(e)}" if e.sure else scale.text(e.mean)


def _dots(
    axes: Axes, channels: list[Named], own: dict[str, Estimate], even: float, size: float, names: list[str],
    texts: list[str],
) -> None:  # fmt: skip
    shown = [own.get(c.key, NONE) for c in channels]
    amount_axis(axes, "", [*ends_of([e for e in shown if e.known], size), even / size])
    axes.set_ylim(len(channels) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(even / size, color=style.BAD, linewidth=1.1, zorder=2.6)
    whiskers(axes, [(y, e.low / size, e.high / size) for y, e in enumerate(shown)])
    for y, (c, e) in enumerate(zip(channels, shown, strict=True)):
        if e.known:
            axes.plot(e.mean / size, y, "o", color=c.colour, markersize=5.5, markeredgecolor="white", zorder=5)
        axes.annotate(texts[y], (1.0, y), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                      va="center", fontsize=7.0, annotation_clip=False, linespacing=1.15)  # fmt: skip
        if names:
            axes.annotate(names[y], (0.0, y), (-6, 0), xycoords=("axes fraction", "data"), ha="right", va="center",
                          textcoords="offset points", fontsize=8.0, annotation_clip=False, linespacing=1.1)  # fmt: skip
