"""Whom ads are shown to, and how often at most: what a data platform does to the media of a day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import MEDIA
from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.identity import NEVER, Bits, Flags

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema.data_platform import Audience

Array = NDArray[Any]
_FIXED: Final = 65536  # expected users are summed as integers in this unit, as `Media` does
_PLENTY: Final = 1e6  # impressions per user and day beyond which more of them change nothing


class Knowledge(NamedTuple):
    """What a brand can act on this morning."""

    direct: Bits
    """Touchpoints that identified the person themselves, (N,)."""
    known: Bits
    """Touchpoints where they are identified, or matched from elsewhere, (N,)."""
    captured: Bits
    """Touchpoints that could recognise the person, who consents, (N,)."""
    matched: Flags
    """All identities are found to be one person's, (N,)."""
    shared: Flags
    """Which touchpoints share data, (T, T)."""
    last: Array
    """Last usable event by touchpoint, (N, T); `NEVER` without one."""


def ads(world: World, b: int, t: int) -> Flags:
    """Which of today's pairs are a brand's ads on touchpoint t: neither presence nor messages to members."""
    pairs = world.w.pairs
    paid = (pairs["mode"] == MEDIA) & (pairs["members"] == 0)
    return np.asarray((pairs["brand"] == b) & (pairs["touch"] == t) & paid)


def recognised(known: Knowledge, media: np.uint32, by_name: Array | None) -> Bits:
    """Where people are known, or will be once they click, visit or see an ad today, bits (N,).

    Whose identities are not matched cannot be counted across touchpoints: under a common frequency cap (`by_name` is
    the order of touchpoints, None without) they are recognised at one of those that sell `media`, the first by name.
    """
    there = known.known | known.captured
    if by_name is None:
        return there
    first = np.zeros_like(there)
    for t in by_name:
        here = there & identity.bit(int(t)) & media
        first = np.where(first == 0, here, first)
    alone = (there & ~media) | first
    return np.where(known.matched, there, alone).astype(np.uint32)


def cap(world: World, b: int, shared: Flags, first_row: int) -> None:
    """Count a brand's paid impressions over all touchpoints that share data, from a row of `shown` on."""
    pairs = world.w.pairs
    most = math.floor(world.lever(b, "data_platform.frequency_cap") + 0.5)
    for t in range(len(shared)):
        mine = ads(world, b, t)
        # Touchpoints that share data count together, in the row of the first of them.
        pairs["group"][mine] = first_row + int(shared[t].argmax())
        pairs["most"][mine] = most


def aim(
    world: World, b: int, t: int, row: int, chosen: Flags, audience: Audience, bought: dict[tuple[int, int], float]
) -> None:
    """Show a brand's ads on touchpoint t to the chosen only, with all the money that there is for it.

    `bought` keeps what that money buys per user at large, by brand and touchpoint.
    """
    w = world.w
    w.audience[row] = chosen
    for p in np.flatnonzero(ads(world, b, t)):
        if world.media_fresh or (b, t) not in bought:
            bought[b, t] = float(w.pairs["mean"][p])
        w.pairs["audience"][p] = row
        # Users at large are known of every touchpoint; of single people only those in or out of an audience.
        special = chosen if audience.who == "retarget" else ~chosen
        users = int(np.rint(w.use[t, special].astype(np.float64) * _FIXED).sum()) / _FIXED
        if audience.who != "retarget":
            users = world.media.users[t] - users
        each = bought[b, t] * world.media.users[t] / users if users > 0.0 else 0.0
        world.set_pair_mean(int(p), min(each, _PLENTY))


def choose(
    audience: Audience, t: int, known: Knowledge, touched: Array, paid: Array, visiting: Flags, today: int, fresh: int
) -> Flags:
    """Whom ads on touchpoint t are shown to today, (N,).

    Args:
        audience: who is wanted.
        t: the touchpoint.
        known: what the brand can act on.
        touched: last identified visit or click by touchpoint, (N, T).
        paid: last identified purchase by touchpoint, (N, T).
        visiting: touchpoints where `touched` are visits rather than clicks, (T,).
        today: the day.
        fresh: days until what happened can be acted on.
    """
    there = identity.has(known.known, identity.bit(t))
    if audience.who == "retarget":
        events = paid if "purchase" in audience.events else np.full_like(paid, NEVER)
        for kind, of in (("visit", visiting), ("click", ~visiting)):
            if kind in audience.events:
                events = np.where(of, np.maximum(events, touched), events)
        seen = identity.latest(events, t, known.matched, known.shared)
        chosen = there & identity.usable(seen, today, fresh, audience.within)
    else:
        chosen = np.ones(len(there), dtype=bool)
    if audience.exclude_buyers is not None:
        last = identity.latest(paid, t, known.matched, known.shared)
        chosen &= ~(there & identity.usable(last, today, fresh, audience.exclude_buyers))
    return chosen
