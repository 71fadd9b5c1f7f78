"""The program: every command in the order in which a newcomer meets it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated

import typer

from agorasim.cli import (
    calibrate,
    compare,
    experiment,
    look,
    new,
    optimise,
    report,
    run,
    sensitivity,
    sweep,
    synergy,
    trial,
)

RUN, LOOK, START = "Run worlds", "Look inside", "Start something of your own"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Simulate consumers, brands and word of mouth across online and offline touchpoints.\n\n"
        "A [bold]scenario[/bold] is a YAML file: people, touchpoints, brands and what they plan. Bundled ones go by "
        "their name.\n\n"
        "[dim]First steps:[/dim]\n\n"
        "  agorasim list scenarios\n\n"
        "  agorasim run coffee_o2o --replications 8\n\n"
        "  agorasim new scenario mine"
    ),
    epilog="Every command explains itself: agorasim COMMAND --help",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from agorasim import __version__

        typer.echo(f"agorasim {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, metavar=" ", help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """What all commands share."""


def _add(name: str, function: Callable[..., None], panel: str) -> None:
    """Make a function a command whose help is its docstring, each paragraph as one line that the terminal folds."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    app.command(name, help=text, rich_help_panel=panel)(function)


_add("run", run.run, RUN)
_add("synergy", synergy.synergy, RUN)
_add("compare", compare.compare, RUN)
_add("trial", trial.trial, RUN)
_add("experiment", experiment.experiment, RUN)
_add("sweep", sweep.sweep, RUN)
_add("sensitivity", sensitivity.sensitivity, RUN)
_add("optimise", optimise.optimise, RUN)
_add("calibrate", calibrate.calibrate, RUN)
_add("report", report.report, RUN)
_add("explain", look.explain, LOOK)
_add("trace", look.trace, LOOK)
_add("validate", look.validate, LOOK)
_add("list", look.list_, LOOK)
_add("new", new.new, START)
_add("schema", look.schema, START)
