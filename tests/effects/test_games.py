"""Games solved by hand, the axioms on random games, and a brute-force oracle over all orders of arrival."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agorasim.effects import games, sampling
from agorasim.errors import InputError

Array = np.ndarray


def game(worth, n: int) -> Array:
    """v as a column, from a function of the set of players."""
    return np.array([[float(worth({k for k in range(n) if s >> k & 1}))] for s in range(2**n)])


def by_all_orders(v: Array) -> Array:
    n = len(v).bit_length() - 1
    out = np.zeros((n, v.shape[1]))
    for order in permutations(range(n)):
        s = 0
        for i in order:
            out[i] += v[s | 1 << i] - v[s]
            s |= 1 << i
    return out / factorial(n)


random_games = st.integers(1, 5).flatmap(
    lambda n: arrays(float, (2**n, 3), elements=st.floats(-1e6, 1e6, allow_nan=False, width=32))
)


@pytest.mark.parametrize(
    ("worth", "n", "shapley", "interaction", "dividend_of_all"),
    [
        (lambda s: 3 * (0 in s) + 5 * (1 in s), 2, [3, 5], [0], 0),  # additive
        (lambda s: 8 * (s >= {0, 1}), 2, [4, 4], [8], 8),  # complements: nothing alone
        (lambda s: 6 * bool(s), 2, [3, 3], [-6], -6),  # substitutes: one is as good as two
        ({0: 0, 1: 4, 2: 2, 3: 10}, 2, [6, 4], [4], 4),
        # The glove game: player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1.
        (lambda s: 0 in s and len(s) > 1, 3, [2 / 3, 1 / 6, 1 / 6], [1 / 2, 1 / 2, -1 / 2], -1),
    ],
)
def test_games_solved_by_hand(worth, n, shapley, interaction, dividend_of_all):
    v = np.array([[float(worth[s])] for s in range(4)]) if isinstance(worth, dict) else game(worth, n)
    np.testing.assert_allclose(games.shapley(v)[:, 0], shapley, rtol=1e-12)
    np.testing.assert_allclose(games.shapley_interaction(v)[:, 0], interaction, rtol=1e-12, atol=1e-15)
    assert games.dividends(v)[-1, 0] == pytest.approx(dividend_of_all)


def test_pairwise_interactions_at_both_ends():
    # 0 and 1 help each other by 5, unless 2 is there, which takes their place.
    v = game(lambda s: 5 * (s >= {0, 1} and 2 not in s) + 7 * (2 in s), 3)
    assert games.pairs(3) == [(0, 1), (0, 2), (1, 2)]
    assert games.interaction_empty(v)[:, 0].tolist() == [5, 0, 0]
    assert games.interaction_full(v)[:, 0].tolist() == [0, -5, -5]
    assert games.incremental(v)[:, 0].tolist() == [0, 0, 2]
    assert games.gain(v)[0] == 7


def test_costs_that_only_add_up_interact_by_exactly_nothing():
    """Sums of decimals differ in their last bit; the same in every replicate, that would be an interaction for sure."""
    v = game(lambda s: 1e5 + sum(x for k, x in enumerate((-402.1, 99.7, 0.3, -1234.56)) if k in s), 4)
    second = (v[3] - v[2]) - (v[1] - v[0])
    assert 0.0 < abs(second[0]) < 1e-9
    for index in (games.shapley_interaction, games.interaction_empty, games.interaction_full):
        assert not index(v).any()
    several = np.bitwise_count(np.arange(16)) > 1
    assert not games.dividends(v)[several].any()


def test_coalitions_are_bit_masks_over_sorted_channels():
    channels = ["store", "search", "live"]
    assert games.coalitions(channels)[:4] == [(), ("live",), ("search",), ("live", "search")]
    assert games.coalition_index(["store", "live"], channels) == 0b101
    assert games.members(0b110, channels) == ("search", "store")
    assert games.pair_labels(channels) == ["live+search", "live+store", "search+store"]
    assert games.label(["b", "a"]) == "a+b"
    with pytest.raises(InputError, match="did you mean 'search'"):
        games.coalition_index(["serch"], channels)
    with pytest.raises(InputError, match="2\\*\\*n"):
        games.shapley(np.zeros((3, 2)))
    with pytest.raises(InputError, match="twice"):
        games.names_of(["a", "b", "a"])


@given(random_games)
@settings(max_examples=60, deadline=None)
def test_agrees_with_all_orders_of_arrival_and_sums_to_the_gain(v):
    n, scale = games.players(v), np.abs(v).max() + 1.0
    found = games.shapley(v)
    np.testing.assert_allclose(found, by_all_orders(v), rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(found.sum(axis=0), games.gain(v), rtol=0, atol=1e-12 * scale)
    dividends = games.dividends(v)
    sets = np.arange(2**n)
    # Moebius inversion, and the Shapley value and interaction index as shares of dividends.
    inside = (sets[:, None] & sets[None, :]) == sets[None, :]
    np.testing.assert_allclose(inside @ dividends, v, rtol=0, atol=1e-11 * scale)
    size = np.maximum(np.bitwise_count(sets), 1).astype(float)
    share = np.array([((sets >> i & 1) / size) @ dividends for i in range(n)])
    np.testing.assert_allclose(found, share, rtol=0, atol=1e-11 * scale)
    pairs = [((sets >> i & sets >> j & 1) / np.maximum(size - 1, 1)) @ dividends for i, j in games.pairs(n)]
    if pairs:
        np.testing.assert_allclose(games.shapley_interaction(v), pairs, rtol=0, atol=1e-11 * scale)


@given(random_games, st.data())
@settings(max_examples=40, deadline=None)
def test_a_channel_that_changes_nothing_gets_exactly_nothing(v, data):
    n = games.players(v)
    at = data.draw(st.integers(0, n))
    every = np.arange(2 ** (n + 1))
    with_dummy = v[(every >> (at + 1)) << at | every & (2**at - 1)]
    found = games.shapley(with_dummy)
    assert (found[at] == 0.0).all()
    others = np.delete(found, at, axis=0)
    np.testing.assert_allclose(others, games.shapley(v), rtol=0, atol=1e-12 * (np.abs(v).max() + 1))
    for index in (games.shapley_interaction, games.interaction_empty, games.interaction_full):
        values = index(with_dummy)
        assert all((values[k] == 0.0).all() for k, pair in enumerate(games.pairs(n + 1)) if at in pair)
    assert (games.dividends(with_dummy)[every >> at & 1 == 1] == 0.0).all()
    plan = sampling.orders_of(n + 1, 0)
    sampled = sampling.sampled_shapley(plan, with_dummy[plan.coalitions].T)
    assert (sampled[:, at] == 0.0).all()


@given(st.integers(2, 5).flatmap(lambda n: arrays(float, (2, 2**n, 2), elements=st.floats(-100, 100, width=32))))
@settings(max_examples=40, deadline=None)
def test_symmetry_and_additivity(both):
    v, w = both
    every = np.arange(len(v))
    low, high = every & 1, every >> 1 & 1
    swapped = every & ~3 | low << 1 | high
    renamed = games.shapley(v[swapped])
    np.testing.assert_allclose(renamed[[1, 0]], games.shapley(v)[:2], atol=1e-11)
    equal = games.shapley(v + v[swapped])
    np.testing.assert_allclose(equal[0], equal[1], atol=1e-11)
    np.testing.assert_allclose(games.shapley(v + 2 * w), games.shapley(v) + 2 * games.shapley(w), atol=1e-10)


def test_leading_axes_and_replicates_are_independent():
    v = np.random.default_rng(3).normal(size=(2, 3, 16, 5))
    for index in (games.shapley, games.shapley_interaction, games.dividends, games.interaction_full, games.incremental):
        np.testing.assert_array_equal(index(v)[1, 2, :, 3:4], index(v[1, 2, :, 3:4]))


# --- sampled orders -------------------------------------------------------------------------------------------------


def test_sampled_orders_are_unbiased_efficient_and_add_their_error_to_the_interval():
    n, replicates = 5, 800
    rng = np.random.default_rng(0)
    base = rng.normal(size=2**n) * 3.0
    truth = games.shapley(base[:, None])[:, 0]
    observed = np.empty((n, 2, replicates))
    for r in range(replicates):
        plan = sampling.orders_of(n, r)
        assert len(plan.coalitions) <= sampling.worlds_per_replicate(n)
        v = base + rng.normal(size=2**n)
        observed[:, :, r] = sampling.sampled_shapley(plan, v[plan.coalitions])
        assert observed[:, :, r].mean(axis=1).sum() == pytest.approx(v[-1] - v[0], abs=1e-12)
    means = observed.mean(axis=1)
    error = means.std(axis=1, ddof=1) / np.sqrt(replicates)
    assert (np.abs(means.mean(axis=1) - truth) < 4.0 * error).all()
    share = sampling.sampling_share(observed)
    assert (share > 0.5).all() and (share <= 1.0).all()
    # Worlds alone: no order matters in an additive game.
    assert sampling.sampling_share(np.repeat(observed[:, :1], 2, axis=1)).tolist() == [0.0] * n


def test_orders_depend_on_their_replicate_alone_and_are_refused_in_words():
    plan = sampling.orders_of(12, 7, orders=6)
    np.testing.assert_array_equal(plan.orders, sampling.orders_of(12, 7, orders=6).orders)
    np.testing.assert_array_equal(plan.orders[:2], sampling.orders_of(12, 7, orders=2).orders)
    np.testing.assert_array_equal(plan.orders[1::2], plan.orders[::2, ::-1])
    assert plan.coalitions[0] == 0 and plan.coalitions[-1] == 2**12 - 1
    assert (plan.orders != sampling.orders_of(12, 8, orders=6).orders).any()
    with pytest.raises(InputError, match="even number"):
        sampling.orders_of(12, 0, orders=3)
    with pytest.raises(InputError, match="worlds"):
        sampling.sampled_shapley(plan, np.zeros(3))
