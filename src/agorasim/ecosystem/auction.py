"""Search ads by auction: generalised second price over bid x quality, with daily budgets.

Ads are ranked by bid x quality; an ad pays per click what it takes to keep its position, which is the next score over
its own quality (Edelman, Ostrovsky & Schwarz 2007; Varian 2007). A budget that does not last is spread over the day:
the ad takes part in a share of the searches (probabilistic throttling), and those below it move up in the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Rounds in which shares of participation settle: they depend on each other through positions and prices.
_ROUNDS = 80


@dataclass(frozen=True)
class Cleared:
    """What an auction came to, each (n,): advertisers in the order given."""

    shown: Floats
    """Chance that a search shows the ad."""
    click: Floats
    """Chance that a shown ad is clicked."""
    price: Floats
    """Expected price of a click, at most the bid; 0 for ads that are never shown."""


def clear(
    bids: Any, quality: Any, budgets: Any, searches: float, *, click_rate: float, slots: int, decay: float,
    reserve: float,
) -> Cleared:  # fmt: skip
    """Clear the auction of a day.

    Args:
        bids: most that each pays for a click, (n,), money.
        quality: how much more often than the average its ad is clicked in the same position, (n,), above 0.
        budgets: money of the day, (n,); who has none takes no part.
        searches: expected searches of the day.
        click_rate: chance that an ad of quality 1 in the top position is clicked.
        slots: positions on a page.
        decay: clicks of a position as a share of those of the one above.
        reserve: least price of a click at quality 1; who offers less takes no part.
    """
    bid, skill, money = (np.asarray(values, dtype=np.float64) for values in (bids, quality, budgets))
    n = len(bid)
    shown, click, price = np.zeros(n), np.zeros(n), np.zeros(n)
    score = bid * skill
    taking = [k for k in range(n) if money[k] > 0.0 and score[k] >= reserve]
    rank = sorted(taking, key=lambda k: (-score[k], k))
    part = np.ones(len(rank))
    if not rank or searches <= 0.0:
        return Cleared(shown, click, price)
    for _ in range(_ROUNDS):
        seen, effect = _positions(part, slots, decay)
        rates = np.minimum(1.0, click_rate * skill[rank] * effect)
        prices = np.minimum(_next_scores(part, score[rank], reserve) / skill[rank], bid[rank])
        wanted = searches * seen * rates * prices  # money of somebody who takes part in every search
        affordable = np.where(wanted > money[rank], money[rank] / np.where(wanted > 0.0, wanted, 1.0), 1.0)
        part = 0.5 * (part + affordable)
    part = np.minimum(part, affordable)
    shown[rank], click[rank], price[rank] = part * seen, rates, prices
    return Cleared(shown, click, price)


def _positions(part: Floats, slots: int, decay: float) -> tuple[Floats, Floats]:
    """(chance of a position, mean effect of the position) given that each takes part; from the top rank down."""
    above = np.zeros(slots)
    above[0] = 1.0  # chances that so many higher-ranked ads are there; those beyond the last slot are left out
    strength = decay ** np.arange(slots)
    seen, effect = np.empty(len(part)), np.empty(len(part))
    for k, chance in enumerate(part):
        seen[k] = above.sum()
        effect[k] = above @ strength / seen[k] if seen[k] > 0.0 else 0.0
        above[1:] = above[1:] * (1.0 - chance) + above[:-1] * chance
        above[0] *= 1.0 - chance
    return seen, effect


def _next_scores(part: Floats, score: Floats, reserve: float) -> Floats:
    """Expected score of the next ad below each that takes part, the reserve where there is none."""
    out = np.empty(len(part))
    below = reserve
    for k in range(len(part) - 1, -1, -1):
        out[k] = below
        below = part[k] * score[k] + (1.0 - part[k]) * below
    return out
