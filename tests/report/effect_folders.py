"""Folders of experiments with made-up worlds in the shape of real ones: a game over channels with known answers."""

from __future__ import annotations

import json
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agorasim.effects.intervals import mean_interval
from agorasim.experiment import manifest as manifests
from agorasim.scenario.schema import Scenario

TEXT = ("period", "brand", "touchpoint", "segment", "region", "estimand", "channels")
SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXT]
    + [("at", pa.float64()), ("metric", pa.string())]
    + [(name, pa.float64()) for name in ("estimate", "low", "high")]
    + [("n_pairs", pa.int64()), ("unit", pa.string()), ("variance_reduction", pa.float64())]
)
Floats = NDArray[np.float64]


class Rows:
    """Rows of effects.parquet, one call for each estimand."""

    def __init__(self, metric: str = "profit", unit: str = "CNY", brand: str = "lumo") -> None:
        self.metric, self.unit, self.brand = metric, unit, brand
        self.rows: list[dict[str, Any]] = []

    def add(self, estimand: str, channels: str, values: Floats, at: float | None = None, **other: Any) -> None:
        """A row from one value for each pair."""
        found = mean_interval(values)
        self.rows.append(
            dict.fromkeys(TEXT, "") | {"period": "counted", "brand": self.brand, "metric": self.metric}
            | {"estimand": estimand, "channels": channels, "at": at, "n_pairs": int(found.n), "unit": self.unit}
            | {"estimate": float(found.estimate), "low": float(found.low), "high": float(found.high)}
            | {"variance_reduction": None} | other
        )  # fmt: skip

    def table(self) -> pa.Table:
        return pa.table({f.name: pa.array([r[f.name] for r in self.rows], f.type, from_pandas=True) for f in SCHEMA})


class Game:
    """Values of every coalition, shape (2**n, pairs): sums of main effects, pairs, and noise."""

    def __init__(
        self, channels: list[str], pairs: int = 24, scale: float = 1000.0, base: float = 20_000.0, noise: float = 0.3,
        seed: int = 1, signs: bool = True, dull: bool = False,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng(seed)
        self.channels, self.pairs, n = channels, pairs, len(channels)
        main = scale * np.linspace(3.0, -0.6 if signs else 0.4, n) * (not dull)
        both = np.triu(scale * rng.normal(0.0, 0.5, (n, n)), 1) * (not dull)
        ways = noise * scale * (not dull)
        mains = main[:, None] + ways * rng.normal(size=(n, pairs))
        boths = both[:, :, None] + ways * np.triu(rng.normal(size=(n, n)), 1)[:, :, None] * rng.normal(size=pairs)
        start = base + 0.1 * abs(base) * rng.normal(size=pairs)
        self.values = np.empty((2**n, pairs))
        for mask in range(2**n):
            inside = [k for k in range(n) if mask >> k & 1]
            self.values[mask] = start + sum((mains[k] for k in inside), np.zeros(pairs))
            self.values[mask] += sum((boths[a, b] for a, b in combinations(inside, 2)), np.zeros(pairs))
            # A term of three, so that interactions differ with who else is there.
            self.values[mask] -= 0.2 * scale * (not dull) * (len(inside) > 2)
        self.full = 2**n - 1
        # What talk carries of each channel: some of it helps, some of it harms.
        self.talk = 0.25 * np.where(np.arange(n) % 3 == 2, -0.6, 1.0)

    def shapley(self, k: int) -> Floats:
        n, total = len(self.channels), np.zeros(self.pairs)
        for mask in range(2**n):
            if not mask >> k & 1:
                size = mask.bit_count()
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                total += weight * (self.values[mask | 1 << k] - self.values[mask])
        return total

    def interaction(self, a: int, b: int, full: bool) -> Floats:
        rest = self.full & ~(1 << a) & ~(1 << b) if full else 0
        v = self.values
        return np.asarray(v[rest | 1 << a | 1 << b] - v[rest | 1 << a] - v[rest | 1 << b] + v[rest])


def synergy_rows(game: Game, rows: Rows, *, split: bool = True, curves: bool = True, breakdown: bool = True) -> Rows:
    """Every estimand of a synergy experiment."""
    rng = np.random.default_rng(9)
    names, v = game.channels, game.values
    every = "+".join(names)
    grand = v[game.full] - v[0]
    rows.add("level", "full", v[game.full])
    rows.add("level", "none", v[0])
    rows.add("grand", every, grand, variance_reduction=18.4)
    if split:
        rows.add("grand_direct", every, 0.8 * grand)
        rows.add("grand_carried", every, 0.2 * grand)
    for k, name in enumerate(names):
        worth, last = game.shapley(k), v[game.full] - v[game.full & ~(1 << k)]
        rows.add("shapley", name, worth)
        rows.add("incremental", name, last, variance_reduction=12.0 + k)
        if split:
            rows.add("shapley_direct", name, (1 - game.talk[k]) * worth)
            rows.add("shapley_carried", name, game.talk[k] * worth)
        rows.add("incremental_direct", name, (1 - game.talk[k]) * last)
        rows.add("incremental_carried", name, game.talk[k] * last)
        for unit, name_ in (("CNY per CNY", "roas"), ("CNY per CNY", "roi"), ("CNY per CNY", "marginal_roas")):
            shift = {"roas": 1.4, "roi": 0.2, "marginal_roas": 0.9}[name_]
            rows.add(name_, name, shift + last / 8000.0, unit=unit, metric="profit" if name_ == "roi" else "revenue")
        for n in sorted({2, 4, 8, 12, 16, 20, game.pairs}):
            if 2 <= n <= game.pairs:
                rows.add("convergence_shapley", name, worth[:n], at=float(n))
        if curves:
            for x in (0.0, 0.25, 0.5, 1.0, 1.5, 2.0):
                rows.add("response", name, v[game.full] + (np.sqrt(x) - 1.0) * last, at=x)
            for day in range(0, 60, 2):
                wave = last * 0.2 * np.exp(-day / 12) + 0.02 * abs(last.mean() + 1) * rng.normal(size=game.pairs)
                rows.add("carry_over", name, wave, at=float(day))
    for a, b in combinations(range(len(names)), 2):
        pair = f"{names[a]}+{names[b]}"
        rows.add("interaction_empty", pair, game.interaction(a, b, full=False))
        rows.add("interaction_full", pair, game.interaction(a, b, full=True))
        rows.add("shapley_interaction", pair, game.interaction(a, b, full=False))
    if curves and len(names) > 1:
        for x in (0.0, 0.5, 1.0, 1.5):
            for y in (0.0, 0.5, 1.0, 1.5):
                if not (x == 1.5 and y == 1.5):
                    worth = (np.sqrt(x) + 0.6 * np.sqrt(y) + 0.5 * x * y) * abs(grand)
                    rows.add("response_surface", f"{names[0]}@{x:g}+{names[1]}@{y:g}", worth)
    if breakdown:
        for key, parts in (("segment", ["students", "office"]), ("region", ["centre", "campus"])):
            for i, part in enumerate(parts):
                rows.add("grand", every, grand * (0.7 - 0.4 * i), **{key: part})
                for k, name in enumerate(names):
                    last = v[game.full] - v[game.full & ~(1 << k)]
                    rows.add("incremental", name, last * (0.7 - 0.4 * i), **{key: part})
        for i, month in enumerate(["2026-01", "2026-02", "2026-03"]):
            rows.add("grand", every, grand * (0.2 + 0.1 * i), period=month)
            for k, name in enumerate(names):
                rows.add("incremental", name, (v[game.full] - v[game.full & ~(1 << k)]) * (0.2 + 0.1 * i), period=month)
    return rows


def compare_rows(variants: list[str], pairs: int = 24) -> Rows:
    """Differences of every variant from the first, for three outcomes."""
    rng = np.random.default_rng(4)
    rows = Rows()
    for metric, unit, size in (("profit", "CNY", 2000.0), ("orders", "orders", 150.0), ("awareness", "share", 0.01)):
        shared = rng.normal(size=pairs)
        levels = [size * (10.0 + 0.5 * i + shared + 0.3 * rng.normal(size=pairs)) for i, _ in enumerate(variants)]
        for name, level in zip(variants, levels, strict=True):
            rows.add("level", name, level, metric=metric, unit=unit)
            if name != variants[0]:
                rows.add("difference", name, level - levels[0], metric=metric, unit=unit, variance_reduction=11.0)
    return rows


def write_folder(
    folder: Path, scenario_data: dict[str, Any], rows: Rows, *, kind: str = "synergy",
    settings: dict[str, Any] | None = None, extra: dict[str, Any] | None = None,
) -> Path:  # fmt: skip
    """manifest.json and tables/effects.parquet as an experiment leaves them."""
    scenario = Scenario.model_validate_json(json.dumps(scenario_data))
    pairs = max((row["n_pairs"] for row in rows.rows), default=0)
    manifest = manifests.describe(scenario, manifests.identity(scenario, kind), pairs)
    manifest |= {"status": "finished", "kind": kind, "settings": settings or {}, "extra": extra or {}, "arms": {}}
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.table(), folder / "tables" / "effects.parquet")
    manifests.write(folder, manifest)
    return folder
