"""Reported figures are noisy without bias, each figure in its own way, and the same whenever one looks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agorasim.brands.reporting import reported
from agorasim.randomness import stream

NOW = stream(11, replicate=2)


def ids(count: int) -> NDArray[np.uint32]:
    return np.arange(count, dtype=np.uint32)


def test_noise_has_mean_one_and_the_given_coefficient_of_variation() -> None:
    count = 10_000
    noise = reported(np.ones((count, 4)), 0.3, NOW, brand=1, subjects=ids(count), day=3).reshape(-1)
    assert noise.mean() == pytest.approx(1.0, abs=4 * 0.3 / len(noise) ** 0.5)
    assert noise.std() == pytest.approx(0.3, rel=0.03)
    # Lognormal: the logarithm is symmetric.
    logs = np.log(noise)
    assert abs(((logs - logs.mean()) ** 3).mean() / logs.std() ** 3) < 0.05
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 4 / len(noise) ** 0.5


def test_no_noise_is_an_identical_copy_and_nothing_stays_nothing() -> None:
    true = np.array([[3.0, 0.0, 7.5, 1.0]])
    copy = reported(true, 0.0, NOW, brand=1, subjects=ids(1), day=0)
    assert copy.tobytes() == true.tobytes() and copy is not true
    assert reported(true, 0.5, NOW, brand=1, subjects=ids(1), day=0)[0, 1] == 0.0


def test_a_figure_reads_the_same_whatever_else_is_reported() -> None:
    ones = np.ones((3, 4))
    whole = reported(ones, 0.2, NOW, brand=1, subjects=ids(3), day=20)
    alone = reported(ones[:1], 0.2, stream(11, 2, day=7), brand=1, subjects=np.array([2], dtype=np.uint32), day=20)
    assert whole[2].tobytes() == alone[0].tobytes()
    assert int(NOW["day"][0]) == 0, "the caller's stream is left as it was"


def test_every_figure_has_noise_of_its_own() -> None:
    ones = np.ones((2, 4))
    seen = [reported(ones, 0.2, NOW, brand=b, subjects=ids(2), day=d) for b in (1, 2) for d in (0, 1)]
    seen.append(reported(ones, 0.2, stream(11), brand=1, subjects=ids(2), day=0))
    assert len(set(np.concatenate(seen).reshape(-1))) == 8 * len(seen)


@pytest.mark.parametrize(("cv", "shape"), [(-0.1, (3, 4)), (float("nan"), (3, 4)), (0.1, (3, 3)), (0.1, (2, 4))])
def test_wrong_calls_are_refused(cv: float, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        reported(np.ones(shape), cv, NOW, brand=1, subjects=ids(3), day=0)
