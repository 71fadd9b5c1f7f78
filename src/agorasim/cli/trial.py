"""`agorasim trial`: what an A/B or geo test inside the world would say, and how far off it would be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agorasim.cli import options
from agorasim.cli.asking import Address, Backend, NoReport, Quiet, interruptible, show

if TYPE_CHECKING:
    from agorasim.experiment.answers import Answers


@interruptible
def trial(
    scenario: options.ScenarioArgument,
    brand: Annotated[str, typer.Option("--brand", "-b", metavar="B", help="Whose channels.", show_default=False)],
    channels: Annotated[
        str,
        typer.Option(
            "--channels", "-c", metavar="A,B", help="Channels that are tested together, by comma.", show_default=False
        ),
    ],
    outcome: Annotated[
        str, typer.Option(metavar="M", help="orders; by region any metric that exists by region.")
    ] = "orders",
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="U,...",
            help="What is randomised: person, cluster (of the social graph), region; all that fit when absent.",
            show_default=False,
        ),
    ] = None,
    share: Annotated[float, typer.Option(metavar="X", help="Share of the units that is treated.")] = 0.5,
    regions: Annotated[
        str | None,
        typer.Option(metavar="R,...", help="The treated regions, instead of random ones.", show_default=False),
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", "-n", metavar="N", help="Worlds, each with a test of every kind.")
    ] = 20,
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
    """How far off would an A/B or geo test be?

    Runs tests inside the world, in which only the treated meet the brand's channels: by person, by cluster of the
    social graph and by region. What each test reports is held against the truth, which is everybody treated less
    nobody, with the same chances. People talk and compete, so a test can mislead.

    Examples:

    agorasim trial coffee_o2o --brand lumo --channels social

    agorasim trial coffee_o2o --brand lumo --channels store --unit region --outcome revenue
    """
    from agorasim.experiment import Experiment

    loaded = options.load(scenario, changes, allow_outside=allow_outside)
    question = Experiment.trial(
        loaded,
        brand,
        _names(channels),
        outcome,
        unit=None if unit is None else _names(unit),
        share=share,
        regions=_names(regions or ""),
        seed=seed,
    )
    answers = question.run(
        replications=replications,
        jobs=-1 if jobs is None else jobs,
        out=Path("results") / f"{loaded.name}_trial" if out is None else out,
        resume=resume,
        backend=backend,
        address=address,
        progress=not quiet,
    )
    show(answers, _table, quiet=quiet, report=not no_report)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _table(answers: Answers) -> None:
    """Print what each design says, its bias and how often its own interval holds the truth."""
    from agorasim.cli.console import table
    from agorasim.cli.effects_tables import NONE, cell

    frame = answers.effects()
    found: dict[str, dict[str, Any]] = {str(row["estimand"]): dict(row) for _, row in frame.iterrows()}
    truth = found["trial_truth"]
    lines = []
    for unit in answers.settings["units"]:
        estimate, bias, passed, held = (
            found[f"trial_{what}_{unit}"] for what in ("estimate", "bias", "interference", "coverage")
        )
        tests = int(held["n_pairs"])
        times = NONE if not tests else f"{round(held['estimate'] * tests)} of {tests}"
        lines.append([f"by {unit}", cell(estimate), cell(bias), cell(passed), times])
    heads = ["test", "says on average", "bias", "of it by interference", "holds the truth"]
    title = f"Truth: {cell(truth)} {truth['unit']}; mean over {truth['n_pairs']} worlds ± half its interval"
    table(heads, lines, title=title, numbers_from=1)
