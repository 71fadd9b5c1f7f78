"""Compiled passes of the morning over all consumers: one phase after the other, or fused chunk by chunk."""

from __future__ import annotations

import numpy as np

from agorasim._compile import kernel
from agorasim.behaviour.choice import choose
from agorasim.behaviour.columns import Columns
from agorasim.behaviour.exposure import see_chunk
from agorasim.behaviour.need import need_chunk
from agorasim.behaviour.search import search
from agorasim.behaviour.word_of_mouth import talk_chunk
from agorasim.randomness import CHUNK


@kernel
def morning(w: Columns) -> None:
    """See, talk, need, search and choose for everybody, a chunk of 256 at a time while its rows are in the cache.

    None of these phases reads another consumer's state, so the order of chunks cannot matter.
    """
    uniform = np.empty(CHUNK, dtype=np.float64)
    other = np.empty(CHUNK, dtype=np.float64)
    users = np.empty(CHUNK + 1, dtype=np.int64)
    hits = np.empty(CHUNK + 1, dtype=np.int64)
    for chunk in range((w.person.shape[0] + CHUNK - 1) // CHUNK):
        see_chunk(w, chunk, uniform, users, hits)
        talk_chunk(w, chunk)
        count = need_chunk(w, chunk, uniform, other, users)
        for k in range(count):
            search(w, users[k])
            choose(w, users[k])


@kernel
def see_all(w: Columns) -> None:
    """The phase `see` for everybody."""
    uniform = np.empty(CHUNK, dtype=np.float64)
    users = np.empty(CHUNK + 1, dtype=np.int64)
    hits = np.empty(CHUNK + 1, dtype=np.int64)
    for chunk in range((w.person.shape[0] + CHUNK - 1) // CHUNK):
        see_chunk(w, chunk, uniform, users, hits)


@kernel
def talk_all(w: Columns) -> None:
    """The phase `talk` for everybody."""
    for chunk in range((w.person.shape[0] + CHUNK - 1) // CHUNK):
        talk_chunk(w, chunk)


@kernel
def need_all(w: Columns) -> None:
    """The phase `need` for everybody."""
    uniform = np.empty(CHUNK, dtype=np.float64)
    other = np.empty(CHUNK, dtype=np.float64)
    users = np.empty(CHUNK + 1, dtype=np.int64)
    for chunk in range((w.person.shape[0] + CHUNK - 1) // CHUNK):
        need_chunk(w, chunk, uniform, other, users)


@kernel
def search_all(w: Columns) -> None:
    """The phase `search` for everybody."""
    for i in range(w.person.shape[0]):
        search(w, i)


@kernel
def choose_all(w: Columns) -> None:
    """The phase `choose` for everybody."""
    for i in range(w.person.shape[0]):
        choose(w, i)
