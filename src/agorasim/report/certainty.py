"""How sure an experiment is: the precision reached and its price, the choice of the best, what pairing saved."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.experiment.execution import duration
from agorasim.report import words
from agorasim.report.data import Estimate
from agorasim.report.effects_words import label_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.scale import Scale


def precision(data: EffectsData) -> str:
    """Whether the precision that was asked for was reached, and what more would cost; empty where nothing is known."""
    told: Any = data.extra.get("precision")
    if not isinstance(told, dict) or told.get("half_width") is None:
        return ""
    n = words.count(int(told.get("pairs") or data.n), "pair")
    width = Estimate(float(told["half_width"]), float("nan"), float("nan"), data.n)
    if width.mean == 0.0:
        return ""
    scale = data.scale([width])
    share = f"{words.percent(told['relative'])} of {_whole_of(data)}, " if _number(told.get("relative")) else ""
    reached = f"half the widest interval is {share}{_two(width.mean / scale.size)} {scale.unit}".rstrip()
    asked = _asked(data, told, scale)
    if told.get("reached") is None:
        return f"How precise {n} are: {reached}. Four times as many pairs would halve it."
    if told["reached"]:
        return f"The precision asked for ({asked}) was reached after {n}: {reached}."
    text = f"The precision asked for ({asked}) was not reached with {n}: {reached}"
    text += f", that of {_member(data, str(told['worst']))}. " if told.get("worst") else ". "
    if told.get("gain_is_clear") is False and _number((told.get("asked") or {}).get("precision")):
        text += "The whole gain itself cannot be told from nothing, so a share of it may be out of reach. "
    more = told.get("more")
    if not isinstance(more, dict) or not _number(more.get("pairs")):
        return text + "What it would take cannot be foreseen from these pairs."
    cost = f"about {words.count(int(more['pairs']), 'pair')} in all"
    if _number(more.get("worlds")):
        cost += f", {words.count(int(more['worlds']), 'more world', 'more worlds')}"
    if _number(more.get("seconds")):
        cost += f", {duration(float(more['seconds']))}"
    return text + f"It would take {cost}: `--max-replications {int(more['pairs'])} --resume` with the same command."


def _asked(data: EffectsData, told: Mapping[str, Any], scale: Scale) -> str:
    asked = told.get("asked") or {}
    parts = []
    if _number(asked.get("precision")):
        parts.append(f"{words.percent(asked['precision'])} of {_whole_of(data)}")
    if _number(asked.get("precision_abs")):
        parts.append(f"{_two(asked['precision_abs'] / scale.size)} {scale.unit}".rstrip())
    return "± " + " and ".join(parts) if parts else "none"


def _whole_of(data: EffectsData) -> str:
    """What a relative precision is a share of."""
    return "the largest difference" if data.kind == "compare" else "the whole gain"


def _member(data: EffectsData, worst: str) -> str:
    """The estimate with the widest interval, its channels by their labels."""
    kept = [
        data.label(word) if word in {c.key for c in data.channels} or "+" in word else word for word in worst.split()
    ]
    return " ".join(kept)


def _two(x: float) -> str:
    return words.number(x, 2)


def _number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)


def selection(data: EffectsData) -> str:
    """Which variant was chosen as the best, and how often such a choice is right."""
    told: Any = data.extra.get("selection")
    if not isinstance(told, dict) or "best" not in told:
        return ""
    best, scale = data.variant_label(str(told["best"])), data.scale([])
    zone = f"{_two(float(told['delta']) / scale.size)} {scale.unit}".rstrip()
    n = words.count(int(told["pairs"]), "pair")
    if told.get("decided"):
        return (
            f"Best: {best}, chosen after {n}. The choice is right with a probability of at least "
            f"{words.percent(told['probability'])} if the best is better than the others by {zone} or more; otherwise "
            f"it is within {zone} of the best as often."
        )
    others = label_list([data.variant_label(str(name)) for name in told.get("in", [])])
    return (
        f"Best: not decided after {n}. {best} leads; still possible: {others}. At most "
        f"{words.count(int(told['at_most']), 'pair')} decide it: `--max-replications {int(told['at_most'])} --resume` "
        "with the same command."
    )


def reduction(data: EffectsData) -> str:
    """What pairing saved."""
    rows = data.rows[(data.rows["metric"] == data.outcome) & (data.rows["brand"] == data.brand)]
    rows = rows[np.isfinite(rows["variance_reduction"]) & (rows["period"] == "counted")]
    rows = rows[(rows["segment"] == "") & (rows["region"] == "") & (rows["touchpoint"] == "")]
    if not len(rows):
        return ""
    whole = rows[rows["estimand"] == "grand"]
    factors = (whole if len(whole) else rows)["variance_reduction"].to_numpy(np.float64)
    ends = [words.number(float(x), 2) for x in (factors.min(), factors.max())]
    times = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    what = "the gain of all channels together" if len(whole) else "these differences"
    return (
        f"Pairs share every random draw: to know {what} as well from independent worlds would take {times} times as "
        "many of them."
    )
