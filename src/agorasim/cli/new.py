"""`agorasim new`: a scenario or a policy that works, to be changed into one's own."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

from agorasim.errors import InputError, StorageError, unknown

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def new(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="scenario or policy.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits and underscores.", show_default=False)],
    folder: Annotated[Path, typer.Option("--in", metavar="DIR", help="Where to write it.")] = Path(),
) -> None:
    """Start a scenario or a policy of your own from one that works.

    `new scenario mine` writes mine.yaml, a small market with every line explained. `new policy mine` writes a folder
    mine/ with the strategy, its test and what makes it installable. Nothing is ever overwritten.

    Example: agorasim new scenario mine && agorasim run mine.yaml
    """
    makers = {"scenario": _scenario, "policy": _policy}
    if what not in makers:
        raise InputError(unknown("kind", what, makers))
    if not NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot be a name: use letters, digits and underscores, a letter first")
    makers[what](name, folder)


def _scenario(name: str, folder: Path) -> None:
    path = folder / f"{name}.yaml"
    _write({path: _filled("scenario.yaml.in", name)})
    typer.echo(f"wrote   {path}\nnext    agorasim run {path}")


def _policy(name: str, folder: Path) -> None:
    from agorasim.brands.registry import policy_names

    if keyword.iskeyword(name) or name in policy_names():
        what = "a word of Python" if keyword.iskeyword(name) else "a policy already"
        raise InputError(f"{name!r} is {what}; choose another name")
    package = folder / name
    if package.exists():
        raise InputError(f"{package} exists already; choose another name or remove it")
    _write(
        {
            package / f"{name}.py": _filled("policy.py.in", name),
            package / f"test_{name}.py": _filled("test_policy.py.in", name),
            package / "pyproject.toml": _filled("pyproject.toml.in", name),
        }
    )
    for file in sorted(package.iterdir()):
        typer.echo(f"wrote   {file}")
    typer.echo(
        f"next    pip install -e {package}    (registers it: the entry point is in {package / 'pyproject.toml'})\n"
        f"        pytest {package}\n"
        f"        agorasim run coffee_o2o --set brands.lumo.policy.name={name}\n"
        "In a notebook no installing is needed: put @agorasim.brands.registry.register above the class."
    )


def _filled(template: str, name: str) -> str:
    """A template with the name in its places; `$$` stands for a dollar."""
    text = files("agorasim.cli").joinpath("templates", template).read_text(encoding="utf-8")
    title = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return Template(text).substitute(name=name, title=title)


def _write(contents: dict[Path, str]) -> None:
    for path in contents:
        if path.exists():
            raise InputError(f"{path} exists already; choose another name or remove it")
    for path, text in contents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror}") from error
