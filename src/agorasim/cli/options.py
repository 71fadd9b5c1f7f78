"""Options that mean the same on every command, and the scenario they describe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.scenario.schema import Scenario

ScenarioArgument = Annotated[
    str,
    typer.Argument(metavar="SCENARIO", help="A scenario file, or a bundled scenario's name.", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value, e.g. --set population.size=5000. May be repeated.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="Seed of all random numbers; the scenario's own when absent.", show_default=False
    ),
]
Replications = Annotated[
    int,
    typer.Option(
        "--replications", "-n", min=1, metavar="N", help="How many worlds; more of them narrow the intervals."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Runs at a time; one a core when absent. Results do not depend on it.", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Results folder; results/NAME when absent.", show_default=False),
]
Resume = Annotated[
    bool, typer.Option("--resume", metavar=" ", help="Keep what an earlier run left in --out and do the rest.")
]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", metavar=" ", help="Let the scenario read files outside its own folder.")
]


def load(source: str, changes: Sequence[str] | None = None, *, allow_outside: bool = False) -> Scenario:
    """The scenario with `--set` changes applied. InputError for a wrong file, path or value."""
    from agorasim.scenario.overrides import parse_sets
    from agorasim.scenario.schema import Scenario

    scenario = Scenario.load(source, allow_outside=allow_outside)
    if changes:
        scenario = scenario.with_overrides(parse_sets(changes), allow_outside=allow_outside)
    return scenario
