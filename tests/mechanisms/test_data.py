"""Data platforms, personalisation, private reports: what is known, of whom, and that nothing else is ever used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from talking import data, orders

from agorasim.behaviour.columns import AT_CREDIT, AT_CREDIT_MONEY, FIXED
from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.mechanisms import identity
from agorasim.ecosystem.mechanisms.consent import withdraw_consent
from agorasim.ecosystem.mechanisms.identity import NEVER
from agorasim.ecosystem.mechanisms.personalisation import Personalise
from agorasim.ecosystem.mechanisms.platform import Platform
from agorasim.ecosystem.privacy import laplace, sensitivities
from agorasim.measures import fairness
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario

SMALL = {"population.size": 300, "calendar.days": 35, "calendar.warmup": 0}
LUMO = "brands.lumo.data_platform"


def scenario(name: str, **overrides: Any) -> Scenario:
    """A small version of a bundled scenario; `lumo__x` stands for a key of lumo's data platform."""
    dotted = {path.replace("lumo__", f"{LUMO}.").replace("__", "."): value for path, value in overrides.items()}
    return Scenario.from_dict(data(name)).with_overrides({**SMALL, **dotted})


def world(name: str, **overrides: Any) -> World:
    return World(scenario(name, **overrides))


def platform(of: World) -> Platform:
    found = of.mechanism("platform")
    assert isinstance(found, Platform)
    return found


def noons(of: World) -> Iterator[dict[str, Any]]:
    """Step to the end; every day gives what was aimed and what was counted before the evening clears it."""
    while not of.finished:
        of.open_day()
        of.decide()
        of.plan_media()
        seen = {name: getattr(of.w, name).copy() for name in ("known", "audience", "relevance")}
        of.carry_messages()
        of.live()
        seen["shown"] = of.w.shown.copy()
        of.fulfil()
        seen["credit"] = of.w.at_touch[:, :, [AT_CREDIT, AT_CREDIT_MONEY]].copy()
        of.part("receive")
        of.part("reflect")
        of.record()
        of.day += 1
        yield seen


def everything() -> dict[str, Any]:
    """Caps, audiences and personalisation at once."""
    out = data("data_platform")
    out["brands"]["lumo"]["data_platform"]["audiences"]["feed"] = {"who": "everybody", "exclude_buyers": 7}
    out["touchpoints"]["feed"]["targeting"] = "behaviour"
    out["brands"]["lumo"]["personalisation"] = {"people": {"pieces": 3.0}, "generated": {"pieces": 2.0, "cost": 1.0}}
    out["data"] |= {"fairness": {}, "consent": {"withdraw": 0.0}}
    return out


def made(**overrides: Any) -> World:
    return World(Scenario.from_dict(everything()).with_overrides({**SMALL, **overrides}))


# --- consent ---------------------------------------------------------------------------------------------------------


def test_what_people_without_consent_do_changes_nothing_that_brands_know_or_aim() -> None:
    plain, flipped = made(), made()
    w = flipped.w
    shy = w.consent == 0
    assert 0 < shy.sum() < len(shy)
    # Everything about them but consent: what they use, need, feel, paid before, and where they live.
    w.use[:, shy] = 1.0 - w.use[:, shy]
    w.need_rate[shy] *= 3.0
    w.need_zero[shy] = np.exp(-w.need_rate[shy].astype(np.float64)).astype(np.float32)
    w.awareness[shy], w.goodwill[shy], w.habit[shy] = 1.0, 0.9, 0.9
    w.bought[shy] = 1
    for trait in ("price", "deal", "x", "y"):
        w.traits[trait][shy] = 0.1
    for ours, theirs in zip(noons(plain), noons(flipped), strict=True):
        assert np.array_equal(ours["known"], theirs["known"])
        assert np.array_equal(ours["audience"], theirs["audience"])
        assert np.array_equal(ours["relevance"], theirs["relevance"])
        assert np.array_equal(ours["shown"][:, ~shy], theirs["shown"][:, ~shy])
        assert np.array_equal(ours["credit"][0], theirs["credit"][0])
        assert not ours["shown"][:, shy].any()
        assert not ours["known"][shy].any()
    a, b = platform(plain), platform(flipped)
    for name in a.columns:
        assert np.array_equal(a.columns[name], b.columns[name]), name
    assert not np.array_equal(orders(plain), orders(flipped)), "they did behave otherwise"
    for figure in ("attributed_orders", "attributed_revenue"):
        views = [x.strategies.view(0, x.days, x.day - 1, x.history) for x in (plain, flipped)]
        ours_told, theirs_told = (getattr(view, figure) for view in views)
        assert all(np.array_equal(ours_told[t], theirs_told[t]) for t in ours_told)


def test_nobody_without_consent_is_ever_known() -> None:
    model = made(**{"data.consent.withdraw": 0.02})
    p, before = platform(model), model.w.consent.copy()
    for noon in noons(model):
        shy = model.w.consent == 0
        assert not noon["known"][shy & (before == 0)].any()
        assert not model.w.known[shy].any()
        for name in ("touched", "paid", "joined"):
            assert (p.dates.days(p.columns[name][shy]) == NEVER).all()
        assert (noon["relevance"][before == 0] == 1.0).all()
        assert (model.w.touch_day[shy] == -1).all()
        before = model.w.consent.copy()
    left = model.history.extra["withdrawals"].sum(axis=2)[:, 0].sum()
    first = World(model.scenario).w.consent.sum()
    assert 0 < left == first - model.w.consent.sum()


@pytest.mark.parametrize("key", [True, False])
def test_taking_consent_back_erases_with_and_without_a_platform(key: bool) -> None:
    out = everything()
    if not key:
        for part in ("data_platform", "personalisation"):
            out["brands"]["lumo"].pop(part)
    model = World(Scenario.from_dict(out).with_overrides(SMALL)).run(20)
    everybody = np.arange(model.size)
    given = int(model.w.consent.sum())
    assert (model.w.touch_day >= 0).any()
    assert withdraw_consent(model, everybody) == given
    assert withdraw_consent(model, everybody) == 0
    assert not model.w.consent.any()
    assert (model.w.touch_day == -1).all()
    model.run()
    assert (model.w.touch_day == -1).all()
    assert not model.w.known.any()
    assert model.history.touch[21:, :, :, AT_CREDIT].sum() == 0


def test_retention_erases() -> None:
    short = world("data_platform", lumo__retention=5, lumo__audiences={}).run()
    p = platform(short)
    touched, paid = (p.dates.days(p.columns[name]).max(axis=2) for name in ("touched", "paid"))
    noted = np.maximum(touched, paid)
    assert ((noted == NEVER) | (noted >= short.day - 6)).all()
    forever = world("data_platform", lumo__audiences={}).run()
    assert short.history.extra["identified"][-1, 0].sum() < forever.history.extra["identified"][-1, 0].sum()


# --- the platform ----------------------------------------------------------------------------------------------------


def test_a_platform_that_captures_nothing_and_does_nothing_is_none() -> None:
    nothing = dict.fromkeys(("feed", "videos", "banners", "site", "shops"), 0.0)
    idle = {"lumo__captures": nothing, "lumo__audiences": {}, "lumo__frequency_cap": None, "lumo__cost": {}}
    blind, off = world("data_platform", **idle).run(), world("data_platform", **{LUMO: None}).run()
    for name in ("awareness", "goodwill", "habit", "bought", "fatigue"):
        assert np.array_equal(getattr(blind.w, name), getattr(off.w, name)), name
    assert np.array_equal(blind.history.offer, off.history.offer)
    assert np.array_equal(blind.history.spend, off.history.spend)


def test_matching_means_nothing_in_silos() -> None:
    low, high = (world("data_platform", lumo__integration="silo", lumo__match_rate=m).run() for m in (0.0, 1.0))
    assert np.array_equal(low.w.awareness, high.w.awareness)
    assert np.array_equal(low.history.touch, high.history.touch)


def test_caps_hold_over_all_touchpoints_that_share_data() -> None:
    model = world("data_platform", lumo__match_rate=1.0, lumo__frequency_cap=2, lumo__captures={"feed": 1.0})
    most = 0
    for noon in noons(model):
        assert noon["shown"].max() <= 2
        most = max(most, int(noon["shown"].max()))
    assert most == 2


def test_audiences_hold_only_people_who_did_something_lately() -> None:
    model = world("data_platform", lumo__match_rate=1.0)
    p = platform(model)
    before = None
    for noon in noons(model):
        if before is not None:
            touched, paid = before
            day = model.day - 1
            inside = noon["audience"][0] > 0
            assert (day - touched[inside].max(axis=1) <= 10).all()
            assert not (inside & (day - paid.max(axis=1) <= 5)).any()
        paid = p.dates.days(p.columns["bought"][:, :1])
        before = p.touches(0, np.arange(model.size)), paid
    assert model.history.extra["audience"].sum() > 0


def test_integration_is_a_lever() -> None:
    model = world("data_platform", lumo__integration="silo").run(10)
    assert model.strategies.view(0, model.days, 10, model.history).reported_days == 8
    model.strategies.levers[0]["data_platform.integration"] = 2.0
    model.run(1)
    assert model.strategies.view(0, model.days, 11, model.history).reported_days == 11
    assert model.w.audience.shape[0] == 1
    assert platform(model)._level == [2]


def test_each_touchpoint_credits_itself_in_silos_and_one_of_them_where_data_are_joined() -> None:
    # Touchpoints: feed, site, shop. One buyer clicked in the feed yesterday and visits the site where they buy.
    touched = np.array([[9, 10, NEVER]])
    args = {"seller": np.array([1]), "last": np.array([1]), "order": np.arange(3), "today": 10, "window": 7}
    pixel = np.outer([True, False, False], [True, True, False])
    alone, together = np.eye(3, dtype=bool), np.ones((3, 3), dtype=bool)
    yes, no = np.array([True]), np.array([False])
    silo = identity.credits(touched, matched=yes, shared=alone, pixel=pixel, **args)
    assert silo.tolist() == [[True, True, False]]
    assert identity.credits(touched, matched=yes, shared=together, pixel=pixel, **args).tolist() == [
        [False, True, False]
    ]
    in_shop = {**args, "seller": np.array([2]), "last": np.array([-1])}
    early = np.array([[9, NEVER, NEVER]])
    assert not identity.credits(early, matched=yes, shared=alone, pixel=pixel, **in_shop).any()
    assert identity.credits(early, matched=yes, shared=together, pixel=pixel, **in_shop).tolist() == [
        [True, False, False]
    ]
    assert not identity.credits(early, matched=no, shared=together, pixel=pixel, **in_shop).any()


@pytest.mark.parametrize("integration", ["partial", "unified"])
def test_joined_data_credit_no_order_twice(integration: str) -> None:
    model = world("data_platform", lumo__integration=integration).run()
    credit = model.history.touch[:, 0, :, AT_CREDIT].sum(axis=1)
    assert credit.sum() > 0
    assert (credit <= model.history.by_segment[:, 0, :, 6].sum(axis=1)).all()


# --- personalisation -------------------------------------------------------------------------------------------------


def test_content_that_fits_helps_and_content_that_does_not_hurts() -> None:
    said = {}
    for quality in (0.0, 0.5, 1.0):
        key = "brands.lumo.personalisation"
        model = world("personalisation", **{
            f"{key}.people.pieces": 0.0, f"{key}.generated.pieces": 5.0, f"{key}.generated.quality": quality,
        })  # fmt: skip
        for noon in noons(model):
            known = noon["known"][:, 0] > 0
            assert (noon["relevance"][~known] == 1.0).all()
        said[quality] = model.history.extra["relevance"][-1, 0] / FIXED
    assert said[0.0] < 1.0 < said[1.0]
    assert said[0.0] < said[0.5] < said[1.0]


def test_pieces_are_conserved_and_paid() -> None:
    model = world("personalisation", **{"brands.lumo.personalisation.generated.pieces": 4.0}).run()
    own = model.mechanism("personalisation")
    assert isinstance(own, Personalise)
    keep, days = 1.0 - 1.0 / 30.0, model.day
    assert own._good[0] + own._bad[0] == pytest.approx(4.5 * (1.0 - keep**days) / (1.0 - keep))
    assert model.history.costs[:, 0].sum() == days * (50 * 10 + 4 * 50)


def test_no_content_leaves_contacts_as_they_were() -> None:
    idle = world("personalisation", **{"brands.lumo.personalisation.people.pieces": 0.0}).run()
    off = world("personalisation", **{"brands.lumo.personalisation": None}).run()
    assert np.array_equal(idle.w.awareness, off.w.awareness)
    assert np.array_equal(idle.history.touch, off.history.touch)


# --- private reports -------------------------------------------------------------------------------------------------


def test_laplace_noise_has_the_scale_of_sensitivity_over_epsilon() -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    draws = laplace(u, np.array(2.0))
    assert draws.mean() == pytest.approx(0.0, abs=1e-9)
    assert np.abs(draws).mean() == pytest.approx(2.0, rel=1e-3)
    s = scenario("consent")
    bounds = sensitivities(s, "lumo")
    most = s.category.need.most
    assert bounds[list(s.touchpoints).index("feed")].tolist() == [10.0, 1.0, most, most * 50.0]
    assert bounds[len(s.touchpoints)].tolist() == [most, most * 50.0, most, 1.0]
    assert (bounds[len(s.touchpoints) + 1 :] == 0.0).all()


def test_private_reports_are_wrong_by_noise_that_epsilon_says() -> None:
    def told(privacy: Any) -> Any:
        model = world("consent", **{
            "data.privacy": privacy, "data.report_noise": 0.0, f"{LUMO}.report_noise.unified": 0.0,
            "brands.lumo.policy": {"name": "fixed_plan", "plan": {"feed": 40.0}},
        }).run()  # fmt: skip
        return model, model.strategies.view(0, model.days, model.day - 1, model.history)

    exact, sure = told(None)
    loose, seen = told({"epsilon": 1.0, "floor": False})
    _, clear = told({"epsilon": 1e6})
    assert np.array_equal(exact.w.awareness, loose.w.awareness)
    off = (seen.orders - sure.orders) / exact.scenario.category.need.most
    assert 0.5 < np.abs(off).mean() < 2.0
    assert abs(off.mean()) < 1.0
    assert seen.members != sure.members
    assert clear.orders == pytest.approx(sure.orders, abs=1e-3)
    assert np.array_equal(seen.spend["feed"], sure.spend["feed"])
    again = loose.strategies.view(0, loose.days, loose.day - 1, loose.history)
    assert np.array_equal(again.orders, seen.orders)
    assert (told({"epsilon": 0.05})[1].clicks["feed"] >= 0.0).all()


# --- fairness --------------------------------------------------------------------------------------------------------


def test_the_fairness_table_says_who_is_served() -> None:
    model = world("consent").run()
    table = model.tables()["fairness"].to_pandas().set_index("segment")
    assert table.people.sum() == model.size
    assert table.targeted["shy"] < table.targeted["open"]
    assert table.targeted_parity["open"] == 1.0
    assert bool(table.served_less["shy"])
    assert (table.price_ratio.round(9) == 1.0).all()
    days = model.history.days
    reach = model.history.by_segment[:, 0, :, 0].sum(axis=0) / table.people.to_numpy() / days
    assert table.reach.to_numpy() == pytest.approx(reach)
    assert model.history.extra["targeted_parity"][-1, 0] / FIXED == pytest.approx(table.targeted_parity.min(), abs=1e-6)


def test_parity_and_price_gap_of_known_figures() -> None:
    rates = fairness.rates(np.array([[10, 4, 0], [0, 0, 0]]), np.array([10, 8, 0]))
    assert rates[0, :2].tolist() == [1.0, 0.5]
    assert np.isnan(rates[:, 2]).all()
    assert fairness.least(fairness.parity(rates)).tolist() == [0.5, 1.0]
    ratios = fairness.price_ratios(np.array([[100, 300, 0], [50, 0, 0]]), np.array([[10, 10, 0], [5, 0, 0]]))
    assert ratios[0, :2].tolist() == [0.5, 1.5]
    assert fairness.price_gap(ratios).tolist() == [1.0, 0.0]


# --- worlds ----------------------------------------------------------------------------------------------------------


def test_drivers_and_copies_agree() -> None:
    tiny = {**SMALL, "population.size": 60, "calendar.days": 12}
    s = Scenario.from_dict(everything()).with_overrides(tiny)
    fast, slow = Ecosystem(s), Ecosystem(s, driver="agents")
    fast.run()
    slow.run()
    assert fast.world.digest() == slow.world.digest()
    early = World(s).run(6)
    twin = early.copy()
    assert twin.run().digest() == early.run().digest() == fast.world.digest()


CASES = {
    "captures where nobody is recognised": (
        {"touchpoints": {"wall": {"kind": "out_of_home"}}, "platform": {"captures": {"wall": 0.5}}},
        ("captures.wall", "recognises nobody", "touchpoints.wall.identity"),
    ),
    "captures nowhere": ({"platform": {"captures": {"sites": 0.5}}}, ("captures.sites", "did you mean 'site'?")),
    "group of strangers": ({"platform": {"together": [["site", "shop"]]}}, ("together.0.1", "did you mean 'shops'?")),
    "groups overlap": (
        {"platform": {"together": [["site", "shops"], ["feed", "site"]]}}, ("together.1.1", "must not overlap"),
    ),
    "audience of a shop": ({"platform": {"audiences": {"shops": {}}}}, ("audiences.shops", "kind 'store'")),
    "audience that cannot be aimed at": ({"platform": {"audiences": {"feed": {}}}}, ("audiences.feed", "targeting")),
    "audience older than the data": (
        {"platform": {"retention": 7, "audiences": {"banners": {"within": 9}}}}, ("within", "erased after 7 days"),
    ),
    "audience before the data": (
        {"platform": {"freshness": 5, "audiences": {"banners": {"within": 3}}}}, ("within", "usable only after 5"),
    ),
    "erased before usable": ({"platform": {"freshness": 9, "retention": 3}}, ("retention", "before it is usable")),
    "unknown integration": ({"platform": {"integration": "unifed"}}, ("integration", "did you mean 'unified'?")),
    "personal without data": ({"platform": None, "personalisation": {}}, ("personalisation", "add 'data_platform'")),
    "screened by nobody": (
        {"personalisation": {"people": {"capacity": 0.0}, "generated": {"screened": 0.5}}},
        ("generated.screened", "nobody looks"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "_"))
def test_mistakes_are_told_at_their_place(case: str) -> None:
    change, words = CASES[case]
    out = data("data_platform")
    out["touchpoints"] |= change.get("touchpoints", {})
    lumo = out["brands"]["lumo"]
    lumo["data_platform"] = change.get("platform", {})
    if change.get("personalisation") is not None:
        lumo["personalisation"] = change["personalisation"]
    with pytest.raises(ScenarioError) as error:
        Scenario.from_dict({key: value for key, value in out.items() if value is not None})
    message = str(error.value)
    assert "1 problem" in message
    for word in words:
        assert word in message
