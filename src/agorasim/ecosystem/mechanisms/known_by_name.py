"""Known by name: brands that people know are searched by name, and their shops are gone to on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario


class KnownByName(Mechanism):
    """What online contact adds to awareness shows in searches for the brand and in visits to its shops.

    A searcher finds the brand by itself with chance o + s a (1 - o), o = `organic_search`, s = `branded_search`, a the
    person's awareness. A visit to its shops takes place with chance 1 - d + d a, d = `destination`.
    """

    name = "known_by_name"
    code = "M5"
    meaning = "people who know a brand search for it by name and go to its shops on purpose"
    keys = ("brands.NAME.bridges.branded_search", "brands.NAME.bridges.destination")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has one of the two bridges."""
        bridges = [b.bridges for b in scenario.brands.values() if b.bridges is not None]
        return any(b.branded_search is not None or b.destination is not None for b in bridges)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        media, places = world.media, world.scenario.places.values()
        for b, (name, brand) in enumerate(world.scenario.brands.items()):
            if brand.bridges is not None and brand.bridges.branded_search is not None:
                media.branded[b] = brand.bridges.branded_search
            if brand.bridges is not None and brand.bridges.destination is not None:
                shops = sorted({media.names.index(p.touchpoint) for p in places if p.brand == name})
                media.intent[b, shops] = brand.bridges.destination
