"""Tables of a world: the KPI table in its fixed schema, and a sample of the social graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.ecosystem import records as r
from agorasim.ecosystem import tallies
from agorasim.measures.metrics import BY_NAME, recorded
from agorasim.randomness import LAYOUT, uniforms

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.world import World
    from agorasim.measures.metric import Level

Array = NDArray[Any]
Columns = dict[str, Array]
SAMPLE: Final = 1500  #: consumers in the sample of the social graph

CELL_COUNTS: Final = {
    "reach": c.BY_REACH, "recommendations": c.BY_RECOMMENDATIONS, "complaints": c.BY_COMPLAINTS,
    "heard_good": c.BY_HEARD_GOOD, "heard_bad": c.BY_HEARD_BAD, "considered": c.BY_CONSIDERED,
    "orders": c.BY_ORDERS, "lost_orders": c.BY_LOST, "new_customers": c.BY_NEW,
    "experiences": c.BY_EXPERIENCES, "satisfaction_sum": c.BY_SATISFACTION,
}  # fmt: skip
CELL_MEANS: Final = {"awareness": c.BY_AWARENESS, "goodwill": c.BY_GOODWILL, "habit": c.BY_HABIT}
TOUCH_COUNTS: Final = {
    "impressions": c.AT_IMPRESSIONS, "clicks": c.AT_CLICKS, "searches": c.AT_SEARCHES,
}  # fmt: skip


def kpi_schema(world: World) -> pa.Schema:
    """Columns of the KPI table: keys, then one a recorded metric (money and mean states float64, counts int64)."""
    import pyarrow as pa

    keys = [("replicate", pa.int32()), ("day", pa.int32())]
    keys += [(k, pa.string()) for k in ("brand", "touchpoint", "place", "segment", "region")]
    chosen = recorded([mechanism.name for mechanism in world.mechanisms])
    real = {m.name for m in chosen if m.money or m.fixed or m.name in r.MEANS}
    return pa.schema(keys + [(m.name, pa.float64() if m.name in real else pa.int64()) for m in chosen])


def kpi_table(world: World) -> pa.Table:
    """The KPI table of a world's days so far, sorted by its keys; a metric that a row does not have is null."""
    import pyarrow as pa

    schema = kpi_schema(world)
    writer = _Writer(world)
    parts = []
    for keys, columns in writer.blocks():
        size = len(keys["day"])
        arrays = []
        for field in schema:
            if field.name == "replicate":
                arrays.append(pa.array(np.full(size, world.replicate, dtype=np.int32)))
            elif field.name in keys:
                arrays.append(pa.array(keys[field.name], type=field.type))
            elif field.name in columns:
                arrays.append(_column(pa, columns[field.name], field.type))
            elif pa.types.is_string(field.type):
                arrays.append(pa.array(np.full(size, "", dtype=object), type=pa.string()))
            else:
                arrays.append(pa.nulls(size, field.type))
        parts.append(pa.Table.from_arrays(arrays, schema=schema))
    keys_order = ("day", "brand", "touchpoint", "place", "segment", "region")
    return pa.concat_tables(parts).sort_by([(k, "ascending") for k in keys_order]).combine_chunks()


def _column(pa: Any, values: Array, kind: Any) -> Any:
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, type=kind, mask=np.ma.getmaskarray(values))
    return pa.array(values, type=kind)


class _Writer:
    """Blocks of rows of one kind: (keys, metrics), each array of shape (rows,)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.h = world.history
        self.days = self.h.days
        self.money = float(world.scenario.currency.minor_units)
        self.brands = list(world.scenario.brands)
        self.touchpoints = list(world.scenario.touchpoints)
        people = world.population
        self.segment_sizes = np.bincount(people.segment, minlength=len(people.segments))
        self.region_sizes = np.bincount(people.region, minlength=len(people.regions))

    def blocks(self) -> list[tuple[Columns, Columns]]:
        """All row kinds."""
        h, days = self.h, slice(0, self.days)
        segments, regions = self.world.population.segments, self.world.population.regions
        return [
            (self._keys(), {"population": self._fixed([self.world.size]), "needs": h.needs_segment[days].sum(1)}),
            (self._keys(segment=segments), self._category(self.segment_sizes, h.needs_segment)),
            (self._keys(region=regions), self._category(self.region_sizes, h.needs_region)),
            (self._keys(brand=self.brands), self._totals()),
            (self._keys(brand=self.brands, touchpoint=self.touchpoints), self._touch()),
            (
                self._keys(brand=self.brands, segment=segments),
                {**self._cells(h.by_segment, h.levels_segment, self.segment_sizes), **self._counted("segment")},
            ),
            (
                self._keys(brand=self.brands, region=regions),
                self._cells(h.by_region, h.levels_region, self.region_sizes),
            ),
            self._places(),
        ]

    def _keys(self, **axes: list[str]) -> Columns:
        """Key columns of the full cross of day and the given names, the last one fastest."""
        shape = (self.days, *(len(names) for names in axes.values()))
        grids = np.indices(shape).reshape(len(shape), -1)
        keys: Columns = {"day": grids[0].astype(np.int32)}
        for k, (axis, names) in enumerate(axes.items(), start=1):
            keys[axis] = np.array(names, dtype=object)[grids[k]]
        return keys

    def _fixed(self, sizes: Any) -> Array:
        return np.tile(np.asarray(sizes, dtype=np.int64), self.days)

    def _category(self, sizes: Array, needs: Array) -> Columns:
        return {"population": self._fixed(sizes), "needs": needs[: self.days].reshape(-1)}

    def _cells(self, tallies: Array, levels: Array, sizes: Array) -> Columns:
        """Metrics of (days, B, groups, .) tallies, flattened; means over no people are null."""
        t = tallies[: self.days]
        out: Columns = {name: t[..., k].reshape(-1) for name, k in CELL_COUNTS.items()}
        out["revenue"] = (t[..., c.BY_REVENUE] / self.money).reshape(-1)
        out["customers"] = levels[: self.days, ..., c.CUSTOMERS].reshape(-1)
        people = np.maximum(sizes, 1)
        empty = np.broadcast_to(sizes == 0, t.shape[:-1])
        for name, k in CELL_MEANS.items():
            out[name] = np.ma.masked_array((t[..., k] / c.FIXED) / people, mask=empty).reshape(-1)
        return out

    def _totals(self) -> Columns:
        h, d, w = self.h, slice(0, self.days), self.world
        levels = h.levels_segment[d].sum(axis=2, keepdims=True)
        out = self._cells(h.by_segment[d].sum(axis=2, keepdims=True), levels, np.array([w.size]))
        for name, k in TOUCH_COUNTS.items():
            out[name] = h.touch[d, :, :, k].sum(axis=2).reshape(-1)
        out["members"] = levels[..., c.MEMBERS].reshape(-1)
        out["spend"] = h.spend[d].sum(axis=2).reshape(-1) / self.money
        out["planned_spend"] = h.plan[d].sum(axis=2).reshape(-1) / self.money
        out["fixed_cost"] = h.fixed[d].sum(axis=2).reshape(-1) / self.money
        owner = w.market.table["brand"]
        book = np.array([h.offer[d][:, owner == b].sum(axis=1) for b in range(len(self.brands))])
        book = book.transpose(1, 0, 2).reshape(-1, 8)
        contribution = book[:, r.REVENUE] - book[:, r.GOODS] - book[:, r.FULFILMENT] - book[:, r.COMMISSION]
        contribution = contribution - h.costs[d].sum(axis=2).reshape(-1)
        media = (h.spend[d] + h.fixed[d]).sum(axis=2).reshape(-1)
        for name, column in (("discounts", r.DISCOUNTS), ("cost_of_goods", r.GOODS),
                             ("fulfilment_cost", r.FULFILMENT), ("commission", r.COMMISSION)):  # fmt: skip
            out[name] = book[:, column] / self.money
        out["contribution"] = contribution / self.money
        out["profit"] = (contribution - media) / self.money
        out.update({name: self._figure(name, tally) for name, tally in tallies.by_brand(w, d).items()})
        return out

    def _figure(self, name: str, tally: Array) -> Array:
        """What a mechanism counted, as a flat column in the metric's unit."""
        entry = BY_NAME[name]
        flat = tally.reshape(-1) / self.money if entry.money else tally.reshape(-1)
        return flat if entry.money or entry.fixed else np.rint(flat).astype(np.int64)

    def _counted(self, level: Level) -> Columns:
        """What mechanisms counted by touchpoint, segment or place."""
        found = tallies.by_level(self.world, level, slice(0, self.days))
        return {name: self._figure(name, tally) for name, tally in found.items()}

    def _touch(self) -> Columns:
        h, d = self.h, slice(0, self.days)
        out: Columns = {name: h.touch[d, :, :, k].reshape(-1) for name, k in TOUCH_COUNTS.items()}
        out["reach"] = h.touch[d, :, :, c.AT_REACH].reshape(-1)
        out["spend"] = h.spend[d].reshape(-1) / self.money
        out["planned_spend"] = h.plan[d].reshape(-1) / self.money
        out["fixed_cost"] = h.fixed[d].reshape(-1) / self.money
        return {**out, **self._counted("touchpoint")}

    def _places(self) -> tuple[Columns, Columns]:
        """One row a day and offer: a brand's sales at a place."""
        offers = self.world.market.offers
        book = self.h.offer[: self.days]
        day = np.repeat(np.arange(self.days, dtype=np.int32), len(offers))
        keys: Columns = {
            "day": day,
            "brand": np.array([o.brand for o in offers] * self.days, dtype=object),
            "place": np.array([o.place for o in offers] * self.days, dtype=object),
        }
        flat = book.reshape(-1, 8)
        out: Columns = {"orders": flat[:, r.ORDERS], "lost_orders": flat[:, r.LOST]}
        for name, column in (("revenue", r.REVENUE), ("discounts", r.DISCOUNTS), ("cost_of_goods", r.GOODS),
                             ("fulfilment_cost", r.FULFILMENT), ("commission", r.COMMISSION)):  # fmt: skip
            out[name] = flat[:, column] / self.money
        out["stock"] = np.ma.masked_array(flat[:, r.STOCK], mask=flat[:, r.STOCK] < 0)
        return keys, {**out, **self._counted("place")}


def network_tables(world: World) -> dict[str, pa.Table]:
    """At most 1,500 consumers and the ties among them: `network` and `network_edges`."""
    import pyarrow as pa

    nodes = _sample(world)
    w = world.w
    degree = np.zeros(world.size, dtype=np.int64)
    for graph in world.graphs.values():
        degree += graph.degree()
    orders = w.bought[nodes]
    bought = np.where(orders.max(axis=1) > 0, orders.argmax(axis=1), -1)
    brands = np.array([*world.scenario.brands, ""], dtype=object)
    segments = np.array(world.population.segments, dtype=object)
    table = pa.table(
        {
            "node": pa.array(nodes.astype(np.int32)),
            "degree": pa.array(degree[nodes].astype(np.int32)),
            "segment": pa.array(segments[world.population.segment[nodes]], type=pa.string()),
            "brand": pa.array(brands[bought], type=pa.string()),
            "first_day": pa.array(_first_purchase(w.first_day[nodes])),
            "x": pa.array(w.traits["x"][nodes].astype(np.float64)),
            "y": pa.array(w.traits["y"][nodes].astype(np.float64)),
        }
    )
    sources, targets, layers = [], [], []
    inside = np.full(world.size, False)
    inside[nodes] = True
    for name, graph in world.graphs.items():
        if graph.complete:
            continue
        for node in nodes:
            ends = graph.neighbours[graph.indptr[node] : graph.indptr[node + 1]]
            ends = ends[inside[ends] & ((ends > node) | graph.directed)]
            sources.append(np.full(len(ends), node, dtype=np.int32))
            targets.append(ends)
            layers.append(np.full(len(ends), name, dtype=object))
    empty = [np.empty(0, dtype=np.int32)]
    edges = pa.table(
        {
            "source": pa.array(np.concatenate(sources or empty)),
            "target": pa.array(np.concatenate(targets or empty)),
            "layer": pa.array(np.concatenate(layers or [np.empty(0, dtype=object)]), type=pa.string()),
        }
    )
    return {"network": table, "network_edges": edges}


def _sample(world: World) -> NDArray[np.int64]:
    """Everybody in a small world; else a snowball from keyed starting points, so that ties stay visible."""
    if world.size <= SAMPLE:
        return np.arange(world.size)
    rank = np.argsort(uniforms(world.population.now, LAYOUT, world.size, 0), kind="stable")
    graphs = [g for g in world.graphs.values() if not g.complete]
    if not graphs:
        return np.sort(rank[:SAMPLE])
    taken: dict[int, None] = {}
    for start in rank:
        queue = [int(start)]
        while queue and len(taken) < SAMPLE:
            node = queue.pop(0)
            if node in taken:
                continue
            taken[node] = None
            if len(queue) < SAMPLE:
                for graph in graphs:
                    queue += graph.neighbours[graph.indptr[node] : graph.indptr[node + 1]].tolist()
        if len(taken) >= SAMPLE:
            break
    return np.sort(np.fromiter(taken, dtype=np.int64))


def _first_purchase(days: Array) -> NDArray[np.int32]:
    """Earliest first purchase over brands, -1 for none; days (n, B)."""
    never = np.int32(2**31 - 1)
    first = np.where(days < 0, never, days).min(axis=1, initial=never)
    return np.where(first == never, -1, first).astype(np.int32)
