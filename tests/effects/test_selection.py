"""The contest between arms; its probability of being right is measured by experiments/interval_coverage.py."""

from __future__ import annotations

import numpy as np
import pytest

from agorasim.effects.selection import Contest, select
from agorasim.errors import InputError


def arms(means, sd: float, rho: float, n: int, size: int = 1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    k = len(means)
    noise = np.sqrt(rho) * rng.normal(size=(size, 1, n)) + np.sqrt(1 - rho) * rng.normal(size=(size, k, n))
    return np.asarray(means, dtype=float)[:, None] + sd * noise


@pytest.mark.parametrize("batch", [1, 10])
def test_is_right_as_often_as_it_says_in_the_least_favourable_configuration(batch):
    data = arms([-1, -1, 0, -1], 2.5, 0.3, 300, size=800)
    found = select(Contest(delta=1.0, confidence=0.9, batch=batch), data)
    assert found.decided.all()
    assert (found.best == 2).mean() >= 0.9
    assert (found.pairs >= 20).all() and (found.pairs <= found.at_most).all()


def test_shared_draws_decide_sooner():
    contest = Contest(delta=0.5)
    apart, together = (select(contest, arms([0, -0.5, -0.5], 2, rho, 1000, size=50)) for rho in (0.0, 0.9))
    assert together.pairs.mean() < apart.pairs.mean() / 3


def test_replaying_the_replicates_gives_the_same_course_and_fallen_arms_are_not_looked_at():
    contest = Contest(delta=0.5, batch=5)
    data = arms([0, -0.4, -3], 2, 0.0, 600, seed=1)[0]
    whole = select(contest, data)
    assert whole.decided and whole.fell_after[2] == 20 and not whole.alive[2]
    emptied = data.copy()
    for arm in range(3):
        if whole.fell_after[arm]:
            emptied[arm, whole.fell_after[arm] :] = np.nan
    emptied[:, int(whole.pairs) :] = np.nan
    again = select(contest, emptied)
    assert (again.best, again.pairs) == (whole.best, whole.pairs)
    part = select(contest, data[:, : int(whole.pairs) - 5])
    assert not part.decided and part.at_most >= whole.pairs
    with pytest.raises(InputError, match="still in the contest"):
        select(contest, np.where(np.arange(600) == 30, np.nan, data))


def test_smaller_can_be_better_and_equal_arms_end():
    data = arms([0, -2], 1, 0.0, 200)[0]
    assert select(Contest(delta=1.0, maximise=False), data).best == 1
    twins = np.repeat(data[:1], 2, axis=0)
    found = select(Contest(delta=1.0), twins)
    assert found.decided and found.best == 0 and found.pairs == 20


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: Contest(delta=0.0), "above 0"),
        (lambda: Contest(delta=1.0, confidence=1.5), "between 0 and 1"),
        (lambda: select(Contest(delta=1.0), np.zeros((1, 30))), "two arms"),
        (lambda: select(Contest(delta=1.0), np.zeros((2, 10))), "20 replicates"),
        (lambda: select(Contest(delta=1.0), np.full((2, 30), np.nan)), "undefined"),
    ],
)
def test_impossible_contests_are_refused(act, says):
    with pytest.raises(InputError, match=says):
        act()
