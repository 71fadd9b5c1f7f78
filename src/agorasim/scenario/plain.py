"""Data from Python programs as a YAML file would have given it."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping
from typing import Any

from agorasim.scenario.problems import KeyPath, Problem, shown
from agorasim.scenario.yamltext import MOST_DEPTH


def plain(value: Any, problems: list[Problem], path: KeyPath = ()) -> Any:
    """A copy made of dicts, lists, text, numbers, booleans and None.

    Tuples become lists; models, dates, paths and NumPy scalars become what YAML has for them. Whatever else there is
    (also NaN, infinity, and data nested too deeply or inside itself) is noted in `problems` and read as nothing.
    """
    if value is None or isinstance(value, (str, bool)):
        return _text(value, problems, path) if isinstance(value, str) else value
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            problems.append(Problem(path, f"not a finite number (got {value})"))
            return None
        return float(value)
    if len(path) >= MOST_DEPTH:
        problems.append(Problem(path[:3], f"nested more than {MOST_DEPTH} levels deep"))
        return None
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="python")
    if isinstance(value, Mapping):
        return _mapping(value, problems, path)
    if isinstance(value, (list, tuple)):
        return [plain(item, problems, (*path, k)) for k, item in enumerate(value)]
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, os.PathLike):
        return plain(os.fspath(value), problems, path)
    if isinstance(value, (bool, str)):
        return value
    problems.append(Problem(path, f"wrong type (got a {type(value).__name__}); expected plain values"))
    return None


def _mapping(value: Mapping[Any, Any], problems: list[Problem], path: KeyPath) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(key, datetime.date):
            key = key.isoformat()[:10]
        if not isinstance(key, str):
            problems.append(Problem(path, f"a key must be text (got {shown(key)})"))
            continue
        out[str(key)] = plain(item, problems, (*path, key))
    return out


def _text(value: str, problems: list[Problem], path: KeyPath) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError:
        problems.append(Problem(path, f"the text {shown(value)} is not valid Unicode"))
        return None
    return str(value)
