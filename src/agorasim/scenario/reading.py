"""From text or plain data to a validated scenario, with every mistake told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import nearest
from agorasim.scenario import library
from agorasim.scenario.library import names as bundled
from agorasim.scenario.plain import plain
from agorasim.scenario.problems import KeyPath, Problem, ScenarioError, shown
from agorasim.scenario.yamltext import parse

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

__all__ = ["MOST_BYTES", "bundled", "from_dict", "load", "loads", "validated"]

MOST_BYTES: Final = 1 << 20
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
#: Validating again after mended parts gives up after so many rounds.
_ROUNDS: Final = 6


def load(source: str | os.PathLike[str], *, allow_outside: bool = False) -> Scenario:
    """Read a scenario file, or a bundled scenario by name.

    Args:
        source: path of a YAML 1.2 file in UTF-8, or a bare name from `library.names()`; a file of that name goes first.
        allow_outside: whether files that the scenario names may lie outside its folder.

    Raises:
        ScenarioError: every mistake, each with file and line.
    """
    path = _find(source)
    text = _text(path, os.fspath(source))
    return loads(text, source=os.fspath(source), folder=path.parent, allow_outside=allow_outside)


def loads(
    text: str,
    *,
    source: str = "<text>",
    folder: str | os.PathLike[str] | None = None,
    allow_outside: bool = False,
) -> Scenario:
    """Read a scenario from YAML text; `source` is how messages call it. ScenarioError as in `load`."""
    document = parse(text)
    found = list(document.problems)
    if not document.whole:
        raise ScenarioError(source, found)
    data = document.data
    if data is None and not found:
        raise ScenarioError(source, [Problem((), "the file is empty; expected a scenario", 1)])
    if not isinstance(data, dict):
        what = f"not a scenario (got {shown(data)}); expected keys such as 'name' and 'brands', one a line"
        raise ScenarioError(source, [*found, Problem((), what, document.root.line)])
    return validated(data, source=source, folder=folder, allow_outside=allow_outside, line=document.line, found=found)


def from_dict(
    data: Mapping[str, Any], *, folder: str | os.PathLike[str] | None = None, allow_outside: bool = False
) -> Scenario:
    """A scenario from plain data, checked like a file. ScenarioError names paths instead of lines."""
    source = "the scenario"
    problems: list[Problem] = []
    clean = plain(data, problems)
    if not isinstance(clean, dict):
        raise ScenarioError(source, [Problem((), f"not a scenario (got {shown(clean)}); expected a mapping of keys")])
    return validated(clean, source=source, folder=folder, allow_outside=allow_outside, found=problems)


def validated(
    data: dict[str, Any],
    *,
    source: str,
    folder: str | os.PathLike[str] | None,
    allow_outside: bool,
    line: Callable[[KeyPath], int | None] | None = None,
    found: list[Problem] | None = None,
    blame: Callable[[Problem], Problem] | None = None,
) -> Scenario:
    """Validate plain data against the models and across its parts.

    Args:
        data: plain dicts, lists and scalars; not changed.
        source: how messages call where it came from.
        folder: what relative files refer to; the working directory when None.
        allow_outside: whether files may lie outside it.
        line: gives the line of a path.
        found: mistakes known already; paths at or below theirs are not told twice.
        blame: rewrites a problem, so that it names an override instead of a place in a file.

    Raises:
        ScenarioError: with every mistake there is, also those that only show once others are mended.
    """
    from pydantic import ValidationError

    from agorasim.scenario.catalogue import with_extensions
    from agorasim.scenario.checks import Subject, check
    from agorasim.scenario.jsonschema import shape
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.segments import with_table
    from agorasim.scenario.wording import problems_of

    home = None if folder is None else Path(folder)
    data, table = with_table(data, home, allow_outside)
    problems = [*([] if found is None else found), *table.problems]
    if (wrong := _version(data)) is not None:
        # Under another version nothing else can be judged.
        problems, scenario = [wrong], None
    else:
        current, unrelated, inherited = with_extensions(data)
        problems += unrelated
        spoilt, scenario = [p.path for p in problems], None
        for attempt in range(_ROUNDS):
            try:
                scenario = Scenario.model_validate(current)
                break
            except ValidationError as error:
                fresh = problems_of(error, current, shape())
                if attempt == 0:
                    told = [*(at for at in spoilt if at), *inherited]
                    problems += [p for p in fresh if not any(p.path[: len(at)] == at for at in told)]
                mended = _without(current, fresh)
                spoilt += mended[1]
                current = mended[0]
        if scenario is not None:
            problems += check(Subject(scenario, data, home, allow_outside, spoilt))
    if problems or scenario is None:
        problems = [table.placed(p) for p in problems]
        if line is not None:
            problems = [p.at(line(p.path)) for p in problems]
        raise ScenarioError(source, [blame(p) if blame and p.where is None else p for p in problems])
    scenario._folder, scenario._allow_outside = home, allow_outside
    return scenario


def _without(data: dict[str, Any], problems: list[Problem]) -> tuple[dict[str, Any], list[KeyPath]]:
    """A copy without the parts that are wrong, and their paths, so that what is left can still be checked.

    What is missing cannot be left out: there its holder goes instead.
    """
    copy: dict[str, Any] = plain(data, [])
    gone: list[KeyPath] = []
    for problem in problems:
        path = problem.path
        holder = _at(copy, path[:-1])
        if not (isinstance(holder, dict) and path and path[-1] in holder):
            path = path[:-1]
        if path == () and problem.path:
            # A required key of the whole file: something harmless stands in for it.
            copy[str(problem.path[0])] = {"brand": {}} if problem.path[0] == "brands" else "nameless"
            gone.append(problem.path)
            continue
        while path and not isinstance(_at(copy, path[:-1]), dict):
            path = path[:-1]
        if path:
            _at(copy, path[:-1]).pop(path[-1], None)
            gone.append(path)
    return copy, gone


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        if isinstance(data, dict):
            data = data.get(str(key))
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _version(data: Mapping[str, Any]) -> Problem | None:
    """Why the format's version is not one that this program reads."""
    from agorasim.scenario.schema import SCHEMA_VERSION

    version = data.get("schema_version", SCHEMA_VERSION)
    at: KeyPath = ("schema_version",)
    if not isinstance(version, int) or isinstance(version, bool):
        return Problem(at, f"wrong type (got {shown(version)}); expected the whole number {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION:
        why = f"newer than this program reads (got {shown(version)}); expected {SCHEMA_VERSION}: update agorasim"
    elif version < SCHEMA_VERSION:
        why = f"older than this program reads (got {shown(version)}); expected {SCHEMA_VERSION}: update the file"
    else:
        return None
    return Problem(at, why)


def _find(source: str | os.PathLike[str]) -> Path:
    """The file that a path or bundled name means. ScenarioError with the nearest name when there is none."""
    name = os.fspath(source)
    if not isinstance(name, str) or not name or "\0" in name:
        raise ScenarioError(shown(name), [Problem((), "not a usable path; expected a scenario file or a bundled name")])
    path = Path(name)
    bare = isinstance(source, str) and _BARE.fullmatch(name) is not None
    if bare and name in bundled() and not path.is_file():
        return library.path(name)
    try:
        if path.is_dir():
            inside = sorted(p.name for p in path.glob("*.y*ml"))[:5]
            hint = f", such as {path / inside[0]}" if inside else ""
            raise ScenarioError(name, [Problem((), f"is a folder; expected a scenario file{hint}")])
        if path.exists():
            return path
        near = (
            nearest(path.name, [p.name for p in path.parent.iterdir() if p.is_file()]) if path.parent.is_dir() else None
        )
    except OSError as error:
        raise ScenarioError(name, [Problem((), f"cannot be read: {error.strerror or error}")]) from None
    guess = nearest(path.stem, bundled()) if bare or near is None else None
    hint = f"did you mean {guess or str(path.parent / str(near))!r}?" if guess or near else ""
    expected = f"expected a scenario file or one of the bundled: {', '.join(bundled()) or '(none)'}"
    raise ScenarioError(name, [Problem((), "no such file; " + "; ".join(part for part in (expected, hint) if part))])


def _text(path: Path, source: str) -> str:
    """A file's text. ScenarioError when it is too large, cannot be read, or is not UTF-8."""
    try:
        # Opening a pipe would wait for somebody to write to it.
        if path.is_fifo() or path.is_socket():
            raise ScenarioError(source, [Problem((), "is not a file; expected a scenario file")])
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(source, [Problem((), f"cannot be read: {error.strerror or error}")]) from None
    if len(raw) > MOST_BYTES:
        raise ScenarioError(source, [Problem((), "larger than 1 MiB; a scenario has a few kB")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"not UTF-8 text (byte 0x{raw[error.start]:02X}); save the file as UTF-8"
        raise ScenarioError(source, [Problem((), why, line)]) from None
