"""From worlds to what channels are worth: the rows of a synergy answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agorasim.effects import games, paired
from agorasim.effects.simultaneous import critical_value
from agorasim.effects.split import Split, split, split_gain, split_shapley
from agorasim.experiment.players import Outcomes, Worlds
from agorasim.experiment.sheet import Cell, Sheet, exists
from agorasim.experiment.summary import END
from agorasim.measures.metrics import BY_NAME

Array = NDArray[np.float64]

#: Numbers of pairs at which the convergence of Shapley values is drawn, at most.
_LOOKS: Final = 40
INTERACTIONS: Final = ("interaction_empty", "interaction_full", "shapley_interaction")


@dataclass(frozen=True)
class Question:
    """What rows there are to be."""

    outcome: str
    """The metric in question, told in full."""
    who: str
    """Whose it is: the brand, or empty text where it is the category's."""
    metrics: tuple[str, ...]
    """Further metrics, for the brand as a whole."""
    parts: tuple[Cell, ...]
    """Periods, segments and regions of the outcome."""
    rivals: tuple[str, ...]
    """Brands whose part in the outcome is told as well."""
    breakdown: tuple[tuple[str, Cell], ...] = ()
    """Segments and regions of another metric, where the outcome has none."""


def write(sheet: Sheet, worlds: Worlds, question: Question, *, simultaneous: bool = False) -> None:
    """Write all rows of a synergy answer.

    Args:
        sheet: what is written to.
        worlds: the arms that were run.
        question: which rows there are to be.
        simultaneous: Shapley values and pairs of one metric and part have intervals that hold all at once.
    """
    outcome, whole = question.outcome, Cell(question.who)
    found = _part(sheet, worlds, outcome, whole, simultaneous)
    _levels(sheet, found, outcome, whole)
    if found.dividends is not None:
        names, values = found.dividends
        sheet.mean("dividend", names, outcome, whole, values)
    _convergence(sheet, worlds.game.channels, outcome, whole, found.shapley)
    for cell in question.parts:
        _part(sheet, worlds, outcome, cell, simultaneous)
    for metric, cell in question.breakdown:
        _part(sheet, worlds, metric, cell, simultaneous)
    for metric in question.metrics:
        brand = worlds.game.brand
        for cell in (Cell(brand), Cell(brand, END)):
            if exists(BY_NAME[metric], cell):
                _levels(sheet, _part(sheet, worlds, metric, cell, simultaneous), metric, cell)
    for rival in question.rivals:
        _gains(sheet, worlds, outcome, Cell(rival), worlds.outcomes(sheet, outcome, Cell(rival)))
    _money(sheet, worlds)
    _marginal(sheet, worlds)
    _reallocated(sheet, worlds, [outcome, *question.metrics])


def watched(found: Outcomes) -> Array:
    """What a precision is asked of: Shapley values, then every pairwise interaction, shape (k, replicates)."""
    return np.concatenate([found.shapley, *found.interactions.values()])


def watched_names(worlds: Worlds, found: Outcomes) -> list[str]:
    """What each of them is, for messages."""
    pairs = games.pair_labels(worlds.game.channels)
    kinds = {"interaction_empty": "alone", "interaction_full": "among all others", "shapley_interaction": "on average"}
    told = [f"interaction of {pair} {kinds[kind]}" for kind in found.interactions for pair in pairs]
    return [*(f"Shapley value of {channel}" for channel in worlds.game.channels), *told]


# --- one metric in one part of the outcome --------------------------------------------------------------------------


def _part(sheet: Sheet, worlds: Worlds, metric: str, cell: Cell, simultaneous: bool) -> Outcomes:
    """Gains, Shapley values, interactions, and how they split by word of mouth."""
    found = worlds.outcomes(sheet, metric, cell)
    channels, pairs = worlds.game.channels, games.pair_labels(worlds.game.channels)
    critical = critical_value(watched(found), sheet.level) if simultaneous else None
    _gains(sheet, worlds, metric, cell, found)
    sheet.mean("shapley", channels, metric, cell, found.shapley, critical=critical)
    gain = np.broadcast_to(found.full - found.none, found.shapley.shape)
    sheet.ratio("shapley_share", channels, metric, cell, found.shapley, gain, "share")
    for estimand, values in found.interactions.items():
        sheet.mean(estimand, pairs, metric, cell, values, critical=critical)
    _by_talk(sheet, worlds, metric, cell, found)
    return found


def _levels(sheet: Sheet, found: Outcomes, metric: str, cell: Cell) -> None:
    labels, values = found.levels
    sheet.mean("level", labels, metric, cell, values)


def _gains(sheet: Sheet, worlds: Worlds, metric: str, cell: Cell, found: Outcomes) -> None:
    """The gain of all channels, and of each on top of the others."""
    reduction = paired.variance_reduction(found.full, found.none)
    sheet.mean("grand", worlds.every, metric, cell, found.full - found.none, reduction=reduction)
    full = np.broadcast_to(found.full, found.lean.shape)
    reduction = paired.variance_reduction(full, found.lean)
    sheet.mean("incremental", worlds.game.channels, metric, cell, full - found.lean, reduction=reduction)


def _by_talk(sheet: Sheet, worlds: Worlds, metric: str, cell: Cell, found: Outcomes) -> None:
    game = worlds.game
    if worlds.shapley_split and found.coalitions is not None:
        told = sheet.read(game.direct, metric, cell)
        _split(sheet, "shapley", game.channels, metric, cell, split_shapley(found.coalitions, told))
        _split(sheet, "grand", worlds.every, metric, cell, split_gain(found.coalitions, told))
    elif worlds.last_split:
        told = sheet.read([game.told(game.all, 0)], metric, cell)[0]
        _split(sheet, "grand", worlds.every, metric, cell, split(found.full, found.none, told))
    if worlds.last_split:
        told = sheet.read(game.last_in, metric, cell)
        _split(sheet, "incremental", game.channels, metric, cell, split(found.full[None], found.lean, told))


def _split(sheet: Sheet, estimand: str, channels: Sequence[str] | str, metric: str, cell: Cell, found: Split) -> None:
    sheet.mean(f"{estimand}_direct", channels, metric, cell, found.direct)
    sheet.mean(f"{estimand}_carried", channels, metric, cell, found.carried)
    if estimand == "grand":
        sheet.ratio("grand_carried_share", channels, metric, cell, found.carried, found.total, "share")


def _convergence(sheet: Sheet, channels: Sequence[str], metric: str, cell: Cell, shapley: Array) -> None:
    """Shapley values from the first pairs alone, at numbers of pairs that grow to all of them."""
    total = shapley.shape[-1]
    looks = np.unique(np.round(np.geomspace(2, max(total, 2), _LOOKS)).astype(int))
    for k, channel in enumerate(channels):
        for n in looks[looks <= total].tolist():
            sheet.mean("convergence_shapley", channel, metric, cell, shapley[k, :n], at=[float(n)])


# --- money ----------------------------------------------------------------------------------------------------------


def _money(sheet: Sheet, worlds: Worlds) -> None:
    """Returns on media money of all channels together and of each; undefined where nothing is spent.

    ROAS = incremental revenue / media cost; ROI = (incremental contribution before media - media cost) / media cost.
    """
    cell, unit = Cell(worlds.game.brand), f"{sheet.currency} per {sheet.currency}"
    revenue, before, spend = (_against(sheet.read(worlds.ends, m, cell)) for m in ("revenue", "contribution", "spend"))
    names = [worlds.every, *worlds.game.channels]
    sheet.ratio("roas", names, "revenue", cell, revenue, spend, unit)
    sheet.ratio("roi", names, "contribution", cell, before - spend, spend, unit)


def _against(values: Array) -> Array:
    """Full less none, then full less each of the others, shape (1 + n, R)."""
    less: Array = values[1][None] - np.concatenate([values[:1], values[2:]])
    return less


def _marginal(sheet: Sheet, worlds: Worlds) -> None:
    """Revenue of the last unit of media money, from a world with a little more of it."""
    if not worlds.marginal:
        return
    cell, full = Cell(worlds.game.brand), [worlds.game.arm(worlds.game.all)]
    more = [worlds.more(c) for c in worlds.marginal]
    revenue, spend = (sheet.read(more, m, cell) - sheet.read(full, m, cell) for m in ("revenue", "spend"))
    unit = f"{sheet.currency} per {sheet.currency}"
    sheet.ratio("marginal_roas", worlds.marginal, "revenue", cell, revenue, spend, unit)


def _reallocated(sheet: Sheet, worlds: Worlds, metrics: Sequence[str]) -> None:
    """What a channel adds when its money would otherwise go to the brand's other media."""
    if not worlds.reallocated:
        return
    for metric in metrics:
        cell = Cell(worlds.game.brand)
        if not exists(BY_NAME[metric], cell):
            continue
        full = sheet.read([worlds.game.arm(worlds.game.all)], metric, cell)
        less = sheet.read([worlds.moved(c) for c in worlds.reallocated], metric, cell)
        reduction = paired.variance_reduction(np.broadcast_to(full, less.shape), less)
        sheet.mean("incremental_reallocated", worlds.reallocated, metric, cell, full - less, reduction=reduction)
