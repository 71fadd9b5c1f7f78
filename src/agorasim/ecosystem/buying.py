"""Cost models of media: what a unit costs, how many impressions money buys, what is charged in the end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import AT_AD_CLICKS, AT_ADS, AT_CREDIT, AT_CREDIT_MONEY

if TYPE_CHECKING:
    from agorasim.scenario.schema import Touchpoint

Array = NDArray[Any]
#: Least price of a unit, in minor units: half a billion of them are still free of charge.
_FREE = 1e-9
#: Most that demand multiplies a price by: nothing can be bought at it, and it is still a number.
_PROHIBITIVE = 1e100
#: What each model is charged by, of the day's tallies of a touchpoint; `fixed` is charged by the day.
_UNITS = {"cpm": AT_ADS, "cpc": AT_AD_CLICKS, "cpa": AT_CREDIT, "commission": AT_CREDIT_MONEY}


def unit_price(
    touchpoint: Touchpoint, spend: int, *, minor: int, festival: float, people: float, size: int, factor: float
) -> float:
    """Price of a unit in minor units, under the pressure of all brands' demand.

    Args:
        touchpoint: what is bought.
        spend: money that all brands together want to spend today, minor units.
        minor: minor units in a unit of money.
        festival: what multiplies media prices today.
        people: inventory is per consumer: how many consumers are there while it is on air.
        size: consumers in all.
        factor: how many times larger the population is than the scenario's own.
    """
    cost = touchpoint.cost
    if cost.model == "commission":
        return cost.rate
    if cost.model == "fixed":
        return max(cost.price * minor * festival * factor, _FREE)
    unit = max(cost.price * minor * festival / (1000.0 if cost.model == "cpm" else 1.0), _FREE)
    if cost.inventory is not None:
        demand = spend / unit
        there = cost.inventory * (size if people >= size else max(people, _FREE))
        if demand > there:
            # Demand beyond what exists raises the price until the money buys less (elasticity `pressure`).
            unit *= _raised(demand / there, cost.pressure)
    return unit


def impressions_bought(touchpoint: Touchpoint, spend: int, unit: float, *, order: float, size: int) -> float:
    """Impressions that `spend` minor units buy at a unit price; `order` is what an order brings, minor units.

    A publisher who is paid by the action shows as much as the actions that it reckons with would pay for.
    """
    cost, rate = touchpoint.cost, touchpoint.click_rate
    if cost.model == "fixed":
        inventory = 1.0 if cost.inventory is None else cost.inventory
        return min(1.0, spend / unit) * inventory * size
    if cost.model == "cpm":
        return float(spend / unit)
    if rate <= 0.0:
        return 0.0
    if cost.model == "cpc":
        return float(spend / unit / rate)
    each = unit * max(order, _FREE) if cost.model == "commission" else unit
    return float(spend / max(each, _FREE) / (rate * cost.action_rate))


def charged_units(touchpoints: list[Touchpoint], at_touch: Array, on_air: Array) -> Array:
    """Units to be paid of each brand and touchpoint, (B, T), from tallies (B, T, .) and shares on air (T,)."""
    out = np.empty(at_touch.shape[:2], dtype=np.float64)
    for t, touchpoint in enumerate(touchpoints):
        model = touchpoint.cost.model
        out[:, t] = float(on_air[t] > 0.0) if model == "fixed" else at_touch[:, t, _UNITS[model]]
    return out


def _raised(ratio: float, pressure: float) -> float:
    """What demand of `ratio` > 1 times the inventory multiplies a price by: ratio ** pressure, within reason."""
    if pressure * math.log(ratio) > math.log(_PROHIBITIVE):
        return _PROHIBITIVE
    return float(ratio**pressure)
