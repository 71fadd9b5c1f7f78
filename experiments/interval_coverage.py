"""How often the intervals cover and the selection is right: simulations of the rules in `agorasim.effects`.

    python experiments/interval_coverage.py            # 5,000 synthetic experiments a row, about two minutes of CPU
    python experiments/interval_coverage.py --write    # also puts the tables into docs/statistics.md
    python experiments/interval_coverage.py --quick    # few experiments and rows: does it run?

Everything is drawn from fixed seeds: equal versions of NumPy and SciPy give equal tables.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # products are small: more threads only wait for one another

import numpy as np

from agorasim.effects import games, paired, selection, simultaneous, stopping
from agorasim.effects.intervals import mean_interval

PAGE = Path(__file__).resolve().parents[1] / "docs/statistics.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LEVEL = 0.95

Array = np.ndarray


@dataclass(frozen=True)
class Size:
    """How much is simulated."""

    experiments: int
    most_pairs: int
    precisions: tuple[int, ...]
    family_draws: int

    @property
    def chunks(self) -> list[int]:
        return [min(500, self.experiments - start) for start in range(0, self.experiments, 500)]


FULL = Size(5000, 1200, (10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 140, 170, 200, 250, 300, 400), 1000)
QUICK = Size(300, 300, (20, 60, 100), 200)


# --- what a pair's difference may look like, with mean 0 ------------------------------------------------------------


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return (np.exp(rng.standard_normal(shape)) - np.exp(0.5)) / np.sqrt(np.exp(2) - np.exp(1))


def exponential(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_exponential(shape) - 1.0


def student5(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_t(5, shape) / np.sqrt(5 / 3)


SHAPES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "normal": normal, "Student, 5 df": student5, "exponential": exponential, "lognormal, sigma 1": lognormal,
}  # fmt: skip


# --- stopping -------------------------------------------------------------------------------------------------------


def first(enough: Array) -> Array:
    """Position of the first look that is enough along the last axis; the last look where none is."""
    return np.where(enough.any(axis=-1), enough.argmax(axis=-1), enough.shape[-1] - 1)


def at(values: Array, look: Array) -> Array:
    return np.take_along_axis(values, look[..., None], axis=-1)[..., 0]


def looks(data: Array, rule: bool, pairs: Sequence[int]) -> tuple[Array, Array]:
    """Half-width and whether 0 is covered after each number of pairs; shapes (..., looks)."""
    half, covered = [], []
    for k in pairs:
        found = (stopping.stopped_interval if rule else mean_interval)(data[..., :k], LEVEL)
        half.append((found.high - found.low) / 2.0)
        covered.append((found.low <= 0.0) & (found.high >= 0.0))
    return np.stack(half, axis=-1), np.stack(covered, axis=-1)


def stopping_tables(size: Size, found: dict[str, float]) -> list[str]:
    """Coverage under stopping at an absolute half-width, by shape and by precision."""
    pairs = stopping.Rule(absolute=1.0, max_pairs=size.most_pairs).checkpoints()
    count, parts = np.array(pairs), []
    for number, (name, draw) in enumerate(SHAPES.items()):
        rng = np.random.default_rng([1, number])
        chunks = [[looks(d, rule, pairs) for rule in (False, True)]
                  for d in (draw(rng, (n, size.most_pairs)) for n in size.chunks)]  # fmt: skip
        naive, ours = ([np.concatenate([c[i][j] for c in chunks]) for j in (0, 1)] for i in (0, 1))
        rows, covered, prices = [], [], []
        for pairs_needed in size.precisions:
            aim = 1.96 / np.sqrt(pairs_needed)
            before, after = first(naive[0] <= aim), first(ours[0] <= aim)
            price = count[after].mean() / count[before].mean()
            covered.append(at(ours[1], after).mean())
            prices.append(price)
            rows.append([f"{aim:.3f}", f"{count[before].mean():.0f}", f"{at(naive[1], before).mean():.3f}",
                         f"{np.median(count[after]):.0f}", f"{count[after].mean():.0f}",
                         f"{covered[-1]:.3f}", f"{price:.2f}"])  # fmt: skip
        found[name], found[f"{name} price"] = min(covered), max(prices)
        head = ["half-width / sd", "naive: mean pairs", "naive: coverage", "median pairs", "mean pairs", "coverage",
                "price in runs"]  # fmt: skip
        parts.append(f"**Stopping at an absolute half-width, {name}**\n\n" + table(head, rows))
    return parts


def game(rng: np.random.Generator, draw: Callable[..., Array], n: int, pairs: int) -> tuple[Array, Array]:
    """Members (n, 6, pairs) less their true values, and gains (n, pairs), of a game of three channels.

    Channels are worth 5, 3 and 1; the first two bring 2 more together, the last two 1 less. Every part varies from
    replicate to replicate by half its size, independently.
    """
    parts = np.array([5.0, 3.0, 1.0, 2.0, -1.0])
    needs = np.array([0b001, 0b010, 0b100, 0b011, 0b110])
    inside = ((np.arange(8)[:, None] & needs) == needs).astype(float)
    noise = draw(rng, (n, len(parts), pairs)) * parts[:, None] / 2.0
    v = inside @ (parts[:, None] + noise)
    true = (inside @ parts)[:, None]
    members = np.concatenate([games.shapley(v), games.shapley_interaction(v)], axis=1)
    return members - np.concatenate([games.shapley(true), games.shapley_interaction(true)]), games.gain(v)


def relative_table(size: Size, found: dict[str, float]) -> str:
    """Coverage under stopping at a half-width relative to the gain, for all members of a game."""
    most = min(size.most_pairs, 600)
    pairs = stopping.Rule(relative=1.0, max_pairs=most).checkpoints()
    count, rows = np.array(pairs), []
    for number, name in enumerate(("normal", "lognormal, sigma 1")):
        rng = np.random.default_rng([2, number])
        parts = []
        for n in size.chunks:
            members, gains = game(rng, SHAPES[name], n, most)
            mean_gain = np.stack([np.abs(gains[:, :k].mean(axis=-1)) for k in pairs], axis=-1)
            naive, ours = looks(members, False, pairs), looks(members, True, pairs)
            parts.append((naive[0].max(axis=1) / mean_gain, naive[1], ours[0].max(axis=1) / mean_gain, ours[1]))
        naive_half, naive_hit, half, hit = (np.concatenate(p) for p in zip(*parts, strict=True))
        for precision in (0.15, 0.1, 0.07, 0.05, 0.035) if size is FULL else (0.1, 0.05):
            before, after = first(naive_half <= precision), first(half <= precision)
            was = np.stack([at(naive_hit[:, m], before) for m in range(hit.shape[1])]).mean(axis=1)
            now = np.stack([at(hit[:, m], after) for m in range(hit.shape[1])]).mean(axis=1)
            found[f"{name} game"] = min(found.get(f"{name} game", 1.0), float(now.min()))
            price = count[after].mean() / count[before].mean()
            rows.append([name, f"{precision:g}", f"{count[before].mean():.0f}", f"{was.min():.3f}",
                         f"{count[after].mean():.0f}", f"{now.min():.3f}", f"{now.mean():.3f}",
                         f"{price:.2f}"])  # fmt: skip
    head = ["parts of the game", "precision", "naive: mean pairs", "naive: lowest coverage", "mean pairs",
            "lowest coverage", "mean coverage", "price in runs"]  # fmt: skip
    return "**Stopping at a half-width over |gain|: three Shapley values and three interactions**\n\n" + table(
        head, rows, text=1
    )


def fixed_table(size: Size) -> str:
    """Intervals of a fixed number of pairs."""
    rows = []
    for number, (name, draw) in enumerate(SHAPES.items()):
        for n in (20, 50, 100, 400) if size is FULL else (20,):
            data = draw(np.random.default_rng([3, number, n]), (size.experiments, n))
            noise = draw(np.random.default_rng([4, number, n]), (size.experiments, n))
            plain, wide = mean_interval(data, LEVEL), stopping.stopped_interval(data, LEVEL)
            # A return of 2 on a cost that varies by a tenth, with revenue that varies with it and by itself.
            cost = 1.0 + noise / 10.0
            ratio = paired.ratio_interval(2.0 * cost + data, cost, LEVEL)
            rows.append([name, str(n), *(f"{x:.3f}" for x in (
                np.mean((plain.low <= 0) & (plain.high >= 0)), np.mean((wide.low <= 0) & (wide.high >= 0)),
                np.mean((ratio.low <= 2) & (ratio.high >= 2)))),
                f"{np.mean(wide.high - wide.low) / np.mean(plain.high - plain.low):.2f}"])  # fmt: skip
    head = ["differences", "pairs", "Student", "as given under stopping", "ROAS, Fieller", "width over Student's"]
    return "**A fixed number of pairs**\n\n" + table(head, rows, text=1)


# --- families and choices -------------------------------------------------------------------------------------------


def simultaneous_table(size: Size, found: dict[str, float]) -> str:
    """Share of experiments in which every interval of a family covers."""
    rows = []
    experiments = min(size.experiments, 1500)
    simultaneous._DRAWS = size.family_draws  # a rougher quantile in each of many experiments
    cases = ((6, 20, 0.0), (6, 20, 0.8), (36, 20, 0.3), (36, 100, 0.3)) if size is FULL else ((6, 20, 0.5),)
    for members, n, rho in cases:
        rng = np.random.default_rng([5, members, n, int(100 * rho)])
        held, critical = 0, []
        for _ in range(experiments):
            data = np.sqrt(rho) * rng.standard_normal(n) + np.sqrt(1 - rho) * rng.standard_normal((members, n))
            critical.append(simultaneous.critical_value(data, LEVEL))
            interval = mean_interval(data, LEVEL, critical[-1])
            held += bool(((interval.low <= 0) & (interval.high >= 0)).all())
        share = held / experiments
        found["family"] = min(found.get("family", 1.0), share)
        sidak = simultaneous.sidak(members, n - 1, LEVEL)
        rows.append([str(members), str(n), f"{rho:g}", f"{share:.3f}", f"{np.mean(critical):.2f}", f"{sidak:.2f}"])
    head = ["estimates", "pairs", "correlation", "all cover", "critical value", "Sidak's"]
    return f"**Simultaneous intervals** ({experiments:,} experiments)\n\n" + table(head, rows)


def selection_table(size: Size, found: dict[str, float]) -> str:
    """Probability of correct selection."""
    # More replicates than any of these contests takes.
    delta, most, rows = 1.0, 500, []

    def slippage(k: int) -> Array:
        return np.r_[0.0, np.full(k - 1, -delta)]

    cases: list[tuple[str, Array, Array, float, str]] = [
        ("slippage, equal variances", slippage(2), np.full(2, 3.0), 0.0, "normal"),
        ("slippage, equal variances", slippage(5), np.full(5, 3.0), 0.0, "normal"),
        ("slippage, shared draws", slippage(5), np.full(5, 3.0), 0.8, "normal"),
        ("slippage, best varies most", slippage(5), np.r_[5.0, 1.0, 2.0, 3.0, 4.0], 0.3, "normal"),
        ("slippage, best varies least", slippage(5), np.r_[1.0, 2.0, 3.0, 4.0, 5.0], 0.3, "normal"),
        ("slippage, equal variances", slippage(10), np.full(10, 2.5), 0.5, "normal"),
        ("means 1 apart", -delta * np.arange(5.0), np.full(5, 3.0), 0.0, "normal"),
        ("two within delta of the best", np.array([0.0, -0.5, -0.5, -1.5, -1.5]), np.full(5, 3.0), 0.0, "normal"),
        ("slippage, shared draws", slippage(5), np.full(5, 3.0), 0.5, "lognormal, sigma 1"),
    ]
    contest = selection.Contest(delta=delta)
    for number, (name, means, sds, rho, shape) in enumerate(cases if size is FULL else cases[:2]):
        rng = np.random.default_rng([6, number])
        k, right, pairs, undecided = len(means), 0, [], 0
        for n in size.chunks:
            common = SHAPES[shape](rng, (n, 1, most))
            own = SHAPES[shape](rng, (n, k, most))
            noise = np.sqrt(rho) * common + np.sqrt(1 - rho) * own
            choice = selection.select(contest, means[:, None] + sds[:, None] * noise)
            # Anything closer than delta to the best is as good as the best.
            right += int((choice.decided & (means[choice.best] > -delta)).sum())
            undecided += int((~choice.decided).sum())
            pairs.append(choice.pairs)
        share = right / size.experiments
        key = "selection" if shape == "normal" else "selection, lognormal"
        found[key] = min(found.get(key, 1.0), share)
        rows.append([name, shape, str(k), f"{rho:g}", f"{share:.3f}", f"{np.concatenate(pairs).mean():.0f}",
                     str(undecided)])  # fmt: skip
    head = [
        "configuration",
        "outcomes",
        "arms",
        "correlation",
        "best or closer than delta",
        "mean replicates",
        "undecided",
    ]
    return f"**Selection, delta 1, stated probability {contest.confidence:g}**\n\n" + table(head, rows, text=2)


# --- page -----------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]], text: int = 0) -> str:
    """A Markdown table; the first `text` columns hold words."""
    ruler = ["---"] * text + ["---:"] * (len(head) - text)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows))


AIMS = (
    ("coverage under stopping, normal: lowest", "normal", 0.94),
    ("coverage under stopping, lognormal with sigma 1: lowest", "lognormal, sigma 1", 0.92),
    ("the same for the members of a game, normal", "normal game", 0.94),
    ("the same for the members of a game, lognormal", "lognormal, sigma 1 game", 0.92),
    ("all of a family covered: lowest", "family", 0.94),
    ("probability of correct selection, normal: lowest", "selection", 0.95),
)


def aims_table(found: dict[str, float]) -> str:
    rows = [
        [name, f"{aim:g}", f"{found[key]:.3f}", "yes" if found[key] >= aim else "**no**"] for name, key, aim in AIMS
    ]
    return "**Aims**\n\n" + table(["", "at least", "measured", "reached"], rows, text=1)


def write(text: str) -> None:
    """Put the tables between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main(words: Sequence[str] | None = None) -> dict[str, float]:
    """Simulate, print, and with --write put the tables into docs/statistics.md; the lowest figures by name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few experiments and rows")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/statistics.md")
    got = parser.parse_args(words)
    if got.quick and got.write:
        parser.error("--quick measures too little to be written")
    size = QUICK if got.quick else FULL
    found: dict[str, float] = {}
    parts = [relative_table(size, found), *stopping_tables(size, found), fixed_table(size)]
    parts += [simultaneous_table(size, found), selection_table(size, found)]
    import scipy

    made = f"{size.experiments:,} synthetic experiments a row; NumPy {np.__version__}, SciPy {scipy.__version__}."
    text = "\n\n".join([made, aims_table(found), *parts])
    print(text)
    if got.write:
        write(text)
    return found


if __name__ == "__main__":
    main()
