"""The answer of an experiment in plain words: how much, how sure, and what would make it surer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from agorasim.report import words
from agorasim.report.certainty import precision, reduction, selection
from agorasim.report.data import Estimate
from agorasim.report.effects_words import doubtful, exactly_zero, gain, label_list, nothing, outcome_words
from agorasim.report.scale import covers_zero

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.report.effects_data import EffectsData

#: Channels told one by one; a longer list is read in the table.
_MOST = 6
_QUESTIONS = {
    "synergy": "what the channels are worth",
    "trial": "how far off a test would be",
    "compare": "which is better",
    "study": "what matters",
    "sensitivity": "what the outcome depends on",
    "optimise": "the best plan",
    "calibrate": "parameters that fit",
}


def question(data: EffectsData) -> str:
    """What the experiment asked."""
    return _QUESTIONS.get(data.kind, data.kind)


def notes(data: EffectsData) -> str:
    """What a reader must know before trusting the figures, as paragraphs."""
    found = []
    if data.manifest["status"] not in ("finished", "failed"):
        found.append("The experiment is not complete: run it again with --resume to finish it.")
    if failed := data.manifest["replications"].get("failed"):
        found.append(f"{words.count(len(failed), 'world')} failed; replications with a failed world are left out.")
    if data.n == 1:
        found.append(f"One {data.noun} says what can happen, not what to expect: no figure here has an interval.")
    elif 1 < data.n < 10:
        found.append(f"With {words.count(data.n, data.noun)} the intervals are wide and rest on few worlds.")
    return "".join(f'<p class="note">{escape(note)}</p>' for note in found)


def in_short(data: EffectsData, readings: Sequence[str] = ()) -> list[str]:
    """The answer, a point each; `readings` of the pictures are the answer of a study."""
    if data.kind not in ("synergy", "compare"):
        # An optimiser's, a calibration's and a trial's own notes say already what most of their pictures show.
        shown = {"optimise": readings[:1], "calibrate": (), "trial": ()}.get(data.kind, readings)
        return [p for p in [*_noted(data), *shown, reduction(data)] if p]
    points = _compare(data) if len(data.select("difference", metric="")) else _synergy(data)
    how = precision(data)
    told: Any = data.extra.get("precision")
    missed = isinstance(told, dict) and told.get("reached") is False
    # What was asked for and not reached is said first.
    order = [how, selection(data), *points] if missed else [selection(data), *points, how]
    return [p for p in [*order, reduction(data)] if p]


def _noted(data: EffectsData) -> list[str]:
    """What the experiment itself noted, such as whether a precision was reached."""
    told: Any = data.manifest.get({"optimise": "optimum", "calibrate": "calibration"}.get(data.kind, data.kind))
    notes = told.get("notes", []) if isinstance(told, dict) else []
    return [f"{str(note)[:1].upper()}{str(note)[1:]}" + ("" if str(note).endswith(".") else ".") for note in notes]


# --- synergy --------------------------------------------------------------------------------------------------------


def _synergy(data: EffectsData) -> list[str]:
    return [_whole(data), *_each(data), _together(data), _talk(data)]


def _whole(data: EffectsData) -> str:
    grand = data.effect("grand")
    if grand is None or not grand.known:
        return ""
    scale = data.scale([grand])
    names = label_list([c.label for c in data.channels], 10)
    text = f"Together, {names} {gain(data, grand.mean, scale)}"
    if grand.sure and grand.low < grand.high:
        text += f" ({words.coverage(data.interval)} {scale.span(grand)})"
    levels = data.effects("level")
    full = levels.get("full")
    if full is not None and full.known and full.mean > 0 and grand.mean > 0:
        text += f", which is {words.percent(grand.mean / full.mean)} of what there is with them"
    if doubtful(grand) and data.n > 1:
        text += f"; that {nothing(data.n)}"
    return text + "."


def _each(data: EffectsData) -> list[str]:
    estimand = "shapley" if data.effects("shapley") else "incremental"
    values = {k: e for k, e in data.effects(estimand).items() if e.known and "+" not in k}
    if not values:
        return []
    scale = data.scale(values.values())
    how = "Shapley value" if estimand == "shapley" else "on top of all others"
    order = sorted(values, key=lambda k: -values[k].mean)
    clear = [k for k in order if not covers_zero(values[k])] if data.n > 1 else order
    points = []
    if clear:
        shown = clear if len(clear) <= _MOST else clear[: _MOST - 1]
        named = "; ".join(f"{data.label(k)} {scale.full(values[k], data.interval)}" for k in shown)
        if len(shown) < len(clear):
            named += f"; {len(clear) - len(shown)} more are in the table"
        points.append(f"What each is worth ({how}): {named}.")
    if zero := [data.label(k) for k in order if exactly_zero(values[k])]:
        points.append(f"{label_list(zero)} {'is' if len(zero) == 1 else 'are'} worth exactly nothing in every pair.")
    if data.n > 1 and (unsure := [k for k in order if doubtful(values[k])]):
        spans = "; ".join(f"{data.label(k)} {scale.span(values[k])}" for k in unsure)
        points.append(f"{label_list([data.label(k) for k in unsure])} {nothing(data.n)} (intervals: {spans}).")
    return points


def _together(data: EffectsData) -> str:
    found: dict[str, tuple[str, Estimate]] = {}
    for estimand, where in (
        ("shapley_interaction", "on average over the others"),
        ("interaction_full", "on top of all others"),
        ("interaction_empty", "with no other channel there"),
    ):
        own = {k: e for k, e in data.effects(estimand).items() if e.known and k.count("+") == 1}
        if own:
            found = {k: (where, e) for k, e in own.items()}
            break
    if not found:
        return ""
    scale = data.scale([e for _, e in found.values()])
    sure = [k for k, (_, e) in found.items() if not covers_zero(e)] if data.n > 1 else list(found)
    if not sure:
        if all(exactly_zero(e) for _, e in found.values()):
            return "No pair of channels is worth more or less together than apart: everything adds up exactly."
        return (
            f"With {words.count(data.n, 'pair')} no two channels can be told to be worth more, or less, together than "
            "apart."
        )
    best = max(sure, key=lambda k: abs(found[k][1].mean))
    where, e = found[best]
    word = "more" if e.mean > 0 else "less"
    size = scale.full(e, data.interval)
    names = label_list([data.label(k) for k in best.split("+")])
    others = f" {where}" if len(data.channels) > 2 else ""
    text = f"{names} are worth {word} together than apart{others}: {size}."
    if len(sure) < len(found) and data.n > 1:
        left = len(found) - len(sure)
        text += f" For {left} of {words.count(len(found), 'pair')} of channels no interaction can be told from nothing."
    return text


def _talk(data: EffectsData) -> str:
    carried, grand = data.effect("grand_carried"), data.effect("grand")
    if carried is None or not carried.known:
        return ""
    scale = data.scale([carried])
    if exactly_zero(carried):
        return "Word of mouth carries exactly nothing of it."
    text = f"Word of mouth carries {scale.full(carried, data.interval)} of it"
    if grand is not None and grand.mean * carried.mean > 0 and not covers_zero(grand) and not covers_zero(carried):
        text += f", {words.percent(carried.mean / grand.mean)} of the whole"
    if doubtful(carried) and data.n > 1:
        text += f", which {nothing(data.n)}"
    return text + "; the rest reaches people directly."


# --- compare --------------------------------------------------------------------------------------------------------


def _compare(data: EffectsData) -> list[str]:
    own = {k: e for k, e in data.effects("difference").items() if e.known}
    if not own:
        return []
    scale = data.scale(own.values())
    base, word = data.variant_label(data.first), outcome_words(data.outcome)
    points = []
    for key in sorted(own, key=lambda k: -own[k].mean):
        e, name = own[key], data.variant_label(key)
        if exactly_zero(e):
            points.append(f"{name} has exactly the same {word} as {base}.")
            continue
        more = f"{scale.text(abs(e.mean))}{'' if scale.unit == word else f' {scale.unit}'}"
        text = f"{name} has {more} {'more' if e.mean > 0 else 'less'} {word} than {base}"
        if e.sure:
            text += f" ({words.coverage(data.interval)} of the difference {scale.span(e)})"
        if doubtful(e) and data.n > 1:
            text += f"; that {nothing(data.n)}"
        points.append(text + ".")
    return points


def how_to_read(data: EffectsData) -> list[str]:
    """The words of the page, for somebody who meets them for the first time."""
    points = [
        (
            "A pair is two worlds with the same people, the same chance and the same rivals, which differ in nothing "
            "but what is asked about; the difference is the effect, not an estimate from history."
            if data.noun == "pair"
            else "In a replication the worlds with a test, and those in which everybody or nobody meets the channels, "
            "have the same people and the same chance."
            if data.kind == "trial"
            else "In a replication all points have the same people and the same chance; they differ in nothing but the "
            "values that are varied."
        ),
        f"An interval holds the true mean in {100 * data.interval:.3g} of 100 experiments like this one"
        + (", all intervals of the experiment together." if data.settings.get("simultaneous") else ", each interval "
           "for itself: of twenty that are drawn, one may well miss.")
        + " Where it covers zero, the effect cannot be told from nothing.",
    ]  # fmt: skip
    if data.effects("shapley"):
        points.append(
            "A Shapley value shares the whole gain out: what a channel adds, averaged over all orders in which the "
            "channels could have been added. `On top of all others` is what would be lost if that channel alone went."
        )
    if len(data.select(["grand_carried", "incremental_carried", "shapley_carried"])):
        points.append(
            "Direct is what a channel does with everybody's messages held as they were without it; carried is what "
            "changes once the messages follow."
        )
    points.append("What holds here holds for this scenario: its people, prices and rivals are assumptions.")
    return points
