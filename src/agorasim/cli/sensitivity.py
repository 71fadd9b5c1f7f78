"""`agorasim sensitivity`: which of a scenario's numbers move an outcome."""

from __future__ import annotations

from typing import Annotated

import typer

from agorasim.cli import analysis, options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible


@interruptible
def sensitivity(
    scenario: options.ScenarioArgument,
    vary: analysis.Vary = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="sobol: shares of variance; morris: a cheap screening.")
    ] = "sobol",
    measure: analysis.Measure = None,
    brand: analysis.Brand = None,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Base samples (sobol, a power of 2; 64 when absent) or trajectories (morris; 10).",
            show_default=False,
        ),
    ] = None,
    second_order: Annotated[
        bool,
        typer.Option("--second-order", metavar=" ", help="Also what pairs do only together (sobol)."),
    ] = False,
    replications: options.Replications = 10,
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
    """Which of these numbers move an outcome, and which only together with others?

    Every value in a range counts as equally likely. Sobol indices are shares of the outcome's variance, first order
    alone and total with all interactions; Morris' effects are changes over a whole range. Needs the extra analysis.

    Examples:

    agorasim sensitivity coffee_o2o --vary brands.lumo.product.price=18:24 --vary category.choice.price=1.8:3
    --vary social.word_of_mouth.transmit=0.2:0.5 --measure profit,lumo

    agorasim sensitivity mine.yaml --method morris --vary population.size=1000:4000 --vary category.need.rate=0.1:0.4
    """
    from agorasim.experiment.sensitivity import Sensitivity
    from agorasim.experiment.vary import parse_varies

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    question = Sensitivity.of(
        loaded,
        parse_varies(vary or (), loaded),
        method=method,
        measure=measure or ["profit"],
        brand=brand,
        samples=samples,
        replications=replications,
        second_order=second_order,
        seed=seed,
    )
    how = analysis.execution(
        jobs=jobs, out=out, default_out=f"{loaded.name}_sensitivity", resume=resume, seed=seed, backend=backend,
        address=address, quiet=quiet,
    )  # fmt: skip
    analysis.show(question.run(how), analysis.SENSITIVITY, quiet=quiet, report=not no_report)
