"""What a brand does: an action, and the check that it is one the brand can take."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Final, NoReturn

from agorasim.brands.view import BrandView
from agorasim.errors import ActionError, unknown

#: Sums of spend may exceed the budget by this share of it, so that splitting a budget needs no rounding.
TOLERANCE: Final = 1e-9
MAX_DISCOUNT: Final = 0.95


@dataclass(frozen=True)
class BrandAction:
    """A brand's decision; it holds every day until the next one."""

    spend: Mapping[str, float] = field(default_factory=dict)
    """Media money a day per touchpoint, in currency units; touchpoints left out get nothing."""
    price: float | None = None
    """New list price in currency units; None keeps the present one."""
    discount: float | None = None
    """Share of the list price taken off, 0 to 0.95; None keeps the present one."""
    posts: float | None = None
    """Messages a day to each member; None keeps the present rate."""
    levers: Mapping[str, float] = field(default_factory=dict)
    """New values of levers that the brand's mechanisms offer (`BrandView.levers`); those left out stay."""

    def total(self) -> float:
        """Media money a day over all touchpoints."""
        return math.fsum(self.spend.values())


def check(action: Any, view: BrandView, policy: str) -> BrandAction:
    """The action in plain floats, with an amount for each touchpoint of `view.media`, in that order.

    ActionError, naming brand, policy and day, when the brand cannot do what the action says.
    """

    def refuse(why: str) -> NoReturn:
        raise ActionError(f"brand {view.brand!r}, policy {policy!r}, day {view.day} ({view.date:%Y-%m-%d}): {why}")

    def number(name: str, value: Any) -> float:
        if not isinstance(value, Real) or isinstance(value, bool):
            refuse(f"{name} must be a number, got {value!r}")
        out = float(value)
        if not math.isfinite(out):
            refuse(f"{name} must be finite, got {out}")
        return out

    if not isinstance(action, BrandAction):
        refuse(f"decide() must return a BrandAction, got {type(action).__name__}")
    if not isinstance(action.spend, Mapping):
        refuse(f"spend must map touchpoints to money a day, got {type(action.spend).__name__}")

    spend = dict.fromkeys(view.media, 0.0)
    for touchpoint, amount in action.spend.items():
        if touchpoint not in spend:
            if touchpoint in view.owned:
                refuse(f"touchpoint {touchpoint!r} does not buy media; media can be bought on: {_listed(view.media)}")
            refuse(unknown("touchpoint", touchpoint, view.media))
        money = number(f"spend on {touchpoint!r}", amount)
        if money < 0.0:
            refuse(f"spend on {touchpoint!r} must not be negative, got {money:g}")
        spend[touchpoint] = money
    total = math.fsum(spend.values())
    if total > view.budget * (1.0 + TOLERANCE):
        refuse(f"spend of {_money(total)} a day is over the budget of {_money(view.budget)} a day")

    price = None if action.price is None else number("price", action.price)
    if price is not None and price <= 0.0:
        refuse(f"price must be above 0, got {price:g}")
    discount = None if action.discount is None else number("discount", action.discount)
    if discount is not None and not 0.0 <= discount <= MAX_DISCOUNT:
        refuse(f"discount must be a share from 0 to {MAX_DISCOUNT}, got {discount:g}")
    posts = None if action.posts is None else number("posts", action.posts)
    if posts is not None and posts < 0.0:
        refuse(f"posts must not be negative, got {posts:g}")
    return BrandAction(spend, price, discount, posts, _levers(action.levers, view, refuse, number))


def _levers(
    levers: Any, view: BrandView, refuse: Callable[[str], NoReturn], number: Callable[[str, Any], float]
) -> dict[str, float]:
    """The levers of an action, each one that the brand has and within its bounds."""
    if not isinstance(levers, Mapping):
        refuse(f"levers must map names to numbers, got {type(levers).__name__}")
    out = {}
    for name, value in levers.items():
        if name not in view.levers:
            refuse(unknown("lever", name, view.levers))
        low, high = view.lever_bounds[name]
        out[name] = number(f"lever {name!r}", value)
        if not low <= out[name] <= high:
            refuse(f"lever {name!r} must be from {low:g} to {high:g}, got {out[name]:g}")
    return out


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "(nowhere)"


def _money(amount: float) -> str:
    """Enough digits to tell two amounts apart, no more noise than needed."""
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount!r}"
