"""Each mechanism moves the outcome that it should, and its lever does nothing where nothing is to be moved."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agorasim.ecosystem.mechanisms import MECHANISMS
from agorasim.effects.paired import paired_interval

ROOT = Path(__file__).resolve().parents[2]


def _experiment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mechanism_effects", ROOT / "experiments" / "mechanisms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


effects = _experiment()
QUESTIONS = effects.questions()


def test_every_mechanism_is_asked_about() -> None:
    codes = {question.mechanism for question in QUESTIONS}
    assert codes >= {f"M{k}" for k in range(1, 20)}
    assert codes >= {mechanism.code for mechanism in MECHANISMS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_lever_moves_the_outcome(question: Any) -> None:
    ends = [0, len(question.values) - 1]
    if question.shape in ("peak", "dip"):
        ends = list(range(len(question.values)))
    outcomes = effects.measure(question, ends)
    if question.shape == "saturating":
        found = paired_interval(outcomes[-1], outcomes[0])
        assert found.low > 0 or found.high < 0
    else:
        assert effects.as_said(question, outcomes)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.null], ids=lambda question: question.name)
def test_where_nothing_is_to_be_moved_nothing_moves(question: Any) -> None:
    outcomes = effects.measure(question, [0, len(question.values) - 1], beside=question.null)
    found = paired_interval(outcomes[1], outcomes[0])
    assert found.low <= 0 <= found.high
