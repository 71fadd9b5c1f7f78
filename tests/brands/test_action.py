"""Views cannot be written to, and an action that a brand cannot take is refused in words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agorasim.brands import BrandAction, check
from agorasim.errors import ActionError, InputError
from agorasim.testing import story

VIEW = story([12], budget=100.0)[0]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (None, "must return a BrandAction, got NoneType"),
        ({"search": 1.0}, "must return a BrandAction, got dict"),
        (BrandAction([("search", 1.0)]), "spend must map touchpoints to money a day, got list"),  # type: ignore[arg-type]
        (BrandAction({"serch": 1.0}), "unknown touchpoint 'serch'; did you mean 'search'"),
        (
            BrandAction({"store": 1.0}),
            "'store' does not buy media; media can be bought on: search, social, short_video",
        ),
        (BrandAction({3: 1.0}), "unknown touchpoint 3"),  # type: ignore[dict-item]
        (BrandAction({"search": -0.01}), "spend on 'search' must not be negative, got -0.01"),
        (BrandAction({"search": math.nan}), "spend on 'search' must be finite, got nan"),
        (BrandAction({"search": math.inf}), "must be finite, got inf"),
        (BrandAction({"search": "10"}), "spend on 'search' must be a number, got '10'"),  # type: ignore[dict-item]
        (BrandAction({"search": True}), "must be a number, got True"),
        (BrandAction({"search": 60.0, "social": 60.5}), r"spend of 120\.50 a day is over the budget of 100\.00 a day"),
        (BrandAction(price=0.0), "price must be above 0, got 0"),
        (BrandAction(discount=0.96), "discount must be a share from 0 to 0.95, got 0.96"),
        (BrandAction(discount=-0.1), "discount must be a share"),
        (BrandAction(posts=-1.0), "posts must not be negative"),
        (BrandAction(posts=math.nan), "posts must be finite"),
    ],
)
def test_an_impossible_action_is_refused_naming_brand_policy_and_day(action: Any, words: str) -> None:
    with pytest.raises(ActionError, match=words) as caught:
        check(action, VIEW, "mine")
    assert str(caught.value).startswith("brand 'lumo', policy 'mine', day 12 (2026-01-13): ")


def test_a_possible_action_comes_back_in_plain_floats_for_every_touchpoint() -> None:
    done = check(BrandAction({"social": np.float32(2.5), "search": 3}, price=np.int64(9)), VIEW, "mine")  # type: ignore[arg-type]
    assert list(done.spend.items()) == [("search", 3.0), ("social", 2.5), ("short_video", 0.0)]
    assert {type(v) for v in [*done.spend.values(), done.price]} == {float}
    assert done.discount is None and done.posts is None
    assert check(done, VIEW, "mine") == done


def test_splitting_a_budget_needs_no_rounding() -> None:
    view = replace(VIEW, budget=0.3)
    assert check(BrandAction({"search": 0.1, "social": 0.1 + 1e-11, "short_video": 0.1}), view, "mine")
    with pytest.raises(ActionError, match="over the budget"):
        check(BrandAction({"search": 0.3 + 1e-8}), view, "mine")


def test_a_view_is_sealed_without_sealing_its_source() -> None:
    source = np.arange(12.0)
    view = replace(VIEW, orders=source, spend={"search": source})
    for series in (view.orders, view.spend["search"]):
        with pytest.raises(ValueError, match="read-only"):
            series[0] = 1.0
    source[0] = 5.0
    with pytest.raises(ValueError, match=r"clicks\['app'\] must have shape \(12,\), got \(3,\)"):
        replace(VIEW, clicks={"app": np.zeros(3)})


def test_sums_and_returns_over_recent_days() -> None:
    view = replace(
        VIEW, spend={"search": np.arange(12.0), "social": np.zeros(12)}, attributed_revenue={"search": np.ones(12)}
    )
    assert view.recent(view.spend["search"], 3) == 9 + 10 + 11
    assert view.recent(view.spend["search"], 999) == 66
    assert view.recent(np.zeros(0), 3) == 0.0
    assert view.reported_roas("search", 3) == pytest.approx(3 / 30)
    assert math.isnan(view.reported_roas("social", 3))
    with pytest.raises(InputError, match="did you mean 'search'"):
        view.reported_roas("serch", 3)
