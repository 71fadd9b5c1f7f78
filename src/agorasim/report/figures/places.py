"""Where orders were served, and where they were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agorasim.report import style, words
from agorasim.report.figures.bars import amounts, end_of, plain_scale, rows
from agorasim.report.figures.bars import bars as draw_bars
from agorasim.report.figures.base import Key, Picture, Sheet, Space, panel_title, provenance
from agorasim.report.figures.funnel import n_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from agorasim.report.data import Estimate, Named, ReportData

#: Most places drawn for one brand; the rest are one bar, and all are in the CSV.
MOST = 10


class _Bar(NamedTuple):
    label: str
    served: Estimate
    lost: Estimate

    @property
    def end(self) -> float:
        return max(end_of(self.served), self.served.mean + self.lost.mean)


def places(data: ReportData) -> Picture | None:
    """Orders served and lost at each place to buy, sorted within the brand."""
    import pandas as pd

    metrics = ["orders", "lost_orders", "revenue"]
    totals = data.totals("place", metrics)
    totals[["orders", "lost_orders", "revenue"]] = totals[metrics].fillna(0.0)
    if totals.empty or not (totals["orders"].sum() + totals["lost_orders"].sum()) > 0:
        return None
    found = [
        {"brand": brand, "place": place, "metric": metric, "mean": e.mean, "low": e.low, "high": e.high,
         "replications": e.n}
        for (brand, place), of in data.estimates(totals, "place", metrics).items() for metric, e in of.items()
    ]  # fmt: skip
    table = pd.DataFrame(found)
    bars = {b.key: _bars(data, totals, b) for b in data.brands}
    shown = [b for b in data.brands if bars[b.key]]
    title = "Orders by place, by brand (counted days)"

    def draw(space: Space) -> Figure:
        step, above, below = 0.2, 0.27, 0.08
        longest = 2.2 if not space.narrow else 1.25
        names = {b.key: [style.shorten(bar.label, longest, 8.0) for bar in bars[b.key]] for b in shown}
        left = style.widest([name for own in names.values() for name in own], 8.0) + 0.12
        texts = {b.key: [_amount(bar) for bar in bars[b.key]] for b in shown}
        body = sum(above + below + step * len(names[b.key]) for b in shown)
        key = [Key("band", "orders served"), Key("hatch", "lost for want of stock or capacity")]
        if data.n > 1:
            key.append(Key("line", f"{words.coverage(data.interval)} of served", style.INK))
        sheet = Sheet(space, title, provenance(data), body, key)
        width = sheet.room - left - style.widest([t for own in texts.values() for t in own], 7.5) - 0.12
        top = max(bar.end for b in shown for bar in bars[b.key])
        y = 0.0
        for brand in shown:
            high = step * len(names[brand.key])
            axes = sheet.axes(left, y + above, width, high)
            served, lost = [bar.served for bar in bars[brand.key]], [bar.lost for bar in bars[brand.key]]
            ys = range(len(served))
            draw_bars(axes, ys, served, [brand.colour] * len(served), 0.72)
            axes.barh(
                list(ys), [e.mean for e in lost], 0.72, left=[e.mean for e in served], facecolor="white",
                edgecolor=[brand.colour if e.mean > 0 else "none" for e in lost], hatch="//////", linewidth=0.6,
            )  # fmt: skip
            amounts(axes, ys, [bar.end for bar in bars[brand.key]], texts[brand.key], 7.5)
            rows(axes, names[brand.key])
            plain_scale(axes, top)
            axes.spines["left"].set_visible(False)
            panel_title(axes, brand, width)
            y += above + below + high
        return sheet.figure

    caption = (
        f"{n_words(data)} Orders over the counted days, mean over replications; all brands share one scale. A lost "
        "order was wanted here and refused; the buyer may have bought elsewhere or not at all."
    )
    return Picture("places", title, _reading(bars, shown), caption, table, draw)


def _bars(data: ReportData, totals: pd.DataFrame, brand: Named) -> list[_Bar]:
    """A brand's places, largest first; the smallest of many are added up."""
    own = totals[totals["brand"] == brand.key]
    wanted = own.assign(wanted=own["orders"] + own["lost_orders"]).groupby("place")["wanted"].sum()
    order = [str(p) for p in wanted[wanted > 0].sort_values(ascending=False, kind="stable").index]
    head, tail = (order, []) if len(order) <= MOST + 1 else (order[:MOST], order[MOST:])
    found = []
    for names in [[p] for p in head] + ([tail] if tail else []):
        part = own[own["place"].isin(names)].groupby("replicate")[["orders", "lost_orders"]].sum()
        label = data.place_labels.get(names[0], names[0]) if len(names) == 1 else f"{len(names)} other places"
        found.append(_Bar(label, data.estimate(part["orders"]), data.estimate(part["lost_orders"])))
    return found


def _amount(bar: _Bar) -> str:
    text = words.number(bar.served.mean)
    return f"{text} + {words.number(bar.lost.mean, 2)} lost" if bar.lost.mean > 0 else text


def _reading(bars: dict[str, list[_Bar]], shown: list[Named]) -> str:
    parts: list[str] = []
    for brand in shown[:4]:
        whole = sum(bar.served.mean for bar in bars[brand.key])
        best = max(bars[brand.key], key=lambda bar: bar.served.mean)
        if whole > 0:
            share = words.percent(best.served.mean / whole)
            parts.append(f"{brand.label} {'' if parts else 'sells most '}at {best.label} ({share})")
    text = (
        words.listed(parts, 4) + " of its orders."
        if len(parts) == 1
        else words.listed(parts, 4) + " of their orders."
        if parts
        else ""
    )
    lost = {b.label: sum(bar.lost.mean for bar in bars[b.key]) for b in shown}
    worst = max(lost, key=lambda k: lost[k])
    if lost[worst] > 0:
        text += f" {worst} loses most orders to empty shelves or queues ({words.number(lost[worst], 2)})."
    return text.strip() or "No orders were served."
