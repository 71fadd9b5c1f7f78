"""How well a brand knows people: what contacts that are fitted to a person can build on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.identity import Bits, Flags

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Familiarity(NamedTuple):
    """What a brand can build on of n people this morning."""

    direct: Bits
    """Touchpoints that identified the person themselves, (n,)."""
    known: Bits
    """Touchpoints where they are identified, or matched from elsewhere, (n,)."""
    matched: Flags
    """All identities are found to be one person's, (n,)."""
    together: Sequence[np.uint32]
    """Groups of touchpoints that share data, by name; see `identity.groups`."""
    touchpoints: Sequence[int]
    """Those that can note anything, by name, (V,)."""
    last: Array
    """Last event there, or the day of joining, as `Dates` stores it, (V, n)."""

    def quality(self, reached: Flags, insight: float, worth: Floats) -> Floats:
        """How much contacts with each person can build on, 0 to 1, shape (n,).

        Mean over the touchpoints `reached` (T,) of 1 - (1 - insight) ** n, n being the touchpoints that know the person
        and whose data are seen there (0 where the person is not known), times what an event of that age is `worth`:
        by stored day, 0 for no event.
        """
        out = np.zeros(len(self.direct))
        if not reached.any():
            return out
        closed = 1.0 - (1.0 - insight) ** np.arange(len(reached) + 1)
        here = [slot for slot, t in enumerate(self.touchpoints) if reached[t]]
        shared = 0
        for mask in self.together:
            shared |= int(mask)
        alone, linked = np.flatnonzero(~self.matched), np.flatnonzero(self.matched)
        single = [slot for slot in here if not shared >> self.touchpoints[slot] & 1]
        direct, known, last = self.direct[linked], self.known[linked], self.last[:, linked]
        # Sums over rows of a matrix go from the first to the last: by name of the touchpoint.
        out[alone] = worth[self.last[:, alone][np.array(here, dtype=np.int64)]].sum(axis=0) * closed[1]
        out[linked] = worth[last[np.array(single, dtype=np.int64)]].sum(axis=0) * closed[1]
        for mask in self.together:
            inside = [slot for slot, t in enumerate(self.touchpoints) if int(mask) >> t & 1]
            if inside:
                many = np.bitwise_count(known & mask & identity.mask_of(reached))
                some = closed[np.bitwise_count(direct & mask)]
                out[linked] += many * some * worth[last[inside].max(axis=0)]
        return out / int(reached.sum())
