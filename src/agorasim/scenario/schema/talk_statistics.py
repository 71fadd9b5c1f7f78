"""What is measured of word of mouth beyond its messages."""

from __future__ import annotations

from agorasim.scenario.schema.base import Probability, Strict


class TalkStatistics(Strict):
    """Count who is aware of each brand, and whom talk told of it before the brand itself did."""

    aware: Probability = 0.1
    """Awareness from which a person counts as aware."""
