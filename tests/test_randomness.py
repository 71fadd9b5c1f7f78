"""The generator against published answers, its draws against statistics, its inversions against SciPy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from agorasim import randomness as rnd
from agorasim.errors import InputError

N = 100_000


# --- the generator --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], words: tuple[int, ...]) -> None:
    """Philox4x32-10 of Random123's known-answer file."""
    assert tuple(int(w) for w in rnd.philox(*counter, *key)) == words


def test_the_address_is_as_documented() -> None:
    """Counter: consumer, entity, replicate, day x 256 + purpose; key: the seed's two halves."""
    now = rnd.stream(seed=(7 << 32) | 5, replicate=3, day=41)
    words = rnd.philox(11, 13, 3, 41 * 256 + rnd.CLICK, 5, 7)
    assert rnd.block(now, rnd.CLICK, 11, 13) == tuple((int(w) + 0.5) / 2**32 for w in words)


def test_uniforms_never_reach_their_ends() -> None:
    assert 0.0 < rnd.to_uniform(0) < rnd.to_uniform(2**32 - 1) < 1.0


@pytest.mark.parametrize("chunk", [0, 1, 39])
def test_a_wide_pass_draws_what_single_draws_do(chunk: int) -> None:
    now = rnd.stream(9, 2, 17)
    out = np.empty(rnd.CHUNK)
    rnd.fill(now, rnd.NEED, chunk, 77, out)
    singly = [rnd.draw(now, rnd.NEED, chunk * rnd.CHUNK + j, 77) for j in range(rnd.CHUNK)]
    assert out.tolist() == singly
    assert len(set(singly)) == rnd.CHUNK
    assert rnd.uniforms(now, rnd.NEED, chunk * rnd.CHUNK + 100, 77)[chunk * rnd.CHUNK :].tolist() == singly[:100]


@pytest.mark.parametrize("address", [{"seed": -1}, {"seed": 2**64}, {"replicate": 2**32}, {"day": 2**24}])
def test_addresses_out_of_range_are_refused(address: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(address))} must be an integer"):
        rnd.stream(**{"seed": 0, **address})


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_purpose_is_declared_once() -> None:
    purposes = rnd.Purposes()
    assert purposes.declare("a", 1) == 1
    for name, number, why in (("a", 2, "twice"), ("b", 1, "belongs to 'a'"), ("c", 256, "0 to 255"), ("d", -1, "0 to")):
        with pytest.raises(ValueError, match=why):
            purposes.declare(name, number)
    assert purposes.names() == {"a": 1}
    given = rnd.PURPOSES.names()
    assert len(set(given.values())) == len(given)


def test_ids_come_from_names_and_collisions_are_refused() -> None:
    assert rnd.stable_id("brand", "lumo") == 367600229, "an id that changes would change every world"
    assert rnd.stable_id("ab", "c") != rnd.stable_id("a", "bc")
    first: dict[int, int] = {}
    for k in itertools.count():
        number = rnd.stable_id("name", k)
        if number in first:
            break
        first[number] = k
    ids = rnd.Identities()
    assert ids.of("name", first[number]) == ids.of("name", first[number]) == number
    with pytest.raises(InputError, match=rf"'name {first[number]}' and 'name {k}' collide"):
        ids.of("name", k)


# --- statistics -----------------------------------------------------------------------------------------------------


def pairs_agree_with_independence(a: Any, b: Any) -> bool:
    """No linear correlation beyond 4 standard errors, and a 12 x 12 table that chi-square does not reject."""
    table = np.histogram2d(a, b, bins=12, range=[[0, 1], [0, 1]])[0]
    fits = stats.chisquare(table.reshape(-1)).pvalue > 1e-4
    return bool(fits) and abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(len(a))


def test_moments() -> None:
    u = rnd.uniforms(rnd.stream(1), rnd.NEED, N)
    for power in range(1, 5):
        variance = 1 / (2 * power + 1) - 1 / (power + 1) ** 2
        assert abs((u**power).mean() - 1 / (power + 1)) < 4 * math.sqrt(variance / N)
    assert stats.chisquare(np.histogram(u, 1000, (0, 1))[0]).pvalue > 1e-4
    assert stats.kstest(u, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(
    "other",
    [
        (rnd.stream(1), rnd.ADOPT, 5),
        (rnd.stream(1), rnd.NEED, 6),
        (rnd.stream(1, day=1), rnd.NEED, 5),
        (rnd.stream(1, replicate=1), rnd.NEED, 5),
        (rnd.stream(2), rnd.NEED, 5),
        (rnd.stream(1 + 2**32), rnd.NEED, 5),
    ],
    ids=["purpose", "entity", "day", "replicate", "seed", "upper half of the seed"],
)
def test_neighbouring_addresses_are_independent(other: tuple[Any, int, int]) -> None:
    now, purpose, entity = other
    assert pairs_agree_with_independence(
        rnd.uniforms(rnd.stream(1), rnd.NEED, N, 5), rnd.uniforms(now, purpose, N, entity)
    )


@pytest.mark.parametrize("apart", [1, 2, 64, 128, 256])
def test_neighbours_are_independent(apart: int) -> None:
    u = rnd.uniforms(rnd.stream(3, day=8), rnd.USE, N + apart, 5)
    assert pairs_agree_with_independence(u[apart:], u[:-apart])


def pair(now: np.ndarray, receiver: int, sender: int, entity: int) -> float:
    """An edge's uniform, drawn among others of the same sender."""
    out = np.empty(3)
    rnd.pair_uniforms(now, rnd.TELL, np.array([7, receiver, 8], dtype=np.int32), sender, entity, out)
    return float(out[1])


def test_words_of_a_block_and_directions_of_an_edge_are_independent() -> None:
    now = rnd.stream(4)
    blocks = np.array([rnd.block(now, rnd.SEARCH, i, 9) for i in range(4_000)])
    for a, b in itertools.combinations(range(4), 2):
        assert pairs_agree_with_independence(blocks[:, a], blocks[:, b])
    there = np.array([pair(now, i, i + 1, 9) for i in range(4_000)])
    back = np.array([pair(now, i + 1, i, 9) for i in range(4_000)])
    brand = np.array([pair(now, i, i + 1, 10) for i in range(4_000)])
    assert pairs_agree_with_independence(there, back)
    assert pairs_agree_with_independence(there, brand)
    assert stats.kstest(there, "uniform").pvalue > 1e-4


# --- inversions -----------------------------------------------------------------------------------------------------


def poisson(u: float, mean: float, most: int = 1000) -> int:
    return int(rnd.poisson(u, math.exp(-mean), mean, most))


@pytest.mark.parametrize("mean", [1e-3, 0.1, 0.7, 3.0, 20.0, 100.0])
def test_poisson_is_the_inverse_of_its_distribution(mean: float) -> None:
    u = np.concatenate([(np.arange(500) + 0.5) / 500, [0.5 / 2**32, 1 - 0.5 / 2**32]])
    # Within rounding of a step both neighbours are right.
    near = {0.0: stats.poisson.ppf(u, mean), -1e-12: stats.poisson.ppf(u - 1e-12, mean)}
    near[1e-12] = stats.poisson.ppf(np.minimum(u + 1e-12, 1 - 1e-15), mean)
    ours = np.array([poisson(x, mean) for x in u])
    assert np.all((ours == near[0.0]) | (ours == near[-1e-12]) | (ours == near[1e-12]))


def test_poisson_is_monotone_and_capped() -> None:
    means = [0.0, 1e-6, 0.01, 0.5, 2.0, 30.0, 500.0, 740.0, 800.0, 1e6]
    table = np.array([[poisson(u, m, 25) for m in means] for u in np.linspace(0.001, 0.999, 200)])
    assert np.all(np.diff(table, axis=0) >= 0)
    assert np.all(np.diff(table, axis=1) >= 0)
    assert np.all(table[:, 0] == 0)
    assert np.all(table[:, -4:] == 25)


def test_normal_matches_scipy() -> None:
    u = np.concatenate([np.linspace(1e-4, 1 - 1e-4, 2001), [0.5 / 2**32, 1e-300, 1 - 0.5 / 2**32]])
    np.testing.assert_allclose([rnd.normal(x) for x in u], ndtri(u), rtol=2e-14, atol=1e-15)


def test_gumbel_matches_scipy() -> None:
    u = np.concatenate([np.linspace(1e-4, 1 - 1e-4, 501), [0.5 / 2**32, 1 - 0.5 / 2**32]])
    np.testing.assert_allclose([rnd.gumbel(x) for x in u], stats.gumbel_r.ppf(u), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.8, 1.0])
def test_positive_stable_has_its_laplace_transform(alpha: float) -> None:
    """E exp(-t S) = exp(-t**alpha)."""
    n = 20_000
    now = rnd.stream(5)
    u, v = rnd.uniforms(now, rnd.TRAIT, n, 1), rnd.uniforms(now, rnd.TRAIT, n, 2)
    log_s = np.array([rnd.log_positive_stable(a, b, alpha) for a, b in zip(u, v, strict=True)])
    assert np.isfinite(log_s).all()
    for t in (0.1, 1.0, 5.0):
        sample = np.exp(-np.exp(np.minimum(np.log(t) + log_s, 700.0)))
        error = sample.std() / math.sqrt(n)
        assert abs(sample.mean() - math.exp(-(t**alpha))) <= 4 * error + 1e-12
