"""`agorasim compare`: which policy, or which variant of a market, does best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agorasim.cli import options
from agorasim.cli.asking import (
    Address,
    Backend,
    MaxReplications,
    NoReport,
    PrecisionAbs,
    Quiet,
    Replications,
    Simultaneous,
    interruptible,
    show,
)


@interruptible
def compare(
    scenario: options.ScenarioArgument,
    brand: Annotated[str, typer.Option("--brand", "-b", metavar="B", help="Whose policy, or outcome.")],
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            "-p",
            metavar="P",
            help="A policy, with settings of its own if need be: fixed_plan:plan.search=100,plan.social=0. The first"
            " is what the others are compared with.",
            show_default=False,
        ),
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME:PATH=VALUE",
            help="A change of the scenario, compared with the scenario as it is. The same name again adds to it.",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        str, typer.Option(metavar="M", help="The metric in question (agorasim list metrics).")
    ] = "profit",
    precision: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Run until half of every interval is within this share of the largest difference, e.g. 0.1.",
            show_default=False,
        ),
    ] = None,
    precision_abs: PrecisionAbs = None,
    delta: Annotated[
        float | None,
        typer.Option(
            metavar="D",
            help="Choose the best: the smallest difference that matters, in units of the outcome.",
            show_default=False,
        ),
    ] = None,
    replications: Replications = None,
    max_replications: MaxReplications = None,
    decisions: Annotated[
        str,
        typer.Option(metavar="HOW", help="Rivals' decisions when policies are compared: react, or held as today."),
    ] = "react",
    simultaneous: Simultaneous = False,
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
    """Compare policies of a brand, or variants of the scenario, world by world.

    Policies branch from one warm-up and rivals react to them; variants differ from the first day on. All worlds share
    people and chances, so that differences are precise. Without --precision, --delta or --replications there are 20
    worlds of each.

    Examples:

    agorasim compare coffee_o2o --brand lumo --policy fixed_plan --policy reallocate_by_roi

    agorasim compare coffee_o2o -b lumo --variant cheap:brands.lumo.product.price=19 --delta 5000
    """
    from agorasim.cli.effects_tables import compare as table
    from agorasim.experiment import Experiment
    from agorasim.experiment.policies import parse_variants

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    question = Experiment.compare(
        loaded,
        brand,
        policies=policies,
        variants=parse_variants(variants or ()),
        outcome=outcome,
        delta=delta,
        decisions=decisions,
        seed=seed,
        simultaneous=simultaneous,
    )
    answers = question.run(
        jobs=-1 if jobs is None else jobs,
        precision=precision,
        precision_abs=precision_abs,
        replications=replications,
        max_replications=max_replications,
        out=Path("results") / f"{loaded.name}_compare" if out is None else out,
        resume=resume,
        backend=backend,
        address=address,
        progress=not quiet,
    )
    show(answers, table, quiet=quiet, report=not no_report)
