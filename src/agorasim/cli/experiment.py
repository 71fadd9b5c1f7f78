"""`agorasim experiment`: a study written down in a file."""

from __future__ import annotations

from typing import Annotated

import typer

from agorasim.cli import analysis, options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible


@interruptible
def experiment(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A study file (experiments/*.yaml).", show_default=False)],
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications", "-n", min=2, metavar="N", help="In place of the file's repeat.", show_default=False
        ),
    ] = None,
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
    """Run a study file: vary a scenario by a design and compare every point with the scenario as it is.

    The file says `scenario, vary, design, repeat, measure, stop_when`. Every point is run with the same random numbers,
    so that differences are those of the values alone. How many worlds there will be, and how long they take, is said
    before they start.

    Example: agorasim experiment experiments/coffee_price_and_media.yaml --jobs 2
    """  # fmt: skip
    from agorasim.experiment.study_file import load_study
    from agorasim.scenario.overrides import parse_sets

    made = load_study(file, changes=parse_sets(changes or ()), replications=replications, allow_outside=allow_outside)
    how = analysis.execution(
        jobs=jobs, out=out, default_out=made.name, resume=resume, seed=seed, backend=backend, address=address,
        quiet=quiet,
    )  # fmt: skip
    found = made.study.run(how)
    shown = analysis.LEVELS | (analysis.FACTORS if made.study.design.is_factorial else {})
    analysis.show(found, shown, quiet=quiet, report=not no_report)
