"""Graphs from files: edge lists and GraphML. Nodes get numbers by one rule, so that layers can share them."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.social.csr import Graph, tie_weight
from agorasim.errors import InputError

MAX_BYTES: Final = 2**31  #: of an edge list, unpacked
MAX_GRAPHML_BYTES: Final = 2**28
_COMMENTS: Final = ("#", "%")


@dataclass(frozen=True, eq=False)
class Names:
    """The names behind node numbers: integers ascending, or texts in their order of appearance."""

    values: NDArray[np.int64] | list[str]

    @property
    def integers(self) -> bool:
        """Whether the names are integers."""
        return not isinstance(self.values, list)

    def __len__(self) -> int:
        return len(self.values)

    def numbers(self, names: NDArray[np.int64] | list[str]) -> NDArray[np.int64]:
        """Node numbers of names, -1 where a name is unknown."""
        if isinstance(names, list) or isinstance(self.values, list):
            known = {str(name): i for i, name in enumerate(self.values)}
            return np.array([known.get(str(name), -1) for name in names], dtype=np.int64)
        place = np.minimum(np.searchsorted(self.values, names), len(self.values) - 1)
        return np.where(self.values[place] == names, place, -1)


@dataclass(frozen=True)
class _Ties:
    """What a file says: both ends and weight of each tie, with its line number (0 when the format has no lines)."""

    ends: NDArray[np.int64] | list[str]  # two a tie
    weights: NDArray[np.float32] | None
    lines: list[int]
    nodes: NDArray[np.int64] | list[str] | None = None  # named without ties, GraphML
    count: int | None = None  # stated by the file


def read_graph(
    path: Path, *, directed: bool = False, nodes: int | None = None, names: Names | None = None
) -> tuple[Graph, Names]:
    """Read an edge list ("u v" or "u v weight" a line) or GraphML (.graphml, .xml); either may be packed (.gz).

    Columns are separated by spaces, tabs or commas; lines that start with # or % and blank lines are skipped, as are a
    first line of column names above integers and a first line that holds only the number of nodes. Integer names are
    sorted, others keep their order of appearance. `nodes` adds nodes without ties: integers below it all become names;
    otherwise unnamed nodes come last. With `names` the nodes are those of an earlier file and unknown ones are refused.
    Equal weights throughout (the ones of many exports) count as none.
    InputError: file and line of what is wrong.
    """
    is_graphml = path.name.lower().removesuffix(".gz").endswith((".graphml", ".xml"))
    data = _bytes(path, MAX_GRAPHML_BYTES if is_graphml else MAX_BYTES)
    ties = _graphml(path, data) if is_graphml else _edge_list(path, data)
    if names is None:
        names = _names(path, ties, nodes if nodes is not None else ties.count)
    numbers = names.numbers(ties.ends)
    if (numbers < 0).any():
        bad = int(np.argmax(numbers < 0))
        where = f"{path}:{ties.lines[bad // 2]}" if ties.lines else str(path)
        raise InputError(
            f"{where}: node {ties.ends[bad]} is not among the {len(names)} nodes of the layer that sets the population"
        )
    weights = ties.weights
    if weights is not None and len(weights) and (weights == weights[0]).all():
        weights = None
    return Graph.from_edges(numbers.reshape(-1, 2), len(names), directed, weights), names


def _bytes(path: Path, most: int) -> bytes:
    """The file's content, unpacked, at most `most` bytes."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, expected an edge list or GraphML file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if len(data) > most:
        raise InputError(f"{path}: larger than {most // 2**20} MiB")
    return bytes(data)


def _names(path: Path, ties: _Ties, nodes: int | None) -> Names:
    named = ties.nodes if ties.nodes is not None else ties.ends
    if isinstance(named, list):
        texts = list(dict.fromkeys(named))
        _check_count(path, len(texts), nodes)
        return Names(texts + [f"({i})" for i in range(len(texts), nodes or 0)])
    found = np.unique(named)
    _check_count(path, len(found), nodes)
    if nodes is None or nodes == len(found):
        return Names(found)
    if found.size == 0 or (found[0] >= 0 and found[-1] < nodes):
        return Names(np.arange(nodes, dtype=np.int64))
    return Names(np.append(found, found[-1] + 1 + np.arange(nodes - len(found))))


def _check_count(path: Path, found: int, nodes: int | None) -> None:
    if nodes is not None and nodes < found:
        raise InputError(f"{path}: names {found} nodes, more than the {nodes} stated")
    if found == 0 and not nodes:
        raise InputError(f"{path}: names no nodes")


# --- edge lists -----------------------------------------------------------------------------------------------------


def _edge_list(path: Path, data: bytes) -> _Ties:
    text = data.decode("utf-8-sig", errors="replace")
    every = (text if "\n" in text else text.replace("\r", "\n")).split("\n")
    if quick := _plain_integers(every):
        return quick
    rows: list[list[str]] = []
    lines: list[int] = []
    for number, line in enumerate(every, start=1):
        fields = line.replace(",", " ").split()
        if fields and not fields[0].startswith(_COMMENTS):
            rows.append(fields)
            lines.append(number)
    count = None
    if len(rows) > 1 and len(rows[0]) == 1 and len(rows[1]) > 1 and rows[0][0].isdecimal():
        count = int(rows[0][0])
        rows, lines = rows[1:], lines[1:]
    if len(rows) > 1 and _is_header(rows[0], rows[1]):
        rows, lines = rows[1:], lines[1:]
    width = len(rows[0]) if rows else 2
    for fields, number in zip(rows, lines, strict=True):
        if len(fields) != width or not 2 <= width <= 3:
            expected = "'u v' or 'u v weight'" if not 2 <= width <= 3 else f"{width} columns as above"
            raise InputError(f"{path}:{number}: expected {expected}, got {' '.join(fields)[:60]!r}")
    flat = [end for fields in rows for end in fields[:2]]
    ends: NDArray[np.int64] | list[str]
    try:
        ends = _integers(flat)
    except (ValueError, OverflowError):
        ends = flat
    return _Ties(ends, _weights(path, rows, lines) if width == 3 else None, lines, count=count)


def _plain_integers(every: list[str]) -> _Ties | None:
    """The common case, two integers a line throughout, ten times faster; None when the file is anything else."""
    lines = [number for number, line in enumerate(every, start=1) if line and line[0] not in _COMMENTS]
    rows = [every[number - 1] for number in lines]
    if not rows or len(rows[0].replace(",", " ").split()) != 2 or any("." in row for row in rows):
        return None
    try:
        ends = np.loadtxt([row.replace(",", " ") for row in rows], dtype=np.int64, comments=None, ndmin=2)
    except (ValueError, OverflowError):
        return None
    if ends.shape != (len(rows), 2):
        return None
    return _Ties(ends.ravel(), None, lines)


def _is_header(first: list[str], second: list[str]) -> bool:
    """Column names: words above integers."""
    return len(first) == len(second) and not any(map(_is_integer, first[:2])) and all(map(_is_integer, second[:2]))


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _weights(path: Path, rows: list[list[str]], lines: list[int]) -> NDArray[np.float32]:
    out = np.empty(len(rows), dtype=np.float32)
    for i, fields in enumerate(rows):
        try:
            out[i] = float(fields[2])
        except ValueError:
            out[i] = np.nan
        if not (np.isfinite(out[i]) and out[i] >= 0.0):
            raise InputError(f"{path}:{lines[i]}: the weight must be a number of at least 0, got {fields[2]!r}")
    return out


# --- GraphML --------------------------------------------------------------------------------------------------------


def _graphml(path: Path, data: bytes) -> _Ties:
    _refuse_declarations(path, data)
    import networkx as nx

    try:
        graph: Any = nx.read_graphml(io.BytesIO(data))
    except Exception as error:  # whatever networkx cannot make sense of is the file's fault
        raise InputError(f"{path}: not a GraphML graph that can be read: {error}") from None
    listed = list(graph.edges(data="weight"))
    flat = [str(end) for u, v, _ in listed for end in (u, v)]
    weights = None
    if any(weight is not None for _, _, weight in listed):
        weights = np.array([tie_weight(weight, u, v) for u, v, weight in listed], dtype=np.float32)
    if not graph.is_directed():  # a layer that reads it as directed gets both directions
        flat += flat[::-1]
        weights = None if weights is None else np.concatenate((weights, weights[::-1]))
    texts = [str(node) for node in graph.nodes]
    if texts and all(map(_is_integer, texts)):
        return _Ties(_integers(flat), weights, [], _integers(texts))
    return _Ties(flat, weights, [], texts)


def _integers(texts: list[str]) -> NDArray[np.int64]:
    return np.array([int(text) for text in texts], dtype=np.int64)


def _refuse_declarations(path: Path, data: bytes) -> None:
    """GraphML needs no document type; entities in one can grow without bound or read other files."""
    from xml.parsers import expat

    def refuse(*_: Any) -> None:
        raise InputError(f"{path}:{parser.CurrentLineNumber}: a document type or entity declaration is not allowed")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(f"{path}:{error.lineno}: not well-formed XML: {expat.errors.messages[error.code]}") from None
