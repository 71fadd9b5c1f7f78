"""How well a brand knows people: what contacts that are fitted to a person can build on."""

from __future__ import annotations

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
    shared: Flags
    """Which touchpoints share data, (T, T)."""
    touchpoints: Array
    """Those that can note anything, (V,)."""
    last: Array
    """Last event there, or the day of joining, as `Dates` stores it, (V, n)."""
    order: Array
    """Rank of touchpoints in which they are added up, (T,)."""

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
        together = identity.groups(self.shared)
        slots = sorted(range(len(self.touchpoints)), key=lambda slot: int(self.order[self.touchpoints[slot]]))
        for slot in slots:
            t = int(self.touchpoints[slot])
            if reached[t]:
                own = worth[self.last[slot]] * closed[1]
                if any(int(mask) >> t & 1 for mask in together):
                    own *= ~self.matched
                out += own
        first = [min(int(self.order[t]) for t in range(len(reached)) if int(mask) >> t & 1) for mask in together]
        for at in np.argsort(first):
            mask = together[at]
            last = np.zeros(len(out), dtype=self.last.dtype)
            for slot in slots:
                if int(mask) >> int(self.touchpoints[slot]) & 1:
                    np.maximum(last, self.last[slot], out=last)
            many = np.bitwise_count(self.known & mask & identity.mask_of(reached))
            out += many * closed[np.bitwise_count(self.direct & mask)] * worth[last] * self.matched
        return out / int(reached.sum())
