"""The JSON Schema of scenario files, for editors and for other programs."""

from __future__ import annotations

import functools
import json
from typing import Any

from agorasim.scenario.shape import Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file, in the order of the models."""
    from agorasim.scenario.schema import Scenario

    made = Scenario.model_json_schema()
    made.pop("title", None)
    made.pop("description", None)
    _close(made)
    return {
        "$schema": DIALECT,
        "title": "agorasim scenario",
        "description": "A market to simulate: consumers, touchpoints, brands and how people talk.",
        **made,
    }


def schema_text() -> str:
    """The schema as text, equal for equal models."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


@functools.lru_cache(maxsize=1)
def shape() -> Shape:
    """The schema as messages and overrides read it."""
    return Shape.of(schema())


def _close(node: Any) -> None:
    """Refuse keys that no pattern allows, as the models do; pydantic leaves mappings with patterns open."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        for part in node.values():
            _close(part)
    elif isinstance(node, list):
        for part in node:
            _close(part)
