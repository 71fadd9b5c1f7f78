"""Numba settings for every kernel of the package: exact arithmetic and a cache that cannot go stale.

Numba's disk cache looks only at the file that defines the caller, so an edit of a called file would silently keep
the old machine code. The cache folder therefore carries a digest of every source file that can reach a kernel.
Import this module before anything else that uses Numba.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

Compiled = Callable[..., Any]

PACKAGE = Path(__file__).resolve().parent
#: Every file that holds a kernel or a constant frozen into one; a test keeps the list complete.
KERNEL_ROOMS = (
    "_compile.py",
    "purposes.py",
    "randomness.py",
    "behaviour",
    "ecosystem/social",
    "brands/reporting.py",
    "brands/chance.py",
)
KEEP_CACHES = 8


def source_digest() -> str:
    """Twelve hexadecimal digits that change whenever a file that may hold or feed a kernel changes, or moves.

    Numba's cache knows functions by the path of their file, so two copies of the package share nothing.
    """
    digest = hashlib.sha256(str(PACKAGE).encode())
    for room in KERNEL_ROOMS:
        path = PACKAGE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(PACKAGE)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _cache_homes() -> list[Path]:
    """Where a cache may live, best first: the user's choice, the user's cache, the temporary folder."""
    homes = []
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        homes.append(Path(chosen) / "agorasim")
    base = os.environ.get("XDG_CACHE_HOME")
    if base or Path("~").expanduser() != Path("~"):
        homes.append((Path(base) if base else Path("~/.cache").expanduser()) / "agorasim")
    homes.append(Path(tempfile.gettempdir()) / f"agorasim-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    return homes


def cache_folder() -> Path | None:
    """The first cache folder that can be written, made on the way; None when there is none (then nothing is cached)."""
    digest = source_digest()
    for home in _cache_homes():
        folder = home / digest
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        os.utime(folder)
        _prune(home, keep=folder)
        return folder
    return None


def _prune(home: Path, keep: Path) -> None:
    """Remove caches of older versions, all but the newest few: another version may be running beside this one."""
    try:
        others = sorted((p for p in home.iterdir() if p.is_dir() and p != keep), key=lambda p: p.stat().st_mtime)
    except OSError:
        return
    for old in others[: max(0, len(others) - KEEP_CACHES + 1)]:
        shutil.rmtree(old, ignore_errors=True)


# Set before numba is imported: numba reads both when it starts. SVML would replace libm's exp and log, whose bits
# plain Python shares.
os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
CACHE = cache_folder()

import numba  # noqa: E402  (the settings above must come first)

if CACHE is not None:
    numba.config.CACHE_DIR = str(CACHE)


def is_warm() -> bool:
    """Whether an earlier run left compiled kernels for exactly this source."""
    return CACHE is not None and any(CACHE.rglob("*.nbi"))


if TYPE_CHECKING:
    # Compiled functions take Python's, NumPy's and a record's numbers alike, which no annotation says: callers are
    # not checked against `int` and `float`.
    def kernel(function: Compiled) -> Compiled: ...

    def borrowed(function: Compiled) -> Compiled: ...

    def inlined(function: Compiled) -> Compiled: ...
else:
    # error_model="numpy": no hidden division checks. Never fastmath: its bits are the optimiser's free choice.
    _OPTIONS = {"cache": CACHE is not None, "error_model": "numpy", "nogil": True}
    kernel = numba.njit(**_OPTIONS)
    # No reference counting: kernels over a world's columns allocate nothing, and counting some thirty arrays at every
    # call of a small function cost twenty times the work itself. The caller holds the arrays.
    borrowed = numba.njit(**_OPTIONS, _nrt=False)
    inlined = numba.njit(**_OPTIONS, inline="always")
