"""Retail operations: queues, stock rules, availability, late deliveries, returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.ecosystem.mechanisms.back_orders import BackOrders
from agorasim.ecosystem.mechanisms.replenishment import Replenishment
from agorasim.ecosystem.records import LOST, ORDERS, STOCK

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings of each part, as far as there are shops and online sellers to have them."""
    if dice.chance(0.6):
        data["category"]["substitution"] = {"chance": dice.real(0.0, 1.0)}
    for place in data["places"].values():
        _shop(dice, place)
    for brand in data["brands"].values():
        for sells in brand["sells"].values():
            _stock(dice, sells)
            if dice.chance(0.5):
                sells["delay"] = {
                    "risk": dice.real(0, 1),
                    "days": dice.whole(1, 4),
                    "annoyance": dice.real(0, 1),
                }
        if dice.chance(0.6) and "returns" not in brand:
            brand["returns"] = {
                "rate": dice.real(0, 0.5), "unseen": dice.real(0, 1), "disappointment": dice.real(0, 1),
                "days": dice.whole(1, 4), "resale": dice.real(0, 1), "cost": dice.real(0, 5), "store_cost": 1.0,
            }  # fmt: skip
        if brand["sells"] and dice.chance(0.5):
            brand["unseen"] = {"hesitate": dice.real(0, 1), "days": dice.whole(1, 30)}
    _pools(dice, data)


def _shop(dice: Dice, place: dict[str, Any]) -> None:
    if dice.chance(0.4):
        place["open_share"] = dice.real(0, 1)
    if dice.chance(0.4):
        place["queue"] = {"servers": dice.whole(1, 3), "minutes": dice.real(0, 200), "learning": dice.real(0.1, 1)}
    _stock(dice, place)


def _stock(dice: Dice, seller: dict[str, Any]) -> None:
    if "stock" not in seller:
        return
    if dice.chance(0.6):
        seller.pop("restock_every", None)
        reorder = dice.whole(0, 10)
        seller["replenish"] = {
            "reorder": reorder, "up_to": reorder + dice.whole(1, 12), "lead_days": dice.whole(1, 4),
            "order_cost": dice.real(0, 9), "holding_cost": dice.real(0, 0.5),
        }  # fmt: skip
    if dice.chance(0.6):
        seller["back_order"] = {"chance": dice.real(0, 1), "days": dice.whole(1, 6)}


def _pools(dice: Dice, data: dict[str, Any]) -> None:
    """Shops of a brand that fill up by one rule may share their stock."""
    for name, brand in data["brands"].items():
        alike: dict[int, list[str]] = {}
        sellers = {**brand["sells"], **{k: p for k, p in data["places"].items() if p["brand"] == name}}
        for key, seller in sellers.items():
            if "stock" in seller and "replenish" not in seller:
                alike.setdefault(seller.get("restock_every", 1), []).append(key)
        pools = {f"pool{k}": keys for k, keys in alike.items() if len(keys) > 1}
        if pools and dice.chance(0.7):
            brand["inventory"] = {"pools": pools, "shared": dice.chance(0.8)}


def holds(world: World) -> None:
    """Stock is conserved by pool and never negative; back-orders, refusals and refunds add up."""
    market, history, days = world.market, world.history, world.history.days
    extra, book = history.extra, history.offer[:days]
    shelf = book[:, :, STOCK]
    assert (shelf >= -1).all() and (market.stock >= -1).all()
    zero = np.zeros_like(shelf)
    into = extra.get("delivered_units", zero)[:days] + extra.get("restocked", zero)[:days]
    if (ruled := world.mechanism("replenishment")) is not None:
        assert isinstance(ruled, Replenishment)
        for pool in np.flatnonzero(ruled._ruled):
            mine = market.pool == pool
            start = sum(o.stock or 0 for o, own in zip(market.offers, mine, strict=True) if own and o.pickup_at is None)
            flow = (into - book[:, :, ORDERS])[:, mine].sum(axis=1)
            assert np.array_equal(start + np.cumsum(flow), shelf[:, np.flatnonzero(mine)[0]])
        assert (ruled.on_order >= 0).all()
        assert np.array_equal(ruled.on_order, sum(ruled.coming.values(), np.zeros_like(ruled.on_order)))
    if (waiting := world.mechanism("back_orders")) is not None:
        assert isinstance(waiting, BackOrders)
        taken, served, over = (extra[f"back_orders{what}"].sum() for what in ("", "_filled", "_lapsed"))
        assert taken == served + over + len(waiting.waiting)
        assert extra["back_orders_open"][days - 1].sum() == len(waiting.waiting)
    if world.mechanism("substitution") is not None:
        assert np.array_equal(extra["stockouts"][:days], book[:, :, LOST] + extra["substituted"][:days])
        assert extra["substituted"].sum() == extra["substitutes"].sum()
    if world.mechanism("returns") is not None:
        assert (extra["returns"].cumsum(axis=0)[:days] <= book[:, :, ORDERS].cumsum(axis=0)).all()
        assert extra["returns"].sum() >= extra["restocked"].sum() + extra["written_off"].sum()
