"""Reported figures are noisy without bias, each figure in its own way, and the same whenever one looks."""

from __future__ import annotations

import numpy as np
import pytest

from agorasim.brands.reporting import reported
from agorasim.randomness import stream

NOW = stream(11, replicate=2)


def test_noise_has_mean_one_and_the_given_coefficient_of_variation() -> None:
    days = 40_000
    noise = reported(np.ones(days), 0.3, NOW, brand=1, subject=2)
    assert noise.mean() == pytest.approx(1.0, abs=4 * 0.3 / days**0.5)
    assert noise.std() == pytest.approx(0.3, rel=0.03)
    # Lognormal: the logarithm is symmetric.
    logs = np.log(noise)
    assert abs(((logs - logs.mean()) ** 3).mean() / logs.std() ** 3) < 0.05
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 4 / days**0.5


def test_no_noise_is_an_identical_copy_and_nothing_stays_nothing() -> None:
    true = np.array([3.0, 0.0, 7.5])
    copy = reported(true, 0.0, NOW, brand=1)
    assert copy.tobytes() == true.tobytes() and copy is not true
    assert reported(true, 0.5, NOW, brand=1)[1] == 0.0
    assert reported(np.zeros(0), 0.5, NOW, brand=1).shape == (0,)


def test_a_report_does_not_change_when_it_grows_or_is_read_in_parts() -> None:
    true = np.arange(1.0, 51.0)
    whole = reported(true, 0.2, NOW, brand=1, subject=9, figure=2)
    part = reported(true[20:30], 0.2, stream(11, 2, day=7), brand=1, subject=9, figure=2, first_day=20)
    assert whole[20:30].tobytes() == part.tobytes()
    assert int(NOW["day"][0]) == 0, "the caller's stream is left as it was"


def test_every_figure_has_noise_of_its_own() -> None:
    ones = np.ones(5)
    ways = [{"brand": 1}, {"brand": 2}, {"brand": 1, "subject": 2}, *({"brand": 1, "figure": f} for f in (1, 2, 3))]
    seen = [reported(ones, 0.2, NOW, **way) for way in ways] + [reported(ones, 0.2, stream(11), brand=1)]
    assert len(set(np.concatenate(seen))) == 5 * len(seen)


@pytest.mark.parametrize(("cv", "figure", "shape"), [(-0.1, 0, 3), (float("nan"), 0, 3), (0.1, 4, 3), (0.1, 0, (2, 2))])
def test_wrong_calls_are_refused(cv: float, figure: int, shape: object) -> None:
    with pytest.raises(ValueError):
        reported(np.ones(shape), cv, NOW, brand=1, figure=figure)  # type: ignore[call-overload]
