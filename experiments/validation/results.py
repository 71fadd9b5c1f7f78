"""What a regularity is, what was found of it, and how both are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from estimators import Estimate

#: Where a finding comes from, weakest first.
INPUT = "input"  #: the number stands in the scenario: finding it again proves the plumbing only
CHOSEN = "chosen"  #: a default was chosen with the study in mind
EMERGES = "emerges"  #: nothing was set with it in mind


class Finding(NamedTuple):
    """One figure of a study beside the simulator's."""

    what: str
    study: str
    """The study's figure, in words."""
    estimate: Estimate
    least: float
    """Range within which the estimate agrees with the study, stated before measuring."""
    most: float
    origin: str
    why: str
    """One sentence: why it agrees, or why not."""
    form: str = ".2f"

    @property
    def verdict(self) -> str:
        """Agrees: the estimate is in the range. Unclear: only its interval reaches it. No figure: there is no range."""
        value, low, high = self.estimate
        if self.most - self.least == float("inf") and self.least == -self.most:
            return "no figure"
        if self.least <= value <= self.most:
            return "agrees"
        return "unclear" if low <= self.most and high >= self.least else "misses"

    def cells(self) -> list[str]:
        """Cells of the table."""
        value, low, high = (format(x, self.form) for x in self.estimate)
        verdict = f"**{self.verdict}**" if self.verdict in ("misses", "unclear") else self.verdict
        return [self.what, self.study, f"{value} [{low}, {high}]", self.range(), verdict, self.origin, self.why]

    def range(self) -> str:
        """The range in words."""
        if self.verdict == "no figure":
            return ""
        if self.most == float("inf"):
            return f"above {self.least:g}"
        if self.least == float("-inf"):
            return f"below {self.most:g}"
        return f"{self.least:g} to {self.most:g}"


class Result(NamedTuple):
    """What one regularity's worlds gave."""

    findings: list[Finding]
    draw: Callable[[Any], None]
    """Draws on a matplotlib figure of 7.2 x 3 inches."""
    more: str = ""
    """Further numbers, in sentences."""


@dataclass(frozen=True)
class Regularity:
    """One published regularity; what is said about it stands in words.yaml."""

    name: str
    measure: Callable[[int], Result]
    """Takes the number of parallel jobs."""
    numbers: Mapping[str, float]
    """Numbers that its words name."""

    def words(self, part: str) -> str:
        """`title`, `published`, `estimator`, `worlds`, `comparable` or `limits`."""
        return _words()[self.name][part].format(**self.numbers)


@cache
def _words() -> dict[str, dict[str, str]]:
    from ruamel.yaml import YAML

    text = (Path(__file__).parent / "words.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(text)
    return found
