"""Tests for policies that others write: subclass `PolicyContract` and let pytest run it.

    from agorasim.testing import PolicyContract

    class TestMine(PolicyContract):
        policy = Mine
        settings = {"plan": {"search": 100.0}}

Nothing here imports pytest or builds a world, so the same checks serve a notebook.
"""

from __future__ import annotations

import copy
import datetime
import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from agorasim.brands.action import BrandAction, check
from agorasim.brands.policy import Policy
from agorasim.brands.view import BrandView
from agorasim.randomness import stream

START = datetime.date(2026, 1, 1)
SPENT_ON = ("search", "social", "short_video")
OWNED = ("app", "store")


def story(
    mornings: Sequence[int],
    *,
    media: Sequence[str] = SPENT_ON,
    owned: Sequence[str] = OWNED,
    rivals: Sequence[str] = ("rivo", "terra"),
    budget: float = 1000.0,
    every: int = 1,
    delay: int = 1,
    level: float = 1.0,
    seed: int = 0,
    levers: Mapping[str, tuple[float, float, float]] | None = None,
) -> list[BrandView]:
    """What one brand sees on several mornings (days, 0-based): made-up figures that only ever grow longer.

    `delay` is the report delay in days, `level` multiplies every figure (0: nothing ever happened), `seed` picks them;
    `levers` on offer map a name to (value now, least, largest).
    """
    rng = np.random.default_rng(seed)
    known = [max(0, morning + 1 - delay) if delay else morning for morning in mornings]
    length = max(known, default=0)

    def series(mean: float) -> Any:
        return level * rng.gamma(2.0, mean / 2.0, length)

    touched = dict.fromkeys((*media, *owned))
    figures: dict[str, Any] = {
        "spend": {t: series(budget / max(1, len(media))) for t in media},
        "impressions": {t: series(5000.0) for t in touched},
        "clicks": {t: series(50.0) for t in touched},
        "attributed_orders": {t: series(4.0) for t in touched},
        "attributed_revenue": {t: series(budget / 2.0) for t in touched},
        "orders": series(40.0),
        "revenue": series(2.0 * budget),
        "lost_orders": series(1.0),
        "new_customers": series(5.0),
        "rivals_spend": {r: series(budget) for r in rivals},
    }

    def until(value: Any, days: int) -> Any:
        return {k: v[:days] for k, v in value.items()} if isinstance(value, dict) else value[:days]

    return [
        BrandView(
            brand="lumo",
            day=morning,
            date=START + datetime.timedelta(days=morning),
            days_total=max(mornings) + 1,
            every=every,
            budget=budget,
            media=tuple(media),
            owned=tuple(owned),
            price=20.0,
            discount=0.0,
            reported_days=days,
            members=100.0 * level,
            levers={name: now for name, (now, _, _) in (levers or {}).items()},
            lever_bounds={name: (low, high) for name, (_, low, high) in (levers or {}).items()},
            **{name: until(value, days) for name, value in figures.items()},
        )
        for morning, days in zip(mornings, known, strict=True)
    ]


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal to the bit, through containers and arrays; NaN equals NaN."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (BrandAction, BrandView)):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


class PolicyContract:
    """The contract of `agorasim.Policy` as tests. Set `policy`, and `settings` where defaults do not do.

    Override `make` or `situations` for policies that need more than settings or other data than is made up here.
    """

    policy: ClassVar[type[Policy]]
    """The class under test."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """As a scenario would write them, without `name` and `every`."""
    budget: ClassVar[float] = 1000.0
    """Media money a day; amounts that the settings fix must lie within it."""
    every: ClassVar[int] = 1
    """Days between decisions."""
    levers: ClassVar[Mapping[str, tuple[float, float, float]]] = {}
    """Levers of mechanisms that the policy knows: name to (value at first, least, largest)."""

    def make(self) -> Policy:
        """A fresh policy with a stream attached."""
        made = self.policy.from_settings(self.settings)
        made.attach(stream(seed=1))
        return made

    def situations(self) -> dict[str, list[BrandView]]:
        """Named runs of successive decision mornings; each run starts with a fresh policy."""
        media = sorted({*SPENT_ON, *self.make().touchpoints()})
        days = range(0, 60 * self.every, self.every)

        def of(mornings: Sequence[int], **changes: Any) -> list[BrandView]:
            return story(mornings, **{"media": media, "budget": self.budget, "every": self.every, **changes})

        return {
            "an ordinary run": of(days),
            "late reports": of(days, delay=30, seed=1),
            "nothing is ever reported": of(days, delay=10_000),
            "nothing ever happens": of(days, level=0.0),
            "enormous figures": of(days, level=1e9),
            "no rivals": of(days, rivals=()),
            "no owned touchpoints": of(days, owned=(), seed=2),
            "a long history": of([3000, 3000 + self.every], seed=3),
            "levers on offer": of(days, levers=self.levers, seed=4),
        }

    # --- the tests --------------------------------------------------------------------------------------------------

    def test_can_be_registered(self) -> None:
        """It has a usable name and one line of description."""
        assert self.policy.name.isidentifier(), "a policy needs a `name` of letters, digits and underscores"
        assert self.policy.description.strip(), "a policy needs a `description`"
        assert "\n" not in self.policy.description, "the description must be one line"
        touchpoints = self.make().touchpoints()
        assert isinstance(touchpoints, set) and all(isinstance(t, str) for t in touchpoints)

    def test_every_action_can_be_taken(self) -> None:
        """Whatever is reported, the action passes `check`: known touchpoints, finite amounts, within the budget."""
        for views in self.situations().values():
            actor = self.make()
            for view in views:
                assert check(actor.decide(view), view, self.policy.name).total() <= view.budget * (1.0 + 1e-9)

    def test_same_inputs_same_actions(self) -> None:
        """Two policies with one history agree to the bit, and so do a policy and its copy in mid-run."""
        for name, views in self.situations().items():
            one, other = self.make(), self.make()
            for view in views:
                twin = copy.deepcopy(one)
                actions = [actor.decide(view) for actor in (one, other, twin)]
                assert same(actions[0], actions[1]), f"{name}, day {view.day}: two runs differ"
                assert same(actions[0], actions[2]), f"{name}, day {view.day}: a copy differs"

    def test_snapshot_and_restore_continue(self) -> None:
        """A new policy restored from a saved snapshot goes on as the first; the snapshot is not touched by that."""
        for name, views in self.situations().items():
            half = len(views) // 2
            first = self.make()
            for view in views[:half]:
                first.decide(view)
            saved = first.snapshot()
            kept = pickle.dumps(saved)
            later = [first.decide(view) for view in views[half:]]
            for _ in range(2):
                second = self.make()
                second.restore(saved)
                again = [second.decide(view) for view in views[half:]]
                assert same(later, again), f"{name}: a restored policy does not continue"
            assert same(pickle.loads(kept), saved), f"{name}: the snapshot shares data with the policy"

    def test_only_declared_state_changes(self) -> None:
        """Deciding changes no attribute but those in `state`, and nothing in the view."""
        for views in self.situations().values():
            actor = self.make()
            for view in views[:20]:
                before, seen = copy.deepcopy(vars(actor)), copy.deepcopy(view)
                actor.decide(view)
                after = vars(actor)
                changed = {
                    k for k in before.keys() | after.keys() if k not in before or not same(before[k], after.get(k))
                }
                assert changed <= set(self.policy.state), (
                    f"undeclared state: {sorted(changed - set(self.policy.state))}"
                )
                assert same(seen, view), "decide() changed the view"
