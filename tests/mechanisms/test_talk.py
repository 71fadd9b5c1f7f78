"""Reviews, referral, seeding, complaint storms: what must be conserved, and limits with known answers."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from switching import talk
from talking import NAMES, data, orders, world

from agorasim import Ecosystem
from agorasim.behaviour.columns import FIXED
from agorasim.ecosystem import World
from agorasim.ecosystem.mechanisms.seeding import opinion_leaders
from agorasim.ecosystem.mechanisms.talk_statistics import TALK
from agorasim.ecosystem.script import Script
from agorasim.ecosystem.tapes import Tape
from agorasim.scenario import ScenarioError
from agorasim.scenario.schema import Scenario


@pytest.mark.parametrize("name", NAMES)
def test_laws_hold_in_the_scenarios_and_both_drivers_agree(name: str) -> None:
    scenario = Scenario.from_dict(data(name)).with_overrides({"population.size": 300, "calendar.days": 30})
    fast, slow = (Ecosystem(scenario, driver=driver).run().world for driver in ("fast", "agents"))
    assert fast.digest() == slow.digest()
    talk.holds(fast)


@pytest.mark.parametrize("form", ["coupon", "money"])
def test_who_brought_whom_is_a_forest_and_each_newcomer_earns_one_reward(form: str) -> None:
    done = world("referral", brands__lumo__referral__form=form).run()
    talk.holds(done)
    mechanism = done.mechanism("referral")
    assert mechanism is not None
    referrer = mechanism.referrers(done, 0)
    came = np.flatnonzero(referrer >= 0)
    assert len(came) > 10
    tree = nx.DiGraph(zip(referrer[came].tolist(), came.tolist(), strict=True))
    assert nx.is_forest(tree) and max(degree for _, degree in tree.in_degree()) == 1
    if form == "money":
        assert int(done.history.costs.sum()) == len(came) * 2 * 1000


def test_rewards_that_nobody_can_earn_change_no_order() -> None:
    plain, rich = (world("referral", brands__lumo__referral__reward=r, social__word_of_mouth__transmit=0.0).run()
                   for r in (0.0, 40.0))  # fmt: skip
    assert (orders(plain) == orders(rich)).all()


def test_the_rating_is_the_mean_of_all_reviews_where_everybody_writes_and_the_prior_weighs_nothing() -> None:
    done = world("reviews", social__reviews__share=1.0, social__reviews__extremity=0.0,
                 social__reviews__prior_weight=1e-9, social__reviews__window=1000).run()  # fmt: skip
    extra = done.history.extra
    stars, count = extra["review_stars"].sum(axis=(0, 2)), extra["reviews"].sum(axis=(0, 2))
    assert (count > 100).all()
    np.testing.assert_allclose(extra["rating_shown"][-1] / FIXED, stars / count, atol=1e-5)
    assert stars[0] / count[0] > stars[1] / count[1] + 0.5  # lumo is the better product


def test_extremes_are_written_about_more_often() -> None:
    even, extreme = (
        world("reviews", social__reviews__share=0.3, social__reviews__extremity=e).run() for e in (0.0, 2.0)
    )
    assert extreme.history.extra["reviews"].sum() > 1.2 * even.history.extra["reviews"].sum()


def test_reviews_that_nobody_reads_change_no_order() -> None:
    plain = data("reviews")
    del plain["social"]["reviews"]
    without = World(Scenario.from_dict(plain)).run()
    unread = world("reviews", social__reviews__consulted=0.0).run()
    assert (orders(without) == orders(unread)).all()
    assert (orders(world("reviews").run()) != orders(without)).any()


def test_news_halves_and_a_full_recovery_gives_back_exactly_what_was_lost() -> None:
    quiet = {"social__crisis__awareness": 0.0, "category__memory__goodwill_decay": 0.0, "social__crisis__calm": 0.0}
    hit = world("crisis", social__crisis__reach=1.0, social__crisis__recovery=1.0, social__crisis__half_life=1.0,
                brands__lumo__crisis__response=1.0, **quiet)  # fmt: skip
    mechanism: Any = hit.mechanism("crisis")
    before = hit.w.goodwill.copy()
    mechanism.news[:] = 1.0
    mechanism.closing(hit)
    np.testing.assert_allclose(hit.w.goodwill, before, atol=1e-6)
    assert hit.costs.sum() == hit.minor(20.0) + int((hit.w.bought > 0).sum()) * hit.minor(1.0)
    assert mechanism.news[0] == 0.5
    silent = world("crisis", social__crisis__reach=1.0, **quiet)
    mechanism = silent.mechanism("crisis")
    mechanism.news[:] = 1.0
    mechanism.closing(silent)
    np.testing.assert_allclose(silent.w.goodwill, before + 0.3 * (-1.0 - before), rtol=1e-5)
    assert silent.costs.sum() == 0


def test_a_storm_breaks_out_once_complaints_pass_the_threshold_and_not_before() -> None:
    calm = world("crisis", social__crisis__threshold=1e5).run()
    stormy = world("crisis").run()
    assert calm.history.extra["crises"].sum() == 0
    assert stormy.history.extra["crises"].sum() > 0
    assert orders(stormy)[0] < orders(calm)[0]
    first = int(np.flatnonzero(stormy.history.extra["crises"][:, 0])[0])
    assert (stormy.history.extra["crisis_reach"][: first + 1] == 0).all()
    assert (stormy.history.extra["crisis_reach"][first + 1] > 0).any()


def test_opinion_leaders_are_the_hubs() -> None:
    friends = nx.star_graph(299)
    small = Scenario.from_dict(data("crisis")).with_overrides({"population.size": 300})
    assert 0 in opinion_leaders(World(small, graphs={"friends": friends}), 0.01, None)


def test_seeding_starts_talk_and_is_paid_for() -> None:
    sown = world("referral", brands__lumo__referral=None, brands__lumo__initial__awareness=0.0,
                 brands__lumo__seeding__rate=2.0).run()  # fmt: skip
    talk.holds(sown)
    seeded = int(sown.history.extra["seeded"].sum())
    assert 60 < seeded < 180  # two a day at most, no leader twice in thirty days
    assert int(sown.history.costs.sum()) == seeded * sown.minor(15.0 + 20.0)
    contact = sown.mechanism("talk_statistics")
    assert contact is not None
    told = (contact.columns["contact"][:, 0] == TALK).sum()
    assert told > 100


def test_talk_stays_in_the_segment_where_all_friends_are_alike() -> None:
    apart, mixed = (world("homophily", social__layers__friends__generator__homophily=h).run() for h in (1.0, 0.0))
    old = list(apart.population.segments).index("old")
    assert (apart.w.awareness[apart.population.segment == old] == 0.0).all()
    assert (mixed.w.awareness[mixed.population.segment == old] > 0.0).any()
    assert apart.history.extra["aware_by_talk"].sum() == 0


def test_leaders_are_heard_by_their_followers_and_by_nobody_else() -> None:
    alone = {f"social__layers__{layer}__strength": 0.0 for layer in ("friends", "acquaintances")}
    done = world("word_of_mouth", **alone, social__layers__followers__strength=1.0).run()
    graph = done.graphs["followers"]
    leaders = np.flatnonzero(np.diff(graph.indptr))
    assert graph.directed
    assert 20 < len(leaders) < 90  # about a twentieth of 1000
    assert 3.0 < graph.entries / graph.n <= 4.0  # who is drawn twice is followed once
    contact = done.mechanism("talk_statistics")
    assert contact is not None
    told = np.flatnonzero(contact.columns["contact"][:, 0] == TALK)
    assert len(told) > 50
    assert set(told.tolist()) <= set(graph.neighbours.tolist())


def test_ties_of_a_layer_differ_in_strength_around_its_mean() -> None:
    even, uneven = (world("word_of_mouth", social__layers__friends__strength_cv=cv).run() for cv in (0.0, 2.0))
    assert even.digest() != uneven.digest()
    talk.holds(uneven)


def test_replaying_its_own_messages_gives_the_same_world() -> None:
    told = world("referral", brands__lumo__seeding__rate=1.0)
    told.tape = Tape()
    tape = told.tape
    told.run()
    again = world("referral", brands__lumo__seeding__rate=1.0)
    again.script = Script(again, messages=tape.messages)
    assert again.run().digest() == told.digest()


def test_a_copied_world_goes_on_alike_and_alone() -> None:
    for name in ("reviews", "referral", "crisis"):
        one = world(name)
        one.run(20)
        two = one.copy()
        two.run()
        assert one.run().digest() == two.digest()


SIDES = ("reward", "welcome")
NULL = {
    "crisis": ({"social__crisis": None, "brands__lumo__crisis": None}, {"social__crisis__threshold": 1e5}),
    "referral": (
        {"brands__lumo__referral": None},
        {f"brands__lumo__referral__{x}": 0.0 for x in SIDES},
    ),
    "word_of_mouth": ({"brands__lumo__seeding": None}, {"brands__lumo__seeding__rate": 0.0}),
    "homophily": ({"social__statistics": None}, {}),
}


@pytest.mark.parametrize("name", NULL)
def test_without_strength_everything_is_as_without_the_key(name: str) -> None:
    off, null = (world(name, calendar__days=40, **overrides).run() for overrides in NULL[name])
    for column in ("awareness", "goodwill", "habit", "bought", "expectation"):
        assert (getattr(off.w, column) == getattr(null.w, column)).all(), column
    assert (orders(off) == orders(null)).all()


BAD = {
    "referral without talk": ("referral", ("social", "word_of_mouth"), None, "nobody sends any"),
    "layers missing": ("referral", ("social", "layers"), {}, "nobody knows anybody"),
    "storm without talk": ("crisis", ("social", "word_of_mouth"), None, "social.crisis: complaints are messages"),
    "unknown layer": ("referral", ("brands", "lumo", "seeding", "layer"), "freinds", "did you mean 'friends'?"),
    "answer to nothing": ("crisis", ("social", "crisis"), None, "brands.lumo.crisis: nothing becomes public"),
    "welcome above the price": (
        "referral",
        ("brands", "lumo", "referral", "welcome"),
        60.0,
        "more than the price of 50",
    ),
    "half a star": ("reviews", ("social", "reviews", "prior"), 0.5, "from 1 to 5"),
    "typing error": ("reviews", ("social", "reviews", "extremly"), 1.0, "did you mean 'extremity'?"),
}


@pytest.mark.parametrize("case", BAD)
def test_contradictions_are_told(case: str) -> None:
    name, path, value, words = BAD[case]
    broken = data(name)
    part = broken
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ScenarioError) as told:
        Scenario.from_dict(broken)
    assert words in str(told.value)
