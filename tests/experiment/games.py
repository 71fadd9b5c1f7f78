"""Worlds that follow a formula over a brand's channels: the truth is known, and hundreds of them cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.periods import RowKey, Totals, finer_periods
from agorasim.experiment.sheet import period_names
from agorasim.measures.metrics import recorded
from agorasim.scenario.schema import Scenario

PAID = ("search", "social", "video")
OWNED = ("store",)
NAMES = tuple(m.name for m in recorded(()))
#: (factor of each channel, the same in the world whose messages people hear, noise of the replicate) -> outcome.
Formula = Callable[[dict[str, float], dict[str, float], np.random.Generator], float]


def market(**changes: Any) -> Scenario:
    """One brand that uses four channels, and a rival."""
    data = {
        "schema_version": 1, "name": "game", "seed": 3, "calendar": {"days": 50, "warmup": 10, "start": "2026-04-01"},
        "touchpoints": {c: {"kind": "search" if c == "search" else "social"} for c in PAID}
        | {"store": {"kind": "store"}, "mail": {"kind": "message"}, "site": {"kind": "own_site"}},
        "population": {"size": 10, "segments": {"young": {"share": 0.5}, "old": {"share": 0.5}}},
        "places": {"shop": {"touchpoint": "store", "brand": "lumo", "x": 0.0, "y": 0.0}},
        "brands": {
            "lumo": {
                "budget": 100.0, "owns": {"store": 0.5, "mail": 0.5}, "posts": 1.0,
                "policy": {"name": "fixed_plan", "plan": {"search": 10.0, "video": 20.0}},
            },
            "rivo": {"budget": 10.0, "owns": {"site": 0.5}, "sells": {"site": {}}},
        },
    }  # fmt: skip
    return Scenario.model_validate({**data, **changes})


class Bench:
    """Runs arms by a formula: profit, and money of channels in proportion to their factors."""

    def __init__(self, formula: Formula, scenario: Scenario, seed: int, replicate: int, periods: Any = ()) -> None:
        self.formula, self.scenario, self.seed, self.replicate = formula, scenario, seed, replicate
        self.periods = finer_periods(periods)
        self.ran: list[str] = []

    def run(self, arm: Arm) -> Totals:
        self.ran.append(arm.label)
        rng = np.random.default_rng([self.seed, self.replicate])
        heard = arm if arm.messages is None else arm.messages
        profit = self.formula(self._factors(arm), self._factors(heard), rng)
        spend = 1000.0 + sum(100.0 * f for c, f in self._factors(arm).items() if c in PAID)
        rows: dict[RowKey, dict[str, float]] = {}
        for name, sign in (("lumo", 1.0), ("rivo", -0.5)):
            own = {"profit": sign * profit, "spend": spend, "revenue": 2.0 * profit, "contribution": profit + spend}
            own |= {"orders": 3.0, "awareness": 0.5, "new_customers": 1.0, "satisfaction_sum": 6.0, "experiences": 2.0}
            own |= dict.fromkeys(("customers", "goodwill", "habit"), 1.0)
            rows[RowKey("counted", name)] = own
            rows[RowKey("end", name)] = {"awareness": 0.5, "customers": 4.0, "goodwill": 0.0, "habit": 0.0}
            for segment in self.scenario.population.segments:
                rows[RowKey("counted", name, segment=segment)] = {"orders": 1.5, "awareness": 0.5}
            for unit in self.periods:
                for k, period in enumerate(period_names(self.scenario, unit)):
                    rows[RowKey(period, name)] = {**own, "profit": sign * profit / 2.0**k}
            if arm.detail:
                for c in self.scenario.touchpoints:
                    rows[RowKey("counted", name, touchpoint=c)] = {"spend": 7.0, "impressions": 3.0, "clicks": 1.0}
        rows[RowKey("counted")] = {"needs": 9.0, "population": 10.0}
        for segment in self.scenario.population.segments:
            rows[RowKey("counted", segment=segment)] = {"needs": 4.5, "population": 5.0}
        rows[RowKey("end")] = {"population": 10.0}
        keys = sorted(rows)
        values = np.array([[rows[key].get(metric, np.nan) for metric in NAMES] for key in keys])
        return Totals(tuple(keys), NAMES, values)

    @staticmethod
    def _factors(arm: Arm) -> dict[str, float]:
        out = dict.fromkeys(("search", "social", "video", "store", "mail", "site"), 1.0)
        for change in arm.changes:
            for channel, factor in change.scale:
                out[channel] *= factor
        return out


class Maker:
    """Makes benches of one formula; a class, so that workers could take it along."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.benches: list[Bench] = []

    def __call__(self, scenario: Scenario, seed: int, replicate: int, *, periods: Any = ()) -> Bench:
        self.benches.append(Bench(self.formula, scenario, seed, replicate, periods))
        return self.benches[-1]

    @property
    def ran(self) -> list[str]:
        return [label for bench in self.benches for label in bench.ran]
