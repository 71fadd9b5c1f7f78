"""The program: every command in the order in which a newcomer meets it."""

from __future__ import annotations

from typing import Annotated

import typer

from agorasim.cli import look, new, report, run

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
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """What all commands share."""


app.command("run", rich_help_panel=RUN)(run.run)
app.command("report", rich_help_panel=RUN)(report.report)
app.command("explain", rich_help_panel=LOOK)(look.explain)
app.command("trace", rich_help_panel=LOOK)(look.trace)
app.command("validate", rich_help_panel=LOOK)(look.validate)
app.command("list", rich_help_panel=LOOK)(look.list_)
app.command("new", rich_help_panel=START)(new.new)
app.command("schema", rich_help_panel=START)(look.schema)
