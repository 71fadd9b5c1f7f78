"""The journey log in a results folder: merged over replications, whole after an interruption, equal bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agorasim import Scenario
from agorasim.errors import InputError
from agorasim.experiment import tables
from agorasim.experiment.results import Results
from agorasim.experiment.runner import run_replications

SCENARIO = Scenario.from_dict({"name": "tiny", "brands": {"lumo": {}}, "calendar": {"days": 3, "warmup": 1}})


def touches(replicate: int) -> pa.Table:
    """Two touches, in the wrong order; replicate 1 has none."""
    rows = [
        (replicate, 2, 5, "lumo", "site", "", "click", 1, True),
        (replicate, 0, 7, "lumo", "", "shop", "order", 2, False),
    ]
    columns = zip(*(rows if replicate != 1 else []), strict=True) if replicate != 1 else [[]] * 9
    return pa.table(
        {f.name: pa.array(list(c), f.type) for f, c in zip(tables.schema("journeys"), columns, strict=True)}
    )


def worker(scenario: Any, seed: int, replicate: int) -> dict[str, pa.Table]:
    kpis = pa.table(
        {"replicate": pa.array([replicate], pa.int32()), "day": pa.array([2], pa.int32())}
        | {key: pa.array([value]) for key, value in (("brand", "lumo"), ("touchpoint", ""), ("place", ""))}
        | {"segment": pa.array([""]), "region": pa.array([""]), "orders": pa.array([1])}
    )
    return {"kpis": kpis, "journeys": touches(replicate)}


def run(folder: Path, replications: int, resume: bool = False) -> bytes:
    run_replications(SCENARIO, replications=replications, out=folder, resume=resume, progress=False, worker=worker)
    return (folder / "tables" / "journeys.parquet").read_bytes()


def test_journeys_are_merged_over_replications_and_grow_with_a_resumed_run(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "grown", 2)
    assert run(tmp_path / "grown", 4, resume=True) == whole
    results = Results.load(tmp_path / "whole")
    log = results.journeys(counted=False)
    assert list(log["replicate"]) == [0, 0, 2, 2, 3, 3]
    assert list(log["day"]) == [0, 2] * 3
    assert list(results.journeys()["event"]) == ["click"] * 3  # the warm-up day is left out
    assert "journeys" in results.manifest["tables"]


def test_a_run_without_a_log_says_how_to_get_one(tmp_path: Path) -> None:
    def without(scenario: Any, seed: int, replicate: int) -> dict[str, pa.Table]:
        return {"kpis": worker(scenario, seed, replicate)["kpis"]}

    run_replications(SCENARIO, replications=1, out=tmp_path / "out", progress=False, worker=without)
    with pytest.raises(InputError, match=r"data\.journeys"):
        Results.load(tmp_path / "out").journeys()
