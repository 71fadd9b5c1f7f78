"""What tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

# Before anything imports Matplotlib: figures are only ever written to files here.
os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    """The top of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of published data sets; the test is skipped when AGORASIM_DATA does not name one."""
    named = os.environ.get("AGORASIM_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("AGORASIM_DATA names no folder of published data")
    return Path(named).resolve()


@pytest.fixture
def agorasim(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: `code, out, err = agorasim("list", "metrics")`."""
    from agorasim.cli import main

    # Wide enough that no message is folded.
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
