"""Resellers: pay is what the rates say, effort is the best answer to it, trust and conflict move as promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agorasim.ecosystem import Ecosystem, World
from agorasim.ecosystem.mechanisms.partners import Partners, best_effort
from agorasim.errors import InputError
from agorasim.measures.mechanisms import ACCOUNTS
from agorasim.scenario.schema import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "mechanisms" / "partners.yaml"
BRAND = "brands.lumo."
PLACES = ("north", "east", "south_east", "south_west", "west", "centre")
PAID = list(ACCOUNTS).index("partners")


def scenario(days: int = 25, size: int = 300, **more: Any) -> Scenario:
    changes = {"calendar.days": days, "calendar.warmup": 0, "population.size": size}
    return Scenario.load(FILE).with_overrides({**changes, **{BRAND + key: value for key, value in more.items()}})


def terms(**settings: Any) -> dict[str, Any]:
    return {f"partners.{key}": value for key, value in settings.items()}


def resellers(world: World) -> Partners:
    found = world.mechanism("partners")
    assert isinstance(found, Partners)
    return found


def test_the_best_effort_is_the_best_of_all_efforts() -> None:
    rng = np.random.default_rng(1)
    margin, effort, trust, conflict = rng.uniform(0, 60, 40), *rng.uniform(0, 1, (3, 40))
    answer = np.array([rng.uniform(0, 3, 40), rng.uniform(5, 80, 40)])
    got = best_effort(margin, effort, trust, conflict, answer)
    tried = np.linspace(0.0, 1.0, 2001)[:, None]
    without = margin / (1.0 + answer[0] * effort)
    utility = trust * (1 - conflict) * without * (1 + answer[0] * tried) - answer[1] * tried**2 / 2
    assert np.allclose(tried[utility.argmax(axis=0), 0], got, atol=5e-4)
    assert (got == 1.0).any() and (got < 0.5).any()


def test_off_and_without_strength_nothing_moves() -> None:
    bare = World(scenario(**{"partners": None})).run()
    assert bare.mechanisms == [] and "partner_effort" not in bare.kpis()
    null = World(scenario(**terms(commission=0.3, bonus=0.0, recommend=0.0, shelf=0.0))).run()
    for tally in ("offer", "touch", "by_segment"):
        assert np.array_equal(getattr(null.history, tally), getattr(bare.history, tally)), tally
    assert null.history.costs[:, 0, PAID].sum() > 0


def test_resellers_are_paid_what_the_rates_say_and_profit_is_less_by_that() -> None:
    world = World(scenario(**terms(commission=0.25)))
    at = resellers(world).at
    world.run()
    revenue = world.history.offer[:, at, 2]
    assert np.array_equal(world.history.costs[:, 0, PAID], np.rint(revenue * 0.25).astype(np.int64).sum(axis=1))
    assert not world.history.costs[:, 1, PAID].any()
    kpis = world.kpis()
    whole = kpis[(kpis["brand"] == "lumo") & (kpis[["touchpoint", "place", "segment", "region"]] == "").all(axis=1)]
    left = whole["revenue"] - whole["cost_of_goods"] - whole["fulfilment_cost"] - whole["commission"]
    assert np.allclose(whole["contribution"], left - whole["cost_partners"])


def test_a_place_may_have_a_rate_of_its_own_and_assisted_sales_are_paid_besides() -> None:
    data = scenario(**terms(commission=0.0)).to_dict()
    data["places"]["centre"]["commission"] = 0.5
    world = World(Scenario.from_dict(data)).run()
    centre = next(k for k, o in enumerate(world.market.offers) if o.place == "centre")
    paid = world.history.costs[:, 0, PAID]
    assert paid.sum() > 0 and np.array_equal(paid, np.rint(world.history.offer[:, centre, 2] * 0.5).astype(np.int64))
    even = terms(commission=0.2, bonus=0.0, recommend=0.0)
    one, half = (World(scenario(**even, **terms(assist=a))).run() for a in (0.0, 0.5))
    more = half.history.costs[:, 0, PAID].sum() - one.history.costs[:, 0, PAID].sum()
    assisted = one.history.extra["assisted_orders"][:, 0].sum()
    shop = next(k for k, o in enumerate(one.market.offers) if o.brand == "lumo" and o.place == "shop")
    price = one.history.offer[:, shop, 2].sum() / one.history.offer[:, shop, 0].sum()
    assert assisted > 0 and more == pytest.approx(assisted * price * 0.2 * 0.5, rel=0.01)


def test_copies_go_on_and_both_drivers_agree() -> None:
    half = World(scenario(days=20, **terms(shelf=0.5))).run(9)
    twin, other = half.copy(), half.copy()
    other.strategies.levers[0]["partners.commission"] = 0.0
    other.run()
    whole = World(scenario(days=20, **terms(shelf=0.5))).run()
    assert half.run().digest() == twin.run().digest() == whole.digest()
    assert np.array_equal(resellers(half).effort, resellers(whole).effort)
    agents = Ecosystem(scenario(days=8, size=150), driver="agents")
    agents.run()
    assert agents.world.digest() == World(scenario(days=8, size=150)).run().digest()


def test_trust_falls_with_a_cut_and_comes_back_slowly() -> None:
    world = World(scenario(days=40, **terms(commission=0.2, trust=0.9, cut=2.0, rebuild=0.02))).run(15)
    partners = resellers(world)
    before = partners.trust.copy()
    world.strategies.levers[0]["partners.commission"] = 0.15  # a quarter less costs half of the trust
    world.step()
    assert np.allclose(partners.trust, before * 0.5)
    world.step()
    assert np.allclose(partners.trust, before * 0.5 + 0.02 * (1 - before * 0.5)), "the new rate is the promise now"
    effort = partners.effort.copy()
    world.run()
    assert (partners.trust > 0.5 * before).all() and partners.effort.mean() < effort.mean()


def test_goods_that_run_out_cost_trust() -> None:
    data = scenario(**terms(trust=0.9, refusal=0.5, rebuild=0.0)).to_dict()
    data["places"]["centre"] |= {"stock": 0}
    world = World(Scenario.from_dict(data)).run()
    partners = resellers(world)
    names = [world.market.offers[k].place for k in partners.at]
    trust = dict(zip(names, partners.trust, strict=True))
    assert trust["centre"] < 0.3 and trust["north"] == 0.9


def test_a_cheaper_web_shop_is_a_conflict_and_so_is_a_sale_made_there() -> None:
    quiet = terms(poaching=0.0, undercut=3.0)
    world = World(scenario(**quiet, **{"sells.shop.price_factor": 0.8})).run()
    assert np.allclose(resellers(world).conflict, 0.6)
    dearer = World(scenario(**quiet, **{"sells.shop.price_factor": 1.1})).run()
    assert not resellers(dearer).conflict.any()
    taken = resellers(World(scenario(size=600, **terms(undercut=0.0, bonus=0.0))).run())
    visitors = taken.taken + taken.sold
    share = np.divide(taken.taken, visitors, out=np.zeros_like(visitors), where=visitors > 0)
    assert np.allclose(taken.conflict, share) and taken.conflict.max() > 0.02
    paid = resellers(World(scenario(size=600, **terms(undercut=0.0, bonus=0.0, assist=1.0))).run())
    assert not paid.conflict.any()


def test_a_shelf_is_empty_as_often_as_its_reseller_is_idle() -> None:
    never = terms(shelf=1.0, effort=0.0, speed=0.0)
    assert not World(scenario(**never)).run().history.extra["partner_orders"].any()
    sometimes = World(scenario(days=60, size=400, **terms(shelf=0.5, effort=0.0, speed=0.0, bonus=0.0))).run()
    always = World(scenario(days=60, size=400, **terms(shelf=0.0, effort=0.0, speed=0.0, bonus=0.0))).run()
    ratio = sometimes.history.extra["partner_orders"].sum() / always.history.extra["partner_orders"].sum()
    assert 0.4 < ratio < 0.75, "some buyers go to the next dealer"


def test_policies_move_the_commission() -> None:
    policy = {"name": "private_domain_first", "levers": {"partners.commission": 0.4, "loyalty.points_rate": 0.1}}
    world = World(scenario(days=3, **{"policy": policy})).run()
    assert world.lever(0, "partners.commission") == 0.4
    assert world.history.costs[0, 0, PAID] == np.rint(world.history.offer[0, resellers(world).at, 2] * 0.4).sum()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"brands": {"rivo": {"partners": {}}}}, "brand 'rivo' has no reseller"),
        ({"places": {key: {"showroom": True} for key in PLACES}}, "brand 'lumo' has no reseller"),
        ({"brands": {"lumo": {"partners": {"comission": 0.1}}}}, "did you mean 'commission'"),
        ({"brands": {"lumo": {"partners": {"commission": 1.5}}}}, "out of range"),
        ({"brands": {"lumo": {"partners": None}}, "places": {"north": {"commission": 0.1}}}, "no terms for resellers"),
        ({"touchpoints": {"dealer": {"kind": "store"}}, "places": {"north": {"commission": 0.1}}}, "only a reseller"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], words: str) -> None:
    data = Scenario.load(FILE).to_dict()
    for part, entries in change.items():
        for name, settings in entries.items():
            data[part][name] |= settings
    with pytest.raises(InputError, match=words):
        Scenario.from_dict(data)
