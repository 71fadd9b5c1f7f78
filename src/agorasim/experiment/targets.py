"""Targets of a calibration: what a metric was in the real market, and how far off that figure may be."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from agorasim.errors import InputError, unknown
from agorasim.experiment.execution import Measure, measures
from agorasim.scenario.problems import Problem, ScenarioError, shown
from agorasim.scenario.yamltext import parse

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

_TEXT: Final = re.compile(r"\s*([^=]+?)\s*=\s*(\S+?)\s*(?:\+-|±|\+/-)\s*(\S+)\s*")
EXPECTED: Final = "expected METRIC[,BRAND]=VALUE+-TOLERANCE, such as orders,lumo=4200+-150"
_KEYS: Final = ("metric", "brand", "value", "tolerance")


class Target(NamedTuple):
    """A figure to be met, as totals or means over the counted days."""

    measure: Measure
    value: float
    tolerance: float
    """Standard error of the figure: how far off it may be, in its own unit."""


def parse_target(text: str, scenario: Scenario) -> Target:
    """A target from `metric[,brand]=value+-tolerance`. InputError when it cannot be one."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise InputError(f"--target {text}: {EXPECTED}")
    name, value, tolerance = found.groups()
    try:
        numbers = float(value), float(tolerance)
    except ValueError:
        raise InputError(f"--target {text}: {EXPECTED}") from None
    return _target(f"--target {text}", scenario, name, *numbers)


def check_targets(targets: Sequence[Target]) -> None:
    """InputError when there is none, or one stands twice."""
    if not targets:
        raise InputError(f"there is no target; {EXPECTED}")
    names = [target.measure.name for target in targets]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the target {twice[0]} stands there twice")


def read_targets(path: str | Path, scenario: Scenario) -> list[Target]:
    """Targets from a YAML file: `targets:`, a list of {metric, brand, value, tolerance}.

    ScenarioError with file and line for every mistake.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    document = parse(text)
    problems = list(document.problems)
    made: list[Target] = []
    data = document.data
    entries = data.get("targets") if isinstance(data, dict) else None
    if document.whole and not isinstance(entries, list):
        problems.append(Problem((), "expected a key 'targets' with a list of {metric, brand, value, tolerance}", 1))
    for k, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            made.append(_entry(entry, scenario))
        except InputError as error:
            problems.append(Problem(("targets", k), str(error), document.line(("targets", k))))
    if problems:
        raise ScenarioError(str(path), problems)
    return made


def _entry(entry: Any, scenario: Scenario) -> Target:
    if not isinstance(entry, dict):
        raise InputError(f"expected {{metric, brand, value, tolerance}}, got {shown(entry)}")
    for key in entry:
        if key not in _KEYS:
            raise InputError(unknown("key", str(key), _KEYS))
    for key in ("metric", "value", "tolerance"):
        if key not in entry:
            raise InputError(f"{key} is missing")
    for key in ("value", "tolerance"):
        if isinstance(entry[key], bool) or not isinstance(entry[key], (int, float)):
            raise InputError(f"{key} must be a number, got {shown(entry[key])}")
    name = f"{entry['metric']},{entry['brand']}" if entry.get("brand") else str(entry["metric"])
    return _target("", scenario, name, float(entry["value"]), float(entry["tolerance"]))


def _target(where: str, scenario: Scenario, name: str, value: float, tolerance: float) -> Target:
    said = f"{where}: " if where else ""
    try:
        found = measures(scenario, [name])
    except InputError as error:
        raise InputError(f"{said}{error}") from None
    if len(found) > 1:
        brands = ", ".join(scenario.brands)
        raise InputError(f"{said}{name} of which brand? Write {name},BRAND with one of: {brands}")
    if not math.isfinite(value):
        raise InputError(f"{said}the value must be a number, got {value:g}")
    if not (math.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"{said}the tolerance must be above 0, got {tolerance:g}: no figure is known exactly")
    return Target(found[0], value, tolerance)
