"""Study files: an experiment as YAML, `experiments/*.yaml`, read with the same care as scenarios."""

from __future__ import annotations

import os
from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from agorasim.errors import InputError, nearest
from agorasim.experiment.designs import Design, build
from agorasim.experiment.factors import Factor, current
from agorasim.experiment.study import REPLICATIONS, StopWhen, Study
from agorasim.scenario import library
from agorasim.scenario.problems import Problem, ScenarioError, shown
from agorasim.scenario.schema import Scenario
from agorasim.scenario.schema.base import Positive, Strict
from agorasim.scenario.shape import Shape
from agorasim.scenario.wording import problems_of
from agorasim.scenario.yamltext import Document, parse

T = TypeVar("T")
MOST_BYTES: Final = 1 << 20
Steps = Annotated[int, Field(ge=2, le=1000)]
Kind = Literal["factorial", "fractional", "one_at_a_time", "grid", "lhs", "sobol"]


class Vary(Strict):
    """How one path varies: `values`, or a range from `low` to `high`, or named `levels`."""

    values: list[Any] | None = None
    """The values it takes."""
    low: float | None = None
    """Lower end of a range."""
    high: float | None = None
    """Upper end of a range."""
    steps: Steps | None = None
    """Levels that a grid takes of the range."""
    scale: Literal["linear", "log"] = "linear"
    """How the range is divided."""
    integer: bool | None = None
    """Whole numbers only; as the scenario has it when left out."""
    times: bool = False
    """Values multiply the number at the path, or every number of the mapping there."""
    levels: dict[str, dict[str, Any]] | None = None
    """Levels with names, each the paths it sets: {off: {path: 0}, on: {}}."""


class DesignEntry(Strict):
    """Which points are run."""

    kind: Kind = "grid"
    steps: Steps | None = None
    """Levels of a range without steps of its own (factorial, grid, one_at_a_time)."""
    points: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """How many points are sampled (lhs, sobol)."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Seed of the sample of points (lhs, sobol)."""
    resolution: Annotated[int, Field(ge=3, le=5)] | None = None
    """What must stay clear (fractional)."""
    generators: list[str] = []
    """Such as D=ABC (fractional)."""


class StopEntry(Strict):
    """When there are replicates enough."""

    precision: Positive | None = None
    """Half-width of every difference to the base, as a share of the largest of them."""
    precision_abs: Positive | None = None
    """The same in units of the metric."""
    metric: str | None = None
    """Which measure is watched; the first when left out."""
    max_replications: Annotated[int, Field(ge=20, le=1_000_000)] = 200
    """No more than these, however imprecise."""


class StudyEntry(Strict):
    """A study file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")] | None = None
    """Names the results folder; the file's name when left out."""
    description: str = ""
    """What it is for."""
    scenario: str
    """A bundled scenario's name, or a file relative to this one."""
    set: dict[str, Any] = {}
    """Changes that hold for every point, the base among them: path to value."""
    vary: dict[str, Vary]
    """Scenario paths with the values they take; a list stands for its values."""
    design: DesignEntry = DesignEntry()
    """Which combinations are run; a name stands for its kind."""
    repeat: Annotated[int, Field(ge=2, le=1_000_000)] = REPLICATIONS
    """Replications of every point; the fewest when stop_when asks for more."""
    measure: Annotated[list[str], Field(min_length=1)] = ["profit"]
    """Metrics, or metric,brand."""
    brand: str | None = None
    """Whose outcomes, where a metric names no brand; every brand's when left out."""
    stop_when: StopEntry | None = None
    """Ask for a precision instead of a number of replications."""


@dataclass(frozen=True)
class StudyFile:
    """A study with the name that its file gives it."""

    name: str
    description: str
    study: Study


def load_study(
    source: str | os.PathLike[str],
    *,
    changes: dict[str, Any] | None = None,
    replications: int | None = None,
    allow_outside: bool = False,
) -> StudyFile:
    """Read a study file and check it against its scenario.

    Args:
        source: path of a YAML 1.2 file.
        changes: overrides of the scenario, after those of the file's `set`.
        replications: in place of the file's `repeat`.
        allow_outside: whether the scenario may lie, and read files, outside the folder it is named in.

    Raises:
        ScenarioError: every mistake in the file's text with file and line; then those of its scenario.
        InputError: values that cannot be used together.
    """
    path = Path(source)
    document = parse(_text(path))
    entry = _entry(str(source), document)
    scenario = _scenario(entry, path, document, allow_outside)
    if entry.set or changes:
        try:
            scenario = scenario.with_overrides({**entry.set, **(changes or {})}, allow_outside=allow_outside)
        except ScenarioError as error:
            own = entry.set.keys() - (changes or {}).keys()
            raise ScenarioError(str(source), [_of_file(p, own, document) for p in error.problems]) from None
    problems: list[Problem] = []
    factors = []
    for name, how in entry.vary.items():
        try:
            factors.append(factor_of(scenario, name, how))
        except InputError as error:
            problems.append(
                Problem(("vary", name), str(error).removeprefix(f"{name}: "), document.line(("vary", name)))
            )
    if problems:
        raise ScenarioError(str(source), problems)
    design, stop = _design(entry, factors, str(source), document), entry.stop_when
    study = _at(
        str(source),
        document,
        lambda: Study.of(
            scenario,
            design,
            measure=entry.measure,
            brand=entry.brand,
            replications=entry.repeat if replications is None else replications,
            stop_when=StopWhen(**stop.model_dump()) if stop else None,
        ),
    )
    return StudyFile(entry.name or path.stem.replace("-", "_"), entry.description, study)


def factor_of(scenario: Scenario, name: str, how: Vary) -> Factor:
    """A factor from an entry of `vary`. InputError when it says nothing, or two things at once."""
    said = [
        word
        for word, there in (
            ("values", how.values is not None),
            ("low and high", how.low is not None or how.high is not None),
            ("levels", how.levels is not None),
        )
        if there
    ]
    if len(said) != 1:
        got = " and ".join(said) or "none of them"
        raise InputError(f"{name}: expected values, or low and high, or levels; got {got}")
    if how.levels is not None:
        return Factor.named(name, how.levels)
    if how.values is not None:
        return Factor.among(name, how.values, times=how.times)
    if how.low is None or how.high is None:
        raise InputError(f"{name}: a range needs both low and high")
    integer = how.integer if how.integer is not None else is_whole(scenario, name) and not how.times
    return Factor.between(name, how.low, how.high, steps=how.steps, scale=how.scale, integer=integer, times=how.times)


def is_whole(scenario: Scenario, path: str) -> bool:
    """Whether the scenario has a whole number at a path."""
    value = current(scenario, path)
    return isinstance(value, int) and not isinstance(value, bool)


# --- reading --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _shape() -> Shape:
    return Shape.of(StudyEntry.model_json_schema())


def _entry(source: str, document: Document) -> StudyEntry:
    """The file's contents. ScenarioError with every mistake and its line."""
    problems = list(document.problems)
    data = document.data
    if document.whole and not isinstance(data, dict) and not problems:
        expected = "expected keys such as 'scenario' and 'vary', one a line"
        problems = [Problem((), f"not a study (got {shown(data)}); {expected}", document.root.line)]
    entry = None
    if document.whole and isinstance(data, dict):
        try:
            entry = StudyEntry.model_validate(whole := _written_out(data))
        except ValidationError as error:
            problems += problems_of(error, whole, _shape())
    if problems or entry is None:
        raise ScenarioError(source, [p.at(document.line(p.path)) for p in problems])
    return entry


def _written_out(data: dict[str, Any]) -> dict[str, Any]:
    """The short forms in full: a design's name, a list of values."""
    made = dict(data)
    if isinstance(made.get("design"), str):
        made["design"] = {"kind": made["design"]}
    if isinstance(made.get("vary"), dict):
        made["vary"] = {k: {"values": v} if isinstance(v, list) else v for k, v in made["vary"].items()}
    return made


def _scenario(entry: StudyEntry, path: Path, document: Document, allow_outside: bool) -> Scenario:
    """The scenario that the file names: a bundled one, or a file relative to the study."""
    bundled = entry.scenario in library.names()
    target = entry.scenario if bundled else str(path.parent / entry.scenario)
    if not bundled and not Path(target).is_file():
        near = nearest(entry.scenario, library.names())
        hint = f"did you mean {near!r}?" if near else f"expected a file, or one of: {', '.join(library.names())}"
        where = Problem(("scenario",), f"no such scenario (got {shown(entry.scenario)}); {hint}")
        raise ScenarioError(str(path), [where.at(document.line(("scenario",)))])
    return Scenario.load(target, allow_outside=allow_outside)


def _of_file(problem: Problem, paths: Set[str], document: Document) -> Problem:
    """The same problem with the line of the file's `set`, where one of these paths is to blame."""
    blamed = (problem.where or "").removeprefix("--set ").partition("=")[0]
    if blamed not in paths:
        return problem
    return Problem(("set", blamed), problem.message, document.line(("set", blamed)))


def _design(entry: StudyEntry, factors: list[Factor], source: str, document: Document) -> Design:
    settings = {**entry.design.model_dump(exclude={"kind"}), "generators": tuple(entry.design.generators)}
    return _at(source, document, lambda: build(entry.design.kind, factors, **settings), "design")


def _at(source: str, document: Document, make: Callable[[], T], key: str | None = None) -> T:
    """What `make` gives, its complaint told with the file and, where one key is to blame, its line."""
    try:
        return make()
    except ScenarioError as error:
        # A path in `vary` that the scenario does not have is a mistake of this file.
        problems = []
        for problem in error.problems:
            varied = (problem.where or "").removeprefix("vary ").partition("=")[0]
            names = [k for k in (document.data or {}).get("vary", {}) if varied and (k == varied)]
            line = document.line(("vary", names[0])) if names else document.line(("vary",))
            problems.append(Problem(problem.path, f"{problem.where}: {problem.message}" if problem.where else
                                    problem.message, line))  # fmt: skip
        raise ScenarioError(source, problems) from None
    except InputError as error:
        found = [k for k in ("stop_when", "measure", "brand", "repeat") if _blames(str(error), k)]
        line = document.line((key or (found[0] if found else "vary"),))
        raise ScenarioError(source, [Problem((), str(error), line)]) from None


def _blames(message: str, key: str) -> bool:
    words = {"measure": ("metric", "measure"), "brand": ("unknown brand",), "stop_when": ("stop_when", "precision"),
             "repeat": ("replications",)}  # fmt: skip
    return any(word in message for word in words[key])


def _text(path: Path) -> str:
    """A file's text. InputError when it cannot be read, is far too large, or is not UTF-8."""
    try:
        if path.is_dir() or path.is_fifo() or path.is_socket():
            raise InputError(f"{path} is not a file; expected a study file")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.glob("*.y*ml")]) if path.parent.is_dir() else None
        hint = f"; did you mean {str(path.parent / near)!r}?" if near else ""
        raise InputError(f"there is no study file {path}{hint}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(raw) > MOST_BYTES:
        raise InputError(f"{path} is larger than 1 MiB; a study has a few kB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{raw[: error.start].count(10) + 1}: not UTF-8 text") from None
