"""The project's frame: pins, package contents, light imports, one version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

HEAVY = ("mesa", "pandas", "matplotlib", "numba", "pyarrow", "duckdb", "networkx", "scipy", "joblib", "pydantic")


def metadata(project: Path) -> dict[str, object]:
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))


def pins(project: Path) -> list[str]:
    lines = (project / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_constraints_are_pins_and_nothing_else(project: Path) -> None:
    pin = re.compile(r'[a-z0-9][a-z0-9-]*==[A-Za-z0-9.+!]+(; python_version (<|>=) "3\.12")?')
    assert [line for line in pins(project) if not pin.fullmatch(line)] == []
    assert len(set(pins(project))) == len(pins(project))


def test_every_dependency_is_pinned_for_every_python(project: Path) -> None:
    declared = metadata(project)["project"]
    assert isinstance(declared, dict)
    wanted = [*declared["dependencies"], *(d for group in declared["optional-dependencies"].values() for d in group)]
    names = {re.split(r"[<>=\[ ]", d)[0].lower().replace("_", "-").replace(".", "-") for d in wanted} - {"agorasim"}
    for name in sorted(names):
        mine = [line for line in pins(project) if line.split("==")[0] == name]
        assert mine, f"{name} has no pin"
        markers = {line.partition(";")[2].strip() for line in mine}
        assert markers in ({""}, {'python_version < "3.12"', 'python_version >= "3.12"'}), mine


@pytest.mark.parametrize("words", ["import agorasim", "from agorasim.cli import main; main(['--help'])"])
def test_starting_is_light(words: str) -> None:
    """Heavy packages wait for the command that needs them."""
    check = f"{words}; import sys; print('loaded:', *sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]


def test_public_names_come_from_where_they_say() -> None:
    import agorasim

    for name in agorasim.__all__:
        assert getattr(agorasim, name) is not None
        assert name in dir(agorasim)
    with pytest.raises(AttributeError, match="no attribute 'Scenarios'"):
        _ = agorasim.Scenarios


def test_layers_name_every_room(project: Path) -> None:
    """A room that the contract does not know could import anything."""
    (layers,) = [c["layers"] for c in metadata(project)["tool"]["importlinter"]["contracts"] if "layers" in c]  # type: ignore[index]
    named = {room.strip("() ") for layer in layers for room in re.split(r"[|:]", layer)}
    source = project / "src" / "agorasim"
    rooms = {p.stem for p in source.iterdir() if (p.is_dir() and any(p.glob("*.py"))) or p.suffix == ".py"}
    # What stands beside the rooms: entry points, the version, and the contract that policies are tested with.
    assert rooms - {"__init__", "__main__", "_version", "testing"} <= named


def test_modules_stay_readable(project: Path) -> None:
    """A file that passes 400 lines is two rooms."""
    long = {
        str(path.relative_to(project)): lines
        for path in (project / "src").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


@pytest.mark.slow
def test_wheel_carries_scenarios_and_templates(project: Path, tmp_path: Path) -> None:
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="hatchling builds the wheel")
    built = next(iter(hatchling.WheelBuilder(str(project)).build(directory=str(tmp_path), versions=["standard"])))
    names = set(zipfile.ZipFile(built).namelist())
    library = {f"agorasim/scenario/bundled/{p.name}" for p in (project / "scenarios").iterdir() if p.is_file()}
    assert {"agorasim/scenario/bundled/coffee_o2o.yaml", "agorasim/scenario/bundled/schema.json"} <= library <= names
    assert {"agorasim/py.typed", "agorasim/cli/templates/scenario.yaml.in"} <= names
