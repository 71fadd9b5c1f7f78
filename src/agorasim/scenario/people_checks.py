"""Checks of what describes people: stages of life that lead somewhere, buying modes that exist and fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.errors import unknown
from agorasim.scenario.schema.life_stages import OUT

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject
    from agorasim.scenario.problems import KeyPath
    from agorasim.scenario.schema.life_stages import LifeStages, SegmentStages

MODES: Final = ("habitual", "impulse", "comparison", "personalised")


def check_people(s: Subject) -> None:
    """Note every mistake in life stages and buying modes."""
    _life_stages(s)
    _modes(s)


def _life_stages(s: Subject) -> None:
    people = s.scenario.population
    chain = people.life_stages
    at = ("population", "life_stages")
    segments = {name: one.life_stages for name, one in people.segments.items() if one.life_stages is not None}
    if chain is None:
        for name in segments if s.trusted(*at) else ():
            path = ("population", "segments", name, "life_stages")
            s.report(path, "there are no stages to differ from; state them in population.life_stages")
        return
    if not s.trusted(*at, "stages"):
        return
    stages = s.names(*at, "stages")
    before = len(s.problems)
    _entries(s, at, chain, stages)
    for name, own in segments.items():
        _entries(s, ("population", "segments", name, "life_stages"), own, stages)
    for name, stage in chain.stages.items():
        _stage(s, (*at, "stages", name), chain, name, stages)
        for key in ("fit", "relevance"):
            for brand in getattr(stage, key):
                if brand not in s.names("brands") and s.listed("brands"):
                    s.report((*at, "stages", name, key, brand), unknown("brand", brand, s.names("brands")))
    if len(s.problems) == before and all(s.trusted(*at, "stages", name) for name in stages):
        _reached(s, at, chain, list(segments.values()))
    if s.scenario.category.kind == "durable" and s.trusted("category", "kind") and s.trusted(*at, "replace"):
        replaced: dict[tuple[str, ...], float] = {at: chain.replace}
        for name, own in segments.items():
            replaced["population", "segments", name, "life_stages"] = own.replace or 0.0
        leaves = any(stage.next == OUT for stage in chain.stages.values())
        for where, chance in replaced.items():
            if leaves and chance > 0.0:
                why = f"is {chance:g}, but owners of a durable are never replaced; expected 0"
                s.report((*where, "replace"), why)


def _entries(s: Subject, at: KeyPath, own: LifeStages | SegmentStages, stages: list[str]) -> None:
    """Stages that are named as entry or at the start exist, and somebody is somewhere."""
    if own.entry is not None and own.entry not in stages:
        s.report((*at, "entry"), unknown("stage", own.entry, stages))
    for name in own.initial:
        if name not in stages:
            s.report((*at, "initial", name), unknown("stage", name, stages))
    if own.initial and sum(own.initial.values()) <= 0.0 and s.trusted(*map(str, at), "initial"):
        s.report((*at, "initial"), "the weights add up to 0; expected at least one above 0")


def _stage(s: Subject, at: KeyPath, chain: LifeStages, name: str, stages: list[str]) -> None:
    """A stage that ends leads somewhere, and one that never ends leads nowhere."""
    stage = chain.stages[name]
    if not s.trusted(*map(str, at)):
        return
    if name == OUT:
        s.report(at, f"{OUT!r} stands for leaving the category; give the stage another name")
    elif stage.days is not None and stage.next is None:
        s.report((*at, "days"), f"the stage ends and leads nowhere; name the 'next' stage, or {OUT!r}")
    elif stage.days is None and stage.next is not None:
        s.report((*at, "next"), "the stage never ends, so nothing follows; give its 'days'")
    elif stage.next is not None and stage.next != OUT and stage.next not in stages:
        s.report((*at, "next"), unknown("stage", stage.next, [*stages, OUT]))


def _reached(s: Subject, at: KeyPath, chain: LifeStages, segments: list[SegmentStages]) -> None:
    """Somebody is in each stage at some time."""
    own: list[LifeStages | SegmentStages] = [chain, *segments]
    first = chain.entry or next(iter(chain.stages))
    todo = [first, *(one.entry for one in own if one.entry), *(name for one in own for name in one.initial)]
    there: set[str] = set()
    while todo:
        name = todo.pop()
        if name in chain.stages and name not in there:
            there.add(name)
            todo.append(chain.stages[name].next or OUT)
    for name in chain.stages:
        if name not in there and name != OUT:
            s.report((*at, "stages", name), "nobody ever comes to this stage; make it the 'next' of one, or 'entry'")


def _modes(s: Subject) -> None:
    modes = s.scenario.category.modes
    at = ("category", "modes")
    segments = {name: one.modes for name, one in s.scenario.population.segments.items() if one.modes is not None}
    if modes is None:
        for name in segments if s.trusted(*at) else ():
            path = ("population", "segments", name, "modes")
            s.report(path, "there are no buying modes to share; state them in category.modes")
        return
    there = [name for name in MODES if getattr(modes, name) is not None]
    if not s.trusted(*at):
        return
    if not there:
        s.report(at, f"no buying mode is stated; expected at least one of: {', '.join(MODES)}")
        return
    if sum(getattr(modes, name).share for name in there) <= 0.0:
        s.report((*at, there[0], "share"), "the shares add up to 0; expected at least one above 0")
    for name in there:
        mode = getattr(modes, name)
        if mode.among == "known" and mode.appeal == 0.0:
            s.report((*at, name, "appeal"), "is 0, but among brands that know the person it decides; expected above 0")
    for name, own in segments.items():
        path = ("population", "segments", name, "modes")
        for key in own.model_fields_set:
            if getattr(own, key) > 0.0 and key not in there:
                s.report((*path, key), unknown("buying mode", key, there) + " (they stand under category.modes)")
        if sum(getattr(own, key) for key in there) <= 0.0 and s.trusted(*path):
            s.report(path, "the shares add up to 0; expected at least one above 0")
