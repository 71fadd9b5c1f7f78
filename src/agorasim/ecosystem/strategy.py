"""The brands' side of the world: what each has reported to it, when it decides, and what it then does."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.action import BrandAction, check
from agorasim.brands.ledger import to_minor
from agorasim.brands.reporting import BRAND_FIGURES, TOUCHPOINT_FIGURES
from agorasim.brands.view import BrandView, SealedTable
from agorasim.ecosystem.mechanisms import Lever, active
from agorasim.ecosystem.organisation import policy_of_brand
from agorasim.ecosystem.reports import Reports
from agorasim.randomness import stream
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.brands.policy import Policy
    from agorasim.ecosystem.calendar import Days
    from agorasim.ecosystem.records import History
    from agorasim.ecosystem.script import Script
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
        self.touchpoints = tuple(scenario.touchpoints)
        self.media = tuple(n for n, t in scenario.touchpoints.items() if KINDS[t.kind].buys_media)
        choices = [brand.policy for brand in scenario.brands.values()]
        self.policies = [self._policy(b, choice.name, choice.model_extra or {}) for b, choice in enumerate(choices)]
        #: Days between decisions, and the day that they are counted from.
        self.every, self.since = [choice.every for choice in choices], [0] * len(choices)
        self._reports = [Reports(scenario, b, self._stream, factor) for b in range(len(self.brands))]
        models = list(scenario.brands.values())
        self.plan = np.zeros((len(models), len(self.touchpoints)), dtype=np.int64)
        self._last: list[BrandAction | None] = [None] * len(models)
        self.price = [b.product.price for b in models]
        self.discount = [0.0] * len(models)
        self.posts = np.array([b.posts for b in models], dtype=np.float64)
        #: Levers of mechanisms by brand: where they stand.
        self.levers = [{name: value for name, (_, value) in levers_of(scenario, b).items()} for b in self.brands]
        self._bounds = [
            {name: (lever.low, lever.high) for name, (lever, _) in levers_of(scenario, b).items()} for b in self.brands
        ]

    def copy(self) -> Strategies:
        """Strategies that go on exactly as these; policies keep what they declare as their state."""
        twin = copy.copy(self)
        twin.policies = [copy.copy(policy) for policy in self.policies]
        for policy, own in zip(twin.policies, self.policies, strict=True):
            policy.restore(own.snapshot())
        twin._reports = [reports.copy() for reports in self._reports]
        for name in ("every", "since", "plan", "_last", "price", "discount", "posts"):
            setattr(twin, name, getattr(self, name).copy())
        twin.levers = [dict(levers) for levers in self.levers]
        return twin

    def _policy(self, b: int, name: str, settings: Mapping[str, Any]) -> Policy:
        policy = policy_of_brand(self._scenario, self.brands[b], name, settings)
        policy.attach(self._stream)
        return policy

    def adopt(self, b: int, name: str, settings: Mapping[str, Any], every: int | None, day: int) -> None:
        """Let brand b decide by another policy, for the first time on `day`; `every` None keeps its rhythm."""
        self.policies[b], self._last[b] = self._policy(b, name, settings), None
        self.every[b], self.since[b] = every or self.every[b], day

    def decide(self, days: Days, day: int, history: History, script: Script | None = None) -> list[int]:
        """Let the brands whose decision day it is act; returns the numbers of those that changed something.

        Brands whose decisions a `script` holds do what it says instead.
        """
        changed = []
        for b in range(len(self.brands)):
            if script is not None and script.holds(b, day):
                changed += [b] if script.replay(self, b, day) else []
                continue
            if (day - self.since[b]) % self.every[b]:
                continue
            view = self.view(b, days, day, history)
            action = check(self.policies[b].decide(view), view, self.policies[b].name)
            if action == self._last[b]:
                continue
            self._last[b] = action
            changed.append(b)
            for t, touchpoint in enumerate(self.touchpoints):
                amount = action.spend.get(touchpoint, 0.0)
                self.plan[b, t] = to_minor(amount * self._factor, self._minor) if amount else 0
            self.price[b] = self.price[b] if action.price is None else action.price
            self.discount[b] = self.discount[b] if action.discount is None else action.discount
            self.posts[b] = self.posts[b] if action.posts is None else action.posts
            self.levers[b].update(action.levers)
        return changed

    def integrate(self, b: int, integration: str) -> None:
        """From now on, report to brand b as this integration of its data does (`silo|partial|unified`)."""
        self._reports[b].integrate(integration)

    def view(self, b: int, days: Days, day: int, history: History) -> BrandView:
        """What brand b knows this morning: delayed, noisy, credited by its own analytics."""
        # With a delay of 1, yesterday's figures are known this morning; today's never are.
        name = self.brands[b]
        reports = self._reports[b]
        known = reports.come_in(min(day, max(0, day + 1 - self._scenario.data.report_delay - reports.delay)))

        def source(figure: str) -> Any:
            reports.until(known, history)
            if figure in BRAND_FIGURES:
                return reports.brand(BRAND_FIGURES.index(figure), known)
            if figure == "spend":
                return SealedTable(self.touchpoints, reports.spend(known))
            if figure == "rivals_spend":
                return {rival: reports.rival(r, known) for r, rival in enumerate(self.brands) if r != b}
            return SealedTable(self.touchpoints, reports.touchpoints(TOUCHPOINT_FIGURES.index(figure), known))

        brand = self._scenario.brands[name]
        return BrandView.late(
            source,
            brand=name,
            day=day,
            date=days.date(day),
            days_total=days.count,
            every=self.every[b],
            budget=brand.budget,
            media=self.media,
            owned=tuple(brand.owns),
            price=self.price[b],
            discount=self.discount[b],
            reported_days=known,
            members=reports.members(history.members(b, known) / self._factor, known),
            levers=MappingProxyType(self.levers[b]),
            lever_bounds=MappingProxyType(self._bounds[b]),
        )


def levers_of(scenario: Scenario, brand: str) -> dict[str, tuple[Lever, float]]:
    """The levers that a brand's mechanisms offer, with the scenario's values, sorted by name."""
    found = {}
    for mechanism in active(scenario):
        for lever in mechanism.levers:
            value = lever.value(scenario.brands[brand])
            if value is not None:
                found[lever.name] = (lever, value)
    return dict(sorted(found.items()))
