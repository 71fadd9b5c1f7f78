"""What commands share that vary a scenario: their options, how they run, and how they show what they found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from agorasim.experiment.execution import Execution
    from agorasim.experiment.study import Analysis

Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="PATH=VALUES",
        help="LOW:HIGH, LOW:HIGH:STEPS, or A,B,C; PATH*= multiplies what is there. May be repeated.",
        show_default=False,
    ),
]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        metavar="M[,B]",
        help="A metric, of one brand or of every one; profit when absent. May be repeated.",
        show_default=False,
    ),
]
Brand = Annotated[
    str | None,
    typer.Option("--brand", "-b", metavar="B", help="Whose outcomes; every brand's when absent.", show_default=False),
]
LEVELS: Final = {"level": "Level of every point", "difference": "Difference to the scenario as it is"}
FACTORS: Final = {
    "main_effect": "Main effects: a level against the factor's first, over all levels of the others",
    "factor_interaction": "Interactions: how the effect of one factor changes with the other",
    "eta_squared": "Share of the variance between points",
}
SENSITIVITY: Final = {
    "sobol_first": "First-order indices: share of the variance that a factor explains alone",
    "sobol_total": "Total indices: share of the variance that a factor has a part in",
    "sobol_second": "Second-order indices: what two factors explain only together",
    "morris_mu_star": "Mean absolute change over a factor's whole range",
    "morris_mu": "Mean change over a factor's whole range",
    "morris_sigma": "Spread of that change over the other factors' values",
}
OPTIMUM: Final = {
    "level": "Outcomes on fresh replicates",
    "difference": "Best plan against today",
    "marginal_return": "What the last unit of media money brings, before its cost",
}
CALIBRATED: Final = {
    "parameter": "Best values and the range of values that agree with the targets",
    "level": "What the best values give, on fresh replicates",
}
#: More rows than anybody reads on a terminal; the rest is in the tables.
MOST_ROWS = 40


def execution(
    *,
    jobs: int | None,
    out: Path | None,
    default_out: str,
    resume: bool,
    seed: int | None,
    backend: str,
    address: str | None,
    quiet: bool,
) -> Execution:
    """How a command's options say worlds are to be run."""
    from agorasim.experiment.execution import Execution

    return Execution(
        jobs=-1 if jobs is None else jobs,
        out=Path("results") / default_out if out is None else out,
        resume=resume,
        seed=seed,
        backend=backend,
        address=address,
        progress=not quiet,
    )


def show(found: Analysis, estimands: Mapping[str, str], *, quiet: bool, report: bool) -> None:
    """Print notes, tables of some estimands, and where everything is; exit code 1 when worlds failed.

    Args:
        found: what to show.
        estimands: per estimand the title of its table.
        quiet: print only where the results are.
        report: draw the page.
    """
    if not quiet:
        for note in found.notes:
            typer.echo(note)
        if found.notes:
            typer.echo()
        for estimand, title in estimands.items():
            effects_table(found, estimand, title)
    typer.echo(f"tables  {found.folder / 'tables'}")
    if report:
        from agorasim.report import write_report

        typer.echo(f"report  {write_report(found.folder)}")
    if found.failed:
        first, path = next(iter(sorted(found.failed.items())))
        typer.echo(f"{len(found.failed)} worlds failed ({first[0]}, replicate {first[1]}: see {path})", err=True)
        raise typer.Exit(1)


def effects_table(found: Analysis, estimand: str, title: str) -> None:
    """Print the estimates of one estimand: a row a point or factor, in the order asked for, a column a measure."""
    from agorasim.cli.console import table
    from agorasim.cli.effects_tables import text

    frame = found.effects(estimand)
    if frame.empty:
        return
    heads, cells = [], {}
    for row in frame.to_dict("records"):
        unit = "" if row["unit"] in ("", "share", row["metric"]) else f", {row['unit']}"
        head = f"{row['brand'] or 'category'}: {row['metric']}{unit}" if estimand != "parameter" else "value"
        heads.append(head)
        cells[str(row["channels"]), head] = text(row["estimate"], row["low"], row["high"])
    columns = list(dict.fromkeys(heads))
    rank = {name: k for k, name in enumerate(found.order)}
    names = sorted(dict.fromkeys(name for name, _ in cells), key=lambda name: (rank.get(name, -1), name))
    rows = [[name, *(cells.get((name, column), "-") for column in columns)] for name in names[:MOST_ROWS]]
    replications = int(frame["n_pairs"].max())
    table(["", *columns], rows, title=f"{title} ({replications} replications)", numbers_from=1)
    if len(names) > MOST_ROWS:
        typer.echo(f"... and {len(names) - MOST_ROWS} more rows in tables/effects.parquet")
