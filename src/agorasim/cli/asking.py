"""What questions to many worlds share on the command line: how precise, how run, and how the answer is shown."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from agorasim.experiment.answers import Answers

Precision = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Run until half of every interval is within this share of the whole gain, e.g. 0.1.",
        show_default=False,
    ),
]
PrecisionAbs = Annotated[
    float | None,
    typer.Option(metavar="X", help="The same in units of the outcome instead of a share.", show_default=False),
]
Replications = Annotated[
    int | None,
    typer.Option(
        "--replications", "-n", metavar="N", help="So many pairs of worlds, however precise.", show_default=False
    ),
]
MaxReplications = Annotated[
    int | None,
    typer.Option(metavar="N", help="Most pairs that a precision may take; 200 when absent.", show_default=False),
]
Decisions = Annotated[
    str,
    typer.Option(metavar="HOW", help="held: every brand decides as in the full world; react: brands decide anew."),
]
Simultaneous = Annotated[
    bool,
    typer.Option("--simultaneous", metavar=" ", help="Intervals that hold together, not each by itself; wider."),
]
Backend = Annotated[str, typer.Option(metavar="NAME", help="loky: this machine; dask: a cluster at --address.")]
Address = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="The Dask scheduler, e.g. tcp://host:8786.", show_default=False)
]
NoReport = Annotated[bool, typer.Option("--no-report", metavar=" ", help="Write tables only: no figures, no page.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar=" ", help="Print only where the results are.")]


F = TypeVar("F", bound=Callable[..., None])


def interruptible(command: F) -> F:
    """Say what is kept, and how to go on, when Ctrl-C ends a command."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as stop:
            typer.echo(str(stop) or "interrupted", err=True)
            raise typer.Exit(130) from None

    return wrapped  # type: ignore[return-value]


def show(answers: Answers, table: Callable[[Answers], None], *, quiet: bool, report: bool) -> None:
    """Print the answer in words, its table, and where everything is; exit code 1 when worlds failed."""
    if not quiet:
        for line in answers.words:
            typer.echo(line)
        typer.echo()
        table(answers)
    for note in answers.notes:
        typer.echo(note, err=True)
    typer.echo(f"tables  {answers.folder / 'tables'}")
    if report:
        from agorasim.report import write_report

        typer.echo(f"report  {write_report(answers.folder)}")
    if answers.manifest["worlds"]["failed"]:
        raise typer.Exit(1)
