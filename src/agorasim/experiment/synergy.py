"""What channels are worth: the worlds of every coalition, run until the answer is precise enough."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.ecosystem.arms import DECISIONS
from agorasim.effects import sampling
from agorasim.errors import InputError, unknown
from agorasim.experiment import telling, worth
from agorasim.experiment.coalitions import (
    EXACT,
    Game,
    checked_brand,
    checked_channels,
    checked_outcome,
    in_use,
    scalable,
)
from agorasim.experiment.curves import Curves
from agorasim.experiment.players import ORDERS, Exact, Sampled, Worlds
from agorasim.experiment.precision import Reached, Wanted, Watched, collect
from agorasim.experiment.sheet import STANDARD, Cell, Sheet, cells, owner, period_names
from agorasim.experiment.summary import END
from agorasim.experiment.worth import Question
from agorasim.measures.metrics import BY_NAME

if TYPE_CHECKING:
    from agorasim.experiment.answers import Answers
    from agorasim.experiment.laboratory import Laboratory
    from agorasim.scenario.schema import Scenario

KIND: Final = "synergy"
SPLITS: Final = ("auto", "shapley", "last", "none")
PERIODS: Final = ("counted", "month", "week", "day")
#: Most channels whose every coalition is run once more, with messages held, without being asked for.
_SPLIT_UP_TO: Final = 4
#: Counted days up to which a pulse is followed by the day; by the week beyond.
_BY_DAY_UP_TO: Final = 70
#: Worlds of the first replication that are timed before the others start.
_PILOT: Final = 16
#: Beyond so many channels the worlds of a replication could not be counted.
_MOST_CHANNELS: Final = 62


@dataclass(frozen=True)
class Synergy:
    """A question about a brand's channels; make one with `Experiment.synergy`."""

    scenario: Scenario
    brand: str
    channels: tuple[str, ...]
    """As the user named them."""
    outcome: str
    seed: int | None = None
    decisions: str = "held"
    reallocate: bool = False
    split: str = "auto"
    curves: bool = False
    periods: str = "month"
    simultaneous: bool = False
    orders: int = ORDERS

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        brand: str,
        channels: Iterable[str],
        outcome: str = "profit",
        *,
        seed: int | None = None,
        decisions: str = "held",
        reallocate: bool = False,
        split: str = "auto",
        curves: bool = False,
        periods: str = "month",
        simultaneous: bool = False,
        orders: int = ORDERS,
        idle: bool = False,
    ) -> Synergy:
        """A question whose names are all right; see `Experiment.synergy`."""
        named = [channels] if isinstance(channels, str) else [str(name).strip() for name in channels]
        checked_brand(scenario, brand)
        checked_outcome(outcome)
        checked_channels(scenario, brand, named, idle=idle)
        if len(named) > _MOST_CHANNELS:
            raise InputError(f"at most {_MOST_CHANNELS} channels can be compared, got {len(named)}")
        for kind, value, known in (
            ("way of deciding", decisions, DECISIONS),
            ("split", split, SPLITS),
            ("period", periods, PERIODS),
        ):
            if value not in known:
                raise InputError(unknown(kind, value, known))
        if split == "shapley" and len(named) > EXACT:
            raise InputError(
                f"Shapley values of more than {EXACT} channels are sampled and cannot be split by word of mouth for"
                " every coalition; use split 'last' or 'none'"
            )
        sampling.orders_of(len(named), 0, orders=orders)
        made = cls(
            scenario, brand, tuple(named), outcome, seed, decisions, reallocate, split, curves, periods, simultaneous,
            orders,
        )  # fmt: skip
        if reallocate and not made.paid:
            raise InputError(
                f"reallocation moves a channel's media money to the brand's other media: of {', '.join(named)}, none is"
                f" a channel where {brand} does nothing but buy media"
            )
        return made

    # --- the worlds -------------------------------------------------------------------------------------------------

    @cached_property
    def game(self) -> Game:
        """The coalitions."""
        return Game(self.brand, tuple(sorted(self.channels)), self.decisions)

    @cached_property
    def paid(self) -> tuple[str, ...]:
        """Channels whose money can be scaled, as the user named them."""
        return tuple(c for c in self.channels if scalable(self.scenario, self.brand, c))

    @cached_property
    def curve(self) -> Curves | None:
        """The curves; None when they were not asked for."""
        return Curves(self.scenario, self.game, self.paid) if self.curves else None

    @cached_property
    def worlds(self) -> Worlds:
        """The arms."""
        n = len(self.channels)
        split = ("shapley" if n <= _SPLIT_UP_TO else "last") if self.split == "auto" else self.split
        paid = tuple(sorted(self.paid))
        shapley_split, last_split = split == "shapley", split != "none"
        moved = paid if self.reallocate else ()
        further = tuple(self.curve.arms()) if self.curve is not None else ()
        if n <= EXACT:
            return Exact(self.game, shapley_split, last_split, paid, moved, further)
        seed = self.scenario.seed if self.seed is None else self.seed
        return Sampled(self.game, False, last_split, paid, moved, further, seed=seed, orders=self.orders)

    @property
    def kept_periods(self) -> str:
        """Which totals worlds keep."""
        return f"{self.periods},{self._pulse_unit}" if self.curves else self.periods

    @property
    def _pulse_unit(self) -> str:
        calendar = self.scenario.calendar
        return "day" if calendar.days - calendar.warmup <= _BY_DAY_UP_TO or self.periods == "day" else "week"

    def settings(self) -> dict[str, Any]:
        """How it was asked, for the manifest."""
        return {
            "brand": self.brand,
            "channels": list(self.channels),
            "outcome": self.outcome,
            "decisions": self.decisions,
            "reallocate": self.reallocate,
            "split": self.split,
            "curves": self.curves,
            "periods": self.periods,
            "simultaneous": self.simultaneous,
            "orders": self.orders if len(self.channels) > EXACT else None,
            "level": self.scenario.outcomes.interval,
        }

    # --- running them -----------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        jobs: int = 1,
        precision: float | None = None,
        precision_abs: float | None = None,
        replications: int | None = None,
        max_replications: int | None = None,
        out: str | os.PathLike[str] | None = None,
        resume: bool = False,
        backend: str = "loky",
        address: str | None = None,
        progress: bool = True,
        worker: Any = None,
    ) -> Answers:
        """Run the worlds, and open the answer.

        Args:
            jobs: worker processes; 1 runs everything in this process, -1 takes every core. Results do not depend on it.
            precision: run until half of the interval of every Shapley value and pair is at most this share of the gain
                of all channels together.
            precision_abs: the same in units of the outcome.
            replications: so many pairs of worlds instead; 20 when nothing is said.
            max_replications: most pairs for a precision; 200 when None. A precision that is not reached is said first
                in the answer, with what more would cost.
            out: the results folder; a temporary one that lives as long as the returned object when None.
            resume: keep what an earlier run left in `out` and do the rest.
            backend: "loky" for this machine, "dask" for a cluster.
            address: of the Dask scheduler.
            progress: whether to say anything on standard error.
            worker: what makes the bench of a replicate; the package's own when None.

        Raises:
            InputError: contradicting wishes, or `out` cannot be used.
            WorldsFailedError: no replication finished; why is in `out`.
            StorageError: results cannot be written; what was finished stays.
            KeyboardInterrupt: Ctrl-C; what finished is kept in `out`.
        """
        from agorasim.experiment.answers import opened
        from agorasim.experiment.laboratory import Laboratory

        wanted = Wanted.checked(precision, precision_abs, replications, max_replications)
        lab = Laboratory(
            self.scenario, kind=KIND, settings=self.settings(), seed=self.seed, out=out, jobs=jobs, resume=resume,
            backend=backend, address=address, progress=progress, periods=self.kept_periods, worker=worker,
        )  # fmt: skip
        with lab:
            if progress:
                telling.announce(lab, self.worlds.count, wanted, f"{len(self.channels)} channels", self._pilot(lab))
            level = self.scenario.outcomes.interval
            reached = collect(
                lab,
                wanted,
                wanted.rule(level, self.simultaneous),
                lambda replicates: self.worlds.run(lab, replicates),
                lambda replicates: self._watch(lab, replicates),
                self.simultaneous,
            )
            sheet = self._sheet(lab, reached.replicates, reached.sequential)
            worth.write(sheet, self.worlds, self._question(), simultaneous=self.simultaneous)
            if self.curve is not None:
                self.curve.write(sheet, self.outcome, period_names(self.scenario, self._pulse_unit))
            lab.finish(sheet.rows.table(), {"extra": self._told(lab, sheet, wanted, reached)})
        return opened(lab)

    def _pilot(self, lab: Laboratory) -> Callable[[], None]:
        return lambda: lab.run(self.worlds.common[:_PILOT], [0])

    def _sheet(self, lab: Laboratory, replicates: list[int], stopped: bool) -> Sheet:
        return Sheet(lab, replicates, self.scenario.outcomes.interval, self.scenario.currency.code, stopped=stopped)

    def _watch(self, lab: Laboratory, replicates: list[int]) -> Watched:
        cell = Cell(owner(BY_NAME[self.outcome], self.brand))
        found = self.worlds.outcomes(self._sheet(lab, replicates, False), self.outcome, cell)
        return Watched(worth.watched_names(self.worlds, found), worth.watched(found), found.full - found.none)

    def _question(self) -> Question:
        metric = BY_NAME[self.outcome]
        who = owner(metric, self.brand)
        names = period_names(self.scenario, self.periods) if self.periods != "counted" else []
        parts = cells(self.scenario, metric, self.brand, [*names, END])
        further = tuple(name for name in STANDARD if name != self.outcome)
        rivals = tuple(name for name in self.scenario.brands if name != self.brand) if who else ()
        # Profit is not kept by segment: whose purchases carry it shows in revenue.
        instead = metric.money and "segment" not in metric.levels
        breakdown = tuple(("revenue", c) for c in cells(self.scenario, BY_NAME["revenue"], who, ())) if instead else ()
        return Question(self.outcome, who, further, tuple(parts), rivals, breakdown)

    def _told(self, lab: Laboratory, sheet: Sheet, wanted: Wanted, reached: Reached) -> dict[str, Any]:
        """The answer in words and how far it can be trusted, for the manifest."""
        told = telling.synergy(sheet, self.game, self.outcome, owner(BY_NAME[self.outcome], self.brand))
        precision = telling.precision(lab, wanted, reached, self.worlds.count, sheet.unit(self.outcome))
        lines = [
            telling.first(precision, told.answer),
            *telling.cost(precision, "every Shapley value and pair"),
            *told.lines,
        ]
        idle = [c for c in self.game.channels if not in_use(self.scenario, self.brand, c)]
        if idle:
            lines.append(f"{self.brand} neither spends on nor runs {', '.join(idle)}: worth exactly nothing.")
        if self.reallocate:
            lines.append(
                "Money on other media instead: only what each channel adds last has that contrast; in Shapley values"
                " and everything else the money of a channel that is off is saved."
            )
        out: dict[str, Any] = {"answer": told.answer, "words": lines, "precision": precision}
        if isinstance(self.worlds, Sampled):
            out["sampling"] = self._sampling(sheet)
            lines.append(
                f"{len(self.channels)} channels are too many for every combination: Shapley values come from"
                f" {self.orders} orders of arrival a replication, drawn anew each time. Their intervals hold that error"
                f" too; it is {100 * max(out['sampling'].values()):.0f} % of the variance at most."
            )
        return out

    def _sampling(self, sheet: Sheet) -> dict[str, float]:
        """Share of each Shapley value's variance that comes from sampling orders of arrival."""
        assert isinstance(self.worlds, Sampled)
        cell = Cell(owner(BY_NAME[self.outcome], self.brand))
        shares = sampling.sampling_share(self.worlds.estimates(sheet, self.outcome, cell))
        known: Sequence[float] = np.nan_to_num(shares).tolist()
        return dict(zip(self.game.channels, known, strict=True))
