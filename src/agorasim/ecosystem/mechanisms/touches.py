"""Today's touches, as the kernels logged them, and which of them a brand could see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import LOG_CLICK, LOG_IMPRESSION, LOG_SEARCH, LOG_VISIT

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

Array = NDArray[Any]

IMPRESSION: Final = LOG_IMPRESSION
CLICK: Final = LOG_CLICK
VISIT: Final = LOG_VISIT
SEARCH: Final = LOG_SEARCH
HEARD_GOOD: Final = 5
HEARD_BAD: Final = 6
ORDER: Final = 7
LOST: Final = 8
#: What an event is called in tables.
NAMES: Final = {
    IMPRESSION: "impression", CLICK: "click", VISIT: "visit", SEARCH: "search", HEARD_GOOD: "heard_good",
    HEARD_BAD: "heard_bad", ORDER: "order", LOST: "lost_order",
}  # fmt: skip


def taken(records: Array, at: Array) -> Array:
    """Some rows of contiguous records: NumPy would copy them field by field, several times slower."""
    out: Array = records.view(f"V{records.itemsize}")[at].view(records.dtype)
    return out


def among(codes: Array, others: Array) -> NDArray[np.bool_]:
    """Which of some whole numbers (n,) are among others, (n,)."""
    if len(others) == 0:
        return np.zeros(len(codes), dtype=bool)
    there = np.sort(others)  # np.isin hashes, which takes several times as long
    found: NDArray[np.bool_] = there[np.minimum(np.searchsorted(there, codes), len(there) - 1)] == codes
    return found


def touches(world: World) -> Array:
    """Today's touches so far of those who are logged: records `LOG`, in no order that means anything."""
    w = world.w
    return w.log[: w.log_end[0]]


@dataclass(frozen=True)
class Acts:
    """Today's visits and clicks, one array a field (n,), in no order that means anything."""

    consumer: NDArray[np.int64]
    brand: NDArray[np.int64]
    touch: NDArray[np.int64]
    click: NDArray[np.bool_]
    code: NDArray[np.int64]
    """Consumer x B + brand."""
    cell: NDArray[np.int64]
    """Brand x T + touchpoint."""

    def clicks_for(self, b: int, touchpoints: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Who clicked through to brand b from some touchpoints, a mask (T,); each as often as they did."""
        at = np.flatnonzero(self.click)
        at = at[(self.brand[at] == b) & touchpoints[self.touch[at]]]
        out: NDArray[np.int64] = self.consumer[at]
        return out


class Touched:
    """What mechanisms look for in a day's log, read off it once: fields of records lie far apart in memory.

    Event (n,) and touchpoint (n,) of each row so far, and the visits and clicks among them.
    """

    def __init__(self, rows: Array) -> None:
        self.event: Array = np.ascontiguousarray(rows["event"])
        self.touch: Array = np.ascontiguousarray(rows["touch"])
        self._acts: Acts | None = None

    def read_on(self, rows: Array) -> None:
        """Take in what came to the log since."""
        new = rows[len(self.event) :]
        if len(new):
            self.event = np.concatenate([self.event, new["event"]])
            self.touch = np.concatenate([self.touch, new["touch"]])
            self._acts = None

    def acts(self, rows: Array, shape: tuple[int, int]) -> Acts:
        """Visits and clicks, out of `rows`, the log; `shape` is (B, T)."""
        if self._acts is None:
            at = np.flatnonzero((self.event == VISIT) | (self.event == CLICK))
            there = taken(rows, at)
            consumer, brand = there["consumer"].astype(np.int64), there["brand"].astype(np.int64)
            touch, (brands, touchpoints) = there["touch"].astype(np.int64), shape
            code, cell = consumer * brands + brand, brand * touchpoints + touch
            self._acts = Acts(consumer, brand, touch, there["event"] == CLICK, code, cell)
        return self._acts


def _touched(world: World) -> Touched:
    if world.touched is None:
        world.touched = Touched(touches(world))
    else:
        world.touched.read_on(touches(world))
    return world.touched


def acts(world: World) -> Acts:
    """Today's visits and clicks so far."""
    shape = world.w.at_touch.shape
    return _touched(world).acts(touches(world), (shape[0], shape[1]))


def shown(world: World, t: int, events: tuple[int, ...] = (IMPRESSION,)) -> Array:
    """Today's touches of some kinds on touchpoint t so far: records `LOG`."""
    found = _touched(world)
    at = np.flatnonzero(found.touch == t)
    event = found.event[at]
    mine = event == events[0]
    for other in events[1:]:
        mine |= event == other
    return taken(touches(world), at[mine])


def open_log(world: World) -> None:
    """Clear yesterday's touches. Whoever reads the log does so in the morning; more than once does no harm."""
    world.w.log_end[0] = 0
    world.touched = None


def log_from_now_on(world: World, who: Array | None = None) -> None:
    """Let the kernels log everybody's touches, or those of a mask (N,), and make room for all that can happen in a day.

    Room that is never written to costs no memory.
    """
    w = world.w
    w.logged[...] |= np.uint8(1) if who is None else who.astype(np.uint8)
    brands, touchpoints = w.awareness.shape[1], len(world.scenario.touchpoints)
    # Of each brand and touchpoint at most: a visit with its click, advertisements with theirs, an order.
    world.keep_log(max(world.log_room, int((w.logged > 0).sum()) * brands * (6 * touchpoints + 6)))


def identified(world: World, who: Array, b: Any, touch: Any) -> NDArray[np.bool_]:
    """Whether the brands b could tell on touchpoints `touch` (-1: none, a friend's talk) who `who` were, (n,).

    b and `touch` are one number, or one for each. With a data platform: whom it has linked there. Without: people who
    consent, on touchpoints that recognise anybody.
    """
    points = list(world.scenario.touchpoints.values())
    recognises = np.array([t.identity != "none" for t in points] + [False], dtype=bool)[touch]
    w = world.w
    knows: NDArray[np.bool_] = w.consent[who] > 0
    if len(w.known):
        knows = (w.known[who, b] & (np.uint32(1) << np.maximum(touch, 0).astype(np.uint32))) > 0
    out: NDArray[np.bool_] = knows & recognises
    return out
