"""What customers turn out to be worth: a table of customers, and margins discounted to their first order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism, distinct
from agorasim.ecosystem.mechanisms.last_orders import last_orders

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]


class Customers(Mechanism):
    """Follows every customer's orders and margin (paid less goods, delivery borne and commission).

    Sums are whole minor units, in columns that grow wider on the day somebody's sum no longer fits.
    """

    name = "customers"
    code = "M13"
    meaning = "table of customers: cohorts, repeat purchases, lifetime value so far"
    blank = {"repeats": 0, "paid": 0, "margin": 0, "discounted": 0}
    keys = ("outcomes.lifetime",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether the table is asked for."""
        return scenario.outcomes.lifetime is not None

    def __init__(self, world: World) -> None:
        """Only customers whose first order is seen are followed."""
        super().__init__(world)
        shape = (world.size, len(self.brands))
        #: Days after the first with an order (several orders of a day are one purchase occasion).
        self.columns["repeats"] = np.zeros(shape, dtype=np.uint8)
        for name in ("paid", "margin", "discounted"):
            self.columns[name] = np.zeros(shape, dtype=np.int32)

    def settled(self, world: World, orders: Array) -> None:
        """Add today's orders to what is known of their buyers."""
        settings = world.scenario.outcomes.lifetime
        assert settings is not None
        w, market, brands = world.w, world.market, len(self.brands)
        offers, price = orders["offer"], orders["price"]
        b = market.table["brand"][offers].astype(np.int64)
        codes = orders["consumer"].astype(np.int64) * brands + b
        # What the day counts as first purchases is among its orders, once a person.
        first = w.first_day.reshape(-1)[codes]
        first_today = distinct(codes[first == world.day]) % brands
        self.today["repeat_orders"] += np.bincount(b, minlength=brands) - np.bincount(first_today, minlength=brands)
        seen = np.flatnonzero(first >= 0)
        seen = seen[np.argsort(codes[seen], kind="stable")]
        codes, b, age, offers, price = codes[seen], b[seen], world.day - first[seen], offers[seen], price[seen]
        margin = price - w.brands["unit_cost"][b] - market.delivery_cost[offers]
        margin = margin - np.rint(price * market.commission[offers]).astype(np.int64)
        discounted = np.rint(margin * (1.0 + settings.discount) ** (-age / 365.0)).astype(np.int64)
        for name, amount in (("paid", price), ("margin", margin), ("discounted", discounted)):
            self._add(name, codes, amount)
        np.add.at(self.today["lifetime_margin"], b, discounted)
        codes = distinct(codes)
        last = last_orders(world).columns["day"].reshape(-1)  # of every brand, and not of today yet
        again = codes[(w.first_day.reshape(-1)[codes] < world.day) & (last[codes] < world.day)]
        repeats = self.columns["repeats"].reshape(-1)[again].astype(np.int64) + 1
        self.wide_enough("repeats", int(repeats.max(initial=0))).reshape(-1)[again] = repeats

    def _add(self, name: str, codes: Array, amount: Array) -> None:
        """Add amounts (n,) to the sums of customers (codes consumer x B + brand, ascending)."""
        if len(codes) == 0:
            return
        start = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
        whose = codes[start]
        total = self.columns[name].reshape(-1)[whose] + np.add.reduceat(amount.astype(np.int64), start)
        self.wide_enough(name, int(np.abs(total).max())).reshape(-1)[whose] = total

    def table(self, world: World) -> pa.Table:
        """The table `customers`; see `customer_table`."""
        return customer_table(world, self)


def customer_table(world: World, found: Customers) -> pa.Table:
    """One row a customer and brand whose first order was seen, sorted by brand and consumer.

    Columns: `replicate, consumer, brand, segment`; `cohort` (number of the span of `outcomes.lifetime.cohort` days
    that the first order fell into); `first_day, last_day, left_day` (null: still there, or churn is off), `days`
    observed since the first order; `orders`; `repeats` and `recency` (days with an order after the first, and the day
    of the last of them, counted from the first: what BG/NBD takes); `revenue`, `margin`, `discounted_margin` in money.
    """
    import pyarrow as pa

    settings = world.scenario.outcomes.lifetime
    assert settings is not None
    w, columns, minor = world.w, found.columns, world.scenario.currency.minor_units
    b, who = np.nonzero(w.first_day.T >= 0)
    first = w.first_day[who, b]
    last = last_orders(world).columns["day"][who, b].astype(np.int64)  # of every brand
    churn = world.mechanism("churn")
    left = np.full(len(who), -1) if churn is None else churn.columns["left"][who, b]
    names = np.array(found.brands, dtype=object)
    segments = np.array(world.population.segments, dtype=object)
    return pa.table(
        {
            "replicate": pa.array(np.full(len(who), world.replicate), pa.int32()),
            "consumer": pa.array(who, pa.int32()),
            "brand": pa.array(names[b], pa.string()),
            "segment": pa.array(segments[world.population.segment[who]], pa.string()),
            "cohort": pa.array((first // settings.cohort).astype(np.int64), pa.int32()),
            "first_day": pa.array(first, pa.int32()),
            "last_day": pa.array(last, pa.int32()),
            "left_day": pa.array(np.ma.masked_array(left, mask=left < 0), pa.int32()),
            "days": pa.array(world.day - first, pa.int32()),
            "orders": pa.array(w.bought[who, b], pa.int32()),
            "repeats": pa.array(columns["repeats"][who, b], pa.int32()),
            "recency": pa.array(last - first, pa.int32()),
            "revenue": pa.array(columns["paid"][who, b] / minor, pa.float64()),
            "margin": pa.array(columns["margin"][who, b] / minor, pa.float64()),
            "discounted_margin": pa.array(columns["discounted"][who, b] / minor, pa.float64()),
        }
    )
