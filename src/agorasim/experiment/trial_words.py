"""What tests inside the world say against the truth, in words: does interference mislead them, and what mends it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agorasim.experiment.telling import Told, clear, listing, spread

if TYPE_CHECKING:
    from agorasim.ecosystem.trial import TrialSpec
    from agorasim.scenario.schema import Scenario

Row = Mapping[str, Any]
_NAMES: Final = {"person": "An A/B test by person", "cluster": "A test by cluster", "region": "A geo test"}


def told(rows: Sequence[Row], scenario: Scenario, specs: Sequence[TrialSpec], outcome: str) -> Told:
    """The answer in a sentence, and what should be known of it; `rows` of the table of effects."""
    found = {row["estimand"]: row for row in rows if row["estimand"].startswith("trial_")}
    spec, truth = specs[0], found["trial_truth"]
    names, units = listing(spec.channels), [s.unit for s in specs]
    parts = "; ".join(f"by {unit} {spread(found[f'trial_estimate_{unit}'])}" for unit in units)
    answer = (
        f"{names} {'is' if len(spec.channels) == 1 else 'are'} worth {spread(truth)} {truth['unit']} in"
        f" {spec.brand}'s {outcome.replace('_', ' ')}, as the world itself tells; a test inside it says, on average,"
        f" {parts}."
    )
    lines = [_one(found, unit, truth) for unit in units]
    if (mended := _mended(found, units)) is not None:
        lines.append(mended)
    lines.append(_why(scenario))
    return Told(answer, lines)


def _one(found: Mapping[str, Row], unit: str, truth: Row) -> str:
    """What interference does to a design, how far it is off in all, and how often its own interval holds the truth."""
    bias, passed, coverage = (found[f"trial_{what}_{unit}"] for what in ("bias", "interference", "coverage"))
    name = _NAMES[unit]
    if bias["estimate"] is None:
        text = f"{name} has no estimate here"
    elif passed["low"] == passed["high"] == passed["estimate"] == 0.0:
        text = f"{name} is not touched by interference: people live as if alone in every world"
    elif not clear(passed):
        text = f"{name} shows no bias by interference that can be told from 0 ({spread(passed)})"
    else:
        much = "too much" if passed["estimate"] > 0.0 else "too little"
        text = f"{name} finds {much} by interference: {spread(passed)}{_part(passed, truth)}"
    if clear(bias):
        text += f"; in all it is off by {spread(bias)}"
    if coverage["estimate"] is None:
        return f"{text}. With one unit on a side it has no interval of its own."
    times = f"{round(coverage['estimate'] * coverage['n_pairs'])} of {coverage['n_pairs']} worlds"
    return f"{text}. Its own interval holds the truth in {times}."


def _part(part: Row, truth: Row) -> str:
    if not truth["estimate"] or not clear(truth):
        return ""
    return f", {abs(100.0 * part['estimate'] / truth['estimate']):.0f} % of the truth"


def _mended(found: Mapping[str, Row], units: Sequence[str]) -> str | None:
    """What clusters or regions do to the bias that persons have."""
    if "person" not in units or len(units) < 2:
        return None
    person = found["trial_interference_person"]
    if person["estimate"] is None or not clear(person):
        return None
    parts = []
    for unit in units[1:]:
        passed = found[f"trial_interference_{unit}"]
        if passed["estimate"] is None:
            continue
        left = abs(passed["estimate"]) / abs(person["estimate"])
        if clear(passed):
            parts.append(f"by {unit} {100.0 * left:.0f} % of that is left")
        elif _half(passed) < abs(person["estimate"]):
            parts.append(f"by {unit} none is left that can be told from 0 ({spread(passed)})")
        else:
            parts.append(f"by {unit} it is too uncertain to compare ({spread(passed)})")
    return f"Of the bias by person: {'; '.join(parts)}." if parts else None


def _half(row: Row) -> float:
    return math.inf if row["low"] is None else max(row["high"] - row["estimate"], row["estimate"] - row["low"])


def _why(scenario: Scenario) -> str:
    """Through what the treated can reach the others in this scenario."""
    ways = interference(scenario)
    if not ways:
        return (
            "Nothing passes from the treated to the others here: nobody talks and nothing is scarce. A test is off by"
            " the chance of the draw alone."
        )
    return (
        f"What passes from the treated to the others here: {listing(ways)}. Where the others profit, a test by person"
        " finds too little; where they are crowded out, too much."
    )


def interference(scenario: Scenario) -> list[str]:
    """Ways in which one consumer's treatment reaches another, in words."""
    ways = []
    if scenario.social.word_of_mouth is not None and scenario.social.layers:
        ways.append("word of mouth")
    sold = [sells for brand in scenario.brands.values() for sells in brand.sells.values()]
    if any(s.stock is not None for s in sold) or any(
        p.stock is not None or p.capacity is not None for p in scenario.places.values()
    ):
        ways.append("stock and capacity that run out")
    if any(t.cost.inventory is not None for t in scenario.touchpoints.values()):
        ways.append("media prices that rise with demand")
    return ways
