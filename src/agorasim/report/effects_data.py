"""What the pages of experiments read: the effects of a results folder, with names, colours and units."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.errors import InputError
from agorasim.experiment import manifest as manifests
from agorasim.measures import metrics
from agorasim.report import style, words
from agorasim.report.data import Estimate, Named, labelled, named_brands, named_touchpoints
from agorasim.report.scale import Scale, scale_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

NONE: Final = Estimate(float("nan"), float("nan"), float("nan"), 0)
COUNTED: Final = "counted"
_KEYS: Final = ("period", "brand", "touchpoint", "segment", "region", "estimand", "channels", "metric")


class EffectsData:
    """Everything the figures and the page ask of an experiment's folder; worlds are not read, only their effects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Mapping[str, Any] = manifests.read(folder)
        self.kind = kind_of(self.manifest)
        self.settings: Mapping[str, Any] = dict(self.manifest.get("settings") or {})
        #: What the experiment found out about itself: whether a precision was reached, what more would cost.
        self.extra: Mapping[str, Any] = dict(self.manifest.get("extra") or {})
        self.scenario: Mapping[str, Any] = dict(self.manifest["scenario"])
        self.rows = _read(folder)

    # -- what was run ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.scenario["name"])

    @property
    def currency(self) -> str:
        """The word for money."""
        return str(self.scenario["currency"]["code"])

    @property
    def interval(self) -> float:
        """Coverage of intervals."""
        return float(self.settings.get("level") or self.scenario["outcomes"]["interval"])

    @property
    def holds(self) -> str:
        """Whether intervals hold one by one or all at once."""
        return "all of them hold at once" if self.settings.get("simultaneous") else "each for itself"

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.manifest["seed"])

    @cached_property
    def brand(self) -> str:
        """The brand whose effects are shown: the one asked about, else the one with most rows."""
        asked = self.settings.get("brand") or self._measured[1]
        known = self.rows["brand"]
        if isinstance(asked, str) and (known == asked).any():
            # An outcome of the whole category stands in rows without a brand.
            about = known[self.rows["metric"] == self.settings.get("outcome")]
            return "" if len(about) and not (about == asked).any() else asked
        counts = known[known != ""].value_counts()
        return str(counts.index[0]) if len(counts) else ""

    @cached_property
    def brand_label(self) -> str:
        """The brand's name."""
        return self.brand_name(self.brand)

    def brand_name(self, key: str) -> str:
        """A brand's name for reading."""
        return {b.key: b.label for b in named_brands(self.scenario)}.get(key, key or "all brands")

    @cached_property
    def outcome(self) -> str:
        """The metric in question: the one asked about, else the scenario's primary, else the one with most rows."""
        there = self.rows["metric"]
        for name in (self.settings.get("outcome"), self._measured[0], self.scenario["outcomes"]["primary"]):
            if isinstance(name, str) and (there == name).any():
                return name
        own = self.rows[self.rows["brand"] == self.brand]["metric"]
        return str(own.value_counts().index[0]) if len(own) else ""

    @cached_property
    def outcomes(self) -> list[str]:
        """Every metric with rows, the one in question first."""
        return list(dict.fromkeys([self.outcome, *self.rows["metric"]]))

    @cached_property
    def n(self) -> int:
        """Pairs of worlds behind the main estimates."""
        main = self.rows[self.rows["estimand"].isin(["grand", "shapley", "incremental", "difference"])]
        pairs = (main if len(main) else self.rows)["n_pairs"]
        return int(pairs.max()) if len(pairs) else 0

    @property
    def _measured(self) -> tuple[str, str]:
        """Metric and brand of the first measure of a study, written `profit,lumo`."""
        first = next(iter(self.settings.get("measure") or ()), self.settings.get("outcome") or "")
        metric, _, brand = str(first).partition(",")
        return metric.strip(), brand.strip()

    @cached_property
    def design(self) -> pd.DataFrame | None:
        """The points of a study: `point, arm`, then a column a factor; None where there is no design."""
        frame = self.kept("design")
        return frame if frame is not None and "arm" in frame else None

    def kept(self, name: str) -> pd.DataFrame | None:
        """A further table of the folder (`design`, `plan`, `trials`, ...); None where there is none."""
        import pyarrow.parquet as pq

        path = self.folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            return None
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        return frame

    # -- names -------------------------------------------------------------------------------------------------------

    @cached_property
    def _touchpoints(self) -> dict[str, Named]:
        return {t.key: t for t in named_touchpoints(self.scenario)}

    @cached_property
    def channels(self) -> list[Named]:
        """The channels in question: as asked, else those that single-channel effects name."""
        asked = self.settings.get("channels")
        if not asked:
            single = self.rows[self.rows["estimand"].isin(["shapley", "incremental", "response"])]["channels"]
            asked = [c for c in dict.fromkeys(single) if "+" not in c]
        return [self.channel(str(key)) for key in asked]

    def channel(self, key: str) -> Named:
        """A channel as the report shows it."""
        plain = Named(key, key.replace("_", " "), style.INK, group="")
        return self._touchpoints.get(key, plain)

    def label(self, keys: str) -> str:
        """`Search + Shops` for `search+store`; `none` for the empty coalition."""
        return " + ".join(self.channel(key).label for key in keys.split("+")) if keys else "none"

    @cached_property
    def variants(self) -> list[str]:
        """Policies or variants in the order in which they were asked for; the first is the one compared with."""
        there = list(dict.fromkeys(self.rows[self.rows["estimand"].isin(["level", "difference"])]["channels"]))
        asked = [str(name) for name in self.manifest.get("arms") or {} if name in there]
        return [*asked, *(name for name in there if name not in asked)]

    @property
    def first(self) -> str:
        """The variant that the others are compared with: the one without a difference."""
        others = set(self.rows[self.rows["estimand"] == "difference"]["channels"])
        return next((name for name in self.variants if name not in others), "")

    def variant_label(self, key: str) -> str:
        """A variant's name for reading."""
        return key.replace("_", " ") if key else "the first"

    @cached_property
    def segments(self) -> dict[str, str]:
        """Labels of the population's segments."""
        return labelled(self.scenario["population"]["segments"])

    @cached_property
    def regions(self) -> dict[str, str]:
        """Labels of the population's regions."""
        return labelled(self.scenario["population"]["regions"])

    def metric_words(self, name: str) -> str:
        """A metric's name for reading."""
        return name.replace("_", " ")

    # -- effects -----------------------------------------------------------------------------------------------------

    def select(
        self,
        estimands: str | Sequence[str],
        *,
        metric: str | None = None,
        brand: str | None = None,
        period: str | None = COUNTED,
        by: str = "",
    ) -> pd.DataFrame:
        """Rows of one or several estimands.

        Args:
            estimands: their names.
            metric: the outcome; the one in question when None.
            brand: whose outcome; the brand in question when None, all of them for "*".
            period: "counted", or None for all periods.
            by: "" for totals, or "segment", "region", "touchpoint" for the rows of that breakdown.
        """
        names = [estimands] if isinstance(estimands, str) else list(estimands)
        rows = self.rows
        keep = rows["estimand"].isin(names)
        if brand != "*":
            keep &= rows["brand"] == (self.brand if brand is None else brand)
        if metric != "":
            keep &= rows["metric"] == (self.outcome if metric is None else metric)
        if period is not None:
            keep &= rows["period"] == period
        for key in ("touchpoint", "segment", "region"):
            keep &= (rows[key] != "") if key == by else (rows[key] == "")
        found: pd.DataFrame = rows[keep]
        return found

    def effects(self, estimand: str, **which: Any) -> dict[str, Estimate]:
        """Estimates of one estimand by channels; `which` as for `select`."""
        found = self.select(estimand, **which)
        return dict(zip(found["channels"], estimates_of(found), strict=True))

    def effect(self, estimand: str, **which: Any) -> Estimate | None:
        """The only estimate of an estimand that stands for all channels together."""
        found = list(self.effects(estimand, **which).values())
        return found[0] if found else None

    def scale(self, estimates: Iterable[Estimate], extra: Iterable[float] = ()) -> Scale:
        """The scale of the outcome in question: one unit on the whole page, decimals as these estimates need them."""
        return scale_for(estimates, self.unit(), extra, size_of=self._main)

    @cached_property
    def _main(self) -> list[float]:
        """The effects that decide the unit."""
        names = ["grand", "shapley", "incremental", "difference"]
        found = self.select(names)["estimate"]
        return [float(x) for x in found] or [
            float(x) for x in self.rows[self.rows["metric"] == self.outcome]["estimate"]
        ]

    @property
    def noun(self) -> str:
        """What estimates are means over: pairs of worlds, or replications of the points of a study."""
        return "pair" if self.kind in ("synergy", "compare") else "replication"

    def pairs(self) -> str:
        """`24 pairs`, on one line in a title."""
        return words.count(self.n, self.noun).replace(" ", "\u00a0")

    def unit(self, metric: str | None = None) -> str:
        """The unit of an outcome."""
        name = self.outcome if metric is None else metric
        known = metrics.BY_NAME.get(name)
        if known is not None:
            return known.unit.replace("money", self.currency)
        there = self.rows[self.rows["metric"] == name]["unit"]
        return str(there.iloc[0]) if len(there) else ""


def kind_of(manifest: Mapping[str, Any]) -> str:
    """What a folder holds: "run" (or "replicate"), or the kind of its experiment."""
    return str(manifest.get("kind") or manifest.get("experiment") or "run")


def estimates_of(rows: pd.DataFrame) -> list[Estimate]:
    """Each row's estimate with its interval."""
    numbers = (rows[column].to_numpy(np.float64).tolist() for column in ("estimate", "low", "high"))
    return [Estimate(*of) for of in zip(*numbers, rows["n_pairs"].astype(int).tolist(), strict=True)]


def _read(folder: Path) -> pd.DataFrame:
    """The table of effects; text is never null."""
    import pyarrow.parquet as pq

    path = folder / "tables" / "effects.parquet"
    if not path.is_file():
        raise InputError(f"{folder} holds no effects yet; run the experiment again with --resume to finish it")
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}") from error
    if missing := [key for key in (*_KEYS, "estimate", "low", "high", "n_pairs") if key not in frame]:
        raise InputError(f"{path} is damaged: it has no column {missing[0]!r}")
    for key in _KEYS:
        frame[key] = frame[key].fillna("").astype(str)
    for key in ("at", "variance_reduction"):
        frame[key] = frame[key].astype(np.float64) if key in frame else np.nan
    frame["n_pairs"] = frame["n_pairs"].fillna(0).astype(np.int64)
    return frame
