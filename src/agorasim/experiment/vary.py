"""What is varied, as the command line says it: PATH=LOW:HIGH, PATH=A,B,C, PATH*=0.5:2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from agorasim.errors import InputError
from agorasim.experiment.factors import Factor, check_factors
from agorasim.experiment.study_file import is_whole
from agorasim.scenario.yamltext import parse, resolve

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

EXPECTED: Final = "expected PATH=LOW:HIGH, PATH=LOW:HIGH:STEPS, or PATH=A,B,C"
_PATH: Final = re.compile(r"[^\s=*]+(\.[^\s=*]+)*")


def parse_vary(text: str, scenario: Scenario) -> Factor:
    """One factor from `--vary`.

    `path=low:high[:steps][:log][:integer]` is a range, `path=a,b,c` a list of values; `*=` in place of `=` multiplies
    what the scenario has. Whole numbers stay whole where the scenario has a whole number.

    Raises:
        InputError: the text cannot be read, or is no range: low above high, one level.
    """
    left, equals, right = text.partition("=")
    times = left.endswith("*")
    path = left.removesuffix("*").strip()
    if not equals or not _PATH.fullmatch(path) or not right.strip():
        raise InputError(f"--vary {text}: {EXPECTED}")
    try:
        if ":" in right and not right.lstrip().startswith(("[", "{", '"', "'")):
            return _range(path, right, scenario, times)
        return Factor.among(path, _values(text, right), times=times)
    except InputError as error:
        said = str(error)
        raise InputError(said if said.startswith("--vary") else f"--vary {text}: {said}") from None


def parse_varies(texts: Sequence[str], scenario: Scenario) -> list[Factor]:
    """All factors of a command. InputError when there is none, or a path stands twice."""
    factors = [parse_vary(text, scenario) for text in texts]
    check_factors(factors)
    return factors


def _range(path: str, text: str, scenario: Scenario, times: bool) -> Factor:
    low, high, *rest = (part.strip() for part in text.split(":"))
    words = [word for word in rest if not word.isdigit()]
    steps = [int(word) for word in rest if word.isdigit()]
    if len(steps) > 1 or any(word not in ("log", "integer") for word in words):
        raise InputError(f"{EXPECTED}; after the range only a number of steps, log and integer may stand")
    ends = [resolve(low)[0], resolve(high)[0]]
    if any(isinstance(end, bool) or not isinstance(end, (int, float)) for end in ends):
        raise InputError(f"a range needs two numbers, got {low} and {high}")
    integer = "integer" in words or (
        is_whole(scenario, path) and not times and all(float(end) == int(end) for end in ends)
    )
    return Factor.between(
        path, *ends, steps=steps[0] if steps else None, scale="log" if "log" in words else "linear",
        integer=integer, times=times,
    )  # fmt: skip


def _values(text: str, right: str) -> list[Any]:
    document = parse(right if right.lstrip().startswith("[") else f"[{right}]")
    if document.problems or not isinstance(document.data, list):
        why = document.problems[0].message if document.problems else EXPECTED
        raise InputError(f"--vary {text}: {why}")
    return document.data
