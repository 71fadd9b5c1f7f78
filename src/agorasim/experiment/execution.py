"""How an analysis runs its worlds, and what it measures in them: what studies, searches and fits share."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError, unknown
from agorasim.experiment.summary import unit_text
from agorasim.measures import metrics

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa

    from agorasim.ecosystem.arms import Arm
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Execution:
    """Where and how worlds run; the same for every analysis."""

    jobs: int = 1
    """Worker processes; -1 takes every core. Results do not depend on it."""
    out: str | os.PathLike[str] | None = None
    """Results folder; a temporary one when None."""
    resume: bool = False
    """Keep what an earlier run left in `out` and do the rest."""
    seed: int | None = None
    """Seed of all random numbers; the scenario's own when None."""
    backend: str = "loky"
    address: str | None = None
    progress: bool = True
    """Whether to say anything on standard error."""
    laboratory: Callable[..., Laboratory] | None = None
    """What runs worlds; the package's own when None."""

    def open(self, scenario: Scenario, kind: str, settings: Mapping[str, Any]) -> Laboratory:
        """A laboratory for one analysis; use it as a context."""
        make = self.laboratory
        if make is None:
            from agorasim.experiment.laboratory import Laboratory

            make = Laboratory
        return make(
            scenario,
            kind=kind,
            settings=dict(settings),
            seed=self.seed,
            out=self.out,
            jobs=self.jobs,
            resume=self.resume,
            backend=self.backend,
            address=self.address,
            progress=self.progress,
        )

    def say(self, text: str) -> None:
        """A line for the user on standard error."""
        if self.progress:
            print(text, file=sys.stderr, flush=True)

    def announce(self, lab: Laboratory, worlds: int, what: str, pilot: Arm | None = None) -> None:
        """Say how many worlds there will be and how long they take, before they start.

        Args:
            lab: where they will run.
            worlds: how many.
            what: they are for.
            pilot: one of them to time, where they share no warm-up and the laboratory's own guess would be too low.
        """
        if not self.progress:
            return
        seconds = lab.estimate_seconds(worlds)
        if seconds is not None and pilot is not None and self.laboratory is None and self.address is None:
            from agorasim.ecosystem.bench import Bench

            begun = time.perf_counter()
            # What is wrong with a world shows when it runs, with its name and a traceback file.
            with contextlib.suppress(Exception):
                Bench(lab.scenario).run(pilot)
            seconds = max(seconds, worlds * (time.perf_counter() - begun) / min(lab.jobs, worlds))
        self.say(f"{what}: {worlds:,} worlds" + (f", {duration(seconds)}" if seconds is not None else ""))


class Measure(NamedTuple):
    """What is read off a world: one metric of one brand, or of the category (empty brand)."""

    metric: str
    brand: str

    @property
    def name(self) -> str:
        """As the command line writes it."""
        return f"{self.metric},{self.brand}" if self.brand else self.metric

    def unit(self, scenario: Scenario) -> str:
        """The metric's unit with the scenario's currency."""
        return unit_text(metrics.BY_NAME[self.metric].unit, scenario.currency.code)

    def read(self, lab: Laboratory, arms: Sequence[Arm], replicates: Sequence[int]) -> Array:
        """Values over the counted days, shape (arms, replicates); NaN where a world failed or it is undefined."""
        return np.asarray(lab.values(arms, replicates, self.metric, brand=self.brand), dtype=np.float64)


def measures(scenario: Scenario, texts: Sequence[str], brand: str | None = None) -> list[Measure]:
    """Measures from words such as "profit" or "orders,lumo".

    A metric without a brand means `brand`, or every brand when that is None; a metric of the category is its own.

    Raises:
        InputError: none at all, or an unknown metric or brand, with the nearest name.
    """
    if brand is not None:
        check_brand(scenario, brand)
    made: list[Measure] = []
    for text in texts:
        name, comma, whose = (part.strip() for part in text.partition(","))
        if name not in metrics.BY_NAME:
            raise InputError(unknown("metric", name, metrics.BY_NAME))
        if "brand" not in metrics.BY_NAME[name].levels:
            if comma:
                raise InputError(f"metric {name!r} is not one of brands; write it without {whose!r}")
            if "category" not in metrics.BY_NAME[name].levels:
                where = ", ".join(metrics.BY_NAME[name].levels)
                raise InputError(f"metric {name!r} exists by {where} alone, not for a brand as a whole")
            made.append(Measure(name, ""))
            continue
        if comma:
            check_brand(scenario, whose)
        made += [Measure(name, each) for each in ([whose] if comma else [brand] if brand else scenario.brands)]
    if not made:
        raise InputError("there is nothing to measure; expected a metric, such as profit")
    return list(dict.fromkeys(made))


def check_brand(scenario: Scenario, brand: str) -> None:
    """InputError with the nearest name when the scenario has no such brand."""
    if brand not in scenario.brands:
        raise InputError(unknown("brand", brand, scenario.brands))


def check_replications(replications: int, least: int = 2) -> None:
    """InputError unless a whole number that gives an interval."""
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < least:
        raise InputError(f"replications must be a whole number of at least {least}, got {replications!r}")


def extra(module: str, group: str, purpose: str) -> ModuleType:
    """An optional library. InputError that names the extra to install when it is absent."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise InputError(
            f"{purpose} needs {name}, which is not installed; install it with: pip install 'agorasim[{group}]'"
        ) from error


def duration(seconds: float) -> str:
    """A length of time as a person says it."""
    if seconds < 90:
        n, word = max(1, round(seconds)), "second"
    elif seconds < 5400:
        n, word = round(seconds / 60), "minute"
    else:
        return f"about {seconds / 3600:.1f} hours"
    return f"about {n} {word}{'s' if n > 1 else ''}"


def write_table(lab: Laboratory, name: str, table: pa.Table) -> None:
    """Put a table of one's own beside the worlds. StorageError when it cannot be written."""
    from agorasim.experiment.files import make_folder, write_bytes
    from agorasim.experiment.tables import encode

    make_folder(lab.folder / "tables")
    write_bytes(lab.folder / "tables" / f"{name}.parquet", encode(table))
