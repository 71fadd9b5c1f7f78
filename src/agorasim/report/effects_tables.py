"""The tables of an experiment's page: what was run, and every estimate with its interval."""

from __future__ import annotations

import datetime
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from agorasim.report import shell, words
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import HEADLINE, outcome_of, outcome_words
from agorasim.report.scale import Scale, covers_zero, scale_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData


class _Column(NamedTuple):
    """One column of a table: estimates by row."""

    head: str
    small: str
    scale: Scale
    cells: Mapping[str, Estimate]


def facts(data: EffectsData) -> str:
    """What was run, as a definition list."""
    manifest, calendar = data.manifest, data.scenario["calendar"]
    versions = manifest.get("versions", {})
    sessions = manifest.get("timings", {}).get("sessions", [])
    when = f"{str(sessions[0].get('started', ''))[:10]}, " if sessions else ""
    arms = len(manifest.get("arms") or {})
    first = datetime.date.fromisoformat(str(calendar["start"]))
    last = first + datetime.timedelta(days=int(calendar["days"]) - 1)
    span = f"{_date(first)} to {_date(last)}" if int(calendar["days"]) > 1 else _date(first)
    counted = int(calendar["days"]) - int(calendar["warmup"])
    entries = [
        ("Brand", data.brand_label),
        ("Outcome", outcome_words(data.outcome)),
        ("Channels", words.listed([c.label for c in data.channels], 12) if data.channels else ""),
        (f"{data.noun.capitalize()}s", f"{data.n:,}" + (f" × {words.count(arms, 'world')}" if arms else "")),
        ("Consumers", f"{int(data.scenario['population']['size']):,}"),
        ("Days", f"{int(calendar['days']):,}, {span}; {counted:,} of them counted, after warm-up"),
        ("Decisions", _decisions(data)),
        ("Seed", f"{data.seed}"),
        ("Run", f"{when}agorasim {versions.get('agorasim', '?')}, Python {versions.get('python', '?')}"),
    ]
    return shell.facts(entries)


def _decisions(data: EffectsData) -> str:
    asked = data.settings.get("decisions")
    return {"held": "held as in the full world", "react": "taken again in every world"}.get(str(asked), "")


def main_table(data: EffectsData) -> str:
    """Every channel, or every variant, with what it is worth."""
    if data.kind not in ("synergy", "compare"):
        return ""
    if len(data.select("difference", metric="")):
        return _variants(data)
    return _channels(data)


def _channels(data: EffectsData) -> str:
    columns = []
    for estimand, head in (
        ("shapley", "Shapley value"),
        ("shapley_direct", "of it direct"),
        ("shapley_carried", "of it by word of mouth"),
        ("incremental", "On top of all others"),
        ("incremental_direct", "of it direct"),
        ("incremental_carried", "of it by word of mouth"),
        ("incremental_reallocated", "With its money on other media instead"),
    ):
        if (
            estimand.startswith("incremental_")
            and "shapley_carried" in set(data.rows["estimand"])
            and estimand != ("incremental_reallocated")
        ):
            continue
        found = {k: e for k, e in data.effects(estimand).items() if e.known}
        if found:
            scale = data.scale(found.values())
            columns.append(_Column(head, scale.unit, scale, found))
    for estimand, head in (("roas", "ROAS"), ("roi", "ROI"), ("marginal_roas", "Marginal ROAS")):
        rows = data.select(estimand, metric="")
        found = {str(k): e for k, e in zip(rows["channels"], estimates_of(rows), strict=True) if e.known}
        if found:
            columns.append(_Column(head, "", scale_for(found.values(), ""), found))
    if not columns:
        return ""
    lines = [(c.key, c.label) for c in data.channels]
    whole = data.select("grand")
    if len(whole):
        lines.append((str(whole["channels"].iloc[0]), "All together"))
        columns = [_together(data, column) for column in columns]
    caption = (
        f"{words.count(data.n, 'pair')} of worlds; effects on {outcome_of(data)} over the counted days. "
        + (f"Under each estimate its {words.coverage(data.interval)} ({data.holds}). " if data.n > 1 else "")
        + "Grey: the interval covers zero."
    )
    return _section("by-channel", "Channel by channel", "Effects by channel", columns, lines, caption)


def _together(data: EffectsData, column: _Column) -> _Column:
    """The column with the figure of all channels in its last line, where there is one."""
    name = {
        "Shapley value": "grand",
        "of it direct": "grand_direct",
        "of it by word of mouth": "grand_carried",
    }.get(column.head)
    found = data.effects(name) if name else {}
    return column._replace(cells={**column.cells, **found})


def _variants(data: EffectsData) -> str:
    columns = []
    for metric in dict.fromkeys([data.outcome, *(m for m in HEADLINE if m in data.outcomes)]):
        level = {k: e for k, e in data.effects("level", metric=metric).items() if e.known}
        other = {k: e for k, e in data.effects("difference", metric=metric).items() if e.known}
        if not other:
            continue
        unit = data.unit(metric)
        scale = scale_for([*level.values(), *other.values()], unit)
        word = outcome_words(metric)
        if level:
            columns.append(_Column(word.capitalize(), "" if scale.unit == word else scale.unit, scale, level))
        columns.append(_Column("difference", f"to {data.variant_label(data.first)}", scale, other))
    lines = [(k, data.variant_label(k)) for k in data.variants]
    caption = (
        f"{words.count(data.n, 'pair')} of worlds, counted days. "
        + (f"Under each estimate its {words.coverage(data.interval)} ({data.holds}). " if data.n > 1 else "")
        + "Levels of two variants rise and fall together, so their difference is known better than either. Grey: the "
        "interval of a difference covers zero."
    )
    return _section("by-variant", "Variant by variant", "Outcomes by variant", columns, lines, caption)


def _section(
    name: str, heading: str, label: str, columns: Sequence[_Column], lines: Sequence[tuple[str, str]], caption: str
) -> str:
    head = "".join(
        f"<th scope=col>{escape(c.head)}{f'<small>{escape(c.small)}</small>' if c.small else ''}</th>" for c in columns
    )
    body = "".join(
        f"<tr><th scope=row>{escape(text)}</th>{''.join(_cell(c, key) for c in columns)}</tr>" for key, text in lines
    )
    many = " many" if len(columns) > 6 else ""
    return (
        f'<section id="{name}"><h2>{escape(heading)}</h2>'
        f'<div class="scroll" tabindex=0 role=region aria-label="{escape(label)}"><table class="kpis{many}">'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<p class="caption">{escape(caption)}</p></section>'
    )


def _cell(column: _Column, key: str) -> str:
    e = column.cells.get(key)
    if e is None or not e.known:
        return "<td>–</td>"
    faint = " class=faint" if e.sure and covers_zero(e) else ""
    span = column.scale.span(e)
    small = "the same in all" if e.sure and e.low == e.high else span
    return f"<td{faint}>{column.scale.text(e.mean)}{f'<small>{small}</small>' if small else ''}</td>"


def _date(day: datetime.date) -> str:
    return f"{day.day} {words.MONTHS[day.month - 1]} {day.year}"
