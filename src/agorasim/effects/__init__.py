"""Arithmetic on results of many worlds; nothing here runs one."""

from agorasim.effects.intervals import Interval, mean_interval

__all__ = ["Interval", "mean_interval"]
