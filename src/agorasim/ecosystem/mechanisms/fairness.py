"""Who is reached, known and charged how much, by segment: counted since the warm-up, changing nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BY_ORDERS, BY_REACH, BY_REVENUE, FIXED
from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.measures import fairness

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_COUNTED: Final = {"reach": BY_REACH, "orders": BY_ORDERS, "revenue": BY_REVENUE}


class Fairness(Mechanism):
    """Sums by brand and segment, (B, S) int64: person-days of reach, of retargeting and known, orders, revenue."""

    name = "fairness"
    code = "M18"
    meaning = "how alike segments are reached, known and charged (counted, changes nothing)"
    keys = ("data.fairness",)
    state = ("sums",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether segments are compared."""
        return scenario.data.fairness is not None

    def __init__(self, world: World) -> None:
        super().__init__(world)
        shape = (len(self.brands), len(world.population.segments))
        #: How many people each segment has, (S,).
        self.people = np.bincount(world.population.segment, minlength=shape[1])
        self.sums = {name: np.zeros(shape, dtype=np.int64) for name in (*_COUNTED, "targeted", "identified")}

    def closing(self, world: World) -> None:
        """Add up the day, and say how far segments are apart so far."""
        if world.day < world.days.warmup:
            return
        brands, segments = self.sums["reach"].shape
        cells = world.w.by_cell.reshape(brands, segments, -1, world.w.by_cell.shape[2]).sum(axis=2)
        for name, column in _COUNTED.items():
            self.sums[name] += cells[:, :, column]
        platform = world.mechanism("platform")
        for name in ("targeted", "identified"):
            if platform is not None:
                self.sums[name] += platform.today[name]
        people = self.people
        for name in ("reach", "targeted", "identified"):
            shares = fairness.least(fairness.parity(fairness.rates(self.sums[name], people)))
            self.today[f"{name}_parity"][:] = np.rint(shares * FIXED).astype(np.int64)
        gap = fairness.price_gap(fairness.price_ratios(self.sums["revenue"], self.sums["orders"]))
        self.today["segment_price_gap"][:] = np.rint(gap * FIXED).astype(np.int64)

    def table(self, world: World) -> pa.Table:
        """The table `fairness`: one row a brand and segment, over the counted days so far.

        Columns: `replicate, brand, segment, people`; `consenting` (share today); `reach`, `targeted` and `identified`
        (share of a person's days on which the brand met them, had them in an audience for retargeting, knew them) and
        `orders` (a person); `price` (mean paid; null without orders); each with its ratio: `reach_parity`,
        `targeted_parity`, `identified_parity` to the segment with most of it, `price_ratio` to what all pay; and
        `served_less`: whether a parity is below `data.fairness.least`.
        """
        import pyarrow as pa

        settings = world.scenario.data.fairness
        assert settings is not None
        people, segments = self.people, world.population.segments
        days = max(1, world.history.days - world.days.warmup)
        consenting = np.bincount(world.population.segment[world.w.consent > 0], minlength=len(segments))
        shape = self.sums["reach"].shape
        brand, segment = (grid.reshape(-1) for grid in np.indices(shape))
        columns = {
            "replicate": pa.array(np.full(len(brand), world.replicate), pa.int32()),
            "brand": pa.array(np.array(self.brands, dtype=object)[brand], pa.string()),
            "segment": pa.array(np.array(segments, dtype=object)[segment], pa.string()),
            "people": pa.array(people[segment], pa.int64()),
            "consenting": _reals(np.broadcast_to(fairness.rates(consenting, people), shape)),
        }
        less = np.zeros(shape, dtype=bool)
        for name in ("reach", "targeted", "identified"):
            rate = fairness.rates(self.sums[name], people)
            share = fairness.parity(rate)
            columns[name], columns[f"{name}_parity"] = _reals(rate / days), _reals(share)
            less |= share < settings.least
        columns["orders"] = _reals(fairness.rates(self.sums["orders"], people))
        ratios = fairness.price_ratios(self.sums["revenue"], self.sums["orders"])
        minor = world.scenario.currency.minor_units
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["price"] = _reals(self.sums["revenue"] / self.sums["orders"] / minor)
        columns["price_ratio"] = _reals(ratios)
        columns["served_less"] = pa.array(less.reshape(-1), pa.bool_())
        return pa.table(columns)


def _reals(values: Array) -> pa.Array:
    """Figures by brand and segment as one column, null where undefined."""
    import pyarrow as pa

    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return pa.array(flat, pa.float64(), mask=~np.isfinite(flat))
