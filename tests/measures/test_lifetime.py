"""The estimators of lifetimes against published figures and against their own models' exact limits."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from agorasim.measures.lifetime import (
    BGNBD,
    SBG,
    GammaGamma,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_sbg,
    lifetime_value,
    retention_by_tenure,
    survivors,
)

PUBLISHED = BGNBD(0.243, 4.414, 0.793, 2.426)


def test_bg_nbd_gives_the_published_estimates_on_cdnow(data_folder: Path) -> None:
    with (data_folder / "cdnow" / "cdnow_customers_summary.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frequency, recency, age = ([float(row[name]) for row in rows] for name in ("frequency", "recency", "T"))
    found = fit_bg_nbd(frequency, recency, age)
    # Fader, Hardie & Lee (2005), table 2.
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1.5e-3)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.1)
    # Their worked example: two repeat purchases, the last 30.43 of 38.86 weeks after the first.
    assert found.expected(39.0, [2.0], [30.43], [38.86])[0] == pytest.approx(1.226, abs=2e-3)


def test_gamma_gamma_gives_the_published_estimates_on_cdnow(data_folder: Path) -> None:
    spent: dict[str, dict[str, float]] = {}
    for line in (data_folder / "cdnow" / "CDNOW_sample.txt").read_text(encoding="utf-8").splitlines():
        _, customer, day, _, value = line.split()
        days = spent.setdefault(customer, {})
        days[day] = days.get(day, 0.0) + float(value)
    repeats = [[money for day, money in sorted(days.items()) if day <= "19970930"][1:] for days in spent.values()]
    repeats = [money for money in repeats if money]
    found = fit_gamma_gamma([len(money) for money in repeats], [float(np.mean(money)) for money in repeats])
    assert len(repeats) == 946
    assert (found.p, found.q, found.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)  # Fader & Hardie (2013)


def test_sbg_gives_the_published_estimates() -> None:
    # Fader & Hardie (2007), years 0 to 7 of two segments.
    high = fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    regular = fit_sbg([1000, 631, 468, 382, 326, 289, 262, 241])
    assert (high.a, high.b) == pytest.approx((0.668, 3.806), abs=1e-3)
    assert (regular.a, regular.b) == pytest.approx((0.704, 1.182), abs=1e-3)
    assert regular.survival(7)[-1] == pytest.approx(0.241, abs=0.01)


def test_limits_of_the_models() -> None:
    retention = SBG(0.7, 1.2).retention(30)
    assert (np.diff(retention) > 0).all()  # heterogeneity alone makes retention rise
    survival = SBG(0.7, 1.2).survival(30)
    assert survival[1:] / survival[:-1] == pytest.approx(retention)
    # Everybody alike: a constant hazard 0.2, whose value is a geometric series.
    alike = SBG(2e5, 8e5)
    assert alike.lifetime_value(10.0, 0.25) == pytest.approx(10.0 / (1.0 - 0.8 / 1.25), rel=1e-3)
    # Nobody defects: the BG/NBD is the NBD, whose mean is r t / alpha.
    loyal = BGNBD(0.5, 5.0, 1e-6, 1.0)
    assert loyal.expected_so_far(40.0) == pytest.approx(0.5 * 40.0 / 5.0, rel=1e-4)
    assert loyal.alive([3.0], [10.0], [40.0])[0] == pytest.approx(1.0, abs=1e-3)
    # The longer since the last purchase, the less probably there; without a repeat purchase nobody has left.
    there = PUBLISHED.alive([5.0, 5.0, 5.0, 0.0], [38.0, 20.0, 5.0, 0.0], [38.86] * 4)
    assert there[0] > there[1] > there[2] and there[3] == 1.0
    # One purchase says little, a thousand say all.
    money = GammaGamma(6.25, 3.74, 15.44)
    crowd = 6.25 * 15.44 / 2.74
    assert money.expected([1000.0], [80.0])[0] == pytest.approx(80.0, rel=0.01)
    assert min(crowd, 80.0) < money.expected([1.0], [80.0])[0] < max(crowd, 80.0)


def test_value_is_the_discounted_sum_of_what_is_expected() -> None:
    customer = ([2.0], [30.43], [38.86])
    flat = lifetime_value(PUBLISHED, *customer, 10.0, periods=39, discount=0.0)
    assert flat == pytest.approx(10.0 * PUBLISHED.expected(39.0, *customer))
    assert lifetime_value(PUBLISHED, *customer, 10.0, periods=39, discount=0.01) < flat


def test_bg_nbd_finds_what_made_simulated_customers() -> None:
    rng = np.random.default_rng(5)
    rate, defect = rng.gamma(0.8, 1.0 / 6.0, 1500), rng.beta(0.9, 2.5, 1500)
    frequency, recency = np.zeros(1500), np.zeros(1500)
    for i in range(1500):
        now = 0.0
        while (now := now + rng.exponential(1.0 / rate[i])) < 52.0:
            frequency[i] += 1
            recency[i] = now
            if rng.random() < defect[i]:
                break
    found = fit_bg_nbd(frequency, recency, np.full(1500, 52.0))
    assert found.expected_so_far(52.0) == pytest.approx(BGNBD(0.8, 6.0, 0.9, 2.5).expected_so_far(52.0), rel=0.12)
    assert found.r / found.alpha == pytest.approx(0.8 / 6.0, rel=0.3)


def test_retention_from_lifetimes_that_were_cut_off() -> None:
    rng = np.random.default_rng(3)
    defect = rng.beta(1.0, 3.0, 20_000)
    lived = rng.geometric(defect) - 0.5
    watched = rng.uniform(2.0, 8.0, 20_000)
    tenure, ended = np.minimum(lived, watched), (lived <= watched).astype(float)
    rows = retention_by_tenure(tenure, ended, 1.0, 5)
    assert [row["retention"] for row in rows] == pytest.approx(list(SBG(1.0, 3.0).retention(5)), abs=0.02)
    assert survivors(tenure, ended, 1.0, 5) == pytest.approx(1000.0 * SBG(1.0, 3.0).survival(5), rel=0.03)


def test_customers_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="recency must not exceed age"):
        fit_bg_nbd([1.0], [5.0], [4.0])
    with pytest.raises(ValueError, match="never rise"):
        fit_sbg([100, 90, 95])
    with pytest.raises(ValueError, match="frequency must be one finite number"):
        fit_gamma_gamma([-1.0], [5.0])
    with pytest.raises(ValueError, match="same length"):
        fit_bg_nbd([1.0, 2.0], [1.0], [4.0])
