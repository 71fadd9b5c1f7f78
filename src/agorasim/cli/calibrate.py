"""`agorasim calibrate`: parameters that reproduce figures of the real market."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agorasim.cli import analysis, options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible


@interruptible
def calibrate(
    scenario: options.ScenarioArgument,
    vary: analysis.Vary = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="M[,B]=VALUE+-TOL",
            help="A figure to be met and its standard error. May be repeated.",
            show_default=False,
        ),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The same in a YAML file: targets, a list.", show_default=False),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(metavar="N", help="Points a wave; as many as parameters need when absent.", show_default=False),
    ] = None,
    waves: Annotated[int, typer.Option(metavar="N", help="Most waves of narrowing.")] = 3,
    trials: Annotated[int, typer.Option(metavar="N", help="Points tried for the best within what is left.")] = 24,
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
    """Which values of these parameters reproduce these figures?

    Waves of Sobol points rule out values that cannot have given the targets, as far as chance and tolerances allow;
    then the best point in what is left is looked for. Ends with the range of possible values of each parameter and a
    scenario file with the best ones. Figures are totals, or means of stocks, over the counted days. Needs the extra
    optimize.

    Example: agorasim calibrate coffee_o2o --vary category.need.rate=0.1:0.5 --vary category.choice.price=1:4
    --target needs=350000+-5000 --target orders,lumo=61000+-1500
    """
    from agorasim.experiment.calibrate import Calibration
    from agorasim.experiment.targets import parse_target, read_targets
    from agorasim.experiment.vary import parse_varies

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    asked = [parse_target(text, loaded) for text in target or ()]
    if targets is not None:
        asked += read_targets(targets, loaded)
    question = Calibration.of(
        loaded, parse_varies(vary or (), loaded), asked, points=points, waves=waves, trials=trials,
        replications=replications, seed=seed,
    )  # fmt: skip
    how = analysis.execution(
        jobs=jobs, out=out, default_out=f"{loaded.name}_calibrated", resume=resume, seed=seed, backend=backend,
        address=address, quiet=quiet,
    )  # fmt: skip
    found = question.run(how)
    analysis.show(found, analysis.CALIBRATED, quiet=quiet, report=not no_report)
    if (path := found.folder / "scenario.yaml").is_file():
        typer.echo(f"scenario  {path}")
