"""Checks of what brands do with data about people: platforms, audiences, personalised content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.errors import unknown
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.problems import KeyPath
    from agorasim.scenario.schema import Brand
    from agorasim.scenario.schema.data_platform import DataPlatform

#: Touchpoints that a number a person can tell apart.
MOST_TOUCHPOINTS: Final = 32
#: What is fine enough to aim at people for what they did.
_FINE: Final = ("behaviour", "person")


def check_data(s: Subject) -> None:
    """Every mistake in brands' data platforms and personalised content."""
    for name, brand in s.scenario.brands.items():
        if brand.data_platform is not None:
            _platform(s, ("brands", name, "data_platform"), brand, brand.data_platform)
        if brand.personalisation is not None:
            _personalisation(s, name, brand)


def _platform(s: Subject, at: KeyPath, brand: Brand, platform: DataPlatform) -> None:
    count = len(s.names("touchpoints"))
    if count > MOST_TOUCHPOINTS:
        s.report(at, f"a data platform tells at most {MOST_TOUCHPOINTS} touchpoints apart, the scenario has {count}")
    for name, share in platform.captures.items():
        s.touchpoint((*at, "captures", name), name, lambda kind: True, "")
        touchpoint = s.scenario.touchpoints.get(name)
        if touchpoint is None or share == 0.0 or not s.trusted("touchpoints", name):
            continue
        if touchpoint.identity == "none":
            s.report(
                (*at, "captures", name),
                f"touchpoint {name!r} recognises nobody (its identity is 'none'); set 'touchpoints.{name}.identity'",
            )
    _groups(s, at, platform)
    _dates(s, at, platform)
    for name in platform.audiences:
        _audience(s, (*at, "audiences", name), name, brand)


def _groups(s: Subject, at: KeyPath, platform: DataPlatform) -> None:
    owner: dict[str, int] = {}
    for k, group in enumerate(platform.together):
        for j, name in enumerate(group):
            path = (*at, "together", k, j)
            if name not in s.names("touchpoints"):
                s.report(path, unknown("touchpoint", name, s.names("touchpoints")))
            elif name in owner:
                s.report(path, f"touchpoint {name!r} stands in two places; groups that share data must not overlap")
            owner[name] = k


def _dates(s: Subject, at: KeyPath, platform: DataPlatform) -> None:
    fresh, kept = platform.freshness, platform.retention
    if not s.trusted(*map(str, at)):
        return
    if kept is not None and kept < fresh:
        s.report((*at, "retention"), f"erased after {kept} days, before it is usable after {fresh} ('freshness')")
    for name, audience in platform.audiences.items():
        for key in ("within", "exclude_buyers"):
            days = getattr(audience, key)
            if days is None or (key == "within" and audience.who != "retarget"):
                continue
            path = (*at, "audiences", name, key)
            if days < fresh:
                s.report(path, f"{days} days, but what happened is usable only after {fresh} days ('freshness')")
            elif kept is not None and days > kept:
                s.report(path, f"{days} days, but what is noted is erased after {kept} days ('retention')")


def _audience(s: Subject, path: KeyPath, name: str, brand: Brand) -> None:
    s.touchpoint(path, name, lambda kind: kind.buys_media and not kind.on_need, "shows ads to nobody in particular")
    touchpoint = s.scenario.touchpoints.get(name)
    if touchpoint is None or not s.trusted("touchpoints", name):
        return
    if KINDS[touchpoint.kind].buys_media and not KINDS[touchpoint.kind].on_need and touchpoint.targeting not in _FINE:
        s.report(
            path,
            f"touchpoint {name!r} cannot aim at people for what they did (its targeting is {touchpoint.targeting!r});"
            f" set 'touchpoints.{name}.targeting' to one of: {', '.join(_FINE)}",
        )
    bridges = brand.bridges
    if bridges is not None and bridges.retarget_buyers is not None and bridges.retarget_buyers.touchpoint == name:
        s.report(path, f"the ads on {name!r} already have an audience ('bridges.retarget_buyers'); keep one of them")


def _personalisation(s: Subject, name: str, brand: Brand) -> None:
    at = ("brands", name, "personalisation")
    if brand.data_platform is None and s.trusted("brands", name, "data_platform"):
        s.report(at, "nothing is known of people that contacts could be fitted to; add 'data_platform'")
    settings = brand.personalisation
    if settings is None or not s.trusted(*at):
        return
    if settings.generated.screened > 0.0 and settings.people.capacity == 0.0:
        s.report((*at, "generated", "screened"), "nobody looks at the pieces: 'people.capacity' is 0")
