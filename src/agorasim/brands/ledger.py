"""Money in whole minor units (cents), so that sums are exact in any order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Minor = NDArray[np.int64]

#: Largest amount in minor units: fifteen digits, which every float keeps apart, and whose sums stay inside int64.
MOST = 10**15


def to_minor(amount: float, minor_units: int = 100) -> int:
    """An amount of currency units in minor units, ties to the even one.

    The amount is taken as it is written (the shortest decimal that gives this float), so 1.005 is a tie and 0.29 is 29.
    ValueError when it is not finite or beyond 10**15 minor units.
    """
    value = float(amount)
    if not math.isfinite(value):
        raise ValueError(f"an amount of money must be finite, got {value}")
    if abs(value) * minor_units > MOST:
        raise ValueError(f"an amount of money must be within 10**15 minor units, got {value:g}")
    return int((Decimal(repr(value)) * minor_units).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def from_minor(minor: int, minor_units: int = 100) -> float:
    """Minor units in currency units; `to_minor` gives the same minor units back."""
    return int(minor) / minor_units


def apportion(total: int, weights: Sequence[float] | NDArray[np.float64]) -> Minor:
    """Split `total` minor units by weights >= 0 into shares, shape (len(weights),), that sum to it exactly.

    Largest remainder (Hamilton's method) in exact arithmetic: each share is within one unit of its quota; ties go to
    the first. A zero weight gets nothing. A negative total (a refund) splits as its opposite does. ValueError when a
    weight is negative or not finite, or when there is something to split and no weight to split it by.
    """
    exact = [Fraction(float(w)) for w in weights if math.isfinite(w)]
    if len(exact) != len(weights) or any(w < 0 for w in exact):
        raise ValueError("weights must be finite and not negative")
    whole = sum(exact, Fraction(0))
    if whole == 0:
        if total != 0:
            raise ValueError(f"{total} minor units cannot be split without a positive weight")
        return np.zeros(len(exact), dtype=np.int64)
    sign, amount = (-1 if total < 0 else 1), abs(int(total))
    quotas = [amount * w / whole for w in exact]
    shares = [math.floor(q) for q in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: shares[i] - quotas[i])
    for i in by_remainder[: amount - sum(shares)]:
        shares[i] += 1
    return np.array([sign * s for s in shares], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Ledger:
    """A brand's books: one int64 array of minor units per account, shape (days,). Costs are positive numbers."""

    revenue: Minor
    """Paid by buyers."""
    cost_of_goods: Minor
    """Unit cost of what was sold."""
    fulfilment: Minor
    """Delivery borne by the brand."""
    commission: Minor
    """Kept by operators of selling touchpoints."""
    spend: Minor
    """Media money paid for what was delivered."""
    fixed: Minor
    """Running owned touchpoints."""

    def __post_init__(self) -> None:
        """Refuse accounts of different length or of another type than int64 (ValueError)."""
        for field in fields(self):
            account = getattr(self, field.name)
            if account.dtype != np.int64 or account.shape != (self.days,):
                raise ValueError(f"account {field.name!r} must be int64 of shape ({self.days},)")

    @classmethod
    def empty(cls, days: int) -> Ledger:
        """Books of `days` days with nothing in them."""
        return cls(*(np.zeros(days, dtype=np.int64) for _ in fields(cls)))

    @property
    def days(self) -> int:
        """Days that the books span."""
        return len(self.revenue)

    def book(self, day: int, **amounts: int) -> None:
        """Add minor units to accounts of a day: `book(3, revenue=450, cost_of_goods=120)`. KeyError if unknown."""
        names = [field.name for field in fields(self)]
        for account, minor in amounts.items():
            if account not in names:
                raise KeyError(f"no account {account!r}; accounts are {', '.join(names)}")
            getattr(self, account)[day] += int(minor)

    def contribution(self) -> Minor:
        """Revenue less goods, fulfilment and commission, per day."""
        return self.revenue - self.cost_of_goods - self.fulfilment - self.commission

    def profit(self) -> Minor:
        """Contribution less media spend and fixed cost, per day."""
        return self.contribution() - self.spend - self.fixed
