"""Purses: one coupon a person and brand. What is in them, which orders use it, and what would have happened without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.choice import choose_one

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]
#: Minor units that a purse can hold.
MOST: Final = 2**31 - 1


def held(world: World, source: int, b: int) -> int:
    """People whose purse holds a coupon of brand b from `source` that can be used after today."""
    w = world.w
    who = np.flatnonzero(w.rebate_source[:, b] == source)
    return int(np.count_nonzero((w.rebate[who, b] > 0) & (w.rebate_until[who, b] > world.day)))


def empty(world: World, who: Array, b: int) -> NDArray[np.bool_]:
    """Whose purse has no coupon of the brand that can be used today, (len(who),)."""
    w = world.w
    out: NDArray[np.bool_] = (w.rebate[who, b] <= 0) | (w.rebate_until[who, b] < world.day)
    return out


def issue(world: World, who: Array, b: int, minor: Any, days: int, where: int, source: int) -> int:
    """Give a coupon (minor units, one number or one for each) to those of `who` (n,) whose purse holds none as large.

    Returns how many got one.
    """
    return int(world.give(who, b, np.minimum(minor, MOST), days, where, source).sum())


def redeeming(world: World, source: int) -> NDArray[np.int64]:
    """Numbers of today's orders that will use a coupon from `source`: after rationing, before they are settled."""
    w, orders, table = world.w, world.orders, world.market.table
    offer = orders["offer"]
    codes = orders["consumer"].astype(np.int64) * len(world.scenario.brands) + table["brand"][offer]
    found = np.flatnonzero(w.rebate_source.reshape(-1)[codes] == source)
    codes, offer = codes[found], offer[found]
    fits = (orders["served"][found] == 1) & (w.rebate.reshape(-1)[codes] > 0)
    fits &= w.rebate_until.reshape(-1)[codes] >= world.day
    fits &= (w.rebate_where.reshape(-1)[codes] & table["channel"][offer]) > 0
    fits &= table["price"][offer] > 0
    # The first order that can use it does; orders stand sorted by consumer and number.
    found, codes = found[fits], codes[fits]
    _, first = np.unique(codes, return_index=True)
    out: NDArray[np.int64] = found[np.sort(first)]
    return out


def anyway(world: World, numbers: Array) -> NDArray[np.bool_]:
    """Which of today's orders would have been for the same brand without the coupon, (len(numbers),).

    The choice is made again with the same draws and an empty purse, so that this is no estimate. Orders of an earlier
    day that are served today count as what would have been bought anyway.
    """
    w, table = world.w, world.market.table
    out = np.zeros(len(numbers), dtype=bool)
    nowhere = np.int64(len(table))  # no offer is barred, and nothing is counted
    for k, number in enumerate(numbers.tolist()):
        order = world.orders[number]
        i, b = np.int64(order["consumer"]), int(table["brand"][order["offer"]])
        if order["sequence"] >= w.needs[i]:
            out[k] = True
            continue
        until = int(w.rebate_until[i, b])
        w.rebate_until[i, b] = -1
        other = choose_one(w, i, np.int64(order["sequence"]), nowhere)
        w.rebate_until[i, b] = until
        out[k] = other >= 0 and table["brand"][other] == b
    return out
