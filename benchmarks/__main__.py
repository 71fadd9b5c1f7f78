"""Every benchmark in one go, side by side: `python -m benchmarks`, from the top of the source tree.

Each repetition is a fresh process with one thread; the tools take turns, so that a slower hour of the machine falls on
all of them. Ratios within one run are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.worlds import TOP

PAGE = TOP / "docs/performance.md"
C_SOURCE = TOP / "benchmarks/network_bass.c"
ENGINE, LISTS, SPACE = "agorasim", "Mesa, neighbour lists", "Mesa, Network space"
SCALAR, VECTOR = "C, branch by branch", "C, vectorised"
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

#: Whole answers: name, what it is, channels, further words.
ANSWERS = (
    ("three", "three channels, 5,000 consumers, 20 pairs to 10 % precision, 400 worlds with split and marginal returns",
     "search,short_video,store", ["--precision", "0.1"]),
    ("lean", "the same, the 160 worlds of the coalitions and 40 of marginal returns", "search,short_video,store",
     ["--precision", "0.1", "--split", "none"]),
    ("eight", "eight channels exactly, 5,000 consumers, 20 pairs: 5,120 worlds and 120 of marginal returns",
     "search,social,short_video,content,marketplace,app,community,store", ["--replications", "20", "--split", "none"]),
)  # fmt: skip
Task = Callable[[], dict[str, Any]]


def environment(**more: str) -> dict[str, str]:
    """One thread, and this source tree's package first."""
    path = os.pathsep.join(filter(None, [str(TOP / "src"), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": path, **more}


def child(*words: str, **more: str) -> dict[str, Any]:
    """The JSON of one `benchmarks.measure` process."""
    return _json([sys.executable, "-m", "benchmarks.measure", *words], environment(**more))


def _json(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    out: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return out


def compile_c(folder: Path) -> Path | None:
    """The C reference; None without a compiler."""
    binary = folder / "network_bass"
    try:
        subprocess.run(["cc", "-O3", "-march=native", "-o", str(binary), str(C_SOURCE)], check=True)
    except (OSError, subprocess.CalledProcessError) as trouble:
        print(f"no C reference: {trouble}", file=sys.stderr)
        return None
    return binary


def take_turns(tasks: dict[Any, Task], repeats: int, once: frozenset[Any] = frozenset()) -> dict[Any, tables.Runs]:
    """Repetitions of every task in rounds; those in `once` are slow and run in the first round only."""
    runs: dict[Any, list[dict[str, Any]]] = {name: [] for name in tasks}
    for turn in range(repeats):
        for name, task in tasks.items():
            if turn == 0 or name not in once:
                runs[name].append(task())
                print(f"  {name}: {runs[name][-1]['seconds']:.4g} s", file=sys.stderr)
    return dict(runs)


def network_bass(
    size: int, kind: str, folder: Path, binary: Path | None, repeats: int, mesa: bool, found: dict[str, float]
) -> str:
    """The workload on one graph: engine, Mesa and C. Adds to `found` what there are aims for."""
    print(f"network Bass, {size:,} consumers, {kind}", file=sys.stderr)
    path = folder / f"{kind}{size}.bin"
    child("graph", str(size), kind, str(path))
    tasks: dict[Any, Task] = {}
    if mesa:
        tasks[SPACE] = lambda: child("mesa", str(path), "--space")
        tasks[LISTS] = lambda: child("mesa", str(path))
    tasks[ENGINE] = lambda: child("engine", "network_bass", str(size), "--graph", kind)
    if binary is not None:
        for name, mode in ((SCALAR, "scalar"), (VECTOR, "vector")):
            tasks[name] = lambda mode=mode: _json(  # type: ignore[misc]
                [str(binary), str(path), mode, str(tables.STEPS), "1"], environment()
            )
    slow = frozenset({SPACE, LISTS}) if size > 20_000 else frozenset()
    runs = take_turns(tasks, repeats, slow)
    path.unlink()
    if kind == "ws":
        seconds = tables.middle(runs[ENGINE])
        found[f"bass {size}"] = size * tables.STEPS / seconds / 1e6
        if size == 100_000 and mesa:
            found["bass mesa"] = tables.middle(runs[SPACE]) / seconds
        if size == 1_000_000:
            found["bass peak"] = tables.middle(runs[ENGINE], "peak_mib")
    return f"**{size:,} consumers, {kind.upper()}**\n\n" + tables.bass_table(size, runs, SPACE, VECTOR)


def wall(command: list[str], repeats: int, **more: str) -> float:
    """Best wall seconds of a command; the least disturbed of its repetitions."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run(command, cwd=TOP, env=environment(**more), capture_output=True, check=True)
        best = min(best, time.perf_counter() - begin)
    return best


def start_up(folder: Path, demo: bool, found: dict[str, float]) -> str:
    """Imports, help, first compile and the demo, in wall seconds."""
    print("start-up", file=sys.stderr)
    python = [sys.executable]
    empty = folder / "empty_cache"
    empty.mkdir()
    found["import"] = wall([*python, "-c", "import agorasim"], 7) - wall([*python, "-c", "pass"], 7)
    found["help"] = wall([*python, "-m", "agorasim", "--help"], 7)
    found["compile"] = child("compile", NUMBA_CACHE_DIR=str(empty))["seconds"]
    rows = [
        ["`import agorasim` (beyond a bare Python)", f"{found['import']:.2f}"],
        ["`agorasim --help`", f"{found['help']:.2f}"],
        ["first run ever: compile everything", f"{found['compile']:.1f}"],
        ["the same with the compile cache", f"{child('compile', NUMBA_CACHE_DIR=str(empty))['seconds']:.1f}"],
    ]
    if demo:
        command = [*python, "-m", "agorasim", "run", "coffee_o2o", "--replications", "20", "--jobs", "2", "--quiet"]
        for name, label, extra in (("demo", "", []), ("tables", ", tables only", ["--no-report"])):
            found[name] = wall([*command, *extra, "--out", str(folder / name)], 1)
            rows.append([f"demo: 10,000 x 180 days x 20, 2 jobs{label}", f"{found[name]:.1f}"])
    return tables.table(["", "wall seconds"], rows)


def experiments(folder: Path, repeats: int, answers: bool, found: dict[str, float]) -> str:
    """What a counterfactual world costs, and with `answers` whole synergy answers, in wall seconds with two jobs."""
    sizes: dict[Any, Task] = {size: lambda size=size: child("arms", str(size), "12") for size in (5_000, 10_000)}  # type: ignore[misc]
    runs = take_turns(sizes, repeats)
    rows = [
        [f"a world of coffee, {size:,} consumers x 152 counted days, one core", f"{tables.middle(of):.3g}"]
        for size, of in runs.items()
    ]
    for key, label, channels, more in ANSWERS if answers else ():
        print(f"  {label}", file=sys.stderr)
        command = [sys.executable, "-m", "agorasim", "synergy", "coffee_o2o", "--brand", "lumo", "--jobs", "2"]
        words = ["--channels", channels, "--set", "population.size=5000", *more, "--out", str(folder / key)]
        found[key] = wall([*command, *words], 1)
        rows.append([label, f"{found[key]:.0f}"])
    return tables.table(["", "seconds"], rows)


def main() -> None:
    """Measure, print, and with --write put the tables into docs/performance.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small worlds only, a minute or two")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of each measurement (slow ones: one)")
    parser.add_argument("--no-mesa-large", action="store_true", help="skip Mesa at 100,000 consumers (a minute or two)")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.relative_to(TOP)}")
    parser.add_argument("--answers", action="store_true", help="also whole synergy answers (half an hour)")
    got = parser.parse_args()
    parts: list[str] = []
    found: dict[str, float] = {}
    machine = tables.machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        binary = compile_c(folder)
        child("engine", "network_bass", "1000")  # compiles whatever is not in the cache yet
        sizes = [10_000] if got.quick else [10_000, 100_000, 1_000_000]
        for size in sizes:
            mesa = size == 10_000 or (size == 100_000 and not got.no_mesa_large)
            parts.append(network_bass(size, "ws", folder, binary, got.repeats if size < 10**6 else 3, mesa, found))
        if not got.quick:
            parts.append(network_bass(100_000, "ba", folder, binary, got.repeats, mesa=False, found=found))
        worlds: dict[Any, Task] = {}
        for world in ("plain", "coffee", "everything", "nothing"):
            for size in (10_000,) if got.quick else (10_000, 100_000):
                days = {"plain": [], "coffee": ["--days", "100"]}.get(world, ["--days", "30"])
                days = [] if size == 10_000 else days
                worlds[world, size] = lambda world=world, size=size, days=days: child(  # type: ignore[misc]
                    "engine", world, str(size), *days
                )
        runs = take_turns(worlds, got.repeats)
        for (world, size), of in runs.items():
            if size == 100_000:
                found[world] = tables.middle(of, "consumer_days") / tables.middle(of) / 1e6
                found[f"{world} bytes"] = tables.middle(of, "columns") / size
        if "everything" in found:
            found["half"] = found["everything"] / found["coffee"]
        parts.append("**Worlds**\n\n" + tables.world_table(runs))
        parts.append("**Experiments**\n\n" + experiments(folder, got.repeats, got.answers, found))
        parts.append("**Starting**\n\n" + start_up(folder, not got.quick, found))
    parts.insert(0, "**Aims**\n\n" + tables.aims_table(found))
    text = "\n\n".join([f"Measured on {machine}.", *parts])
    print(text)
    if got.write:
        tables.put_between_marks(PAGE, text)


if __name__ == "__main__":
    main()
