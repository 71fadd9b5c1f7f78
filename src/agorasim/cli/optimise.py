"""`agorasim optimise`: the best media plan of a brand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agorasim.cli import analysis, options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible

if TYPE_CHECKING:
    from agorasim.experiment.study import Analysis


@interruptible
def optimise(
    scenario: options.ScenarioArgument,
    brand: Annotated[str, typer.Option("--brand", "-b", metavar="B", help="Whose money.", show_default=False)],
    channels: Annotated[
        str,
        typer.Option("--channels", "-c", metavar="A,B,C", help="Channels that take media money.", show_default=False),
    ],
    budget: Annotated[
        float,
        typer.Option(metavar="X", help="Most money a day over these channels.", show_default=False),
    ],
    outcome: Annotated[str, typer.Option(metavar="M", help="What is to be as large as possible.")] = "profit",
    least: Annotated[
        list[str] | None,
        typer.Option("--min", metavar="CHANNEL=X", help="Least money a day. May be repeated.", show_default=False),
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="CHANNEL=X", help="Most money a day. May be repeated.", show_default=False),
    ] = None,
    spend_all: Annotated[bool, typer.Option("--spend-all", metavar=" ", help="Plans use the whole budget.")] = False,
    trials: Annotated[int, typer.Option(metavar="N", help="Plans tried before the refinement.")] = 40,
    replications: options.Replications = 40,
    jobs: options.Jobs = None,
    seed: options.Seed = None,
    changes: options.Set = None,
    out: options.Out = None,
    resume: options.Resume = False,
    backend: Backend = "loky",
    address: Address = None,
    allow_outside: options.AllowOutside = False,
    no_report: NoReport = False,
    quiet: Quiet = False,
) -> None:
    """How should a brand spread its media money?

    Tries plans in the market itself, all with the same random numbers, and measures the best one on replicates that
    the search has not seen: what it gains over today's plan, and what the last unit of money in each channel brings (1
    at an optimum inside the bounds). Needs the extra optimize.

    Example: agorasim optimise coffee_o2o --brand lumo --channels search,social,short_video --budget 540
    """
    from agorasim.experiment.optimise import Optimisation

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    question = Optimisation.of(
        loaded,
        brand,
        channels.split(","),
        budget,
        outcome=outcome,
        least=_amounts("--min", least or ()),
        most=_amounts("--max", most or ()),
        spend_all=spend_all,
        trials=trials,
        replications=replications,
        seed=seed,
    )
    how = analysis.execution(
        jobs=jobs, out=out, default_out=f"{loaded.name}_optimum", resume=resume, seed=seed, backend=backend,
        address=address, quiet=quiet,
    )  # fmt: skip
    found = question.run(how)
    if not quiet:
        _plan(found, loaded.currency.code)
    analysis.show(found, analysis.OPTIMUM, quiet=quiet, report=not no_report)


def _amounts(option: str, texts: Sequence[str]) -> dict[str, float]:
    """Money by channel from CHANNEL=X. InputError when it cannot be read, or a channel stands twice."""
    from agorasim.errors import InputError

    made: dict[str, float] = {}
    for text in texts:
        name, equals, amount = (part.strip() for part in text.partition("="))
        try:
            value = float(amount)
        except ValueError:
            equals = ""
            value = 0.0
        if not equals or not name:
            raise InputError(f"{option} {text}: expected CHANNEL=MONEY, such as search=20")
        if name in made:
            raise InputError(f"{option} {text}: {name} stands there twice")
        made[name] = value
    return made


def _plan(found: Analysis, currency: str) -> None:
    from agorasim.cli.console import table

    rows = [
        [str(row["channel"]), f"{row['today']:,.2f}", f"{row['best']:,.2f}", f"{row['low']:,.2f} to {row['high']:,.2f}"]
        for row in found.read("plan").to_dict("records")
    ]
    heads = ["channel", "today", "best", "plans as good in the search"]
    table(heads, rows, title=f"Plan, {currency} a day", numbers_from=1)
