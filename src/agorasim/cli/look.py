"""Commands that look without running a study: validate, schema, list, explain, trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agorasim.cli import options

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario


def validate(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="Scenario files or bundled names.", show_default=False)
    ],
    changes: options.Set = None,
    allow_outside: options.AllowOutside = False,
) -> None:
    """Check scenario files: every mistake at once, each with file, line and what was expected.

    Example: agorasim validate mine.yaml
    """
    from agorasim.errors import InputError

    wrong = []
    for source in scenarios:
        try:
            typer.echo(f"{source}: valid ({_in_short(options.load(source, changes, allow_outside=allow_outside))})")
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it here.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of scenario files, so that an editor completes and checks them.

    Put this into the first line of a scenario: # yaml-language-server: $schema=schema.json

    Example: agorasim schema --out schema.json
    """
    from agorasim.scenario.jsonschema import schema_text

    if out is None:
        typer.echo(schema_text(), nl=False)
        return
    try:
        out.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        from agorasim.errors import InputError

        raise InputError(f"cannot write {out}: {error.strerror}") from error
    typer.echo(f"schema  {out}")


def list_(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="scenarios, policies, touchpoints, metrics or mechanisms.", show_default=False
        ),
    ],
) -> None:
    """List what there is to choose from.

    Example: agorasim list touchpoints
    """
    from agorasim.cli.catalogue import SUBJECTS
    from agorasim.cli.console import table
    from agorasim.errors import InputError, unknown

    if what not in SUBJECTS:
        raise InputError(unknown("subject", what, SUBJECTS))
    columns, rows = SUBJECTS[what]()
    table(columns, rows)


def explain(
    scenario: options.ScenarioArgument,
    changes: options.Set = None,
    seed: options.Seed = None,
    allow_outside: options.AllowOutside = False,
) -> None:
    """Say what a scenario means before it runs.

    The day's phases, effective numbers, implied reach and spend per head, the graph and the market in short,
    expected memory and time, and warnings about odd values.

    Example: agorasim explain coffee_o2o --set population.size=2000
    """
    from agorasim.ecosystem.explain import explain as explained

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    _show(explained(loaded, seed=seed))


def trace(
    scenario: options.ScenarioArgument,
    consumer: Annotated[
        int, typer.Option(min=0, metavar="I", help="Number of the consumer, from 0.", show_default=False)
    ],
    replicate: Annotated[int, typer.Option(min=0, metavar="N", help="Which replicate of the world.")] = 0,
    changes: options.Set = None,
    seed: options.Seed = None,
    allow_outside: options.AllowOutside = False,
) -> None:
    """Tell one consumer's life: what they met, heard, needed, bought and thought of it, day by day.

    Example: agorasim trace coffee_o2o --consumer 17
    """
    from agorasim.ecosystem.trace import trace as traced

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    _show(traced(loaded, consumer, seed=seed, replicate=replicate))


def _show(what: Any) -> None:
    """Print text as it is, and anything else the way rich draws it."""
    if isinstance(what, str):
        typer.echo(what)
        return
    from agorasim.cli.console import console

    console().print(what)


def _in_short(scenario: Scenario) -> str:
    counts = [
        (len(scenario.brands), "brand"),
        (len(scenario.touchpoints), "touchpoint"),
        (len(scenario.places), "shop"),
    ]
    people = f"{scenario.population.size:,} consumers, {scenario.calendar.days} days"
    return ", ".join([people, *(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n)])
