"""The scenario: the whole file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, PrivateAttr

from agorasim.scenario.schema.base import Name, Positive, Strict
from agorasim.scenario.schema.brands import Brand, Data, Outcomes
from agorasim.scenario.schema.calendar import Calendar
from agorasim.scenario.schema.category import Category
from agorasim.scenario.schema.population import Population
from agorasim.scenario.schema.social import Social
from agorasim.scenario.schema.touchpoints import Place, Touchpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

SCHEMA_VERSION: Final = 1


class Currency(Strict):
    """Money is counted in whole minor units."""

    code: Annotated[str, Field(min_length=1, max_length=8)] = "EUR"
    """Shown with every amount."""
    minor_units: Literal[1, 10, 100, 1000] = 100
    """Minor units in one unit."""


class Scenario(Strict):
    """A validated scenario. Read one with `Scenario.load`, vary it with `with_overrides`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of this file format."""
    name: Name
    """Short name, used in file names."""
    description: str = ""
    """What question the scenario is for."""
    currency: Currency = Currency()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of all random numbers; `--seed` overrides it."""
    calendar: Calendar = Calendar()
    population: Population = Population()
    social: Social = Social()
    touchpoints: dict[Name, Touchpoint] = {}
    places: dict[Name, Place] = {}
    category: Category = Category()
    brands: Annotated[dict[Name, Brand], Field(min_length=1)]
    data: Data = Data()
    outcomes: Outcomes = Outcomes()

    #: Folder that relative files refer to, and whether files may lie outside it.
    _folder: Path | None = PrivateAttr(default=None)
    _allow_outside: bool = PrivateAttr(default=False)

    @classmethod
    def load(cls, source: str | PathLike[str], *, allow_outside: bool = False) -> Scenario:
        """Read a scenario file, or a bundled one by name. ScenarioError lists every mistake with file and line."""
        from agorasim.scenario.reading import load

        return load(source, allow_outside=allow_outside)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, folder: str | PathLike[str] | None = None, allow_outside: bool = False
    ) -> Scenario:
        """Validate plain data (as YAML would give it), with the same checks as a file.

        Files that the data names are relative to `folder` (the working directory when None) and must lie under it
        unless `allow_outside`. ScenarioError lists every mistake.
        """
        from agorasim.scenario.reading import from_dict

        return from_dict(data, folder=folder, allow_outside=allow_outside)

    def with_overrides(self, overrides: Mapping[str, Any], *, allow_outside: bool | None = None) -> Scenario:
        """A copy with values at dotted paths replaced, e.g. {"population.size": 5000}; checked like a file."""
        from agorasim.scenario.overrides import with_overrides

        return with_overrides(self, overrides, allow_outside=allow_outside)

    def to_dict(self) -> dict[str, Any]:
        """Plain data with every default filled in; `from_dict` gives back an equal scenario."""
        return self.model_dump(mode="python")

    def __eq__(self, other: object) -> bool:
        """Whether two scenarios say the same, wherever their files lie."""
        return self.to_dict() == other.to_dict() if isinstance(other, Scenario) else NotImplemented

    # Mappings inside are not hashable; `agorasim.scenario.scenario_hash` names a scenario's contents.
    __hash__ = None  # type: ignore[assignment]


__all__ = ["SCHEMA_VERSION", "Currency", "Positive", "Scenario"]
