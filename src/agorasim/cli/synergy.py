"""`agorasim synergy`: what channels are worth, alone and together, and how much of it word of mouth carries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agorasim.cli import options
from agorasim.cli.asking import (
    Address,
    Backend,
    Decisions,
    MaxReplications,
    NoReport,
    Precision,
    PrecisionAbs,
    Quiet,
    Replications,
    Simultaneous,
    interruptible,
    show,
)


@interruptible
def synergy(
    scenario: options.ScenarioArgument,
    brand: Annotated[str, typer.Option("--brand", "-b", metavar="B", help="Whose channels.", show_default=False)],
    channels: Annotated[
        str,
        typer.Option("--channels", "-c", metavar="A,B,C", help="Two channels or more, by comma.", show_default=False),
    ],
    outcome: Annotated[
        str, typer.Option(metavar="M", help="The metric in question (agorasim list metrics).")
    ] = "profit",
    precision: Precision = None,
    precision_abs: PrecisionAbs = None,
    replications: Replications = None,
    max_replications: MaxReplications = None,
    decisions: Decisions = "held",
    split: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Hold word of mouth apart: shapley (for every coalition), last (for each channel on top of the"
            " others), none, or auto: shapley for up to four channels, last for more.",
        ),
    ] = "auto",
    curves: Annotated[
        bool,
        typer.Option(
            "--curves", metavar=" ", help="Also response to spend, carry-over, and a surface over two budgets."
        ),
    ] = False,
    reallocate: Annotated[
        bool,
        typer.Option(
            "--reallocate",
            metavar=" ",
            help="Also what each channel adds when its money would go to the brand's other media.",
        ),
    ] = False,
    simultaneous: Simultaneous = False,
    allow_idle: Annotated[
        bool,
        typer.Option("--allow-idle", metavar=" ", help="Count channels that the brand does not use; they are worth 0."),
    ] = False,
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
    """What are channels worth, and what are they worth together?

    Runs the market again without channels, in every combination, with the same people, chances and rivals' decisions:
    Shapley values, pairwise synergy, returns on media money, and how much of each travels by word of mouth. Every
    number has an interval. Without --precision or --replications there are 20 pairs of worlds.

    Examples:

    agorasim synergy coffee_o2o --brand lumo --channels search,short_video,store

    agorasim synergy mine.yaml --brand mine --channels social,store --outcome orders --precision 0.1
    """
    from agorasim.cli.effects_tables import synergy as table
    from agorasim.experiment import Experiment

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    question = Experiment.synergy(
        loaded,
        brand,
        [name for name in channels.split(",") if name.strip()],
        outcome=outcome,
        seed=seed,
        decisions=decisions,
        reallocate=reallocate,
        split=split,
        curves=curves,
        simultaneous=simultaneous,
        idle=allow_idle,
    )
    answers = question.run(
        jobs=-1 if jobs is None else jobs,
        precision=precision,
        precision_abs=precision_abs,
        replications=replications,
        max_replications=max_replications,
        out=Path("results") / f"{loaded.name}_synergy" if out is None else out,
        resume=resume,
        backend=backend,
        address=address,
        progress=not quiet,
    )
    show(answers, table, quiet=quiet, report=not no_report)
