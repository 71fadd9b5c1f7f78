"""A bench: the worlds of one scenario, seed and replicate that experiments compare, on common random numbers.

What they share is simulated once: the warm-up, the full world's decisions, the messages that other worlds replay.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.agenda import Agenda
from agorasim.ecosystem.arms import Arm, check_arm
from agorasim.ecosystem.clusters import clusters_of
from agorasim.ecosystem.periods import COUNTED, Totals, finer_periods, totals
from agorasim.ecosystem.script import Script
from agorasim.ecosystem.tapes import Decisions, Messages, Tape
from agorasim.ecosystem.trial import ends_of_trial, start_trial
from agorasim.ecosystem.trial_totals import with_trial
from agorasim.ecosystem.world import World
from agorasim.errors import InputError

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: Memory for finished worlds' totals and messages, bytes: a few hundred worlds of ten thousand consumers.
KEEP: Final = 48_000_000
#: Worlds whose orders by consumer are kept, for trials to look up.
_ORDERS: Final = 4


class Bench:
    """Runs the arms of one replicate.

    Args:
        scenario: the full world's scenario.
        seed: 64-bit seed; the scenario's own when None.
        replicate: which of the seed's worlds.
        periods: periods of the totals besides `counted` and `end`: any of "day", "week", "month", or "counted" alone.
        graphs: graphs by layer name that take the place of the scenario's.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        replicate: int = 0,
        *,
        periods: str | Iterable[str] = COUNTED,
        graphs: Mapping[str, Any] | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.replicate = replicate
        self.periods = finer_periods(periods)
        self._graphs = graphs
        self._warm: World | None = None
        self._decisions: Decisions | None = None
        self._found: NDArray[np.int64] | None = None
        self._orders: OrderedDict[str, NDArray[np.int32]] = OrderedDict()
        self._kept: OrderedDict[str, _Finished] = OrderedDict()

    def run(self, arm: Arm) -> Totals:
        """Totals of the arm's world. InputError when the arm does not fit the scenario."""
        return self._finished(arm, arm.detail).totals[arm.detail]

    def world(self, arm: Arm) -> World:
        """The arm's finished world, made for the caller."""
        spec = check_arm(arm, self.scenario)
        # What others share comes first: the full world starts from the warm world before anybody changes it.
        held = self._held() if arm.decisions == "held" else None
        messages = None if arm.messages is None else self._finished(arm.messages, arm.messages.detail).messages
        world = World(spec, self.seed, self.replicate, self._graphs) if arm.overrides else self._branch()
        if messages is not None:
            self._require_same_people(world, arm)
        if arm.changes or held is not None or messages is not None:
            world.script = Script(world, arm.changes, held=held, messages=messages)
        world.tape = Tape()
        if arm.trial is not None:
            world.run(world.days.warmup - world.day)
            by_cluster = arm.trial.unit == "cluster"
            start_trial(world, arm.trial, self._clusters(world, arm) if by_cluster else None)
        return world.run()

    # --- what is shared ---------------------------------------------------------------------------------------------

    def _branch(self) -> World:
        """A world at the end of the warm-up, to go on with."""
        return self._warmed().copy()

    def _warmed(self) -> World:
        if self._warm is None:
            warm = World(self.scenario, self.seed, self.replicate, self._graphs)
            warm.tape = Tape(Decisions(self.scenario, warm.factor))
            self._warm = warm.run(self.scenario.calendar.warmup)
            Agenda(warm.size).join(warm)
        return self._warm

    def _clusters(self, world: World, arm: Arm) -> NDArray[np.int64]:
        """Clusters of the arm's people, found once for all arms without overrides."""
        if arm.overrides:
            return clusters_of(world)
        if self._found is None:
            self._found = clusters_of(world)
        return self._found

    def _held(self) -> Decisions:
        """Decisions of the full world, which is run for them when it has not been."""
        if self._decisions is None:
            warm, full = self._warmed(), self._branch()
            assert warm.tape is not None
            full.tape = Tape(warm.tape.decisions)
            full.run()
            self._decisions = full.tape.decisions
            self._keep(Arm("full"), full, detail=True)
            self._keep(Arm("full"), full, detail=False)
        assert self._decisions is not None
        return self._decisions

    def _finished(self, arm: Arm, detail: bool) -> _Finished:
        """What is kept of the arm's world, which is run when it has not been, or was dropped."""
        key = arm.world_key()
        if key == _FULL:
            self._held()
        found = self._kept.get(key)
        if found is None or detail not in found.totals:
            found = self._keep(arm, self.world(arm), detail)
        self._kept.move_to_end(key)
        return found

    def _keep(self, arm: Arm, world: World, detail: bool) -> _Finished:
        """Keep a finished world's totals and messages; the longest unused give way when memory is short."""
        assert world.tape is not None
        found = self._kept.setdefault(arm.world_key(), _Finished(world.tape.messages))
        made = totals(world, self.periods, detail=detail)
        if arm.trial is not None:
            ends = (replace(arm, changes=changes, trial=None) for changes in ends_of_trial(arm.trial))
            made = with_trial(made, world, *(self._orders_of(end) for end in ends))
        found.totals[detail] = made
        self._orders[arm.world_key()] = world.w.bought.copy()
        if len(self._orders) > _ORDERS:
            self._orders.popitem(last=False)
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > KEEP:
            self._kept.popitem(last=False)
        return found

    def _orders_of(self, arm: Arm) -> NDArray[np.int32]:
        """All orders (N, B) of the arm's consumers at the end."""
        key = arm.world_key()
        if key not in self._orders:
            self._finished(arm, arm.detail)
        return self._orders[key] if key in self._orders else self.world(arm).w.bought

    def _require_same_people(self, world: World, arm: Arm) -> None:
        """InputError when replayed messages would name other consumers or brands."""
        assert arm.messages is not None
        spec = self.scenario.with_overrides(dict(arm.messages.overrides)) if arm.messages.overrides else self.scenario
        theirs, mine = spec, world.scenario
        same = (
            list(theirs.brands) == list(mine.brands)
            and theirs.population.size == mine.population.size
            and theirs.category.kind == mine.category.kind
            and theirs.calendar == mine.calendar
            and list(theirs.social.layers) == list(mine.social.layers)
        )
        if not same:
            raise InputError(
                f"arm {arm.label!r} cannot replay the messages of {arm.messages.label!r}: consumers, brands, calendar,"
                " layers of the social graph and kind of category must be the same"
            )


_FULL: Final = Arm("full").world_key()


class _Finished:
    """What is kept of a finished world."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.totals: dict[bool, Totals] = {}

    @property
    def nbytes(self) -> int:
        """Memory held, roughly: keys of rows are small texts, mostly shared."""
        return self.messages.nbytes + sum(t.values.nbytes + 100 * len(t.rows) for t in self.totals.values())
