import numpy as np
import pytest

from agorasim.effects import mean_interval
from agorasim.errors import InputError


def test_agrees_with_the_textbook():
    # t(4, 0.975) = 2.7764451; mean 3, s = sqrt(2.5)
    found = mean_interval([[1.0, 2.0, 3.0, 4.0, 5.0]], 0.95)
    half = 2.7764451051977987 * np.sqrt(2.5) / np.sqrt(5)
    assert found.estimate[0] == 3.0
    assert found.low[0] == pytest.approx(3 - half, rel=1e-12)
    assert found.high[0] == pytest.approx(3 + half, rel=1e-12)
    assert found.n[0] == 5


def test_undefined_replications_are_left_out():
    found = mean_interval([[1.0, np.nan, 3.0], [np.nan, np.nan, 7.0], [np.nan] * 3])
    assert found.n.tolist() == [2, 1, 0]
    np.testing.assert_array_equal(found.estimate, [2.0, 7.0, np.nan])
    assert np.isnan(found.low[1:]).all() and np.isnan(found.high[1:]).all()
    assert found.low[0] == mean_interval([1.0, 3.0]).low


def test_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = mean_interval(rng.normal(2.0, 3.0, size=(20_000, 5)), 0.9)
    covered = np.mean((found.low <= 2.0) & (found.high >= 2.0))
    assert covered == pytest.approx(0.9, abs=0.008)


def test_refuses_an_impossible_level():
    with pytest.raises(InputError, match="between 0 and 1"):
        mean_interval([1.0], 95)
