"""Copies of a world's columns (what never changes is shared, what is empty between days is new), and fingerprints."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import BOND, OPTIONAL, PERSON, TALK, TRADE, TRAITS, Columns

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World

#: Columns that no phase writes to (today's meetings are replaced as a whole), and those that are empty between days.
SHARED: Final = frozenset(
    ("traits", "use", "near", "touches", "pairs", "steps", "lift", "results", "choice_ids", "choice_purposes",
     "escapes", "agenda_row", "agenda_first", "agenda_who", "agenda_what", "bounds", "cell", "treated", "logged")
)  # fmt: skip
SCRATCH: Final = frozenset(("orders", "uniform", "listed", "who", "what", "tossed", "speakers", "log"))


def copied(w: Columns, written: frozenset[str] = frozenset()) -> Columns:
    """Columns that go on exactly as these, for a world between two days; `written` are shared ones that it owns."""
    arrays = w.arrays()
    for name, array in arrays.items():
        if name in SCRATCH:
            arrays[name] = np.empty_like(array)
        elif name not in SHARED or name in written:
            arrays[name] = _same(array)
    twin = Columns(**arrays)
    find_speakers(twin)
    return twin


def _same(array: NDArray[Any]) -> NDArray[Any]:
    """A copy of the bytes: NumPy would copy records field by field, several times slower."""
    out = np.empty_like(array)
    out.reshape(-1).view(np.uint8)[...] = array.reshape(-1).view(np.uint8)
    return out


def find_speakers(w: Columns) -> None:
    """List those with something to say, as the evening leaves it for the morning."""
    said = np.flatnonzero(w.says.reshape(-1))
    w.speakers[: len(said)] = said
    w.spoken[0] = len(said)


def fingerprint(world: World) -> str:
    """Hexadecimal digest of every consumer's state and every day's tallies."""
    total = hashlib.sha256()
    w, h = world.w, world.history
    traits = [np.ascontiguousarray(w.traits[name]) for name in TRAITS.names or ()]
    columns = [getattr(w, name) for name in (*BOND, *TRADE, *TALK)]
    columns += [getattr(w, name) for group in OPTIONAL.values() for name in group]
    for array in (*(getattr(w, name) for name in PERSON), *traits, *columns):
        total.update(array.tobytes())
    for tally in (h.touch, h.by_segment, h.by_region, h.offer, h.spend, h.plan, h.needs_segment, world.market.stock):
        total.update(tally.tobytes())
    for tally in (h.costs, *h.extra.values(), *(c for m in world.mechanisms for c in m.columns.values())):
        total.update(tally.tobytes())
    return total.hexdigest()
