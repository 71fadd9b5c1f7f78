"""Whom ads are shown to, and how often at most: what a data platform does to the media of a day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import MEDIA
from agorasim.ecosystem.mechanisms.identity import Bits, Flags

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema.data_platform import Audience

Array = NDArray[Any]
_FIXED: Final = 65536  # expected users are summed as integers in this unit, as `Media` does
_PLENTY: Final = 1e6  # impressions per user and day beyond which more of them change nothing


def ads(world: World, b: int, t: int) -> Flags:
    """Which of today's pairs are a brand's ads on touchpoint t: neither presence nor messages to members."""
    pairs = world.w.pairs
    paid = (pairs["mode"] == MEDIA) & (pairs["members"] == 0)
    return np.asarray((pairs["brand"] == b) & (pairs["touch"] == t) & paid)


def counted(there: Bits, matched: Flags, media: list[np.uint32]) -> Bits:
    """Touchpoints that may recognise people without counting them twice under a frequency cap, bits (n,).

    Args:
        there: where people are known or could be recognised.
        matched: all identities are found to be one person's, (n,).
        media: bits of touchpoints whose ads one cap counts together, by name. People whose identities are not matched
            cannot be counted across touchpoints: they are recognised at the first of these only.
    """
    first = np.zeros_like(there)
    for here in media:
        first |= (there & here) * (first == 0)
    others = ~np.bitwise_or.reduce(np.array(media, dtype=np.uint32))
    return np.where(matched, ~np.uint32(0), first | others)


def counters(shared: Flags, media: Array) -> Array:
    """Which frequency counter each touchpoint has (its group's, by the first of it), (T,); -1: it shows no ads.

    Args:
        shared: see `identity.sharing`, (T, T).
        media: touchpoints that sell ads, (T,) bool.
    """
    first = shared.argmax(axis=1)
    kept = np.unique(first[media])
    return np.where(media, np.searchsorted(kept, first), -1)


def cap(world: World, b: int, counter: Array, rows: Array) -> None:
    """Count a brand's paid impressions over all touchpoints that share data: touchpoint t's in `rows[counter[t]]`."""
    pairs = world.w.pairs
    most = math.floor(world.lever(b, "data_platform.frequency_cap") + 0.5)
    mine = np.flatnonzero((pairs["brand"] == b) & (pairs["mode"] == MEDIA) & (pairs["members"] == 0))
    own = counter[pairs["touch"][mine]]
    pairs["group"][mine] = np.where(own >= 0, rows[own], -1)
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
        special = np.flatnonzero(chosen if audience.who == "retarget" else ~chosen)
        users = int(np.rint(w.use[t, special].astype(np.float64) * _FIXED).sum()) / _FIXED
        if audience.who != "retarget":
            users = world.media.users[t] - users
        each = bought[b, t] * world.media.users[t] / users if users > 0.0 else 0.0
        world.set_pair_mean(int(p), min(each, _PLENTY))


def choose(there: Flags, seen: Array | None, bought: Array | None, since: int, excluded: int) -> Flags:
    """Whom ads on a touchpoint are shown to today, (N,).

    Args:
        there: who is known at the touchpoint, (N,).
        seen: day of the last event that makes somebody worth retargeting, as stored (N,); None: everybody is.
        bought: day of the last purchase, likewise; None: buyers are not left out.
        since: first day on which such an event counts, as stored.
        excluded: first day on which such a purchase does.
    """
    chosen = np.ones(len(there), dtype=bool) if seen is None else there & (seen >= since)
    if bought is not None:
        chosen &= ~(there & (bought >= excluded))
    return chosen
