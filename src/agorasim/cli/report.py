"""`agorasim report`: draw the pages of finished runs again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS...", help="Results folders of earlier runs.", show_default=False)
    ],
) -> None:
    """Draw report.html and the figures of results folders again.

    Works on an interrupted run too: the page then shows the replications that finished.

    Example: agorasim report results/coffee_o2o
    """
    from agorasim.report import write_report

    for folder in results:
        typer.echo(f"report  {write_report(folder)}")
