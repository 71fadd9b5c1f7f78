"""The table of what random numbers are drawn for."""

from __future__ import annotations

from typing import Any

import numpy as np


class Purposes:
    """The table of what random numbers are drawn for. Append only: a number, once given, keeps its meaning."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def declare(self, name: str, number: int) -> Any:
        """Give `name` the 8-bit `number`; returns it. ValueError when either is taken or out of range.

        A NumPy integer, because Numba would compile each drawing function anew for every literal Python integer.
        """
        if name in self._numbers:
            raise ValueError(f"purpose {name!r} is declared twice")
        if number in self._numbers.values():
            owner = next(n for n, k in self._numbers.items() if k == number)
            raise ValueError(f"purpose number {number} of {name!r} belongs to {owner!r}")
        if not 0 <= number <= 255:
            raise ValueError(f"purpose number of {name!r} must be 0 to 255, got {number}")
        self._numbers[name] = number
        return np.int64(number)

    def names(self) -> dict[str, int]:
        """All purposes by name."""
        return dict(self._numbers)
