"""What describes people: descriptors and tastes of segments, stages of life, buying modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agorasim.behaviour.columns import BY_ORDERS, CUSTOMERS, MEMBERS
from agorasim.measures.mechanisms import OF_MECHANISM

if TYPE_CHECKING:
    from tests.laws.generated import Dice

    from agorasim.ecosystem.world import World

MODES = ("habitual", "impulse", "comparison", "personalised")


def switch_on(dice: Dice, data: dict[str, Any]) -> None:
    """Random settings of each of the three; a durable's people are not replaced."""
    population = data["population"]
    for segment in population["segments"].values():
        if dice.chance(0.5):
            segment |= _described(dice)
    if dice.chance(0.5):
        population["responses"] = {"age_online": dice.real(-2, 2), "channel_utility": dice.real(0, 2)}
    if dice.chance(0.6):
        population["life_stages"] = _stages(dice, list(data["brands"]), data["category"]["kind"] == "durable")
        for segment in population["segments"].values():
            if dice.chance(0.3):
                segment["life_stages"] = {"pace": dice.real(0.2, 3.0)}
    if dice.chance(0.7):
        _modes(dice, data)


def _described(dice: Dice) -> dict[str, Any]:
    every = {
        "age": {"mean": dice.real(15, 80), "sd": dice.real(0, 20)},
        "income": {"mean": dice.real(0.3, 2), "cv": dice.real(0, 1)},
        "household": {"mean": dice.real(1, 5)},
        "channel": {"mean": dice.real(-1, 1), "sd": dice.real(0, 1)},
        "innovativeness": {"mean": dice.real(-1, 1), "sd": dice.real(0, 1)},
        "variety_seeking": {"mean": dice.real(-1, 1), "sd": dice.real(0, 1)},
        "quality_consciousness": {"mean": dice.real(-1, 1), "sd": dice.real(0, 1)},
    }
    return {name: every[name] for name in dice.some(tuple(every), 1, 5)}


def _stages(dice: Dice, brands: list[str], durable: bool) -> dict[str, Any]:
    names = ["one", "two", "three"][: dice.whole(1, 3)]
    follows = [*names[1:], dice.one(("out", names[0]) if len(names) > 1 else ("out",))]
    return {
        "replace": 0.0 if durable else dice.one((0.0, 0.5, 1.0)),
        "stages": {
            name: {
                "days": dice.real(1, 20), "days_cv": dice.one((0.0, 0.5)), "next": after, "need": dice.real(0, 2),
                "price_sensitivity": dice.real(0, 2), "deal_proneness": dice.real(0, 2), "talk": dice.real(0, 2),
                "fit": {dice.one(brands): dice.real(-1, 1)}, "relevance": {dice.one(brands): dice.real(0, 2)},
            }
            for name, after in zip(names, follows, strict=True)
        },
    }  # fmt: skip


def _modes(dice: Dice, data: dict[str, Any]) -> None:
    chosen = dice.some(MODES, 1, 4)
    data["category"]["modes"] = {name: {"share": dice.real(0.1, 1.0)} for name in chosen}
    if "impulse" in chosen:
        data["category"]["modes"]["impulse"]["trigger"] = dice.real(0.0, 0.3)
    if "comparison" in chosen:
        data["category"]["modes"]["comparison"] |= {"delay": dice.real(0, 6), "delay_cv": dice.one((0.0, 0.8))}
    for segment in data["population"]["segments"].values():
        if dice.chance(0.3):
            segment["modes"] = {name: dice.real(0.1, 1.0) for name in chosen}


def replaced(world: World) -> bool:
    """Whether somebody left the category and somebody new came, whose books begin anew."""
    return "entrants" in world.history.extra and bool(world.history.extra["entrants"].any())


def holds(world: World) -> None:
    """Needs and people are conserved, and every person is in a stage that there is."""
    history = world.history
    own = {m.name for mechanism in ("life_stages", "tastes", "modes") for m in OF_MECHANISM.get(mechanism, ())}
    for name in own & history.extra.keys():
        assert (history.extra[name] >= 0).all() or name == "stage_fit", name
    if world.scenario.category.modes is not None:
        arisen = int(history.needs_segment.sum())
        ended = int(history.extra["needs_answered"][:, 0].sum() + history.extra["needs_abandoned"][:, 0].sum())
        assert arisen == ended + int(history.extra["needs_in_progress"][-1, 0])
        assert (history.extra["needs_triggered"].sum(axis=0) <= arisen).all()
        by_mode = sum(history.extra[f"orders_{name}"] for name in MODES)
        orders = int(history.by_segment[..., BY_ORDERS].sum())
        # Adopters whom word of mouth spares the choice buy in no mode.
        assert int(by_mode.sum()) <= orders
        if world.scenario.category.kind == "repeat":
            assert int(by_mode.sum()) == orders
    if world.scenario.population.life_stages is not None:
        stages = world.mechanism("life_stages")
        assert stages is not None
        stage = stages.columns["stage"]
        assert ((stage >= 0) & (stage <= len(world.scenario.population.life_stages.stages))).all()
        assert (stages.columns["ends"] > world.day - 1).all()
        out = stage == len(world.scenario.population.life_stages.stages)
        assert (world.w.need_rate[out] == 0.0).all()
        for level, column in ((CUSTOMERS, world.w.bought), (MEMBERS, world.w.member)):
            there = np.array([np.bincount(world.w.cell, weights=column[:, b] > 0, minlength=world.w.levels.shape[1])
                              for b in range(column.shape[1])])  # fmt: skip
            assert (world.w.levels[:, :, level] == there).all()
