"""What a team writes: the schema, reading with file:line errors, overrides, JSON Schema and the bundled library.

Names are imported on first use, so that a command which reads no scenario does not wait for pydantic.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agorasim.scenario.files import resolve_file, scenario_hash
    from agorasim.scenario.jsonschema import schema_text
    from agorasim.scenario.library import names
    from agorasim.scenario.oddities import warnings
    from agorasim.scenario.overrides import parse_set, parse_sets, with_overrides
    from agorasim.scenario.problems import Problem, ScenarioError
    from agorasim.scenario.reading import from_dict, load, loads
    from agorasim.scenario.schema import Scenario

_HOMES = {
    "Problem": "problems",
    "Scenario": "schema",
    "ScenarioError": "problems",
    "from_dict": "reading",
    "load": "reading",
    "loads": "reading",
    "names": "library",
    "parse_set": "overrides",
    "parse_sets": "overrides",
    "resolve_file": "files",
    "scenario_hash": "files",
    "schema_text": "jsonschema",
    "warnings": "oddities",
    "with_overrides": "overrides",
}

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "from_dict",
    "load",
    "loads",
    "names",
    "parse_set",
    "parse_sets",
    "resolve_file",
    "scenario_hash",
    "schema_text",
    "warnings",
    "with_overrides",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
