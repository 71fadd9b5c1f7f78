"""Repetition: attitude and recall against the number of exposures of single people."""

from __future__ import annotations

from typing import Any

import estimators as e
import numpy as np
from results import CHOSEN, EMERGES, Finding, Regularity, Result
from worlds import Array, replicates, scenario

from agorasim.ecosystem import World

WORLDS, MOST = 8, 40
IRRITATIONS = (0.0, 0.02, 0.05, 0.08)


def laboratory(replicate: int, irritation: float) -> Array:
    """Exposures, attitude (goodwill, -1 to 1) and recall (probability) of everybody; (3, people)."""
    overrides = {"touchpoints.feed.irritation": irritation}
    world = World(scenario("exposure_lab", overrides), replicate=replicate).run()
    log = world.tables()["journeys"].to_pandas()
    log = log[log["event"].astype(str) == "impression"]
    seen = np.bincount(log["consumer"], weights=log["count"], minlength=world.size)
    return np.stack([seen, world.w.goodwill[:, 0], world.w.awareness[:, 0]]).astype(np.float64)


def curves(data: Array) -> tuple[Array, Array]:
    """Mean attitude and recall by number of exposures, (MOST + 1,) each; NaN where fewer than 10 people."""
    seen = data[0].astype(np.int64)
    count = np.bincount(seen, minlength=MOST + 1)[: MOST + 1].astype(np.float64)
    count[count < 10] = np.nan
    sums = [np.bincount(seen, weights=row, minlength=MOST + 1)[: MOST + 1] for row in data[1:]]
    return sums[0] / count, sums[1] / count


def measure(jobs: int) -> Result:
    found = {i: replicates(laboratory, WORLDS, jobs, i) for i in IRRITATIONS}
    peaks = {i: e.over_replicates([e.peak(d[0], d[1]) for d in found[i]]) for i in IRRITATIONS[1:]}
    # Recall: slope over exposures 8 to 16, where the study still saw it rise.
    slope = e.over_replicates([100.0 * rise(d, 8, 16) for d in found[0.02]])
    early = e.over_replicates([rise(d, 8, 16) / rise(d, 1, 8) for d in found[0.02]])

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 2)
        colours = ["#999999", "#0072B2", "#E69F00", "#D55E00"]
        for i, colour in zip(IRRITATIONS, colours, strict=True):
            both = np.array([curves(d) for d in found[i]])
            for panel, rows in zip(axes, both.transpose(1, 0, 2), strict=True):
                known = ~np.isnan(rows).any(axis=0)
                panel.plot(np.flatnonzero(known), rows[:, known].mean(axis=0), color=colour, label=f"irritation {i:g}")
        for panel, name in zip(axes, ("attitude (goodwill)", "recall (probability)"), strict=True):
            panel.set_xlabel("exposures within five days")
            panel.set_title(name, fontsize=9, loc="left")
            panel.set_xlim(0, MOST)
        axes[0].axvline(10.0, color="0.6", linestyle=":", linewidth=1)
        axes[0].legend(frameon=False, fontsize=8)

    return Result(
        [
            Finding(
                "peak of attitude, irritation 0.02", "about 10 exposures", peaks[0.02], 6.0, 14.0, EMERGES, MILD, ".1f"
            ),
            Finding(
                "peak of attitude, irritation 0.05",
                "about 10 exposures",
                peaks[0.05],
                6.0,
                14.0,
                CHOSEN,
                MIDDLE,
                ".1f",
            ),
            Finding(
                "peak of attitude, irritation 0.08",
                "about 10 exposures",
                peaks[0.08],
                6.0,
                14.0,
                CHOSEN,
                STRONG,
                ".1f",
            ),
            Finding("recall from exposure 8 to 16, points each", "still rising", slope, 0.0, np.inf, EMERGES, RECALL),
            Finding("its slope against exposures 1 to 8", "1 (linear)", early, 0.8, 1.2, EMERGES, LINEAR),
        ],
        draw,
    )


def rise(data: Array, first: int, last: int) -> float:
    """Slope of recall over people with `first` to `last` exposures."""
    chosen = (data[0] >= first) & (data[0] <= last)
    n, y = data[0, chosen], data[2, chosen]
    return float(e.ols(y, np.ones_like(n), n)[1])


MILD = "a feed's impressions tire slowly: liking turns at fatigue 1 / tedium = 0.5, after some thirty of them"
MIDDLE = "a value tried to see where the peak would come at ten"
STRONG = "tried as well: an advertisement that irritates four times as much turns at ten"
RECALL = "each contact closes a share of the gap"
LINEAR = "nearly linear so far, and levelling off slowly by construction"

REPETITION = Regularity("repetition", measure, {"WORLDS": WORLDS})
