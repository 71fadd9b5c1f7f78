"""The rules by which adoption and messages spread: scalar, compiled, shared by `Ecosystem` and `agorasim.spread`."""

from __future__ import annotations

import math

from agorasim._compile import inlined


@inlined
def crosses(u: float, chance: float) -> bool:
    """Cascade: one try per directed tie succeeds (independent cascade, Kempe, Kleinberg & Tardos 2003)."""
    return u < chance


@inlined
def contact_probability(p: float, escape: float) -> float:
    """Contact: spontaneous or through any adopted neighbour, 1 - (1-p)(1-q)**k, with escape = (1-q)**k."""
    return 1.0 - (1.0 - p) * escape


@inlined
def hazard_probability(p: float, q: float, share: float, dt: float) -> float:
    """Hazard: rate p + q x adopted share (Bass 1969) during a step of length dt, 1 - exp(-rate dt)."""
    return 1.0 - math.exp(-(p + q * share) * dt)


@inlined
def threshold_reached(share: float, phi: float) -> bool:
    """Threshold: the adopted (weighted) share of ties reaches phi (Granovetter 1978); nobody acts on no adopters."""
    return share > 0.0 and share >= phi
