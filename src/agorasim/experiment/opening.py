"""What every command that runs worlds does first: numbers checked, the folder found empty or fit to go on with."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agorasim.errors import InputError
from agorasim.experiment import manifest as manifests
from agorasim.experiment.files import sha256

if TYPE_CHECKING:
    from agorasim.experiment.progress import Progress
    from agorasim.scenario.schema import Scenario


def with_seed(scenario: Scenario, seed: int | None) -> Scenario:
    """The scenario with the seed of the run. InputError for a seed out of range."""
    if seed is None:
        return scenario
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}")
    return scenario.model_copy(update={"seed": seed})


def check_jobs(jobs: int) -> None:
    """InputError when that many workers cannot be."""
    if isinstance(jobs, bool) or not isinstance(jobs, int) or (jobs < 1 and jobs != -1):
        raise InputError(f"jobs must be a whole number of at least 1, or -1 for every core, got {jobs!r}")


def cores() -> int:
    """Cores that this process may use."""
    import joblib

    return int(joblib.cpu_count())


def exists(folder: Path) -> bool:
    """Whether something is there; a name that no file system takes is not."""
    try:
        return folder.exists()
    except OSError:
        return False


def earlier(
    folder: Path, scenario: Scenario, identity: Mapping[str, Any], resume: bool, table: str
) -> dict[str, Any] | None:
    """The manifest of the run to go on with; None for a fresh start.

    Args:
        folder: the results folder.
        scenario: what is to be run, with its seed.
        identity: what must be equal.
        resume: whether to go on with what is there.
        table: the table that all else rests on ("kpis", "worlds"); refused when it was changed by other hands.

    Raises:
        InputError: the folder is not empty, or holds another run.
    """
    entries = [path for path in folder.iterdir() if not (path.name.startswith(".") and path.name.endswith(".tmp"))]
    if not entries:
        return None
    if not resume:
        raise InputError(f"{folder} is not empty; choose another --out, or add --resume to go on with the run in it")
    found = manifests.read(folder)
    if phrases := manifests.differences(found, scenario, identity):
        raise InputError(
            f"{folder} cannot be resumed, it holds another run; different: {', '.join(phrases)}. Use another --out"
        )
    if found.get("status") in ("finished", "failed") and (known := found["tables"].get(table)):
        path = folder / "tables" / f"{table}.parquet"
        if path.exists() and sha256(path) != known["sha256"]:
            raise InputError(f"{path} was changed after it was written; remove it to make its rows again with --resume")
    return found


def sweep(folder: Path, existed: bool) -> None:
    """Take away what a run that came to nothing made, so that the next one finds the folder as it was."""
    for name in ("parts", "tables", "failures"):
        shutil.rmtree(folder / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder / manifests.NAME).unlink(missing_ok=True)
        if not existed:
            folder.rmdir()


def warm_up(progress: Progress) -> None:
    """Compile the kernels once here, rather than once in every worker at the same time."""
    # Whatever is wrong shows in the runs themselves, with a replicate and a traceback file.
    with contextlib.suppress(Exception):
        from agorasim.ecosystem.warmup import warm_up

        warm_up(progress.say)
