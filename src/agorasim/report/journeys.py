"""Paths to purchase, read off the log of touches: which touchpoints people responded to before they ordered."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: What counts as a step of a path, and its rank within a day: people hear and search before they visit, and order last.
STEPS: Final = {"heard_good": 0, "search": 1, "click": 2, "visit": 3}
ORDER: Final = "order"
#: What a step is called that no touchpoint of the brand made.
FRIENDS: Final = ""
Path = tuple[str, ...]


def purchase_paths(log: pd.DataFrame, window: int) -> Counter[Path]:
    """How many orders came after each path: touchpoints responded to within `window` days, repeats in a row as one.

    Args:
        log: rows of one brand, as `Results.journeys` gives them.
        window: days; the day of the order is the last of them.

    Returns:
        Orders by path; friends' talk is `FRIENDS`; the empty path is an order that nothing logged came before.
    """
    steps = log[log["event"].isin([*STEPS, ORDER])]
    rank = steps["event"].map({**STEPS, ORDER: 9}).to_numpy(np.int64)
    at = np.lexsort((steps["touchpoint"], rank, steps["day"], steps["consumer"], steps["replicate"]))
    columns = ("replicate", "consumer", "day", "touchpoint", "count")
    replicate, consumer, day, touchpoint, count = (steps[name].to_numpy()[at].tolist() for name in columns)
    ordered = (rank[at] == 9).tolist()
    found: Counter[Path] = Counter()
    trail: list[tuple[int, str]] = []
    who = None
    for k, is_order in enumerate(ordered):
        if (replicate[k], consumer[k]) != who:
            who, trail = (replicate[k], consumer[k]), []
        if not is_order:
            trail.append((day[k], touchpoint[k]))
            continue
        recent = [name for when, name in trail if day[k] - when < window]
        found[tuple(name for j, name in enumerate(recent) if j == 0 or name != recent[j - 1])] += count[k]
    return found


def flows(paths: Counter[Path]) -> Counter[tuple[str | None, str | None]]:
    """How often each step followed another on the way to an order; None before the first is the start, after the
    last the order."""
    out: Counter[tuple[str | None, str | None]] = Counter()
    for path, orders in paths.items():
        whole = (None, *path, None)
        for pair in pairwise(whole):
            out[pair] += orders
    return out
