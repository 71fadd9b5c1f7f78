"""`agorasim sweep`: vary a scenario from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from agorasim.cli import analysis, options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible


@interruptible
def sweep(
    scenario: options.ScenarioArgument,
    vary: analysis.Vary = None,
    design: Annotated[
        str,
        typer.Option(metavar="KIND", help="grid, factorial, fractional, one_at_a_time, lhs or sobol."),
    ] = "grid",
    points: Annotated[
        int | None,
        typer.Option(metavar="N", help="Points of lhs and sobol; 32 when absent.", show_default=False),
    ] = None,
    resolution: Annotated[
        int | None,
        typer.Option(metavar="R", help="Of a fractional factorial, 3 to 5; 4 when absent.", show_default=False),
    ] = None,
    generator: Annotated[
        list[str] | None,
        typer.Option(metavar="D=ABC", help="Of a fractional factorial. May be repeated.", show_default=False),
    ] = None,
    measure: analysis.Measure = None,
    brand: analysis.Brand = None,
    replications: options.Replications = 20,
    precision: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Run until half of every difference's interval is within this share of the largest difference.",
            show_default=False,
        ),
    ] = None,
    precision_abs: Annotated[
        float | None, typer.Option(metavar="X", help="The same in units of the first metric.", show_default=False)
    ] = None,
    max_replications: Annotated[
        int, typer.Option(metavar="N", help="Most replications that a precision may take.")
    ] = 200,
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
    """Run a scenario at many values of some of its numbers, all with the same random numbers.

    Every point gets its level and its paired difference to the scenario as it is, each with an interval; factorials
    and grids also main effects, interactions and an analysis of variance.

    Examples:

    agorasim sweep coffee_o2o --vary brands.lumo.product.price=18:24:4 --measure profit,lumo

    agorasim sweep coffee_o2o --vary 'brands.lumo.policy.plan*=0:1.1' --vary brands.lumo.product.price=18:24
    --design sobol --points 64
    """
    from agorasim.experiment.designs import SETTINGS, build
    from agorasim.experiment.study import StopWhen, Study
    from agorasim.experiment.vary import parse_varies

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    factors = parse_varies(vary or (), loaded)
    drawn = {"seed": loaded.seed if seed is None else seed} if "seed" in SETTINGS.get(design, ()) else {}
    made = build(design, factors, points=points, resolution=resolution, generators=tuple(generator or ()), **drawn)
    wanted = precision is not None or precision_abs is not None
    stop = StopWhen(precision, precision_abs, max_replications=max_replications) if wanted else None
    study = Study.of(
        loaded, made, measure=measure or ["profit"], brand=brand, replications=replications, stop_when=stop
    )
    how = analysis.execution(
        jobs=jobs, out=out, default_out=f"{loaded.name}_sweep", resume=resume, seed=seed, backend=backend,
        address=address, quiet=quiet,
    )  # fmt: skip
    found = study.run(how)
    shown = analysis.LEVELS | (analysis.FACTORS if made.is_factorial else {})
    analysis.show(found, shown, quiet=quiet, report=not no_report)
