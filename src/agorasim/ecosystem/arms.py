"""An arm: one world of an experiment, whatever its replicate, as data that can be stored and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agorasim.ecosystem.interventions import Change, check_change
from agorasim.ecosystem.trial import TrialSpec, check_trial
from agorasim.errors import InputError, unknown

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

DECISIONS: Final = ("held", "react")
_KEYS: Final = ("label", "changes", "overrides", "decisions", "messages", "detail", "trial")


@dataclass(frozen=True)
class Arm:
    """A world of an experiment, apart from its replicate.

    Attributes:
        label: names it in tables; unique in an experiment, stable, readable, e.g. "full" or "without search".
        changes: what differs from the end of warm-up on; several act one after another.
        overrides: (scenario path, JSON value) from day 0, with a warm-up of its own.
        decisions: "held" replays every brand's decisions of the full world (the scenario without overrides and
            changes); "react" lets policies decide on the reports of their own world. A brand with its own policy in
            `changes`, or whose policy, budget, price or posts an override alters, decides for itself in either case.
        messages: word of mouth that crosses ties is that arm's, day by day, instead of the world's own.
        detail: totals of touchpoints and places too.
        trial: an experiment inside the world, in which nothing else is changed.

    Raises:
        InputError: an empty label, unknown decisions, an override that is not JSON, or something else than changes.
    """

    label: str
    changes: tuple[Change, ...] = ()
    overrides: tuple[tuple[str, Any], ...] = ()
    decisions: str = "held"
    messages: Arm | None = None
    detail: bool = False
    trial: TrialSpec | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.label, str) or not self.label.strip():
            raise InputError(f"an arm needs a label, got {self.label!r}")
        if self.decisions not in DECISIONS:
            raise InputError(unknown("way of deciding", self.decisions, DECISIONS))
        object.__setattr__(self, "changes", tuple(self.changes))
        for change in self.changes:
            if not isinstance(change, Change):
                raise InputError(f"arm {self.label!r}: expected changes, got {change!r}")
            if self.decisions == "react" and any(days < 0 for _, days in change.shift):
                raise InputError(
                    f"arm {self.label!r}: spend can be moved earlier only with decisions 'held', because a brand that"
                    " reacts has not decided yet what it will spend"
                )
        if self.trial is not None and self.changes:
            raise InputError(f"arm {self.label!r}: a world with a trial takes no other changes")
        object.__setattr__(self, "overrides", tuple((str(path), value) for path, value in self.overrides))
        try:
            json.dumps(self.overrides, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(f"arm {self.label!r}: overrides must be plain values: {error}") from None

    def spec(self) -> dict[str, Any]:
        """The whole arm as plain data for JSON; `from_spec` gives back an equal arm. Equal specs, equal worlds."""
        out = {
            "label": self.label,
            "changes": [change.to_dict() for change in self.changes],
            "overrides": [[path, value] for path, value in self.overrides],
            "decisions": self.decisions,
            "messages": None if self.messages is None else self.messages.spec(),
            "detail": self.detail,
        }
        return out if self.trial is None else {**out, "trial": self.trial.to_dict()}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Arm:
        """An arm from plain data. InputError for missing or unknown keys and wrong values."""
        for key in spec:
            if key not in _KEYS:
                raise InputError(unknown("key of an arm", key, _KEYS))
        if "label" not in spec:
            raise InputError("an arm needs a label")
        messages, trial = spec.get("messages"), spec.get("trial")
        return cls(
            label=spec["label"],
            changes=tuple(Change.from_dict(change) for change in spec.get("changes", ())),
            overrides=tuple((path, value) for path, value in spec.get("overrides", ())),
            decisions=spec.get("decisions", "held"),
            messages=None if messages is None else cls.from_spec(messages),
            detail=bool(spec.get("detail", False)),
            trial=None if trial is None else TrialSpec.from_dict(trial),
        )

    def world_key(self) -> str:
        """Text that is equal for arms whose worlds are equal whatever they are called and report."""
        spec = self.spec()
        inner = None if self.messages is None else self.messages.world_key()
        return json.dumps({**spec, "label": "", "detail": False, "messages": inner}, sort_keys=True)

    def __hash__(self) -> int:
        """Overrides may hold lists and mappings, so the canonical text is hashed."""
        return hash((self.label, self.detail, self.world_key()))


def check_arm(arm: Arm, scenario: Scenario) -> Scenario:
    """The scenario that the arm's world runs, its overrides applied. InputError when something does not fit it."""
    spec = scenario.with_overrides(dict(arm.overrides)) if arm.overrides else scenario
    for change in arm.changes:
        check_change(change, spec)
    if arm.trial is not None:
        check_trial(arm.trial, spec)
    if arm.messages is not None:
        check_arm(arm.messages, scenario)
    return spec
