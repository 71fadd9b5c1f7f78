"""What must hold of the states of people, whoever writes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agorasim.errors import InputError

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World


def check_states(world: World) -> None:
    """Whoever writes to consumers from outside must keep within bounds. InputError names what does not."""
    for state, least in (("awareness", 0.0), ("goodwill", -1.0), ("habit", 0.0), ("fatigue", 0.0)):
        values = getattr(world.w, state)
        wrong = ~((values >= least) & (values <= 1.0))  # also where it is not a number
        if wrong.any():
            i, b = np.argwhere(wrong)[0]
            brand = world.strategies.brands[b]
            raise InputError(
                f"day {world.day}: {state} of consumer {i} for brand {brand!r} must be from {least:g} to 1,"
                f" got {values[i, b]:g}"
            )
