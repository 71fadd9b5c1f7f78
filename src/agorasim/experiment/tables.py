"""The tables of a results folder: fixed columns, one order of rows, and bytes that depend on the contents alone.

Equal tables give equal files under one PyArrow version, whichever process wrote them and in whatever order the runs
finished: the schema is written out, rows have a total order, no library leaves its metadata, and every writer option is
set here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from agorasim.measures import metrics

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa

KPIS: Final = "kpis"
WORLDS: Final = "worlds"
"""Totals of the worlds of an experiment."""
#: Tables of the social graph, which only replicate 0 draws.
GRAPH_TABLES: Final = ("network", "network_edges")
#: Tables that every replication may bring besides its KPIs, when the scenario asks for them.
REPLICATE_TABLES: Final = ("journeys", "customers", "fairness", "life_stages")
#: Columns that say what a row of the KPI table is about, in sorting order.
ROW_KEYS: Final = ("replicate", *metrics.KEYS)
#: Columns that say what a row of the table of worlds is about, in sorting order.
WORLD_KEYS: Final = ("replicate", "arm", "period", *(key for key in metrics.KEYS if key != "day"))
#: Columns that say what a row of the summary is about.
GROUP_KEYS: Final = tuple(key for key in metrics.KEYS if key != "day")
#: Where the identity of a run is kept in a part; finished tables carry nothing.
IDENTITY: Final = b"agorasim"

_BASE: Final = frozenset(metrics.recorded(()))
_REAL_UNITS: Final = frozenset({"share", "index"})
_ROW_KEYS_OF: Final[dict[str, tuple[str, ...]]] = {
    "network": ("node",),
    "network_edges": ("layer", "source", "target"),
    "journeys": ("replicate", "day", "consumer", "brand", "touchpoint", "place", "event"),
    "customers": ("replicate", "brand", "consumer"),
    "fairness": ("replicate", "brand", "segment"),
    "life_stages": ("replicate", "brand", "stage"),
}
#: Larger than any table of one replicate: a replicate is one row group.
_ROWS: Final = 2**26
_WRITER: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "use_dictionary": True,
    "write_statistics": True,
    "store_schema": True,
}


def schema(name: str, beside: Collection[str] = ()) -> pa.Schema:
    """The columns of a stored table: `kpis`, `worlds`, `summary`, or another that a replication brings.

    `beside` the metrics that every world has, `kpis` has those of mechanisms that the worlds had.
    """
    import pyarrow as pa

    if name == KPIS:
        keys = [(key, pa.int32() if key in ("replicate", "day") else pa.string()) for key in ROW_KEYS]
        chosen = [m for m in metrics.recorded() if m in _BASE or m.name in beside]
        real = {m.name for m in chosen if m.money or m.fixed or m.unit in _REAL_UNITS}
        return pa.schema(keys + [(m.name, pa.float64() if m.name in real else pa.int64()) for m in chosen])
    text, number, whole = pa.string(), pa.float64(), pa.int32()
    if name == WORLDS:
        about = {key: whole if key == "replicate" else text for key in WORLD_KEYS}
        return pa.schema({**about, **{m.name: number for m in metrics.recorded()}})
    if name == "journeys":
        keys = [(key, whole if key in ("replicate", "day", "consumer") else text) for key in _ROW_KEYS_OF[name]]
        return pa.schema([*keys, ("count", whole), ("seen", pa.bool_())])
    if name == "customers":
        about = {"replicate": whole, "consumer": whole, "brand": text, "segment": text, "cohort": whole}
        days = ("first_day", "last_day", "left_day", "days", "orders", "repeats", "recency")
        money = ("revenue", "margin", "discounted_margin")
        return pa.schema({**about, **dict.fromkeys(days, whole), **dict.fromkeys(money, number)})
    if name == "fairness":
        about = {"replicate": whole, "brand": text, "segment": text, "people": pa.int64(), "consenting": number}
        shares = [part for name in ("reach", "targeted", "identified") for part in (name, f"{name}_parity")]
        figures = dict.fromkeys((*shares, "orders", "price", "price_ratio"), number)
        return pa.schema({**about, **figures, "served_less": pa.bool_()})
    if name == "life_stages":
        about = {"replicate": whole, "brand": text, "stage": text, "people": number, "awareness": number}
        return pa.schema({**about, "orders": pa.int64(), "revenue": number})
    if name == "network":
        columns = {"node": whole, "degree": whole, "segment": text, "brand": text, "first_day": whole}
        return pa.schema({**columns, "x": number, "y": number})
    if name == "network_edges":
        return pa.schema({"source": whole, "target": whole, "layer": text})
    if name == "summary":
        before = {"period": text, **dict.fromkeys(GROUP_KEYS, text)}
        about = {"estimand": text, "channels": text, "metric": text}
        figures = {"estimate": number, "low": number, "high": number, "n": whole, "unit": text}
        return pa.schema({**before, **about, **figures})
    raise ValueError(f"a run returned a table {name!r} that the results folder does not know")


def normalise(name: str, table: pa.Table) -> pa.Table:
    """The table with its fixed columns and sorted rows; columns that a run did not record become null.

    Raises:
        ValueError: a column is unknown, or holds values that its type cannot keep exactly.
    """
    import pyarrow as pa

    columns = schema(name, table.column_names)
    if extra := sorted(set(table.column_names) - set(columns.names)):
        raise ValueError(f"table {name!r} has columns that no metric declares: {', '.join(extra)}")
    arrays = []
    for field in columns:
        if field.name in table.column_names:
            arrays.append(table.column(field.name).cast(field.type))
        else:
            arrays.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    order = ROW_KEYS if name == KPIS else _ROW_KEYS_OF[name]
    return pa.table(arrays, schema=columns).sort_by([(key, "ascending") for key in order]).combine_chunks()


def encode(table: pa.Table, identity: Mapping[str, Any] | None = None) -> bytes:
    """A Parquet file in memory, one row group, stamped with the identity of its run when one is given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stamp = None if identity is None else {IDENTITY: json.dumps(identity, sort_keys=True).encode()}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(stamp), sink, row_group_size=_ROWS, **_WRITER)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def writer(sink: Any, name: str, like: Collection[str] = ()) -> Any:
    """A `pyarrow.parquet.ParquetWriter` for a finished table with columns `like` those; feed it with `append`."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(sink, schema(name, like), **_WRITER)


def append(to: Any, table: pa.Table) -> None:
    """Add one replicate's rows as one row group."""
    to.write_table(table.replace_schema_metadata(None), row_group_size=_ROWS)


def identity_of(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """The identity a part was stamped with; empty when it carries none."""
    stamp = (metadata or {}).get(IDENTITY)
    found: dict[str, Any] = json.loads(stamp) if stamp else {}
    return found
