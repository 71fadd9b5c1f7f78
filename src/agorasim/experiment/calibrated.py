"""What a calibration found: parameters with intervals, how well targets are met, and the scenario that meets them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.effects.intervals import Interval, mean_interval
from agorasim.effects.table import Rows
from agorasim.experiment.execution import Array, write_table
from agorasim.experiment.study import Analysis

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.experiment.calibrate import Calibration, Found, Runs
    from agorasim.experiment.factors import Factor
    from agorasim.scenario.schema import Scenario

#: Points of the region that are kept as a table.
MOST_KEPT: Final = 2000
SCENARIO: Final = "scenario.yaml"


def report(question: Calibration, runs: Runs, found: Found) -> Analysis:
    """Measure the best point on fresh replicates and write all tables."""
    lab = runs.lab
    rows = Rows()
    names = [factor.name for factor in question.factors]
    if found.best is None:
        notes = _nothing(question, runs)
        best = int(np.argmin(runs.distances()))
    else:
        best = found.best
        notes = [_guarantee(question)]
        notes += _parameters(question, runs, found, rows)
    fresh = range(question.replications, 3 * question.replications)
    arm = Arm("best", overrides=runs.arms[best].overrides, decisions="react")
    lab.run([arm], fresh)
    notes += _met(question, lab, arm, fresh, rows)
    write_table(lab, "points", _points(question, runs))
    if len(found.region):
        write_table(lab, "region", _region(question.factors, found.region))
    made = question.scenario.with_overrides(dict(arm.overrides))
    path = write_scenario(made, Path(lab.folder) / SCENARIO)
    if found.best is not None:
        notes.append(f"the scenario with the best values is {path}")
    told = {"best": dict(arm.overrides), "found": found.best is not None, "notes": notes}
    lab.finish(rows.table(), {"calibration": told})
    return Analysis(Path(lab.folder), rows.table(), tuple(notes), lab, tuple(names))


def write_scenario(scenario: Scenario, path: Path) -> Path:
    """Write a scenario with every default filled in. StorageError when it cannot be written."""
    from ruamel.yaml import YAML

    from agorasim.experiment.files import write_bytes
    from agorasim.experiment.manifest import plain

    data = plain(scenario)
    for layer in data["social"]["layers"].values():
        if layer.get("file") and scenario._folder is not None:
            layer["file"] = str((scenario._folder / layer["file"]).resolve())
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    text = io.StringIO()
    yaml.dump(data, text)
    write_bytes(path, text.getvalue().encode("utf-8"))
    return path


def _guarantee(question: Calibration) -> str:
    level = question.scenario.outcomes.interval
    return (
        f"the region holds the true values in at least {level:.0%} of calibrations, if they lie in the ranges, targets"
        " are off by normal errors with the tolerances as standard errors, and outcomes are nearly quadratic within it"
    )


def _parameters(question: Calibration, runs: Runs, found: Found, rows: Rows) -> list[str]:
    """Write the best values with the ends of the region; what limits them."""
    notes = []
    assert found.best is not None
    for k, factor in enumerate(question.factors):
        column = found.region[:, k]
        best = float(runs.values[found.best][k])
        low, high = (value_at(factor, float(end)) for end in (column.min(), column.max()))
        n = np.array(question.replications)
        interval = Interval(np.array(best), np.array(min(low, best)), np.array(max(high, best)), n)
        rows.add("parameter", factor.name, "value", interval, brand="", unit="")
        ends = [word for word, at in (("low", column.min() < 0.005), ("high", column.max() > 0.995)) if at]
        if ends:
            notes.append(f"{factor.name}: the targets do not bound it at the {' and '.join(ends)} end of its range")
    return notes


def value_at(factor: Factor, share: float) -> float:
    """The value of a range at a share of it, whole numbers not rounded."""
    return factor._between(min(max(share, 0.0), 1.0))


def _met(question: Calibration, lab: Any, arm: Arm, fresh: range, rows: Rows) -> list[str]:
    """Write what the best point gives on fresh replicates, and how far from its target each figure is."""
    level = question.scenario.outcomes.interval
    notes = []
    for target in question.targets:
        values = target.measure.read(lab, [arm], fresh)[0]
        found = mean_interval(values, level)
        about: dict[str, Any] = {"brand": target.measure.brand, "unit": target.measure.unit(question.scenario)}
        rows.add("level", "best", target.measure.metric, found, **about)
        estimate, low, high = (np.asarray(part - target.value) for part in found[:3])
        off = Interval(estimate, low, high, found.n)
        rows.add("difference", "best", target.measure.metric, off, **about)
        away = abs(float(found.estimate) - target.value) / target.tolerance
        notes.append(
            f"{target.measure.name}: {found.estimate:,.5g} ({found.low:,.5g} to {found.high:,.5g}), target"
            f" {target.value:,.5g}, {away:.1f} tolerances away"
        )
    return notes


def _nothing(question: Calibration, runs: Runs) -> list[str]:
    """Why no values agree, as far as can be told."""
    best = int(np.argmin(runs.distances()))
    means = runs.outcomes[best].mean(axis=1)
    away = np.abs(means - question.value) / question.tolerance
    told = ", ".join(
        f"{target.measure.name} {m:,.4g} for {target.value:,.4g} ({a:.1f} tolerances)"
        for target, m, a in zip(question.targets, means, away, strict=True)
    )
    return [
        "NO values in the ranges agree with the targets: widen a range or a tolerance, or give up a target that"
        f" contradicts the others; nearest of {len(runs.arms)} points: {told}"
    ]


def _points(question: Calibration, runs: Runs) -> pa.Table:
    """Every point that was run: its values, and per target the mean over replicates and the distance in tolerances."""
    import pyarrow as pa

    columns: dict[str, Any] = {"arm": [arm.label for arm in runs.arms], "stage": runs.stages}
    for k, factor in enumerate(question.factors):
        columns[factor.name] = [float(row[k]) for row in runs.values]
    for k, target in enumerate(question.targets):
        means = runs.outcomes[:, k].mean(axis=1)
        columns[target.measure.name] = means.tolist()
        columns[f"distance.{target.measure.name}"] = ((means - target.value) / target.tolerance).tolist()
    return pa.table(columns)


def _region(factors: tuple[Factor, ...], region: Array) -> pa.Table:
    """Points that agree with the targets."""
    import pyarrow as pa

    kept = region[:: 1 + len(region) // MOST_KEPT]
    return pa.table({f.name: [value_at(f, float(u)) for u in kept[:, k]] for k, f in enumerate(factors)})
