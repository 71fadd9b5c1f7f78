"""What the report reads: one results folder as arrays over replications, with names, colours and dates."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.effects.intervals import mean_interval
from agorasim.errors import InputError
from agorasim.measures.metrics import BY_NAME, recorded
from agorasim.report.style import brand_colour, brand_marker, touchpoint_colours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from agorasim.experiment.results import Results

    Floats = NDArray[np.float64]

#: Metrics that are drawn or summed day by day.
DAILY: Final = (
    "orders",
    "considered",
    "awareness",
    "customers",
    "new_customers",
    "recommendations",
    "complaints",
    "heard_good",
    "heard_bad",
)


@dataclass(frozen=True)
class Named:
    """A brand or touchpoint as the report shows it."""

    key: str
    label: str
    colour: str
    marker: str = "o"
    group: str = ""
    """Touchpoints: `paid`, `owned` or `offline`."""


@dataclass(frozen=True)
class Estimate:
    """Mean over replications with a Student-t interval; `low` and `high` are NaN for fewer than two."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def known(self) -> bool:
        """Whether there is a figure at all."""
        return bool(np.isfinite(self.mean))

    @property
    def sure(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


class ReportData:
    """Everything the figures and the page ask of a results folder."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.manifest: Mapping[str, Any] = results.manifest
        #: The scenario as plain data, so that a page can be drawn of a run that a later version would refuse.
        # Validated again: a manifest edited by hand is refused in words.
        self.scenario: Mapping[str, Any] = results.scenario.to_dict()
        #: One reading of the table for each level.
        self._totals: dict[str, pd.DataFrame] = {}
        self._cubes: dict[str, Floats] = {}

    # -- what was run ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.scenario["name"])

    @property
    def currency(self) -> str:
        """The word for money."""
        return self.results.currency

    @property
    def durable(self) -> bool:
        """Whether the category is bought once."""
        return bool(self.scenario["category"]["kind"] == "durable")

    @property
    def interval(self) -> float:
        """Coverage of intervals."""
        return float(self.scenario["outcomes"]["interval"])

    @property
    def primary(self) -> str:
        """The metric that the scenario is about."""
        return str(self.scenario["outcomes"]["primary"])

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.manifest["seed"])

    @cached_property
    def _calendar(self) -> Mapping[str, Any]:
        return dict(self.scenario["calendar"])

    @property
    def start(self) -> datetime.date:
        """The first simulated date."""
        return datetime.date.fromisoformat(str(self._calendar["start"]))

    @property
    def days(self) -> int:
        """Simulated days, warm-up and cool-down among them."""
        return int(self._calendar["days"])

    @property
    def warmup(self) -> int:
        """First days, which are not counted."""
        return int(self._calendar["warmup"])

    @property
    def cooldown(self) -> int:
        """Last days, without paid media."""
        return int(self._calendar["cooldown"])

    def date(self, day: int) -> datetime.date:
        """The date of a simulated day."""
        return self.start + datetime.timedelta(days=int(day))

    @cached_property
    def festivals(self) -> list[tuple[str, int, int]]:
        """(name, first day, days) of the festivals that touch the simulated days, by date."""
        spans = []
        for name, festival in self._calendar["festivals"].items():
            first = (datetime.date.fromisoformat(str(festival["start"])) - self.start).days
            length = int(festival["days"])
            if first < self.days and first + length > 0:
                spans.append((str(name).replace("_", " "), first, length))
        return sorted(spans, key=lambda span: span[1])

    @property
    def replicates(self) -> tuple[int, ...]:
        """Numbers of the finished replications, ascending."""
        return self.results.replicates

    @property
    def n(self) -> int:
        """Finished replications."""
        return len(self.replicates)

    @cached_property
    def consumers(self) -> int:
        """People in the world: a graph file may have set another number than the scenario names."""
        people = self.category["population"].max()
        if np.isfinite(people):
            return int(people)
        return int(self.scenario["population"]["size"])

    # -- names -------------------------------------------------------------------------------------------------------

    @cached_property
    def brands(self) -> list[Named]:
        """Brands in the scenario's order, which decides their colours."""
        return named_brands(self.scenario)

    @cached_property
    def touchpoints(self) -> list[Named]:
        """Touchpoints in the scenario's order."""
        return named_touchpoints(self.scenario)

    @cached_property
    def place_labels(self) -> dict[str, str]:
        """Label of each place to buy: shops by their own label, online sellers by their touchpoint's."""
        online = {t.key: f"{t.label} (online)" for t in self.touchpoints}
        return {**online, **_labels(self.scenario["places"])}

    # -- figures over replications -----------------------------------------------------------------------------------

    def daily(self, metric: str, brand: str) -> Floats:
        """A brand's daily series, shape (replications, days); NaN where the metric was not recorded."""
        return self._cubes_of_brands[metric][:, self._brand_index[brand], :]

    def totals(self, level: str, metrics: Sequence[str]) -> pd.DataFrame:
        """Per replication over the counted days: columns replicate, brand (and `level`), then the metrics.

        Flows are summed; stocks, and reach, which counts the same people again every day, are means a day.
        """
        if level not in self._totals:
            wanted = [m.name for m in recorded() if level in m.levels and self.results.has(m)]
            self._totals[level] = self.results.frame("kpis", by=level, metrics=wanted, daily=False)
        keys = ["replicate", "brand"] + ([] if level == "brand" else [level])
        return self._totals[level][[*keys, *metrics]].copy()

    @cached_property
    def category(self) -> pd.DataFrame:
        """Per replication over the counted days: population and needs of the category as a whole."""
        return self.results.frame("kpis", brand="", metrics=["population", "needs"], daily=False)

    @cached_property
    def network(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """The sampled consumers and the links between them; None when the run kept none."""
        try:
            return self.results.frame("network"), self.results.frame("network_edges")
        except InputError:
            return None

    @cached_property
    def journeys(self) -> pd.DataFrame | None:
        """Every logged touch of the counted days; None when the run kept none."""
        try:
            log = self.results.journeys()
        except InputError:
            return None
        return log if len(log) else None

    def counts(self, metric: str) -> bool:
        """Whether the run's worlds recorded a metric."""
        return self.results.has(BY_NAME[metric])

    def estimate(self, values: Any) -> Estimate:
        """Mean and interval of one value per replication, at the scenario's coverage."""
        found = mean_interval(np.asarray(values, dtype=np.float64), self.interval)
        return Estimate(float(found.estimate), float(found.low), float(found.high), int(found.n))

    def estimates(
        self, frame: pd.DataFrame, level: str, metrics: Sequence[str]
    ) -> dict[tuple[str, str], dict[str, Estimate]]:
        """Estimates of a frame of totals, by brand and `level` and then by metric, all in one go."""
        groups: dict[Any, Any] = dict(frame.groupby(["brand", level], sort=False).indices)
        numbers = frame[list(metrics)].to_numpy(np.float64)
        values = np.full((len(groups), len(metrics), max(self.n, 1)), np.nan)
        for group, rows in enumerate(groups.values()):
            values[group, :, : len(rows)] = numbers[rows].T
        found = mean_interval(values, self.interval)
        columns = (found.estimate.tolist(), found.low.tolist(), found.high.tolist(), found.n.tolist())
        return {
            (str(brand), str(key)): {m: Estimate(*of) for m, *of in zip(metrics, *lists, strict=True)}
            for (brand, key), *lists in zip(groups, *columns, strict=True)
        }

    @cached_property
    def _brand_index(self) -> dict[str, int]:
        return {brand.key: i for i, brand in enumerate(self.brands)}

    def cube(self, metric: str) -> Floats:
        """A recorded metric's daily values, shape (replications, brands, days)."""
        if metric not in self._cubes:
            self._cubes.update(self._read_cubes([metric]))
        return self._cubes[metric]

    @cached_property
    def _cubes_of_brands(self) -> dict[str, Floats]:
        """Each metric of `DAILY` in shape (replications, brands, days)."""
        return self._read_cubes(DAILY)

    def _read_cubes(self, metrics: Sequence[str]) -> dict[str, Floats]:
        frame = self.results.frame("kpis", metrics=list(metrics), counted=False)
        where = (
            np.searchsorted(self.replicates, frame["replicate"].to_numpy()),
            frame["brand"].map(self._brand_index).to_numpy(np.int64),
            frame["day"].to_numpy(),
        )
        cubes = {}
        for metric in metrics:
            cube = np.full((self.n, len(self.brands), self.days), np.nan)
            cube[where] = frame[metric].to_numpy(np.float64)
            cubes[metric] = cube
        return cubes


def named_brands(scenario: Mapping[str, Any]) -> list[Named]:
    """Brands in the scenario's order, which decides their colours."""
    labels = _labels(scenario["brands"])
    return [Named(key, labels[key], brand_colour(i), brand_marker(i)) for i, key in enumerate(labels)]


def named_touchpoints(scenario: Mapping[str, Any]) -> list[Named]:
    """Touchpoints in the scenario's order, coloured by group."""
    from agorasim.scenario.catalogue import KINDS

    entries = scenario["touchpoints"]
    labels = _labels(entries)
    groups = {}
    for key in labels:
        traits = KINDS.get(str(entries[key]["kind"]))
        groups[key] = "paid" if traits is None else _group(traits.online, traits.paid)
    colours = touchpoint_colours(groups)
    return [Named(key, labels[key], colours[key], group=groups[key]) for key in labels]


def _labels(entries: Mapping[str, Any]) -> dict[str, str]:
    """Label of each entry, its key when it has none; the key is added where two labels are the same."""
    plain = {k: str(v["label"] or k.replace("_", " ")) for k, v in entries.items()}
    seen = list(plain.values())
    return {k: (f"{label} ({k})" if seen.count(label) > 1 else label) for k, label in plain.items()}


def labelled(entries: Mapping[str, Any]) -> dict[str, str]:
    """Label of each segment or region: its own, or its key in words."""
    return _labels({key: entry if "label" in entry else {"label": None} for key, entry in entries.items()})


def _group(online: bool, paid: bool) -> str:
    return "offline" if not online else ("paid" if paid else "owned")
