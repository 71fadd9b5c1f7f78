"""Measurements as Markdown tables."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

STEPS = 52
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
#: Name: what it is, the aim, its unit, whether more is better.
AIMS = {
    "bass 100000": ("network Bass, 100,000 consumers", 40.0, "million agent-steps/s", True),
    "bass mesa": ("the same, times Mesa's Network space", 90.0, "", True),
    "bass 1000000": ("network Bass, 1,000,000 consumers", 30.0, "million agent-steps/s", True),
    "bass peak": ("the same, peak memory", 500.0, "MiB", False),
    "plain": ("plain, 100,000 consumers", 15.0, "million consumer-days/s", True),
    "coffee": ("coffee, 100,000 consumers", 3.0, "million consumer-days/s", True),
    "coffee bytes": ("coffee, memory beside the graph", 400.0, "bytes a consumer", False),
    "half": ("every mechanism on, against coffee", 0.5, "of coffee's consumer-days/s", True),
    "everything bytes": ("every mechanism on, memory beside graph and journeys", 600.0, "bytes a consumer", False),
    "import": ("`import agorasim`", 0.3, "s", False),
    "help": ("`agorasim --help`", 0.6, "s", False),
    "compile": ("first run ever", 40.0, "s", False),
    "demo": ("demo, 2 jobs", 20.0, "s", False),
    "three": ("synergy of three channels to 10 %, 5,000 consumers, 2 jobs", 60.0, "s", False),
    "eight": ("exact Shapley values of eight channels, 5,000 consumers, 20 pairs, 2 jobs", 900.0, "s", False),
}
Runs = Sequence[Mapping[str, Any]]


def middle(runs: Runs, field: str = "seconds") -> float:
    """Median of a figure over repetitions."""
    return median(float(run[field]) for run in runs)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all but the first column to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def bass_table(size: int, runs: Mapping[str, Runs], baseline: str, limit: str) -> str:
    """Agent-steps a second of every tool on one graph, and their ratios within this run."""
    seconds = {name: middle(of) for name, of in runs.items()}
    rows = []
    for name, of in runs.items():
        rows.append([
            name,
            f"{seconds[name]:.3g}",
            f"{size * STEPS / seconds[name] / 1e6:.3g}",
            f"{seconds[baseline] / seconds[name]:.3g}" if baseline in seconds else "-",
            f"{seconds[name] / seconds[limit]:.3g}" if limit in seconds else "-",
            f"{middle(of, 'setup'):.2g}",
            f"{middle(of, 'peak_mib'):.0f}",
        ])  # fmt: skip
    head = ["tool", "run s", "million agent-steps/s", "times Mesa", "times slower than C", "set-up s", "peak MiB"]
    return table(head, rows)


def world_table(runs: Mapping[tuple[str, int], Runs]) -> str:
    """Consumer-days a second of the engine's workloads, and memory."""
    rows = []
    for (name, size), of in runs.items():
        seconds, days = middle(of), middle(of, "consumer_days")
        rows.append([
            name,
            f"{size:,}",
            f"{days / seconds / 1e6:.3g}",
            f"{seconds / days * 1e9:.0f}",
            f"{middle(of, 'columns') / size:.0f}",
            f"{middle(of, 'graph') / size:.0f}",
            f"{middle(of, 'peak_mib'):.0f}",
        ])  # fmt: skip
    head = ["world", "consumers", "million consumer-days/s", "ns each", "bytes a consumer", "graph bytes", "peak MiB"]
    return table(head, rows)


def aims_table(found: Mapping[str, float]) -> str:
    """What was asked beside what this run found; aims that were not measured are left out."""
    rows = []
    for name, (label, aim, unit, more_is_better) in AIMS.items():
        if name in found:
            reached = found[name] >= aim if more_is_better else found[name] <= aim
            rows.append([label, f"{aim:g} {unit}", f"{found[name]:.3g}", "yes" if reached else "**no**"])
    return table(["", "aim", "this run", "reached"], rows)


def machine() -> str:
    """What this was measured on, in a line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next(
            (k.split(":", 1)[1].strip() for k in info.read_text().splitlines() if k.startswith("model name")), cpu
        )
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    packages = ", ".join(f"{name} {version(name)}" for name in ("mesa", "numpy", "numba"))
    load = (
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start"
        if hasattr(os, "getloadavg")
        else ""
    )
    return f"{cpu}, {load}; Python {platform.python_version()}, {packages}; {compiler}"


def put_between_marks(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}", encoding="utf-8")
