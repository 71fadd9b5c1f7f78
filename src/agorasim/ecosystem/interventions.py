"""What differs in a counterfactual world: channels off, scaled or moved in time, another policy. Pure data, checked.

What "without a channel" means for each kind of touchpoint stands in its traits (`scenario.catalogue.KindTraits.stops`);
`ecosystem.script` carries it out. See docs/counterfactuals.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import InputError, unknown
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: Largest factor: a million times today's money is no response curve any more.
MOST: Final = 1e6


@dataclass(frozen=True)
class Change:
    """What differs from the full world from the end of warm-up on. Hashable; equal changes make equal worlds.

    Attributes:
        brand: whose channels; None means every brand's.
        scale: (channel, factor >= 0), sorted by channel; 0.0 is without the channel.
        shift: (channel, days later), sorted by channel; negative is earlier.
        policy: the brand decides by this policy: canonical JSON, {"name": ..., settings...}, perhaps with "every".
        reallocate: media money that the factors free goes pro rata, by the day's orders, to the brand's other media.
        start, days: window of the factors, counted from the end of warm-up; `days` None means to the end.

    Raises:
        InputError: a value out of bounds, or parts that do not go together.
    """

    brand: str | None = None
    scale: tuple[tuple[str, float], ...] = ()
    shift: tuple[tuple[str, int], ...] = ()
    policy: str | None = None
    reallocate: bool = False
    start: int = 0
    days: int | None = None

    def __post_init__(self) -> None:
        scale = _sorted("factor", ((name, _factor(name, value)) for name, value in self.scale))
        shift = _sorted("shift", ((name, _whole(f"days to shift {name!r} by", value)) for name, value in self.shift))
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "shift", shift)
        if _whole("start", self.start) < 0:
            raise InputError(f"start must be a number of days after warm-up, 0 or more, got {self.start}")
        if self.days is not None and _whole("days", self.days) < 1:
            raise InputError(f"days must be at least 1 (leave it out for 'to the end'), got {self.days}")
        if (self.shift or self.policy) and (self.start, self.days) != (0, None):
            raise InputError("start and days bound factors only; a shift or a policy holds from the end of warm-up on")
        if self.reallocate and any(factor > 1.0 for _, factor in scale):
            raise InputError("reallocate hands on money that a factor below 1 frees; a factor above 1 frees none")
        if self.policy is not None:
            if self.brand is None:
                raise InputError("a policy needs a brand: name the one that decides by it")
            object.__setattr__(self, "policy", _canonical(self.policy))

    @property
    def window(self) -> tuple[int, int | None]:
        """First and past-the-end day of the factors, counted from the end of warm-up."""
        return self.start, None if self.days is None else self.start + self.days

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives back an equal change."""
        out = asdict(self)
        out["scale"] = [list(pair) for pair in self.scale]
        out["shift"] = [list(pair) for pair in self.shift]
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Change:
        """A change from plain data. InputError for unknown keys and wrong values."""
        known = cls.__dataclass_fields__
        for key in data:
            if key not in known:
                raise InputError(unknown("key of a change", key, known))
        parts = dict(data)
        for key in ("scale", "shift"):
            parts[key] = tuple((name, value) for name, value in parts.get(key, ()))
        return cls(**parts)

    def __str__(self) -> str:
        """In words, e.g. "lumo: without search"."""
        parts = []
        if gone := [name for name, factor in self.scale if factor == 0.0]:
            parts.append("without " + ", ".join(gone))
        parts += [f"{name} x {factor:g}" for name, factor in self.scale if factor != 0.0]
        parts += [f"{name} {abs(days)} days {'later' if days > 0 else 'earlier'}" for name, days in self.shift if days]
        if self.policy is not None:
            parts.append(f"policy {json.loads(self.policy)['name']}")
        if self.reallocate:
            parts.append("money reallocated")
        if (self.start, self.days) != (0, None):
            end = "" if self.days is None else f" to {self.start + self.days - 1}"
            parts.append(f"from day {self.start}{end} after warm-up")
        return ("" if self.brand is None else f"{self.brand}: ") + ("; ".join(parts) or "no change")


# --- making changes -------------------------------------------------------------------------------------------------


def without(
    *channels: str, brand: str | None = None, reallocate: bool = False, start: int = 0, days: int | None = None
) -> Change:
    """A world without the channels. InputError when none is named."""
    if not channels:
        raise InputError("without() names no channel; name at least one")
    scale = tuple((name, 0.0) for name in channels)
    return Change(brand=brand, scale=scale, reallocate=reallocate, start=start, days=days)


def only(channels: Collection[str], *, among: Collection[str], brand: str | None = None) -> Change:
    """Of the channels `among`, all but `channels` are off; channels not among them stay. InputError for strangers."""
    for name in channels:
        if name not in among:
            raise InputError(unknown("channel", name, among))
    return Change(brand=brand, scale=tuple((name, 0.0) for name in sorted(set(among)) if name not in channels))


def scaled(channel: str, factor: float, *, brand: str | None = None, start: int = 0, days: int | None = None) -> Change:
    """Media money, or messages sent, times a factor of 0 or more; a channel that is there or not takes 0 or 1 only."""
    return Change(brand=brand, scale=((channel, factor),), start=start, days=days)


def shifted(channel: str, days: int, *, brand: str | None = None) -> Change:
    """Media money of a channel spent that many days later (earlier when negative)."""
    return Change(brand=brand, shift=((channel, days),))


def with_policy(name: str, *, brand: str, **parameters: Any) -> Change:
    """The brand decides by a policy, anew from the end of warm-up, `every` days (its present rhythm unless given)."""
    return Change(brand=brand, policy=json.dumps({"name": name, **parameters}, sort_keys=True))


# --- checking them against a scenario -------------------------------------------------------------------------------


def check_change(change: Change, scenario: Scenario) -> None:
    """InputError, with the nearest valid name, when a scenario has no such brand or channel or it cannot be so."""
    if change.brand is not None and change.brand not in scenario.brands:
        raise InputError(unknown("brand", change.brand, scenario.brands))
    brands = list(scenario.brands) if change.brand is None else [change.brand]
    for name in dict([*change.scale, *change.shift]):
        if name not in scenario.touchpoints:
            raise InputError(unknown("channel", name, scenario.touchpoints))
    for name, factor in change.scale:
        kind = scenario.touchpoints[name].kind
        there_or_not = "presence" in KINDS[kind].stops and any(is_present(scenario, b, name) for b in brands)
        if there_or_not and factor not in (0.0, 1.0):
            raise InputError(
                f"channel {name!r} ({kind}) is there or not, so its factor must be 0 or 1, got {factor:g};"
                " only media money and messages can be scaled"
            )
    for name, _ in change.shift:
        kind = scenario.touchpoints[name].kind
        if not KINDS[kind].buys_media:
            raise InputError(f"channel {name!r} ({kind}) takes no media money, so there is nothing to shift in time")
    counted = scenario.calendar.days - scenario.calendar.warmup
    if change.start >= counted:
        raise InputError(
            f"a change from day {change.start} after warm-up on comes too late: {counted} days are counted"
        )
    if change.policy is not None:
        _check_policy(change, scenario)


def is_present(scenario: Scenario, brand: str, touchpoint: str) -> bool:
    """Whether a brand can be met or bought at a touchpoint, apart from ads there."""
    model = scenario.brands[brand]
    shops = any(p.brand == brand and p.touchpoint == touchpoint for p in scenario.places.values())
    return touchpoint in model.owns or touchpoint in model.sells or shops


def policy_of(change: Change) -> tuple[str, dict[str, Any], int | None]:
    """(name, settings, days between decisions or None for the brand's own) of a change with a policy."""
    settings = json.loads(change.policy or "{}")
    name, every = settings.pop("name", ""), settings.pop("every", None)
    if every is not None and _whole("every", every) < 1:
        raise InputError(f"policy {name!r}: every must be at least 1 day, got {every}")
    return name, settings, every


def _check_policy(change: Change, scenario: Scenario) -> None:
    from agorasim.ecosystem.organisation import policy_of_brand

    name, settings, _ = policy_of(change)
    media = [n for n, t in scenario.touchpoints.items() if KINDS[t.kind].buys_media]
    for touchpoint in sorted(policy_of_brand(scenario, str(change.brand), name, settings).touchpoints()):
        if touchpoint in scenario.touchpoints and touchpoint not in media:
            raise InputError(
                f"policy {name!r}: {touchpoint!r} takes no media money; expected some of: {', '.join(media)}"
            )
        if touchpoint not in media:
            raise InputError(f"policy {name!r}: {unknown('touchpoint', touchpoint, media)}")


# --- checking values ------------------------------------------------------------------------------------------------


def _sorted(what: str, pairs: Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
    out = sorted(dict.fromkeys(pairs), key=lambda pair: pair[0])
    names = [name for name, _ in out]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"channel {name!r} is given more than one {what}")
    return tuple(out)


def _factor(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"the factor of {name!r} must be a number, got {value!r}")
    if not 0.0 <= value <= MOST:
        raise InputError(f"the factor of {name!r} must be from 0 to {MOST:g}, got {value:g}")
    return float(value)


def _whole(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{what} must be a whole number, got {value!r}")
    return value


def _canonical(policy: str) -> str:
    try:
        data = json.loads(policy)
    except ValueError as error:
        raise InputError(f'a policy is written as JSON such as {{"name": "fixed_plan"}}: {error}') from None
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise InputError(f'a policy is written as JSON with a name, such as {{"name": "fixed_plan"}}, got {policy}')
    return json.dumps(data, sort_keys=True)
