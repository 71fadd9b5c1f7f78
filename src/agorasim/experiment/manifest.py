"""manifest.json: what was run, with what, and how far it got. Everything that tables must not hold stands here."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agorasim._version import __version__
from agorasim.errors import InputError
from agorasim.experiment.files import sha256, write_bytes
from agorasim.measures import metrics

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

NAME: Final = "manifest.json"
FORMAT: Final = "agorasim-results"
VERSION: Final = 1
#: What every manifest has, and what kind of value.
_PARTS: Final = {
    "status": str, "identity": dict, "scenario": dict, "replications": dict, "timings": dict, "tables": dict,
}  # fmt: skip
SEED_POLICY: Final = (
    "every random number is addressed by (seed, replicate, day, purpose, consumer, entity), never by the scenario"
)

#: What decides a world's numbers; the report or the command line may change without spoiling a run that waits.
_ROOMS: Final = (
    "_compile.py", "errors.py", "randomness.py", "measures", "brands", "scenario", "behaviour", "ecosystem",
)  # fmt: skip
_LIBRARIES: Final = (
    "mesa", "numpy", "numba", "scipy", "networkx", "pydantic", "joblib", "pyarrow", "duckdb", "pandas", "matplotlib",
)  # fmt: skip
#: Libraries that a world's numbers pass through: a run is not resumed under other versions of these.
_ARITHMETIC: Final = ("numpy", "numba")


# --- identity -------------------------------------------------------------------------------------------------------


def plain(scenario: Scenario) -> dict[str, Any]:
    """The resolved scenario as JSON would hold it, names in the scenario's order."""
    data: dict[str, Any] = json.loads(json.dumps(scenario.to_dict(), default=str))
    return data


@lru_cache(maxsize=1)
def source_digest() -> str:
    """Twelve hexadecimal digits that change with any source file that decides a world's numbers."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in _ROOMS:
        path = package / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(package).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def identity(scenario: Scenario, kind: str = "replicate") -> dict[str, Any]:
    """What must be equal for one run to go on where another stopped; the scenario carries the seed of the run."""
    from agorasim.scenario.files import scenario_hash

    return {"experiment": kind, "scenario": scenario_hash(scenario), **own_identity()}


def own_identity() -> dict[str, Any]:
    """The part of the identity that is this process's own: source files and the libraries of arithmetic."""
    return {"source": source_digest(), **{name: _version(name) for name in _ARITHMETIC}}


def differences(found: Mapping[str, Any], scenario: Scenario, wanted: Mapping[str, Any]) -> list[str]:
    """What a manifest and a new run disagree on, a phrase each; empty when the run may be resumed."""
    old = found.get("identity", {})
    phrases = []
    for key, value in wanted.items():
        if old.get(key) == value:
            continue
        if key == "scenario":
            paths = _changed(found.get("scenario", {}), plain(scenario)) or ["a file that it names has other contents"]
            phrases.append("the scenario (" + "; ".join(paths[:3]) + ("; ..." if len(paths) > 3 else "") + ")")
        elif key == "source":
            version = found.get("versions", {}).get("agorasim")
            phrases.append(f"the program (agorasim {version} with other source files)")
        else:
            phrases.append(f"{key} ({old.get(key)} there, {value} now)")
    return phrases


def other_settings(found: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> list[str]:
    """What an experiment was asked differently before, a phrase each; nothing when there was none before."""
    old = (found or {}).get("settings") or {}
    # As the manifest has them: tuples are lists there.
    new = json.loads(json.dumps(settings, default=str))
    other = [key for key in new if key in old and old[key] != new[key]]
    return [f"{key} ({_short(old[key])} there, {_short(new[key])} now)" for key in other]


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _changed(old: Any, new: Any) -> list[str]:
    """Paths at which two resolved scenarios differ."""
    a, b = dict(_leaves(old)), dict(_leaves(new))
    absent = "absent"
    return [
        f"{path}: {a.get(path, absent)} there, {b.get(path, absent)} now"
        for path in sorted({*a, *b})
        if a.get(path, absent) != b.get(path, absent)
    ]


def _leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, data


# --- the file -------------------------------------------------------------------------------------------------------


def describe(scenario: Scenario, wanted: Mapping[str, Any], replications: int) -> dict[str, Any]:
    """A manifest for a run that begins now; the runner adds how it goes."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "status": "running",
        "experiment": wanted["experiment"],
        "identity": dict(wanted),
        "scenario": plain(scenario),
        "scenario_hash": wanted["scenario"],
        "scenario_folder": str(scenario._folder) if scenario._folder is not None else None,
        "allow_outside": scenario._allow_outside,
        "seed": scenario.seed,
        "seed_policy": SEED_POLICY,
        "replications": {"requested": replications, "finished": 0, "failed": {}},
        "versions": versions(),
        "platform": {"system": platform.platform(), "machine": platform.machine()},
        "argv": list(sys.argv),
        "timings": {"sessions": []},
        "tables": {},
        "metrics": {
            m.name: {
                "unit": m.unit,
                "kind": m.kind,
                "additive": m.additive,
                "levels": list(m.levels),
                "meaning": m.meaning,
                "money": m.money,
                "ratio": list(m.ratio) if m.ratio else None,
            }
            for m in metrics.METRICS
        },
    }


def versions() -> dict[str, str | None]:
    """Versions of Python, this package and the libraries it computes with."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "agorasim": __version__, **libraries}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the manifest atomically. StorageError when it cannot be written."""
    write_bytes(folder / NAME, json.dumps(manifest, indent=2, ensure_ascii=False, default=str).encode() + b"\n")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a results folder. InputError when there is none, or it cannot be read."""
    path = folder / NAME
    if not folder.exists():
        raise InputError(f"there is no results folder {folder}")
    if not path.is_file():
        raise InputError(f"{folder} is not a results folder: it has no {NAME}")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{path} is not the manifest of a results folder")
    if manifest.get("version") != VERSION:
        raise InputError(f"{folder} has results version {manifest.get('version')}; this program reads {VERSION}")
    for key, kind in _PARTS.items():
        if not isinstance(manifest.get(key), kind):
            raise InputError(f"{path} is damaged: {key!r} is missing, or not what a run writes there")
    return manifest


def describe_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """Digest and size of each finished table."""
    return {
        path.stem: {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted((folder / "tables").glob("*.parquet"))
    }
