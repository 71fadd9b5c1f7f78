"""Small random valid scenarios that between them use every mechanism, each the same for its number for ever."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from agorasim.ecosystem import World
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema import Scenario

START = datetime.date(2026, 1, 26)
BRANDS = ("lumo", "rivo", "terra")
MEDIA = [kind for kind, traits in KINDS.items() if traits.buys_media]
OWNED = [kind for kind, traits in KINDS.items() if not traits.buys_media]
RULES = (None, "cascade", "contact", "hazard", "threshold")


class Dice:
    """Random choices of one scenario."""

    def __init__(self, number: int) -> None:
        self._rng = np.random.default_rng([20260126, number])

    def chance(self, p: float = 0.5) -> bool:
        return bool(self._rng.random() < p)

    def real(self, low: float, high: float) -> float:
        return round(float(self._rng.uniform(low, high)), 4)

    def whole(self, low: int, high: int) -> int:
        """An integer from low to high, both possible."""
        return int(self._rng.integers(low, high + 1))

    def one(self, things: Any) -> Any:
        return things[self.whole(0, len(things) - 1)]

    def some(self, things: Any, low: int, high: int) -> list[Any]:
        """Between low and high different ones, in their order."""
        count = min(len(things), self.whole(low, high))
        return [things[k] for k in sorted(self._rng.choice(len(things), count, replace=False))]

    def date(self, days: int) -> str:
        return (START + datetime.timedelta(days=self.whole(-3, days))).isoformat()


def generated(number: int, days: int | None = None) -> dict[str, Any]:
    """The data of scenario `number`, of 60 to 300 consumers and 10 to 40 days (or `days`)."""
    dice = Dice(number)
    days = days or 10 + int(30.9 * dice.real(0, 1) ** 3)
    durable = dice.chance(0.4)
    rule = RULES[number % 5] if durable else dice.one((None, "cascade", "cascade"))
    regions = ["north", "south", "west"][: dice.whole(1, 3)]
    touchpoints = _touchpoints(dice, days)
    brands = list(BRANDS[: dice.whole(1, 3)])
    return {
        "name": f"generated_{number}",
        "seed": number,
        "currency": {"code": "EUR", "minor_units": dice.one((1, 100, 100, 1000))},
        "calendar": _calendar(dice, days),
        "population": _population(dice, regions, list(touchpoints)),
        "social": _social(dice, rule),
        "touchpoints": touchpoints,
        "places": _places(dice, brands, touchpoints),
        "category": _category(dice, durable, rule),
        "brands": {name: _brand(dice, name, number, days, touchpoints) for name in brands},
        "data": {
            "report_delay": dice.whole(0, 3),
            "report_noise": dice.one((0.0, 0.0, 0.2)),
            "attribution_window": dice.whole(1, 10),
        },
    }


def _calendar(dice: Dice, days: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "start": START.isoformat(),
        "days": days,
        "warmup": dice.whole(0, 4),
        "cooldown": dice.whole(0, 4),
    }
    if dice.chance():
        out["weekday"] = [dice.real(0.5, 1.5) for _ in range(7)]
    if dice.chance(0.3):
        out["seasons"] = {"winter": {"start": "12-01", "end": "02-10", "need": dice.real(0.5, 1.5)}}
    if dice.chance(0.4):
        out["festivals"] = {
            "lights": {
                "start": dice.date(days),
                "days": dice.whole(1, 4),
                "need": dice.real(0.0, 3.0),
                "media_price": dice.real(0.5, 2.0),
            }
        }
    return out


def _population(dice: Dice, regions: list[str], touchpoints: list[str]) -> dict[str, Any]:
    segments = {}
    for name in ("young", "busy", "calm")[: dice.whole(1, 3)]:
        segments[name] = {
            "share": dice.real(0.2, 1.0),
            "need": dice.real(0.3, 2.0),
            "price_sensitivity": dice.real(0.5, 1.5),
            "price_sensitivity_cv": dice.one((0.0, 0.4)),
            "deal_proneness": dice.real(0.0, 2.0),
            "talk": dice.real(0.5, 2.0),
            "susceptibility": dice.real(0.5, 2.0),
            "consent": dice.real(0.0, 1.0),
            "use": {name: dice.real(0.0, 1.0) for name in dice.some(touchpoints, 0, 3)},
            "regions": {regions[0]: 1.0, regions[-1]: 0.5} if dice.chance(0.3) else {},
        }
    return {
        "size": dice.whole(60, 300),
        "regions": {
            name: {"x": dice.real(-3, 3), "y": dice.real(-3, 3), "radius": dice.real(0, 3), "share": dice.real(0.2, 1)}
            for name in regions
        },
        "segments": segments,
    }


def _generator(dice: Dice) -> dict[str, Any]:
    return dice.one(
        (
            {"kind": "watts_strogatz", "degree": dice.whole(2, 8), "rewire": 0.1},
            {"kind": "barabasi_albert", "links": dice.whole(1, 4)},
            {"kind": "powerlaw_cluster", "links": dice.whole(1, 4), "triangle": 0.5},
            {"kind": "erdos_renyi", "degree": dice.real(1, 8)},
            {"kind": "stochastic_block", "degree": dice.real(1, 8), "homophily": 0.7},
            {"kind": "spatial", "degree": dice.real(1, 8), "scale": 0.7},
        )
    )


def _social(dice: Dice, rule: str | None) -> dict[str, Any]:
    if rule in ("contact", "hazard", "threshold") and dice.chance(0.3):
        layers = {"everybody": {"generator": {"kind": "complete"}}}
    else:
        names = ("friends", "followers")[: dice.whole(0 if rule is None else 1, 2)]
        layers = {name: {"generator": _generator(dice), "strength": dice.real(0.5, 1.0)} for name in names}
    out: dict[str, Any] = {"layers": layers}
    if rule is not None:
        out["word_of_mouth"] = {
            "rule": rule,
            "p": dice.real(0.0, 0.03),
            "q": dice.real(0.0, 0.3),
            "phi": dice.one(("uniform", 0.1)),
            "innovation": dice.one(("constant", "awareness")),
            "adopt": dice.one(("need", "direct")),
            "transmit": dice.real(0.1, 0.8),
            "recommend": dice.real(0.2, 0.9),
            "complain": dice.real(0.2, 0.9),
            "pass_on": dice.real(0.0, 0.5),
            "good": dice.real(0.0, 0.5),
            "bad": dice.real(0.0, 0.5),
        }
    return out


def _touchpoints(dice: Dice, days: int) -> dict[str, Any]:
    kinds = dice.some(MEDIA, 1, 5) + dice.some(OWNED, 2, 6)
    if not any(KINDS[kind].sells for kind in kinds):
        kinds.append("own_site")
    out: dict[str, Any] = {}
    for kind in kinds:
        touchpoint: dict[str, Any] = {
            "kind": kind,
            "use": dice.one((0.2, 0.5, 1.0)),
            "spread": dice.one((0.0, 0.3)),
            "awareness": dice.real(0.0, 0.4),
            "goodwill": dice.real(0.0, 0.2),
            "saturation": dice.one((0.0, 0.5, 1.0)),
            "irritation": dice.one((0.0, 0.1)),
            "click_rate": dice.one((0.0, 0.05, 0.3)),
        }
        if KINDS[kind].buys_media:
            touchpoint["cap"] = dice.whole(1, 10)
            touchpoint["cost"] = {"model": dice.one(("cpm", "cpc")), "price": dice.real(0.5, 60.0)}
            if KINDS[kind].auction:  # sells clicks
                touchpoint["cost"]["model"] = "cpc"
            if dice.chance(0.3):
                touchpoint["cost"] |= {"inventory": dice.real(0.01, 2.0), "pressure": dice.real(0.0, 1.5)}
        if KINDS[kind].auction:
            touchpoint["cost"]["model"] = "cpc"
        if KINDS[kind].members_only:
            touchpoint["join"] = dice.real(0.0, 0.5)
        if kind == "event":
            touchpoint["capacity"] = dice.whole(0, 100)
            touchpoint["dates"] = {dice.date(days): dice.whole(1, 5)} if dice.chance() else {}
        out[f"the_{kind}"] = touchpoint
    return out


def _places(dice: Dice, brands: list[str], touchpoints: dict[str, Any]) -> dict[str, Any]:
    shops = [name for name, t in touchpoints.items() if t["kind"] in ("store", "partner")]
    out: dict[str, Any] = {}
    for k in range(dice.whole(0, 4) if shops else 0):
        place: dict[str, Any] = {
            "touchpoint": dice.one(shops),
            "brand": dice.one(brands),
            "x": dice.real(-3, 3),
            "y": dice.real(-3, 3),
            "price_factor": dice.real(0.8, 1.2),
            "closed": dice.some(range(7), 0, 3),
        }
        if dice.chance():
            place["capacity"] = dice.whole(1, 5)
        if dice.chance():
            place |= {"stock": dice.whole(0, 12), "restock_every": dice.whole(1, 6)}
        out[f"shop_{k}"] = place
    return out


def _category(dice: Dice, durable: bool, rule: str | None) -> dict[str, Any]:
    spreads = rule in ("contact", "hazard", "threshold")
    return {
        "kind": "durable" if durable else "repeat",
        "reference_price": 20.0,
        "need": {
            "rate": dice.real(0.0, 0.02) if spreads else dice.real(0.05, 0.5),
            "shape": dice.one((None, 0.5, 2.0)),
            "most": dice.whole(1, 4),
        },
        "memory": {"encoding_variability": dice.one((0.0, 0.0, 0.3)), "awareness_decay": dice.real(0.0, 0.1)},
        "choice": {
            "dissimilarity": dice.one((0.05, 0.5, 1.0)),
            "intercept": dice.real(0.5, 2.5),
            "price": dice.real(0.5, 3.0),
            "distance": dice.real(0.0, 0.5),
        },
        "experience": {
            "noise": dice.real(0.2, 1.0),
            "delight": dice.real(0.0, 0.5),
            "disappointment": dice.real(0.0, 0.5),
            "stockout": dice.real(0.0, 1.0),
        },
    }


def _brand(dice: Dice, name: str, number: int, days: int, touchpoints: dict[str, Any]) -> dict[str, Any]:
    kinds = {t: KINDS[data["kind"]] for t, data in touchpoints.items()}
    media = [t for t in touchpoints if kinds[t].buys_media]
    owned = [t for t in touchpoints if not kinds[t].paid]
    owns = dice.some(owned, 1, 4)
    sells: dict[str, Any] = {}
    for t in dice.some([t for t in owned if kinds[t].sells and kinds[t].online], 0, 3):
        sells[t] = {
            "price_factor": dice.real(0.8, 1.2),
            "delivery_days": dice.whole(0, 3),
            "delivery_fee": dice.real(0, 3),
            "delivery_cost": dice.real(0, 3),
            "commission": dice.real(0, 0.3),
        }
        if dice.chance(0.3):
            sells[t] |= {"stock": dice.whole(0, 20), "restock_every": dice.whole(1, 6)}
    return {
        "product": {"price": dice.real(10, 30), "unit_cost": dice.real(0, 10), "quality": dice.real(-0.5, 1.0)},
        "initial": {
            "awareness": dice.real(0, 0.8),
            "goodwill": dice.real(-0.3, 0.3),
            "habit": dice.real(0, 0.2),
            "buyers": dice.one((0.0, 0.1)),
            "members": {t: dice.real(0, 0.5) for t in owned if kinds[t].members_only},
        },
        "budget": 60.0,
        "owns": {t: dice.real(0.1, 1.0) for t in owns},
        "sells": sells,
        "fixed_costs": {t: dice.real(0, 5) for t in owns if dice.chance()},
        "organic_search": dice.real(0, 0.6),
        "posts": dice.real(0, 1),
        "policy": _policy(dice, (number + BRANDS.index(name)) % 3, days, media),
    }


def _policy(dice: Dice, which: int, days: int, media: list[str]) -> dict[str, Any]:
    plan = {t: dice.real(0, 60.0 / len(media)) for t in media}
    if which == 0:
        out: dict[str, Any] = {"name": "fixed_plan", "plan": plan, "posts": dice.one((None, 0.7))}
        if dice.chance():
            out["promotions"] = [{"start": dice.date(days), "days": dice.whole(1, 6), "discount": dice.real(0, 0.5)}]
        if dice.chance(0.4):
            out["flight"] = {"on": dice.whole(1, 4), "off": dice.whole(1, 4), "keep_average": dice.chance()}
        return out
    if which == 1:
        return {"name": "reallocate_by_roi", "every": dice.whole(1, 7), "plan": plan, "window": dice.whole(1, 7)}
    follow = {"share": 0.4, "mix": dict.fromkeys(media, 1.0), "floor": dice.real(0, 9)}
    return {"name": "match_share_of_voice", "every": dice.whole(1, 7), **follow}


# --- worlds ---------------------------------------------------------------------------------------------------------


def world(data: dict[str, Any], **address: Any) -> World:
    """A world on its first morning."""
    return World(Scenario.from_dict(data), **address)


def finished(data: dict[str, Any], **address: Any) -> World:
    """A world whose calendar is over."""
    return world(data, **address).run()


def kpis(done: World, without: dict[str, str] | None = None, drop: tuple[str, ...] = ()) -> pa.Table:
    """The KPI table; `without` leaves out rows (key: value), `drop` columns."""
    import pyarrow.compute as pc

    table = done.tables()["kpis"]
    for key, value in (without or {}).items():
        table = table.filter(pc.not_equal(table[key], value))
    return table.drop_columns(list(drop))


def differing(a: pa.Table, b: pa.Table) -> list[str]:
    """Names of columns that are not equal to the bit; all of them when the number of rows differs."""
    return [name for name in a.column_names if not a[name].equals(b[name])]
