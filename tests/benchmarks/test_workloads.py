"""What the benchmarks measure is the workload they name: every tool's answer agrees with a plain NumPy reference."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agorasim.ecosystem.world import World
from benchmarks import measure, reference, tables, worlds

SIZE, SEEDS, STEPS = 1500, 12, reference.STEPS
Curves = np.ndarray[Any, Any]


@pytest.fixture(scope="module", params=["ws", "ba"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def engine(kind: str) -> tuple[Curves, Curves, list[World]]:
    """Adopters and mean awareness of the engine, shapes (seeds, steps), and the finished worlds."""
    scenario = worlds.load("network_bass", SIZE, kind)
    done = [World(scenario, seed=seed).run() for seed in range(SEEDS)]
    kpis = [world.kpis().query("brand != '' and touchpoint == '' and place == '' and segment == '' and region == ''")
            for world in done]  # fmt: skip
    return np.array([k["orders"].cumsum() for k in kpis]), np.array([k["awareness"] for k in kpis]), done


@pytest.fixture(scope="module")
def expected(engine: tuple[Curves, Curves, list[World]]) -> tuple[Curves, Curves]:
    """The reference on the engine's own graphs, with its own random numbers."""
    pairs = [
        reference.network_bass(world.graphs["friends"].indptr, world.graphs["friends"].neighbours, 1000 + seed)
        for seed, world in enumerate(engine[2])
    ]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def agree(a: Curves, b: Curves) -> None:
    """Means over seeds within four standard errors, early, in the middle and late."""
    assert a.shape[1] == b.shape[1] == STEPS
    for step in (0, 5, 12, 25, 38, 51):
        error = math.sqrt(a[:, step].var(ddof=1) / len(a) + b[:, step].var(ddof=1) / len(b))
        assert abs(a[:, step].mean() - b[:, step].mean()) <= 4.0 * error, (step, a[:, step].mean(), b[:, step].mean())


def test_the_engine_does_the_network_bass_workload(
    engine: tuple[Curves, Curves, list[World]], expected: tuple[Curves, Curves]
) -> None:
    agree(engine[0], expected[0])
    agree(engine[1], expected[1])
    assert engine[0][:, -1].mean() > 0.5 * SIZE  # word of mouth has taken off


def test_reach_is_exactly_what_the_workload_asks() -> None:
    world = World(worlds.load("network_bass", 3000))
    world.step()
    pairs = np.sort(world.w.pairs, order="touch")  # a day goes by name, the reference by the file
    assert pairs["zero"] == pytest.approx([1.0 - reach for reach in reference.REACH], rel=1e-14)
    assert (world.w.pairs["cap"] == 1).all()


def test_reading_a_graph_gives_back_what_was_written(tmp_path: Path) -> None:
    measure.graph(500, "ws", tmp_path / "g.bin")
    indptr, neighbours = measure.read_graph(tmp_path / "g.bin")
    graph = World(worlds.load("network_bass", 500), seed=1).graphs["friends"]
    assert np.array_equal(indptr, graph.indptr)
    assert np.array_equal(neighbours, graph.neighbours)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("mode", ["scalar", "vector"])
def test_the_c_reference_does_the_workload(
    mode: str, engine: tuple[Curves, Curves, list[World]], expected: tuple[Curves, Curves], tmp_path: Path
) -> None:
    binary, path = tmp_path / "network_bass", tmp_path / "graph.bin"
    subprocess.run(["cc", "-O2", "-o", str(binary), str(worlds.TOP / "benchmarks/network_bass.c")], check=True)
    curves = []
    for seed, world in enumerate(engine[2]):
        measure.write_graph(path, world.graphs["friends"].indptr, world.graphs["friends"].neighbours)
        done = subprocess.run(
            [str(binary), str(path), mode, str(STEPS), str(seed)], check=True, capture_output=True, text=True
        )
        curves.append(json.loads(done.stdout)["adopters"])
    agree(np.array(curves), expected[0])


@pytest.mark.mesa
@pytest.mark.parametrize("space", [False, True])
def test_the_mesa_baselines_do_the_workload(
    space: bool, kind: str, engine: tuple[Curves, Curves, list[World]], expected: tuple[Curves, Curves], tmp_path: Path
) -> None:
    if kind == "ba":
        pytest.skip("one graph is enough for objects")
    curves = []
    for seed, world in enumerate(engine[2][:4]):
        measure.write_graph(tmp_path / "g.bin", world.graphs["friends"].indptr, world.graphs["friends"].neighbours)
        curves.append(measure.mesa(tmp_path / "g.bin", space, STEPS, seed)["adopters"])
    agree(np.array(curves), expected[0])


def test_every_world_can_be_sized() -> None:
    for name in worlds.FILES:
        small = World(worlds.load(name, 300, calendar__days=60, calendar__cooldown=0, calendar__warmup=0)).run(3)
        assert small.size == 300
        assert small.day == 3


def test_tables_go_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{tables.BEGIN}\nold\n{tables.END}\nbelow\n", encoding="utf-8")
    runs = {
        "a": [{"seconds": 2.0, "setup": 1.0, "peak_mib": 9.0}],
        "b": [{"seconds": 0.5, "setup": 1.0, "peak_mib": 9.0}],
    }
    tables.put_between_marks(page, tables.bass_table(1000, runs, "a", "b"))
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("above")
    assert text.rstrip().endswith("below")
    assert "| b | 0.5 | 0.104 | 4 | 1 |" in text
