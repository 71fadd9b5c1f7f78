"""Word of mouth beyond messages: reviews, referral, seeding, complaint storms, statistics, over-marketing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.behaviour.columns import BY_EXPERIENCES, BY_HEARD_BAD, BY_HEARD_GOOD, FIXED
from switching.people import replaced

if TYPE_CHECKING:
    from generated import Dice

    from agorasim.ecosystem.world import World


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings; what rides on messages only where people send some."""
    social = data["social"]
    if dice.chance(0.6):
        social["reviews"] = _reviews(dice)
    if dice.chance(0.6):
        data["category"]["over_marketing"] = _over_marketing(dice)
    if social.get("word_of_mouth", {}).get("rule") != "cascade" or not social["layers"]:
        return
    social["statistics"] = {"aware": dice.real(0.0, 0.5)}
    if dice.chance(0.6):
        social["crisis"] = _crisis(dice)
    for brand in data["brands"].values():
        if dice.chance(0.3):
            brand["initial"]["awareness"] = 0.0
        if dice.chance(0.6):
            brand["referral"] = _referral(dice, brand["product"]["price"])
        if dice.chance(0.6):
            brand["seeding"] = {
                "rate": dice.real(0.0, 3.0),
                "leaders": dice.real(0.01, 0.3),
                "layer": dice.one((None, *social["layers"])),
                "every": dice.whole(1, 10),
                "fee": dice.real(0.0, 5.0),
                "post": dice.real(0.0, 1.0),
                "bar": dice.real(-0.5, 0.5),
            }
        if "crisis" in social and dice.chance():
            brand["crisis"] = {
                "response": dice.real(0.0, 1.0),
                "cost": dice.real(0.0, 9.0),
                "compensation": dice.real(0.0, 3.0),
            }


def _reviews(dice: Dice) -> dict[str, Any]:
    return {
        "share": dice.real(0.0, 0.6),
        "extremity": dice.real(0.0, 4.0),
        "product": dice.real(0.0, 1.0),
        "prior": dice.real(1.0, 5.0),
        "prior_weight": dice.real(0.5, 20.0),
        "window": dice.whole(1, 30),
        "consulted": dice.real(0.0, 1.0),
        "rating": dice.real(-0.5, 1.5),
        "volume": dice.real(0.0, 0.3),
    }


def _crisis(dice: Dice) -> dict[str, Any]:
    return {
        "threshold": dice.real(0.01, 0.5),
        "window": dice.whole(1, 20),
        "least": dice.whole(1, 5),
        "reach": dice.real(0.0, 1.0),
        "half_life": dice.real(0.3, 10.0),
        "goodwill": dice.real(0.0, 1.0),
        "awareness": dice.real(0.0, 1.0),
        "calm": dice.real(0.0, 4.0),
        "recovery": dice.real(0.0, 1.0),
    }


def _referral(dice: Dice, price: float) -> dict[str, Any]:
    return {
        "reward": dice.one((0.0, dice.real(0.1, 8.0))),
        "welcome": dice.one((0.0, round(price * dice.real(0.0, 0.9), 2))),
        "form": dice.one(("coupon", "money")),
        "days": dice.whole(1, 20),
        "invite": dice.real(0.0, 6.0),
    }


def _over_marketing(dice: Dice) -> dict[str, Any]:
    return {
        "tedium": dice.real(0.0, 5.0),
        "tolerance": dice.real(0.0, 0.8),
        "distrust": dice.real(0.0, 1.0),
        "recovery": dice.real(0.0, 1.0),
        "goodwill": dice.real(0.0, 1.0),
        "response": dice.real(0.0, 3.0),
        "opt_out": dice.real(0.0, 1.0),
        "withdraw": dice.real(0.0, 1.0),
    }


def holds(world: World) -> None:
    """Nothing is counted twice, lost, or out of its bounds."""
    assert (np.abs(world.w.goodwill) <= 1.0).all()
    for name, look in LOOKS.items():
        if world.mechanism(name) is not None:
            look(world)


def _referral_holds(world: World) -> None:
    """Every referred first order has one referrer, who bought before, and one reward."""
    mechanism, w, extra = world.mechanism("referral"), world.w, world.history.extra
    assert mechanism is not None
    if replaced(world):
        return
    for b, name in enumerate(mechanism.brands):
        settings = world.scenario.brands[name].referral
        referrer = mechanism.referrers(world, b)
        came = np.flatnonzero(referrer >= 0)
        brought = referrer[came]
        referred = int(extra["referred_orders"][:, b].sum())
        rewards = int(extra["referral_rewards"][:, b].sum())
        assert len(came) == referred
        if settings is None:
            assert referred == 0
            continue
        assert (brought != came).all()
        assert (w.bought[brought, b] > 0).all()
        assert (w.first_day[came, b] >= 0).all()
        assert (w.first_day[brought, b] < w.first_day[came, b]).all()  # -1: bought before the first day
        assert rewards == (referred if world.minor(settings.reward) > 0 else 0)
        coupons = int(extra["referral_coupons"][:, b].sum()) + int(
            mechanism.columns["owed"][:, mechanism.room[b]].sum()
        )
        assert coupons == (rewards if settings.form == "coupon" else 0)
        if settings.form == "money" and all(brand.seeding is None for brand in world.scenario.brands.values()):
            minor = world.minor(settings.reward) + world.minor(settings.welcome)
            assert _booked(world, "rewards")[b] >= referred * minor


def _seeding_holds(world: World) -> None:
    """Posts come from products given, and every product is paid for."""
    seeded, posts = (world.history.extra[name].sum(axis=0) for name in ("seeded", "seeded_posts"))
    assert (posts <= seeded).all()
    if world.mechanism("shocks") is None:  # which change what a product costs
        assert (_booked(world, "rewards") >= seeded * world.w.brands["unit_cost"]).all()


def _reviews_hold(world: World) -> None:
    """Reviews come from experiences, stars are 1 to 5, and what is shown is the mean of the window and the prior."""
    h, settings = world.history, world.scenario.social.reviews
    assert settings is not None
    reviews, stars = h.extra["reviews"], h.extra["review_stars"]
    assert (reviews <= h.by_segment[: h.days, :, :, BY_EXPERIENCES]).all()
    assert ((stars >= reviews) & (stars <= 5 * reviews)).all()
    window = slice(max(0, h.days - settings.window), h.days)
    count, sums = reviews[window].sum(axis=(0, 2)), stars[window].sum(axis=(0, 2))
    shown = (settings.prior * settings.prior_weight + sums) / (settings.prior_weight + count)
    assert (h.extra["reviews_shown"][h.days - 1] == count).all()
    np.testing.assert_allclose(h.extra["rating_shown"][h.days - 1] / FIXED, shown, atol=2e-6)


def _crisis_holds(world: World) -> None:
    """News fades, reaches people and not more, and no answer gives back what was not lost."""
    mechanism, extra = world.mechanism("crisis"), world.history.extra
    assert mechanism is not None
    assert ((extra["crisis_news"] >= 0) & (extra["crisis_news"] <= FIXED)).all()
    assert (extra["crisis_reach"].sum(axis=2) <= world.size).all()
    assert (mechanism.columns["hurt"] >= -1e-6).all()
    silent = [brand.crisis is None for brand in world.scenario.brands.values()]
    assert (_booked(world, "service")[silent] >= 0).all()


def _statistics_hold(world: World) -> None:
    h = world.history
    heard = h.by_segment[: h.days, :, :, BY_HEARD_GOOD] + h.by_segment[: h.days, :, :, BY_HEARD_BAD]
    assert (h.extra["heard"] == heard).all()
    aware, told = h.extra["aware"], h.extra["aware_by_talk"]
    assert (told <= aware).all()
    assert (aware.sum(axis=2) <= world.size).all()


def _over_marketing_holds(world: World) -> None:
    mechanism, h = world.mechanism("over_marketing"), world.history
    assert mechanism is not None
    distrust = mechanism.columns["distrust"]
    assert ((distrust >= 0.0) & (distrust <= 1.0)).all()
    recall = h.extra["recall"][h.days - 1].sum(axis=1) / FIXED
    np.testing.assert_allclose(recall, world.w.awareness.sum(axis=0, dtype=np.float64), rtol=1e-5, atol=1e-3)
    assert (np.abs(h.extra["attitude"]) <= FIXED).all()
    assert (h.extra["consent_withdrawn"] <= h.extra["opt_outs"]).all()


LOOKS = {
    "referral": _referral_holds,
    "seeding": _seeding_holds,
    "reviews": _reviews_hold,
    "crisis": _crisis_holds,
    "talk_statistics": _statistics_hold,
    "over_marketing": _over_marketing_holds,
}


def _booked(world: World, account: str) -> Any:
    """Cost of an account over all days by brand, minor units."""
    from agorasim.measures.mechanisms import ACCOUNTS

    return world.history.costs[:, :, list(ACCOUNTS).index(account)].sum(axis=0)
