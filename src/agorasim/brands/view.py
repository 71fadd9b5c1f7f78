"""What a brand knows on a decision morning: reported figures, never the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError, unknown

Series = NDArray[np.float64]

_TOTALS: Final = ("orders", "revenue", "lost_orders", "new_customers")
_BREAKDOWNS: Final = ("spend", "impressions", "clicks", "attributed_orders", "attributed_revenue", "rivals_spend")
_REPORTED: Final = (*_TOTALS, *_BREAKDOWNS)


def _is_sealed(series: Series, days: int) -> bool:
    """Whether a series can be shown as it is. Views are made every day for every brand, so this must be quick:
    a world that hands out slices of read-only arrays pays for no copies."""
    return (
        type(series) is np.ndarray
        and not series.flags.writeable
        and series.shape == (days,)
        and series.dtype == np.float64
    )


def _sealed(series: Series, days: int, name: str) -> Series:
    """A read-only view of a series. ValueError when it has not the shape (days,)."""
    out = np.asarray(series, dtype=np.float64).view()
    if out.shape != (days,):
        raise ValueError(f"{name} must have shape ({days},), got {out.shape}")
    out.setflags(write=False)
    return out


class SealedTable(Mapping[str, Series]):
    """Series by name over one read-only array (names, days): what a world hands out instead of a dict a day.

    Args:
        names: what the rows are, without repetition.
        values: float64 of shape (names, days), not writeable.
    """

    __slots__ = ("days", "names", "values_by_row")

    def __init__(self, names: tuple[str, ...], values: Series) -> None:
        if values.ndim != 2 or len(values) != len(names) or values.flags.writeable or values.dtype != np.float64:
            raise ValueError("values must be a read-only float64 array with a row for each name")
        self.names = names
        self.values_by_row = values
        self.days = values.shape[1]

    def __getitem__(self, name: str) -> Series:
        try:
            row: Series = self.values_by_row[self.names.index(name)]
        except ValueError:
            raise KeyError(name) from None
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, kw_only=True, eq=False)
class BrandView:
    """The data a brand's policy decides on.

    Everything here is *reported*: late by the scenario's `data.report_delay`, noisy by its `data.report_noise` (own
    spend excepted), and credited the way the brand's own analytics credit it, by the last identified click. Series
    have shape (reported_days,), float64, index 0 = first day of the world, and cannot be written to. On the first
    days nothing is reported yet and series are empty.
    """

    brand: str
    """The brand that decides."""
    day: int
    """Today, 0-based; the action holds from today on."""
    date: date
    """Today in the calendar."""
    days_total: int
    """Days that the world lasts, warm-up and cool-down among them."""
    every: int
    """Days until the next decision."""
    budget: float
    """Most media money a day, in currency units."""
    media: tuple[str, ...]
    """Touchpoints where media can be bought; an action may spend on these and no others."""
    owned: tuple[str, ...]
    """Touchpoints that the brand runs itself."""
    price: float
    """List price now, in currency units."""
    discount: float
    """Share of the list price that promotions take off now."""
    reported_days: int
    """How many days, counted from the first, have known figures."""
    spend: Mapping[str, Series]
    """Media money paid per touchpoint and day, in currency units."""
    impressions: Mapping[str, Series]
    """Impressions per touchpoint and day."""
    clicks: Mapping[str, Series]
    """Clicks per touchpoint and day."""
    attributed_orders: Mapping[str, Series]
    """Orders per day whose last identified click was on the touchpoint."""
    attributed_revenue: Mapping[str, Series]
    """Revenue of those orders, in currency units."""
    orders: Series
    """Orders per day, credited or not."""
    revenue: Series
    """Revenue per day, in currency units."""
    lost_orders: Series
    """Orders per day refused for want of stock or capacity."""
    new_customers: Series
    """First purchases per day."""
    members: float
    """Members of the brand's community, app and message lists, as last reported."""
    rivals_spend: Mapping[str, Series]
    """Each rival's media money per day over all touchpoints, as a market monitor reports it."""
    levers: Mapping[str, float] = field(default_factory=dict)
    """Levers that the brand's mechanisms offer, and where they stand now."""
    lever_bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Least and largest value of each lever."""

    def __post_init__(self) -> None:
        """Make every series a read-only view of itself. ValueError when one has not the shape (reported_days,)."""
        days = self.reported_days
        for name in _TOTALS:
            series = getattr(self, name)
            if not _is_sealed(series, days):
                object.__setattr__(self, name, _sealed(series, days, name))
        for name in _BREAKDOWNS:
            table = getattr(self, name)
            if isinstance(table, SealedTable) and table.days == days:
                continue
            if not all(_is_sealed(series, days) for series in table.values()):
                sealed = {key: _sealed(series, days, f"{name}[{key!r}]") for key, series in table.items()}
                object.__setattr__(self, name, sealed)

    @classmethod
    def late(cls, source: Callable[[str], Any], **known: Any) -> BrandView:
        """A view whose other fields come from `source(name)` when they are first looked at.

        For worlds, which hand out a view at every decision: most policies look at little of it. What `source` returns
        must be sealed and must not depend on when it is asked.
        """
        view = object.__new__(cls)
        object.__setattr__(view, "_source", source)
        for name, value in known.items():
            object.__setattr__(view, name, value)
        return view

    def __getattr__(self, name: str) -> Any:
        if name not in _REPORTED or "_source" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = self.__dict__["_source"](name)
        object.__setattr__(self, name, value)
        return value

    def __getstate__(self) -> dict[str, Any]:
        """A pickled view holds its figures, not the world that it would ask."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def recent(self, series: Series, days: int) -> float:
        """Sum of the last `days` reported values of a series (of all of them when fewer are known; 0.0 of none)."""
        if days < 1:
            raise ValueError(f"days must be at least 1, got {days}")
        return math.fsum(series[-days:].tolist())

    def reported_roas(self, touchpoint: str, days: int) -> float:
        """Attributed revenue per unit of media money on a touchpoint over the last `days` reported days.

        NaN when nothing was spent there. This is what a dashboard shows, not what advertising caused: last-click
        credit flatters touchpoints near the purchase. InputError for a touchpoint without figures.
        """
        if touchpoint not in self.spend:
            raise InputError(unknown("touchpoint", touchpoint, self.spend))
        cost = self.recent(self.spend[touchpoint], days)
        if cost <= 0.0:
            return math.nan
        credited = self.attributed_revenue.get(touchpoint)
        return self.recent(credited, days) / cost if credited is not None else 0.0
