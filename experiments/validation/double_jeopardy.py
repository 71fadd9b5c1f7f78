"""Double jeopardy: twelve brands that differ in size alone."""

from __future__ import annotations

from typing import Any

import estimators as e
import numpy as np
from results import EMERGES, Finding, Regularity, Result
from worlds import Array, Ledger, replicates, scenario

WORLDS = 12


def market(replicate: int) -> Array:
    """Penetration and purchases a buyer by brand within the observed weeks, (2, brands)."""
    world = Ledger(scenario("competition"), replicate=replicate)
    world.run()
    _, who, offer, _ = world.bought()
    brand = world.market.table["brand"][offer].astype(np.int64)
    brands = len(world.scenario.brands)
    sold = np.bincount(brand, minlength=brands)
    buyers = np.bincount(np.unique(who * brands + brand) % brands, minlength=brands)
    return np.stack([buyers / world.size, sold / buyers])


def measure(jobs: int) -> Result:
    found = np.stack(replicates(market, WORLDS, jobs))
    b, w = found[:, 0], found[:, 1]
    slopes, spreads = np.array([e.jeopardy(b[r], w[r]) for r in range(WORLDS)]).T
    slope, spread = e.over_replicates(slopes), e.over_replicates(spreads)
    link = e.over_replicates([np.corrcoef(b[r], w[r])[0, 1] for r in range(WORLDS)])

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 1)
        axes.plot(b.ravel(), w.ravel(), ".", color="#0072B2", alpha=0.35, markersize=4, label="a brand in one world")
        axes.plot(b.mean(axis=0), w.mean(axis=0), "o", color="#0072B2", label="mean of a brand")
        grid = np.linspace(0.95 * b.min(), 1.03 * b.max(), 50)
        constant = (w * (1.0 - b)).mean()
        axes.plot(grid, constant / (1.0 - grid), color="#D55E00", label=f"w (1 - b) = {constant:.2f}")
        axes.set_xlabel("b: share of people who bought the brand")
        axes.set_ylabel("w: purchases of a buyer")
        axes.legend(frameon=False, fontsize=8)

    return Result(
        [
            Finding("slope of ln w on ln (1 - b)", "-1", slope, -1.5, -0.5, EMERGES, SLOPE),
            Finding("coefficient of variation of w (1 - b)", "near 0", spread, 0.0, 0.1, EMERGES, SPREAD),
            Finding("correlation of b and w", "positive", link, 0.5, 1.0, EMERGES, "small brands are hit twice"),
        ],
        draw,
        f"Purchases a buyer differ by {100 * (w.std(axis=1) / w.mean(axis=1)).mean():.0f} % between brands "
        f"(coefficient of variation), penetration by {100 * (b.std(axis=1) / b.mean(axis=1)).mean():.0f} %.",
    )


SLOPE = "needs differ between people, and each need is a fresh draw of who comes to mind"
SPREAD = "the same"

DOUBLE_JEOPARDY = Regularity("double_jeopardy", measure, {"WORLDS": WORLDS})
