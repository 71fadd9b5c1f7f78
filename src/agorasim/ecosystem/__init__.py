"""The world and its clock: columns, a day, the market around them, and the Mesa model that holds it all."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agorasim.ecosystem.agents import Brand, Consumer, Member, Shop
    from agorasim.ecosystem.ecosystem import Ecosystem
    from agorasim.ecosystem.world import World

#: Importing Mesa takes half a second, so agents are imported only when asked for; workers run a bare `World`.
_HOMES = {
    "Brand": "agents",
    "Consumer": "agents",
    "Ecosystem": "ecosystem",
    "Member": "agents",
    "Shop": "agents",
    "World": "world",
}

__all__ = ["Brand", "Consumer", "Ecosystem", "Member", "Shop", "World"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
