"""Changing values of a scenario at dotted paths, which mean the same on the command line and in Python."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import InputError, unknown
from agorasim.scenario.plain import plain
from agorasim.scenario.problems import KeyPath, Problem, ScenarioError, dotted, shown
from agorasim.scenario.yamltext import parse

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

_SEGMENT: Final = re.compile(r"[^\s.=\[\]{}\"']+")
_SOURCE: Final = "the changes"
#: Paths of values that name a file; None is any name.
_FILES: Final = (("social", "layers", None, "file"), ("population", "segments_from", "file"))


def with_overrides(scenario: Scenario, overrides: Mapping[str, Any], *, allow_outside: bool | None = None) -> Scenario:
    """A copy of a scenario with values replaced.

    A path is keys and list positions joined by dots. A whole mapping as a value replaces what was there, and adds an
    entry where names are free; None takes an entry out or gives a key its default back. A layer's `file` displaces its
    `generator` and the other way round; another generator or policy, or another kind of touchpoint, drops what only
    the former one knew. Relative files start at the scenario's folder.

    Args:
        scenario: the scenario to vary; it stays as it is.
        overrides: dotted path to value, e.g. {"population.size": 5000, "brands.lumo.policy.plan.social": 0}.
        allow_outside: whether files may lie outside the scenario's folder; as the scenario was loaded when None.

    Raises:
        ScenarioError: unknown paths and wrong values, all of them, each named by its path.
    """
    from agorasim.scenario.reading import validated

    problems: list[Problem] = []
    changes: dict[KeyPath, Any] = {}
    for text, value in overrides.items():
        noted: list[Problem] = []
        changes[_path(text)] = plain(value, noted, _path(text))
        problems += [_blamed(p, overrides) for p in noted]
    change = _Change(plain(scenario.to_dict(), []), changes)
    # What chooses a variant goes first, so that the variant's own keys are known when they come.
    for path in sorted(changes, key=lambda path: not _chooses(path)):
        try:
            change.apply(path, changes[path])
        except InputError as error:
            problems.append(Problem((), str(error), where=f"--set {dotted(path)}={_brief(changes[path])}"))
    if problems:
        raise ScenarioError(_SOURCE, problems)
    return validated(
        change.data,
        source=_SOURCE,
        folder=scenario._folder,
        allow_outside=scenario._allow_outside if allow_outside is None else allow_outside,
        blame=lambda problem: _blamed(problem, overrides),
    )


def parse_set(text: str, *, base: str | os.PathLike[str] | None = None) -> tuple[str, Any]:
    """One `path=value` from a command line as (dotted path, value).

    The value is read as YAML, so 1e3 is a number, [1, 2] a list, {a: 1} a mapping and null removes. Files of graph
    layers become absolute when `base` says what they are relative to. InputError when the form is wrong.
    """
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise InputError(f"--set {text}: expected PATH=VALUE, such as population.size=5000")
    _path(path)
    document = parse(value)
    if document.problems:
        raise InputError(f"--set {text}: {document.problems[0].message}")
    if document.data is None and value.strip() not in ("null", "Null", "NULL", "~"):
        raise InputError(f"--set {text}: no value after '='; null removes the entry, and '\"\"' is empty text")
    data = document.data if base is None else _anchored(tuple(path.split(".")), document.data, Path(base))
    return path, data


def parse_sets(texts: Iterable[str], *, base: str | os.PathLike[str] | None = "") -> dict[str, Any]:
    """Several `path=value` of one command as overrides; of equal paths the last holds.

    Files of graph layers are relative to `base`: the working directory unless said otherwise.
    """
    return dict(parse_set(text, base=base) for text in texts)


class _Change:
    """Plain data under change, walked along its JSON Schema."""

    def __init__(self, data: dict[str, Any], changes: Mapping[KeyPath, Any]) -> None:
        self.data = data
        self._changes = changes

    def apply(self, path: KeyPath, value: Any) -> None:
        """Put `value` at `path`. InputError when there is no such path."""
        from agorasim.scenario.jsonschema import shape

        here: Any = self.data
        at = shape()
        for k, key in enumerate(path[:-1]):
            known = self._key(at, here, path, k)
            below = at.child(known, here)
            if isinstance(here, dict) and here.get(str(known)) is None:
                # A part that is switched off, such as word of mouth, comes to life with its first key.
                optional = below is None or (below.is_mapping() and str(known) in at.names(here))
                if not optional:
                    raise InputError(_missing_entry(path[: k + 1], str(key), list(here)))
                here[str(known)] = {}
            here = here[known]
            if below is None:
                self._free(here, path, k + 1, value)
                return
            at = below
        last = self._key(at, here, path, len(path) - 1)
        if isinstance(last, int):
            here[last] = value
            return
        if value is None and not ((child := at.child(last, here)) is not None and child.takes_null()):
            here.pop(last, None)
        else:
            _switch(path, here, value, self.data.get("touchpoints", {}))
            here[last] = value
        self._one_source(path, here)

    def _key(self, at: Any, here: Any, path: KeyPath, k: int) -> str | int:
        """The key as the data has it: a list position becomes a number. InputError when it cannot stand there."""
        key = path[k]
        if isinstance(here, list):
            if not str(key).isdigit() or int(key) >= len(here):
                raise InputError(f"{dotted(path[:k])} is a list; expected a position from 0 to {len(here) - 1}")
            return int(key)
        if not isinstance(here, dict):
            raise InputError(f"{dotted(path[:k])} is {shown(here)} and has nothing below it")
        if key in at.names(here) or at.entries(here) is not None or at.is_open(here):
            return str(key)
        if at.tag_key() is not None and not at.names(here):
            return str(key)
        raise InputError(unknown("key", str(key), at.names(here)))

    def _free(self, here: Any, path: KeyPath, k: int, value: Any) -> None:
        """Set a value below where the schema is somebody else's (a policy's settings)."""
        for key in path[k:-1]:
            if isinstance(here, list) and str(key).isdigit() and int(key) < len(here):
                here = here[int(key)]
            elif isinstance(here, dict):
                here[str(key)] = here.get(str(key)) if here.get(str(key)) is not None else {}
                here = here[str(key)]
            else:
                break
        last = path[-1]
        if isinstance(here, list) and str(last).isdigit() and int(last) < len(here):
            here[int(last)] = value
        elif isinstance(here, dict) and value is None:
            here.pop(str(last), None)
        elif isinstance(here, dict):
            here[str(last)] = value
        else:
            raise InputError(f"there is nothing called {dotted(path[:-1])} to change")

    def _one_source(self, path: KeyPath, here: dict[str, Any]) -> None:
        """A layer's new file displaces its generator, and a new generator its file, unless both were asked for.

        So does a table of segments displace the segments.
        """
        people = self.data.get("population")
        named = any(other[:2] == ("population", "segments") for other in self._changes)
        if path[:2] == ("population", "segments_from") and isinstance(people, dict) and people.get("segments_from"):
            if not named:
                people.pop("segments", None)
            return
        if path[:2] != ("social", "layers") or len(path) < 4:
            return
        layer = self.data["social"]["layers"][path[2]]
        mine = {other[3] for other in self._changes if other[:3] == path[:3] and len(other) > 3}
        if {"file", "generator"} <= mine or layer.get(path[3]) is None:
            return
        if path[3] == "file":
            layer["generator"] = None
        elif path[3] == "generator":
            layer["file"] = None


def _switch(path: KeyPath, here: dict[str, Any], value: Any, touchpoints: Mapping[str, Any]) -> None:
    """Drop what belongs to a former choice: of generator, policy, kind of touchpoint, or touchpoint extended."""
    if here.get(str(path[-1])) in (None, value) or not isinstance(value, str):
        return
    if path[-2:] == ("generator", "kind"):
        from agorasim.scenario.jsonschema import shape

        known = shape().child("social").child("layers").child("*").child("generator").names({"kind": value})  # type: ignore[union-attr]
        keep = set(known)
    elif path[0] == "touchpoints" and len(path) == 3 and path[2] == "kind":
        from agorasim.scenario.catalogue import KINDS, is_default
        from agorasim.scenario.schema import Touchpoint

        if value not in KINDS:
            return
        former = Touchpoint.model_validate(here)
        own = here.keys() - {"kind", "extends"}
        keep = {"kind"} | {name for name in own if not is_default(former, name)}
    elif path[0] == "touchpoints" and len(path) == 3 and path[2] == "tier":
        from agorasim.scenario.catalogue import TIERS, is_default
        from agorasim.scenario.schema import Touchpoint

        former = Touchpoint.model_validate(here)
        keep = {key for key in here if key not in TIERS.get(here["tier"], ()) or not is_default(former, key)}
    elif path[0] == "touchpoints" and len(path) == 3 and path[2] == "extends":
        from agorasim.scenario.catalogue import with_kind_defaults

        parent = touchpoints.get(here["extends"])
        known = parent if isinstance(parent, Mapping) else with_kind_defaults({"kind": here["extends"]})
        keep = {"extends", "label"} | {key for key in here if key != "kind" and here[key] != known.get(key)}
    elif path[0] == "brands" and path[2:] == ("policy", "name"):
        from agorasim.brands.registry import policy_class, policy_names

        if value not in policy_names():
            return
        keep = {"name", "every", *policy_class(value).Settings.model_fields}
    else:
        return
    for key in [key for key in here if key not in keep]:
        del here[key]


def _chooses(path: KeyPath) -> bool:
    return path[-2:] in (("generator", "kind"), ("policy", "name")) or (
        path[0] == "touchpoints" and path[-1] in ("kind", "extends", "tier")
    )


def _missing_entry(path: KeyPath, key: str, names: list[str]) -> str:
    what = {"brands": "brand", "touchpoints": "touchpoint", "places": "place"}.get(str(path[-2]), "entry")
    return f"{unknown(what, key, names)} (a new one is added whole: {dotted(path)}={{...}})"


def _path(text: str) -> KeyPath:
    """A dotted path as keys. InputError when it is not one."""
    parts = text.split(".") if isinstance(text, str) else []
    if not parts or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise InputError(f"{shown(text)} is not a path; expected keys joined by dots, such as population.size")
    return tuple(parts)


def _blamed(problem: Problem, overrides: Mapping[str, Any]) -> Problem:
    """The problem as the fault of the override that stands nearest to it."""
    at = tuple(str(key) for key in problem.path)
    best, common = "", 0
    for text in overrides:
        keys = tuple(text.split("."))
        length = next((k for k, (a, b) in enumerate(zip(keys, at, strict=False)) if a != b), min(len(keys), len(at)))
        if length == min(len(keys), len(at)) and length > common:
            best, common = text, length
    if not best:
        return Problem(problem.path, problem.message, where=f"with {_SOURCE}")
    below = () if dotted(problem.path) == best else problem.path
    return Problem(below, problem.message, where=f"--set {best}={_brief(overrides[best])}")


def _brief(value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, str):
        return value if value.isprintable() and len(value) <= 60 else shown(value)
    return {"a mapping": "{...}", "nothing": "null"}.get(
        words := shown(value), "[...]" if words.startswith("a list") else words
    )


def _anchored(path: KeyPath, value: Any, base: Path) -> Any:
    """The value with every file in it made absolute, wherever in one of `_FILES` the path ends."""
    for pattern in _FILES:
        pairs = zip(path, pattern, strict=False)
        if len(path) <= len(pattern) and all(want is None or key == want for key, want in pairs):
            return _absolute(value, pattern[len(path) :], base)
    return value


def _absolute(value: Any, rest: tuple[str | None, ...], base: Path) -> Any:
    if not rest:
        return os.path.abspath(base / value) if isinstance(value, str) and value else value  # noqa: PTH100
    if not isinstance(value, dict):
        return value
    return {key: _absolute(item, rest[1:], base) if rest[0] in (None, key) else item for key, item in value.items()}
