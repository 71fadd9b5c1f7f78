"""Price elasticity: the coffee market, all list prices drawn anew each week."""

from __future__ import annotations

from typing import Any

import estimators as e
import numpy as np
from advertising import PLAN, QUIET, WARMUP, WEEKS
from results import CHOSEN, EMERGES, Finding, Regularity, Result
from worlds import Array, orders, replicates, scenario, weekly

from agorasim.ecosystem import World

WORLDS, SPREAD = 8, 0.1
BRANDS = {"lumo": 21.0, "rivo": 15.0, "terra": 28.0}
PLANS: dict[str, dict[str, float]] = {
    "lumo": PLAN,
    "rivo": {"search": 150.0, "social": 180.0, "short_video": 250.0},
    "terra": {"content": 150.0, "out_of_home": 150.0},
}
WEB = {"lumo": 50.0, "rivo": 50.0}


def drawn(brand: str, price: float, plan: dict[str, float]) -> dict[str, Any]:
    """A policy that draws the price of each week."""
    settings = {"name": "random_plan", "every": 7, "plan": plan, "price": price, "price_spread": SPREAD}
    return {f"brands.{brand}.policy": settings}


def series(world: World, names: list[str]) -> Array:
    """Weekly orders and list prices by brand, (2, brands, weeks) after the warm-up."""
    first = world.days.warmup // 7
    out = []
    for name in names:
        b = list(world.scenario.brands).index(name)
        policy = world.strategies.policies[b]
        prices = [price_on(world, policy, name, day) for day in range(0, world.days.count - 6, 7)]
        out.append((weekly(orders(world, name))[first:], np.array(prices)[first:]))
    return np.array(out).transpose(1, 0, 2)


def price_on(world: World, policy: Any, brand: str, day: int) -> float:
    """The price that the policy drew on a day: draws belong to brand and day, so they can be asked for again."""
    from types import SimpleNamespace

    asked = SimpleNamespace(brand=brand, day=day, spend={})
    return float(policy.decide(asked).price)


def coffee(replicate: int) -> Array:
    """One coffee market; (2, 3, WEEKS)."""
    overrides = dict(QUIET)
    for name, price in BRANDS.items():
        overrides |= drawn(name, price, PLANS[name])
    return series(World(scenario("coffee_o2o", overrides), replicate=replicate).run(), list(BRANDS))


def web(replicate: int) -> Array:
    """Two web shops of one product (`reviews.yaml` without reviews), every number but the intercept a default."""
    overrides: dict[str, Any] = {
        "social.reviews": None, "population.size": 4000, "calendar.days": WARMUP + 7 * WEEKS, "calendar.warmup": WARMUP,
        "category.choice": {}, "brands.lumo.product.quality": 0.0, "brands.rivo.product.quality": 0.0,
    }  # fmt: skip
    for name, price in WEB.items():
        overrides |= drawn(name, price, {})
    return series(World(scenario("reviews", overrides), replicate=replicate).run(), list(WEB))


def elasticities(data: Array) -> Array:
    """Own-price elasticity of each brand, all brands' prices in the regression; data (worlds, 2, brands, weeks)."""
    count = data.shape[2]
    prices = [data[:, 1, b] for b in range(count)]
    return np.array([e.log_log(data[:, 0, b], *prices)[b] for b in range(count)])


def measure(jobs: int) -> Result:
    data = np.stack(replicates(coffee, WORLDS, jobs))
    other = np.stack(replicates(web, WORLDS, jobs))
    own = e.jackknife(lambda r: elasticities(data[r]), WORLDS)
    (mean,) = e.jackknife(lambda r: elasticities(data[r]).mean(), WORLDS)
    (plain,) = e.jackknife(lambda r: elasticities(other[r]).mean(), WORLDS)

    def draw(figure: Any) -> None:
        for axes, b, name in zip(figure.subplots(1, 3), range(3), BRANDS, strict=True):
            x, y = e.within(np.log(data[:, 1, b])).ravel(), e.within(np.log(data[:, 0, b])).ravel()
            axes.plot(x, y, ".", markersize=3, color="#0072B2", alpha=0.5)
            ends = np.array([x.min(), x.max()])
            axes.plot(ends, own[b].value * ends, color="#D55E00", label=f"slope {own[b].value:.2f}")
            axes.set_title(f"{name}, {BRANDS[name]:g}", fontsize=9, loc="left")
            axes.set_xlabel("ln price")
            axes.legend(frameon=False, fontsize=8, loc="upper right")
        figure.axes[0].set_ylabel("ln orders of a week")

    each = ", ".join(f"{name} {x.value:.2f} [{x.low:.2f}, {x.high:.2f}]" for name, x in zip(BRANDS, own, strict=True))
    return Result(
        [
            Finding("own price, mean of three coffee brands", "-2.62", mean, -4.0, -1.5, CHOSEN, COFFEE),
            Finding("own price, two web shops, defaults", "-2.62", plain, -4.0, -1.5, EMERGES, DEFAULTS),
        ],
        draw,
        f"By brand: {each}.",
    )


COFFEE = "within the studies' range, well below their mean: see the limits"
DEFAULTS = "the same"

PRICE = Regularity("price", measure, {"WORLDS": WORLDS, "WEEKS": WEEKS, "SPREAD": SPREAD})
