"""What a brand noted of each person, in few bytes: days of events by touchpoint, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.identity import NEVER, Bits, Flags
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.data_platform import Audience

Array = NDArray[Any]
_BYTE: Final = 256


class Dates:
    """How days are stored: as whole numbers from 1 on, 0 for never; in one byte where the calendar fits.

    Attributes:
        dtype: of what is stored.
    """

    def __init__(self, count: int, before: int) -> None:
        """For days from `before` days ahead of the first on to the last of `count`."""
        self._shift = before + 1
        self.dtype = np.dtype("u1" if count + before < _BYTE - 1 else "u2")

    def code(self, day: int) -> int:
        """The number stored for a day; 1 for days too early, so that no comparison with it counts what never was."""
        return max(day + self._shift, 1)

    def days(self, codes: Array) -> NDArray[np.int32]:
        """Days, `NEVER` where nothing is stored."""
        return np.where(codes > 0, codes.astype(np.int32) - self._shift, NEVER).astype(np.int32)

    def all_until(self, day: int) -> NDArray[np.int64]:
        """The day that each stored number up to that of `day` stands for; the first is of no meaning."""
        return np.arange(self.code(day) + 1) - self._shift


class Events(NamedTuple):
    """What a brand noted on one day; a person may be listed more than once among buyers."""

    rows: Array
    """Who visited or clicked, ascending, none twice, (n,)."""
    bits: Bits
    """Where, (n,)."""
    buyers: Array
    """Who bought, (m,)."""
    shops: Bits
    """Where, (m,)."""

    def without(self, gone: Flags) -> Events:
        """The same less people who are `gone` (N,)."""
        stay, buy = ~gone[self.rows], ~gone[self.buyers]
        return Events(self.rows[stay], self.bits[stay], self.buyers[buy], self.shops[buy])


def split(rows: Array, bits: Bits) -> Iterator[tuple[Array, Array]]:
    """Rows (n,) with one touchpoint each, until all their bits have been named."""
    while (more := bits != 0).any():
        rows, bits = rows[more], bits[more]
        lowest = bits & (~bits + np.uint32(1))
        yield rows, identity.place_of(lowest)
        bits = bits ^ lowest


class Segmenting(NamedTuple):
    """Which events count for an audience on a touchpoint, as bits of touchpoints."""

    own: np.uint32
    """The touchpoint itself."""
    shared: np.uint32
    """Those whose data are seen there."""
    touches: np.uint32
    """Those where visits and clicks count."""
    purchases: bool
    """Whether purchases do."""

    def hits(self, bits: Bits, matched: Flags) -> Flags:
        """Whether events with these bits (n,) are seen at the touchpoint, by whether identities are matched."""
        return np.asarray((bits & np.where(matched, self.shared, self.own)) != 0)


def segmenting(audience: Audience, t: int, shared: Flags, visiting: Flags) -> Segmenting:
    """What counts for an audience on touchpoint t; `visiting` (T,): touches there are visits rather than clicks."""
    touches = ("visit" in audience.events) & visiting | ("click" in audience.events) & ~visiting
    if audience.who != "retarget":
        touches = np.zeros_like(visiting)
    purchases = audience.who == "retarget" and "purchase" in audience.events
    return Segmenting(identity.bit(t), identity.mask_of(shared[t]), identity.mask_of(touches), purchases)


def latest(codes: Array, touchpoints: Array, counts: Segmenting, mask: np.uint32, matched: Flags) -> Array:
    """Last of the events (N, slots) at `touchpoints` within `mask` that the audience's touchpoint sees, (N,)."""
    own, every = np.zeros(len(codes), codes.dtype), np.zeros(len(codes), codes.dtype)
    for slot, t in enumerate(touchpoints):
        here = int(identity.bit(int(t)) & mask)
        if here & int(counts.shared):
            every = np.maximum(every, codes[:, slot])
        if here & int(counts.own):
            own = np.maximum(own, codes[:, slot])
    return np.where(matched, every, own)


def places(scenario: Scenario, brands: Sequence[str], sellers: dict[str, set[str]]) -> tuple[Array, Array]:
    """Touchpoints at which any of the brands may note a touch, and a purchase; ascending.

    Args:
        scenario: the scenario.
        brands: those that have a data platform.
        sellers: touchpoints where each brand sells.
    """
    names = list(scenario.touchpoints)
    checks_out = identity.checks_out(scenario)
    touch, buy = np.zeros(len(names), dtype=bool), np.zeros(len(names), dtype=bool)
    for name in brands:
        platform = scenario.brands[name].data_platform
        assert platform is not None
        for t, touchpoint in enumerate(names):
            tells = identity.capture_share(scenario, platform, touchpoint) > 0.0
            touch[t] |= tells or checks_out[t] or (touchpoint in scenario.brands[name].owns and _members(scenario, t))
            buy[t] |= touchpoint in sellers[name] and (tells or checks_out[t])
    return np.flatnonzero(touch | buy), np.flatnonzero(buy)


def _members(scenario: Scenario, t: int) -> bool:
    return KINDS[list(scenario.touchpoints.values())[t].kind].members_only
