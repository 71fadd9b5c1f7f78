"""Advertising elasticity and carry-over: the coffee market, one brand's media money drawn anew each week."""

from __future__ import annotations

from functools import cache
from typing import Any

import estimators as e
import numpy as np
from results import CHOSEN, EMERGES, Finding, Regularity, Result
from worlds import Array, orders, replicates, scenario, weekly

from agorasim.ecosystem import World

WORLDS, PAIRS, WARMUP, WEEKS = 12, 8, 28, 30
PULSE = 2.0
PULSE_DAY = WARMUP + 28
GRID = np.arange(0.0, 0.991, 0.01)
PLAN = {"search": 120.0, "social": 200.0, "short_video": 220.0, "content": 160.0, "out_of_home": 100.0}

#: The example's market without its calendar, and with rivals that do not react.
QUIET: dict[str, Any] = {
    "calendar.days": WARMUP + 7 * WEEKS, "calendar.seasons": {}, "calendar.festivals": {},
    "touchpoints.event.dates": {"2026-03-02": 1}, "brands.lumo.budget": 20000.0,
    "brands.rivo.policy": {"name": "fixed_plan", "plan": {"search": 150.0, "social": 180.0, "short_video": 250.0}},
    "brands.terra.policy": {"name": "fixed_plan", "plan": {"content": 150.0, "out_of_home": 150.0}},
}  # fmt: skip


def plan(**settings: Any) -> dict[str, Any]:
    """Overrides that give the focal brand its randomised policy, deciding each week."""
    return {**QUIET, "brands.lumo.policy": {"name": "random_plan", "every": 7, "plan": PLAN, **settings}}


def randomised(replicate: int) -> tuple[Array, Array]:
    """Weekly orders and media money of one world whose money is drawn each week; (WARMUP / 7 + WEEKS,) each."""
    world = World(scenario("coffee_o2o", plan(spend_spread=0.8)), replicate=replicate).run()
    b = list(world.scenario.brands).index("lumo")
    return weekly(orders(world, "lumo")), weekly(world.history.plan[:, b].sum(axis=1)) / 100.0


def pulsed(replicate: int) -> tuple[Array, Array]:
    """Weekly orders with a week of 1 / PULSE and of PULSE times the money; (2, weeks) from that week on, and money."""
    found = []
    for factor in (1.0 / PULSE, PULSE):
        world = World(scenario("coffee_o2o", plan(pulse_day=PULSE_DAY, pulse=factor)), replicate=replicate).run()
        b = list(world.scenario.brands).index("lumo")
        money = weekly(world.history.plan[:, b].sum(axis=1))
        found.append((weekly(orders(world, "lumo"))[PULSE_DAY // 7 :], money[PULSE_DAY // 7]))
    return np.stack([f[0] for f in found]), np.array([f[1] for f in found])


def small_brands(replicate: int) -> tuple[Array, Array]:
    """Weekly orders and money of the twelve brands of the competition market, all drawn; (12, weeks) each."""
    whole = scenario("competition")
    overrides: dict[str, Any] = {"calendar.days": WARMUP + 7 * WEEKS, "calendar.warmup": WARMUP}
    for name, brand in whole.brands.items():
        overrides[f"brands.{name}.budget"] = 20.0 * brand.budget
        policy = {"name": "random_plan", "every": 7, "plan": {"feed": brand.budget}, "spend_spread": 0.8}
        overrides[f"brands.{name}.policy"] = policy
    world = World(whole.with_overrides(overrides), replicate=replicate).run()
    sold = np.stack([weekly(orders(world, name)) for name in whole.brands])
    return sold[:, WARMUP // 7 :], weekly(world.history.plan.sum(axis=2).T)[:, WARMUP // 7 :] / 100.0


@cache
def panel(jobs: int) -> tuple[Array, Array]:
    """Orders and money of all randomised worlds, (WORLDS, weeks)."""
    found = replicates(randomised, WORLDS, jobs)
    return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])


@cache
def pulses(jobs: int) -> tuple[Array, Array]:
    """Orders (PAIRS, 2, weeks) and money (PAIRS, 2) of the paired worlds."""
    found = replicates(pulsed, PAIRS, jobs)
    return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])


def true_elasticities(jobs: int) -> tuple[Array, Array]:
    """What one week's money did in each pair, as elasticities: in that week, and summed over all later ones."""
    sold, money = pulses(jobs)
    steps = np.log(money[:, 1] / money[:, 0])
    gain = (sold[:, 1] - sold[:, 0]) / sold.mean(axis=(1, 2))[:, None]
    return gain[:, 0] / steps, gain.sum(axis=1) / steps


def interval_of_data(weeks: int, jobs: int) -> e.Estimate:
    """Short-run elasticity that data of periods of so many weeks show when the pulses' truth holds in each week."""
    sold, money = pulses(jobs)
    steps = np.log(money[:, 1] / money[:, 0])[:, None]
    each = (sold[:, 1] - sold[:, 0]) / sold.mean(axis=(1, 2))[:, None] / steps
    weights = (weeks - np.arange(weeks)) / weeks
    return e.over_replicates(each[:, :weeks] @ weights)


def measure(jobs: int) -> Result:
    sold, money = (x[:, WARMUP // 7 :] for x in panel(jobs))
    small = replicates(small_brands, WORLDS, jobs)
    many, paid = np.stack([s[0] for s in small]), np.stack([s[1] for s in small])
    short, long, _ = e.jackknife(lambda r: e.partial_adjustment(sold[r], money[r]), WORLDS)
    little, lasting, _ = e.jackknife(lambda r: e.partial_adjustment(many[r], paid[r]), WORLDS)
    lags = e.jackknife(lambda r: e.distributed_lag(sold[r], money[r], 10), WORLDS)
    (total,) = e.jackknife(lambda r: e.distributed_lag(sold[r], money[r], 10).sum(), WORLDS)
    now, whole = (e.over_replicates(x) for x in true_elasticities(jobs))
    month, quarter = interval_of_data(4, jobs), interval_of_data(13, jobs)

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        value = np.array([x.value for x in lags])
        left.bar(range(11), value, color="#0072B2", width=0.7)
        left.errorbar(
            range(11), value, yerr=[value - [x.low for x in lags], [x.high for x in lags] - value], fmt="none",
            color="0.2", capsize=2, linewidth=1,
        )  # fmt: skip
        left.set_xlabel("weeks after the money was spent")
        left.set_ylabel("elasticity of orders (coffee)")
        names = ["weeks, coffee", "weeks, coffee: truth", "weeks, 12 brands", "quarters, coffee: truth",
                 "long run, coffee", "long run, coffee: truth", "long run, 12 brands"]  # fmt: skip
        found = [short, now, little, quarter, long, whole, lasting]
        y = np.arange(len(found))[::-1]
        for at, name, x in zip(y, names, found, strict=True):
            colour = "#009E73" if "truth" in name else "#0072B2"
            right.errorbar(x.value, at, xerr=[[x.value - x.low], [x.high - x.value]], fmt="o", color=colour, capsize=3)
        right.vlines([0.12], 2.6, 6.4, color="#D55E00", linestyle="--", linewidth=1)
        right.vlines([0.24], -0.4, 2.4, color="#D55E00", linestyle="--", linewidth=1)
        right.set_yticks(y, names, fontsize=8)
        right.set_xlim(0.0, 0.26)
        right.set_xlabel("elasticity (dashed: meta-analysis)")

    return Result(
        [
            Finding("short run, coffee, weeks", "0.12", short, 0.05, 0.20, EMERGES, SHORT, ".3f"),
            Finding("short run, twelve brands, weeks", "0.12", little, 0.05, 0.20, EMERGES, SMALL, ".3f"),
            Finding("long run, coffee", "0.24", long, 0.10, 0.50, EMERGES, LONG, ".3f"),
            Finding("long run, twelve brands", "0.24", lasting, 0.10, 0.50, EMERGES, BARELY, ".3f"),
            Finding("long run / short run, coffee", "2 (0.24 / 0.12)", ratio(sold, money), 1.5, 3.0, CHOSEN, RATIO),
        ],
        draw,
        f"What the money really did (half the money in one week against twice the money, {PAIRS} pairs of worlds): "
        f"{words(now)} in the week itself, {words(whole)} in all. A distributed lag of eleven weeks on the randomised "
        f"panel gives {words(total)} in all. Data of four-week periods would show {words(month)} as the short run of "
        f"the same market, data of quarters {words(quarter)}.",
    )


SHORT = "a week is short, and a known brand sells mostly without this week's ads"
SMALL = "barely, and less than half of the mean, for the first reason"
BARELY = "barely, and less than half of the mean"
LONG = "lagged orders are noisy, so that partial adjustment finds too little carry-over (truth below)"
RATIO = "memory was set to a half-life of 2.5 weeks (Leone 1995)"


def ratio(sold: Array, money: Array) -> e.Estimate:
    """Long over short run by partial adjustment: 1 / (1 - carry-over)."""
    (found,) = e.jackknife(lambda r: 1.0 / (1.0 - e.partial_adjustment(sold[r], money[r])[2]), len(sold))
    return found


def words(x: e.Estimate) -> str:
    """An estimate in a sentence."""
    return f"{x.value:.3f} [{x.low:.3f}, {x.high:.3f}]"


ADVERTISING = Regularity("advertising", measure, {"WORLDS": WORLDS, "WEEKS": WEEKS, "PAIRS": PAIRS})


# --- carry-over -----------------------------------------------------------------------------------------------------


def measure_carry_over(jobs: int) -> Result:
    sold, money = panel(jobs)
    found = e.jackknife(lambda r: e.half_life(max(e.fit_adstock(sold[r], money[r], GRID, WARMUP // 7), 0.01)), WORLDS)[
        0
    ]
    logs = e.jackknife(
        lambda r: e.half_life(max(e.fit_adstock(np.log(sold[r]), np.log(money[r]), GRID, WARMUP // 7), 0.01)), WORLDS
    )[0]
    memory = float(np.log(0.5) / np.log(1.0 - 0.039) / 7.0)
    pulse, _ = pulses(jobs)
    gain = (pulse[:, 1] - pulse[:, 0]) / pulse.mean(axis=(1, 2))[:, None]

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 1)
        mean = gain.mean(axis=0)
        weeks = np.arange(len(mean))
        half = np.array([e.over_replicates(gain[:, k]).high for k in weeks]) - mean
        axes.axhline(0.0, color="0.8", linewidth=0.8)
        axes.errorbar(
            weeks, 100.0 * mean, yerr=100.0 * half, color="#009E73", marker="o", markersize=4, capsize=2,
            label="paired worlds: what the pulse did",
        )  # fmt: skip
        first = mean[0]
        for life, name, colour in ((found.value, "fitted adstock", "#0072B2"), (memory, "memory alone", "#D55E00")):
            label = f"{name}: half-life {life:.1f} weeks"
            axes.plot(weeks, 100.0 * first * 0.5 ** (weeks / life), "--", color=colour, label=label)
        axes.set_xlim(-0.4, 16.4)
        axes.set_xlabel("weeks after the pulse")
        axes.set_ylabel("extra orders, % of a week")
        axes.legend(frameon=False, fontsize=8)

    return Result(
        [
            Finding("half-life, weeks", "2.5 (consumer goods; 2 to 5)", found, 2.0, 5.0, CHOSEN, HALF),
            Finding("the same in logs, weeks", "2.5 (consumer goods; 2 to 5)", logs, 2.0, 5.0, CHOSEN, HALF_LOGS),
        ],
        draw,
        f"The memory of advertising itself halves in {memory:.2f} weeks. Of all that a pulse did in {gain.shape[1]} "
        f"weeks, half had come after {words(e.over_replicates([until_half(g) for g in gain]))} weeks.",
    )


def until_half(gain: Array) -> float:
    """Weeks until half of all gains (weeks,) have come, the week of the half counted in part."""
    so_far = np.concatenate([[0.0], np.cumsum(gain)]) / gain.sum()
    k = int(np.argmax(so_far >= 0.5))
    return float(k - 1 + (0.5 - so_far[k - 1]) / (so_far[k] - so_far[k - 1]))


HALF = "it is about memory's; thirty weeks in twelve worlds do not tell it more exactly"
HALF_LOGS = "logs of adstock are not the adstock of logs: early weeks count for more"

CARRY_OVER = Regularity("carry_over", measure_carry_over, {"WORLDS": WORLDS})
