"""Consent: who lets brands identify them, and what happens when it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.randomness import PURPOSES, stable_id, uniforms

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

WITHDRAW = PURPOSES.declare("consent.withdraw", 87)
_MIND = stable_id("consent")
_BYTE: Final = 256
_NONE = -1  # day of a touch that nobody could identify


def withdraw_consent(world: World, who: Array) -> int:
    """Let each of `who` (rows of consumers, none twice) take consent back; returns how many of them had given it.

    From now on no brand can identify them. What brands noted of them is erased: identities, touches that could be
    credited, audiences, and whatever mechanisms that define `forget(world, who)` keep; contacts are fitted to them no
    longer from the next morning on. Memberships, points and purchases stay: they are contracts, not consent. Works with
    or without a data platform.
    """
    w = world.w
    rows = np.asarray(who, dtype=np.int64)
    gone = rows[w.consent[rows] > 0]
    if len(gone) == 0:
        return 0
    w.consent[gone] = 0
    w.touch_day[gone] = _NONE
    w.last_touch[gone] = 0
    if len(w.known):
        w.known[gone] = 0
    for mechanism in world.mechanisms:
        forget = getattr(mechanism, "forget", None)
        if forget is not None:
            forget(world, gone)
        if "withdrawals" in mechanism.today:
            left = np.bincount(world.population.segment[gone], minlength=len(world.population.segments))
            mechanism.today["withdrawals"] += left
            mechanism.today["consenting"] -= left
    return len(gone)


class Consent(Mechanism):
    """Consent that does not last: each consenting person takes it back with the same chance on every day."""

    name = "consent"
    code = "M18"
    meaning = "consent that is taken back in time, which erases what brands noted"
    keys = ("data.consent",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether consent changes."""
        return scenario.data.consent is not None

    def __init__(self, world: World) -> None:
        super().__init__(world)
        people, change = world.population, world.scenario.data.consent
        assert change is not None
        #: Day on which consent is taken back; the largest number where that is after the calendar's end.
        day = np.dtype("u1" if world.days.count < _BYTE - 1 else "u2")
        never = float(np.iinfo(day).max)
        chance = change.withdraw
        # Days until the first of many draws succeeds, from one draw: its inverse distribution, that of a geometric.
        u = uniforms(people.now, WITHDRAW, world.size, _MIND)
        days = np.floor(np.log1p(-u) / np.log1p(-chance)) if 0.0 < chance < 1.0 else np.full(len(u), never)
        self.columns["ends"] = np.minimum(0.0 * u if chance == 1.0 else days, never).astype(day)
        consenting = np.bincount(people.segment[world.w.consent > 0], minlength=len(people.segments))
        # Kept by `withdraw_consent` from now on.
        self.today["consenting"][:] = consenting

    def opened(self, world: World) -> None:
        """Some take their consent back before anything else happens."""
        who = np.flatnonzero(self.columns["ends"] == world.day)
        if len(who):
            withdraw_consent(world, who)
