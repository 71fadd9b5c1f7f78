"""Where the nodes of a small graph are drawn: forces of our own, quick and the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Pairs = NDArray[np.int64]

_SEED: Final = 20_100
_STEPS: Final = 44
_GRAVITY: Final = np.float32(0.25)
_PARTS: Final = 6
"""All but the last steps take the repulsion of one node in so many, in turn, for that of all."""


def spread_out(n: int, pairs: Pairs) -> NDArray[np.float64]:
    """Positions in the unit disc, shape (n, 2), by the forces of Fruchterman & Reingold (1991).

    A start that averages random positions over neighbours puts friends together, so that few steps are enough; a pull
    to the middle keeps loose pieces near. Memory is n * n float32.

    Args:
        n: nodes.
        pairs: shape (m, 2), links between nodes, each once, without loops.
    """
    generator = np.random.Generator(np.random.Philox(_SEED))
    at = generator.normal(0.0, 1.0, (n, 2)).astype(np.float32)
    if n < 3 or not len(pairs):
        return _into_disc(at)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    degree = np.bincount(both[:, 0], minlength=n).astype(np.float32)
    at = _near_friends(at, both, degree)
    # Forces in units of the distance at which a disc of n nodes is evenly filled.
    at *= np.float32(0.5 * np.sqrt(n))
    # People with the same friends would start, and stay, on one point.
    at += generator.normal(0.0, 0.5, at.shape).astype(np.float32)
    # The more links a node has, the weaker each one pulls: hubs would swallow their neighbours.
    weight = (1.0 / np.sqrt(np.minimum(degree[both[:, 0]], degree[both[:, 1]])))[:, None].astype(np.float32)
    order = generator.permutation(n)
    for step in range(_STEPS):
        some = at if step >= _STEPS - 4 or n < 300 else at[order[step % _PARTS :: _PARTS]]
        move = _push(at, some) - _pull(at, both, weight) - _GRAVITY * at
        length = np.maximum(np.sqrt(np.sum(move * move, axis=1, keepdims=True)), np.float32(1e-6))
        most = np.float32(np.sqrt(n) * 0.12 * (1.0 - step / _STEPS) ** 1.5 + 0.02)
        at = at + move / length * np.minimum(length, most)
    return _into_disc(at)


def _near_friends(at: Floats, both: Pairs, degree: Floats) -> Floats:
    from scipy.sparse import coo_array

    ones = np.ones(len(both), dtype=np.float32)
    links: Any = coo_array((ones, (both[:, 0], both[:, 1])), shape=(len(at), len(at))).tocsr()
    share = 1.0 / np.maximum(degree, 1.0)[:, None]
    for _ in range(30):
        at = np.float32(0.4) * at + np.float32(0.6) * (links @ at) * share
        at = at - at.mean(axis=0)
        # Both directions must stay different from each other, or everything ends on a line.
        at[:, 1] -= at[:, 0] * (at[:, 0] @ at[:, 1]) / (at[:, 0] @ at[:, 0])
        at = at / np.maximum(at.std(axis=0), np.float32(1e-6))
    return np.asarray(at, dtype=np.float32)


def _push(at: Floats, others: Floats) -> Floats:
    """Repulsion 1 / distance from a sample of all nodes, weighted up to all of them; through the Gram matrix."""
    gap = at @ others.T
    gap *= np.float32(-2.0)
    gap += np.sum(at * at, axis=1)[:, None]
    gap += np.sum(others * others, axis=1)[None, :]
    np.maximum(gap, np.float32(0.05), out=gap)
    np.reciprocal(gap, out=gap)
    push = at * gap.sum(axis=1, keepdims=True) - gap @ others
    return np.asarray(push * np.float32(len(at) / len(others)), dtype=np.float32)


def _pull(at: Floats, both: Pairs, weight: Floats) -> Floats:
    """Attraction along links, growing with the square of their length."""
    along = at[both[:, 0]] - at[both[:, 1]]
    along *= np.sqrt(np.sum(along * along, axis=1, keepdims=True)) * weight
    pull = [np.bincount(both[:, 0], weights=along[:, d], minlength=len(at)) for d in range(2)]
    return np.stack(pull, axis=1).astype(np.float32)


def _into_disc(at: Floats) -> NDArray[np.float64]:
    """Centred, the outermost few drawn in, within radius 1."""
    if not len(at):
        return at.astype(np.float64)
    centred = at.astype(np.float64) - np.median(at, axis=0)
    radius = np.maximum(np.hypot(centred[:, 0], centred[:, 1]), 1e-12)
    usual = max(float(np.quantile(radius, 0.97)), 1e-12)
    drawn = np.where(radius > usual, usual * (1.0 + 0.12 * np.tanh(radius / usual - 1.0)), radius)
    return np.asarray(centred * (drawn / radius)[:, None] / (1.12 * usual))
