"""Files that are either whole or absent, and folders that one run writes at a time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agorasim.errors import InputError, StorageError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def storage_error(path: Path, error: OSError) -> StorageError:
    """What stopped a write, in words."""
    if error.errno in _FULL:
        return StorageError(f"the disk is full: cannot write {path}")
    return StorageError(f"cannot write {path}: {error.strerror or error}")


def sync(folder: Path) -> None:
    """Make renames and removals in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears whole (temporary file, fsync, rename) or not at all. StorageError when it cannot."""
    # The leading dot and the ending keep a left-over of a killed run out of every pattern that readers use.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise storage_error(path, error) from error
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file atomically. StorageError when it cannot."""
    with atomic(path) as file:
        file.write(data)


def make_folder(path: Path) -> None:
    """Make a folder and its parents. InputError when a file is in the way, StorageError when it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{path} cannot be a folder: a file is in the way") from error
    except OSError as error:
        raise storage_error(path, error) from error


def remove_temporary(folder: Path) -> None:
    """Remove what killed writers left in a folder."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()


def sha256(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for one run; the system lets go however the process ends. InputError when it is held."""
    try:
        import fcntl
    except ImportError:  # Windows has no advisory lock on folders
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"another run is writing to {folder}; wait for it or choose another --out") from error
        except OSError:
            pass  # some network file systems have no locks: go on without
        yield
    finally:
        os.close(handle)
