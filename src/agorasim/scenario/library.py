"""Scenarios that travel with the package, by name."""

from __future__ import annotations

from pathlib import Path

from agorasim.errors import InputError, unknown


def folder() -> Path:
    """Where the bundled scenarios lie: inside an installed package, at the top of a source tree otherwise."""
    here = Path(__file__).resolve().parent
    installed = here / "bundled"
    return installed if installed.is_dir() else here.parents[2] / "scenarios"


def names() -> list[str]:
    """Bundled scenarios, sorted."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def path(name: str) -> Path:
    """The file of a bundled scenario. InputError, naming the nearest, when there is none of that name."""
    if name not in names():
        raise InputError(unknown("bundled scenario", name, names()))
    return folder() / f"{name}.yaml"
