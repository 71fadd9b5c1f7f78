"""pydantic's findings in the words of a scenario file: what is wrong, what was expected, and the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import nearest, unknown
from agorasim.scenario.problems import KeyPath, Problem, shown
from agorasim.scenario.shape import Shape
from agorasim.scenario.yamltext import resolve

if TYPE_CHECKING:
    from pydantic import ValidationError

_OUT_OF_RANGE: Final = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of")
_WRONG_TYPE: Final = re.compile(r".*_type|int_from_float|int_parsing.*|float_parsing|bool_parsing|string_sub_type")


def problems_of(error: ValidationError, data: Any, shape: Shape, prefix: KeyPath = ()) -> list[Problem]:
    """Every finding as a `Problem`, one a path.

    Args:
        error: what pydantic found.
        data: what was validated.
        shape: its JSON Schema.
        prefix: where `data` stands in the scenario.
    """
    found: dict[KeyPath, Problem] = {}
    for item in error.errors(include_url=False):
        path, message = _told(dict(item), data, shape)
        # A union reports one finding a branch; the expectation already names all branches.
        found.setdefault(path, Problem((*prefix, *path), message))
    return list(found.values())


def _told(item: dict[str, Any], data: Any, root: Shape) -> tuple[KeyPath, str]:
    """The path in the file, and the message, of one finding."""
    kind, value = str(item["type"]), item["input"]
    path, holder, shape, key = _walk(item["loc"], data, root)
    if kind == "extra_forbidden":
        return path, unknown("key", str(path[-1]), holder[0].names(holder[1]))
    if kind == "missing":
        return path, f"missing; expected {shape.expected() if shape else 'a value'}"
    if kind == "union_tag_not_found" and shape is not None:
        return (*path, shape.tag_key() or "kind"), f"missing; expected one of: {', '.join(shape.tags())}"
    if kind == "union_tag_invalid" and shape is not None:
        name = shape.tag_key() or "kind"
        return (*path, name), _unknown_choice(value.get(name), shape.tags(), "one of: " + ", ".join(shape.tags()))
    if kind == "value_error":
        return path, str(item["msg"]).removeprefix("Value error, ")
    if key:
        return path, f"not a usable key (got {shown(path[-1])}); expected {_key_words(holder)}"
    if shape is None:
        return path, f"{item['msg']} (got {shown(value)})"
    choices = shape.choices()
    if choices and (isinstance(value, str) or "number" not in shape.expected()):
        return path, _unknown_choice(value, choices, shape.expected())
    what = "wrong type"
    if kind in _OUT_OF_RANGE:
        what = "out of range"
    elif kind in ("too_short", "too_long"):
        what = "empty" if not value else "wrong length"
        if not value and isinstance(value, dict):
            return path, "empty; expected at least one entry"
    elif kind == "string_pattern_mismatch":
        what = "not written as it should be"
    elif not _WRONG_TYPE.fullmatch(kind):
        what = str(item["msg"])
    return path, f"{what} (got {shown(value)}); expected {shape.expected()}{_hint(value, shape)}"


def _walk(loc: Iterable[str | int], data: Any, root: Shape) -> tuple[KeyPath, tuple[Shape, Any], Shape | None, bool]:
    """Follow pydantic's location through schema and data.

    Returns the path as the file has it (without the union branches that pydantic puts in), the holder of its last key
    (shape and data), the shape at its end, and whether the key itself is what is wrong.
    """
    path: list[str | int] = []
    shape: Shape | None = root
    holder, here = (root, data), data
    for part in loc:
        if part == "[key]":
            return tuple(path), holder, shape, True
        if shape is None:
            path.append(part)
            continue
        tag = shape.tag_key()
        if tag is not None and isinstance(here, dict) and part == here.get(tag) and part in shape.tags():
            continue
        if not shape.is_mapping(here) and not isinstance(part, int):
            break
        path.append(part)
        holder = (shape, here)
        shape = shape.child(part, here)
        here = _at(here, part)
    return tuple(path), holder, shape, False


def _at(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    return data[key] if isinstance(data, list) and isinstance(key, int) and key < len(data) else None


def _key_words(holder: tuple[Shape, Any]) -> str:
    for pattern in holder[0].resolved(holder[1]).node.get("patternProperties", {}):
        return Shape({"type": "string", "pattern": pattern}, {}).expected()
    return "text"


def _unknown_choice(value: Any, choices: list[str], expected: str) -> str:
    near = nearest(value, choices) if isinstance(value, str) else None
    return f"not a known value (got {shown(value)}); expected {expected}" + (
        f"; did you mean {near!r}?" if near else ""
    )


def _hint(value: Any, shape: Shape) -> str:
    """How to write what was probably meant."""
    if not isinstance(value, str):
        return '; put it in quotes: "..."' if shape.expected() == "text" and isinstance(value, (int, float)) else ""
    if shape.expected() == "true or false":
        words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        return f"; did you mean {words[value.lower()]!r}?" if value.lower() in words else ""
    if "number" in shape.expected():
        if re.fullmatch(r"\d+(\.\d+)? ?%", value):
            return f"; did you mean {float(value.rstrip('% ')) / 100:g}?"
        bare, _ = resolve(value.replace("_", "").replace(",", "").strip())
        if isinstance(bare, (int, float)):
            return f"; did you mean {bare}?"
    return ""
