"""Checks of bridges: both ends of a way from one channel to another must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import unknown
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.problems import KeyPath

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.schema import Brand
    from agorasim.scenario.schema.bridges import EventFollowUp


def check_bridges(s: Subject) -> None:
    """Note what is wrong with pick-up in shops and with the bridges of brands."""
    _pickups(s)
    for name, brand in s.scenario.brands.items():
        at = ("brands", name, "bridges")
        if brand.bridges is not None and s.trusted(*at):
            _shops_exist(s, at, name, brand)
            _targets(s, at, name, brand)
            _search(s, at, brand)


def _pickups(s: Subject) -> None:
    for name, place in s.scenario.places.items():
        if place.pickup is None or place.brand not in s.scenario.brands:
            continue
        at = ("places", name, "pickup", "via")
        _sold_at(s, at, place.pickup.via, place.brand)
        if pickup_name(name) in s.scenario.places or pickup_name(name) in s.scenario.touchpoints:
            s.report(("places", name, "pickup"), f"pick-up needs the name {pickup_name(name)!r}; rename what has it")


def pickup_name(place: str) -> str:
    """The place that orders for pick-up at a shop are counted under."""
    return f"{place}_pickup"


def _sold_at(s: Subject, at: KeyPath, touchpoint: str, brand: str) -> None:
    sellers = s.names("brands", brand, "sells")
    if touchpoint not in sellers and s.trusted(*map(str, at)) and s.listed("brands", brand, "sells"):
        s.report(at, unknown(f"online seller of brand {brand!r}", touchpoint, sellers))


def _shops_exist(s: Subject, at: KeyPath, name: str, brand: Brand) -> None:
    """Bridges that lead to or from shops need one."""
    assert brand.bridges is not None
    shops = [p for p in s.scenario.places.values() if p.brand == name]
    if not s.trusted("places"):
        return
    for key in ("join_in_store", "location_coupons", "retarget_buyers", "return_in_store", "destination"):
        if getattr(brand.bridges, key) is None:
            continue
        if not shops:
            s.report((*at, key), f"brand {name!r} has no shop under 'places' that this could start from")
        elif key in ("location_coupons", "retarget_buyers") and all(p.showroom for p in shops):
            s.report((*at, key), f"brand {name!r} has showrooms only, where nothing is bought")
    returned = brand.returns is not None or not s.trusted("brands", name, "returns")
    if brand.bridges.return_in_store is not None and not returned:
        s.report((*at, "return_in_store"), "nothing is returned unless the brand has 'returns'")
    seen = any(p.touchpoint in brand.owns for p in shops) or not s.trusted("brands", name, "owns")
    if brand.bridges.destination is not None and shops and not seen:
        s.report((*at, "destination"), f"brand {name!r} does not show itself in its shops (see 'owns')")


def _targets(s: Subject, at: KeyPath, name: str, brand: Brand) -> None:
    """Bridges that name a touchpoint."""
    assert brand.bridges is not None
    join, ads, event = brand.bridges.join_in_store, brand.bridges.retarget_buyers, brand.bridges.event_follow_up
    owned = s.names("brands", name, "owns")
    if join is not None:
        here = (*at, "join_in_store", "into")
        s.touchpoint(here, join.into, lambda kind: kind.members_only, "has no members")
        if join.into in s.names("touchpoints") and join.into not in owned and s.listed("brands", name, "owns"):
            s.report(here, unknown(f"owned touchpoint of brand {name!r}", join.into, owned))
    if ads is not None:
        here = (*at, "retarget_buyers", "touchpoint")
        s.touchpoint(here, ads.touchpoint, lambda kind: kind.buys_media and not kind.on_need, "shows no bought ads")
        found = s.scenario.touchpoints.get(ads.touchpoint)
        aims = found is None or not KINDS[found.kind].buys_media or found.targeting in ("behaviour", "person")
        if not aims and s.trusted("touchpoints", ads.touchpoint):
            s.report(
                here,
                f"touchpoint {ads.touchpoint!r} cannot aim at people for what they did;"
                f" set 'touchpoints.{ads.touchpoint}.targeting' to 'behaviour' or 'person'",
            )
    if event is not None:
        _event(s, (*at, "event_follow_up"), name, event, owned)


def _event(s: Subject, at: KeyPath, name: str, event: EventFollowUp, owned: list[str]) -> None:
    s.touchpoint((*at, "event"), event.event, lambda kind: kind is KINDS["event"], "is no event")
    if event.event in s.names("touchpoints") and event.event not in owned and s.listed("brands", name, "owns"):
        s.report((*at, "event"), unknown(f"owned touchpoint of brand {name!r}", event.event, owned))
    _sold_at(s, (*at, "to"), event.to, name)


def _search(s: Subject, at: KeyPath, brand: Brand) -> None:
    assert brand.bridges is not None
    if brand.bridges.branded_search is None:
        return
    if not any(KINDS[t.kind].on_need for t in s.scenario.touchpoints.values()) and s.trusted("touchpoints"):
        s.report((*at, "branded_search"), "there is no touchpoint of kind 'search' to search on")
