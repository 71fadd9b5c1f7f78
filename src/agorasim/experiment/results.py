"""Reading a results folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.errors import InputError, unknown
from agorasim.experiment import manifest as manifests
from agorasim.experiment import summary, tables
from agorasim.experiment.kept_tables import KeptTables
from agorasim.experiment.store import Store
from agorasim.measures import metrics

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from agorasim.scenario.schema import Scenario

#: Breakdowns that a frame can be asked for; "brand" is the total.
LEVELS: Final = ("brand", "touchpoint", "place", "segment", "region")
#: What `kpi_table` shows, with the period.
HEADLINE: Final = (
    ("revenue", summary.COUNTED),
    ("profit", summary.COUNTED),
    ("orders", summary.COUNTED),
    ("lost_orders", summary.COUNTED),
    ("spend", summary.COUNTED),
    ("new_customers", summary.COUNTED),
    ("customers", summary.END),
    ("awareness", summary.END),
    ("goodwill", summary.END),
    ("price_paid", summary.COUNTED),
    ("conversion", summary.COUNTED),
    ("satisfaction", summary.COUNTED),
    ("heard_good", summary.COUNTED),
    ("heard_bad", summary.COUNTED),
)


class Results(KeptTables):
    """A results folder, whole or of a run that has not finished. Make one with `Results.load`."""

    def __init__(self, folder: Path, manifest: dict[str, Any], store: Store, notes: tuple[str, ...]) -> None:
        self.folder = folder
        #: What was run: see manifest.json.
        self.manifest = manifest
        #: What a reader should know before trusting the figures, a sentence each.
        self.notes = notes
        self._store = store
        self._scenario: Scenario | None = None
        #: Set when the folder is temporary: it lives as long as this object.
        self._keeper: object = None

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Results:
        """Open a results folder; that of an experiment gives `Answers`, which also hold effects.

        Raises:
            InputError: it is missing, no results folder, damaged, or holds no finished replication.
        """
        path = Path(folder)
        manifest = manifests.read(path)
        if isinstance(manifest.get("arms"), dict):
            # Only here: experiments bring half the package with them, which a run's report need not wait for.
            from agorasim.experiment.answers import Answers

            return Answers.open(path, manifest)
        store = Store(path).scan()
        finished, requested = len(store.finished()), manifest["replications"]["requested"]
        failed = manifest["replications"]["failed"]
        if not finished:
            why = f"; see {store.failures}" if failed else "; run it again with --resume"
            raise InputError(f"{path} holds no finished replication{why}")
        notes = []
        if manifest["status"] not in ("finished", "failed"):
            notes.append(f"the run is not complete: {finished} of {requested} replications are here")
        if failed:
            notes.append(f"{len(failed)} of {requested} replications failed ({', '.join(failed)}) and are left out")
        if store.damaged:
            notes.append(f"unreadable parts are left out: {', '.join(p.name for p in store.damaged)}")
        return cls(path, manifest, store, tuple(notes))

    def __repr__(self) -> str:
        return (
            f"<Results {self.manifest['scenario']['name']!r}: {len(self.replicates)} of"
            f" {self.manifest['replications']['requested']} replications in {self.folder}>"
        )

    @property
    def replicates(self) -> tuple[int, ...]:
        """Replications whose rows are here, ascending."""
        return tuple(self._store.finished())

    @property
    def scenario(self) -> Scenario:
        """The scenario as it was run, every default filled in, with the seed of the run."""
        if self._scenario is None:
            import json

            from agorasim.scenario.schema import Scenario

            # JSON text rather than data: only there do strict models take a list for a tuple.
            try:
                made = Scenario.model_validate_json(json.dumps(self.manifest["scenario"]))
            except ValueError as error:
                path = self.folder / manifests.NAME
                raise InputError(f"{path} is damaged: the scenario in it is not one that can be run") from error
            if self.manifest.get("scenario_folder"):
                made._folder = Path(self.manifest["scenario_folder"])
            made._allow_outside = bool(self.manifest.get("allow_outside"))
            self._scenario = made
        return self._scenario

    # --- frames -----------------------------------------------------------------------------------------------------

    def frame(
        self,
        table: str = "kpis",
        *,
        by: str | None = None,
        brand: str | Sequence[str] | None = None,
        metrics: Sequence[str] | str | None = None,
        counted: bool = True,
        daily: bool = True,
    ) -> pd.DataFrame:
        """A table as a frame, totals and breakdowns never together.

        Args:
            table: "kpis", "summary", or another table of the folder ("network", "network_edges").
            by: None or "brand" for a brand's totals, or "touchpoint", "place", "segment", "region". A summary comes
                whole when None.
            brand: one brand or several; all when None; "" for the category as a whole.
            metrics: names to keep, ratios among them; all that exist at the level when None.
            counted: leave the warm-up days out.
            daily: one row a day; otherwise one row a replication: flows summed, stocks and daily reach averaged,
                ratios taken of the sums.

        Returns:
            For "kpis": `replicate, day, brand[, by]`, then one column a metric, NaN where undefined.

        Raises:
            InputError: an unknown table, level, brand or metric, or a metric that does not exist at the level.
        """
        names = [metrics] if isinstance(metrics, str) else metrics
        if by is not None and by not in LEVELS:
            raise InputError(unknown("breakdown", by, LEVELS))
        if table == "kpis":
            return self._kpis(by or "brand", self._brands(brand), names, counted=counted, daily=daily)
        if table == "summary":
            return self._summary(by, self._brands(brand) if brand is not None else None, names)
        if (found := self._store.table(table)) is None:
            raise InputError(unknown("table", table, self._tables()))
        frame: pd.DataFrame = found.to_pandas()
        return frame

    def _kpis(
        self, by: str, brands: list[str], names: Sequence[str] | None, *, counted: bool, daily: bool
    ) -> pd.DataFrame:
        chosen = self._metrics(by, names, category=brands == [""])
        needed = _parts(chosen)
        rows = self._rows(by, brands, needed, first=self._warmup if counted else 0)
        keys = ["replicate", "day", "brand"] + ([] if by == "brand" else [by])
        if not daily:
            keys.remove("day")
            rows = summary.totals(rows, needed)
        # Brands keep the scenario's order, which figures and their colours follow.
        frame = rows.select([*keys, *needed]).to_pandas()
        frame = frame.sort_values(keys, key=lambda c: c.map(brands.index) if c.name == "brand" else c, kind="stable")
        columns = {name: frame[name].to_numpy(dtype=np.float64) for name in needed}
        for metric in chosen:
            if metric.ratio:
                frame[metric.name] = summary.ratio(columns, metric)
        made: pd.DataFrame = frame[[*keys, *(m.name for m in chosen)]].reset_index(drop=True)
        return made

    def _rows(self, by: str, brands: list[str], needed: list[str], *, first: int) -> pa.Table:
        """Rows of exactly one level, of all replications."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = (pc.field("day") >= first) & pc.field("brand").isin(brands)
        for key in LEVELS[1:]:
            wanted &= (pc.field(key) != "") if key == by else (pc.field(key) == "")
        columns = [*tables.ROW_KEYS, *needed]
        return pa.concat_tables([self._store.read(n, columns).filter(wanted) for n in self.replicates])

    def _summary(self, by: str | None, brands: list[str] | None, names: Sequence[str] | None) -> pd.DataFrame:
        found = self._store.table("summary") if self.manifest["status"] in ("finished", "failed") else None
        if found is None:
            calendar, outcomes = self.scenario.calendar, self.scenario.outcomes
            found = summary.summarise(
                self._store, days=calendar.days, warmup=calendar.warmup, level=outcomes.interval, currency=self.currency
            )
        frame: pd.DataFrame = found.to_pandas()
        for key in LEVELS[1:]:
            if by is not None:
                frame = frame[(frame[key] != "") == (key == by)]
        if by is not None and brands is None:
            frame = frame[frame["brand"] != ""]
        if brands is not None:
            frame = frame[frame["brand"].isin(brands)]
        if names is not None:
            frame = frame[frame["metric"].isin([self._metric(name).name for name in names])]
        return frame.reset_index(drop=True)

    # --- ready-made -------------------------------------------------------------------------------------------------

    def kpi_table(self) -> pd.DataFrame:
        """Headline figures: `brand, metric, period, estimate, low, high, n, unit`, brands in the scenario's order.

        Flows are totals over the counted days; `customers`, `awareness` and `goodwill` are those of the last day.
        """
        frame = self._summary("brand", None, None)
        brands = self.brands
        order = {pair: i for i, pair in enumerate(HEADLINE)}
        rank = [order.get(pair, -1) for pair in zip(frame["metric"], frame["period"], strict=True)]
        frame = frame.assign(_rank=rank, _brand=[brands.index(b) for b in frame["brand"]])
        frame = frame[frame["_rank"] >= 0].sort_values(["_brand", "_rank"])
        return frame[["brand", "metric", "period", "estimate", "low", "high", "n", "unit"]].reset_index(drop=True)

    def fan(
        self,
        metric: str,
        brand: str | None = None,
        quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    ) -> pd.DataFrame:
        """How a metric's day spreads over replications, warm-up days included.

        Args:
            metric: name of a metric that brands have (or the category, for brand "").
            brand: one brand; every brand when None.
            quantiles: shares between 0 and 1, interpolated linearly.

        Returns:
            `brand, day, date, mean, q5, q25, ...` (a column a quantile, in percent) and `n`, the replications in which
            the day's figure exists.
        """
        import pandas as pd

        if any(not 0.0 <= q <= 1.0 for q in quantiles):
            raise InputError(f"quantiles must lie between 0 and 1, got {list(quantiles)}")
        frame = self.frame("kpis", brand=brand, metrics=[metric], counted=False)
        start = self.scenario.calendar.first()
        out: list[tuple[Any, ...]] = []
        grouped: Any = frame.groupby(["brand", "day"], sort=False)[metric]
        for (name, day), values in grouped:
            known = values.dropna().to_numpy(dtype=np.float64)
            shares = np.quantile(known, quantiles) if len(known) else np.full(len(quantiles), np.nan)
            mean = known.mean() if len(known) else np.nan
            out.append((name, day, start + timedelta(days=int(day)), mean, *shares, len(known)))
        heads = [f"q{100 * q:.10g}" for q in quantiles]
        made = pd.DataFrame(out, columns=["brand", "day", "date", "mean", *heads, "n"])
        brands = self._brands(brand)
        rank = made["brand"].map(brands.index)
        return made.assign(_rank=rank).sort_values(["_rank", "day"]).drop(columns="_rank").reset_index(drop=True)

    # --- names ------------------------------------------------------------------------------------------------------

    @property
    def brands(self) -> list[str]:
        """Brands in the scenario's order."""
        return list(self.manifest["scenario"]["brands"])

    @property
    def currency(self) -> str:
        """The word for money."""
        return str(self.manifest["scenario"]["currency"]["code"])

    @property
    def _warmup(self) -> int:
        return int(self.manifest["scenario"]["calendar"]["warmup"])

    def _tables(self) -> list[str]:
        stored = {path.stem for path in self._store.tables.glob("*.parquet")}
        parts = {name for name in tables.GRAPH_TABLES if (self._store.parts / f"{name}.parquet").exists()}
        return sorted({"kpis", "summary", *stored, *parts})

    def _brands(self, brand: str | Sequence[str] | None) -> list[str]:
        if brand is None:
            return self.brands
        asked = [brand] if isinstance(brand, str) else list(brand)
        for name in asked:
            if name != "" and name not in self.brands:
                raise InputError(unknown("brand", name, self.brands))
        if "" in asked and len(asked) > 1:
            raise InputError("the category as a whole (brand '') cannot stand beside single brands: ask for it alone")
        return [name for name in ["", *self.brands] if name in asked]

    @cached_property
    def recorded(self) -> frozenset[str]:
        """Names of the metrics that the run's worlds recorded."""
        base = {m.name for m in metrics.recorded(())}
        found = self._store.read(self.replicates[0]).column_names if self.replicates else ()
        return frozenset(base | (set(found) & set(metrics.BY_NAME)))

    def has(self, metric: metrics.Metric) -> bool:
        """Whether the run's worlds recorded a metric, or what it follows from."""
        return {*(metric.ratio or (metric.name,))} <= self.recorded

    @staticmethod
    def _metric(name: str) -> metrics.Metric:
        if name not in metrics.BY_NAME:
            raise InputError(unknown("metric", name, metrics.BY_NAME))
        return metrics.BY_NAME[name]

    def _metrics(self, by: str, names: Sequence[str] | None, *, category: bool) -> list[metrics.Metric]:
        """The metrics of a frame, checked against its level; the category has its own."""

        def exists(metric: metrics.Metric) -> bool:
            return by in metric.levels or (category and by == "brand" and "category" in metric.levels)

        def belongs(metric: metrics.Metric) -> bool:
            return ("category" in metric.levels) == category

        if names is None:
            return [m for m in metrics.METRICS if exists(m) and belongs(m) and self.has(m)]
        chosen = [self._metric(name) for name in dict.fromkeys(names)]
        for metric in chosen:
            if not (exists(metric) and belongs(metric)):
                whose = "the category (brand '')" if "category" in metric.levels else "brands"
                levels = ", ".join(level for level in metric.levels if level != "category")
                raise InputError(
                    f"metric {metric.name!r} does not exist by {by} here; it exists for {whose}"
                    + (f", by {levels}" if levels else "")
                )
            if not self.has(metric):
                raise InputError(f"metric {metric.name!r} belongs to a mechanism that the scenario does not switch on")
        return chosen


def _parts(chosen: Sequence[metrics.Metric]) -> list[str]:
    """Recorded columns from which the chosen metrics follow."""
    return list(dict.fromkeys(part for m in chosen for part in (m.ratio or (m.name,))))
