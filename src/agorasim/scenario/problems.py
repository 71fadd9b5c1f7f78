"""Mistakes in a scenario, collected and told together: where each is, what is wrong, what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from agorasim.errors import InputError

#: Keys and list positions from the top of a scenario to a value.
KeyPath = tuple[str | int, ...]

#: More problems than this are counted, not printed.
MOST_SHOWN: Final = 50
_LONGEST: Final = 60
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Problem:
    """One mistake."""

    path: KeyPath
    message: str
    line: int | None = None
    """Line of the file, from 1; None when there is no file or the file as a whole is meant."""
    where: str | None = None
    """What to blame instead of file and line, such as an override; then `path` is left out when it is empty."""

    def at(self, line: int | None) -> Problem:
        """The same problem at a line, unless it has one."""
        return self if self.line is not None else replace(self, line=line)

    def told(self, source: str) -> str:
        """`file:line: dotted.path: message`."""
        where = self.where or (source if self.line is None else f"{source}:{self.line}")
        return ": ".join(part for part in (where, dotted(self.path), self.message) if part)


class ScenarioError(InputError):
    """A scenario is wrong. The message lists every problem, a line each, in the order of the file.

    Attributes:
        source: the file or whatever else the scenario came from.
        problems: each `Problem`, sorted by line and path.
    """

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = sorted(
            dict.fromkeys(problems), key=lambda p: (p.line or 0, p.where or "", [str(key) for key in p.path], p.message)
        )
        lines = [problem.told(source) for problem in self.problems[:MOST_SHOWN]]
        count = len(self.problems)
        if count > MOST_SHOWN:
            lines.append(f"... and {count - MOST_SHOWN} more")
        lines.append(f"{count} problem{'' if count == 1 else 's'} in {source}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Callable[..., ScenarioError], tuple[Any, ...]]:
        return ScenarioError, (self.source, self.problems)


def dotted(path: KeyPath) -> str:
    """A path as people write it, `brands.lumo.budget`; odd keys are quoted, so that no control character is printed."""
    return ".".join(_key(key) for key in path)


def shown(value: Any) -> str:
    """A value as a message quotes it: short, on one line, in the file's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**30:
        # Python refuses to print integers of thousands of digits.
        return "a very large number"
    return _short(repr(value))


def _key(key: str | int) -> str:
    text = str(key)
    return text if _PLAIN_KEY.fullmatch(text) else _short(repr(text))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + "..." + text[-1]
