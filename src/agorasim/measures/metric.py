"""What a metric is, and short ways to declare one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["category", "brand", "touchpoint", "place", "segment", "region"]


@dataclass(frozen=True)
class Metric:
    """One column of the KPI table."""

    name: str
    unit: str
    kind: Literal["flow", "stock"]
    additive: bool
    levels: tuple[Level, ...]
    meaning: str
    #: For a ratio: (numerator, denominator) of flows, so that any sum of rows gives it again.
    ratio: tuple[str, str] | None = None
    money: bool = False
    #: Counted in units of 2**-20, because it is a real number.
    fixed: bool = False


def flow(
    name: str, unit: str, levels: str, meaning: str, *, additive: bool = True, money: bool = False, fixed: bool = False
) -> Metric:
    """What happens during a day and adds up over days; `levels` are letters of `LETTERS`."""
    return Metric(name, unit, "flow", additive, levels_of(levels), meaning, money=money, fixed=fixed)


def stock(
    name: str, unit: str, levels: str, meaning: str, *, additive: bool = False, money: bool = False, fixed: bool = False
) -> Metric:
    """A level at the end of a day."""
    return Metric(name, unit, "stock", additive, levels_of(levels), meaning, money=money, fixed=fixed)


def ratio(name: str, unit: str, levels: str, meaning: str, top: str, bottom: str) -> Metric:
    """A quotient of two recorded metrics, taken of their sums."""
    return Metric(name, unit, "flow", False, levels_of(levels), meaning, ratio=(top, bottom))


LETTERS: Final[dict[str, Level]] = {
    "c": "category", "b": "brand", "t": "touchpoint", "p": "place", "s": "segment", "r": "region",
}  # fmt: skip


def levels_of(letters: str) -> tuple[Level, ...]:
    """The levels that letters stand for."""
    return tuple(LETTERS[letter] for letter in letters)
