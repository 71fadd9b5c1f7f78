"""How many replications a question takes: a fixed number, or as many as its precision needs and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agorasim.effects.intervals import mean_interval, moments
from agorasim.effects.simultaneous import critical_value
from agorasim.effects.stopping import MIN_PAIRS, Rule, Verdict, judge
from agorasim.errors import InputError, WorldsFailedError
from agorasim.experiment.runner import MOST_REPLICATIONS

if TYPE_CHECKING:
    from agorasim.experiment.laboratory import Laboratory

Array = NDArray[np.float64]

#: Pairs when nothing is said of precision or number, and most pairs when a precision is asked for.
USUAL, MOST = MIN_PAIRS, 200


@dataclass(frozen=True)
class Wanted:
    """How precise an answer should be, or how many replications it may take."""

    relative: float | None = None
    """Half-width over |gain|, above 0 and below 1."""
    absolute: float | None = None
    """Half-width in units of the outcome."""
    replications: int | None = None
    """So many, whatever the precision."""
    most: int = MOST
    """Most replications for a precision."""

    @classmethod
    def checked(
        cls,
        precision: float | None,
        precision_abs: float | None,
        replications: int | None,
        max_replications: int | None,
    ) -> Wanted:
        """What a user asks for. InputError when it cannot be, or contradicts itself."""
        sequential = precision is not None or precision_abs is not None
        for name, value in (("precision", precision), ("precision-abs", precision_abs)):
            if value is not None and not (np.isfinite(value) and value > 0.0):
                raise InputError(f"--{name} must be above 0, got {value:g}")
        if precision is not None and precision >= 1.0:
            hint = f"; for {precision:g} % write {precision / 100:g}" if precision < 100.0 else ""
            raise InputError(f"--precision is a share of the gain, above 0 and below 1, got {precision:g}{hint}")
        if sequential and replications is not None:
            raise InputError(
                "--replications fixes their number and --precision finds it: give one of the two"
                " (--max-replications bounds a precision)"
            )
        if max_replications is not None and not sequential:
            raise InputError("--max-replications bounds a precision: give --precision or --precision-abs with it")
        if replications is not None:
            _whole("replications", replications, 2, "an interval needs two")
        if max_replications is not None:
            _whole("max-replications", max_replications, MIN_PAIRS, f"a precision is judged from {MIN_PAIRS} pairs on")
        count = replications if replications is not None else None if sequential else USUAL
        return cls(precision, precision_abs, count, max_replications or MOST)

    def rule(self, level: float, simultaneous: bool) -> Rule | None:
        """When to stop; None for a fixed number."""
        if self.replications is not None:
            return None
        return Rule(self.relative, self.absolute, level, max_pairs=self.most, simultaneous=simultaneous)

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewest and most replications."""
        return (MIN_PAIRS, self.most) if self.replications is None else (self.replications, self.replications)

    def asked(self) -> dict[str, Any]:
        """For the record."""
        return {
            "precision": self.relative,
            "precision_abs": self.absolute,
            "replications": self.replications,
            "max_replications": self.most if self.replications is None else None,
        }


def _whole(name: str, value: Any, least: int, why: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"--{name} must be a whole number of at least {least} ({why}), got {value!r}")
    if value > MOST_REPLICATIONS:
        raise InputError(f"--{name} must be at most {MOST_REPLICATIONS:,}, got {value:,}")


class Watched(NamedTuple):
    """What a precision is asked of."""

    names: Sequence[str]
    """What each member is, for messages."""
    samples: Array
    """Shape (members, replicates)."""
    gain: Array
    """What a relative precision is relative to, shape (replicates,)."""


@dataclass(frozen=True)
class Reached:
    """How far an experiment came."""

    replicates: list[int]
    """Replicates whose worlds all finished, ascending."""
    half_width: float
    """The largest half-width, in units of the outcome."""
    gain: float
    """|Mean gain|; NaN when it is defined in no replicate."""
    worst: str
    """What has the largest half-width."""
    verdict: Verdict | None = None
    """None for a fixed number of replications."""

    @property
    def relative(self) -> float:
        """The largest half-width over |gain|; infinite when there is no gain, or it is not known."""
        if self.gain > 0.0:
            return self.half_width / self.gain
        if np.isnan(self.gain):
            return float("inf")
        return float("inf") if self.half_width > 0.0 else 0.0

    @property
    def sequential(self) -> bool:
        """Whether the number of replications was chosen by looking at them, which intervals must allow for."""
        return self.verdict is not None


def collect(
    lab: Laboratory,
    wanted: Wanted,
    rule: Rule | None,
    run: Callable[[Sequence[int]], None],
    watch: Callable[[list[int]], Watched],
    simultaneous: bool = False,
) -> Reached:
    """Run replications until the rule is satisfied, or as many as were asked for.

    Args:
        lab: where worlds run; replicates with a failed world are left out of everything.
        wanted: what was asked for.
        rule: when to stop; None for a fixed number.
        run: runs all worlds of some replicates.
        watch: reads off what the precision is asked of.
        simultaneous: half-widths are those of intervals that hold all at once.

    Raises:
        WorldsFailedError: no replication finished.
    """
    if rule is None:
        assert wanted.replications is not None
        run(range(wanted.replications))
        here = sound(lab, wanted.replications)
        return _measured(watch(here), here, None, simultaneous, lab.scenario.outcomes.interval)
    done, verdict = 0, None
    for look in rule.checkpoints():
        run(range(done, look))
        done, here = look, sound(lab, look)
        watched = watch(here)
        verdict = judge(rule, watched.samples, watched.gain)
        if verdict.reached:
            break
    return _measured(watched, here, verdict, simultaneous, rule.level)


def sound(lab: Laboratory, count: int) -> list[int]:
    """Of the first `count` replicates those without a failed world. WorldsFailedError when there is none."""
    broken = {replicate for _, replicate in lab.failed}
    here = [replicate for replicate in range(count) if replicate not in broken]
    if not here:
        path = next(iter(lab.failed.values()))
        # The first line says what happened: a temporary folder is gone before anybody can look.
        why = path.read_text(encoding="utf-8").partition("\n")[0]
        raise WorldsFailedError(f"no replication finished: {why} (see {path})")
    return here


def _measured(watched: Watched, here: list[int], verdict: Verdict | None, simultaneous: bool, level: float) -> Reached:
    gain = abs(float(moments(watched.gain).mean))
    if verdict is not None:
        half, worst = verdict.half_width, verdict.worst
    else:
        critical = critical_value(watched.samples, level) if simultaneous else None
        found = mean_interval(watched.samples, level, critical)
        halves = (found.high - found.low) / 2.0
        known = np.where(np.isnan(halves), np.inf, halves)
        worst = int(np.argmax(known))
        half = float(known[worst])
    return Reached(here, half, gain, watched.names[worst], verdict)
