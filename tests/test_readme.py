"""What the README shows works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
#: Makes the large bundled scenario small; what a command does stays the same.
SMALL = ["--set", "population.size=300"]
#: Commands that take a number of replications.
RUNS = ("run", "synergy", "compare", "trial")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_commands_then_python(tmp_path: Path) -> None:
    """A newcomer who types everything in order sees no error."""
    (scenario,) = blocks("yaml")
    (tmp_path / "first.yaml").write_text(scenario, encoding="utf-8")
    (script,) = blocks("python")
    commands = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 5
    for words in commands:
        assert words[0] == "agorasim"
        small = SMALL if "coffee_o2o" in words else []
        # Said twice, the last counts: two replications in one process show as much as eight.
        small = [*small, "--replications", "2", "--jobs", "1"] if words[1] in RUNS else small
        done = subprocess.run(
            [sys.executable, "-m", "agorasim", *words[1:], *small], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "first" / "report.html").is_file()


def test_links_lead_somewhere(project: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", README)
    local = [target for target in targets if "://" not in target]
    assert local
    missing = [target for target in local if not (project / target).exists()]
    assert not missing


def test_commands_shown_by_make_exist(project: Path) -> None:
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    assert os.access(project / ".ci" / "run", os.X_OK)
