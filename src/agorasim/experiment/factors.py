"""What an experiment varies: paths of a scenario with the values they take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from agorasim.errors import InputError

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

Overrides = dict[str, Any]
Scale = Literal["linear", "log"]
#: More levels of one factor than anybody compares by hand.
MOST_LEVELS: Final = 1000


@dataclass(frozen=True)
class Factor:
    """One thing that an experiment varies.

    It has either `levels` (values, or the names in `settings`) or a range from `low` to `high`. A value replaces what
    stands at `path`; with `times` it multiplies the number there, or every number of the mapping there.
    """

    name: str
    """What tables call it; the path itself unless the user gave a name."""
    path: str = ""
    """Dotted scenario path; empty when `settings` says what each level changes."""
    levels: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    steps: int | None = None
    """Levels that a grid takes of the range; the design's own habit when None."""
    scale: Scale = "linear"
    integer: bool = False
    times: bool = False
    settings: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()
    """Per named level the paths it sets."""

    @classmethod
    def between(
        cls,
        path: str,
        low: float,
        high: float,
        *,
        steps: int | None = None,
        scale: Scale = "linear",
        integer: bool = False,
        times: bool = False,
        name: str | None = None,
    ) -> Factor:
        """A range. InputError when it is not one: low not below high, fewer than 2 steps, a log scale from 0."""
        label = name or (f"{path}*" if times else path)
        for end in (low, high):
            if isinstance(end, bool) or not isinstance(end, (int, float)) or not math.isfinite(end):
                raise InputError(f"{label}: a range needs two numbers, got {low!r} to {high!r}")
        if low > high:
            raise InputError(f"{label}: low ({low:g}) is above high ({high:g})")
        if low == high:
            raise InputError(f"{label}: low and high are both {low:g}: one level varies nothing")
        if steps is not None and not 2 <= steps <= MOST_LEVELS:
            raise InputError(f"{label}: a range has 2 to {MOST_LEVELS} levels, got {steps}")
        if scale not in ("linear", "log"):
            raise InputError(f"{label}: scale is linear or log, got {scale!r}")
        if scale == "log" and low <= 0:
            raise InputError(f"{label}: a log scale needs a low end above 0, got {low:g}")
        if integer and (float(low) != int(low) or float(high) != int(high)):
            raise InputError(f"{label}: whole numbers are wanted, got {low:g} to {high:g}")
        return cls(label, path, (), float(low), float(high), steps, scale, integer, times)

    @classmethod
    def among(cls, path: str, levels: Sequence[Any], *, times: bool = False, name: str | None = None) -> Factor:
        """Levels as they stand. InputError for fewer than two, or two that are equal."""
        label = name or (f"{path}*" if times else path)
        found = tuple(_whole(level) for level in levels)
        _check_levels(label, [repr(level) for level in found])
        if times and any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in found):
            raise InputError(f"{label}: what multiplies must be numbers, got {list(found)}")
        return cls(label, path, found, times=times)

    @classmethod
    def named(cls, name: str, settings: Mapping[str, Mapping[str, Any]]) -> Factor:
        """Levels with names, each a set of changes: {"off": {path: value}, "on": {}}. InputError as for `among`."""
        _check_levels(name, list(settings))
        frozen = tuple((level, tuple(changes.items())) for level, changes in settings.items())
        return cls(name, "", tuple(settings), settings=frozen)

    @property
    def is_range(self) -> bool:
        """Whether any value between two ends may be taken."""
        return self.low is not None

    def at(self, share: float) -> Any:
        """The value at a share in [0, 1) of the way through the range, or of the list of levels."""
        if self.low is None or self.high is None:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        if self.integer:
            # Each whole number gets an equal part of a linear range, as in a draw of one of them.
            low, high = (
                (math.log(self.low), math.log(self.high + 1)) if self.scale == "log" else (self.low, self.high + 1)
            )
            value = low + share * (high - low)
            return int(min(math.floor(math.exp(value) + 1e-9 if self.scale == "log" else value), self.high))
        return self._between(share)

    def spread(self, steps: int) -> tuple[Any, ...]:
        """The levels themselves, or `steps` evenly spaced values from one end of the range to the other."""
        if not self.is_range:
            return self.levels
        n = self.steps or steps
        values = [self._between(k / (n - 1)) for k in range(n)]
        return tuple(dict.fromkeys(round(v) for v in values)) if self.integer else tuple(values)

    def ends(self) -> tuple[Any, Any]:
        """Low and high level. InputError when the factor has another number of levels than two."""
        if self.is_range:
            low, *_, high = self.spread(2)
            return low, high
        if len(self.levels) != 2:
            raise InputError(f"{self.name}: a two-level design needs exactly 2 levels, got {len(self.levels)}")
        return self.levels[0], self.levels[1]

    def _between(self, share: float) -> float:
        assert self.low is not None and self.high is not None
        if share in (0.0, 1.0):
            return self.high if share else self.low
        if self.scale == "log":
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        # Twelve digits: what is printed is what ran, and a sum of rounded steps does not show.
        return float(f"{value:.12g}")

    def share_of(self, value: Any) -> float:
        """Where a value of the range lies, 0 at the low end and 1 at the high one."""
        assert self.low is not None and self.high is not None
        if self.scale == "log":
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (float(value) - self.low) / (self.high - self.low)

    def overrides(self, value: Any, scenario: Scenario) -> Overrides:
        """The changes to a scenario that this value means. InputError when there is nothing to multiply."""
        if self.settings:
            return dict(dict(self.settings)[value])
        if not self.times:
            return {self.path: value}
        here = current(scenario, self.path)
        numbers = {self.path: here} if _is_number(here) else _leaves(here, self.path)
        if not numbers:
            raise InputError(f"{self.name}: there is no number at {self.path} to multiply")
        return {path: _times(number, value) for path, number in numbers.items()}


def current(scenario: Scenario, path: str) -> Any:
    """What stands at a path of the resolved scenario; None when nothing does."""
    return value_at(scenario.to_dict(), path)


def value_at(data: Any, path: str) -> Any:
    """What stands at a dotted path of plain data; None when nothing does."""
    here: Any = data
    for key in path.split("."):
        if isinstance(here, dict):
            here = here.get(key)
        elif isinstance(here, (list, tuple)) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        else:
            return None
    return here


def short_names(factors: Sequence[Factor]) -> list[str]:
    """A name for labels: the fewest last keys of each path that no other factor shares."""
    out = []
    for factor in factors:
        keys = factor.name.split(".")
        others = [f.name.split(".") for f in factors if f is not factor]
        length = next((n for n in range(1, len(keys)) if all(o[-n:] != keys[-n:] for o in others)), len(keys))
        out.append(".".join(keys[-length:]))
    return out


def shown(value: Any) -> str:
    """A level as labels and tables print it: short, without a space."""
    if value is None:
        return "as_is"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (dict, list, tuple)):
        import json

        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return str(value)


def check_factors(factors: Sequence[Factor]) -> None:
    """InputError when there is nothing to vary, or two factors change the same thing."""
    if not factors:
        raise InputError("there is nothing to vary; expected at least one path with two values or a range")
    taken: dict[str, str] = {}
    for factor in factors:
        paths = {path for _, changes in factor.settings for path, _ in changes} if factor.settings else {factor.path}
        for path in sorted(paths):
            if path == "seed" or path.startswith("seed."):
                raise InputError("seed cannot be varied: worlds to be compared share their random numbers (see --seed)")
            for other, name in taken.items():
                if path == other or path.startswith(f"{other}.") or other.startswith(f"{path}."):
                    raise InputError(f"{path} is varied twice: by {name} and by {factor.name}")
        taken.update(dict.fromkeys(paths, factor.name))


def _check_levels(label: str, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise InputError(f"{label}: one level varies nothing; expected at least two, or a range low:high")
    if len(names) > MOST_LEVELS:
        raise InputError(f"{label}: {len(names)} levels are too many; at most {MOST_LEVELS}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{label}: the level {twice[0]} stands there twice")


def _whole(level: Any) -> Any:
    """Lists become tuples, so that a factor can be compared; JSON makes them lists again."""
    return tuple(_whole(item) for item in level) if isinstance(level, list) else level


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _leaves(value: Any, path: str) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    return {f"{path}.{key}": item for key, item in value.items() if _is_number(item)}


def _times(number: float, factor: float) -> float:
    made = number * factor
    return round(made) if isinstance(number, int) else float(f"{made:.12g}")
