"""Funnel and journey log: carts are conserved, nothing grows down the funnel, and the whole log adds up to the KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.behaviour import columns as c
from agorasim.ecosystem.mechanisms import touches as t
from agorasim.ecosystem.records import LOST, ORDERS
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Count the funnel, perhaps with carts, and keep a log of everybody or of some."""
    names = list(data["touchpoints"])
    funnel: dict[str, Any] = {
        "bounce": dice.real(0.0, 0.99), "relevance": dice.real(0, 3), "load": dice.real(0, 3),
        "forgotten": dice.one((0.0, 0.5, 1.0)), "pages": dice.real(2, 9), "dwell": dice.real(1, 99),
        "touchpoints": {
            name: {"bounce": dice.real(0.0, 0.99), "capacity": dice.real(1, 50)} for name in dice.some(names, 0, 2)
        },
    }  # fmt: skip
    if dice.chance(0.7):
        reminders = [name for name in names if not KINDS[data["touchpoints"][name]["kind"]].on_need]
        funnel["carts"] = {
            "price": dice.real(0, 1), "wait": dice.real(0, 0.5), "distraction": dice.real(0, 1),
            "remember": dice.whole(1, 9), "unprompted": dice.real(0, 1), "appeal": dice.real(-1, 3),
            "recover": {name: dice.real(0, 1) for name in dice.some(reminders, 0, 2)},
            "places": {name: dice.real(0, 1) for name in dice.some(list(data["places"]), 0, 2)},
        }  # fmt: skip
    data["data"]["funnel"] = funnel
    data["data"]["journeys"] = {"share": dice.one((0.0, 0.4, 1.0, 1.0))}


def holds(world: World) -> None:
    """Carts = orders + refused + abandoned; bounces, visitors <= visits <= pages; log totals = KPI totals."""
    extra, h = world.history.extra, world.history
    if world.mechanism("funnel") is not None:
        book = h.offer.sum(axis=0)
        carts = extra["carts"].sum(axis=0)
        if any(world.mechanism(name) for name in ("back_orders", "substitution", "availability")):
            assert (carts >= book[:, ORDERS]).all()  # some go on at another place, or on another day
        else:
            assert np.array_equal(carts, book[:, ORDERS] + book[:, LOST] + extra["abandoned_carts"].sum(axis=0))
        assert (extra["abandoned_carts"] <= extra["carts"]).all()
        assert (extra["recovered_carts"].sum(axis=0) <= extra["returned_needs"].sum(axis=0)).all()
        for metric in ("bounces", "carting_visits", "inquiries", "visitors"):
            assert (extra[metric] <= extra["visits"]).all(), metric
        assert (extra["visits"] <= extra["page_views"]).all()
        assert (h.touch[..., c.AT_CLICKS] <= h.touch[..., c.AT_IMPRESSIONS]).all()
        assert (h.touch[..., c.AT_CLICKS] <= extra["visits"]).all()
    journeys = world.mechanism("journeys")
    if journeys is not None and journeys.share == 1.0:
        rows = journeys.rows()
        assert not len(rows) or rows["day"].max() < world.day
        for event, column in ((t.IMPRESSION, c.AT_IMPRESSIONS), (t.CLICK, c.AT_CLICKS), (t.SEARCH, c.AT_SEARCHES)):
            logged = np.zeros(h.touch.shape[1:3], dtype=np.int64)
            mine = rows[rows["event"] == event]
            np.add.at(logged, (mine["brand"], mine["touch"]), mine["count"])
            assert np.array_equal(logged, h.touch[..., column].sum(axis=0)), t.NAMES[event]
        for event, column in ((t.HEARD_GOOD, c.BY_HEARD_GOOD), (t.HEARD_BAD, c.BY_HEARD_BAD)):
            heard = rows[rows["event"] == event]["count"].sum()
            assert heard == h.by_segment[..., column].sum(), t.NAMES[event]
        assert rows["count"][rows["event"] == t.ORDER].sum() == h.by_segment[..., c.BY_ORDERS].sum()
