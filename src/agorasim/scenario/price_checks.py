"""Checks of prices and loyalty: whom coupons go to, when discounts run and where both can be used must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import unknown
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.problems import KeyPath
    from agorasim.scenario.schema import Brand


def check_prices(s: Subject) -> None:
    """Note what is wrong with coupons, promotions, win-back offers and churn."""
    for name, brand in s.scenario.brands.items():
        at = ("brands", name)
        _coupons(s, at, name, brand)
        for key, promotion in brand.promotions.items():
            path = (*at, "promotions", key)
            _usable(s, path, name, brand, promotion.where)
            festivals = s.names("calendar", "festivals")
            if promotion.festival is not None and promotion.festival not in festivals:
                s.report((*path, "festival"), unknown("festival", promotion.festival, festivals))
        if brand.win_back is not None and s.trusted(*at, "win_back"):
            _usable(s, (*at, "win_back"), name, brand, brand.win_back.where)
    if (
        s.scenario.category.churn is not None
        and s.scenario.category.kind == "durable"
        and s.trusted("category", "kind")
    ):
        s.report(
            ("category", "churn"), "a durable is bought once, so that nobody can leave; expected category.kind: repeat"
        )


def _coupons(s: Subject, at: tuple[str, ...], name: str, brand: Brand) -> None:
    for key, coupon in brand.coupons.items():
        path = (*at, "coupons", key)
        _usable(s, path, name, brand, coupon.where)
        for k, segment in enumerate(coupon.segments):
            if segment not in s.names("population", "segments"):
                s.report((*path, "segments", k), unknown("segment", segment, s.names("population", "segments")))
        for_members = coupon.to == "members"
        if coupon.touchpoint is not None:
            s.touchpoint((*path, "touchpoint"), coupon.touchpoint, lambda kind: True, "")
            found = s.scenario.touchpoints.get(coupon.touchpoint)
            if found is not None and s.trusted("touchpoints", coupon.touchpoint, "kind"):
                members_only = KINDS[found.kind].members_only
                for_members = for_members or members_only
                if members_only and brand.owns and coupon.touchpoint not in s.names(*at, "owns"):
                    s.report(
                        (*path, "touchpoint"),
                        f"{coupon.touchpoint!r} is for members, and the brand does not run it;"
                        f" add it to brands.{name}.owns",
                    )
        if for_members and not brand.owns and s.trusted(*at, "owns"):
            where = "touchpoint" if coupon.to != "members" else "to"
            s.report((*path, where), f"brand {name!r} has no members: it owns no touchpoint that could be joined")


def _usable(s: Subject, path: KeyPath, name: str, brand: Brand, where: str) -> None:
    """Something that counts in one channel only needs the brand to sell there."""
    if not s.trusted(*map(str, path)):
        return
    shops = any(place.brand == name for place in s.scenario.places.values())
    if where == "online" and not brand.sells and s.trusted("brands", name, "sells"):
        s.report((*path, "where"), f"brand {name!r} sells nowhere online, so that nobody could use it")
    if where == "offline" and not shops and s.trusted("places"):
        s.report((*path, "where"), f"brand {name!r} has no shop, so that nobody could use it")
