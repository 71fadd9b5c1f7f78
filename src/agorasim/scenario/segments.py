"""Segments from a table: a CSV with a row a segment becomes `population.segments` when a scenario is read."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import unknown
from agorasim.scenario.files import file_problem
from agorasim.scenario.problems import KeyPath, Problem, shown

if TYPE_CHECKING:
    from agorasim.scenario.shape import Shape

MOST_BYTES: Final = 1 << 20
_SOURCE: Final = ("population", "segments_from")
_SEGMENTS: Final = ("population", "segments")


class Table:
    """What a table of segments says, and where."""

    def __init__(self) -> None:
        self.segments: dict[str, Any] = {}
        self.lines: dict[str, str] = {}
        self.problems: list[Problem] = []

    def placed(self, problem: Problem) -> Problem:
        """A problem of a segment at its line of the table; others as they are."""
        if problem.path[:2] != _SEGMENTS or len(problem.path) < 3 or problem.where is not None:
            return problem
        where = self.lines.get(str(problem.path[2]))
        return problem if where is None else replace(problem, where=where)


def with_table(data: Mapping[str, Any], folder: Path | None, allow_outside: bool) -> tuple[dict[str, Any], Table]:
    """Scenario data in which `population.segments_from` has become `population.segments`, and what the table said.

    Data without that key, or with something else than a file name in it, come back as they are.
    """
    table = Table()
    population = data.get("population")
    source = population.get("segments_from") if isinstance(population, Mapping) else None
    file = source.get("file") if isinstance(source, Mapping) and set(source) == {"file"} else None
    if not isinstance(population, Mapping) or not isinstance(file, str):
        return dict(data), table
    rest = {key: value for key, value in population.items() if key != "segments_from"}
    if "segments" in rest:
        table.problems.append(Problem(_SOURCE, "segments come from this table or from 'segments', not from both"))
        return {**data, "population": rest}, table
    why = file_problem(file, folder, allow_outside, "a CSV file")
    if why is not None:
        table.problems.append(Problem((*_SOURCE, "file"), why))
        return {**data, "population": rest}, table
    _read((folder or Path()) / file, table)
    if table.segments:
        rest["segments"] = table.segments
    return {**data, "population": rest}, table


def _read(path: Path, table: Table) -> None:
    """Fill `table` from a file; every mistake is noted at its line."""

    def wrong(line: int | None, message: str) -> None:
        table.problems.append(Problem(_SOURCE, message, where=str(path) if line is None else f"{path}:{line}"))

    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        return wrong(None, f"cannot be read: {error.strerror or error}")
    if len(raw) > MOST_BYTES:
        return wrong(None, "larger than 1 MiB; expected a row a segment, not a row a customer (see learn_segments)")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return wrong(raw.count(b"\n", 0, error.start) + 1, "not UTF-8 text; save the file as UTF-8")
    reader = csv.reader(text.splitlines(), skipinitialspace=True, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        return wrong(reader.line_num, f"not CSV: {error}")
    if len(rows) < 2:
        return wrong(None, "no segments; expected a line of column names and then a row a segment")
    (top, header), body = rows[0], rows[1:]
    columns = _columns([name.strip() for name in header], lambda message: wrong(top, message))
    for line, row in body:
        if len(row) != len(header):
            wrong(line, f"{len(row)} fields; expected {len(header)}, as in the first line")
        elif columns is not None:
            _row(row, columns, table, f"{path}:{line}", lambda message, line=line: wrong(line, message))


def _columns(header: list[str], wrong: Any) -> list[KeyPath] | None:
    """The key that each column gives, () for the name; None when some are wrong."""
    from agorasim.scenario.jsonschema import shape

    population = shape().child("population")
    segments = population.child("segments") if population is not None else None
    segment = segments.entries() if segments is not None else None
    if segment is None:
        raise TypeError("the schema has no segments")
    out: list[KeyPath] = []
    failed = False
    for name in header:
        path = () if name == "name" else _path(name, segment)
        if path is None:
            wrong(unknown("column", name, ["name", *segment.names()]))
            failed = True
        elif path in out:
            wrong(f"the column {name!r} says again what another column says")
            failed = True
        else:
            out.append(path)
    for needed, path in (("name", ()), ("share", ("share",))):
        if path not in out and not failed:
            wrong(f"no column {needed!r}")
            failed = True
    return None if failed else out


def _path(column: str, segment: Shape) -> KeyPath | None:
    """The key of a segment that a column means: `use.social`, `use_social`, `age_mean`, `price_sensitivity_mean`."""
    for path in _readings(column):
        at: Shape | None = segment
        for key in path:
            at = at.child(key) if at is not None and (at is segment or at.is_mapping()) else None
        if at is not None and not at.is_mapping():
            return path
    return None


def _readings(column: str) -> Iterator[tuple[str, ...]]:
    yield tuple(column.split("."))
    words = column.split("_")
    for k in range(1, len(words)):
        yield "_".join(words[:k]), "_".join(words[k:])
    yield (column.removesuffix("_mean"),)


def _row(row: list[str], columns: list[KeyPath], table: Table, where: str, wrong: Any) -> None:
    name = row[columns.index(())].strip()
    if name in table.segments:
        wrong(f"the segment {name!r} stands in the table twice")
        return
    segment: dict[str, Any] = {}
    for path, cell in zip(columns, row, strict=True):
        text = cell.strip()
        if not path or not text:
            continue  # the key's default
        value: Any = text
        if path != ("label",):
            try:
                value = float(text)
            except ValueError:
                wrong(f"not a number in column {'.'.join(map(str, path))!r} (got {shown(text)})")
                continue
            if not math.isfinite(value):
                wrong(f"not a finite number in column {'.'.join(map(str, path))!r} (got {shown(text)})")
                continue
        holder = segment
        for key in path[:-1]:
            holder = holder.setdefault(str(key), {})
        holder[str(path[-1])] = value
    table.segments[name] = segment
    table.lines[name] = where
