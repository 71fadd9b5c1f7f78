"""Each mechanism moves the outcome that it should, and its lever does nothing where nothing is to be moved."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
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
FEW = 3


def test_every_mechanism_is_asked_about() -> None:
    codes = {question.mechanism for question in QUESTIONS}
    assert codes >= {f"M{k}" for k in range(1, 20)}
    assert codes >= {mechanism.code for mechanism in MECHANISMS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_lever_moves_the_outcome(question: Any) -> None:
    ends = [0, len(question.values) - 1]
    if question.shape in ("peak", "dip"):
        ends = list(range(len(question.values)))
    # Most are clear from a few pairs; the others get all that the page has.
    if not _moves(question, effects.measure(replace(question, replications=FEW), ends)):
        assert _moves(question, effects.measure(question, ends))


def _moves(question: Any, outcomes: Any) -> bool:
    """Whether the outcomes at the ends say what the question states."""
    if question.shape == "saturating":
        found = paired_interval(outcomes[-1], outcomes[0])
        return bool(found.low > 0 or found.high < 0)
    return bool(effects.as_said(question, outcomes))


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.null], ids=lambda question: question.name)
def test_where_nothing_is_to_be_moved_nothing_moves(question: Any) -> None:
    ends = [0, len(question.values) - 1]
    outcomes = effects.measure(replace(question, replications=FEW), ends, beside=question.null)
    if (outcomes[0] == outcomes[1]).all():
        return
    outcomes = effects.measure(question, ends, beside=question.null)
    found = paired_interval(outcomes[1], outcomes[0])
    assert found.low <= 0 <= found.high
