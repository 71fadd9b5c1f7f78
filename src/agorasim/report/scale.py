"""One unit and one number of decimals for a whole picture or table, and rounding that still adds up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agorasim.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agorasim.report.data import Estimate

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """How amounts of one kind are written: divided by `size`, with `decimals`, in `unit`."""

    size: float
    unit: str
    decimals: int

    def text(self, x: float, sign: bool = False) -> str:
        """An amount without its unit; `sign` puts a plus before gains."""
        shown = words.fixed(x / self.size, self.decimals)
        return f"+{shown}" if sign and x > 0 and any(c in "123456789" for c in shown) else shown

    def span(self, e: Estimate) -> str:
        """`1,200 to 1,268`; empty without an interval."""
        return f"{self.text(e.low)} to {self.text(e.high)}" if e.sure else ""

    def full(self, e: Estimate, level: float) -> str:
        """`1,234 CNY (95 % interval 1,200 to 1,268)`."""
        text = f"{self.text(e.mean)} {self.unit}".strip()
        if not e.sure:
            return text
        if e.low == e.high:
            return f"{text} (the same in every pair)"
        return f"{text} ({words.coverage(level)} {self.span(e)})"


def scale_for(
    estimates: Iterable[Estimate], unit: str, extra: Iterable[float] = (), size_of: Iterable[float] | None = None
) -> Scale:
    """The scale on which all of some estimates can be read.

    Args:
        estimates: what will be written.
        unit: their unit; "share" is written in percentage points.
        extra: further amounts that must fit, without intervals.
        size_of: amounts that decide the size in place of the estimates and `extra`.
    """
    known = [e for e in estimates if e.known]
    amounts = [abs(x) for e in known for x in (e.mean, e.low, e.high) if math.isfinite(x)]
    deciding = [*amounts, *extra] if size_of is None else size_of
    largest = max((abs(x) for x in deciding if math.isfinite(x)), default=0.0)
    if unit == "share":
        size, word = 0.01, "percentage points"
    elif 0.0 < largest < 0.01:
        power = 3 * math.floor(math.log10(largest) / 3)
        size, word = 10.0**power, f"× 10{str(power).translate(_SUPERSCRIPTS)} {unit}".strip()
    else:
        size, scale = words.scale_of([largest])
        word = f"{scale} {unit}".strip()
    return Scale(size, word, _decimals(known, size))


def _decimals(known: Sequence[Estimate], size: float) -> int:
    """Enough to tell the ends of the typical interval apart and to show the largest with two figures."""
    halves = sorted((e.high - e.low) / 2.0 / size for e in known if e.sure and e.high > e.low)
    largest = max((abs(e.mean) / size for e in known), default=0.0)
    need = 0
    if halves:
        # Two figures of a half-width that begins with 1 or 2, one of the others.
        need = -math.floor(math.log10(halves[len(halves) // 2] / 3.0))
    elif any(e.mean / size != round(e.mean / size) for e in known):
        need = 2 - math.floor(math.log10(largest)) if largest > 0 else 0
    # Nothing is written with more than six figures, nor with decimals that only noise would fill.
    most = 5 - math.floor(math.log10(largest)) if largest > 0 else 0
    return min(max(need, 0), max(most, 0), 4)


def covers_zero(e: Estimate) -> bool:
    """Whether an estimate cannot be told from nothing: its interval holds 0, or it has none."""
    return not e.sure or e.low <= 0.0 <= e.high


def additive(parts: Sequence[float], total: float, decimals: int) -> list[float]:
    """Parts rounded so that they add up exactly to the rounded total (largest remainders).

    Args:
        parts: amounts whose sum is `total` but for rounding errors.
        total: what they must add up to.
        decimals: decimals kept.

    Returns:
        Each part rounded down or up to a neighbouring multiple of 10**-decimals, nearest first.
    """
    unit = 10**decimals
    scaled = [part * unit for part in parts]
    floors = [math.floor(x) for x in scaled]
    short = round(total * unit) - sum(floors)
    order = sorted(range(len(parts)), key=lambda i: (floors[i] - scaled[i], i))
    for i in range(abs(short)) if parts else ():
        floors[order[i % len(parts)] if short > 0 else order[-1 - i % len(parts)]] += 1 if short > 0 else -1
    return [x / unit for x in floors]
