"""Experience against expectation, habit, and what people then say to each other."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from little import EAGER, STILL, figures, little, near, of
from scipy import stats

from agorasim.behaviour.columns import BAD, GOOD


def bought(n: int, days: int = 1, quality: float = 0.4, sells: Any = None, **experience: Any) -> Any:
    brand = {"product": {"quality": quality}, "initial": {"awareness": 1.0}, "sells": {"site": sells or {}}}
    return little(n, days, brands={"lumo": brand}, category={**EAGER, "experience": experience})


def test_satisfaction_is_experience_above_expectation() -> None:
    """Surprises are normal around 0 while quality is what was expected; scores cut them at halves."""
    n, noise = 20_000, 0.8
    world = bought(n, noise=noise, adaptation=0.25, goodwill=0.1).run()
    surprise = of(world, "surprise")
    assert stats.kstest(surprise / noise, "norm").pvalue > 1e-3
    np.testing.assert_allclose(of(world, "expectation"), 0.4 + 0.25 * surprise, atol=1e-6)
    gap = 1.0 * np.sign(surprise)
    np.testing.assert_allclose(of(world, "goodwill"), np.minimum(1, 0.1 * np.abs(surprise)) * gap, atol=1e-6)
    seen = figures(world)
    assert seen.experiences == n
    assert seen.satisfaction_sum == np.clip(np.floor(3.5 + surprise), 1, 5).sum()


def test_habit_closes_its_gap_with_every_purchase() -> None:
    world = bought(100, 5, habit=0.2, noise=0.0).run()
    np.testing.assert_allclose(of(world, "habit"), 1 - 0.8**5, rtol=1e-6)
    assert (of(world, "bought") == 5).all()
    assert (of(world, "first_day") == 0).all()


def test_goods_are_experienced_when_they_arrive() -> None:
    """Three days on the way; what is ordered before the parcel is opened is opened with it."""
    world = bought(50, 8, sells={"delivery_days": 3}).run()
    seen = world.kpis().query("brand == 'lumo' and touchpoint == '' and place == '' and segment == '' and region == ''")
    assert seen.orders.tolist() == [50] * 8
    assert seen.experiences.tolist() == [0, 0, 0, 50, 0, 0, 0, 50]


def test_the_delighted_recommend_and_the_disappointed_complain() -> None:
    n, noise, limit = 30_000, 1.0, 0.6
    world = little(
        n,
        social={
            "layers": {"friends": {"generator": {"kind": "erdos_renyi", "degree": 0.5}}},
            "word_of_mouth": {"recommend": 0.5, "complain": 0.8, "transmit": 0.0},
        },
        category={**EAGER, "experience": {"noise": noise, "delight": limit, "disappointment": 2 * limit}},
    ).run()
    said, surprise = world.w.says[:, 0], of(world, "surprise")
    assert near((said == GOOD).mean(), 0.5 * stats.norm.sf(limit), n)
    assert near((said == BAD).mean(), 0.8 * stats.norm.sf(2 * limit), n)
    assert (surprise[said == GOOD] > limit).all()
    assert (surprise[said == BAD] < -2 * limit).all()
    assert (figures(world).recommendations, figures(world).complaints) == ((said == GOOD).sum(), (said == BAD).sum())


def test_buyers_join_where_the_brand_has_a_club() -> None:
    n = 10_000
    world = little(
        n,
        touchpoints={
            "site": {"kind": "own_site"},
            "club": {"kind": "community", "join": 0.2},
            "app": {"kind": "app", "join": 0.1},
        },
        brands={"lumo": {"initial": {"awareness": 1.0}, "sells": {"site": {}}, "owns": {"club": 1.0, "app": 1.0}}},
        category={**EAGER, "experience": {"noise": 0.0}},
    ).run()  # fmt: skip
    assert near(figures(world).members / n, 1 - 0.8 * 0.9, n)


# --- messages -------------------------------------------------------------------------------------------------------


def star(leaves: int, says: int, **settings: Any) -> Any:
    """A centre that says something to its leaves on the first day."""
    strength = settings.pop("strength", 1.0)
    people = settings.pop("people", {})
    brand = {"initial": {"awareness": 0.2, "goodwill": 0.1}, "sells": {"site": {}}}
    world = little(
        leaves + 1,
        graphs={"ties": nx.star_graph(leaves)},
        population={"segments": {"all": people}},
        social={
            "layers": {"ties": {"generator": {"kind": "erdos_renyi"}, "strength": strength}},
            "word_of_mouth": {"transmit": 1.0, "pass_on": 0.0, "awareness": 0.5, "good": 0.25, "bad": 0.4, **settings},
        },
        brands={"lumo": brand},
        category={"need": {"rate": 0.0}, "memory": STILL},
    )
    world.loose = True  # words are put into the centre's mouth from outside
    world.w.says[0, 0] = says
    return world.run()


@pytest.mark.parametrize(
    ("says", "goodwill"),
    [(GOOD, 0.1 + 0.25 * 0.9), (BAD, 0.1 - 0.4 * 1.1)],
    ids=["recommendation", "complaint"],
)
def test_a_message_closes_its_share_of_the_gap(says: int, goodwill: float) -> None:
    world = star(4, says)
    assert of(world, "awareness")[1:] == pytest.approx(0.6, rel=1e-6)
    assert of(world, "goodwill")[1:] == pytest.approx(goodwill, rel=1e-6)
    assert of(world, "awareness")[0] == np.float32(0.2)
    heard = figures(world)
    assert (heard.heard_good, heard.heard_bad) == ((4, 0) if says == GOOD else (0, 4))


def test_both_kinds_travel_together_and_bad_news_has_the_last_word() -> None:
    world = star(4, GOOD | BAD)
    good = 0.1 + 0.25 * 0.9
    assert of(world, "goodwill")[1:] == pytest.approx(good + 0.4 * (-1 - good), rel=1e-6)
    assert of(world, "awareness")[1:] == pytest.approx(1 - 0.8 * 0.25, rel=1e-6)


def test_a_tie_carries_by_transmission_strength_and_susceptibility() -> None:
    n = 20_000
    world = star(n, GOOD, transmit=0.5, strength=0.6, people={"susceptibility": 1.4})
    assert near(figures(world).heard_good / n, 0.5 * 0.6 * 1.4, n)


def test_what_is_heard_is_passed_on_by_talkers() -> None:
    n = 20_000
    world = star(n, GOOD, pass_on=0.3, people={"talk": 1.5})
    assert near(figures(world).recommendations / n, 0.45, n)


def test_several_friends_say_more_than_one() -> None:
    """k messages close the gap k times: 1 - (1 - a)^k."""
    k = 5
    graph = nx.star_graph(k)
    world = little(
        k + 1,
        graphs={"ties": graph},
        social={
            "layers": {"ties": {"generator": {"kind": "erdos_renyi"}}},
            "word_of_mouth": {"transmit": 1.0, "pass_on": 0.0, "awareness": 0.3, "good": 0.1},
        },
        brands={"lumo": {"sells": {"site": {}}}},
    )
    world.loose = True
    world.w.says[1:, 0] = GOOD
    world.run()
    assert of(world, "awareness")[0] == pytest.approx(1 - 0.7**k, rel=1e-6)
    assert of(world, "goodwill")[0] == pytest.approx(1 - 0.9**k, rel=1e-6)
    assert math.isclose(figures(world).heard_good, k)
