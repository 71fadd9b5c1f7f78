"""`agorasim run`: a scenario file becomes a results folder with tables, figures and a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agorasim.cli import options

if TYPE_CHECKING:
    from agorasim.experiment.runner import RunOutcome

#: Runs at a time when nothing is said: as many as there are cores.
ALL_CORES = -1


def run(
    scenario: options.ScenarioArgument,
    replications: options.Replications = 8,
    jobs: options.Jobs = None,
    seed: options.Seed = None,
    changes: options.Set = None,
    out: options.Out = None,
    resume: options.Resume = False,
    allow_outside: options.AllowOutside = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", metavar=" ", help="Write tables only: no figures, no page.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", metavar=" ", help="Print only where the results are.")
    ] = False,
) -> None:
    """Simulate a scenario many times and report every figure with an interval.

    Each replication is one world with its own draws. The results folder gets tidy tables (Parquet), figures (PNG with
    their data as CSV) and report.html, one page to open in a browser. A run that was stopped goes on with --resume.

    Examples:

    agorasim run coffee_o2o

    agorasim run mine.yaml --replications 40 --jobs 4 --out results/mine

    agorasim run coffee_o2o --set brands.lumo.policy.plan={} --out results/silent_lumo
    """
    from agorasim.experiment.runner import run_replications

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    outcome = run_replications(
        loaded,
        replications=replications,
        seed=seed,
        jobs=ALL_CORES if jobs is None else jobs,
        out=Path("results") / loaded.name if out is None else out,
        resume=resume,
        progress=not quiet,
    )
    if outcome.finished and not outcome.interrupted:
        _show(outcome, loaded.outcomes.interval, quiet=quiet, report=not no_report)
    if outcome.exit_code:
        typer.echo(outcome.message, err=True)
        raise typer.Exit(outcome.exit_code)


def _show(outcome: RunOutcome, level: float, *, quiet: bool, report: bool) -> None:
    """Print the figures and where everything is."""
    tables = outcome.folder / "tables"
    if not quiet:
        from agorasim.cli.kpis import show_kpis

        show_kpis(tables / "summary.parquet", level)
    typer.echo(f"tables  {tables}")
    if report:
        from agorasim.report import write_report

        typer.echo(f"report  {write_report(outcome.folder)}")
