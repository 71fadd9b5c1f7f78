"""One measurement in a process of its own, so that its peak memory is its own: prints one line of JSON.

Seconds are CPU seconds of this process, which has one thread: a busy neighbour then disturbs less.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Csr = tuple[NDArray[np.int64], NDArray[np.int32]]


def peak_mib() -> float:
    """Peak resident memory of this process."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def write_graph(path: Path, indptr: NDArray[np.int64], neighbours: NDArray[np.int32]) -> None:
    """Compressed sparse rows as network_bass.c reads them."""
    with path.open("wb") as file:
        for part in (np.array([len(indptr) - 1, len(neighbours)], dtype=np.int64), indptr, neighbours):
            file.write(np.ascontiguousarray(part).data)


def read_graph(path: Path) -> Csr:
    """What `write_graph` wrote."""
    raw = path.read_bytes()
    n, entries = np.frombuffer(raw, dtype=np.int64, count=2)
    indptr = np.frombuffer(raw, dtype=np.int64, count=n + 1, offset=16)
    return indptr, np.frombuffer(raw, dtype=np.int32, count=entries, offset=16 + 8 * (n + 1))


def engine(name: str, size: int, graph: str, days: int | None, seed: int = 1) -> dict[str, Any]:
    """A workload through the engine, from its scenario file."""
    from agorasim.ecosystem.world import World
    from benchmarks.worlds import load

    World(load(name, 512), seed=seed).run(4)  # machine code is there from here on
    settings = {} if days is None else {"calendar__days": days}
    begin = time.process_time()
    world = World(load(name, size, graph, **settings), seed=seed)
    ready = time.process_time()
    world.run()
    end = time.process_time()
    ties = sum(g.nbytes for g in world.graphs.values())
    # Room for a day's orders is set aside for the worst case; pages nobody writes to do not exist.
    room = {"orders", "speakers", "log"}
    columns = sum(a.nbytes for k, a in world.w.arrays().items() if k not in room)
    columns += sum(mechanism.nbytes() for mechanism in world.mechanisms)
    orders = world.history.by_segment[:, 0, :, _orders_column()].sum(axis=1)
    return {
        "seconds": end - ready,
        "setup": ready - begin,
        "consumer_days": world.size * world.days.count,
        "columns": columns,
        "graph": ties,
        "adopters": np.cumsum(orders).tolist(),
    }


#: Channels of the coalitions that `arms` runs.
CHANNELS = ("app", "community", "content", "marketplace", "search", "short_video", "social", "store")


def arms(size: int, count: int, seed: int = 1) -> dict[str, Any]:
    """Counterfactual worlds of coffee: random coalitions of eight channels, all of one replicate.

    `seconds` is the mean of a world after the shared ones (warm-up, full world), whose time is `setup`.
    """
    import random

    from agorasim.ecosystem.arms import Arm
    from agorasim.ecosystem.bench import Bench
    from agorasim.ecosystem.interventions import only
    from benchmarks.worlds import load

    begin = time.process_time()
    scenario = load("coffee", size)
    bench = Bench(scenario, seed=seed)
    bench.run(Arm("full"))
    ready = time.process_time()
    dice = random.Random(seed)
    for k in range(count):
        kept = [channel for channel in CHANNELS if dice.random() < 0.5]
        bench.run(Arm(str(k), (only(kept, among=CHANNELS, brand="lumo"),)))
    days = scenario.calendar.days - scenario.calendar.warmup
    seconds = (time.process_time() - ready) / count
    return {"seconds": seconds, "setup": ready - begin, "consumer_days": size * days}


def _orders_column() -> int:
    from agorasim.behaviour.columns import BY_ORDERS

    return BY_ORDERS


def graph(size: int, kind: str, path: Path, seed: int = 1) -> dict[str, Any]:
    """Write the graph that `engine` uses for network_bass, for the other tools to read."""
    from agorasim.ecosystem.world import World
    from benchmarks.worlds import load

    made = World(load("network_bass", size, kind), seed=seed).graphs["friends"]
    write_graph(path, made.indptr, made.neighbours)
    return {"entries": made.entries}


def mesa(path: Path, space: bool, steps: int, seed: int = 1) -> dict[str, Any]:
    """The workload on Mesa objects."""
    import networkx as nx

    from benchmarks.mesa_bass import Bass

    indptr, neighbours = read_graph(path)
    begin = time.process_time()
    ties: Any = nx.Graph()
    ties.add_nodes_from(range(len(indptr) - 1))
    source = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    once = source < neighbours
    ties.add_edges_from(zip(source[once].tolist(), neighbours[once].tolist(), strict=True))
    model = Bass(ties, seed, space=space)
    ready = time.process_time()
    for _ in range(steps):
        model.step()
    end = time.process_time()
    return {"seconds": end - ready, "setup": ready - begin, "adopters": model.adopters}


def first_compile() -> dict[str, Any]:
    """Wall seconds from nothing to the end of a first small run (give an empty cache folder in NUMBA_CACHE_DIR)."""
    begin = time.perf_counter()
    from agorasim.ecosystem.simulate import simulate
    from benchmarks.worlds import load

    simulate(load("coffee", 512, calendar__days=30, calendar__cooldown=0, calendar__warmup=0), 1, 0)
    return {"seconds": time.perf_counter() - begin}


def main(words: list[str] | None = None) -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("engine")
    one.add_argument("name")
    one.add_argument("size", type=int)
    one.add_argument("--graph", default="ws")
    one.add_argument("--days", type=int)
    one = what.add_parser("graph")
    one.add_argument("size", type=int)
    one.add_argument("kind")
    one.add_argument("path", type=Path)
    one = what.add_parser("mesa")
    one.add_argument("path", type=Path)
    one.add_argument("--space", action="store_true")
    one.add_argument("--steps", type=int, default=52)
    one = what.add_parser("arms")
    one.add_argument("size", type=int)
    one.add_argument("count", type=int)
    what.add_parser("compile")
    got = parser.parse_args(words)
    tasks: dict[str, Callable[[], dict[str, Any]]] = {
        "engine": lambda: engine(got.name, got.size, got.graph, got.days),
        "graph": lambda: graph(got.size, got.kind, got.path),
        "mesa": lambda: mesa(got.path, got.space, got.steps),
        "arms": lambda: arms(got.size, got.count),
        "compile": first_compile,
    }
    print(json.dumps({**tasks[got.what](), "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
