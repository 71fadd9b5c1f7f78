"""The brands' side of the world: what each has reported to it, when it decides, and what it then does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.action import check
from agorasim.brands.ledger import to_minor
from agorasim.brands.registry import make_policy
from agorasim.brands.reporting import BRAND_FIGURES, RIVAL_SPEND, TOUCHPOINT_FIGURES, reported
from agorasim.brands.view import BrandView
from agorasim.randomness import stable_id, stream
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.brands.policy import Policy
    from agorasim.ecosystem.calendar import Days
    from agorasim.ecosystem.records import History
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]


class Strategies:
    """Every brand's policy, prices and standing orders for media, in the scenario's order of brands.

    `factor` is how many times larger the population is than the scenario's own: policies think in the scenario's
    money, the world multiplies.
    """

    def __init__(self, scenario: Scenario, seed: int, replicate: int, factor: float) -> None:
        self._scenario = scenario
        self._factor = factor
        self._stream = stream(seed, replicate)
        self._minor = scenario.currency.minor_units
        self.brands = list(scenario.brands)
        self.touchpoints = list(scenario.touchpoints)
        self.media = tuple(n for n, t in scenario.touchpoints.items() if KINDS[t.kind].buys_media)
        self.policies: list[Policy] = []
        for brand in scenario.brands.values():
            policy = make_policy(brand.policy.name, brand.policy.model_extra or {})
            policy.attach(self._stream)
            self.policies.append(policy)
        models = list(scenario.brands.values())
        self.plan = np.zeros((len(models), len(self.touchpoints)), dtype=np.int64)
        self.price = [b.product.price for b in models]
        self.discount = [0.0] * len(models)
        self.posts = np.array([b.posts for b in models], dtype=np.float64)

    def decide(self, days: Days, day: int, history: History) -> list[int]:
        """Let the brands whose decision day it is act; returns their numbers."""
        decided = []
        for b, name in enumerate(self.brands):
            choice = self._scenario.brands[name].policy
            if day % choice.every:
                continue
            view = self.view(b, days, day, history)
            action = check(self.policies[b].decide(view), view, choice.name)
            for t, touchpoint in enumerate(self.touchpoints):
                self.plan[b, t] = to_minor(action.spend.get(touchpoint, 0.0) * self._factor, self._minor)
            self.price[b] = self.price[b] if action.price is None else action.price
            self.discount[b] = self.discount[b] if action.discount is None else action.discount
            self.posts[b] = self.posts[b] if action.posts is None else action.posts
            decided.append(b)
        return decided

    def view(self, b: int, days: Days, day: int, history: History) -> BrandView:
        """What brand b knows this morning: delayed, noisy, credited by its own analytics."""
        data = self._scenario.data
        known = max(0, day - data.report_delay + 1) if data.report_delay else day
        known = min(known, day)
        name = self.brands[b]
        me = stable_id("brand", name)
        scale = 1.0 / self._factor

        def report(values: Array, subject: int, figure: int) -> NDArray[np.float64]:
            return reported(
                values[:known] * scale, data.report_noise, self._stream, brand=me, subject=subject, figure=figure
            )

        def by_touchpoint(column: str, unit: float) -> dict[str, NDArray[np.float64]]:
            figure = TOUCHPOINT_FIGURES[column]
            series = history.touch_series(b, column)
            return {
                n: report(series[:, t] / unit, stable_id("touchpoint", n), figure)
                for t, n in enumerate(self.touchpoints)
            }

        def total(column: str, unit: float = 1.0) -> NDArray[np.float64]:
            return report(history.brand_series(b, column) / unit, 0, BRAND_FIGURES[column])

        money = float(self._minor)
        spend = history.spend[:, :, :] / money
        brand = self._scenario.brands[name]
        return BrandView(
            brand=name,
            day=day,
            date=days.date(day),
            days_total=days.count,
            every=brand.policy.every,
            budget=brand.budget,
            media=self.media,
            owned=tuple(brand.owns),
            price=self.price[b],
            discount=self.discount[b],
            reported_days=known,
            spend={n: spend[:known, b, t] * scale for t, n in enumerate(self.touchpoints)},
            impressions=by_touchpoint("impressions", 1.0),
            clicks=by_touchpoint("clicks", 1.0),
            attributed_orders=by_touchpoint("attributed_orders", 1.0),
            attributed_revenue=by_touchpoint("attributed_revenue", money),
            orders=total("orders"),
            revenue=total("revenue", money),
            lost_orders=total("lost_orders"),
            new_customers=total("new_customers"),
            members=float(history.members(b, known)) * scale,
            rivals_spend={
                rival: report(spend[:, r].sum(axis=1), stable_id("brand", rival), RIVAL_SPEND)
                for r, rival in enumerate(self.brands)
                if r != b
            },
        )
