"""Data platforms, personalised content, private reports, consent that is taken back, fairness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.ecosystem.mechanisms.identity import NEVER
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings; audiences where the touchpoints can be aimed."""
    touchpoints = data["touchpoints"]
    for name, brand in data["brands"].items():
        if not dice.chance(0.7):
            continue
        brand["data_platform"] = _platform(dice, touchpoints, brand)
        if dice.chance(0.6):
            brand["personalisation"] = _content(dice)
        if dice.chance(0.2) and name == "lumo":
            touchpoints |= {t: point | {"identity": "cookie"} for t, point in touchpoints.items()}
    if dice.chance(0.5):
        data["data"]["privacy"] = {"epsilon": dice.real(0.1, 5.0), "floor": dice.chance()}
    if dice.chance(0.5):
        data["data"]["consent"] = {"withdraw": dice.one((0.0, 0.02, 0.2))}
    if dice.chance(0.5):
        data["data"]["fairness"] = {"least": dice.real(0.0, 1.0)}


def _platform(dice: Dice, touchpoints: dict[str, Any], brand: dict[str, Any]) -> dict[str, Any]:
    fresh = dice.whole(1, 3)
    out: dict[str, Any] = {
        "integration": dice.one(("silo", "partial", "unified")),
        "match_rate": dice.real(0.0, 1.0),
        "freshness": fresh,
        "retention": dice.one((None, 12)),
        "frequency_cap": dice.one((None, 1, 3)),
        "cost": {"silo": dice.real(0, 3), "unified": dice.real(0, 9), "per_profile": dice.real(0, 0.1)},
        "audiences": {},
    }
    bridges = brand.get("bridges") or {}
    taken = (bridges.get("retarget_buyers") or {}).get("touchpoint")
    for t, point in touchpoints.items():
        kind = KINDS[point["kind"]]
        if kind.buys_media and not kind.on_need and t != taken and dice.chance(0.4):
            point["targeting"] = "behaviour"
            out["audiences"][t] = {
                "who": dice.one(("retarget", "everybody")),
                "within": dice.whole(fresh, 12),
                "exclude_buyers": dice.one((None, fresh + 4)),
            }
    return out


def _content(dice: Dice) -> dict[str, Any]:
    return {
        "lift": dice.real(0.0, 2.0),
        "harm": dice.real(0.0, 1.0),
        "insight": dice.real(0.1, 1.0),
        "shelf_life": dice.real(1.0, 30.0),
        "people": {"pieces": dice.real(0.0, 3.0), "capacity": dice.real(0.5, 5.0), "cost": dice.real(0.0, 5.0)},
        "generated": {
            "pieces": dice.real(0.0, 9.0),
            "cost": dice.real(0.0, 1.0),
            "quality": dice.real(0.0, 1.0),
            "screened": dice.real(0.0, 1.0),
            "screening_cost": dice.real(0.0, 1.0),
        },
    }


def holds(world: World) -> None:
    """Nothing is noted of, or aimed at, people without consent; what is counted is there; relevance is not negative."""
    w, shy = world.w, world.w.consent == 0
    if len(w.known):
        assert not w.known[shy].any()
    assert (w.touch_day[shy] == -1).all()
    if len(w.relevance):
        assert (w.relevance >= 0.0).all()
    platform = world.mechanism("platform")
    if platform is not None:
        for name in ("touched", "paid", "joined"):
            days = platform.dates.days(platform.columns[name])
            assert (days[shy] == NEVER).all()
            assert (days < world.day).all()
        identified = world.history.extra["identified"]
        assert (identified.sum(axis=2) <= world.size).all()
        for b, brand in enumerate(world.scenario.brands.values()):
            assert brand.data_platform is not None or not identified[:, b].any()
    consent = world.mechanism("consent")
    if consent is not None:
        extra = world.history.extra
        consenting, left = extra["consenting"][:, 0].sum(axis=1), extra["withdrawals"][:, 0].sum(axis=1)
        assert (np.diff(consenting) == -left[1:]).all()
        assert consenting[-1] == int(w.consent.sum())
    fairness = world.mechanism("fairness")
    if fairness is not None:
        for name in ("reach_parity", "targeted_parity", "identified_parity"):
            parity = world.history.extra[name]
            assert ((parity >= 0) & (parity <= 2**20)).all()
