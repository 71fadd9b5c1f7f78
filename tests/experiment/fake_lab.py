"""A laboratory whose worlds are a formula: the truth is known, and thousands of worlds cost nothing."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agorasim.experiment.execution import Execution
from agorasim.scenario.schema import Scenario

#: (changes to the scenario, random generator of the replicate) -> outcome by metric, or by (metric, brand).
World = Callable[[dict[str, Any], np.random.Generator], Mapping[Any, float]]

PLAN = {"search": 50.0, "social": 80.0}


class FakeLab:
    """Runs `world` on what an arm changes: its overrides, and the settings of a policy it brings as `policy.KEY`."""

    def __init__(self, scenario: Scenario, *, world: World, kind: str, settings: Mapping[str, Any],
                 seed: int | None = None, out: Any = None, **_: Any) -> None:  # fmt: skip
        self.scenario, self.world, self.settings = scenario, world, dict(settings)
        self.kind, self.seed = kind, scenario.seed if seed is None else seed
        self._keeper = None if out is not None else tempfile.TemporaryDirectory()
        self.folder = Path(out if self._keeper is None else self._keeper.name)
        self.ran: dict[tuple[str, int], Mapping[Any, float]] = {}
        self.specs: dict[str, Any] = {}
        self.failed: dict[tuple[str, int], Path] = {}
        self.finished: tuple[Any, Any] | None = None

    def __enter__(self) -> FakeLab:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, arms: Any, replicates: Any) -> None:
        for arm in arms:
            assert self.specs.setdefault(arm.label, arm.spec()) == arm.spec(), f"two arms called {arm.label}"
            moved = dict(arm.overrides)
            for change in arm.changes:
                for key, value in json.loads(change.policy or "{}").items():
                    moved[f"policy.{key}"] = value
            for replicate in replicates:
                if (arm.label, replicate) not in self.ran:
                    rng = np.random.default_rng([self.seed, replicate])
                    self.ran[arm.label, replicate] = self.world(moved, rng)

    def values(self, arms: Any, replicates: Any, metric: str, *, brand: str, **_: Any) -> np.ndarray:
        def one(label: str, replicate: int) -> float:
            found = self.ran[label, replicate]
            return found.get((metric, brand), found.get(metric, np.nan))

        return np.array([[one(arm.label, r) for r in replicates] for arm in arms])

    def estimate_seconds(self, worlds: int) -> float | None:
        return 0.5 * worlds

    def finish(self, effects: Any, extra: Any) -> None:
        self.finished = (effects, extra)


def execution(world: World, **more: Any) -> Execution:
    return Execution(laboratory=functools.partial(FakeLab, world=world), progress=False, **more)


def scenario(**changes: Any) -> Scenario:
    """A small market with numbers to vary."""
    data = {
        "schema_version": 1, "name": "small", "seed": 5, "calendar": {"days": 40, "warmup": 10},
        "touchpoints": {"search": {"kind": "search"}, "social": {"kind": "social"}, "store": {"kind": "store"}},
        "brands": {"lumo": {"budget": 400.0, "policy": {"name": "fixed_plan", "plan": PLAN}}, "rivo": {"budget": 50.0}},
    }  # fmt: skip
    return Scenario.model_validate_json(json.dumps({**data, **changes}))
