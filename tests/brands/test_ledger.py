"""Money is exact: nothing is lost in rounding, splitting or adding up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agorasim.brands.ledger import MOST, Ledger, apportion, from_minor, to_minor

UNITS = st.sampled_from([1, 10, 100, 1000])


@given(minor=st.integers(-MOST, MOST), units=UNITS)
def test_minor_units_survive_the_way_to_a_float_and_back(minor: int, units: int) -> None:
    assert to_minor(from_minor(minor, units), units) == minor


def test_amounts_round_as_written_and_ties_go_to_even() -> None:
    assert [to_minor(x) for x in (0.29, 1.005, 1.015, 2.675, -1.005, 0.1 + 0.2)] == [29, 100, 102, 268, -100, 30]
    assert to_minor(2.5, 1) == 2 and to_minor(np.float64(3.5), 1) == 4
    for wrong in (math.nan, math.inf, 1e300):
        with pytest.raises(ValueError, match="amount of money"):
            to_minor(wrong)


@given(
    total=st.integers(-(10**12), 10**12),
    weights=st.lists(st.floats(0, 1e9), min_size=1, max_size=8).filter(lambda w: sum(w) > 0),
)
def test_shares_sum_to_the_total_and_stay_within_a_unit_of_their_quota(total: int, weights: list[float]) -> None:
    shares = apportion(total, weights)
    assert shares.dtype == np.int64 and int(shares.sum()) == total
    quotas = np.array(weights) / math.fsum(weights) * total
    assert np.all(np.abs(shares - quotas) <= 1.0 + 1e-9 * abs(total))
    assert not shares[np.array(weights) == 0.0].any()
    # One more taker with nothing to claim moves nobody.
    assert np.array_equal(apportion(total, [*weights, 0.0])[:-1], shares)
    assert np.array_equal(apportion(-total, weights), -shares)


def test_what_cannot_be_split_is_refused() -> None:
    assert apportion(0, [0.0, 0.0]).tolist() == [0, 0] and apportion(0, []).tolist() == []
    assert apportion(10, [1, 1, 1]).tolist() == [4, 3, 3]
    for total, weights in ((1, []), (1, [0.0]), (1, [-1.0, 2.0]), (1, [math.nan])):
        with pytest.raises(ValueError, match="weight"):
            apportion(total, weights)


@given(st.lists(st.tuples(*[st.integers(0, 10**9)] * 6), min_size=1, max_size=5))
def test_profit_ties_to_the_books(entries: list[tuple[int, ...]]) -> None:
    names = ["revenue", "cost_of_goods", "fulfilment", "commission", "spend", "fixed"]
    books = Ledger.empty(3)
    for i, entry in enumerate(entries):
        books.book(i % 3, **dict(zip(names, entry, strict=True)))
    signs = np.array([1, -1, -1, -1, -1, -1])
    assert int(books.profit().sum()) == int((np.array(entries) * signs).sum())
    assert np.array_equal(books.contribution() - books.profit(), books.spend + books.fixed)
    with pytest.raises(KeyError, match="no account 'rent'"):
        books.book(0, rent=1)
    with pytest.raises(ValueError, match="int64 of shape"):
        Ledger(*(np.zeros(2) for _ in names))  # type: ignore[arg-type]
