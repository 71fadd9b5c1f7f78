"""A progress bar with time left on a terminal's standard error; one closing line anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress:
    """Shows how many replications (or worlds) are done; use it as a context.

    Args:
        total: how many are asked for; `grow` asks for more.
        done: how many of them an earlier run left.
        shown: whether to say anything at all.
        what: the word for what is counted.
        after: seconds before anything is shown; what takes no longer stays without a bar and a closing line.
    """

    def __init__(
        self, total: int, done: int = 0, *, shown: bool = True, what: str = "replications", after: float = 0.0
    ) -> None:
        self.total, self.done, self.shown, self.what, self.after = total, done, shown, what, after
        self._begun = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: Any = None
        self._timer: threading.Timer | None = None
        self._shown_from = (self._begun, done)
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        self._begun = time.monotonic()
        if self.shown and sys.stderr.isatty():
            if self.after:
                self._timer = threading.Timer(self.after, self._show)
                self._timer.daemon = True
                self._timer.start()
            else:
                self._show()
        return self

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        with self._lock:
            if self.after and self._timer is None:
                return
            bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[speed]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                # The estimate must remember slow runs: a batch of jobs finishes together and then nothing for a while.
                speed_estimate_period=600.0,
            )
            self._task = bar.add_task(self.what, total=self.total, completed=self.done, speed="")
            bar.start()
            self._bar, self._shown_from = bar, (time.monotonic(), self.done)

    def advance(self, by: int = 1) -> None:
        """So many more are finished."""
        with self._lock:
            self.done += by
            if self._bar is not None:
                begun, done = self._shown_from
                speed = (self.done - done) / max(time.monotonic() - begun, 1e-3)
                self._bar.update(self._task, completed=self.done, speed=f"{speed:.3g} {self.what}/s")

    def grow(self, total: int, done: int) -> None:
        """So many more are asked for, of which some are there already."""
        with self._lock:
            self.total, self.done = self.total + total, self.done + done
            if self._bar is not None:
                begun, before = self._shown_from
                self._shown_from = (begun, before + done)
                self._bar.update(self._task, total=self.total, completed=self.done)

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
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
        seconds = time.monotonic() - self._begun
        if kind is None and seconds >= self.after:
            self.say(f"{self.done} of {self.total} {self.what} finished in {seconds:.1f} s")
