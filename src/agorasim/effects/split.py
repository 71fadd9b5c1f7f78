"""Each effect in two parts: what reaches people directly and what word of mouth carries.

A third world, with the change on and all messages replayed from the world without it, divides the effect (natural
direct and indirect effects: Robins & Greenland 1992; Pearl 2001). With word of mouth off, the third world equals the
first, and the carried part is exactly 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects import games

Array = NDArray[np.float64]


class Split(NamedTuple):
    """Total, direct and carried effect, replicate by replicate; total = direct + carried up to rounding."""

    total: Array
    direct: Array
    carried: Array


def split(on: ArrayLike, off: ArrayLike, on_messages_off: ArrayLike) -> Split:
    """Divide Y(on) - Y(off).

    Args:
        on: outcome with the change, shape (..., R).
        off: outcome without it.
        on_messages_off: outcome with the change, messages held as they were without it, shape (..., R).

    Returns:
        direct = Y(on, messages of off) - Y(off); carried = Y(on) - Y(on, messages of off).
    """
    y1, y0, held = (np.asarray(y, dtype=np.float64) for y in (on, off, on_messages_off))
    return Split(y1 - y0, held - y0, y1 - held)


def split_shapley(v: ArrayLike, w: ArrayLike) -> Split:
    """Divide Shapley values.

    Args:
        v: outcome of every coalition, shape (..., 2**n, R).
        w: the same with the messages of the empty coalition, w(S) = Y(S, messages of the empty one), same shape.

    Returns:
        Arrays of shape (..., n, R): direct is the Shapley value of w, carried the rest.
    """
    total, direct = games.shapley(v), games.shapley(w)
    return Split(total, direct, total - direct)


def split_gain(v: ArrayLike, w: ArrayLike) -> Split:
    """Divide the gain of all channels together, v(N) - v(0). Arguments as for `split_shapley`; arrays (..., R)."""
    full, held = (np.asarray(y, dtype=np.float64) for y in (v, w))
    return split(full[..., -1, :], full[..., 0, :], held[..., -1, :])
