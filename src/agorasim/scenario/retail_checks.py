"""Checks of retail operations: what a place needs for its stock rules, and which places go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agorasim.errors import unknown
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.problems import KeyPath

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.schema import Brand, Place, Sells


def check_retail(s: Subject) -> None:
    """Note what is wrong with stock rules, showrooms, pools and returns."""
    for path, seller in _sellers(s):
        _stock_rules(s, path, seller)
    for name, place in s.scenario.places.items():
        _showroom(s, ("places", name), place)
    for name, brand in s.scenario.brands.items():
        if brand.inventory is not None:
            _pools(s, name, brand)
        if brand.unseen is not None and not _sold_online(s, name) and s.trusted("brands", name, "sells"):
            s.report(("brands", name, "unseen"), "the brand sells nothing online (see 'sells'), so nothing is unseen")


def _sellers(s: Subject) -> Iterator[tuple[KeyPath, Place | Sells]]:
    for name, place in s.scenario.places.items():
        yield ("places", name), place
    for name, brand in s.scenario.brands.items():
        for touchpoint, sells in brand.sells.items():
            yield ("brands", name, "sells", touchpoint), sells


def _stock_rules(s: Subject, path: KeyPath, seller: Place | Sells) -> None:
    if not s.trusted(*map(str, path)):
        return
    for key in ("replenish", "back_order"):
        if getattr(seller, key) is not None and seller.stock is None:
            s.report((*path, key), "without 'stock' nothing ever runs out; give the units at the start as 'stock'")
    if seller.replenish is not None and seller.restock_every != 1:
        s.report(
            (*path, "restock_every"),
            "deliveries follow 'replenish' here; remove 'restock_every', or remove 'replenish'",
        )


def _showroom(s: Subject, path: KeyPath, place: Place) -> None:
    if not place.showroom or not s.trusted(*map(str, path)):
        return
    for key in ("stock", "capacity", "queue", "replenish", "back_order", "pickup", "open_share"):
        if getattr(place, key) is not None:
            s.report((*path, key), f"a showroom sells nothing, so it has no {key!r}; remove it, or 'showroom'")
    if place.brand in s.scenario.brands and not _sold_online(s, place.brand):
        s.report((*path, "showroom"), f"brand {place.brand!r} sells nothing online, so nobody could buy what is shown")


def _sold_online(s: Subject, brand: str) -> bool:
    return bool(s.names("brands", brand, "sells"))


def places_of(s: Subject, brand: str) -> dict[str, Place | Sells]:
    """Where a brand sells: its online sellers and shops by name."""
    model = s.scenario.brands[brand]
    shops = {name: p for name, p in s.scenario.places.items() if p.brand == brand and not p.showroom}
    return {**model.sells, **shops}


def _pools(s: Subject, name: str, brand: Brand) -> None:
    assert brand.inventory is not None
    there = places_of(s, name)
    taken: dict[str, str] = {}
    for pool, members in brand.inventory.pools.items():
        at = ("brands", name, "inventory", "pools", pool)
        if not s.trusted(*at):
            continue
        known = []
        for k, member in enumerate(members):
            if member not in there:
                if s.trusted("brands", name, "sells") and s.trusted("places"):
                    s.report((*at, k), unknown(f"place of brand {name!r}", member, there))
            elif member in taken:
                s.report((*at, k), f"{member!r} sells from the pool {taken[member]!r} already")
            elif there[member].stock is None:
                s.report((*at, k), f"{member!r} has no 'stock' to share; give its units at the start")
            else:
                taken[member] = pool
                known.append(member)
        _alike(s, at, {member: there[member] for member in known})


def _alike(s: Subject, at: KeyPath, members: dict[str, Place | Sells]) -> None:
    """Members of a pool get their goods by one rule; s and S add up, everything else must be equal."""
    rules: dict[str, str] = {}
    for name, seller in members.items():
        rule = seller.replenish
        shown = f"every {seller.restock_every} days" if rule is None else (
            f"lead of {rule.lead_days} days, {rule.order_cost:g} an order, {rule.holding_cost:g} a unit and night"
        )  # fmt: skip
        rules.setdefault(shown, name)
    if len(rules) > 1:
        told = "; ".join(f"{name!r}: {rule}" for rule, name in rules.items())
        s.report(at, f"places that share a stock must get their goods by the same rule ({told})")


def is_online(s: Subject, touchpoint: str) -> bool:
    """Whether a touchpoint exists and is online."""
    found = s.scenario.touchpoints.get(touchpoint)
    return found is not None and KINDS[found.kind].online
