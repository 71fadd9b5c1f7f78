"""What can go wrong, in words a user can act on. Every class here is part of the public interface."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AgorasimError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(AgorasimError):
    """The user's input is wrong: one clear message, exit code 2."""


class ActionError(InputError):
    """A policy returned an action that its brand cannot take; names brand, policy and day."""


class StorageError(AgorasimError):
    """Results could not be written (full disk, missing permission); what was finished stays."""


class WorldsFailedError(AgorasimError):
    """So many worlds raised an error that a question has no answer; their tracebacks are in the results folder."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The valid name closest to a mistyped one, or None when nothing is near."""
    found = difflib.get_close_matches(str(name), [str(n) for n in names], n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """One sentence for an unknown name: what it is, the nearest valid name, or all of them when few."""
    known = sorted(str(n) for n in names)
    if near := nearest(name, known):
        return f"unknown {kind} {name!r}; did you mean {near!r}?"
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"unknown {kind} {name!r}; expected one of: {shown or '(none are defined)'}"
