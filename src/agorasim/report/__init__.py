"""Pictures and a self-contained page from a results folder; nothing here runs a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path


def write_report(folder: str | PathLike[str]) -> Path:
    """Draw `figures/NAME.png` with `figures/NAME.csv` beside each, and write `report.html` into a results folder.

    Args:
        folder: a results folder (manifest.json and tables/, or parts/ of a run that was interrupted).

    Returns:
        The path of `report.html`, one file that fetches nothing.

    Raises:
        InputError: the folder is missing, is no results folder, is damaged, or holds no finished replication.
        StorageError: the report could not be written.
    """
    from agorasim.report.page import write

    return write(folder)


__all__ = ["write_report"]
