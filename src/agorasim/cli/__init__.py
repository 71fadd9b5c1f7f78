"""The command line: thin commands over the other rooms. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: a run failed or results could not be stored (what finished is kept). 2: the user's input is wrong.
    130: interrupted. A deliberate error is one message on stderr that starts with ``error:``, without a traceback.

    Args:
        arguments: the words after the program's name; those of the process when None.
    """
    from agorasim.errors import AgorasimError, InputError

    # A terminal that lacks a character shows a question mark in its place, and no command fails for that.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        from agorasim.cli.app import app

        app(args=None if arguments is None else list(arguments), prog_name="agorasim")
    except SystemExit as stop:
        return _exit_code(stop)
    except AgorasimError as error:
        # A message of several lines lists `file:line: ...` first, which editors turn into links, and sums up last.
        *details, verdict = str(error).splitlines() or [type(error).__name__]
        print(*details, f"error: {verdict}", sep="\n", file=sys.stderr)
        return WRONG_INPUT if isinstance(error, InputError) else FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None:
        return DONE
    return stop.code if isinstance(stop.code, int) else FAILED
