"""Numbers, amounts and intervals as the report words them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agorasim.report.data import Estimate

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCALES = ((1e9, "billion"), (1e6, "million"))


def number(x: float, digits: int = 3) -> str:
    """A number for reading: about `digits` significant figures, thousands separated, a true minus sign."""
    if not math.isfinite(x):
        return "–"
    for size, word in _SCALES:
        if abs(x) >= size:
            return _signed(f"{x / size:,.{_decimals(x / size, digits)}f} {word}")
    return _signed(f"{x:,.{_decimals(x, digits)}f}")


def fixed(x: float, decimals: int) -> str:
    """A number with so many decimals, thousands separated, a true minus sign."""
    return _signed(f"{x:,.{decimals}f}") if math.isfinite(x) else "–"


def compact(x: float, _position: object = None) -> str:
    """A number for an axis: 1200 as 1.2k, 3400000 as 3.4M; usable as a tick formatter."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= size * 0.9999:
            return _signed(f"{x / size:.3g}{letter}")
    return _signed(f"{x:.3g}")


def ticks(low: float, high: float) -> Callable[..., str]:
    """A tick formatter like `compact` whose numbers can be told apart on an axis from `low` to `high`."""
    size, letter = next(
        ((s, u) for s, u in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if max(abs(low), abs(high)) >= s), (1.0, "")
    )
    span = (high - low) / size
    # Ticks stand at least a twentieth of the axis apart, at multiples of 1, 2, 2.5 or 5.
    fine = max(2 - math.floor(math.log10(span)), 0) if span > 0.0 and math.isfinite(span) else 0

    def write(x: float, _position: object = None) -> str:
        text = f"{x / size:,.{min(fine, 9)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return _signed(text + letter) if any(c in "123456789" for c in text) else "0"

    return write


def percent(x: float, _position: object = None, decimals: int | None = None) -> str:
    """A share as a percentage; usable as a tick formatter."""
    if not math.isfinite(x):
        return "–"
    value = 100.0 * x
    if decimals is None:
        decimals = 1 if 0.0 < abs(value) < 10.0 and round(value, 6) != round(value) else 0
    return _signed(f"{value:.{decimals}f}\u00a0%")


def decimals(mean: float, low: float, high: float, most: int = 3) -> int:
    """Decimals that tell the ends of an interval apart, without pretending to more."""
    half = (high - low) / 2.0
    if not math.isfinite(half) or half <= 0.0:
        return 0 if mean == round(mean) or abs(mean) >= 100.0 else min(most, 2)
    return min(max(-math.floor(math.log10(half)), 0), most)


def scale_of(values: Iterable[float]) -> tuple[float, str]:
    """A divisor and its word that keep a table row of such values short: (1, ""), (1e3, "thousand"), ..."""
    most = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if most >= 10.0 * size:
            return size, word
    return (1e3, "thousand") if most >= 1e6 else (1.0, "")


def interval(estimate: Estimate, unit: str = "", *, share: bool = False, level: float = 0.95) -> str:
    """`1,234 units (95 % interval 1,200 to 1,268)`; without the interval when there is none."""
    mean, low, high = estimate.mean, estimate.low, estimate.high
    if share:
        places = decimals(100.0 * mean, 100.0 * low, 100.0 * high, 1)
        texts = [percent(x, decimals=places) for x in (mean, low, high)]
    elif abs(mean) >= 1e6:
        texts = [number(x, 4) for x in (mean, low, high)]
    else:
        places = decimals(mean, low, high)
        texts = [fixed(x, places) for x in (mean, low, high)]
    text = texts[0] + (f" {unit}" if unit else "")
    return f"{text} ({coverage(level)} {texts[1]} to {texts[2]})" if estimate.sure else text


def coverage(level: float) -> str:
    """`95 % interval`."""
    return f"{100.0 * level:.3g}\u00a0% interval"


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; long lists end with how many more there are."""
    shown = list(names[:most])
    rest = len(names) - len(shown)
    if rest:
        shown.append(f"{rest} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else ""


def count(n: int, noun: str, many: str = "") -> str:
    """`1 replication`, `20 replications`."""
    return f"{n:,} {noun if n == 1 else (many or noun + 's')}"


def _decimals(x: float, digits: int) -> int:
    if x == round(x) or abs(x) >= 10.0 ** (digits - 1):
        return 0
    return min(digits - 1 - math.floor(math.log10(abs(x))), 6) if abs(x) >= 1e-6 else 0


def _signed(text: str) -> str:
    body = text.removeprefix("-")
    # A value that rounds to zero has no sign.
    return body if body == text or not any(c in "123456789" for c in body) else "\u2212" + body
