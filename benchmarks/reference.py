"""The network Bass workload in plain NumPy, from its definition: what every tool's answer is checked against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEEP = 0.9
REACH = (0.30, 0.15, 0.05)
GAIN = (0.05, 0.10, 0.30)
P, Q = 0.01, 0.02
STEPS = 52


def network_bass(
    indptr: NDArray[np.int64], neighbours: NDArray[np.int32], seed: int, steps: int = STEPS
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Adopters and mean awareness after each step, shapes (steps,), on a graph in compressed sparse rows."""
    rng = np.random.default_rng(seed)
    n = len(indptr) - 1
    row = np.repeat(np.arange(n), np.diff(indptr))
    awareness = np.zeros(n)
    adopted = np.zeros(n, dtype=bool)
    adopters = np.zeros(steps, dtype=np.int64)
    mean = np.zeros(steps)
    for step in range(steps):
        awareness *= KEEP
        for reach, gain in zip(REACH, GAIN, strict=True):
            hit = rng.random(n) < reach
            awareness[hit] += gain * (1.0 - awareness[hit])
        friends = np.bincount(row, weights=adopted[neighbours], minlength=n)
        chance = 1.0 - (1.0 - P * awareness) * (1.0 - Q) ** friends
        adopted |= rng.random(n) < chance
        adopters[step] = adopted.sum()
        mean[step] = awareness.mean()
    return adopters, mean
