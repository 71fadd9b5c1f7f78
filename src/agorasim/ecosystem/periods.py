"""Totals of a finished world by period: what an experiment keeps of it. Sums of `World.kpis()`, from its integers.

Over a period's days flows are summed; stocks, and flows that do not add up (daily reach), are averaged. Ratios are left
out: they follow from the sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.ecosystem import records as r
from agorasim.ecosystem import tallies
from agorasim.ecosystem.tables import CELL_COUNTS, CELL_MEANS, TOUCH_COUNTS
from agorasim.errors import InputError, unknown
from agorasim.measures.metrics import recorded

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.measures.metric import Level

Array = NDArray[Any]
Figures = dict[str, Array]
Keys = list[dict[str, str]]
Block = tuple[Keys, Figures]

COUNTED: Final = "counted"
"""From the end of warm-up to the end, cool-down included."""
END: Final = "end"
"""The last day, for stocks."""
FINER: Final = ("day", "week", "month")
_STOCKS: Final = frozenset(m.name for m in recorded() if m.kind == "stock")
_MEANS: Final = frozenset(m.name for m in recorded() if m.kind == "stock" or not m.additive)
_MONEY: Final = frozenset(m.name for m in recorded() if m.money)


class RowKey(NamedTuple):
    """What a row of totals is about; empty text means all."""

    period: str
    brand: str = ""
    touchpoint: str = ""
    place: str = ""
    segment: str = ""
    region: str = ""


@dataclass(frozen=True, eq=False)
class Totals:
    """Totals of one world.

    Attributes:
        rows: what each row is about, sorted.
        metrics: names of the recorded metrics, in the dictionary's order.
        values: (rows, metrics) float64, money in currency units; NaN where a row does not have the metric.
    """

    rows: tuple[RowKey, ...]
    metrics: tuple[str, ...]
    values: NDArray[np.float64]

    def value(self, metric: str, **key: str) -> float:
        """A figure of the row with these keys, such as brand="lumo"; the period is "counted" unless given.

        KeyError when there is no such row, InputError for an unknown metric.
        """
        row = RowKey(**{"period": COUNTED, **key})
        if metric not in self.metrics:
            raise InputError(unknown("metric", metric, self.metrics))
        if row not in self.rows:
            raise KeyError(row)
        return float(self.values[self.rows.index(row), self.metrics.index(metric)])


def finer_periods(periods: str | Iterable[str]) -> tuple[str, ...]:
    """Periods asked for besides `counted`, as text ("counted", "week", "month,day") or names; InputError if unknown."""
    names = periods.replace("+", ",").split(",") if isinstance(periods, str) else list(periods)
    chosen = {name.strip() for name in names} - {COUNTED, ""}
    for name in sorted(chosen):
        if name not in FINER:
            raise InputError(unknown("period", name, (COUNTED, *FINER)))
    return tuple(name for name in FINER if name in chosen)


def period_of(world: World, unit: str, day: int) -> str:
    """The name of the day, week or month that a counted day belongs to."""
    since = day - world.days.warmup
    if unit == "month":
        return f"{world.days.date(day):%Y-%m}"
    return f"week {since // 7:02d}" if unit == "week" else f"day {since:03d}"


def totals(world: World, periods: str | Iterable[str] = COUNTED, *, detail: bool = False) -> Totals:
    """Totals of a finished world.

    Args:
        world: a world whose calendar is over.
        periods: "counted", perhaps with "day", "week" or "month" for the rows of brands.
        detail: rows of touchpoints and of places too.
    """
    if not world.finished:
        raise InputError(f"totals need a finished world; this one is on day {world.day} of {world.days.count}")
    finer = finer_periods(periods)
    counted = slice(world.days.warmup, world.history.days)
    last = slice(world.history.days - 1, world.history.days)
    rows: list[RowKey] = []
    parts: list[NDArray[np.float64]] = []
    minor = float(world.scenario.currency.minor_units)

    def add(periods: list[str], block: Block, days: Any, only: frozenset[str] | None = None) -> None:
        rows.extend(RowKey(period, **key) for period in periods for key in block[0])
        size = len(periods) * len(block[0])
        parts.append(_values(block[1], metrics, size, minor, np.repeat(days, len(block[0])), only))

    summed, metrics = _Summed(world, detail), _metrics(world)
    for block in summed.blocks(counted):
        add([COUNTED], block, [counted.stop - counted.start])
    for block in summed.blocks(last):
        if not _STOCKS.isdisjoint(block[1]):
            add([END], block, [1], _STOCKS)
    for unit in finer:
        names = [period_of(world, unit, day) for day in range(counted.start, counted.stop)]
        starts = [k for k, name in enumerate(names) if k == 0 or name != names[k - 1]]
        add([names[k] for k in starts], summed.brands(counted, starts), np.diff([*starts, len(names)]))
    order = sorted(range(len(rows)), key=rows.__getitem__)
    return Totals(tuple(rows[k] for k in order), metrics, np.concatenate(parts)[order])


def region_totals(world: World, period: str, first: int, end: int) -> Totals:
    """Totals by region over the days from `first` to before `end`, for a period of that name."""
    rows: list[RowKey] = []
    parts: list[NDArray[np.float64]] = []
    minor = float(world.scenario.currency.minor_units)
    for keys, figures in _Summed(world, False).blocks(slice(first, end)):
        if "region" in keys[0]:
            rows.extend(RowKey(period, **key) for key in keys)
            parts.append(_values(figures, _metrics(world), len(keys), minor, np.full(len(keys), end - first), None))
    return Totals(tuple(rows), _metrics(world), np.concatenate(parts))


def joined(first: Totals, second: Totals) -> Totals:
    """The rows of both, sorted."""
    rows = (*first.rows, *second.rows)
    order = sorted(range(len(rows)), key=rows.__getitem__)
    values = np.concatenate([first.values, second.values])
    return Totals(tuple(rows[k] for k in order), first.metrics, values[order])


def _metrics(world: World) -> tuple[str, ...]:
    """Names of what the world records."""
    return tuple(m.name for m in recorded([mechanism.name for mechanism in world.mechanisms]))


def _values(
    figures: Figures, metrics: tuple[str, ...], rows: int, minor: float, days: Array, only: frozenset[str] | None
) -> NDArray[np.float64]:
    """Whole-number sums over `days` (rows,) as figures (rows, metrics); money and means are divided last."""
    out = np.full((rows, len(metrics)), np.nan)
    for k, name in enumerate(metrics):
        if name in figures and (only is None or name in only):
            out[:, k] = figures[name] / (minor if name in _MONEY else 1.0)
            if name in _MEANS:
                out[:, k] /= days
    return out


class _Summed:
    """Sums over a span of days, a block for each kind of row: (keys, sums by metric)."""

    def __init__(self, world: World, detail: bool) -> None:
        self.world, self.detail = world, detail
        self.h = world.history
        people = world.population
        self._brands, self._touchpoints = list(world.scenario.brands), list(world.scenario.touchpoints)
        self._segments, self._regions = list(people.segments), list(people.regions)
        self._in_segment = np.bincount(people.segment, minlength=len(self._segments))
        self._in_region = np.bincount(people.region, minlength=len(self._regions))

    def blocks(self, days: slice) -> list[Block]:
        """All kinds of rows, each summed over all the days."""
        h, n = self.h, days.stop - days.start
        segments = [{"segment": s} for s in self._segments]
        regions = [{"region": s} for s in self._regions]
        needs, needs_region = h.needs_segment[days].sum(axis=0), h.needs_region[days].sum(axis=0)
        out: list[Block] = [
            ([{}], {"population": np.array([self.world.size * n]), "needs": needs.sum(keepdims=True)}),
            (segments, {"population": self._in_segment * n, "needs": needs}),
            (regions, {"population": self._in_region * n, "needs": needs_region}),
            self.brands(days, [0]),
            self._segments_of_brands(segments, days),
            self._cells(regions, h.by_region[days], h.levels_region[days], self._in_region),
        ]
        return [*out, self._touch(days), self._places(days)] if self.detail else out

    def brands(self, days: slice, starts: list[int]) -> Block:
        """The rows of brands for each of the spans into which `starts` cuts the days, spans times brands of them."""

        def spans(tally: Array) -> Array:
            sums = np.add.reduceat(tally[days].sum(axis=2), starts, axis=0)
            return sums.reshape(-1, *sums.shape[2:])

        h = self.h
        out = _cell_figures(spans(h.by_segment), self.world.size)
        levels, touch = spans(h.levels_segment), spans(h.touch)
        out["customers"], out["members"] = levels[:, c.CUSTOMERS], levels[:, c.MEMBERS]
        out.update({name: touch[:, k] for name, k in TOUCH_COUNTS.items()})
        out["spend"], out["planned_spend"] = spans(h.spend), spans(h.plan)
        out["fixed_cost"] = spans(h.fixed)
        owner = self.world.market.table["brand"]
        offers = np.add.reduceat(h.offer[days], starts, axis=0)
        book = np.array([offers[:, owner == b].sum(axis=1) for b in range(len(self._brands))])
        book = book.transpose(1, 0, 2).reshape(-1, book.shape[2])
        out.update(_book_figures(book))
        out["contribution"] = book[:, r.REVENUE] - book[:, r.GOODS] - book[:, r.FULFILMENT] - book[:, r.COMMISSION]
        out["contribution"] = out["contribution"] - spans(h.costs)
        out["profit"] = out["contribution"] - out["spend"] - out["fixed_cost"]
        for name, tally in tallies.by_brand(self.world, days).items():
            out[name] = np.add.reduceat(tally, starts, axis=0).reshape(-1)
        return [{"brand": name} for name in self._brands], out

    def _counted(self, level: Level, days: slice) -> Figures:
        """What mechanisms counted by touchpoint, segment or place."""
        found = tallies.by_level(self.world, level, days)
        return {name: tally.sum(axis=0).reshape(-1) for name, tally in found.items()}

    def _segments_of_brands(self, segments: Keys, days: slice) -> Block:
        h = self.h
        keys, out = self._cells(segments, h.by_segment[days], h.levels_segment[days], self._in_segment)
        return keys, {**out, **self._counted("segment", days)}

    def _cells(self, groups: Keys, tallies: Array, levels: Array, sizes: Array) -> Block:
        keys = [{"brand": name, **group} for name in self._brands for group in groups]
        out = _cell_figures(tallies.sum(axis=0).reshape(-1, tallies.shape[-1]), np.tile(sizes, len(self._brands)))
        out["customers"] = levels[..., c.CUSTOMERS].sum(axis=0).reshape(-1)
        return keys, out

    def _touch(self, days: slice) -> Block:
        h = self.h
        keys = [{"brand": name, "touchpoint": t} for name in self._brands for t in self._touchpoints]
        sums = h.touch[days].sum(axis=0).reshape(-1, h.touch.shape[-1])
        out = {name: sums[:, k] for name, k in TOUCH_COUNTS.items()}
        out["reach"] = sums[:, c.AT_REACH]
        for name, tally in (("spend", h.spend), ("planned_spend", h.plan), ("fixed_cost", h.fixed)):
            out[name] = tally[days].sum(axis=0).reshape(-1)
        return keys, {**out, **self._counted("touchpoint", days)}

    def _places(self, days: slice) -> Block:
        keys = [{"brand": o.brand, "place": o.place} for o in self.world.market.offers]
        book = self.h.offer[days].sum(axis=0)
        out = {"orders": book[:, r.ORDERS], "lost_orders": book[:, r.LOST], "revenue": book[:, r.REVENUE]}
        out.update(_book_figures(book))
        endless = (self.h.offer[days, :, r.STOCK] < 0).any(axis=0)
        out["stock"] = np.where(endless, np.nan, book[:, r.STOCK])
        return keys, {**out, **self._counted("place", days)}


def _cell_figures(tallies: Array, people: Any) -> Figures:
    """Sums of (rows, .) tallies by metric; means over no people are NaN."""
    out: Figures = {name: tallies[:, k] for name, k in CELL_COUNTS.items()}
    out["revenue"] = tallies[:, c.BY_REVENUE]
    for name, k in CELL_MEANS.items():
        with np.errstate(invalid="ignore"):
            out[name] = tallies[:, k] / c.FIXED / np.where(np.asarray(people) == 0, np.nan, people)
    return out


def _book_figures(book: Array) -> Figures:
    columns = {"discounts": r.DISCOUNTS, "cost_of_goods": r.GOODS, "fulfilment_cost": r.FULFILMENT,
               "commission": r.COMMISSION}  # fmt: skip
    return {name: book[:, k] for name, k in columns.items()}
