"""Reading the folder of an experiment: effects with intervals, and the worlds behind them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.effects import table as effects
from agorasim.effects.intervals import mean_interval
from agorasim.errors import InputError, unknown
from agorasim.experiment import manifest as manifests
from agorasim.experiment import summary
from agorasim.experiment.coalitions import FULL
from agorasim.experiment.results import HEADLINE, LEVELS, Results
from agorasim.experiment.store import Store
from agorasim.measures import metrics

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from agorasim.experiment.laboratory import Laboratory

WORLDS: Final = "worlds"
#: Columns that say what a row of the table of worlds is about.
WORLD_KEYS: Final = ("replicate", "arm", "period", "brand", *LEVELS[1:])
_FIGURES: Final = ["estimate", "low", "high", "n_pairs", "unit"]
_PAIRS: Final = ("shapley_interaction", "interaction_empty", "interaction_full")


class Answers(Results):
    """The folder of an experiment, whole. Make one with `Results.load`, or by running an experiment."""

    @classmethod
    def open(cls, folder: Path, manifest: dict[str, Any]) -> Answers:
        """Open the folder of an experiment. InputError when it holds no worlds."""
        store = Store(folder)
        if not (store.tables / f"{WORLDS}.parquet").is_file():
            raise InputError(f"{folder} holds no finished experiment; run the same command with --resume to finish it")
        notes = []
        if manifest["status"] not in ("finished", "failed"):
            notes.append("the experiment is not complete: run it again with --resume to finish it")
        if failed := manifest.get("worlds", {}).get("failed"):
            notes.append(
                f"{len(failed)} worlds failed, see {store.failures}; replications with a failed world are left out of"
                " the effects"
            )
        return cls(folder, manifest, store, tuple(notes))

    def __init__(self, folder: Path, manifest: dict[str, Any], store: Store, notes: tuple[str, ...]) -> None:
        super().__init__(folder, manifest, store, notes)
        self._kept: dict[str, pa.Table] = {}

    @cached_property
    def recorded(self) -> frozenset[str]:
        """Names of the metrics that worlds of the experiment's scenario record."""
        from agorasim.ecosystem.mechanisms import active

        return frozenset(m.name for m in metrics.recorded([kind.name for kind in active(self.scenario)]))

    def __repr__(self) -> str:
        return (
            f"<Answers {self.kind} of {self.manifest['scenario']['name']!r}: {len(self.replicates)} replications in"
            f" {self.folder}>"
        )

    # --- what was asked -----------------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """What was asked: "synergy", "compare", ..."""
        return str(self.manifest.get("kind", "experiment"))

    @property
    def settings(self) -> dict[str, Any]:
        """How it was asked."""
        return dict(self.manifest.get("settings") or {})

    @property
    def verdict(self) -> dict[str, Any]:
        """The answer in words ("answer"), how precise it is and what more precision would cost ("precision")."""
        return dict(self.manifest.get("extra") or {})

    @property
    def words(self) -> list[str]:
        """The answer, a sentence or two a line, the most important first."""
        return [str(line) for line in self.verdict.get("words", [])]

    @property
    def outcome(self) -> str:
        """The metric in question."""
        return str(self.settings.get("outcome") or self.manifest["scenario"]["outcomes"]["primary"])

    @property
    def replicates(self) -> tuple[int, ...]:
        """Replications whose worlds are here, ascending."""
        return tuple(sorted(self._distinct("replicate")))

    @property
    def arms(self) -> list[str]:
        """Labels of the worlds of each replication, in the order in which they were asked for."""
        return list(self.manifest.get("arms") or {})

    # --- effects ------------------------------------------------------------------------------------------------------

    def effects(
        self,
        estimand: str | Sequence[str] | None = None,
        *,
        metric: str | None = None,
        brand: str | None = None,
        period: str | None = "counted",
        by: str | None = None,
    ) -> pd.DataFrame:
        """Rows of the table of effects, totals and breakdowns never together.

        Args:
            estimand: one name or several; all when None.
            metric: one outcome; all when None.
            brand: whose outcome; all brands when None.
            period: "counted" is everything after warm-up; None for all periods.
            by: "segment" or "region" for the rows of that breakdown.

        Raises:
            InputError: an unknown name, or the experiment has no effects.
        """
        return effects.frame(self._table(effects.NAME), estimand, metric=metric, brand=brand, period=period, by=by)

    def shapley(self, metric: str | None = None) -> pd.DataFrame:
        """What each channel is worth.

        Args:
            metric: the outcome; the one in question when None.

        Returns:
            `channel, estimate, low, high, n_pairs, unit`, then `share` of the gain of all channels and, where word of
            mouth was held apart, `direct` and `carried`, each with `_low` and `_high`.
        """
        frame = self._named(["shapley"], metric).rename(columns={"channels": "channel"})[["channel", *_FIGURES]]
        for name, estimand in (("share", "share"), ("direct", "direct"), ("carried", "carried")):
            part = self._named([f"shapley_{estimand}"], metric)
            if len(part):
                part = part.set_index("channels").reindex(frame["channel"])
                for column, figure in ((name, "estimate"), (f"{name}_low", "low"), (f"{name}_high", "high")):
                    frame[column] = part[figure].to_numpy(dtype=np.float64)
        return frame

    def interactions(self, metric: str | None = None) -> pd.DataFrame:
        """What two channels are worth together beyond what each is worth.

        Args:
            metric: the outcome; the one in question when None.

        Returns:
            `channels, estimand, estimate, low, high, n_pairs, unit`: for each pair its interaction when no other
            channel is on (interaction_empty), when all are (interaction_full) and on average (shapley_interaction).
        """
        return self._named(_PAIRS, metric)[["channels", "estimand", *_FIGURES]]

    def differences(self, metric: str | None = None, *, brand: str | None = None) -> pd.DataFrame:
        """Differences to the first policy or variant: `channels` (its name), `metric`, figures.

        Args:
            metric: one outcome; all when None.
            brand: whose outcome; the brand in question when None.
        """
        who = self.settings.get("brand") if brand is None else brand
        found = self.effects("difference", metric=metric, brand=who)
        return found[["channels", "metric", *_FIGURES, "variance_reduction"]].reset_index(drop=True)

    def variance_reduction(self, metric: str | None = None) -> pd.DataFrame:
        """How many times more independent pairs of worlds would be needed for the same precision.

        Args:
            metric: one outcome; all when None.

        Returns:
            `estimand, channels, metric, estimate, low, high, n_pairs, unit, variance_reduction` of each difference of
            two worlds of the brand; (Var Y1 + Var Y0) / Var(Y1 - Y0), NaN where worlds do not differ.
        """
        wanted = ["grand", "incremental", "incremental_reallocated", "difference"]
        found = self.effects(wanted, metric=metric, brand=self.settings.get("brand"))
        columns = ["estimand", "channels", "metric", *_FIGURES, "variance_reduction"]
        return found[columns].reset_index(drop=True)

    def _named(self, estimands: Sequence[str], metric: str | None) -> pd.DataFrame:
        name = self.outcome if metric is None else self._metric(metric).name
        whose = self.settings.get("brand", "") if "brand" in metrics.BY_NAME[name].levels else ""
        return self.effects(list(estimands), metric=name, brand=whose)

    # --- worlds -------------------------------------------------------------------------------------------------------

    def frame(
        self,
        table: str = "kpis",
        *,
        by: str | None = None,
        brand: str | Sequence[str] | None = None,
        metrics: Sequence[str] | str | None = None,
        counted: bool = True,
        daily: bool = True,
        arm: str | None = None,
        period: str | None = None,
    ) -> pd.DataFrame:
        """A table as a frame, totals and breakdowns never together.

        Args:
            table: "kpis" (totals of the full world, the one as the scenario has it), "worlds" (of all worlds),
                "effects", or another table of the folder.
            by: None or "brand" for a brand's totals, or "touchpoint", "place", "segment", "region".
            brand: one brand or several; all when None; "" for the category as a whole.
            metrics: names to keep, ratios among them; all that exist at the level when None. For "effects": metrics
                whose rows to keep.
            counted: as for a run; worlds of an experiment keep totals of the counted days alone.
            daily: as for a run; worlds of an experiment keep no days.
            arm: one world's label, for "worlds"; all when None.
            period: for "worlds" and "effects", one period; "counted" for worlds and all for effects when None.

        Returns:
            For "kpis": `replicate, brand[, by]`, then one column a metric, NaN where undefined; "worlds" adds `arm` and
            `period`.

        Raises:
            InputError: an unknown table, level, brand, metric or arm, or one that this experiment does not keep.
        """
        names = [metrics] if isinstance(metrics, str) else metrics
        if by is not None and by not in LEVELS:
            raise InputError(unknown("breakdown", by, LEVELS))
        if table == effects.NAME:
            return self._effects(by, brand, names, period)
        if table in ("kpis", WORLDS):
            if table == "kpis":
                arm = self.today if arm is None else arm
            return self._worlds(by or "brand", self._brands(brand), names, arm, period, table == WORLDS)
        frame: pd.DataFrame = self._table(table).to_pandas()
        return frame

    @property
    def today(self) -> str:
        """The label of the world as the scenario has it."""
        known = self._distinct("arm")
        return FULL if FULL in known else min(known, key=self._arm_rank(known).__getitem__)

    def _effects(
        self, by: str | None, brand: str | Sequence[str] | None, names: Sequence[str] | None, period: str | None
    ) -> pd.DataFrame:
        level = None if by in (None, "brand") else by
        found = effects.frame(self._table(effects.NAME), period=period, by=level)
        if brand is not None:
            found = found[found["brand"].isin(self._brands(brand))]
        if names is not None:
            found = found[found["metric"].isin([self._metric(name).name for name in names])]
        return found.reset_index(drop=True)

    def _worlds(
        self,
        by: str,
        brands: list[str],
        names: Sequence[str] | None,
        arm: str | None,
        period: str | None,
        all_keys: bool,
    ) -> pd.DataFrame:
        import pyarrow.compute as pc

        chosen = self._metrics(by, names, category=brands == [""])
        arms = self._distinct("arm")
        if arm is not None and arm not in arms:
            raise InputError(unknown("arm", arm, arms))
        wanted = pc.field("brand").isin(brands) & (pc.field("period") == (period or summary.COUNTED))
        if arm is not None:
            wanted &= pc.field("arm") == arm
        for key in LEVELS[1:]:
            wanted &= (pc.field(key) != "") if key == by else (pc.field(key) == "")
        needed = list(dict.fromkeys(part for m in chosen for part in (m.ratio or (m.name,))))
        frame: pd.DataFrame = self._rows_of(wanted, [*WORLD_KEYS, *needed]).to_pandas()
        if frame.empty:
            periods = sorted(self._distinct("period"))
            if period is not None and period not in periods:
                raise InputError(unknown("period", period, periods))
            raise InputError(f"this experiment keeps no rows by {by} here")
        keys = ["replicate", *(("arm", "period") if all_keys else ()), "brand", *([] if by == "brand" else [by])]
        rank = {"brand": brands.index, "arm": self._arm_rank(arms).__getitem__}
        frame = frame.sort_values(keys, key=lambda c: c.map(rank[c.name]) if c.name in rank else c, kind="stable")
        columns = {name: frame[name].to_numpy(dtype=np.float64) for name in needed}
        for metric in chosen:
            if metric.ratio:
                frame[metric.name] = summary.ratio(columns, metric)
        made: pd.DataFrame = frame[[*keys, *(m.name for m in chosen)]].reset_index(drop=True)
        return made

    def _arm_rank(self, arms: Sequence[str]) -> dict[str, int]:
        listed = [name for name in self.arms if name in arms]
        return {name: k for k, name in enumerate([*listed, *sorted(set(arms) - set(listed))])}

    def _distinct(self, column: str) -> list[Any]:
        """What a key of the table of worlds takes."""
        if column not in self._kept:
            self._kept[column] = self._rows_of(None, [column]).group_by(column).aggregate([])
        return list(self._kept[column].column(column).to_pylist())

    def _rows_of(self, wanted: Any, columns: list[str]) -> pa.Table:
        """Rows of the table of worlds that pass a filter; the others are never in memory together."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._store.tables / f"{WORLDS}.parquet"
        try:
            # Without partitioning: the reader would take `replicate=...` in a folder's name for a column.
            return pq.read_table(path, columns=columns, filters=wanted, partitioning=None)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path} is damaged: {error}") from error

    def _table(self, name: str) -> pa.Table:
        if name not in self._kept:
            found = self._store.table(name)
            if found is None:
                raise InputError(unknown("table", name, self._tables()))
            self._kept[name] = found
        return self._kept[name]

    def _tables(self) -> list[str]:
        return sorted({path.stem for path in self._store.tables.glob("*.parquet")})

    # --- what only runs have ------------------------------------------------------------------------------------------

    def kpi_table(self) -> pd.DataFrame:
        """Headline figures of the full world: `brand, metric, period, estimate, low, high, n, unit`."""
        import pandas as pd

        out = []
        for metric, period in HEADLINE:
            frame = self.frame("kpis", metrics=[metric], period=period)
            for brand in self.brands:
                values = frame.loc[frame["brand"] == brand, metric].to_numpy(dtype=np.float64)
                found = mean_interval(values, self._level)
                unit = summary.unit_text(metrics.BY_NAME[metric].unit, self.currency)
                figures = (float(found.estimate), float(found.low), float(found.high), int(found.n))
                out.append((self.brands.index(brand), brand, metric, period, *figures, unit))
        out.sort(key=lambda row: row[0])
        heads = ["brand", "metric", "period", "estimate", "low", "high", "n", "unit"]
        return pd.DataFrame([row[1:] for row in out], columns=heads)

    @property
    def _level(self) -> float:
        return float(self.manifest["scenario"]["outcomes"]["interval"])

    def fan(
        self,
        metric: str,
        brand: str | None = None,
        quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    ) -> pd.DataFrame:
        """Not kept here. InputError always: worlds of an experiment keep totals per period, not days."""
        raise InputError(
            "worlds of an experiment keep totals per period, not days; run the scenario itself (agorasim run) for fans"
        )


def opened(lab: Laboratory) -> Answers:
    """The answers of an experiment that has just finished; a temporary folder lives as long as they do."""
    answers = Answers.open(lab.folder, manifests.read(lab.folder))
    answers._keeper = lab.keeper
    return answers
