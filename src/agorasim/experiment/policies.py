"""Policies and variants as a user writes them, made into the arms of a comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agorasim.brands.registry import make_policy, policy_class
from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import check_change, with_policy
from agorasim.errors import InputError
from agorasim.experiment.coalitions import settings_of
from agorasim.scenario.overrides import parse_set

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: The world that variants are compared with.
AS_IS: Final = "as is"
Policies = Sequence["str | Mapping[str, Any]"] | Mapping[str, "str | Mapping[str, Any]"]


# --- policies -------------------------------------------------------------------------------------------------------


def policy_arms(scenario: Scenario, brand: str, policies: Policies, decisions: str) -> list[Arm]:
    """An arm a policy, in the order given; the brand decides by it from the end of warm-up on.

    Settings of the brand's policy in the scenario that the other policy knows too (a plan, promotions) are kept unless
    they are given.

    Args:
        scenario: the market.
        brand: who decides.
        policies: "name", "name:path=value,path=value" or {"name": ..., settings}; a mapping gives them names of one's
            own.
        decisions: of all other brands, "react" or "held".

    Raises:
        InputError: an unknown policy or setting, a name given twice.
    """
    named = policies.items() if isinstance(policies, Mapping) else ((_label(p), p) for p in policies)
    arms: list[Arm] = []
    for label, policy in named:
        name, settings = _settings(scenario, brand, policy)
        change = with_policy(name, brand=brand, **settings)
        check_change(change, scenario)
        arms.append(Arm(str(label).strip(), (change,), decisions=decisions, detail=not arms))
    _distinct("policy", arms)
    return arms


def _label(policy: str | Mapping[str, Any]) -> str:
    if isinstance(policy, str):
        return policy.strip()
    settings = [f"{key}={json.dumps(value)}" for key, value in policy.items() if key != "name"]
    return f"{policy.get('name', '')}" + (f":{','.join(settings)}" if settings else "")


def _settings(scenario: Scenario, brand: str, policy: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A policy's name and settings, those of the scenario kept where it knows them."""
    if isinstance(policy, str):
        name, _, rest = policy.partition(":")
        changes = dict(_assignments(policy, rest))
    elif "name" in policy:
        name, changes = str(policy["name"]), {str(k): v for k, v in policy.items() if k != "name"}
    else:
        raise InputError(f"a policy needs a name, got {dict(policy)!r}")
    name = name.strip()
    known = policy_class(name).Settings.model_fields
    settings = {k: json.loads(json.dumps(v)) for k, v in settings_of(scenario, brand).items() if k in known}
    for path, value in changes.items():
        _put(settings, path, value)
    make_policy(name, {k: v for k, v in settings.items() if k != "every"})
    return name, settings


def _assignments(whole: str, text: str) -> Iterator[tuple[str, Any]]:
    """`path=value,path=value`; commas inside brackets, braces and quotes belong to a value."""
    for part in _split(text):
        if part.strip():
            try:
                yield parse_set(part)
            except InputError as error:
                told = str(error).replace("--set ", "", 1)
                raise InputError(f"--policy {whole}: {told}") from None


def _split(text: str) -> list[str]:
    parts, depth, quote, start = [], 0, "", 0
    for k, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:k])
            start = k + 1
    return [*parts, text[start:]]


def _put(settings: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a dotted path, making mappings on the way; null takes it out."""
    *above, last = path.split(".")
    here = settings
    for key in above:
        if not isinstance(here.get(key), dict):
            here[key] = {}
        here = here[key]
    if value is None:
        here.pop(last, None)
    else:
        here[last] = value


# --- variants -------------------------------------------------------------------------------------------------------


def parse_variants(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Variants from a command line, each `NAME:path=value`; several of one name make one variant. InputError."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        if not colon or not name.strip() or "=" in name:
            raise InputError(f"--variant {text}: expected NAME:PATH=VALUE, such as cheap:brands.lumo.product.price=15")
        try:
            path, value = parse_set(rest, base="")
        except InputError as error:
            told = str(error).replace("--set ", "", 1)
            raise InputError(f"--variant {text}: {told}") from None
        found.setdefault(name.strip(), {})[path] = value
    return found


def variant_arms(scenario: Scenario, variants: Mapping[str, Mapping[str, Any]]) -> list[Arm]:
    """The scenario as it is, then an arm a variant, with changes from the first day on.

    Raises:
        InputError: a name is taken, or a path or value is wrong.
    """
    arms = [Arm(AS_IS, decisions="react", detail=True)]
    for name, changes in variants.items():
        if not changes:
            raise InputError(f"variant {name!r} changes nothing; give it a path and a value")
        if "seed" in changes:
            raise InputError(
                f"variant {name!r}: seed cannot differ: worlds to be compared share their random numbers (see --seed)"
            )
        try:
            scenario.with_overrides(dict(changes))
        except InputError as error:
            raise InputError(f"variant {name!r}:\n{error}") from None
        arms.append(Arm(str(name).strip(), overrides=tuple(sorted(changes.items())), decisions="react"))
    _distinct("variant", arms)
    return arms


def _distinct(what: str, arms: Sequence[Arm]) -> None:
    labels = [arm.label for arm in arms]
    for label in labels:
        if labels.count(label) > 1:
            taken = f"{label!r} is the scenario itself; choose another name" if label == AS_IS else f"{label!r} twice"
            raise InputError(f"each {what} needs a name of its own: {taken}")
    if len(arms) < 2:
        raise InputError(f"a comparison needs something to compare with: name at least two, got {', '.join(labels)}")
