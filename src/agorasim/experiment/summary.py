"""From days and replications to one figure with an interval.

Within a replication, flows are summed over the counted days and stocks averaged over them; a flow that does not add up
(daily reach: the same people are met on many days) is averaged too. Ratios are taken of those sums. Then comes the mean
over replications with its Student-t interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.effects.intervals import mean_interval
from agorasim.experiment import tables
from agorasim.experiment.files import write_bytes
from agorasim.measures import metrics

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.experiment.store import Store

COUNTED: Final = "counted"
"""Period of the days after warm-up."""
END: Final = "end"
"""Period of the last day alone, for stocks."""

Group = tuple[str, ...]
Columns = Mapping[str, NDArray[np.float64]]


def adds_over_days(metric: metrics.Metric) -> bool:
    """Whether a period's figure is the sum of its days; otherwise it is their mean."""
    return metric.kind == "flow" and metric.additive


def totals(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """One row per group and replication: days summed or averaged, as suits each metric.

    Args:
        table: KPI rows with `replicate`, the group keys and the named metrics.
        names: recorded metrics to keep.
    """
    recorded = [metrics.BY_NAME[name] for name in names]
    how = [(m.name, "sum" if adds_over_days(m) else "mean") for m in recorded]
    keys = ["replicate", *tables.GROUP_KEYS]
    # One thread: the order of additions, and with it the last bit, must not depend on the machine's cores.
    grouped = table.group_by(keys, use_threads=False).aggregate(how)
    return grouped.rename_columns([_plain(name, how) for name in grouped.column_names])


def _plain(name: str, how: Iterable[tuple[str, str]]) -> str:
    return {f"{metric}_{function}": metric for metric, function in how}.get(name, name)


def ratio(columns: Columns, metric: metrics.Metric) -> NDArray[np.float64]:
    """A ratio metric from its parts, element by element; NaN where a part is missing or the denominator is 0."""
    if metric.ratio is None:
        raise ValueError(f"{metric.name} is no ratio")
    top, bottom = columns[metric.ratio[0]], columns[metric.ratio[1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0.0, top / bottom, np.nan)


def unit_text(unit: str, currency: str) -> str:
    """A unit with the scenario's currency in place of the word money."""
    return unit.replace("money", currency)


def summarise(store: Store, *, days: int, warmup: int, level: float, currency: str) -> pa.Table:
    """The summary table over all finished replications; holds one replication's days in memory at a time.

    Args:
        store: finished replications.
        days: simulated days.
        warmup: first days, which are not counted.
        level: coverage of the intervals.
        currency: the word for money in units.
    """
    import pyarrow.compute as pc

    replicates = store.finished()
    there = store.read(replicates[0]).column_names if replicates else ()
    recorded = [m.name for m in metrics.recorded() if m.name in there]
    stocks = [name for name in recorded if metrics.BY_NAME[name].kind == "stock"]
    counted, end = _Cells(recorded, len(replicates)), _Cells(stocks, len(replicates))
    for position, number in enumerate(replicates):
        table = store.read(number)
        counted.put(position, totals(table.filter(pc.field("day") >= warmup), recorded))
        last = table.filter(pc.field("day") == days - 1)
        end.put(position, last.select([*tables.GROUP_KEYS, *stocks]))
    rows: list[tuple[object, ...]] = []
    for period, cells in ((COUNTED, counted), (END, end)):
        values = dict(cells.values())
        if period == COUNTED:
            values.update({m.name: ratio(values, m) for m in metrics.METRICS if m.ratio and {*m.ratio} <= {*recorded}})
        for name, by_group in values.items():
            unit = unit_text(metrics.BY_NAME[name].unit, currency)
            found = mean_interval(by_group, level)
            for group, estimate, low, high, n in zip(cells.groups, *(a.tolist() for a in found), strict=True):
                if n:
                    rows.append((period, *group, "mean", "", name, estimate, low, high, n, unit))
    return _table(rows)


class _Cells:
    """Values by group, metric and replication; groups are those that any replication has."""

    def __init__(self, names: Sequence[str], replications: int) -> None:
        self.names = list(names)
        self.groups: list[Group] = []
        self._rows: dict[Group, int] = {}
        self._replications = replications
        self._parts: list[tuple[int, list[int], dict[str, NDArray[np.float64]]]] = []

    def put(self, position: int, table: pa.Table) -> None:
        """Keep one replication's row per group."""
        import pyarrow as pa

        keys = zip(*(table.column(key).to_pylist() for key in tables.GROUP_KEYS), strict=True)
        at = [self._row(group) for group in keys]
        columns = {
            name: table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
            for name in self.names
        }
        self._parts.append((position, at, columns))

    def _row(self, group: Group) -> int:
        if group not in self._rows:
            self._rows[group] = len(self.groups)
            self.groups.append(group)
        return self._rows[group]

    def values(self) -> dict[str, NDArray[np.float64]]:
        """Per metric an array of shape (groups, replications), NaN where undefined."""
        out = {name: np.full((len(self.groups), self._replications), np.nan) for name in self.names}
        for position, at, columns in self._parts:
            for name, column in columns.items():
                out[name][at, position] = column
        return out


def _table(rows: list[tuple[object, ...]]) -> pa.Table:
    import pyarrow as pa

    schema = tables.schema("summary")
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [
        pa.array(list(column), type=field.type, from_pandas=True) for column, field in zip(columns, schema, strict=True)
    ]
    order = ("period", *tables.GROUP_KEYS, "metric")
    return pa.table(arrays, schema=schema).sort_by([(key, "ascending") for key in order]).combine_chunks()


def write(path: Path, table: pa.Table) -> None:
    """Write the summary table. StorageError when it cannot be written."""
    write_bytes(path, tables.encode(table))
