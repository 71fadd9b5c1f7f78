"""The touchpoint catalogue: what each kind can do, its default numbers, and touchpoints that extend another."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import unknown
from agorasim.scenario.kinds import KINDS, TIERS
from agorasim.scenario.problems import KeyPath, Problem
from agorasim.scenario.traits import Identity, KindTraits, Stop, Targeting

if TYPE_CHECKING:
    from agorasim.scenario.schema.touchpoints import Touchpoint

__all__ = [
    "KINDS",
    "TIERS",
    "Identity",
    "KindTraits",
    "Stop",
    "Targeting",
    "default_numbers",
    "is_default",
    "with_extensions",
    "with_kind_defaults",
]

#: Mappings of a touchpoint whose keys are inherited one by one; any other value is inherited whole.
_PARTS: Final = ("cost", "auction")


def default_numbers(kind: str, tier: str | None = None) -> dict[str, Any]:
    """What a touchpoint of a kind (and a tier of publishers) has where its scenario says nothing."""
    own = TIERS.get(tier, {}) if tier is not None and KINDS[kind].tiered else {}
    return {**KINDS[kind].defaults, **own}


def with_kind_defaults(data: Any) -> Any:
    """Raw data of a touchpoint with its kind's defaults in place of keys that it leaves out."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str) or data["kind"] not in KINDS:
        return data
    tier = data.get("tier")
    return {**default_numbers(data["kind"], tier if isinstance(tier, str) else None), **data}


def is_default(touchpoint: Touchpoint, name: str) -> bool:
    """Whether a number is the one that its kind (or the schema) would have given."""
    plain = _plain(type(touchpoint), touchpoint.kind, touchpoint.tier)
    return bool(getattr(touchpoint, name) == getattr(plain, name))


@functools.cache
def _plain(model: type[Touchpoint], kind: str, tier: str | None) -> Touchpoint:
    """A touchpoint of which only the kind and tier are said."""
    return model.model_validate({"kind": kind, "tier": tier})


def with_extensions(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem], set[KeyPath]]:
    """A scenario's raw data with every touchpoint that `extends` another filled in from it.

    A name means the touchpoint of that name, else the kind; a touchpoint named like a kind may extend the kind.

    Returns:
        the data (only touchpoints are new), what is wrong, and the paths of values that were inherited.
    """
    touchpoints = data.get("touchpoints")
    if not isinstance(touchpoints, dict) or not any(
        "extends" in t for t in touchpoints.values() if isinstance(t, dict)
    ):
        return dict(data), [], set()
    family = _Family(touchpoints)
    filled = {name: family.filled(name) for name in touchpoints}
    inherited: set[KeyPath] = {
        ("touchpoints", name, key)
        for name, raw in touchpoints.items() if isinstance(raw, dict)
        for key in filled[name].keys() - raw.keys()
    }  # fmt: skip
    return {**data, "touchpoints": filled}, family.problems, inherited


class _Family:
    """Touchpoints of a file and whom each extends."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._done: dict[str, Any] = {}
        self.problems: list[Problem] = []

    def filled(self, name: str, line: tuple[str, ...] = ()) -> Any:
        """A touchpoint with what it inherits; `line` are the heirs that asked for it."""
        if name not in self._done:
            own = self._raw[name]
            extends = isinstance(own, dict) and isinstance(own.get("extends"), str)
            self._done[name] = self._heir(name, own, (*line, name)) if extends else own
        return self._done[name]

    def _heir(self, name: str, own: dict[str, Any], line: tuple[str, ...]) -> dict[str, Any]:
        parent = own["extends"]
        at: KeyPath = ("touchpoints", name, "extends")
        if parent in line[:-1]:
            circle = " -> ".join((*line[line.index(parent) :], parent))
            return self._wrong(at, f"goes round in a circle ({circle}); expected one of them to extend a kind", own)
        if parent == name and parent not in KINDS:
            return self._wrong(at, "extends itself; expected another touchpoint, or a kind", own)
        if parent in self._raw and parent != name:
            inherited = self.filled(parent, line)
        elif parent in KINDS:
            inherited = {"kind": parent}
        else:
            names = list(dict.fromkeys((*(other for other in self._raw if other != name), *KINDS)))
            return self._wrong(at, unknown("touchpoint or kind", parent, names), own)
        if not isinstance(inherited, dict):
            return own
        kind = inherited.get("kind")
        if own.get("kind", kind) != kind:
            message = (
                f"is {own['kind']!r}, but {parent!r}, which it extends, is of kind {kind!r}; leave one of them out"
            )
            return self._wrong(("touchpoints", name, "kind"), message, own)
        out = {key: value for key, value in inherited.items() if key not in ("extends", "label")} | own
        for key in _PARTS:
            if isinstance(inherited.get(key), dict) and isinstance(own.get(key), dict):
                out[key] = inherited[key] | own[key]
        return out

    def _wrong(self, path: KeyPath, message: str, own: dict[str, Any]) -> dict[str, Any]:
        """Note a mistake; some kind stands in, so that the rest can be checked."""
        self.problems.append(Problem(path, message))
        return {"kind": "display", **own}
