"""Answers in words: what was asked is worth, how sure that is, and what more precision would cost."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agorasim.experiment.execution import duration
from agorasim.experiment.policies import AS_IS
from agorasim.experiment.precision import Reached, Wanted

if TYPE_CHECKING:
    from agorasim.experiment.coalitions import Game
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.experiment.sheet import Sheet

Row = Mapping[str, Any]


# --- before ---------------------------------------------------------------------------------------------------------


def announce(lab: Laboratory, each: int, wanted: Wanted, what: str, pilot: Callable[[], None]) -> None:
    """Say how many worlds there will be and how long they take.

    Args:
        lab: where they run.
        each: worlds of a replication.
        wanted: how many replications.
        what: is asked about.
        pilot: runs a few of the worlds, to time them.
    """
    least, most = wanted.bounds
    pairs = f"{least} replications" if least == most else f"{least} to {most} replications"
    worlds = f"{each * least:,} worlds" + ("" if least == most else f" at least, {each * most:,} at most")
    print(f"{what}: {each} worlds a replication, {pairs}: {worlds}", file=sys.stderr, flush=True)
    pilot()
    if (seconds := lab.estimate_seconds(each * least)) is not None:
        longest = "" if least == most else f" at least, {duration(seconds * most / least)} at most"
        print(f"this takes {duration(seconds)}{longest}", file=sys.stderr, flush=True)


# --- how sure -------------------------------------------------------------------------------------------------------


def precision(
    lab: Laboratory, wanted: Wanted, reached: Reached, each: int, unit: str, of: str = "the gain"
) -> dict[str, Any]:
    """What was asked for and what was reached, as plain data for the manifest.

    Args:
        lab: for the time that more would take.
        wanted: what was asked for.
        reached: what came of it.
        each: worlds of a replication.
        unit: of the outcome.
        of: what a relative precision is relative to, in words.
    """
    verdict = reached.verdict
    out: dict[str, Any] = {
        "asked": wanted.asked(),
        "pairs": len(reached.replicates),
        "left_out": 0,
        "half_width": _finite(reached.half_width),
        "relative": _finite(reached.relative),
        "gain": _finite(reached.gain),
        "worst": reached.worst,
        "of": of,
        "unit": unit,
        "reached": None if verdict is None else verdict.reached,
    }
    out["left_out"] = len({replicate for _, replicate in lab.failed})
    if verdict is not None:
        out["target"] = _finite(verdict.target)
        out["gain_is_clear"] = verdict.gain_is_clear
        if not verdict.reached and verdict.forecast is not None:
            worlds = verdict.more_worlds(each)
            seconds = lab.estimate_seconds(worlds) if worlds is not None else None
            out["more"] = {"pairs": verdict.forecast, "worlds": worlds, "seconds": seconds}
    return out


def first(told: Mapping[str, Any], answer: str) -> str:
    """The first line: whether the precision was reached, if one was asked for, and the answer."""
    if told["reached"] is None:
        return answer
    how = f"{_widths(told)} after {told['pairs']} pairs"
    if told["reached"]:
        return f"Precision reached: {how}. {answer}"
    return f"Precision NOT reached: {how}, {_asked(told)} asked for. The answer so far: {answer}"


def cost(told: Mapping[str, Any], members: str) -> list[str]:
    """What more would cost, where the precision was not reached, and how precise a fixed number was.

    `members`: what a precision is asked of, in words.
    """
    if told["reached"]:
        return []
    if told["reached"] is None:
        if told["half_width"] == 0.0:
            return []
        if told["half_width"] is None:
            return [f"How sure {members} is cannot be told: the {told['worst']} is undefined in nearly every pair."]
        return [f"Half-widths of {members}: up to {_extent(told)}."]
    lines = [f"The widest is the {told['worst']}."]
    if told["half_width"] is None:
        lines = [f"The {told['worst']} is undefined in too many pairs."]
    if not told["gain_is_clear"] and told["asked"]["precision"] is not None:
        lines.append(
            f"{told['of'].capitalize()} itself cannot be told from 0, so a share of it may be out of reach: ask for"
            f" --precision-abs in {told['unit']} instead."
        )
    more = told.get("more")
    if more is None:
        lines.append("What it would take cannot be foreseen from these pairs.")
    else:
        time = f", {duration(more['seconds'])}" if more["seconds"] is not None else ""
        lines.append(
            f"To reach it would take about {more['pairs']:,} pairs, {more['worlds']:,} more worlds{time}:"
            f" --max-replications {more['pairs']} --resume with the same command."
        )
    return lines


def _widths(told: Mapping[str, Any]) -> str:
    return "half-widths unknown" if told["half_width"] is None else f"half-widths of up to {_extent(told)}"


def _extent(told: Mapping[str, Any]) -> str:
    absolute = f"{amount(told['half_width'])} {told['unit']}"
    return absolute if told["relative"] is None else f"{100 * told['relative']:.3g} % of {told['of']}, {absolute}"


def _asked(told: Mapping[str, Any]) -> str:
    asked = told["asked"]
    parts = [f"{100 * asked['precision']:.3g} %"] if asked["precision"] is not None else []
    parts += [f"{amount(asked['precision_abs'])} {told['unit']}"] if asked["precision_abs"] is not None else []
    return " and ".join(parts)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --- the answer -----------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """An answer in words."""

    answer: str
    lines: list[str]


def synergy(sheet: Sheet, game: Game, outcome: str, who: str) -> Told:
    """What channels are worth, in a sentence, and what should be known of it."""
    every = game.name(game.all)
    rows = _index(sheet, outcome, who)
    unit, grand = sheet.unit(outcome), rows["grand", every]
    names = listing(game.channels)
    whose = f"{game.brand}'s {outcome}" if who else f"the category's {outcome}"
    whole = grand["n_pairs"] == len(sheet.replicates)
    if (
        whole
        and grand["low"] == grand["high"] == grand["estimate"] == 0.0
        and all(rows["shapley", c]["estimate"] == rows["shapley", c]["low"] == 0.0 for c in game.channels)
    ):
        answer = (
            f"No world differs: {names} change nothing of {whose} in any of the {grand['n_pairs']} pairs, so every"
            " effect is exactly 0."
        )
        return Told(answer, [])
    money = f" {unit}" if sheet.currency in unit else ""
    parts = sorted(game.channels, key=lambda c: -_or(rows["shapley", c]["estimate"], -math.inf))
    shares = "; ".join(f"{c} {spread(rows['shapley', c])}" for c in parts)
    if grand["estimate"] is None:
        answer = f"What {names} add to {whose} cannot be told, because it is undefined with them or without them."
    elif grand["estimate"] >= 0.0:
        answer = f"Together {names} add {spread(grand)}{money} to {whose}: {shares}."
    else:
        answer = f"Together {names} take {spread(_negative(grand))}{money} from {whose}: {shares}."
    lines = [_undefined(whose, grand, sheet)] if grand["n_pairs"] < len(sheet.replicates) else []
    if (talk := rows.get(("grand_carried", every))) is not None:
        share = rows.get(("grand_carried_share", every))
        plain = share is not None and share["estimate"] is not None and 0.0 <= share["estimate"] <= 1.0
        percent = f", {100 * share['estimate']:.0f} % of it" if share is not None and plain and clear(grand) else ""
        lines.append(f"Word of mouth carries {spread(talk)}{money}{percent}.")
    lines += _synergies(rows, money)
    if (factor := grand["variance_reduction"]) is not None:
        lines.append(
            f"Pairs of worlds share their chances: for the gain of all, {factor:.3g} times as many independent worlds"
            " would be as precise."
        )
    return Told(answer, lines)


def _undefined(whose: str, row: Row, sheet: Sheet) -> str:
    pairs = len(sheet.replicates)
    return f"In {pairs - row['n_pairs']} of the {pairs} pairs {whose} is undefined in a world; they are left out."


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _synergies(rows: Mapping[tuple[str, str], Row], money: str) -> list[str]:
    """The strongest pair that can be told from nothing."""
    estimand = "shapley_interaction" if any(key[0] == "shapley_interaction" for key in rows) else "interaction_full"
    sure = [(pair, row) for (kind, pair), row in rows.items() if kind == estimand and clear(row)]
    if not sure:
        return ["No two channels can be told to do more, or less, together than each alone."]
    pair, row = max(sure, key=lambda item: abs(item[1]["estimate"]))
    verb = "add to each other" if row["estimate"] > 0.0 else "take from each other"
    return [f"{listing(pair.split('+'))} {verb}: {spread(row)}{money} beyond what each does alone."]


def _index(sheet: Sheet, metric: str, who: str) -> dict[tuple[str, str], Row]:
    """Totals of one metric by estimand and channels."""
    found: dict[tuple[str, str], Row] = {}
    for row in sheet.rows.table().to_pylist():
        whole = not (row["segment"] or row["region"] or row["touchpoint"]) and row["period"] == "counted"
        if whole and row["metric"] == metric and row["brand"] == who and row["at"] is None:
            found[row["estimand"], row["channels"]] = row
    return found


def clear(row: Row) -> bool:
    """Whether an estimate's interval leaves out 0."""
    return row["low"] is not None and not row["low"] <= 0.0 <= row["high"]


def _negative(row: Row) -> Row:
    low, high = row["low"], row["high"]
    return {
        **row,
        "estimate": -row["estimate"],
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }


def spread(row: Row) -> str:
    """`1,234 ± 56`, or `exactly 1,234`."""
    value, low, high = row["estimate"], row["low"], row["high"]
    if value is None:
        return "an unknown amount"
    if low is None or high is None:
        return amount(value)
    if high == low:
        return f"exactly {amount(value)}"
    # Under stopping an interval lies a little unevenly: its longer side stands for both.
    half = max(high - value, value - low)
    return f"{amount(value, half)} ± {amount(half, half)}"


def amount(value: float, half: float | None = None) -> str:
    """A number with decimals up to the second significant digit of its half-width, 6 at most."""
    measure = abs(half if half else value)
    digits = 0 if measure == 0 else min(6, max(0, (1 if half else 2) - math.floor(math.log10(measure))))
    return f"{value:,.{digits}f}"


def listing(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- comparisons ----------------------------------------------------------------------------------------------------


def compare(sheet: Sheet, labels: Sequence[str], outcome: str, who: str) -> Told:
    """How the others differ from the first, in a sentence, and what should be known of it."""
    rows = _index(sheet, outcome, who)
    unit, first = sheet.unit(outcome), labels[0]
    money = f" {unit}" if sheet.currency in unit else ""
    whose = f"{who}'s {outcome}" if who else f"the category's {outcome}"
    found = {label: rows["difference", label] for label in labels[1:]}
    if all(row["estimate"] == row["low"] == row["high"] == 0.0 for row in found.values()):
        return Told(f"No world differs from {first}: every difference in {whose} is exactly 0.", [])
    parts = []
    for label, row in sorted(found.items(), key=lambda item: -(item[1]["estimate"] or 0.0)):
        if row["estimate"] is None:
            parts.append(f"unknown with {label}")
        elif row["low"] == row["high"] == 0.0:
            parts.append(f"exactly the same with {label}")
        elif not clear(row):
            parts.append(f"not clearly different with {label} ({spread(row)}{money})")
        elif row["estimate"] > 0.0:
            parts.append(f"{spread(row)}{money} higher with {label}")
        else:
            parts.append(f"{spread(_negative(row))}{money} lower with {label}")
    against = "the scenario as it is" if first == AS_IS else first
    answer = f"Against {against}, {whose} is {'; '.join(parts)}."
    factors = [row["variance_reduction"] for row in found.values() if row["variance_reduction"] is not None]
    lines = []
    if factors:
        most = "" if len(factors) == 1 else f" to {max(factors):.3g}"
        lines.append(
            f"Worlds share their chances: {min(factors):.3g}{most} times as many independent worlds would be as"
            " precise."
        )
    return Told(answer, lines)


def selection(found: Mapping[str, Any], unit: str) -> str:
    """What was chosen, and how often such a choice is right."""
    zone = f"{amount(found['delta'])} {unit}"
    if found["decided"]:
        return (
            f"Best: {found['best']}, after {found['pairs']} pairs. The choice is right with a probability of at least"
            f" {found['probability']:.0%} if the best is better by {zone} or more; otherwise it is within {zone} of the"
            " best as often."
        )
    return (
        f"Best: not decided after {found['pairs']} pairs; {found['best']} leads, still in: {listing(found['in'])}. At"
        f" most {found['at_most']:,} pairs decide it: --max-replications {found['at_most']} --resume with the same"
        " command."
    )
