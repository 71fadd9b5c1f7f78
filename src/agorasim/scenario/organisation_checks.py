"""Checks of brands' organisations and partners: names that must exist, and settings that must go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agorasim.brands.organisation import part_of
from agorasim.brands.registry import make_policy, policy_names
from agorasim.errors import InputError, unknown

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.problems import KeyPath
    from agorasim.scenario.schema import Brand
    from agorasim.scenario.schema.organisation import Organisation


def check_organisations(s: Subject) -> None:
    """Groups have channels of their own, between them all that policies spend on, and links join groups."""
    for name, brand in s.scenario.brands.items():
        at: KeyPath = ("brands", name, "organisation")
        if brand.organisation is None or not s.trusted("brands", name, "organisation"):
            continue
        _groups(s, at, brand.organisation)
        _shares(s, at, brand.organisation)
        _links(s, at, brand.organisation)
        if s.trusted("brands", name, "policy"):
            _policies(s, name, at, brand, brand.organisation)


def check_partners(s: Subject) -> None:
    """Terms for resellers need resellers, and a reseller's own commission needs terms."""
    kinds = {name: touchpoint.kind for name, touchpoint in s.scenario.touchpoints.items()}
    sellers = {
        place.brand
        for place in s.scenario.places.values()
        if kinds.get(place.touchpoint) == "partner" and not place.showroom
    }
    for name, brand in s.scenario.brands.items():
        if brand.partners is not None and name not in sellers and s.trusted("places") and s.trusted("touchpoints"):
            s.report(
                ("brands", name, "partners"),
                f"brand {name!r} has no reseller; expected a place of its own at a touchpoint of kind 'partner'",
            )
    for key, place in s.scenario.places.items():
        if place.commission is None or place.touchpoint not in kinds:
            continue
        at = ("places", key, "commission")
        if (kind := kinds[place.touchpoint]) != "partner":
            s.report(at, f"only a reseller (touchpoint of kind 'partner') has a commission; this place's is {kind!r}")
        elif (owner := s.scenario.brands.get(place.brand)) is not None and owner.partners is None:
            s.report(at, f"brand {place.brand!r} has no terms for resellers; add brands.{place.brand}.partners")


def _groups(s: Subject, at: KeyPath, organisation: Organisation) -> None:
    if organisation.structure != "central" and not organisation.groups:
        s.report((*at, "structure"), f"{organisation.structure!r} needs groups; list them under 'groups'")
    holder: dict[str, str] = {}
    for key, group in organisation.groups.items():
        for k, channel in enumerate(group.channels):
            path = (*at, "groups", key, "channels", k)
            s.touchpoint(path, channel, lambda kind: True, "")
            if channel in holder:
                s.report(path, f"channel {channel!r} belongs to group {holder[channel]!r} already")
            holder[channel] = key
    if organisation.leading is not None and organisation.leading not in organisation.groups:
        s.report((*at, "leading"), unknown("group", organisation.leading, organisation.groups))


def _shares(s: Subject, at: KeyPath, organisation: Organisation) -> None:
    shares = {key: group.share for key, group in organisation.groups.items()}
    given = [share for share in shares.values() if share is not None]
    if given and len(given) < len(shares):
        without = next(key for key, share in shares.items() if share is None)
        s.report((*at, "groups", without), "has no share, but other groups have; give every group one, or none")
    elif math.fsum(given) > 1.0 + 1e-9:
        s.report((*at, "groups"), f"the shares add up to {math.fsum(given):g}; expected at most 1")


def _links(s: Subject, at: KeyPath, organisation: Organisation) -> None:
    seen: set[frozenset[str]] = set()
    for k, link in enumerate(organisation.links):
        path = (*at, "links", k)
        for group in link:
            if group not in organisation.groups:
                s.report(path, unknown("group", group, organisation.groups))
        if link[0] == link[1] or frozenset(link) in seen:
            s.report(path, f"{' and '.join(link)}: expected two different groups, each pair once")
        seen.add(frozenset(link))
    if organisation.links and organisation.structure == "three_tier":
        s.report((*at, "links"), "under 'three_tier' headquarters moves the money; links are for 'decentralised'")


def _policies(s: Subject, name: str, at: KeyPath, brand: Brand, organisation: Organisation) -> None:
    """Each group's policy is valid by itself and keeps to the group's channels."""
    settings = dict(brand.policy.model_extra or {})
    touchpoints = frozenset(s.names("touchpoints"))
    owned = {channel for group in organisation.groups.values() for channel in group.channels}
    if organisation.groups and (spent := _touchpoints(brand.policy.name, settings)) is not None:
        for channel in sorted(spent & touchpoints - owned):
            s.report((*at, "groups"), f"channel {channel!r} of the policy {brand.policy.name!r} belongs to no group")
    for key, group in organisation.groups.items():
        path, channels = (*at, "groups", key), frozenset(group.channels)
        if group.policy is None:
            if _touchpoints(brand.policy.name, settings) is None:
                continue  # said where the brand's policy is checked
            try:
                make_policy(brand.policy.name, part_of(settings, channels, touchpoints))
            except InputError as error:
                s.report(path, f"its part of the brand's policy is not valid; give the group a policy ({error})")
            continue
        if group.policy.name not in policy_names():
            s.report((*path, "policy", "name"), unknown("policy", group.policy.name, policy_names()))
            continue
        try:
            spends = make_policy(group.policy.name, group.policy.model_extra or {}).touchpoints()
        except InputError as error:
            s.report((*path, "policy"), str(error))
            continue
        for channel in sorted(spends - channels):
            s.report((*path, "policy"), f"spends on {channel!r}, which is not one of the group's channels")


def _touchpoints(policy: str, settings: dict[str, object]) -> set[str] | None:
    """Touchpoints that a policy's settings name; None when they are wrong."""
    try:
        return make_policy(policy, settings).touchpoints()
    except InputError:
        return None
