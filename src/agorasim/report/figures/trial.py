"""Experiments inside the world against the truth: every single test, and what interference does to each design."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agorasim.report import style, words
from agorasim.report.data import Estimate
from agorasim.report.effects_data import estimates_of
from agorasim.report.effects_words import doubtful, exactly_zero, label_list, outcome_of
from agorasim.report.figures.base import Key, Picture
from agorasim.report.figures.channels import (
    Column,
    amount_axis,
    ends_of,
    faint,
    foot,
    numbers,
    row_sheet,
    table,
    whiskers,
)
from agorasim.report.scale import covers_zero, scale_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agorasim.report.effects_data import EffectsData
    from agorasim.report.figures.base import Space

_NAMES = {"person": "A/B test by person", "cluster": "Test by cluster", "region": "Geo test by region"}
#: Inches a row: room for the cloud of single tests.
_STEP = 0.5


class _Design(NamedTuple):
    """What one way of randomising came to."""

    unit: str
    estimate: Estimate
    bias: Estimate
    interference: Estimate
    coverage: Estimate


def tests(data: EffectsData) -> Picture | None:
    """What every single test said, their mean, and the truth."""
    designs, truth = _designs(data), _only(data, "trial_truth")
    single = data.kept("trials")
    if truth is None or not designs or single is None or "unit" not in single:
        return None
    names = [_NAMES[d.unit] for d in designs]
    unit = str(data.select("trial_truth")["unit"].iloc[0])
    clouds = [single.loc[single["unit"] == d.unit, "estimate"].to_numpy(np.float64) for d in designs]
    estimates = [d.estimate for d in designs]
    scale = scale_for([*estimates, truth], unit)
    says = "What tests say, and the truth"
    if data.n > 1 and truth.known:
        scatter = scale.text(float(np.nanstd(clouds[0], ddof=1)))
        says = f"Single tests by {designs[0].unit} scatter by ±{scatter} where the truth is {scale.text(truth.mean)}"
    title = f"{says} ({unit}, {data.pairs()})"
    reading = f"The truth is {scale.full(truth, data.interval)}; " + "; ".join(
        f"{name}: {scale.full(d.estimate, data.interval)}" for name, d in zip(names, designs, strict=True)
    )
    held = [f"{round(d.coverage.mean * d.coverage.n)} of {d.coverage.n}" if d.coverage.n else "–" for d in designs]

    def draw(space: Space) -> Figure:
        key = [Key("dot", "a test", faint(style.GOOD)), Key("dot", "their mean", style.GOOD)]
        if data.n > 1:
            key.append(Key("line", words.coverage(data.interval), style.INK))
        key.append(Key("cross", "truth", style.BAD))
        columns = [
            numbers("mean", estimates, scale, sign=False),
            Column("own interval\nholds the truth", [(text, "") for text in held]),
        ]
        sheet, axes = row_sheet(space, title, foot(data), key, names, columns, step=_STEP)
        ends = [x / scale.size for cloud in clouds for x in cloud.tolist()]
        amount_axis(axes, scale.unit, [*ends, *ends_of([*estimates, truth], scale.size)])
        if truth.sure:
            axes.axvspan(truth.low / scale.size, truth.high / scale.size, color=style.BAD, alpha=0.15, linewidth=0)
        axes.axvline(truth.mean / scale.size, color=style.BAD, linewidth=1.1, zorder=2.6)
        for y, cloud in enumerate(clouds):
            # A fixed zigzag, so that tests which agree are seen beside each other.
            lanes = y + 0.12 + 0.07 * (np.arange(len(cloud)) % 4)
            axes.plot(cloud / scale.size, lanes, "o", color=faint(style.GOOD, 0.5), markersize=3.2, zorder=3)
        lines = [y - 0.14 for y in range(len(designs))]
        whiskers(axes, [(y, e.low / scale.size, e.high / scale.size) for y, e in zip(lines, estimates, strict=True)])
        axes.plot([e.mean / scale.size for e in estimates], lines, "o", color=style.GOOD, markersize=6.0,
                  markeredgecolor="white", zorder=5)  # fmt: skip
        return sheet.figure

    caption = (
        "Each small dot is one test in one world: treated less untreated, a consumer; by region the difference of "
        "their changes. The truth is the world in which everybody meets the channels less the one in which nobody "
        "does, with the same chances."
    )
    shown = single.assign(metric=data.outcome, unit_of_figures=unit)
    return Picture("tests", title, reading + ".", caption, shown, draw)


def interference(data: EffectsData) -> Picture | None:
    """What passes between consumers does to each design."""
    designs, truth = _designs(data), _only(data, "trial_truth")
    if truth is None or not designs:
        return None
    names = [_NAMES[d.unit] for d in designs]
    parts = [d.interference for d in designs]
    unit = str(data.select("trial_truth")["unit"].iloc[0])
    scale = scale_for(parts, unit)
    title = f"{_says(designs, truth, data.n)} ({unit}, {data.pairs()})"
    readings = []
    for name, part in zip(names, parts, strict=True):
        if exactly_zero(part):
            readings.append(f"{name}: exactly nothing")
        else:
            unsure = " (cannot be told from nothing)" if data.n > 1 and doubtful(part) else ""
            readings.append(f"{name}: {scale.full(part, data.interval)}{unsure}")
    reading = f"Interference moves what tests say of {outcome_of(data)}. " + "; ".join(readings)
    shares = [_share(part, truth) for part in parts]

    def draw(space: Space) -> Figure:
        key = [Key("dot", "error by interference", style.GOOD)]
        if data.n > 1:
            key += [Key("line", words.coverage(data.interval), style.INK),
                    Key("dot", "interval covers zero", faint(style.GOOD))]  # fmt: skip
        columns = [numbers("", parts, scale), Column("of the truth", [(text, "") for text in shares])]
        sheet, axes = row_sheet(space, title, foot(data), key, names, columns)
        amount_axis(axes, scale.unit, ends_of(parts, scale.size))
        whiskers(axes, [(y, e.low / scale.size, e.high / scale.size) for y, e in enumerate(parts)])
        for y, e in enumerate(parts):
            doubt = data.n > 1 and covers_zero(e)
            axes.plot(e.mean / scale.size, y, "o", color=faint(style.GOOD) if doubt else style.GOOD, markersize=6.0,
                      markeredgecolor="white", zorder=5)  # fmt: skip
        return sheet.figure

    caption = (
        "What a test says less what it would have said if the treated had lived as in the world where everybody meets "
        "the channels, and the others as in the one where nobody does. The rest of a test's error is the chance of who "
        "was drawn, which is not shown."
    )
    rows = data.select([f"trial_interference_{d.unit}" for d in designs])
    return Picture("interference", title, reading + ".", caption, table(rows), draw)


def _designs(data: EffectsData) -> list[_Design]:
    found = []
    for unit in _NAMES:
        parts = [_only(data, f"trial_{what}_{unit}") for what in ("estimate", "bias", "interference", "coverage")]
        if all(part is not None for part in parts) and parts[0] is not None and parts[0].known:
            found.append(_Design(unit, *(part for part in parts if part is not None)))
    return found


def _only(data: EffectsData, estimand: str) -> Estimate | None:
    rows = estimates_of(data.select(estimand))
    return rows[0] if rows else None


def _share(part: Estimate, truth: Estimate) -> str:
    if not truth.known or truth.mean == 0.0 or covers_zero(truth):
        return "–"
    return words.percent(part.mean / truth.mean)


def _says(designs: list[_Design], truth: Estimate, n: int) -> str:
    if all(exactly_zero(d.interference) for d in designs):
        return "No test is touched by interference"
    if n < 2:
        return "What interference does to tests"
    clear = [d for d in designs if not covers_zero(d.interference)]
    if not clear:
        return "No interference can be told from nothing"
    signs = {np.sign(d.interference.mean) * np.sign(truth.mean) for d in clear}
    if len(signs) > 1:
        return "Interference moves tests both ways"
    who = label_list([f"by {d.unit}" for d in clear])
    verb = "finds" if len(clear) == 1 else "find"
    tests = "The test" if len(clear) == 1 else "Tests"
    return f"{tests} {who} {verb} too {'little' if signs == {-1.0} else 'much'}"
