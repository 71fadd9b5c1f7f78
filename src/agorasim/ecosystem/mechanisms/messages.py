"""What mechanisms put into tomorrow's talk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BY_COMPLAINTS, BY_RECOMMENDATIONS, GOOD

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World


def say(world: World, who: NDArray[Any], b: int, what: int) -> None:
    """Let each of `who` (rows, none twice) recommend brand b (`GOOD`) or complain about it (`BAD`) from tomorrow on.

    The message crosses their ties as any other would, and counts as one of the day's recommendations or complaints.
    Nothing happens in a world where nobody talks.
    """
    w = world.w
    if len(w.says) == 0 or len(who) == 0:
        return
    newly = who[w.says[who, b] == 0]
    count = int(w.spoken[0])
    w.speakers[count : count + len(newly)] = newly * w.says.shape[1] + b
    w.spoken[0] = count + len(newly)
    w.says[who, b] |= np.uint8(what)
    column = BY_RECOMMENDATIONS if what == GOOD else BY_COMPLAINTS
    np.add.at(w.by_cell[b, :, column], w.cell[who], 1)
