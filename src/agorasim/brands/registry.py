"""Policies by name: the built-in ones, those that installed packages offer, and those registered while running."""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar

from agorasim.brands.policy import Policy
from agorasim.errors import InputError, unknown

GROUP: Final = "agorasim.policies"
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

#: Name to "module:class"; nothing is imported before it is asked for.
BUILT_IN: Final[dict[str, str]] = {
    "ab_test": "agorasim.brands.policies.ab_test:AbTest",
    "alert_threshold": "agorasim.brands.policies.alert_threshold:AlertThreshold",
    "auto_pause": "agorasim.brands.policies.auto_pause:AutoPause",
    "crisis_response": "agorasim.brands.policies.crisis_response:CrisisResponse",
    "dynamic_price": "agorasim.brands.policies.dynamic_price:DynamicPrice",
    "fixed_plan": "agorasim.brands.policies.fixed_plan:FixedPlan",
    "match_share_of_voice": "agorasim.brands.policies.match_share_of_voice:MatchShareOfVoice",
    "private_domain_first": "agorasim.brands.policies.private_domain_first:PrivateDomainFirst",
    "reallocate_by_roi": "agorasim.brands.policies.reallocate_by_roi:ReallocateByRoi",
    "season_aware": "agorasim.brands.policies.season_aware:SeasonAware",
}

_registered: dict[str, type[Policy]] = {}

P = TypeVar("P", bound=type[Policy])


def policy_names() -> list[str]:
    """Every known policy, sorted. InputError when two packages offer one name."""
    return sorted({*BUILT_IN, *_plugins(), *_registered})


def policy_class(name: str) -> type[Policy]:
    """The policy of that name. InputError when there is none (naming the nearest) or its package cannot be loaded."""
    if name in _registered:
        return _registered[name]
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found: type[Policy] = getattr(importlib.import_module(module), attribute)
        return found
    plugins = _plugins()
    if name not in plugins:
        raise InputError(unknown("policy", name, policy_names()))
    return _loaded(plugins[name])


def make_policy(name: str, settings: Mapping[str, Any] | None = None) -> Policy:
    """A fresh policy from its name and plain settings. InputError for an unknown name or wrong settings."""
    return policy_class(name).from_settings(settings or {})


def describe() -> list[tuple[str, str]]:
    """(name, one-line description) of every policy; one that cannot be loaded says so instead of raising."""
    out = []
    for name in policy_names():
        try:
            out.append((name, policy_class(name).description))
        except InputError as error:
            out.append((name, f"({error})"))
    return out


def register(cls: P) -> P:
    """Make a policy known by its `name` for the rest of this process; usable as a decorator.

    Running the same definition again replaces it (as notebooks do). InputError when the class cannot be a policy or
    its name belongs to another one.
    """
    _require_policy(cls, f"{cls!r}")
    held = _registered.get(cls.name)
    again = held is not None and (held.__module__, held.__qualname__) == (cls.__module__, cls.__qualname__)
    if not again and cls.name in policy_names():
        raise InputError(f"a policy named {cls.name!r} exists already; give {cls.__qualname__} another name")
    _registered[cls.name] = cls
    return cls


def registered() -> dict[str, type[Policy]]:
    """Policies registered in this process, by name: what a runner hands to its workers (`register` each there)."""
    return dict(_registered)


@functools.cache
def _plugins() -> dict[str, EntryPoint]:
    """Entry points by policy name. InputError when a name is taken."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        package = _package(point)
        if point.name in BUILT_IN:
            raise InputError(f"package {package!r} offers a policy {point.name!r}, which is built in; uninstall it")
        other = found.setdefault(point.name, point)
        # One distribution may be seen twice on the path (an editable install beside a wheel).
        if other.value != point.value:
            raise InputError(f"{_package(other)!r} and {package!r} both offer a policy {point.name!r}; uninstall one")
    return found


def _loaded(point: EntryPoint) -> type[Policy]:
    """The class behind an entry point. InputError, in one message, whatever goes wrong in foreign code."""
    owner = f"policy {point.name!r} of package {_package(point)!r} ({point.value})"
    try:
        cls = point.load()
    except Exception as error:
        raise InputError(f"{owner} cannot be loaded: {type(error).__name__}: {error}") from error
    _require_policy(cls, owner)
    if cls.name != point.name:
        raise InputError(f"{owner} calls itself {cls.name!r}; its `name` must equal the entry point's")
    return cls  # type: ignore[no-any-return]


def _require_policy(cls: Any, owner: str) -> None:
    """InputError unless `cls` is a complete policy."""
    if not (inspect.isclass(cls) and issubclass(cls, Policy)):
        raise InputError(f"{owner} is not a subclass of agorasim.Policy")
    if not NAME.fullmatch(cls.name):
        raise InputError(f"{owner} needs a `name` of letters, digits and underscores, got {cls.name!r}")
    if inspect.isabstract(cls):
        raise InputError(f"{owner} does not define decide()")


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module
