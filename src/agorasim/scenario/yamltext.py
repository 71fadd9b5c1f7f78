"""YAML 1.2 text into plain data that knows its lines. Nothing is executed, expanded beyond a limit or silently lost.

Works on ruamel.yaml's parsing events instead of its constructors, so that all mistakes are found in one pass, aliases
are counted before they are followed, and a value means the same whatever library version reads it (the YAML 1.2 core
schema: `no` is text, 1e3 is a number, dates stay text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from agorasim.scenario.problems import KeyPath, Problem, shown

#: Values in a file once its aliases are followed.
MOST_VALUES: Final = 100_000
#: Values written in a file; a scenario has hundreds.
MOST_WRITTEN: Final = 50_000
MOST_DEPTH: Final = 64

_NULL: Final = re.compile(r"null|Null|NULL|~|")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_CORE: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final = {
    f"{_CORE}str": str,
    f"{_CORE}int": int,
    f"{_CORE}float": float,
    f"{_CORE}bool": bool,
    f"{_CORE}null": type(None),
}
_MERGE: Final = "<<"


@dataclass(eq=False)
class Node:
    """A value with the place where it stands. `value` is shared between the aliases of one anchor."""

    value: Any
    line: int
    entries: dict[str, tuple[int, Node]] = field(default_factory=dict)
    """Of a mapping: the line of each key, and what it holds."""
    items: list[Node] = field(default_factory=list)
    weight: int = 1
    """How many values it is once aliases are followed."""
    depth: int = 1
    whole: bool = True
    """False while its end has not been read."""


@dataclass(frozen=True)
class Document:
    """A file's data, and the mistakes that its text alone shows."""

    root: Node
    problems: list[Problem]
    whole: bool = True
    """False when the text ends in something that cannot be read."""

    @property
    def data(self) -> Any:
        """Plain dicts, lists and scalars."""
        return self.root.value

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`, or of its nearest parent that the file has."""
        node, line = self.root, self.root.line
        for key in path:
            if isinstance(key, int) and key < len(node.items):
                node = node.items[key]
                line = node.line
            elif key in node.entries:
                line, node = node.entries[str(key)]
            else:
                break
        return line


class _StopError(Exception):
    """The rest of the text cannot be read."""

    def __init__(self, line: int, message: str, path: KeyPath = ()) -> None:
        super().__init__(message)
        self.problem = Problem(path, message, line)


class _Bad:
    """Stands for a key that cannot be one; its value is read and dropped."""


@dataclass
class _Frame:
    node: Node
    mapping: bool
    key: str | type[_Bad] | None = None
    key_line: int = 0
    merge: bool = False
    merged: list[Node] = field(default_factory=list)


def parse(text: str) -> Document:
    """Read one YAML document. Never raises for wrong text: `problems` holds what is wrong, in words, with lines."""
    composer = _Composer()
    whole = True
    try:
        composer.run(text)
    except _StopError as stop:
        composer.problems.append(stop.problem)
        whole = False
    return Document(composer.root or Node(None, 1), composer.problems, whole)


class _Composer:
    """Builds nodes from events with an explicit stack, so that no nesting exhausts Python's."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node] = {}
        self.written = 0
        self.documents = 0

    def run(self, text: str) -> None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError
        from ruamel.yaml.reader import ReaderError

        line = 1
        try:
            for event in YAML(typ="safe", pure=True).parse(text):
                line = event.start_mark.line + 1
                self._take(event, type(event).__name__, line)
        except _StopError:
            raise
        except ReaderError as error:
            at = text.count("\n", 0, error.position) + 1
            raise _StopError(at, f"character U+{ord(text[error.position]):04X} is not allowed in YAML") from None
        except MarkedYAMLError as error:
            raise _syntax(error, text) from None
        except Exception as error:
            # Escapes beyond Unicode and the like reach the user as what they are: wrong text.
            raise _StopError(line, f"YAML syntax: {error}") from None

    def _take(self, event: Any, kind: str, line: int) -> None:
        if kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise _StopError(line, "a second document begins here; expected one scenario a file")
            if event.version not in (None, (1, 2)):
                self.problems.append(Problem((), "this says %YAML 1.1; expected YAML 1.2 (remove the line)", 1))
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._count(line)
            self._tagged(event, f"{_CORE}{'map' if kind[0] == 'M' else 'seq'}", line)
            if len(self.stack) >= MOST_DEPTH:
                raise _StopError(line, f"nested more than {MOST_DEPTH} levels deep")
            node = Node({} if kind[0] == "M" else [], line, whole=False)
            if event.anchor:
                self.anchors[event.anchor] = node
            self.stack.append(_Frame(node, kind[0] == "M"))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            frame = self.stack.pop()
            for source in frame.merged:
                for key, (at, child) in source.entries.items():
                    if key not in frame.node.entries:
                        self._enter(frame.node, key, at, child)
            frame.node.whole = True
            self._complete(frame.node, line, scalar=False)
        elif kind == "ScalarEvent":
            self._count(line)
            node = Node(self._scalar(event, line), line)
            if event.anchor:
                self.anchors[event.anchor] = node
            self._complete(node, line, scalar=True, text=event.value, plain=event.style is None)
        elif kind == "AliasEvent":
            self._count(line)
            target = self.anchors.get(event.anchor)
            if target is None or not target.whole:
                why = "has no anchor before it" if target is None else "stands inside what it repeats"
                self.problems.append(Problem(self._path(), f"alias *{event.anchor} {why}", line))
                target = Node(None, line)
            plain = isinstance(target.value, str)
            self._complete(target, line, scalar=plain, text=target.value if plain else "", plain=False)

    def _complete(self, node: Node, line: int, *, scalar: bool, text: str = "", plain: bool = False) -> None:
        """Hand a finished value to what holds it: the file, a list, or a mapping that waits for a key or a value."""
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if not frame.mapping:
            frame.node.items.append(node)
            frame.node.value.append(node.value)
            self._grow(frame.node, node)
        elif frame.key is None:
            frame.key, frame.key_line, frame.merge = text, line, plain and text == _MERGE
            if not scalar:
                frame.key = _Bad
                self.problems.append(Problem(self._path(), "a key must be plain text, not a list or mapping", line))
            elif not _is_unicode(text):
                frame.key = _Bad
                self.problems.append(Problem(self._path(), f"the key {text!r} is not valid Unicode", line))
        else:
            self._value(frame, node)

    def _value(self, frame: _Frame, node: Node) -> None:
        key, at = frame.key, frame.key_line
        if frame.merge:
            sources = [node] if isinstance(node.value, dict) else node.items
            if all(isinstance(source.value, dict) for source in sources) and (sources or node.value == []):
                frame.merged.extend(sources)
            else:
                self.problems.append(Problem(self._path(), "<<: takes a mapping or a list of mappings", at))
        elif isinstance(key, str):
            if key in frame.node.entries:
                first = frame.node.entries[key][0]
                self.problems.append(Problem(self._path(), f"duplicate key {shown(key)} (first on line {first})", at))
            else:
                self._enter(frame.node, key, at, node)
        frame.key, frame.merge = None, False

    def _enter(self, holder: Node, key: str, line: int, node: Node) -> None:
        holder.entries[key] = (line, node)
        holder.value[key] = node.value
        self._grow(holder, node)

    def _grow(self, holder: Node, part: Node) -> None:
        holder.weight += part.weight
        holder.depth = max(holder.depth, part.depth + 1)
        if holder.weight > MOST_VALUES:
            raise _StopError(
                part.line, f"aliases repeat this to more than {MOST_VALUES:,} values; write less", self._path()
            )
        if holder.depth > MOST_DEPTH:
            raise _StopError(part.line, f"aliases nest this more than {MOST_DEPTH} levels deep", self._path())

    def _count(self, line: int) -> None:
        self.written += 1
        if self.written > MOST_WRITTEN:
            raise _StopError(line, f"more than {MOST_WRITTEN:,} values; a scenario has hundreds")

    def _path(self) -> KeyPath:
        path: list[str | int] = []
        for frame in self.stack:
            if not frame.mapping:
                path.append(len(frame.node.items))
            elif isinstance(frame.key, str):
                path.append(frame.key)
        return tuple(path)

    def _tagged(self, event: Any, own: str, line: int) -> None:
        """Refuse tags: they name types that a program would build."""
        if event.tag not in (None, "!", own):
            self.problems.append(
                Problem(self._path(), f"tag {_tag(event.tag)} is refused; expected plain values", line)
            )

    def _scalar(self, event: Any, line: int) -> Any:
        """A scalar's value in the core schema; None, with a problem noted, when it has none."""
        text, tag = event.value, event.tag
        problem = None
        value: Any = None
        if not _is_unicode(text):
            problem = f"the text {text!r} is not valid Unicode"
        elif (tag is None and event.style is not None) or tag in ("!", f"{_CORE}str"):
            return text
        else:
            value, problem = resolve(text)
            if tag is not None and tag not in _SCALAR_TAGS:
                problem = f"tag {_tag(tag)} is refused; expected plain values"
            elif tag is not None and problem is None and type(value) is not _SCALAR_TAGS[tag]:
                if _SCALAR_TAGS[tag] is float and type(value) is int:
                    value = float(value)
                else:
                    problem = f"{shown(text)} is not what its tag {_tag(tag)} says"
        if problem is not None:
            self.problems.append(Problem(self._path(), problem, line))
            return None
        return value


def resolve(text: str) -> tuple[Any, str | None]:
    """A plain scalar's value in the YAML 1.2 core schema and None, or None and why it has no value."""
    if _NULL.fullmatch(text):
        return None, None
    if _BOOL.fullmatch(text):
        return text[0] in "tT", None
    if _INT.fullmatch(text):
        # Longer ones are refused before int(), which is slow on them.
        value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)) if len(text) <= 40 else 2**64
        return (value, None) if abs(value) < 2**64 else (None, f"number too large (got {shown(text)})")
    if _FLOAT.fullmatch(text):
        number = float(text)
        return (number, None) if abs(number) != float("inf") else (None, f"number too large (got {shown(text)})")
    if _NOT_FINITE.fullmatch(text):
        return None, f"not a finite number (got {text})"
    return text, None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _tag(tag: str) -> str:
    return shown(tag.replace(_CORE, "!!", 1)).strip("'\"")


def _syntax(error: Any, text: str) -> _StopError:
    """A parser's complaint at the line where the mistake was made, with a hint at what usually causes it."""
    problem, context = str(error.problem or "cannot be read"), str(error.context or "")
    mark, start = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    line = mark.line + 1 if mark else 1
    if "'\\t'" in problem:
        return _StopError(line, "a tab stands here; expected spaces for indentation")
    if "quoted scalar" in context and "end of stream" in problem:
        return _StopError(start.line + 1, "a quotation mark is opened here and never closed")
    if "flow" in context and "<stream end>" in problem:
        bracket = "[" if "sequence" in context else "{"
        return _StopError(start.line + 1, f"'{bracket}' is opened here and never closed")
    if "expected ':'" in problem:
        return _StopError(start.line + 1, "YAML syntax: expected 'key: value' (a colon and a space after the key)")
    if "mapping values are not allowed" in problem:
        hint = "check the indentation, and quote text that holds ': '"
        return _StopError(line, f"YAML syntax: a second 'key: value' on this line; {hint}")
    if "<block end>" in problem:
        return _StopError(line, "YAML syntax: this line does not fit the indentation of the lines above")
    return _StopError(min(line, text.count("\n") + 1), "YAML syntax: " + ", ".join(p for p in (context, problem) if p))
