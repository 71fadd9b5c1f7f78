"""Compiled passes of the morning over all consumers: one phase after the other, or fused chunk by chunk."""

from __future__ import annotations

from agorasim._compile import borrowed
from agorasim.behaviour.choice import choose
from agorasim.behaviour.columns import Columns
from agorasim.behaviour.exposure import see_chunk
from agorasim.behaviour.need import need_chunk
from agorasim.behaviour.search import search
from agorasim.behaviour.word_of_mouth import talk_chunk
from agorasim.randomness import CHUNK


@borrowed
def morning(w: Columns) -> None:
    """See, talk, need, search and choose for everybody, a chunk of 256 at a time while its rows are in the cache.

    None of these phases reads another consumer's state, so the order of chunks cannot matter.
    """
    for chunk in range((w.cell.shape[0] + CHUNK - 1) // CHUNK):
        see_chunk(w, chunk)
        talk_chunk(w, chunk)
        count = need_chunk(w, chunk)
        for k in range(count):
            search(w, w.listed[0, k])
            choose(w, w.listed[0, k])


@borrowed
def see_all(w: Columns) -> None:
    """The phase `see` for everybody."""
    for chunk in range((w.cell.shape[0] + CHUNK - 1) // CHUNK):
        see_chunk(w, chunk)


@borrowed
def talk_all(w: Columns) -> None:
    """The phase `talk` for everybody."""
    for chunk in range((w.cell.shape[0] + CHUNK - 1) // CHUNK):
        talk_chunk(w, chunk)


@borrowed
def need_all(w: Columns) -> None:
    """The phase `need` for everybody."""
    for chunk in range((w.cell.shape[0] + CHUNK - 1) // CHUNK):
        need_chunk(w, chunk)


@borrowed
def search_all(w: Columns) -> None:
    """The phase `search` for everybody."""
    for i in range(w.cell.shape[0]):
        search(w, i)


@borrowed
def choose_all(w: Columns) -> None:
    """The phase `choose` for everybody."""
    for i in range(w.cell.shape[0]):
        choose(w, i)
