"""Random numbers of policies, addressed by brand, day and label."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from agorasim.randomness import PURPOSES, block, stable_id

POLICY = PURPOSES.declare("brand.policy", 64)


def policy_uniform(stream: NDArray[Any], brand: str, day: int, label: str) -> float:
    """The uniform in (0, 1) that belongs to a brand, a day and a label in one replicate of one seed."""
    now = stream.copy()
    now["day"] = day
    return float(block(now, POLICY, stable_id("policy draw", label), stable_id("brand", brand))[0])
