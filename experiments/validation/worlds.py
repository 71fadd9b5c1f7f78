"""Worlds for validation: a policy that randomises what it does, and a world that keeps who ordered what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from pydantic import Field

from agorasim.brands import BrandAction, BrandView, Policy
from agorasim.brands.policy import Money, TouchpointName
from agorasim.brands.registry import register
from agorasim.ecosystem import World
from agorasim.ecosystem.records import ORDERS
from agorasim.scenario.schema import Scenario

HERE = Path(__file__).parent
SCENARIOS = HERE.parents[1] / "scenarios"
Array = NDArray[Any]
T = TypeVar("T")

Spread = Annotated[float, Field(ge=0.0, le=3.0)]


@register
class RandomPlan(Policy):
    """Money and price by lot, so that nothing that sells can have moved them."""

    name = "random_plan"
    description = "media money and list price drawn anew at each decision"

    class Settings(Policy.Settings):
        """What is drawn around which values."""

        plan: dict[TouchpointName, Money] = {}
        """Media money a day by touchpoint, in the middle."""
        spend_spread: Spread = 0.0
        """Money is multiplied by exp(spread x z), z uniform with standard deviation 1; all touchpoints together."""
        price: Money = 0.0
        """List price in the middle; 0 leaves prices alone."""
        price_spread: Spread = 0.0
        """The same for the price."""
        pulse_day: int = -1
        """Money is multiplied by `pulse` in the decision of this day."""
        pulse: Money = 1.0

    settings: Settings

    def decide(self, view: BrandView) -> BrandAction:
        """Draw today's money and price."""
        s = self.settings
        money = float(np.exp(s.spend_spread * self._z(view, "spend")))
        if view.day == s.pulse_day:
            money *= s.pulse
        price = s.price * float(np.exp(s.price_spread * self._z(view, "price"))) if s.price else None
        return BrandAction({name: money * amount for name, amount in s.plan.items()}, price)

    def _z(self, view: BrandView, label: str) -> float:
        return float(np.sqrt(12.0) * (self.draw(view, label) - 0.5))

    def touchpoints(self) -> set[str]:
        """The touchpoints of the plan."""
        return set(self.settings.plan)


class Ledger(World):
    """A world that keeps every served order: `ledger`, a list of (day, consumer, offer, price in minor units)."""

    def __init__(self, *args: Any, **named: Any) -> None:
        self.ledger: list[Array] = []
        super().__init__(*args, **named)

    def record(self) -> None:
        """Keep the day's orders, then close the day."""
        orders = self.orders
        served = orders[orders["served"] == 1]
        day = np.full(len(served), self.day)
        self.ledger.append(np.stack([day, served["consumer"], served["offer"], served["price"]]).astype(np.int64))
        super().record()

    def bought(self) -> Array:
        """All of it, (4, orders)."""
        return np.concatenate(self.ledger, axis=1)


def scenario(name: str, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """A scenario of this folder, else of the library, with some values replaced."""
    places = (HERE / f"{name}.yaml", SCENARIOS / "mechanisms" / f"{name}.yaml", SCENARIOS / f"{name}.yaml")
    return Scenario.load(next(place for place in places if place.exists())).with_overrides(overrides or {})


def orders(world: World, brand: str) -> Array:
    """Orders of a brand on each day so far, (days,)."""
    b = list(world.scenario.brands).index(brand)
    of_brand = world.market.table["brand"] == b
    return np.asarray(world.history.offer[: world.history.days, of_brand, ORDERS].sum(axis=1))


def weekly(daily: Array) -> Array:
    """Sums over whole weeks along the last axis; days left over at the end are dropped."""
    weeks = daily.shape[-1] // 7
    return np.asarray(daily[..., : 7 * weeks].reshape(*daily.shape[:-1], weeks, 7).sum(axis=-1))


def replicates(function: Callable[..., T], count: int, jobs: int, *arguments: Any) -> list[T]:
    """`function(replicate, *arguments)` for each replicate, in order."""
    return list(Parallel(n_jobs=jobs)(delayed(function)(r, *arguments) for r in range(count)))
