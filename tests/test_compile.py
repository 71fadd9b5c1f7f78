"""The compile cache follows the source: every file that holds a kernel is part of its digest."""

from __future__ import annotations

import re

from agorasim import _compile


def test_every_file_with_a_kernel_counts_towards_the_digest() -> None:
    holds = re.compile(r"^@(kernel|borrowed|inlined)\b|= (kernel|borrowed|inlined)\(", re.MULTILINE)
    rooms = [_compile.PACKAGE / room for room in _compile.KERNEL_ROOMS]
    files = [p for p in sorted(_compile.PACKAGE.rglob("*.py")) if holds.search(p.read_text(encoding="utf-8"))]
    assert len(files) > 10
    for file in files:
        assert any(file == room or room in file.parents for room in rooms), f"{file.name} is missing in KERNEL_ROOMS"
    assert all(room.exists() for room in rooms)


def test_the_digest_changes_with_the_source(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "behaviour").mkdir()
    kernel = tmp_path / "behaviour" / "low.py"
    kernel.write_text("A = 1\n")
    monkeypatch.setattr(_compile, "PACKAGE", tmp_path)
    monkeypatch.setattr(_compile, "KERNEL_ROOMS", ("behaviour",))
    before = _compile.source_digest()
    kernel.write_text("A = 2\n")
    assert _compile.source_digest() != before


def test_an_unwritable_home_falls_back(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(_compile.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = _compile.cache_folder()
    assert folder is not None and tmp_path in folder.parents
