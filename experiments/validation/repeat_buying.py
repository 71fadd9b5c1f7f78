"""Repeat purchases: the counts of a real cohort, of the fitted model, and of simulated people with its parameters."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import estimators as e
import numpy as np
from results import INPUT, Finding, Regularity, Result
from worlds import Array, Ledger, replicates, scenario

from agorasim.measures.lifetime import BGNBD, fit_bg_nbd

WORLDS, MOST, WEEKS = 20, 7, 39
#: Customers of CDNOW with 0, 1, ..., 6 and at least 7 repeat purchases in their first 27 to 39 weeks (2357 customers).
REAL = np.array([1411, 439, 214, 100, 62, 38, 29, 64], dtype=np.float64)
#: Mean weeks a customer was observed lies between these, evenly: first purchases fell into the first twelve weeks.
OBSERVED = (27.0, 38.9)


def cohort(replicate: int) -> tuple[Array, Array, float]:
    """Repeat purchases of everybody in their time of observation, (people,); mean repeat purchases up to each week
    since the first purchase, (78,); and purchases in the 39 weeks after the observation over those within it."""
    world = Ledger(scenario("music_shop"), replicate=replicate)
    world.run()
    day, who, _, _ = world.bought()
    # People all start on the first day here; who joined later at CDNOW was observed for less.
    weeks = np.linspace(*OBSERVED, world.size)
    codes = np.unique(who * 1000 + day)  # several orders of a day are one purchase occasion
    who, day = np.divmod(codes, 1000)
    seen = day < 7.0 * weeks[who]
    after = ~seen & (day < 7.0 * (weeks[who] + WEEKS))
    by_week = np.bincount(day // 7, minlength=78)[:78]
    return np.bincount(who[seen], minlength=world.size), np.cumsum(by_week) / world.size, after.sum() / seen.sum()


def measure(jobs: int) -> Result:
    found = replicates(cohort, WORLDS, jobs)
    counts = np.stack([f[0] for f in found])
    by_week = np.stack([f[1] for f in found])
    simulated = np.stack([e.shares(c, MOST) for c in counts])
    zero = e.over_replicates(100.0 * simulated[:, 0])
    mean = e.over_replicates(counts.mean(axis=1))
    heavy = e.over_replicates([top_share(c) for c in counts])
    total = REAL.sum()
    expected = simulated.mean(axis=0) * total
    statistic, chance = e.chi_square(REAL, expected)
    plain = e.nbd_shares(0.385, 12.07, float(np.mean(OBSERVED)), MOST)
    ahead = e.over_replicates([f[2] for f in found])

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        x = np.arange(MOST + 1)
        left.bar(x - 0.27, REAL, 0.27, color="0.45", label="CDNOW")
        low, high = np.percentile(simulated * total, [2.5, 97.5], axis=0)
        left.bar(
            x, expected, 0.27, yerr=[expected - low, high - expected], color="#0072B2", capsize=2,
            error_kw={"linewidth": 1}, label=f"simulated, {WORLDS} worlds",
        )  # fmt: skip
        left.bar(x + 0.27, plain * total, 0.27, color="#E69F00", label="NBD, nobody leaves")
        left.set_xticks(x, [*map(str, range(MOST)), f"{MOST}+"])
        left.set_xlabel("repeat purchases")
        left.set_ylabel("customers")
        left.legend(frameon=False, fontsize=8)
        right.plot(np.arange(1, 79), by_week.T, color="#0072B2", linewidth=0.5, alpha=0.4)
        right.plot(np.arange(1, 79), by_week.mean(axis=0), color="#0072B2")
        right.set_xlabel("weeks since the first purchase")
        right.set_ylabel("repeat purchases a customer")

    return Result(
        [
            Finding("customers without a repeat purchase, %", "59.9", zero, 57.9, 61.9, INPUT, ZERO, ".1f"),
            Finding("repeat purchases a customer", "1.042", mean, 0.94, 1.14, INPUT, MEAN, ".3f"),
            Finding("share of repeat purchases by the top fifth, %", "79.2", heavy, 74.0, 84.0, INPUT, HEAVY, ".1f"),
            Finding("repeat purchases of the next 39 weeks / of those so far", "0.77", ahead, 0.67, 0.87, INPUT, AHEAD),
        ],
        draw,
        f"Real counts against the mean of the worlds: chi-square {statistic:.1f} on {MOST} degrees of freedom "
        f"(p = {chance:.2f}). For the weeks held out the BG/NBD itself expects {model_ahead():.2f}, "
        f"the negative binomial without leaving {WEEKS / np.mean(OBSERVED):.2f}. {from_data()}",
    )


def model_ahead() -> float:
    """The held-out purchases over those before, as the BG/NBD with the published parameters expects them."""
    weeks = np.linspace(*OBSERVED, 500)
    sooner, later = (BGNBD(0.243, 4.414, 0.793, 2.426).expected_so_far(t).sum() for t in (weeks, weeks + WEEKS))
    return float(later / sooner - 1.0)


def top_share(counts: Array) -> float:
    """Share of all repeat purchases made by the fifth of customers with most, per cent."""
    ordered = np.sort(counts)[::-1]
    return float(100.0 * ordered[: len(ordered) // 5].sum() / ordered.sum())


def from_data() -> str:
    """The fit to the real customers, where the data are at hand."""
    folder = os.environ.get("AGORASIM_DATA", "")
    file = Path(folder) / "cdnow" / "cdnow_customers_summary.csv"
    if not folder or not file.exists():
        return "The parameters are the published ones (the data were not at hand: AGORASIM_DATA)."
    rows = np.genfromtxt(file, delimiter=",", names=True)
    model = fit_bg_nbd(rows["frequency"], rows["recency"], rows["T"])
    return (
        "Fitted anew to the real customers the parameters are those of the scenario: "
        f"r {model.r:.3f}, alpha {model.alpha:.3f}, a {model.a:.3f}, b {model.b:.3f}."
    )


ZERO = "needs and leaving were set to the published parameters: the shop's days carry them out"
MEAN = "the same"
HEAVY = "the same; the study does not fit it"
AHEAD = "within the range but lower, as the model itself is (below): real customers leave less in the end"

REPEAT_BUYING = Regularity("repeat_buying", measure, {"WORLDS": WORLDS})
