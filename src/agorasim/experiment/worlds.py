"""Reading the worlds of an experiment: one figure of many worlds as an array, from a folder finished or growing."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError, unknown
from agorasim.experiment import manifest as manifests
from agorasim.experiment import summary, tables
from agorasim.experiment.world_store import Source, WorldStore
from agorasim.measures import metrics

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.arms import Arm

Array = NDArray[np.float64]
#: Breakdowns of a brand's or the category's figures.
_LEVELS: Final = ("touchpoint", "place", "segment", "region")
#: Questions whose answers are kept: a few numbers a world each.
_KEPT: Final = 16


class Cell(NamedTuple):
    """What a row of the table of worlds is about, apart from its world; in the table's order."""

    period: str
    brand: str
    touchpoint: str
    place: str
    segment: str
    region: str


def world_key(spec: Mapping[str, Any]) -> str:
    """Text that is equal for arms that the same world stands for: equal but for their labels."""

    def bare(arm: Mapping[str, Any], inner: bool) -> dict[str, Any]:
        # What an arm whose messages are replayed would have reported itself is of no account.
        kept = {key: value for key, value in arm.items() if key != "label" and not (inner and key == "detail")}
        if kept.get("messages") is not None:
            kept["messages"] = bare(kept["messages"], True)
        return kept

    return json.dumps(bare(spec, False), sort_keys=True)


class Arms:
    """The arms of an experiment by label; those that are one world but for their labels share its rows."""

    def __init__(self, specs: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.specs: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        for label, spec in (specs or {}).items():
            self.add(label, spec)

    def add(self, label: str, spec: Mapping[str, Any]) -> bool:
        """Take an arm in; returns whether it is new. InputError when its label stands for another world."""
        key = world_key(spec)
        if label in self._keys:
            if self._keys[label] != key:
                raise InputError(
                    f"arm {label!r} stands for two different worlds; use another label, or another --out when the"
                    " other one is an earlier run's"
                )
            return False
        self.specs[label], self._keys[label] = dict(spec), key
        self._stored.setdefault(key, label)
        return True

    def stored(self, arm: Arm | str) -> str:
        """The label under which an arm's rows are kept. InputError for an arm that was never asked for."""
        if isinstance(arm, str):
            keys = [self._keys.get(arm)]
        else:
            # A world that tells more will do as well.
            keys = [world_key(arm.spec()), world_key({**arm.spec(), "detail": True})]
        for key in keys:
            if key in self._stored:
                return self._stored[key]
        raise InputError(unknown("arm", arm if isinstance(arm, str) else arm.label, self.specs))


class Values:
    """Answers questions about one figure of many worlds.

    Args:
        store: the worlds.
        arms: their arms.
        brands: names of the scenario's brands.
    """

    def __init__(self, store: WorldStore, arms: Arms, brands: Sequence[str]) -> None:
        self._store, self._arms, self._brands = store, arms, list(brands)
        self._kept: OrderedDict[tuple[str, Cell], _Figure] = OrderedDict()

    def read(
        self,
        arms: Sequence[Arm | str],
        replicates: Sequence[int],
        metric: str,
        *,
        brand: str,
        period: str = summary.COUNTED,
        segment: str = "",
        region: str = "",
        touchpoint: str = "",
        place: str = "",
    ) -> Array:
        """See `WorldsTable.values`."""
        cell = Cell(period, brand, touchpoint, place, segment, region)
        entry = self._check(metric, cell)
        labels = [self._arms.stored(arm) for arm in arms]
        numbers = [int(number) for number in replicates]
        if entry.ratio is None:
            return self._sum(entry, cell, labels, numbers)
        parts = {name: self._sum(metrics.BY_NAME[name], cell, labels, numbers) for name in entry.ratio}
        return summary.ratio(parts, entry)

    def _check(self, metric: str, cell: Cell) -> metrics.Metric:
        if metric not in metrics.BY_NAME:
            raise InputError(unknown("metric", metric, metrics.BY_NAME))
        if cell.brand and cell.brand not in self._brands:
            raise InputError(unknown("brand", cell.brand, self._brands))
        entry = metrics.BY_NAME[metric]
        named = [level for level in _LEVELS if getattr(cell, level)]
        if len(named) > 1:
            raise InputError(f"worlds keep totals by {named[0]} and by {named[1]}, not by both: name one of them")
        category = "category" in entry.levels
        if category and cell.brand:
            raise InputError(f"metric {metric!r} belongs to the category as a whole: leave the brand out (brand '')")
        if (named[0] if named else "category" if category else "brand") not in entry.levels:
            where = ", ".join(level for level in entry.levels if level != "category")
            raise InputError(
                f"metric {metric!r} does not exist by {named[0] if named else 'brand'}; it does by {where}"
            )
        parts = [metrics.BY_NAME[name] for name in entry.ratio or (metric,)]
        if not cell.brand and not category and len(self._brands) > 1 and not all(part.additive for part in parts):
            raise InputError(f"{metric} does not add up over brands; name one of {', '.join(self._brands)}")
        return entry

    def _sum(self, entry: metrics.Metric, cell: Cell, labels: list[str], replicates: list[int]) -> Array:
        if cell.brand or "category" in entry.levels:
            return self._one(entry.name, cell, labels, replicates)
        of_brands = [self._one(entry.name, cell._replace(brand=b), labels, replicates) for b in self._brands]
        total: Array = np.sum(of_brands, axis=0)
        return total

    def _one(self, metric: str, cell: Cell, labels: list[str], replicates: list[int]) -> Array:
        key = (metric, cell)
        figure = self._kept.pop(key, None) or _Figure(metric, cell)
        # The latest question is the last to be forgotten.
        self._kept[key] = figure
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        figure.follow(self._store)
        if not figure.found and figure.read:
            about = [f"{name} {value!r}" for name, value in cell._asdict().items() if value]
            raise InputError(f"no world has totals for {', '.join(about) or 'the category'}")
        nothing: dict[str, float] = {}
        out = np.empty((len(labels), len(replicates)))
        for k, number in enumerate(replicates):
            of_number = figure.by_replicate.get(number, nothing)
            out[:, k] = [of_number.get(label, np.nan) for label in labels]
        return out


class _Figure:
    """One recorded metric of one cell, world by world; reads what is new when asked again."""

    def __init__(self, metric: str, cell: Cell) -> None:
        self.metric, self.cell = metric, cell
        self.by_replicate: dict[int, dict[str, float]] = {}
        self.read: set[Source] = set()
        self.found = False

    def follow(self, store: WorldStore) -> None:
        """Read sources that came since the last time."""
        for source in store.sources():
            if source not in self.read:
                self._take(store.read(source, [*tables.WORLD_KEYS, self.metric]))
                self.read.add(source)

    def _take(self, rows: Any) -> None:
        keep = np.ones(rows.num_rows, dtype=bool)
        for name, wanted in zip(Cell._fields, self.cell, strict=True):
            codes, texts = _coded(rows, name)
            keep &= codes == (texts.index(wanted) if wanted in texts else -1)
        at = np.flatnonzero(keep)
        if not len(at):
            return
        self.found = True
        codes, labels = _coded(rows, "arm")
        figures = rows.column(self.metric).to_numpy()[at]
        numbers = rows.column("replicate").to_numpy()[at]
        for number, code, figure in zip(numbers.tolist(), codes[at].tolist(), figures.tolist(), strict=True):
            self.by_replicate.setdefault(number, {})[labels[code]] = figure


def _coded(rows: Any, name: str) -> tuple[NDArray[np.int32], list[str]]:
    column = rows.column(name).combine_chunks()
    return np.asarray(column.indices), column.dictionary.to_pylist()


class WorldsTable:
    """The worlds of an experiment's folder, finished or as far as it got. Make one with `WorldsTable.load`."""

    def __init__(self, folder: Path, manifest: dict[str, Any], store: WorldStore) -> None:
        self.folder = folder
        #: What was run: see manifest.json.
        self.manifest = manifest
        self._store = store
        self._arms = Arms(manifest.get("arms", {}))
        self._values = Values(store, self._arms, list(manifest["scenario"]["brands"]))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> WorldsTable:
        """Open an experiment's folder.

        Raises:
            InputError: it is missing, no experiment's folder, damaged, or holds no finished world.
        """
        path = Path(folder)
        manifest = manifests.read(path)
        if not isinstance(manifest.get("arms"), dict):
            raise InputError(f"{path} holds replications of one scenario, no experiment with arms")
        store = WorldStore(path).scan()
        if not store.count():
            raise InputError(f"{path} holds no finished world; run it again with --resume")
        return cls(path, manifest, store)

    @property
    def labels(self) -> list[str]:
        """Labels of the arms, in the order in which the experiment named them."""
        return list(self._arms.specs)

    def arm(self, label: str) -> Arm:
        """The arm of a label. InputError when there is none."""
        from agorasim.ecosystem.arms import Arm

        if label not in self._arms.specs:
            raise InputError(unknown("arm", label, self._arms.specs))
        return Arm.from_spec(self._arms.specs[label])

    @property
    def replicates(self) -> list[int]:
        """Replicates of which there is any world, ascending."""
        return self._store.replicates()

    def values(
        self,
        arms: Sequence[Arm | str],
        replicates: Sequence[int],
        metric: str,
        *,
        brand: str,
        period: str = summary.COUNTED,
        segment: str = "",
        region: str = "",
        touchpoint: str = "",
        place: str = "",
    ) -> Array:
        """One figure of many worlds.

        Args:
            arms: arms or their labels.
            replicates: their numbers.
            metric: a recorded metric or a ratio, which is taken of sums.
            brand: a brand; "" for the sum over brands, or the category for its own metrics.
            period: "counted", "end", or a finer one that the experiment kept ("2026-04", "week 00", "day 000").
            segment: one segment; all when empty. So with `region`, `touchpoint` and `place`; one of the four at most.
            region: one region.
            touchpoint: one touchpoint; only worlds of arms with `detail` have them.
            place: one place, likewise.

        Returns:
            Shape (arms, replicates), in units of the metric (money in currency units); NaN for a world that is not
            here, and where the figure is undefined.

        Raises:
            InputError: an unknown name, a metric that does not exist at the level, or a mean asked of all brands.
        """
        return self._values.read(
            arms,
            replicates,
            metric,
            brand=brand,
            period=period,
            segment=segment,
            region=region,
            touchpoint=touchpoint,
            place=place,
        )

    def rows(self, period: str, metrics: Sequence[str]) -> pa.Table:
        """All rows of one period, whatever they are about, sorted: the keys and some recorded metrics."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = tables.schema(tables.WORLDS)
        schema = pa.schema([columns.field(name) for name in (*tables.WORLD_KEYS, *metrics)])
        parts = [schema.empty_table()]
        for source in self._store.sources():
            found = self._store.read(source, schema.names)
            found = found.filter(pc.equal(found.column("period").cast(pa.string()), period))
            parts.append(found.select(schema.names).cast(schema))
        return pa.concat_tables(parts).sort_by([(key, "ascending") for key in tables.WORLD_KEYS])
