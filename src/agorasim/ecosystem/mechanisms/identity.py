"""Who is known where: identities that touchpoints capture, and how far they are found to be one person's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.data_platform import DataPlatform

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint32]
"""A number a person, bit t for touchpoint t."""

#: Day of what never happened: far before any day of a calendar.
NEVER: Final = -(2**30)
SILO, PARTIAL, UNIFIED = 0, 1, 2
_FEW: Final = 30  # groups of people that are counted one by one
#: Share of consenting people whom a touchpoint can recognise, by what it recognises people by (assumptions).
CAPTURED: Final[dict[str, float]] = {
    "none": 0.0, "cookie": 0.5, "device": 0.7, "phone": 0.8, "email": 0.8, "account": 0.7, "member": 1.0,
    "loyalty_card": 0.4,
}  # fmt: skip


def capture_share(scenario: Scenario, platform: DataPlatform, touchpoint: str) -> float:
    """Share of consenting people whom the brand can recognise at a touchpoint."""
    if touchpoint in platform.captures:
        return platform.captures[touchpoint]
    return CAPTURED[scenario.touchpoints[touchpoint].identity]


def checks_out(scenario: Scenario) -> Flags:
    """Touchpoints where every purchase tells the brand who bought (its own online shops), shape (T,)."""
    kinds = [KINDS[t.kind] for t in scenario.touchpoints.values()]
    return np.array([kind.sells and kind.online and not kind.buys_media for kind in kinds], dtype=bool)


def sharing(scenario: Scenario, platform: DataPlatform, integration: int) -> Flags:
    """Whether touchpoint t sees what touchpoint s noted of a matched person, (T, T); symmetric, true for s = t."""
    names = list(scenario.touchpoints)
    if integration == UNIFIED:
        return np.ones((len(names), len(names)), dtype=bool)
    shared = np.eye(len(names), dtype=bool)
    if integration == PARTIAL:
        for group in platform.together or sides(scenario):
            inside = [names.index(name) for name in group if name in names]
            shared[np.ix_(inside, inside)] = True
    return shared


def sides(scenario: Scenario) -> list[list[str]]:
    """Online touchpoints, and offline ones."""
    online: Mapping[str, bool] = {name: KINDS[t.kind].online for name, t in scenario.touchpoints.items()}
    return [[name for name, here in online.items() if here is side] for side in (True, False)]


def usable(days: Array, today: int, freshness: int, within: int | None = None) -> Flags:
    """Whether what happened on `days` can be acted on today: at least `freshness`, at most `within` days old."""
    since = NEVER + 1 if within is None else today - within
    return np.asarray((days <= today - freshness) & (days >= since))


def mask_of(flags: Flags) -> np.uint32:
    """Bits of the touchpoints that are flagged, (T,)."""
    return np.uint32(sum(1 << t for t in np.flatnonzero(flags).tolist()))


def groups(shared: Flags) -> list[np.uint32]:
    """Each set of several touchpoints that share data, as bits; none twice."""
    found = dict.fromkeys(int(mask_of(row)) for row in shared)
    return [np.uint32(mask) for mask in found if mask.bit_count() > 1]


def bit(t: int) -> np.uint32:
    """The bit of a touchpoint."""
    return np.uint32(1 << t)


def place_of(bits: Bits) -> Array:
    """The touchpoint of numbers with one bit each, (n,)."""
    return np.asarray(np.bitwise_count(bits - np.uint32(1)))


def has(bits: Bits, mask: np.uint32) -> Flags:
    """Whether any bit of the mask is set, (N,)."""
    return np.asarray((bits & mask) != 0)


def linked(direct: Bits, captured: Bits, matched: Flags, together: Sequence[np.uint32]) -> Bits:
    """Where people are known, bits (N,): identified there, or matched from a touchpoint that shares its data.

    Args:
        direct: identified at the touchpoint itself, bits (N,).
        captured: could be recognised there, bits (N,).
        matched: the person's identities are found to be one person's, (N,).
        together: see `groups`.
    """
    known = direct.copy()
    for mask in together:
        known |= (captured & mask) * (matched & has(direct, mask))
    return known


def counts(groups_of: Array, groups: int, flags: Flags) -> NDArray[np.int64]:
    """How many of each group are flagged, (groups,); `groups_of` (N,) in as few bytes as can be."""
    if groups <= _FEW:
        found = [np.count_nonzero(flags & (groups_of == g)) for g in range(groups)]
        return np.array(found, dtype=np.int64)
    return np.bincount(groups_of[flags], minlength=groups)


def totals(bits: Bits, touchpoints: Sequence[int], width: int) -> NDArray[np.int64]:
    """How many people have the bit of each of `touchpoints` set, (width,); 0 at others."""
    out, here = np.zeros(width, dtype=np.int64), np.empty_like(bits)
    for t in touchpoints:
        out[t] = np.count_nonzero(np.bitwise_and(bits, bit(t), out=here))
    return out


def spread(places: Mapping[int, int]) -> list[Bits]:
    """Tables from each byte of bits by place to bits by touchpoint: `places` maps a place's bit to a touchpoint."""
    out = []
    byte = np.arange(256)
    for first in range(0, max(places, default=0) + 1, 8):
        table = np.zeros(256, dtype=np.uint32)
        for place, t in places.items():
            if first <= place < first + 8:
                table[(byte >> (place - first)) & 1 > 0] |= bit(t)
        out.append(table)
    return out


def looked_up(bits: Bits, tables: list[Bits]) -> Bits:
    """What the tables of `spread` say of bits by place, (n,)."""
    out = np.zeros(len(bits), dtype=np.uint32)
    for k, table in enumerate(tables):
        out |= table[(bits >> np.uint32(8 * k)) & np.uint32(255)]
    return out


def credits(
    touched: Array, seller: Array, last: Array, matched: Flags, shared: Flags, pixel: Flags, order: Array, today: int,
    window: int,
) -> Flags:  # fmt: skip
    """Which touchpoints the brand's analytics credit with each of n orders, shape (n, T).

    Where nothing is shared (`shared` is the identity), every touchpoint with a touch of the buyer in the window credits
    itself: the seller, and for orders online all with a tracking pixel; so an order may be credited more than once.
    Otherwise the last touch that the seller's data are joined with gets it, at most one.

    Args:
        touched: last day of an identified touch, (n, T).
        seller: touchpoint of the sale, (n,).
        last: the last touch of a day, which goes before others of that day; -1 unknown, (n,).
        matched: the buyer's identities are found to be one person's, (n,).
        shared: see `sharing`, (T, T).
        pixel: whether a touchpoint sees what its clicks lead to at the seller, (T, T): [touchpoint, seller].
        order: rank of each touchpoint among those of one day that cannot be told apart otherwise, (T,).
        today: the day of the orders.
        window: days within which a touch counts.
    """
    count, width = touched.shape
    recent = usable(touched, today, 0, window - 1)
    own = np.arange(width) == seller[:, np.newaxis]
    if np.array_equal(shared, np.eye(width, dtype=bool)):
        return np.asarray(recent & (own | pixel.T[seller]), dtype=bool)
    recent &= np.where(matched[:, np.newaxis], shared[seller], own)
    rank = touched.astype(np.int64) * (2 * width) + np.where(np.arange(width) == last[:, np.newaxis], width, 0) + order
    best = np.where(recent, rank, np.iinfo(np.int64).min).argmax(axis=1)
    out = np.zeros((count, width), dtype=bool)
    out[np.arange(count), best] = True
    return np.asarray(out & recent, dtype=bool)
