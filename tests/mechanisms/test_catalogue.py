"""The touchpoint catalogue: kinds, touchpoints that extend others, auction, hours on air, cost models, installs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from switching import catalogue
from talking import data, world

from agorasim import BrandAction, Ecosystem, Policy
from agorasim.behaviour.columns import AT_CREDIT, AT_CREDIT_MONEY, AT_IMPRESSIONS, AT_REACH, AT_SEARCHES
from agorasim.ecosystem import World
from agorasim.ecosystem.airtime import HOURLY
from agorasim.ecosystem.auction import clear
from agorasim.ecosystem.totals import total
from agorasim.scenario import ScenarioError, loads
from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.schema import Scenario, Touchpoint


def read(touchpoints: str, brands: str = "{a: {}}") -> Scenario:
    return loads(f"name: x\ntouchpoints:\n  {touchpoints}\nbrands: {brands}\n")


def test_the_catalogue_has_what_brands_use() -> None:
    assert len(KINDS) >= 18
    for name in KINDS:
        touchpoint = Touchpoint.model_validate({"kind": name})
        assert touchpoint.footprint >= 0.0
        assert touchpoint.identity
        assert touchpoint.targeting


def test_every_kind_works_and_both_drivers_agree() -> None:
    scenario = Scenario.from_dict(data("catalogue")).with_overrides({"population.size": 80, "calendar.days": 21})
    assert {t.kind for t in scenario.touchpoints.values()} == set(KINDS) - {"search"}
    fast, slow = (Ecosystem(scenario, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    larger = world("catalogue", population__size=400, calendar__days=21).run()
    catalogue.holds(larger)
    met = larger.history.touch[:, :, :, AT_IMPRESSIONS].sum(axis=(0, 1))
    assert (met > 0).all(), [n for n, count in zip(scenario.touchpoints, met, strict=True) if not count]


# --- extending ------------------------------------------------------------------------------------------------------


def test_an_heir_has_what_it_does_not_say_itself() -> None:
    scenario = read(
        "feed: {extends: short_video, use: 0.2, label: Feed, cost: {price: 9}}\n"
        "  late: {extends: feed, cost: {inventory: 0.5}}\n"
        "  short_video: {extends: short_video}"
    )
    late = scenario.touchpoints["late"]
    assert (late.kind, late.use, late.label, late.awareness) == ("short_video", 0.2, "", 0.05)
    assert (late.cost.price, late.cost.inventory) == (9.0, 0.5)
    assert scenario.touchpoints["short_video"].use == 0.55
    assert Scenario.from_dict(scenario.to_dict()) == scenario
    moved = scenario.with_overrides({"touchpoints.late.extends": "tv"}).touchpoints["late"]
    assert (moved.kind, moved.use, moved.cost.inventory) == ("tv", 0.5, 0.5)


@pytest.mark.parametrize(
    ("touchpoints", "line", "says"),
    [
        ("a: {extends: b}\n  b: {extends: a}", 4, "goes round in a circle (a -> b -> a)"),
        ("a: {extends: a}", 3, "extends itself"),
        ("a: {extends: shrt_video}", 3, "did you mean 'short_video'?"),
        ("a: {extends: tv, kind: radio}", 3, "is 'radio', but 'tv', which it extends, is of kind 'tv'"),
        ("a: {extends: tv, use: 3}\n  b: {extends: a}", 3, "out of range (got 3)"),
        ("a: {kind: store, windows: [{start: 5}]}", 3, "only a broadcast has windows (its kind is 'store')"),
        ("a: {kind: tv, windows: [{start: 9, end: 7}]}", 3, "ends at 7, not after its start at 9"),
        ("a: {kind: tv, tier: nano}", 3, "only content has a tier of publishers"),
        ("a: {kind: tv, cost: {model: cpa}}", 3, "is 0 where 'cpa' pays for what clicks lead to"),
        ("a: {kind: paid_search, cost: {model: fixed}}", 3, "an auction sells clicks (got 'fixed')"),
        ("a: {kind: paid_search, engine: b}\n  b: {kind: tv}", 3, "which has no result pages"),
        ("a: {kind: sms, install: 0.1}", 3, "only an app or mini-program is installed"),
    ],
)
def test_what_cannot_be_is_told_at_its_line(touchpoints: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(touchpoints)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line == line
    assert says in str(caught.value)


def test_bids_stand_where_there_is_an_auction() -> None:
    with pytest.raises(ScenarioError, match="sells no clicks by auction"):
        read("a: {kind: search}", "{x: {bids: {a: {bid: 2.0}}}}")


# --- auction --------------------------------------------------------------------------------------------------------

PAGE: dict[str, Any] = {"click_rate": 0.2, "slots": 2, "decay": 0.5, "reserve": 0.1}


def test_with_money_enough_it_is_the_textbook_auction() -> None:
    """Three bidders, two slots: each pays the next score over its own quality; the third is not shown."""
    done = clear([1.0, 2.0, 1.5], [1.0, 1.0, 2.0], [1e9] * 3, 1000.0, **PAGE)
    np.testing.assert_allclose(done.shown, [0.0, 1.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(done.click[1:], [0.2 * 0.5, 0.2 * 2.0], atol=1e-9)
    np.testing.assert_allclose(done.price[1:], [1.0, 2.0 / 2.0], atol=1e-9)
    alone = clear([5.0], [2.0], [1e9], 1000.0, **PAGE)
    np.testing.assert_allclose([alone.shown[0], alone.price[0]], [1.0, 0.1 / 2.0])
    nobody = clear([0.05, 9.0], [1.0, 1.0], [1e9, 0.0], 1000.0, **PAGE)  # below the reserve; without money
    assert not nobody.shown.any()


def test_no_budget_is_overspent_and_those_below_move_up() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        n = int(rng.integers(1, 6))
        bids, quality, money = rng.uniform(0.1, 3, n), rng.uniform(0.3, 2, n), rng.uniform(0, 80, n)
        done = clear(bids, quality, money, 800.0, **PAGE)
        assert (800.0 * done.shown * done.click * done.price <= money * (1 + 1e-6)).all()
        assert ((done.price <= bids + 1e-12) & (done.shown <= 1 + 1e-12) & (done.click <= 1)).all()
    poor, rich = (clear([2.0, 1.0], [1.0, 1.0], [money, 1e9], 1000.0, **PAGE) for money in (10.0, 1e9))
    assert poor.click[1] > rich.click[1]


def test_one_search_shows_results_and_ads() -> None:
    everybody = {f"brands__{b}__owns__results": 1.0 for b in ("lumo", "rivo", "terra")}
    bids = {f"brands__{b}__bids__ads__bid": 5.0 for b in ("lumo", "rivo", "terra")}
    done = world("auction", **everybody, **bids, touchpoints__ads__use=0.01).run()
    searched = done.history.touch[:, :, :, AT_SEARCHES].sum(axis=0)
    assert (searched[:, 0] == searched[:, 1]).all()
    assert searched[0, 0] > 1000


def test_policies_move_bids() -> None:
    class Bolder(Policy):
        name = "bolder_bids"

        def decide(self, view: Any) -> BrandAction:
            return BrandAction(spend={"ads": 400.0}, levers={"bidding.bid": 2.5})

    bold = world("auction")
    bold.strategies.policies[0] = Bolder()
    high, low = total(bold.run(), "clicks", "lumo"), total(world("auction").run(), "clicks", "lumo")
    as_scenario = world("auction", brands__lumo__bids__ads__bid=2.5).run()
    assert high > 2 * low
    assert np.array_equal(bold.history.touch, as_scenario.history.touch)


# --- hours and money ------------------------------------------------------------------------------------------------


def test_broadcasts_meet_only_those_who_are_there_at_the_hours() -> None:
    weekend = [{"weekdays": [5, 6], "start": 20, "end": 22}]
    done = world("broadcast", touchpoints__stream__windows=weekend, touchpoints__stream__cost__price=1.0).run()
    met = done.history.touch[:, 0, 0]
    on = np.isin(done.days.weekdays, [5, 6])
    assert not met[~on, AT_IMPRESSIONS].any()
    assert not done.history.spend[~on, 0, 0].any()
    there = 1200 * 0.4 * HOURLY[20:22].sum()
    reached = met[on, AT_REACH].mean()
    assert abs(reached - there) < 4 * np.sqrt(there / on.sum())  # so much is bought that everybody on air sees it


def test_the_same_money_buys_as_many_impressions_at_any_hours() -> None:
    free = {"touchpoints__stream__cost": {"price": 30.0}, "touchpoints__stream__cap": 100}
    windows = ([], [{"start": 19, "end": 22}])
    bought = [
        world("broadcast", touchpoints__stream__windows=w, **free).run().history.touch[:, 0, 0].sum(0) for w in windows
    ]
    assert abs(bought[0][AT_IMPRESSIONS] / bought[1][AT_IMPRESSIONS] - 1.0) < 0.03
    assert bought[1][AT_REACH] < 0.7 * bought[0][AT_REACH]


def test_what_is_charged_follows_the_cost_model() -> None:
    def run(**cost: Any) -> World:
        path = {"touchpoints__stream__cost": cost, "touchpoints__stream__windows": [], "brands__lumo__budget": 1e6,
                "brands__lumo__policy__plan__stream": 1e5, "population__segments__everyone__consent": 1.0}  # fmt: skip
        return world("broadcast", **path).run()

    fixed = run(model="fixed", price=12.0, inventory=1.0)
    assert (fixed.history.spend[:, 0, 0] == 1200).all()
    assert abs(fixed.history.touch[:, 0, 0, AT_IMPRESSIONS].mean() / 1200 - 1.0) < 0.05
    action = run(model="cpa", price=3.0)
    credit = action.history.touch[:, 0, 0]
    assert credit[:, AT_CREDIT].sum() > 100
    assert np.array_equal(action.history.spend[:, 0, 0], credit[:, AT_CREDIT] * 300)
    share = run(model="commission", rate=0.25)
    money = share.history.touch[:, 0, 0, AT_CREDIT_MONEY]
    assert np.array_equal(share.history.spend[:, 0, 0], np.rint(money * 0.25).astype(np.int64))


def test_messages_cost_what_they_cost_and_nothing_else_changes() -> None:
    free = world("catalogue", population__size=300, calendar__days=20, touchpoints__texts__message_cost=0.0).run()
    dear = world("catalogue", population__size=300, calendar__days=20, touchpoints__texts__message_cost=0.5).run()
    texts = list(dear.scenario.touchpoints).index("texts")
    sent = dear.history.extra["messages_sent"][:, 0, texts]
    assert sent.sum() > 20
    assert np.array_equal(dear.history.costs.sum(axis=2)[:, 0], sent * 50)
    assert total(free, "orders", "lumo") == total(dear, "orders", "lumo")


def test_who_installs_is_a_member_who_has_not_bought() -> None:
    none, some = (world("publishers", touchpoints__mini__install=p, category__choice__intercept=-50.0).run()
                  for p in (0.0, 0.3))  # fmt: skip
    assert none.mechanism("owned_contact") is None
    installed = int(some.history.extra["installs"].sum())
    assert installed == int((some.w.member > 0).sum()) > 100
    assert not some.w.bought.any()
