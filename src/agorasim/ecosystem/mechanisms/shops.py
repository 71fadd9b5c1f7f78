"""What retail mechanisms and bridges ask about a brand's shops, and about orders that are answered anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import ORDERS_WRITTEN

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]


def shop_bits(world: World, brand: str) -> int:
    """The bits of `visited` that stand for touchpoints where a brand has shops or showrooms."""
    names = {p.touchpoint for p in world.scenario.places.values() if p.brand == brand}
    return sum(1 << world.media.bits[name] for name in names if name in world.media.bits)


def nearest_shop(world: World, brand: str) -> tuple[NDArray[np.float64], Array]:
    """Distance in km to the brand's nearest selling shop, and its row among the offers, both (N,); inf and -1: none."""
    traits = world.w.traits
    best, row = np.full(world.size, np.inf), np.full(world.size, -1, dtype=np.int64)
    for k, offer in enumerate(world.market.offers):
        if offer.brand != brand or not offer.located or offer.pickup_at is not None:
            continue
        km = np.hypot(traits["x"].astype(np.float64) - offer.x, traits["y"].astype(np.float64) - offer.y)
        closer = km < best
        best[closer], row[closer] = km[closer], k
    return best, row


def keep_orders(world: World, kept: Array) -> None:
    """Leave only some of today's orders standing; `kept` is a mask over them."""
    w = world.w
    stay = world.orders[kept]
    w.orders[: len(stay)] = stay
    w.counts[ORDERS_WRITTEN] = len(stay)


def next_best(world: World, at: Array, barred: Array) -> Array:
    """What those who placed the orders `at` (n,) would choose without the offers `barred` (n, O); -1: nothing.

    Their own offers are among the barred, and stay written in the orders.
    The draws are those of the first choice, so that this is exactly the choice among what is left.
    """
    orders, table = world.orders, world.w.offers
    at = np.asarray(at, dtype=np.int64)
    had, doors = orders["offer"][at], table["open"].copy()
    if (barred.sum(axis=1) == 1).all() and barred[np.arange(len(at)), had].all():
        world.second_choice(at)
    else:
        # People for whom the same doors are closed choose together.
        whose = np.zeros(len(at), dtype=np.int64)
        for bits in np.packbits(barred, axis=1).T:
            whose = np.unique(whose * 256 + bits, return_inverse=True)[1].reshape(-1)
        for group in range(int(whose.max(initial=-1)) + 1):
            mine = np.flatnonzero(whose == group)
            table["open"] = doors & ~barred[mine[0]]
            world.second_choice(at[mine])
        table["open"] = doors
    found = orders["offer"][at].astype(np.int64)
    orders["offer"][at] = had
    return found
