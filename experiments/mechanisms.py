"""Measures what each mechanism does, by paired worlds, and writes docs/mechanisms.md with its pictures.

    python experiments/mechanisms.py                 # everything, and the page
    python experiments/mechanisms.py points rating   # some questions, printed only

A question (experiments/mechanisms/questions.yaml) moves one lever of a scenario that isolates a mechanism. Replicates
of different values share every random draw, so that the differences to the first value are the lever's doing alone.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from agorasim.ecosystem import World
from agorasim.ecosystem.totals import total
from agorasim.effects.paired import paired_interval
from agorasim.measures.metrics import BY_NAME
from agorasim.scenario.schema import Scenario

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios" / "mechanisms"
PAGE = ROOT / "docs" / "mechanisms.md"
PICTURES = ROOT / "docs" / "img" / "mechanisms"
SHAPES = ("rising", "falling", "peak", "dip", "saturating")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """One lever, one outcome."""

    mechanism: str
    name: str
    scenario: str
    brand: str
    values: tuple[Any, ...]
    outcome: str
    shape: str
    says: str
    replications: int = 12
    lever: str = ""
    levers: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    null: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ValueError(f"{self.name}: shape must be one of {', '.join(SHAPES)}, got {self.shape!r}")
        if bool(self.lever) == bool(self.levers):
            raise ValueError(f"{self.name}: give either lever or levers")
        if self.outcome not in BY_NAME:
            raise ValueError(f"{self.name}: no metric {self.outcome!r}")

    def overrides(self, k: int) -> dict[str, Any]:
        """What the k-th value sets."""
        if self.lever:
            return {self.lever: self.values[k]}
        return {path: values[k] for path, values in self.levers.items()}

    def moved(self) -> str:
        """What is moved, for a heading."""
        if self.lever:
            return f"`{self.lever}`"
        first, *others = self.levers
        return f"`{first}`" + (f" and {len(others)} more" if others else "")


def questions(path: Path = ROOT / "experiments" / "mechanisms" / "questions.yaml") -> list[Question]:
    """All questions of the file."""
    from ruamel.yaml import YAML

    found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["questions"]
    named = [{"null" if key is None else key: value for key, value in entry.items()} for entry in found]  # YAML's null
    return [Question(**{**entry, "values": tuple(entry["values"])}) for entry in named]


@cache
def _scenario(name: str) -> Scenario:
    return Scenario.load(SCENARIOS / f"{name}.yaml")


def outcome(scenario: Scenario, replicate: int, metric: str, brand: str | None) -> float:
    """The outcome in one world."""
    return total(World(scenario, replicate=replicate).run(), metric, brand)


def measure(
    question: Question, at: Sequence[int] | None = None, beside: Mapping[str, Any] | None = None, jobs: int = 1
) -> Array:
    """Outcomes (values, replications) at some of the values (all of them when None)."""
    chosen = range(len(question.values)) if at is None else at
    base, brand = _scenario(question.scenario), question.brand or None
    scenarios = [base.with_overrides({**(beside or {}), **question.overrides(k)}) for k in chosen]
    found = Parallel(n_jobs=jobs)(
        delayed(outcome)(scenario, r, question.outcome, brand)
        for scenario in scenarios
        for r in range(question.replications)
    )
    return np.array(found).reshape(len(chosen), question.replications)


def as_said(question: Question, outcomes: Array) -> bool:
    """Whether intervals of paired differences have the shape that the question states."""
    ends = paired_interval(outcomes[-1], outcomes[0])
    steps = [paired_interval(b, a) for a, b in itertools.pairwise(outcomes)]
    never_down = all(s.high >= 0 for s in steps)
    never_up = all(s.low <= 0 for s in steps)
    if question.shape == "rising":
        return bool(ends.low > 0 and never_down)
    if question.shape == "falling":
        return bool(ends.high < 0 and never_up)
    if question.shape == "saturating":
        middle = len(outcomes) // 2
        per = _per_unit(question, outcomes, 0, middle), _per_unit(question, outcomes, middle, len(outcomes) - 1)
        return bool(abs(ends.estimate) > 0 and (ends.low > 0 or ends.high < 0) and abs(per[0]) > abs(per[1]))
    means = outcomes.mean(axis=1)
    best = int(means.argmax() if question.shape == "peak" else means.argmin())
    if best in (0, len(outcomes) - 1):
        return False
    up, down = paired_interval(outcomes[best], outcomes[0]), paired_interval(outcomes[-1], outcomes[best])
    return bool(up.low > 0 and down.high < 0) if question.shape == "peak" else bool(up.high < 0 and down.low > 0)


def _per_unit(question: Question, outcomes: Array, first: int, last: int) -> float:
    """Mean change of the outcome by a unit of the lever."""
    values = question.values
    step = float(values[last]) - float(values[first])
    return float((outcomes[last] - outcomes[first]).mean() / step)


# --- the page -------------------------------------------------------------------------------------------------------


def row(question: Question, outcomes: Array) -> str:
    """The question's line of the table."""
    found = paired_interval(outcomes[-1], outcomes[0])
    base = float(outcomes[0].mean())
    share = f" ({100 * found.estimate / abs(base):+.0f} %)" if base else ""
    verdict = "yes" if as_said(question, outcomes) else "**no**"
    span = f"{_short(question.values[0])} to {_short(question.values[-1])}"
    cells = [
        question.mechanism, f"{question.moved()}: {span}", f"{question.outcome}, {question.brand or 'all'}",
        f"{_figure(found.estimate)} [{_figure(found.low)}, {_figure(found.high)}]{share}",
        f"{question.shape}: {verdict}", question.says,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else f"{value}"


def _figure(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3g}"


def draw(found: Mapping[str, list[tuple[Question, Array]]]) -> None:
    """A picture for each mechanism: a panel a question, differences to the first value with their 95 % intervals."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    PICTURES.mkdir(parents=True, exist_ok=True)
    for code, entries in found.items():
        columns = min(3, len(entries))
        rows = -(-len(entries) // columns)
        figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 2.9 * rows), squeeze=False)
        for panel in axes.flat[len(entries) :]:
            panel.axis("off")
        for panel, (question, outcomes) in zip(axes.flat, entries, strict=False):
            _panel(panel, question, outcomes)
        figure.tight_layout()
        figure.savefig(PICTURES / f"{code}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


def _panel(panel: Any, question: Question, outcomes: Array) -> None:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in question.values)
    x = np.array(question.values, dtype=float) if numbers else np.arange(len(question.values), dtype=float)
    found = [paired_interval(row, outcomes[0]) for row in outcomes]
    estimate = np.array([float(f.estimate) for f in found])
    low, high = np.array([float(f.low) for f in found]), np.array([float(f.high) for f in found])
    panel.axhline(0.0, color="0.75", linewidth=0.8, zorder=0)
    panel.errorbar(
        x, estimate, yerr=[estimate - low, high - estimate], color="#0072B2", marker="o", markersize=4, capsize=2.5,
        linewidth=1.2 if numbers else 0.0, elinewidth=1.0,
    )  # fmt: skip
    if not numbers:
        panel.set_xticks(x, [_short(v) for v in question.values], fontsize=7)
        panel.margins(x=0.15)
    panel.set_title(question.name.replace("_", " "), fontsize=9.5, loc="left")
    panel.set_xlabel(question.lever.split(".")[-1] if question.lever else question.name, fontsize=8)
    panel.set_ylabel(f"change of {question.outcome}", fontsize=8)
    panel.tick_params(labelsize=7)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def page(found: Mapping[str, list[tuple[Question, Array]]]) -> str:
    """The measured part of docs/mechanisms.md."""
    lines = [
        "| mechanism | lever | outcome | last value against first, 95 % interval | shape | in words |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(question, outcomes) for entries in found.values() for question, outcomes in entries]
    for code, entries in found.items():
        names = "; ".join(
            f"{q.name.replace('_', ' ')} (`{q.scenario}.yaml`, {q.replications} pairs)" for q, _ in entries
        )
        lines += ["", f"### {code}", "", f"{names}.", "", f"![{code}](img/mechanisms/{code}.png)"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page when everything was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="questions or codes of mechanisms; all when left out")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args(arguments)
    wanted = [q for q in questions() if not chosen.names or {q.name, q.mechanism} & {*chosen.names}]
    found: dict[str, list[tuple[Question, Array]]] = {}
    for question in sorted(wanted, key=lambda q: int(q.mechanism[1:])):
        outcomes = measure(question, jobs=chosen.jobs)
        found.setdefault(question.mechanism, []).append((question, outcomes))
        print(row(question, outcomes), flush=True)
    if not chosen.names:
        draw(found)
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{page(found)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0 if all(as_said(q, y) for entries in found.values() for q, y in entries) else 1


if __name__ == "__main__":
    sys.exit(main())
