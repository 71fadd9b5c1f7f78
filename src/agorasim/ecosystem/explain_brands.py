"""Parts of `explain`: brands, whom they reach how often, and what the market can serve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.ecosystem.explain import Preview, Section
from agorasim.ecosystem.market import Offer

if TYPE_CHECKING:
    from agorasim.scenario.schema import Brand

Floats = NDArray[np.float64]
_TINY: Final = 1e-300


def brands(seen: Preview) -> Section:
    """Who competes, with what."""
    rows = []
    money = seen.scenario.currency.code
    for name, brand in seen.scenario.brands.items():
        product, start, policy = brand.product, brand.initial, brand.policy
        settings = [f"{key} {_setting(value)}" for key, value in (policy.model_extra or {}).items()]
        places = sum(1 for place in seen.scenario.places.values() if place.brand == name)
        sells = ", ".join([*brand.sells, *([f"{places} shop{'' if places == 1 else 's'}"] if places else [])])
        rows.append(
            (name, f"{product.price:g}", f"{product.unit_cost:g}", f"{product.quality:g}", f"{brand.budget:,.0f}",
             f"{sum(brand.fixed_costs.values()):,.0f}",
             f"{start.awareness:g} / {start.goodwill:g} / {start.habit:g} / {start.buyers:g}",
             sells or "nowhere",
             f"{policy.name} every {policy.every} d: {'; '.join(settings) or 'no settings'}{_organised(brand)}")
        )  # fmt: skip
    columns = (
        "brand", f"price {money}", "unit cost", "quality", "budget a day", "fixed a day",
        "aware / goodwill / habit / buyers", "sells at", "policy",
    )  # fmt: skip
    return Section("Brands", columns, rows)


def _organised(brand: Brand) -> str:
    """Who decides, where it is not one policy over all channels."""
    organisation = brand.organisation
    if organisation is None or organisation.structure == "central":
        return ""
    groups = [f"{name} ({', '.join(group.channels)})" for name, group in organisation.groups.items()]
    return f"; {organisation.structure}: {'; '.join(groups)}"


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_setting(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, (list, tuple)):
        return ", ".join(_setting(inner) for inner in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- contact --------------------------------------------------------------------------------------------------------


def contacts(seen: Preview) -> Section:
    """Expected contact on the first day, for each brand and touchpoint where it can be met."""
    world, names = seen.world, seen.world.media.names
    minor = float(seen.scenario.currency.minor_units)
    rows = []
    for pair in world.w.pairs:
        b, t = int(pair["brand"]), int(pair["touch"])
        spend = int(world.plan[b, t]) / minor
        touchpoint = seen.scenario.touchpoints[names[t]]
        how = "members" if pair["members"] else "paid" if pair["mode"] == c.MEDIA else "owned"
        met, impressions, clicks = expected_contact(world, pair)
        # A commission is a share; all else is money for a unit.
        unit = {"cpm": 1000.0 / minor, "commission": 1.0}.get(touchpoint.cost.model, 1.0 / minor)
        price = float(world.media.price[b, t]) * unit
        users = world.media.users[t] / world.size
        rows.append(
            (world.media.brands[b], names[t], how, _spend(spend * seen.scale), _spend(spend / world.size, 4),
             f"{touchpoint.cost.model} {price:,.2f}" if how == "paid" else "", f"{users:.1%}",
             f"{float(pair['mean']):.3g}", f"{met / world.size:.1%}", f"{impressions / met:.2f}" if met else "-",
             f"{impressions * seen.scale:,.0f}", f"{clicks * seen.scale:,.1f}")
        )  # fmt: skip
    for result in world.w.results:
        b, t = int(result["brand"]), int(result["touch"])
        searches = world.media.searchers[t] * float(world.days.need[0])
        found = 1.0 - (1.0 - float(result["paid"])) * (1.0 - float(result["organic"]))
        spend = int(world.plan[b, t]) / minor
        price = float(world.media.price[b, t]) / minor
        rows.append(
            (world.media.brands[b], names[t], "search", _spend(spend * seen.scale), _spend(spend / world.size, 4),
             f"cpc {price:,.2f}" if spend else "", f"{searches / world.size:.1%}", f"{found:.3g}",
             f"{searches * found / world.size:.1%}", "1.00", f"{searches * found * seen.scale:,.0f}",
             f"{searches * found * float(result['click']) * seen.scale:,.1f}")
        )  # fmt: skip
    order = {name: k for k, name in enumerate(world.media.brands)}
    rows.sort(key=lambda row: (order[row[0]], names.index(row[1])))
    columns = (
        "brand", "touchpoint", "how", "spend", "a head", "at", "users", "mean a user", "reach", "frequency",
        "impressions", "clicks",
    )  # fmt: skip
    note = (
        "Of one day, the first. Users: share of consumers there that day (of search: with a searched need); mean a"
        " user: impressions bought, or chance to be met; reach: share of all consumers; frequency: impressions of those"
        " reached"
    )
    return Section("Who meets whom", columns, rows, note, numbers_from=3)


def _spend(amount: float, digits: int = 0) -> str:
    return f"{amount:,.{digits}f}" if amount else ""


def expected_contact(world: Any, pair: Any) -> tuple[float, float, float]:
    """(people reached, impressions, clicks) expected of today's brand x touchpoint pair, over all consumers."""
    w, t = world.w, int(pair["touch"])
    users = w.use[t].astype(np.float64)
    if pair["members"]:
        users = users * w.member[:, int(pair["brand"])]
    mean = float(pair["mean"])
    click = w.lift[int(pair["table"]), :, c.LIFT_CLICK] if pair["clicks"] else np.zeros(w.lift.shape[1])
    if pair["mode"] != c.MEDIA:
        near = w.near[int(pair["near"])].astype(np.float64) if pair["near"] >= 0 else 1.0
        met = float((users * mean * near).sum())
        return met, met, met * float(click[1])
    on_air = float(world.media.on_air[t])
    chances = capped_poisson(mean / on_air, int(pair["cap"]))
    there = float(users.sum()) * on_air
    n = np.arange(len(chances))
    return there * (1.0 - chances[0]), there * float(chances @ n), there * float(chances @ click[: len(chances)])


def capped_poisson(mean: float, most: int) -> Floats:
    """Probabilities of 0 .. most of a Poisson number of which at most `most` happen."""
    if mean <= 0.0:  # ads for an audience that is empty on the first morning
        return np.array([1.0] + [0.0] * most)
    out = np.array([math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most)])
    return np.append(out, max(0.0, 1.0 - out.sum()))


# --- market ---------------------------------------------------------------------------------------------------------


def market(seen: Preview) -> Section:
    """Offers with price, distance and room, against the orders that today's states make likely."""
    world = seen.world
    orders = expected_orders(world) * seen.scale
    rows = []
    for k, offer in enumerate(world.market.offers):
        room = _room(seen, offer)
        rows.append(
            (offer.brand, offer.place, offer.touchpoint,
             f"{int(world.market.table['price'][k]) / seen.scenario.currency.minor_units:,.2f}",
             str(offer.days), _distance(world, offer), "-" if offer.stock is None else f"{offer.stock:,}",
             "-" if offer.capacity is None else f"{offer.capacity:,}", f"{orders[k]:,.1f}",
             "-" if room is None else f"{orders[k] / room:.0%}" if room else "no room")
        )  # fmt: skip
    columns = (
        "brand", "place", "touchpoint", "price", "days", "km to it (10%, half, 90%)", "stock", "capacity",
        "orders a day", "of its room",
    )  # fmt: skip
    note = (
        f"{len(rows)} offers. Orders: expected on an ordinary day from the first morning's states, shops' brands"
        " considered by awareness or habit; they grow as brands become known. Room: the smaller of capacity and stock"
        " between deliveries"
    )
    return Section("Market", columns, rows, note, numbers_from=3)


def _room(seen: Preview, offer: Offer) -> float | None:
    """Orders a day that a place can serve; None without a limit."""
    stock = None if offer.stock is None else offer.stock / offer.restock_every
    limits = [limit for limit in (stock, offer.capacity) if limit is not None]
    return min(limits) if limits else None


def _distance(world: Any, offer: Offer) -> str:
    if not offer.located:
        return "-"
    km = np.hypot(world.w.traits["x"] - offer.x, world.w.traits["y"] - offer.y)
    near, half, far = np.quantile(km, (0.1, 0.5, 0.9))
    return f"{near:.1f}, {half:.1f}, {far:.1f}"


def expected_orders(world: Any) -> Floats:
    """Orders expected of each offer on an ordinary day, shape (O,), from today's states.

    Nested logit as in `behaviour.choice`, with brands weighted by their chance to be considered instead of being
    considered or not; visits and searches of the day are left out. For a durable without needs of its own: all zero.
    """
    w, params = world.w, world.w.params[0]
    rate = w.need_rate.astype(np.float64)
    if params["durable"]:
        rate = rate * (w.owner == 0)
    scale = float(params["dissimilarity"])
    traits, offers = w.traits, w.offers
    inclusive = np.zeros((world.size, len(w.brands)))
    inside = np.zeros((world.size, len(offers)))
    for o, offer in enumerate(offers):
        b = int(offer["brand"])
        value = (
            float(w.brands["base"][b])
            + float(params["goodwill"]) * w.goodwill[:, b].astype(np.float64)
            + float(params["habit"]) * w.habit[:, b]
            - traits["price"].astype(np.float64) * float(offer["pain"])
            + traits["deal"].astype(np.float64) * float(offer["signal"])
            - float(offer["wait"])
        )
        if offer["located"]:
            value = value - float(params["distance"]) * np.hypot(traits["x"] - offer["x"], traits["y"] - offer["y"])
        can = w.member[:, b] > 0 if offer["members"] else np.ones(world.size, dtype=bool)
        inside[:, o] = np.where(can, np.exp(value / scale), 0.0)
        inclusive[:, b] += inside[:, o]
    recalled = np.maximum(w.awareness, w.habit).astype(np.float64)
    weight = recalled * np.power(inclusive, scale)
    share = weight / (1.0 + weight.sum(axis=1, keepdims=True))
    of_brand = offers["brand"].astype(np.int64)
    within = inside / np.maximum(inclusive, _TINY)[:, of_brand]
    out: Floats = (rate[:, None] * share[:, of_brand] * within).sum(axis=0)
    return out
