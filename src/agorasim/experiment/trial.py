"""Experiments inside the world: what an A/B or geo test would say of a channel, held against the truth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import without
from agorasim.ecosystem.trial import UNITS, TrialSpec, check_trial
from agorasim.effects.intervals import mean_interval
from agorasim.effects.trials import share_interval
from agorasim.errors import InputError, unknown
from agorasim.experiment import telling, trial_words
from agorasim.experiment.coalitions import FULL, checked_brand, checked_channels, checked_outcome
from agorasim.experiment.execution import write_table
from agorasim.experiment.precision import USUAL, Wanted, sound
from agorasim.experiment.sheet import Cell, Sheet
from agorasim.experiment.trial_tests import BY_PERSON, Reader, Tests, by_region, is_mean, table, truth
from agorasim.measures.metrics import BY_NAME

if TYPE_CHECKING:
    from agorasim.experiment.answers import Answers
    from agorasim.scenario.schema import Scenario

KIND: Final = "trial"


@dataclass(frozen=True)
class Trials:
    """A question about tests of a brand's channels; make one with `Experiment.trial`."""

    scenario: Scenario
    specs: tuple[TrialSpec, ...]
    """One a unit of randomisation."""
    outcome: str
    seed: int | None = None

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Iterable[str],
        outcome: str = BY_PERSON,
        *,
        unit: str | Sequence[str] | None = None,
        share: float = 0.5,
        regions: Iterable[str] = (),
        seed: int | None = None,
    ) -> Trials:
        """A question whose names are all right; see `Experiment.trial`."""
        checked_brand(scenario, brand)
        named = [channels] if isinstance(channels, str) else [str(name).strip() for name in channels]
        if not named:
            raise InputError("a trial tests at least one channel, none is named")
        found = checked_channels(scenario, brand, named, least=1)
        checked_outcome(outcome)
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0.0 < share < 1.0:
            raise InputError(f"share treated must be above 0 and below 1, so that there are two sides, got {share!r}")
        places = tuple([regions] if isinstance(regions, str) else regions)
        units = _units(scenario, outcome, unit, bool(places))
        specs = tuple(TrialSpec(brand, found, u, share, places if u == "region" else ()) for u in units)
        for spec in specs:
            check_trial(spec, scenario)
        return cls(scenario, specs, outcome, seed)

    @property
    def brand(self) -> str:
        """Whose channels are tested."""
        return self.specs[0].brand

    @property
    def channels(self) -> tuple[str, ...]:
        """What is tested, sorted."""
        return self.specs[0].channels

    @cached_property
    def arms(self) -> list[Arm]:
        """The worlds of a replication: everybody treated, nobody, and one for each unit of randomisation."""
        off = Arm("without " + ", ".join(self.channels), (without(*self.channels, brand=self.brand),))
        return [Arm(FULL), off, *(Arm(f"trial by {spec.unit}", trial=spec) for spec in self.specs)]

    def settings(self) -> dict[str, Any]:
        """How it was asked, for the manifest."""
        return {
            "brand": self.brand,
            "channels": list(self.channels),
            "outcome": self.outcome,
            "units": [spec.unit for spec in self.specs],
            "share": self.specs[0].share,
            "regions": list(self.specs[-1].regions),
            "decisions": "held",
            "level": self.scenario.outcomes.interval,
        }

    def run(
        self,
        *,
        replications: int = USUAL,
        jobs: int = 1,
        out: str | os.PathLike[str] | None = None,
        resume: bool = False,
        backend: str = "loky",
        address: str | None = None,
        progress: bool = True,
        worker: Any = None,
    ) -> Answers:
        """Run the worlds, and open the answer.

        Args:
            replications: how many tests of each kind, each in a world of its own.
            jobs: worker processes; 1 runs everything in this process, -1 takes every core. Results do not depend on it.
            out: the results folder; a temporary one that lives as long as the returned object when None.
            resume: keep what an earlier run left in `out` and do the rest.
            backend: "loky" for this machine, "dask" for a cluster.
            address: of the Dask scheduler.
            progress: whether to say anything on standard error.
            worker: what makes the bench of a replicate; the package's own when None.

        Returns:
            The answer: `effects()` has the estimands trial_..., `frame("trials")` every single test.

        Raises:
            InputError: a wrong number, or `out` cannot be used.
            WorldsFailedError: no replication finished; why is in `out`.
            StorageError: results cannot be written; what was finished stays.
            KeyboardInterrupt: Ctrl-C; what finished is kept in `out`.
        """
        from agorasim.experiment.answers import opened
        from agorasim.experiment.laboratory import Laboratory

        wanted = Wanted.checked(None, None, replications, None)
        lab = Laboratory(
            self.scenario, kind=KIND, settings=self.settings(), seed=self.seed, out=out, jobs=jobs, resume=resume,
            backend=backend, address=address, progress=progress, worker=worker,
        )  # fmt: skip
        with lab:
            if progress:
                what = f"trials by {telling.listing([spec.unit for spec in self.specs])}"
                telling.announce(lab, len(self.arms), wanted, what, lambda: lab.run(self.arms, [0]))
            lab.run(self.arms, range(replications))
            here = sound(lab, replications)
            sheet = Sheet(lab, here, self.scenario.outcomes.interval, self.scenario.currency.code)
            cell = Cell(self.brand)
            full, off, *tested = self.arms
            reader = Reader(sheet, full, off, self.outcome, truth(sheet, full, off, self.outcome, cell))
            tests = [reader.read(arm) for arm in tested]
            self._write(sheet, cell, tests)
            write_table(lab, "trials", table(tests, here))
            told = trial_words.told(sheet.rows.table().to_pylist(), self.scenario, self.specs, self.outcome)
            words = [told.answer, *told.lines]
            lab.finish(sheet.rows.table(), {"extra": {"answer": told.answer, "words": words}, KIND: {"notes": words}})
        return opened(lab)

    def _write(self, sheet: Sheet, cell: Cell, tests: list[Tests]) -> None:
        """Rows of effects."""
        full_and_off = self.arms[:2]
        values = sheet.read(full_and_off, self.outcome, cell)
        sheet.mean("level", [arm.label for arm in full_and_off], self.outcome, cell, values)
        channels, unit = "+".join(self.channels), sheet.unit(self.outcome)
        if not is_mean(BY_NAME[self.outcome]):
            unit = f"{unit} a consumer"
        about: dict[str, Any] = {"unit": unit, "brand": self.brand}
        rows = sheet.rows
        rows.add("trial_truth", channels, self.outcome, mean_interval(tests[0].truth, sheet.level), **about)
        for own in tests:
            found = own.bias(sheet.level)
            rows.add(f"trial_estimate_{own.unit}", channels, self.outcome, found.estimate, **about)
            rows.add(f"trial_bias_{own.unit}", channels, self.outcome, found.bias, **about)
            passed = mean_interval(own.interference, sheet.level)
            rows.add(f"trial_interference_{own.unit}", channels, self.outcome, passed, **about)
            held = share_interval(*own.covered, sheet.level)
            rows.add(f"trial_coverage_{own.unit}", channels, self.outcome, held, **{**about, "unit": "share"})


def _units(scenario: Scenario, outcome: str, unit: str | Sequence[str] | None, regions: bool) -> list[str]:
    """Units of randomisation in their order; all that the scenario and the outcome allow when `unit` is None."""
    known = by_region()
    if outcome not in known:
        raise InputError(
            f"outcome {outcome!r} is not known of a part of the consumers; a trial by region can measure"
            f" {', '.join(known)}, one by person or cluster {BY_PERSON}"
        )
    if unit is None:
        fit = {
            "person": outcome == BY_PERSON and not regions,
            "cluster": outcome == BY_PERSON and not regions and bool(scenario.social.layers),
            "region": regions or (len(scenario.population.regions) > 1 and scenario.calendar.warmup > 0),
        }
        found = [name for name in UNITS if fit[name]]
        if not found:
            raise InputError(
                f"outcome {outcome!r} can be tested by region alone, which takes two regions and a warm-up; persons and"
                f" clusters are measured by {BY_PERSON}"
            )
        return found
    asked = [unit] if isinstance(unit, str) else list(unit)
    for name in asked:
        if name not in UNITS:
            raise InputError(unknown("unit of randomisation", name, UNITS))
        if name != "region" and outcome != BY_PERSON:
            raise InputError(
                f"outcome {outcome!r} is not known by {name}, but {BY_PERSON}: test it by region, or test {BY_PERSON}"
            )
    if not asked:
        raise InputError(f"name at least one unit of randomisation: {', '.join(UNITS)}")
    if regions and "region" not in asked:
        raise InputError(f"regions are named for a trial by region, not by {' or '.join(asked)}")
    return [name for name in UNITS if name in asked]
