"""Retention by tenure: everybody's chance to leave is constant, and differs between people."""

from __future__ import annotations

from typing import Any

import estimators as e
import numpy as np
from results import CHOSEN, EMERGES, INPUT, Finding, Regularity, Result
from worlds import Array, replicates, scenario

from agorasim.ecosystem import World
from agorasim.measures.lifetime import fit_sbg, survivors

WORLDS, PERIOD, PERIODS = 12, 14, 8
#: Survivors of 1000 of Fader & Hardie (2007), regular and high-end customers.
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)
#: Nobody differs: one chance to leave a day, equal needs, and satisfaction without a say.
EQUAL = {"category.churn.spread": 0.0, "category.churn.satisfaction": 0.0}
#: The story of the sBG: leaving does not wait for purchases; the chance a day has the spread of the scenario's default.
SETTINGS: dict[str, Any] = {
    "category.churn.after": "day", "category.churn.mean": 0.02, "calendar.days": 168, "brands.lumo.win_back": None,
    "population.size": 1500,
}  # fmt: skip


def left(replicate: int, equal: bool) -> Array:
    """Survivors of 1000 customers after 0, 1, ... periods, both brands; (PERIODS + 1,)."""
    world = World(scenario("churn", {**SETTINGS, **(EQUAL if equal else {})}), replicate=replicate).run()
    table = world.tables()["customers"].to_pandas()
    ended = table["left_day"].notna()
    tenure = np.where(ended, table["left_day"].fillna(0) - table["first_day"], table["days"])
    # The first day on which somebody can leave is the one after the first purchase: it is day 0 of the first period.
    return np.asarray(survivors(np.maximum(tenure - 1, 0), ended, PERIOD, PERIODS))


def retention(survival: Array) -> Array:
    """Share of those left who stay one period more."""
    return np.asarray(survival[1:] / survival[:-1])


def held_out(survival: Array, known: int) -> float:
    """Survivors at the end as the sBG forecasts them from the first `known` periods, over the real ones."""
    model = fit_sbg(np.round(survival[: known + 1]))
    return float(1000.0 * model.survival(PERIODS)[-1] / survival[-1])


def measure(jobs: int) -> Result:
    people, equals = (np.stack(replicates(left, WORLDS, jobs, equal)) for equal in (False, True))
    rates, flat = retention(people.T).T, retention(equals.T).T
    rise = e.over_replicates(100.0 * (rates[:, -1] - rates[:, 0]))
    none = e.over_replicates(100.0 * (flat[:, -1] - flat[:, 0]))
    forecast = e.over_replicates([held_out(s, 4) for s in people])
    geometric = e.over_replicates([1000.0 * (s[4] / 1000.0) ** (PERIODS / 4) / s[-1] for s in people])

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 1)
        periods = np.arange(1, PERIODS + 1)
        for data, name, colour in ((rates, "people differ", "#0072B2"), (flat, "people are equal", "#999999")):
            value = [e.over_replicates(data[:, k]) for k in range(PERIODS)]
            mean = np.array([x.value for x in value])
            axes.errorbar(
                periods, mean, yerr=[mean - [x.low for x in value], [x.high for x in value] - mean], color=colour,
                marker="o", markersize=4, capsize=2, label=name,
            )  # fmt: skip
        for published, name in ((REGULAR, "regular"), (HIGH_END, "high end")):
            rate = retention(np.array(published, dtype=np.float64))
            axes.plot(np.arange(1, len(rate) + 1), rate, ":", color="#D55E00")
            axes.annotate(name, (len(rate), rate[-1]), (5, -3), textcoords="offset points", fontsize=8, color="#D55E00")
        axes.plot([], [], ":", color="#D55E00", label="Fader & Hardie 2007, years")
        axes.set_xlabel("period since the first purchase (two weeks; years for the published cohorts)")
        axes.set_ylabel("share that stays")
        axes.legend(frameon=False, fontsize=8, loc="lower right")

    return Result(
        [
            Finding(
                "rise of retention, periods 1 to 8, points",
                "+8 and +29 (two cohorts, 7 years)",
                rise,
                1.0,
                40.0,
                CHOSEN,
                RISE,
                ".1f",
            ),
            Finding("the same among equal people, points", "0", none, -2.0, 2.0, EMERGES, EQUALS, ".1f"),
            Finding("sBG of 4 periods: survivors at 8, forecast / real", "1", forecast, 0.95, 1.05, INPUT, FORECAST),
            Finding(
                "constant retention: the same",
                "below 1 (0.82, 0.58)",
                geometric,
                0.0,
                0.95,
                EMERGES,
                CONSTANT,
            ),
        ],
        draw,
    )


RISE = "those likely to leave have left; nobody's own chance changes"
EQUALS = "without differences between people there is nothing to be sorted out"
FORECAST = "the beta distribution of the chances is what the sBG assumes"
CONSTANT = "retention of the first periods held constant loses customers who in truth stay"

RETENTION = Regularity("retention", measure, {"WORLDS": WORLDS})
