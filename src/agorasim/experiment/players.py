"""The worlds behind a synergy answer: every coalition of few channels, sampled orders of arrival of many."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import scaled, without
from agorasim.effects import games, sampling
from agorasim.experiment.coalitions import Game

if TYPE_CHECKING:
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.experiment.sheet import Cell, Sheet

Array = NDArray[np.float64]

#: Money spent more for a marginal return, as a share of today's.
STEP: Final = 0.1
#: Orders of arrival that every replication draws.
ORDERS: Final = 4


@dataclass(frozen=True)
class Outcomes:
    """One metric of one part of the outcome in all worlds; arrays have replicates last."""

    none: Array
    """Without the named channels, (R,)."""
    full: Array
    """With all of them, (R,)."""
    lean: Array
    """With all but one, (n, R)."""
    shapley: Array
    """(n, R)."""
    interactions: dict[str, Array]
    """By estimand, (pairs, R)."""
    levels: tuple[list[str], Array]
    """Labels of worlds, and their outcomes (k, R)."""
    coalitions: Array | None = None
    """Of every coalition, (2**n, R), where all were run."""
    dividends: tuple[list[str], Array] | None = None
    """Coalitions and their Harsanyi dividends (k, R), where all were run."""


@dataclass(frozen=True)
class Worlds(ABC):
    """The arms of a synergy answer."""

    game: Game
    shapley_split: bool = False
    """Split Shapley values by word of mouth: every coalition once more, with messages of the empty one."""
    last_split: bool = False
    """Split each channel's last-in effect, and the gain of all."""
    marginal: tuple[str, ...] = ()
    """Channels whose last unit of money is judged."""
    reallocated: tuple[str, ...] = ()
    """Channels that are left out with their money going to the others."""
    further: tuple[Arm, ...] = ()
    """Arms of curves."""

    @property
    def every(self) -> str:
        """All channels, joined by plus signs."""
        return self.game.name(self.game.all)

    @cached_property
    def ends(self) -> list[Arm]:
        """The worlds without the channels, with all, and with all but one."""
        game = self.game
        return [game.arm(0), game.arm(game.all), *(game.arm(game.all & ~(1 << k)) for k in range(game.n))]

    def more(self, channel: str) -> Arm:
        """Today's world with a little more money on one channel."""
        change = scaled(channel, 1.0 + STEP, brand=self.game.brand)
        return Arm(f"{channel} +{STEP:.0%}", (change,), decisions=self.game.decisions)

    def moved(self, channel: str) -> Arm:
        """Without the channel, its money on the brand's other media."""
        change = without(channel, brand=self.game.brand, reallocate=True)
        return Arm(f"without {channel}, reallocated", (change,), decisions=self.game.decisions)

    @cached_property
    def common(self) -> list[Arm]:
        """The arms that every replication runs, each once, the full world first."""
        game = self.game
        out = [game.arm(game.all), *self._own(), *self.ends]
        if self.shapley_split:
            out += game.direct[1:]
        if self.last_split:
            out += [game.told(game.all, 0), *game.last_in]
        out += [self.more(c) for c in self.marginal]
        out += [self.moved(c) for c in self.reallocated]
        return unique([*out, *self.further])

    @property
    @abstractmethod
    def count(self) -> int:
        """Worlds of a replication, at most."""

    @abstractmethod
    def run(self, lab: Laboratory, replicates: Sequence[int]) -> None:
        """Run what is missing."""

    @abstractmethod
    def outcomes(self, sheet: Sheet, metric: str, cell: Cell) -> Outcomes:
        """Read a metric off finished worlds."""

    @abstractmethod
    def _own(self) -> list[Arm]:
        """Coalitions that every replication runs."""


@dataclass(frozen=True)
class Exact(Worlds):
    """Every coalition is run."""

    def _own(self) -> list[Arm]:
        return self.game.coalitions

    @property
    def count(self) -> int:
        """Worlds of a replication."""
        return len(self.common)

    def run(self, lab: Laboratory, replicates: Sequence[int]) -> None:
        """Run what is missing."""
        lab.run(self.common, replicates)

    def outcomes(self, sheet: Sheet, metric: str, cell: Cell) -> Outcomes:
        """Read a metric off finished worlds."""
        game = self.game
        values = sheet.read(game.coalitions, metric, cell)
        lean = values[[game.all & ~(1 << k) for k in range(game.n)]]
        pairs = {
            "interaction_empty": games.interaction_empty(values),
            "interaction_full": games.interaction_full(values),
            "shapley_interaction": games.shapley_interaction(values),
        }
        levels = ([arm.label for arm in game.coalitions], values)
        dividends = ([game.name(mask) for mask in range(1, game.size)], games.dividends(values)[1:])
        return Outcomes(values[0], values[-1], lean, games.shapley(values), pairs, levels, values, dividends)


@dataclass(frozen=True)
class Sampled(Worlds):
    """Shapley values from orders of arrival, drawn anew in every replication; pairs at the empty and the full end."""

    seed: int = 0
    orders: int = ORDERS

    def _own(self) -> list[Arm]:
        return [self.game.arm(mask) for mask in self._masks]

    @cached_property
    def _masks(self) -> list[int]:
        """Coalitions of at most two channels, and of all but at most two."""
        game = self.game
        small = [0, *(1 << k for k in range(game.n)), *(1 << i | 1 << j for i, j in games.pairs(game.n))]
        return list(dict.fromkeys([*small, *(game.all & ~mask for mask in small)]))

    def plan(self, replicate: int) -> sampling.Orders:
        """The orders of arrival of a replication."""
        return sampling.orders_of(self.game.n, replicate, orders=self.orders, seed=self.seed)

    @property
    def count(self) -> int:
        """Worlds of a replication, at most."""
        # An order passes through one coalition of each size; those of 0, 1, 2, n - 2, n - 1 and n channels run anyway.
        return len(self.common) + self.orders * max(self.game.n - 5, 0)

    def run(self, lab: Laboratory, replicates: Sequence[int]) -> None:
        """Run what is missing."""
        for replicate in replicates:
            sampled = [self.game.arm(mask) for mask in self.plan(replicate).coalitions.tolist()]
            lab.run(unique([*self.common, *sampled]), [replicate])

    def outcomes(self, sheet: Sheet, metric: str, cell: Cell) -> Outcomes:
        """Read a metric off finished worlds."""
        game = self.game
        masks = self._masks
        values = sheet.read([game.arm(mask) for mask in masks], metric, cell)
        at = {mask: k for k, mask in enumerate(masks)}
        lean = values[[at[game.all & ~(1 << k)] for k in range(game.n)]]
        pairs = {
            "interaction_empty": np.stack([_second(values, at, 0, i, j) for i, j in games.pairs(game.n)]),
            "interaction_full": np.stack(
                [_second(values, at, game.all & ~(1 << i | 1 << j), i, j) for i, j in games.pairs(game.n)]
            ),
        }
        ends = [0, game.all, *(game.all & ~(1 << k) for k in range(game.n))]
        levels = ([game.label(mask) for mask in ends], values[[at[mask] for mask in ends]])
        shapley = self.estimates(sheet, metric, cell).mean(axis=1)
        return Outcomes(values[at[0]], values[at[game.all]], lean, shapley, pairs, levels)

    def estimates(self, sheet: Sheet, metric: str, cell: Cell) -> Array:
        """Shapley values by each order and its reverse, shape (n, orders / 2, R)."""
        out = []
        for replicate in sheet.replicates:
            plan = self.plan(replicate)
            arms = [self.game.arm(mask) for mask in plan.coalitions.tolist()]
            out.append(sampling.sampled_shapley(plan, sheet.read_one(arms, replicate, metric, cell)))
        return np.stack(out, axis=-1)


def _second(values: Array, at: dict[int, int], rest: int, i: int, j: int) -> Array:
    """Second difference in i and j on top of `rest`."""
    a, b = 1 << i, 1 << j
    return games.second_difference(
        values[at[rest | a | b]], values[at[rest | b]], values[at[rest | a]], values[at[rest]]
    )


def unique(arms: Iterable[Arm]) -> list[Arm]:
    """Arms without repetitions, in order of first appearance."""
    return list({arm.label: arm for arm in arms}.values())
