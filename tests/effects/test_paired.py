"""Differences, ratios, families of intervals and the split by word of mouth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from agorasim.effects import games, paired, simultaneous, split
from agorasim.effects.intervals import mean_interval


def test_paired_interval_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(1)
    off = rng.normal(100, 20, 24)
    on = off + rng.normal(3, 2, 24)
    found = paired.paired_interval(on, off, 0.9)
    expected = stats.ttest_rel(on, off).confidence_interval(0.9)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert paired.variance_reduction(on, off) == pytest.approx((on.var() + off.var()) / (on - off).var())


def test_identical_worlds_differ_by_exactly_nothing():
    y = np.random.default_rng(2).normal(1e6, 1e3, (3, 20))
    found = paired.paired_interval(y, y)
    assert (np.stack(found[:3]) == 0.0).all()
    assert np.isinf(paired.variance_reduction(y, y)).all()
    assert np.isinf(paired.variance_reduction(y + 1234.56, y)).all()  # up to rounding
    assert np.isnan(paired.variance_reduction(np.ones(5), np.ones(5)))
    assert np.isnan(paired.variance_reduction([1.0, np.nan], [1.0, 2.0]))


def test_fieller_limits_are_the_ratios_that_a_t_test_does_not_refuse():
    rng = np.random.default_rng(3)
    top, bottom = rng.normal(5, 3, 30), rng.normal(10, 4, 30)
    found = paired.ratio_interval(top, bottom)
    assert found.estimate == pytest.approx(top.mean() / bottom.mean())
    for limit in (found.low, found.high):
        assert stats.ttest_1samp(top - limit * bottom, 0.0).pvalue == pytest.approx(0.05, rel=1e-9)


def test_fieller_without_noise_below_is_the_interval_above_divided():
    top = np.random.default_rng(4).normal(5, 3, 30)
    found, plain = paired.ratio_interval(top, np.full(30, -4.0)), mean_interval(top)
    assert found.low == pytest.approx(plain.high / -4.0)
    assert found.high == pytest.approx(plain.low / -4.0)
    exact = paired.ratio_interval(np.full(5, 3.0), np.full(5, 7.0))
    assert exact.low == exact.estimate == exact.high


def test_fieller_says_when_a_ratio_cannot_be_pinned_down():
    rng = np.random.default_rng(5)
    top, unclear = rng.normal(5, 1, 20), rng.normal(0, 1, 20)
    unclear += 0.3 - unclear.mean()  # its own interval covers zero
    found = paired.ratio_interval(np.stack([top, top]), np.stack([unclear, np.zeros(20)]))
    assert np.isfinite(found.estimate[0])
    assert (found.low[0], found.high[0]) == (-np.inf, np.inf)
    assert np.isnan([found.estimate[1], found.low[1], found.high[1]]).all()
    one = paired.ratio_interval([3.0], [2.0])
    assert one.estimate == 1.5 and np.isnan(one.low)


def test_fieller_covers():
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(2, 8000, 20))
    found = paired.ratio_interval(2 + noise[0], 1.5 + 0.6 * noise[0] + noise[1])
    covered = ((found.low <= 2 / 1.5) & (found.high >= 2 / 1.5)).mean()
    assert covered == pytest.approx(0.95, abs=0.008)


def test_money_words_from_numbers_worked_by_hand():
    spend, revenue = np.array([100.0, 100.0]), np.array([300.0, 500.0])
    assert paired.roas(revenue + 50, np.full(2, 50.0), spend, np.zeros(2)).estimate == 4.0
    # 400 of revenue at a margin of one half brings 200, of which 100 pay for the media.
    assert paired.roi(revenue / 2 - spend, np.zeros(2), spend, np.zeros(2)).estimate == 1.0
    # Ten per cent more budget (from 0.9 to 1.1 times) for two per cent more orders.
    assert paired.elasticity([102.0, 102.0], [98.0, 98.0], [100.0, 100.0], 0.2).estimate == pytest.approx(0.2)


def test_linearised_ratio_has_the_ratio_as_mean_and_its_first_order_spread():
    rng = np.random.default_rng(7)
    top, bottom = rng.normal(5, 0.5, 400), rng.normal(10, 0.4, 400)
    plain, fieller = mean_interval(paired.linearised(top, bottom)), paired.ratio_interval(top, bottom)
    assert plain.estimate == pytest.approx(float(fieller.estimate))
    assert plain.high - plain.low == pytest.approx(float(fieller.high - fieller.low), rel=1e-3)


# --- families -------------------------------------------------------------------------------------------------------


def family(rho: float, members: int, n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    common = rng.normal(size=(size, 1, n))
    return np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(size, members, n))


@pytest.mark.parametrize(("rho", "members", "n"), [(0.4, 6, 20), (0.5, 20, 60)])
def test_simultaneous_intervals_hold_all_at_once(rho, members, n, monkeypatch):
    monkeypatch.setattr(simultaneous, "_DRAWS", 600)
    held = 0
    data = family(rho, members, n, 250, np.random.default_rng(8))
    for sample in data:
        found = simultaneous.simultaneous_intervals(sample)
        held += bool(((found.low <= 0) & (found.high >= 0)).all())
    assert held / len(data) == pytest.approx(0.95, abs=0.042)


def test_critical_value_lies_between_one_and_many():
    rng = np.random.default_rng(9)
    one = rng.normal(size=(1, 20))
    single = simultaneous.sidak(1, 19, 0.95)
    assert single == pytest.approx(stats.t.ppf(0.975, 19))
    assert simultaneous.critical_value(one) == pytest.approx(single)
    # Copies of one estimate, in any units, are one estimate; certain members and mirror images change nothing.
    copies = np.concatenate([one, 5 * one - 3, -one, np.full((1, 20), 2.0)])
    assert simultaneous.critical_value(copies) == pytest.approx(single, abs=0.03)
    many = rng.normal(size=(40, 20))
    found = simultaneous.critical_value(many)
    assert single < found <= simultaneous.sidak(40, 19, 0.95)
    assert found == simultaneous.critical_value(many)
    many[3, 4] = np.nan
    assert simultaneous.critical_value(many) == simultaneous.sidak(40, 18, 0.95)
    still = simultaneous.simultaneous_intervals(np.full((2, 20), 3.0))
    assert still.low.tolist() == still.high.tolist() == [3.0, 3.0]


# --- direct and carried ---------------------------------------------------------------------------------------------


def test_split_by_hand():
    # One buyer in the world without, three with; with the messages of the world without, two: one was talked into it.
    found = split.split([3.0], [1.0], [2.0])
    assert (found.total, found.direct, found.carried) == (2.0, 1.0, 1.0)


def test_without_word_of_mouth_nothing_is_carried():
    v = np.random.default_rng(10).normal(size=(8, 5))
    for found in (split.split_shapley(v, v), split.split_gain(v, v), split.split(v[7], v[0], v[7])):
        assert (found.carried == 0.0).all()
        np.testing.assert_array_equal(found.total, found.direct)
    w = v * 0.5
    found = split.split_shapley(v, w)
    np.testing.assert_allclose(found.direct, games.shapley(v) / 2)
    np.testing.assert_allclose((found.direct + found.carried).sum(axis=0), games.gain(v))
