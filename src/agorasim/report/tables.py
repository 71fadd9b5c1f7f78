"""The words and figures of the page: what was run, the answer in short, and the KPI table."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from agorasim.measures import metrics
from agorasim.report import shell, words
from agorasim.report.data import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.report.data import Named, ReportData


@dataclass(frozen=True)
class Row:
    """One line of the KPI table."""

    metric: str
    label: str
    period: str = "counted"


ROWS: Final = (
    Row("orders", "Orders"),
    Row("revenue", "Revenue"),
    Row("contribution", "Contribution before media"),
    Row("spend", "Media spend"),
    Row("profit", "Profit"),
    Row("price_paid", "Mean order value"),
    Row("lost_orders", "Lost orders"),
    Row("conversion", "Orders per consideration"),
    Row("new_customers", "New customers"),
    Row("customers", "Customers ever, at the end", "end"),
    Row("members", "Members, at the end", "end"),
    Row("awareness", "Awareness, at the end", "end"),
    Row("goodwill", "Goodwill (−1 to 1), at the end", "end"),
    Row("satisfaction", "Satisfaction (1 to 5)"),
    Row("recommendations", "Recommendations"),
    Row("complaints", "Complaints"),
)
#: Figures whose words stand on top of the page, too.
_SHORT: Final = ("places", "festival", "private_domain", "stages", "word_of_mouth")
#: Rows of what only some mechanisms record: there when one brand at least has something to show.
MECHANISM_ROWS: Final = (
    Row("private_share", "Revenue at members-only places"),
    Row("member_share", "Revenue from members"),
    Row("unsubscribe_rate", "Unsubscriptions per message"),
    Row("opt_outs", "Opt-outs"),
    Row("repurchase", "Repeat orders, of all orders"),
    Row("churned", "Customers who left the brand"),
    Row("customers_left", "Customers who left the category"),
    Row("referred_orders", "Referred first orders"),
    Row("nps", "Net promoter score"),
    Row("rating_shown", "Rating shown, at the end", "end"),
    Row("discounts", "Discounts given"),
    Row("cannibalisation", "Coupon orders that would have come anyway"),
    Row("stockouts", "Orders refused at first"),
    Row("late_orders", "Late deliveries"),
    Row("pickup_orders", "Orders picked up in shops"),
    Row("return_rate", "Returns per order"),
    Row("waste_rate", "Impressions wasted"),
    Row("cost_refunds", "Cost of refunds"),
    Row("cost_rewards", "Cost of rewards and gifts"),
    Row("cost_content", "Cost of content"),
    Row("cost_service", "Cost of messages and service"),
    Row("cost_logistics", "Cost of logistics"),
    Row("cost_platform", "Cost of the data platform"),
    Row("cost_partners", "Cost of resellers"),
)
#: Rows that make sense for all brands together: a person may be several brands' customer, so people are not summed.
_SUMMED: Final = frozenset(
    {"orders", "revenue", "contribution", "spend", "profit", "lost_orders", "recommendations", "complaints"}
)
_OBVIOUS: Final = frozenset({"orders", "consumers", "points", "share", "messages", "index"})
_NONE: Final = Estimate(float("nan"), float("nan"), float("nan"), 0)


def facts(data: ReportData) -> str:
    """What was run, as a definition list."""
    manifest = data.manifest
    versions = manifest.get("versions", {})
    sessions = manifest.get("timings", {}).get("sessions", [])
    when = f"{str(sessions[0].get('started', ''))[:10]}, " if sessions else ""
    last, first = data.date(data.days - 1), data.start
    bought = "bought once" if data.durable else "bought again and again"
    failed = len(manifest["replications"]["failed"])
    asked = manifest["replications"]["requested"]
    runs = f"{data.n} of {asked} finished" + (f", {failed} failed" if failed else "")
    entries = [
        ("Consumers", f"{data.consumers:,}"),
        ("Brands", f"{len(data.brands)}"),
        ("Days", f"{data.days:,}, {_date(first)}" + (f" to {_date(last)}" if data.days > 1 else "")),
        ("Warm-up", f"{words.count(data.warmup, 'day')}, not counted" if data.warmup else ""),
        ("Cool-down", f"{words.count(data.cooldown, 'day')} without paid media" if data.cooldown else ""),
        ("Replications", runs),
        ("Seed", f"{data.seed}"),
        ("Category", f"{data.scenario['category']['label'] or 'goods'}, {bought}"),
        ("Run", f"{when}agorasim {versions.get('agorasim', '?')}, Python {versions.get('python', '?')}"),
    ]
    return shell.facts(entries)


def notes(data: ReportData) -> str:
    """What a reader must know before trusting the figures."""
    found = [note[0].upper() + note[1:] + "." for note in data.results.notes]
    if data.n == 1:
        found.append("One replication says what can happen, not what to expect: no figure here has an interval.")
    elif data.n < 5:
        found.append(f"With {data.n} replications the intervals are wide and rest on few runs.")
    return "".join(f'<p class="note">{escape(note)}</p>' for note in found)


def in_short(data: ReportData, readings: dict[str, str]) -> str:
    """Who leads, where, how much and how sure, in a few sentences."""
    points = [_lead(data), *(readings[name] for name in _SHORT if name in readings)]
    points.append(
        "What a single channel adds cannot be read off one set of worlds: `agorasim synergy` answers that with paired "
        "worlds that differ in nothing else, and `agorasim compare` does the same for policies and variants."
    )
    return shell.bullets(points)


def _lead(data: ReportData) -> str:
    """The leader in the scenario's primary outcome, its distance to the next, and how sure that is."""
    metric = metrics.BY_NAME.get(data.primary)
    if metric is None or "brand" not in metric.levels or metric.ratio is not None:
        metric = metrics.BY_NAME["profit"]
    frame = data.totals("brand", [metric.name]).pivot(index="replicate", columns="brand", values=metric.name)
    known: list[tuple[Named, Estimate]] = [
        (b, e) for b in data.brands if b.key in frame and (e := data.estimate(frame[b.key])).known
    ]
    if not known:
        return ""
    known.sort(key=lambda pair: -pair[1].mean)
    share = metric.unit == "share"
    unit = "" if share else data.currency if metric.money else metric.unit
    word = metric.name.replace("_", " ")
    best, top = known[0]
    text = f"{best.label} leads in {word}: {words.interval(top, unit, share=share, level=data.interval)}."
    if len(known) > 1:
        second = known[1][0]
        ahead = np.asarray(frame[best.key] - frame[second.key], dtype=np.float64)
        gap = data.estimate(ahead)
        show = words.percent if share else words.number
        text += f" {second.label} follows {show(gap.mean)}{' ' + unit if unit else ''} behind"
        if gap.sure:
            sure = "clear" if gap.low > 0 else "not clear"
            wins = int((ahead > 0).sum())
            text += (
                f" ({show(gap.low)} to {show(gap.high)}, so the order is {sure}; {best.label} is ahead in "
                f"{'all' if wins == data.n else wins} of {data.n} replications)"
            )
        text += "."
    if top.sure and top.mean:
        wide = words.percent((top.high - top.low) / 2 / abs(top.mean))
        text += f" The leader's figure is known to ± {wide}; four times as many replications would halve that."
    return text


def kpi_table(data: ReportData) -> str:
    """Brands across and all of them together, figures down, an interval under every estimate."""
    more = [row for row in MECHANISM_ROWS if data.counts(row.metric)]
    found = _estimates(data, (*ROWS, *more))
    more = [row for row in more if any(found.get((row.metric, row.period, b.key), _NONE).mean > 0 for b in data.brands)]
    together = len(data.brands) > 1
    chips = [f'<span class=chip style="background:{b.colour}"></span>{escape(b.label)}' for b in data.brands]
    head = "".join(f"<th scope=col>{text}</th>" for text in [*chips, *(["All brands"] if together else [])])
    sums = _together(data) if together else {}
    # All rows of money in one unit, so that they can be compared down the column.
    largest = [e.mean for (name, _, _), e in found.items() if metrics.BY_NAME[name].money]
    unit_size, unit_word = words.scale_of(
        [*largest, *(e.mean for name, e in sums.items() if metrics.BY_NAME[name].money)]
    )
    lines = []
    for row in (*ROWS, *more):
        cells = [found.get((row.metric, row.period, b.key), _NONE) for b in data.brands]
        if not any(c.known for c in cells):
            continue
        if together:
            cells.append(sums.get(row.metric, _NONE))
        metric = metrics.BY_NAME[row.metric]
        money = metric.unit.startswith("money")
        size, scale = (unit_size, unit_word) if money and metric.additive else words.scale_of(c.mean for c in cells)
        unit = data.currency if money else "" if metric.unit in _OBVIOUS else metric.unit
        small = f"<small>{escape(f'{scale} {unit}'.strip())}</small>" if scale or unit else ""
        shown = "".join(_cell(c, share=metric.unit == "share", money=money, size=size) for c in cells)
        lines.append(f"<tr><th scope=row>{escape(row.label)}{small}</th>{shown}</tr>")
    return (
        '<div class="scroll" tabindex=0 role=region aria-label="Figures by brand"><table class=kpis>'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _estimates(data: ReportData, rows: Sequence[Row]) -> dict[tuple[str, str, str], Estimate]:
    frame = data.results.frame("summary", by="brand", metrics=[row.metric for row in rows])
    names = zip(frame["metric"], frame["period"], frame["brand"], strict=True)
    numbers = (frame[column].to_numpy(np.float64).tolist() for column in ("estimate", "low", "high"))
    estimates = map(Estimate, *numbers, frame["n"].tolist())
    return dict(zip(names, estimates, strict=True))


def _together(data: ReportData) -> dict[str, Estimate]:
    """Sums over brands of what may be summed."""
    names = [row.metric for row in ROWS if row.metric in _SUMMED]
    frame = data.totals("brand", names).groupby("replicate")[names].sum(min_count=1)
    return {name: data.estimate(frame[name]) for name in names}


def needs(data: ReportData) -> str:
    """One sentence on the category's needs and how many of them were met."""
    arose = data.category["needs"].to_numpy(np.float64)
    if not np.isfinite(arose).all() or not arose.sum() > 0:
        return ""
    orders = data.totals("brand", ["orders"]).groupby("replicate")["orders"].sum().to_numpy(np.float64)
    served = data.estimate(orders / np.where(arose > 0, arose, np.nan))
    level = data.interval
    text = (
        f"{words.interval(data.estimate(arose), 'needs', level=level)} arose in the category; "
        f"{words.interval(served, share=True, level=level)} of them ended in an order."
    )
    return f"<p class=totals>{escape(text)}</p>"


def table_caption(data: ReportData) -> str:
    """How to read the table."""
    days = f"days {data.warmup + 1} to {data.days}" if data.warmup else "all days"
    text = f"n = {words.count(data.n, 'replication')}. Totals over {days}; amounts in {data.currency}."
    if data.n > 1:
        text += f" Under each mean over replications its {words.coverage(data.interval)} (Student t)."
    return escape(text)


def _cell(e: Estimate, *, share: bool, money: bool, size: float = 1.0) -> str:
    """A mean with its interval below."""
    if not e.known:
        return "<td>–</td>"
    scale = 100.0 if share else 1.0 / size
    mean, low, high = e.mean * scale, e.low * scale, e.high * scale
    decimals = 2 if money and abs(mean) < 100.0 else words.decimals(mean, low, high, 1 if share else 3)
    texts = [words.fixed(x, decimals) + ("\u00a0%" if share else "") for x in (mean, low, high)]
    spread = "the same in all" if low == high else f"{texts[1]} to {texts[2]}"
    return f"<td>{texts[0]}{f'<small>{spread}</small>' if e.sure else ''}</td>"


def _date(day: object) -> str:
    import datetime

    assert isinstance(day, datetime.date)
    return f"{day.day} {words.MONTHS[day.month - 1]} {day.year}"
