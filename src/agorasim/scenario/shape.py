"""What may stand at a path of a scenario, read off a JSON Schema: key names, and words for messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]

_PATTERNS: Final = {
    "^[A-Za-z][A-Za-z0-9_]{0,63}$": "a name (a letter, then letters, digits or _, at most 64)",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a date such as 2026-11-11",
    "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$": 'a month and day such as "06-01"',
}


@dataclass(frozen=True)
class Shape:
    """A node of a JSON Schema together with the definitions it refers to."""

    node: Schema
    definitions: Schema

    @classmethod
    def of(cls, schema: Schema) -> Shape:
        """The shape of a whole schema."""
        return cls(schema, schema.get("$defs", {}))

    def resolved(self, data: Any = None) -> Shape:
        """The definition behind references and optional unions; of a tagged union, the variant that `data` names."""
        node = self.node
        while True:
            if "$ref" in node:
                node = self.definitions[node["$ref"].rsplit("/", 1)[-1]]
            elif "discriminator" in node and (variant := self._variant(node, data)) is not None:
                node = variant
            elif "anyOf" in node and len(rest := _not_null(node["anyOf"])) == 1:
                node = rest[0]
            else:
                return Shape(node, self.definitions)

    def child(self, key: str | int, data: Any = None) -> Shape | None:
        """What stands under a key or list position; None when the schema does not say. `data` is what stands here."""
        node = self.resolved(data).node
        if isinstance(key, int):
            return Shape(node["items"], self.definitions) if isinstance(node.get("items"), dict) else None
        if key in node.get("properties", {}):
            return Shape(node["properties"][key], self.definitions)
        entries = self.entries(data)
        return entries

    def entries(self, data: Any = None) -> Shape | None:
        """What every value of a mapping with free names looks like; None when the names are fixed."""
        node = self.resolved(data).node
        for sub in node.get("patternProperties", {}).values():
            return Shape(sub, self.definitions)
        more = node.get("additionalProperties")
        return Shape(more, self.definitions) if isinstance(more, dict) else None

    def names(self, data: Any = None) -> list[str]:
        """The fixed keys."""
        return list(self.resolved(data).node.get("properties", {}))

    def is_open(self, data: Any = None) -> bool:
        """Whether keys besides the fixed ones are somebody else's to check (a policy's settings)."""
        return self.resolved(data).node.get("additionalProperties") is True

    def is_mapping(self, data: Any = None) -> bool:
        """Whether a mapping is expected."""
        node = self.resolved(data).node
        return node.get("type") == "object" or "discriminator" in node

    def takes_null(self) -> bool:
        """Whether nothing is a value here."""
        return any(part.get("type") == "null" for part in self.node.get("anyOf", ())) or self.node.get("type") == "null"

    def tag_key(self) -> str | None:
        """The key that chooses a variant, when this is a tagged union."""
        for node in self._parts(self.node):
            if "discriminator" in node:
                return str(node["discriminator"]["propertyName"])
        return None

    def tags(self) -> list[str]:
        """The names of a tagged union's variants."""
        for node in self._parts(self.node):
            if "discriminator" in node:
                return list(node["discriminator"]["mapping"])
        return []

    def choices(self) -> list[str]:
        """The allowed texts, when there is a fixed list of them."""
        return [str(value) for node in self._parts(self.node) for value in _constants(node) if isinstance(value, str)]

    def expected(self) -> str:
        """What is expected, in words."""
        words: list[str] = []
        for node in self._parts(self.node):
            if node.get("type") == "null" and words:
                continue
            words.append(_words(node))
        return " or ".join(dict.fromkeys(words))

    def _parts(self, node: Schema) -> Iterator[Schema]:
        if "$ref" in node:
            yield from self._parts(self.definitions[node["$ref"].rsplit("/", 1)[-1]])
        elif "anyOf" in node:
            for part in node["anyOf"]:
                yield from self._parts(part)
        else:
            yield node

    def _variant(self, node: Schema, data: Any) -> Schema | None:
        key = node["discriminator"]["propertyName"]
        tag = data.get(key) if isinstance(data, dict) else None
        target = node["discriminator"]["mapping"].get(tag) if isinstance(tag, str) else None
        return None if target is None else dict(self.definitions[target.rsplit("/", 1)[-1]])


def _not_null(parts: list[Schema]) -> list[Schema]:
    return [part for part in parts if part.get("type") != "null"]


def _constants(node: Schema) -> list[Any]:
    return [node["const"]] if "const" in node else list(node.get("enum", ()))


def _words(node: Schema) -> str:
    if constants := _constants(node):
        return constants[0] if len(constants) == 1 else "one of: " + ", ".join(str(c) for c in constants)
    if "discriminator" in node:
        return f"a mapping with '{node['discriminator']['propertyName']}'"
    kind = node.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _range(node)
    if kind == "string":
        if "pattern" in node:
            return _PATTERNS.get(node["pattern"], f"text that matches {node['pattern']}")
        return "text" + (
            f" of {node.get('minLength', 0)} to {node['maxLength']} characters" if "maxLength" in node else ""
        )
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        low, high = node.get("minItems"), node.get("maxItems")
        if low is not None and low == high:
            return f"a list of {low}"
        return f"a list of at least {low}" if low else "a list"
    if kind == "object":
        return "a mapping of names to values" if "patternProperties" in node else "a mapping of keys to values"
    return "nothing" if kind == "null" else "a value"


def _range(node: Schema) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    start = f"from {_number(low)}" if low is not None else f"above {_number(above)}" if above is not None else ""
    end = f"to {_number(high)}" if high is not None else f"below {_number(below)}" if below is not None else ""
    if not end or (high is not None and high >= 1e12):
        return f" of at least {_number(low)}" if low is not None else f" {start}" if start else ""
    if high is not None and above is not None:
        end = f"up to {_number(high)}"
    return f" {start} {end}".rstrip() if start else f" {end}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e16 else f"{value:g}"
