"""What an optimiser found: today's plan beside the best, what the last unit of money brings, the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agorasim.report import style, words
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import label_list, outcome_of
from agorasim.report.figures.base import Key, Picture, Sheet
from agorasim.report.figures.channels import Column, amount_axis, ends_of, foot, numbers, row_sheet, table, whiskers
from agorasim.report.scale import covers_zero, scale_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space


def plan(data: EffectsData) -> Picture | None:
    """Money a day on each channel: today, in the best plan, and in plans that cannot be told from it."""
    found = data.kept("plan")
    if found is None or not len(found):
        return None
    found = found.sort_values("best", ascending=False, kind="stable")
    names = [data.channel(str(c)).label for c in found["channel"]]
    today, best, low, high = (found[k].to_numpy(np.float64) for k in ("today", "best", "low", "high"))
    scale = scale_for([], data.currency, [*today, *best, *high])
    moves = sorted(zip(best - today, names, strict=True), key=lambda of: -abs(of[0]))
    gain = data.effects("difference").get("best")
    change = moves[0]
    says = "The best plan found is today's"
    if abs(change[0]) > 0.005:
        says = (
            f"The best plan found spends {'more' if change[0] > 0 else 'less'} on {style.shorten(change[1], 2.0, 11.5)}"
        )
    title = f"{says} ({scale.unit} a day, by channel)"
    sums = [words.number(float(of.sum())) for of in (today, best)]
    reading = f"{sums[0]} {data.currency} a day today, {sums[1]} in the best plan"
    if gain is not None and gain.known:
        sure = covers_zero(gain)
        reading += f"; against today it changes {outcome_of(data)} by {data.scale([gain]).full(gain, data.interval)}"
        reading += ", which cannot be told from nothing" if sure else ""
    texts = Column("best\n(today)", [(scale.text(b), f"({scale.text(t)})") for b, t in zip(best, today, strict=True)])

    def draw(space: Space) -> Figure:
        key = [
            Key("dot", "best plan", style.GOOD),
            Key("hollow", "today", style.INK),
            Key("band", "cannot be told from the best", style.GOOD, alpha=0.25),
        ]
        sheet, axes = row_sheet(space, title, foot(data), key, names, [texts])
        amount_axis(axes, f"{scale.unit} a day", [x / scale.size for x in (*today, *best, *low, *high)])
        rows = np.arange(len(names))
        axes.barh(rows, (high - low) / scale.size, 0.5, left=low / scale.size, color=style.GOOD, alpha=0.25)
        axes.hlines(rows, today / scale.size, best / scale.size, color=style.MUTED, linewidth=0.9)
        axes.plot(today / scale.size, rows, "o", markersize=6.0, markerfacecolor="white", markeredgecolor=style.INK,
                  zorder=4)  # fmt: skip
        axes.plot(best / scale.size, rows, "o", markersize=6.0, color=style.GOOD, markeredgecolor="white", zorder=5)
        return sheet.figure

    caption = (
        "Band: plans tried in the last round that do no worse than the best within the chance of the search. A wide "
        "band says that the outcome hardly depends on that channel's money there."
    )
    return Picture("plan", title, reading + ".", caption, found.assign(unit=f"{data.currency} a day"), draw)


def marginal(data: EffectsData) -> Picture | None:
    """What the last unit of money brings on each channel at the best plan."""
    rows = data.select("marginal_return", metric="")
    own = {str(c): e for c, e in zip(rows["channels"], estimates_of(rows), strict=True) if e.known}
    if not own:
        return None
    names = sorted(own, key=lambda k: ("+" in k, -own[k].mean))
    estimates = [own[k] for k in names]
    labels = ["All together" if "+" in k else data.channel(k).label for k in names]
    scale = scale_for(estimates, "")
    profit = data.outcome == "profit"
    level = 1.0 if profit else None
    off = [
        label for label, e in zip(labels, estimates, strict=True) if e.sure and profit and not e.low <= 1.0 <= e.high
    ]
    says = "What the last unit of money brings"
    if profit and not off:
        says = "The last unit of money just pays for itself everywhere, as it must at an optimum"
    title = f"{says} ({rows['unit'].iloc[0]} of media, {data.pairs()})"
    reading = "; ".join(f"{label}: {scale.full(e, data.interval)}" for label, e in zip(labels, estimates, strict=True))
    if off:
        reading += f". {label_list(off)}: not 1, as where a bound or the budget holds the money back"

    def draw(space: Space) -> Figure:
        key = [Key("dot", "estimate", style.GOOD)]
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        if level is not None:
            key.append(Key("cross", "pays for itself", style.BAD))
        sheet, axes = row_sheet(space, title, foot(data), key, labels, [numbers("", estimates, scale, sign=False)])
        amount_axis(axes, "", [*ends_of(estimates, scale.size), *([level / scale.size] if level else [])])
        if level is not None:
            axes.axvline(level / scale.size, color=style.BAD, linewidth=1.1, zorder=2.6)
        whiskers(axes, [(y, e.low / scale.size, e.high / scale.size) for y, e in enumerate(estimates)])
        axes.plot([e.mean / scale.size for e in estimates], range(len(estimates)), "o", color=style.GOOD,
                  markersize=6.0, markeredgecolor="white", zorder=5)  # fmt: skip
        return sheet.figure

    caption = (
        "Outcome before media cost for a little more money on that channel less a little less, per unit of money, at "
        "the best plan, on replicates that the search had not seen. Above 1 more money would pay, below 1 less would."
    )
    return Picture("marginal", title, reading + ".", caption, table(rows), draw)


def history(data: EffectsData) -> Picture | None:
    """Gain over today of every plan in the order in which they were tried."""
    found = data.kept("trials")
    if found is None or not len(found) or "gain" not in found:
        return None
    gains = found["gain"].to_numpy(np.float64)
    ends = [found[k].to_numpy(np.float64) for k in ("gain_low", "gain_high")]
    if not np.isfinite(gains).any():
        return None
    scale = data.scale([], gains.tolist())
    stages = list(dict.fromkeys(found["stage"].astype(str)))
    top = int(np.nanargmax(gains))
    title = f"{words.count(len(gains), 'plan')} were tried: gain in {outcome_of(data)} over today ({scale.unit})"
    reading = (
        f"The highest gain that the search saw was {scale.text(float(gains[top]))} {scale.unit}, at trial {top + 1}; a "
        "maximum over noisy values flatters itself, so the plan was measured again on fresh replicates."
    )

    def draw(space: Space) -> Figure:
        key = [Key("dot", "a plan", style.GOOD), Key("line", "best so far", style.BAD),
               Key("line", words.coverage(data.interval), style.MUTED)]  # fmt: skip
        high = 2.6 if not space.narrow else 2.2
        sheet = Sheet(space, title, foot(data), high + 0.45, key)
        axes = sheet.axes(0.6, 0.05, sheet.room - 0.65, high)
        xs = np.arange(1, len(gains) + 1)
        axes.vlines(xs, ends[0] / scale.size, ends[1] / scale.size, color=style.MUTED, linewidth=0.6, alpha=0.6)
        axes.plot(xs, gains / scale.size, "o", color=style.GOOD, markersize=3.4)
        axes.plot(xs, np.fmax.accumulate(gains) / scale.size, color=style.BAD, linewidth=1.1, drawstyle="steps-post")
        known = np.concatenate([gains, *ends])[np.isfinite(np.concatenate([gains, *ends]))] / scale.size
        axes.set_ylim(known.min() - 0.05 * np.ptp(known) - 1e-12, known.max() + 0.12 * np.ptp(known) + 1e-12)
        for stage in stages[1:]:
            first = int(np.flatnonzero(found["stage"].astype(str) == stage)[0])
            axes.axvline(first + 0.5, color=style.RULE, linewidth=0.8, zorder=0.5)
        for stage in (s for s in stages if not s.startswith("top")):
            where = np.flatnonzero(found["stage"].astype(str) == stage)
            axes.annotate(stage, (float(where.mean()) + 1.0, 1.0), (0, -2), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha="center", va="top", fontsize=7.0)  # fmt: skip
        axes.axhline(0.0, color=style.MUTED, linewidth=0.9, zorder=1.5)
        axes.grid(axis="y")
        axes.yaxis.set_major_formatter(words.ticks(float(known.min()), float(known.max())))
        axes.set_xlabel("plan, in the order tried", fontsize=8.0, labelpad=2.0)
        return sheet.figure

    caption = "Each plan in the replicates of its stage, less today's plan in the same replicates."
    return Picture("history", title, reading, caption, found.assign(metric=data.outcome, unit=data.unit()), draw)
