"""Checks of the funnel and of private domains against the rest of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.errors import unknown
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.catalogue import KindTraits
    from agorasim.scenario.checks import Subject

#: Memberships of a brand that a consumer's row has bits for.
_MOST: Final = 7


def check_funnel(s: Subject) -> None:
    """Touchpoints and places named by the funnel exist and can do what it says of them."""
    settings = s.scenario.data.funnel
    if settings is None:
        return
    at = ("data", "funnel")
    for name in settings.touchpoints:
        s.touchpoint((*at, "touchpoints", name), name, lambda kind: True, "")
    if settings.carts is None:
        return
    places = [*s.names("places"), *{name: None for brand in s.scenario.brands.values() for name in brand.sells}]
    for name in settings.carts.places:
        if name not in places:
            s.report((*at, "carts", "places", name), unknown("place", name, places))
        elif name in s.scenario.places and s.scenario.places[name].showroom and s.trusted("places", name):
            s.report((*at, "carts", "places", name), f"{name!r} is a showroom: nothing is put in a cart there")
    for name in settings.carts.recover:
        s.touchpoint((*at, "carts", "recover", name), name, _reminds, "cannot remind anybody of an open cart")


def check_private_domain(s: Subject) -> None:
    """A private domain stands on members-only touchpoints that the brand runs, and people can come in."""
    events = any(t.kind == "event" for t in s.scenario.touchpoints.values())
    for name, brand in s.scenario.brands.items():
        private = brand.private_domain
        if private is None:
            continue
        at = ("brands", name, "private_domain", "touchpoints")
        owned = s.names("brands", name, "owns")
        for touchpoint, door in private.touchpoints.items():
            s.touchpoint((*at, touchpoint), touchpoint, lambda kind: kind.members_only, "has no members")
            if touchpoint in s.names("touchpoints") and touchpoint not in owned and s.listed("brands", name, "owns"):
                s.report((*at, touchpoint), f"the brand does not run {touchpoint!r}; add it to brands.{name}.owns")
            if door.event > 0.0 and not events and s.trusted("touchpoints"):
                s.report((*at, touchpoint, "event"), "nobody can join at an event: no touchpoint is of kind 'event'")
            shops = any(place.brand == name for place in s.scenario.places.values())
            if door.qr > 0.0 and not shops and s.trusted("places"):
                s.report((*at, touchpoint, "qr"), f"nobody can join in a shop: {name!r} has none under 'places'")
            talks = s.scenario.social.word_of_mouth
            if door.referral > 0.0 and (talks is None or talks.rule != "cascade") and s.trusted("social"):
                s.report(
                    (*at, touchpoint, "referral"),
                    "nobody recommends anything: expected social.word_of_mouth with the rule 'cascade'",
                )
        clubs = [t for t in owned if t in s.scenario.touchpoints and KINDS[s.scenario.touchpoints[t].kind].members_only]
        if len(clubs) > _MOST:
            s.report(
                ("brands", name, "owns"),
                f"a brand with a private domain can run at most {_MOST} members-only touchpoints, got {len(clubs)}",
            )
        for touchpoint, share in brand.initial.members.items():
            if share <= 0.0 or touchpoint in private.touchpoints or touchpoint not in s.names("touchpoints"):
                continue
            if s.trusted("brands", name):
                s.report(
                    ("brands", name, "initial", "members", touchpoint),
                    f"members of {touchpoint!r} belong to no touchpoint of the private domain;"
                    f" add it to brands.{name}.private_domain.touchpoints",
                )


def _reminds(kind: KindTraits) -> bool:
    return not kind.on_need
