"""From the outcome without the channels to the outcome with all of them: one step for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agorasim.report import style, words
from agorasim.report.effects_words import brief, doubtful, gain, label_list, nothing, outcome_of
from agorasim.report.figures.base import Key, Picture
from agorasim.report.figures.channels import Column, amount_axis, foot, intervals, row_sheet, table, whiskers
from agorasim.report.scale import additive, covers_zero

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_LEVEL = "#9aa1a9"
#: A baseline is torn off when all that happens takes less than this share of the axis.
_TORN = 0.4


@dataclass(frozen=True)
class _Step:
    """One channel's bar, in the outcome's own unit."""

    channel: Named
    whole: Estimate
    start: float
    direct: float
    carried: float
    """NaN where the split is not known."""


def waterfall(data: EffectsData) -> Picture | None:
    """Baseline, a step for each channel (Shapley value) with its word-of-mouth slice, and the total."""
    values = data.effects("shapley")
    channels = [c for c in data.channels if c.key in values and values[c.key].known]
    if not channels:
        return None
    channels.sort(key=lambda c: -values[c.key].mean)
    whole = sum(values[c.key].mean for c in channels)
    base, top = _levels(data, whole)
    carried, direct = data.effects("shapley_carried"), data.effects("shapley_direct")
    split = all(c.key in carried and c.key in direct for c in channels)
    steps, at = [], base
    for c in channels:
        talk = carried[c.key].mean if split else float("nan")
        steps.append(_Step(c, values[c.key], at, values[c.key].mean - talk if split else values[c.key].mean, talk))
        at += values[c.key].mean
    scale = data.scale([s.whole for s in steps], [base, top])
    grand = data.effect("grand")
    outcome = outcome_of(data)
    sum_of = scale.full(grand, data.interval) if grand is not None else f"{scale.text(whole)} {scale.unit}"
    best = steps[0]
    plural = len(channels) > 1
    adds = gain(data, whole, scale)
    title = f"Together the channels {adds}" if plural else f"{brief(best.channel.label)} {adds.replace(' ', 's ', 1)}"
    if plural and best.whole.mean > 0.5 * whole > 0.0:
        title += f", {brief(best.channel.label)} most of it"
    title += f" ({data.pairs()})"
    # Rounded so that baseline, steps and total add up to the last figure shown.
    first, last = round(base / scale.size, scale.decimals), round(top / scale.size, scale.decimals)
    rounded = additive([s.whole.mean / scale.size for s in steps], last - first, scale.decimals)
    shown = [words.fixed(x, scale.decimals) for x in rounded]
    shown = [f"+{t}" if x > 0 and any(d in "123456789" for d in t) else t for x, t in zip(rounded, shown, strict=True)]
    texts = [
        (words.fixed(first, scale.decimals), ""),
        *((t, scale.span(s.whole)) for t, s in zip(shown, steps, strict=True)),
        (words.fixed(last, scale.decimals), ""),
    ]
    head = outcome if scale.unit == data.outcome else f"{outcome},\n{scale.unit}"
    names = [_base_name(data, len(channels)), *(c.label for c in channels), "With all of them" if plural else "With it"]

    def draw(space: Space) -> Figure:
        key = [Key("band", "reaches people directly" if split else "contribution", style.MUTED)]
        if split:
            key.append(Key("hatch", "carried by word of mouth", style.MUTED))
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        sheet, axes = row_sheet(space, title, foot(data), key, names, [Column(head, texts)], bold=(0, len(names) - 1))
        _draw(axes, steps, base, top, scale.size, head.replace("\n", " "))
        return sheet.figure

    caption = (
        f"{intervals(data)} A channel's step is its Shapley value: what it adds, averaged over all orders in which the "
        "channels could be added, so the steps sum to the whole gain exactly."
    )
    if split:
        caption += (
            " The hatched part travels by word of mouth; where it lies back over the solid part, talk takes some of "
            "the effect away again."
        )
    if _torn(base, top, steps):
        caption += " The axis does not start at zero: the torn bars are longer than drawn."
    sure = [s for s in steps if not covers_zero(s.whole)]
    unsure = [s.channel.label for s in steps if doubtful(s.whole)]
    reading = f"All of it: {sum_of} of {outcome}."
    if sure:
        widest = max(sure, key=lambda s: abs(s.whole.mean))
        reading += f" Largest step: {widest.channel.label}, {scale.full(widest.whole, data.interval)}."
    if unsure and data.n > 1:
        reading += f" {label_list(unsure)} {nothing(data.n)}."
    rows = data.select(["level", "grand", "shapley", "shapley_direct", "shapley_carried"])
    return Picture("waterfall", title, reading, caption, table(rows), draw)


def _levels(data: EffectsData, whole: float) -> tuple[float, float]:
    """The outcome without the channels and with all of them; the first is 0 where levels were not kept."""
    levels = data.effects("level")
    every = "+".join(sorted(c.key for c in data.channels))
    for name in ("full", every):
        if name in levels and levels[name].known:
            return levels[name].mean - whole, levels[name].mean
    for name in ("", "none", "empty", "without " + every):
        if name in levels and levels[name].known:
            return levels[name].mean, levels[name].mean + whole
    return 0.0, whole


def _base_name(data: EffectsData, many: int) -> str:
    return f"Without these {many} channels" if many > 1 else "Without it"


def _torn(base: float, top: float, steps: list[_Step]) -> bool:
    low, high = _range(base, top, steps)
    return (low > 0.0 or high < 0.0) and 0.0 < high - low < _TORN * max(abs(low), abs(high))


def _range(base: float, top: float, steps: list[_Step]) -> tuple[float, float]:
    ends = [base, top]
    for s in steps:
        ends += [s.start, s.start + s.direct, s.start + s.whole.mean]
        if s.whole.sure:
            ends += [s.start + s.whole.low, s.start + s.whole.high]
    return min(ends), max(ends)


def _draw(axes: Axes, steps: list[_Step], base: float, top: float, size: float, label: str) -> None:
    high = 0.62
    last = len(steps) + 1
    torn = _torn(base, top, steps)
    low_end, high_end = (x / size for x in _range(base, top, steps))
    amount_axis(axes, label, [low_end, high_end], zero=not torn)
    if torn:
        room = (high_end - low_end) or abs(high_end) or 1.0
        if low_end > 0:
            axes.set_xlim(low_end - 0.3 * room, high_end + 0.05 * room)
        else:
            axes.set_xlim(low_end - 0.05 * room, high_end + 0.3 * room)
    edge = 0.0 if not torn else axes.get_xlim()[0 if low_end > 0 else 1]
    for y, level in ((0, base / size), (last, top / size)):
        axes.barh(y, level - edge, high, left=edge, color=_LEVEL, zorder=2)
        if torn:
            _tear(axes, y, edge, high, 1.0 if low_end > 0 else -1.0)
    for i, s in enumerate(steps):
        y, start, direct, end = i + 1, s.start / size, (s.start + s.direct) / size, (s.start + s.whole.mean) / size
        axes.barh(y, direct - start, high, left=start, color=s.channel.colour, zorder=2)
        if s.carried == s.carried and s.carried != 0.0:
            axes.barh(y, end - direct, high, left=direct, facecolor="white", edgecolor=s.channel.colour,
                      hatch="//////", linewidth=0.7, zorder=2.2)  # fmt: skip
        axes.plot([start, start], [y - 1 + high / 2, y - high / 2], color=style.MUTED, linewidth=0.7, zorder=1.9)
    ends = [((s.start + s.whole.low) / size, (s.start + s.whole.high) / size) for s in steps]
    whiskers(axes, [(i + 1.0, low, high) for i, (low, high) in enumerate(ends)])
    axes.plot([top / size] * 2, [last - 1 + high / 2, last - high / 2], color=style.MUTED, linewidth=0.7, zorder=1.9)


def _tear(axes: Axes, y: float, edge: float, high: float, side: float) -> None:
    """A white zigzag across a bar whose foot is not shown."""
    low, top = axes.get_xlim()
    x = edge + side * 0.05 * (top - low)
    step = 0.008 * (top - low)
    ys = [y - high / 2 - 0.04 + (high + 0.08) * k / 6 for k in range(7)]
    xs = [x + (step if k % 2 else -step) for k in range(7)]
    axes.plot(xs, ys, color="white", linewidth=3.0, zorder=3)
