"""What one event can cost or give under a scenario's mechanisms, so that sums of it can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from agorasim.scenario.problems import KeyPath

if TYPE_CHECKING:
    from agorasim.scenario.schema import Brand, Scenario

#: Keys of brands that hold money: an event of one person, or a day, moves no more.
_AMOUNTS: Final = (
    "data_platform.cost.silo",
    "data_platform.cost.partial",
    "data_platform.cost.unified",
    "data_platform.cost.per_profile",
    "private_domain.welcome",
    "private_domain.push_cost",
    "referral.reward",
    "referral.welcome",
    "seeding.fee",
    "crisis.cost",
    "crisis.compensation",
    "returns.cost",
    "returns.store_cost",
    "win_back.value",
    "win_back.contact_cost",
    "bridges.location_coupons.value",
    "bridges.event_follow_up.cost",
)


def mechanism_money(scenario: Scenario) -> Iterator[tuple[KeyPath, float]]:
    """(path, amount in the scenario's currency) of all that mechanisms pay, give or charge."""
    for name, touchpoint in scenario.touchpoints.items():
        yield ("touchpoints", name, "message_cost"), touchpoint.message_cost
    for name, place in scenario.places.items():
        at = ("places", name)
        if place.pickup is not None:
            yield (*at, "pickup", "cost"), place.pickup.cost
        if place.replenish is not None:
            yield (*at, "replenish", "order_cost"), place.replenish.order_cost
            units = max(place.stock or 0, place.replenish.up_to)
            yield (*at, "replenish", "holding_cost"), place.replenish.holding_cost * units
    for name, brand in scenario.brands.items():
        yield from _brand(("brands", name), brand)
    for name, shock in scenario.calendar.shocks.items():
        hit = [brand for key, brand in scenario.brands.items() if key in shock.brands or not shock.brands]
        dearest = max((brand.product.unit_cost for brand in hit), default=0.0)
        yield ("calendar", "shocks", name, "cost_of_goods"), dearest * shock.cost_of_goods


def _brand(at: KeyPath, brand: Brand) -> Iterator[tuple[KeyPath, float]]:
    for dotted in _AMOUNTS:
        keys = dotted.split(".")
        value: object = brand
        for key in keys:
            value = getattr(value, key, None)
        if isinstance(value, (int, float)):
            yield (*at, *keys), value
    for name, coupon in brand.coupons.items():
        if coupon.amount is not None:
            yield (*at, "coupons", name, "amount"), coupon.amount
    if brand.loyalty is not None:
        yield (*at, "loyalty", "point_value"), brand.loyalty.point_value * brand.loyalty.redeem_at
    if (content := brand.personalisation) is not None:
        people, made = content.people, content.generated
        yield (*at, "personalisation", "people"), max(people.pieces, people.capacity) * people.cost
        yield (*at, "personalisation", "generated"), made.pieces * max(made.cost, made.screening_cost)
    for name, seller in brand.sells.items():
        if seller.replenish is not None:
            yield (*at, "sells", name, "replenish", "order_cost"), seller.replenish.order_cost
            units = max(seller.stock or 0, seller.replenish.up_to)
            yield (*at, "sells", name, "replenish", "holding_cost"), seller.replenish.holding_cost * units
