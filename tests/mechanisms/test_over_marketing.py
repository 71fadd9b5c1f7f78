"""Over-marketing: recall rises with every contact, attitude peaks, and who has enough leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from talking import orders, world

from agorasim.behaviour.columns import FIXED

PLAN = "brands__lumo__policy__plan__feed"


def measured(spend: float, name: str, **overrides: Any) -> float:
    """A measure of the last day."""
    done = world("over_marketing", **{PLAN: spend}, **overrides).run()
    return float(done.history.extra[name][-1].sum() / FIXED)


def test_recall_rises_while_attitude_peaks() -> None:
    spends = (3.0, 30.0, 120.0)
    recall = [measured(spend, "recall") for spend in spends]
    attitude = [measured(spend, "attitude") for spend in spends]
    assert recall[0] < recall[1] < recall[2]
    assert attitude[0] < attitude[1] > attitude[2]


def test_without_wear_out_and_distrust_attitude_does_not_turn() -> None:
    off = {f"category__over_marketing__{name}": 0.0 for name in ("tedium", "distrust", "goodwill", "opt_out")}
    some, many = (measured(spend, "attitude", **off) for spend in (30.0, 120.0))
    assert many > some


def test_the_null_setting_moves_no_order() -> None:
    names = ("tedium", "distrust", "goodwill", "opt_out")
    null = world("over_marketing", **{f"category__over_marketing__{name}": 0.0 for name in names}).run()
    off = world("over_marketing", category__over_marketing=None).run()
    assert (orders(null) == orders(off)).all()
    assert (null.w.goodwill == off.w.goodwill).all()


def test_who_had_enough_leaves_and_takes_consent_back() -> None:
    loud = world("over_marketing", **{PLAN: 600.0}, category__over_marketing__opt_out=1.0,
                 category__over_marketing__withdraw=1.0)  # fmt: skip
    members = int((loud.w.member > 0).sum())
    loud.run()
    extra = loud.history.extra
    assert extra["opt_outs"].sum() > members / 2
    assert extra["consent_withdrawn"].sum() > 0
    assert int((loud.w.consent == 0).sum()) == int(extra["consent_withdrawn"].sum())


@pytest.mark.parametrize("recovery", [0.0, 0.5])
def test_distrust_grows_towards_one_and_fades(recovery: float) -> None:
    still = world("over_marketing", category__over_marketing__recovery=recovery)
    mechanism: Any = still.mechanism("over_marketing")
    mechanism.columns["distrust"][:] = 0.5
    mechanism.closing(still)
    np.testing.assert_allclose(mechanism.columns["distrust"], 0.5 * (1.0 - recovery))
