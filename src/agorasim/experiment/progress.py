"""A progress bar with time left on a terminal's standard error; one closing line anywhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress:
    """Shows how many replications are done; use it as a context.

    Args:
        total: replications asked for.
        done: how many of them an earlier run left.
        shown: whether to say anything at all.
    """

    def __init__(self, total: int, done: int = 0, *, shown: bool = True) -> None:
        self.total, self.done, self.shown = total, done, shown
        self._begun = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        self._begun = time.monotonic()
        if self.shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                # The estimate must remember slow runs: a batch of jobs finishes together and then nothing for a while.
                speed_estimate_period=600.0,
            )
            self._task = self._bar.add_task("replications", total=self.total, completed=self.done)
            self._bar.start()
        return self

    def advance(self) -> None:
        """One more replication is finished."""
        self.done += 1
        if self._bar is not None:
            self._bar.advance(self._task)

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        if not self.shown:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if kind is None:
            self.say(f"{self.done} of {self.total} replications finished in {time.monotonic() - self._begun:.1f} s")
