"""Files that a scenario names: where they are, whether it may read them, and what identifies their contents."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from agorasim.scenario.problems import shown

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario


def resolve_file(scenario: Scenario, file: str) -> Path:
    """Where a file that the scenario names lies: relative names start at the scenario's folder."""
    return (scenario._folder or Path()) / file


def file_problem(
    file: str, folder: Path | None, allow_outside: bool, what: str = "an edge list or GraphML file"
) -> str | None:
    """Why a scenario must not, or cannot, read a file; None when it can. Links are followed before judging."""
    if not file:
        return "no file name (got ''); expected a path relative to the scenario"
    home = folder or Path()
    try:
        target, home = (home / file).resolve(), home.resolve()
    except (OSError, ValueError, RuntimeError):
        return f"not a usable path (got {shown(file)}); expected a path relative to the scenario"
    # Judged before existence, so that a scenario cannot ask what is on the machine.
    if not allow_outside and not target.is_relative_to(home):
        return (
            f"lies outside the scenario's folder (got {shown(file)}); expected a file under it, "
            "or --allow-outside (allow_outside=True)"
        )
    try:
        if target.is_dir():
            return f"is a folder (got {shown(file)}); expected {what}"
        if not target.exists():
            near = _neighbour(target)
            return f"no such file (got {shown(file)})" + (f"; did you mean {near!r}?" if near else "")
        if not target.is_file():
            return f"not a regular file (got {shown(file)})"
        with target.open("rb"):
            return None
    except (OSError, ValueError) as error:
        return f"cannot be read (got {shown(file)}): {getattr(error, 'strerror', None) or error}"


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256 (hexadecimal) of everything a scenario says, as canonical JSON of `to_dict`.

    A file counts by its contents, not by its name, so the hash is the same on every machine.
    """
    data = scenario.to_dict()
    for layer in data["social"]["layers"].values():
        if layer["file"] is not None:
            layer["file"] = _contents(resolve_file(scenario, layer["file"]))
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _contents(path: Path) -> str:
    """What stands for a file in the hash; its bare name when it cannot be read any more."""
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return path.name


def _neighbour(target: Path) -> str | None:
    """A file of nearly the same name in the same folder."""
    from agorasim.errors import nearest

    try:
        return nearest(target.name, [path.name for path in target.parent.iterdir() if path.is_file()])
    except OSError:
        return None
