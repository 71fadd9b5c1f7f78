"""Arithmetic on results of many worlds; nothing here runs one.

Worlds stand on an axis before replicates, which are last: an effect of (..., worlds, R) is (..., R), and intervals are
taken over the last axis. docs/statistics.md has the formulas, their sources and the measured coverage.
"""

from agorasim.effects.intervals import Interval, mean_interval

__all__ = ["Interval", "mean_interval"]
