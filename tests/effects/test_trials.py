"""Tests that a practitioner would run, against textbook formulas and a world with known interference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from agorasim.effects import trials
from agorasim.errors import InputError


def test_persons_as_units_give_welch():
    rng = np.random.default_rng(0)
    y, treated = rng.normal(1, 2, (60, 3)), rng.random((60, 3)) < 0.4
    y = y + treated * rng.normal(0.5, 3, (60, 3))
    found = trials.difference_in_means(y, treated)
    for r in range(3):
        test = stats.ttest_ind(y[treated[:, r], r], y[~treated[:, r], r], equal_var=False)
        interval = test.confidence_interval()
        assert found.estimate[r] == pytest.approx(y[treated[:, r], r].mean() - y[~treated[:, r], r].mean())
        assert (found.low[r], found.high[r]) == (pytest.approx(interval.low), pytest.approx(interval.high))
        assert found.df[r] == pytest.approx(test.df)


def test_clusters_cover_where_persons_do_not():
    rng = np.random.default_rng(1)
    clusters, size, runs = 40, 25, 1500
    common = rng.normal(0, 1, (clusters, runs))
    treated = rng.permuted(np.repeat([True, False], clusters // 2)[:, None].repeat(runs, 1), axis=0)
    persons = common[:, None] + rng.normal(0, 1, (clusters, size, runs)) + 0.3 * treated[:, None]
    truth = np.full(runs, 0.3)
    by_cluster = trials.difference_in_means(persons.sum(axis=1), treated, size)
    by_person = trials.difference_in_means(persons.reshape(-1, runs), np.repeat(treated, size, axis=0))
    np.testing.assert_allclose(by_cluster.estimate, by_person.estimate)
    assert trials.against_truth(by_cluster, truth).coverage == pytest.approx(0.95, abs=0.025)
    assert trials.against_truth(by_person, truth).coverage < 0.6


def test_bias_of_an_experiment_whose_treatment_spills_over():
    # Everybody gains 1 when treated and half the treated share of the population besides.
    rng = np.random.default_rng(2)
    persons, runs = 400, 200
    treated = rng.random((persons, runs)) < 0.5
    noise = rng.normal(size=(persons, runs))
    y = noise + treated + 0.5 * treated.mean(axis=0)
    truth = (noise + 1.5).mean(axis=0) - noise.mean(axis=0)
    found = trials.against_truth(trials.difference_in_means(y, treated), truth)
    assert found.truth.estimate == pytest.approx(1.5)
    assert found.bias.low < -0.5 < found.bias.high and found.bias.high < -0.4
    assert found.coverage < 0.05


def test_difference_in_differences_removes_what_regions_always_had():
    rng = np.random.default_rng(3)
    level, people = rng.normal(100, 40, (12, 50)), rng.integers(100, 900, (12, 1))
    treated = np.arange(12)[:, None] < 5
    before = people * level
    after = people * (level + 3.0 + 2.0 * treated)
    found = trials.difference_in_differences(before, after, treated, people)
    np.testing.assert_allclose(found.estimate, 2.0)
    np.testing.assert_allclose(found.error, 0.0, atol=1e-9)
    assert (trials.difference_in_means(after, treated, people).error > 1.0).all()


def test_one_armed_experiments_are_refused_and_lone_units_have_no_interval():
    y = np.arange(6.0)[:, None]
    with pytest.raises(InputError, match="treated and untreated"):
        trials.difference_in_means(y, np.ones((6, 1), dtype=bool))
    lone = trials.difference_in_means(y, np.arange(6)[:, None] == 0)
    assert np.isnan([lone.error[0], lone.low[0]]).all() and lone.estimate[0] == -3.0


def test_share_intervals_stay_within_bounds_and_cover():
    """Wilson's interval, against SciPy's and against chance."""
    found = trials.share_interval([0, 5, 10, 0], [10, 10, 10, 0])
    for k, hits in enumerate((0, 5, 10)):
        test = stats.binomtest(hits, 10).proportion_ci(0.95, method="wilson")
        np.testing.assert_allclose([found.low[k], found.high[k]], [test.low, test.high], atol=1e-12)
    assert np.isnan([found.estimate[3], found.low[3], found.high[3]]).all()
    many = trials.share_interval(np.random.default_rng(3).binomial(60, 0.9, 20_000), 60)
    assert np.mean((many.low <= 0.9) & (many.high >= 0.9)) > 0.94
