"""From the till to the screen: ads online are shown to people who bought in the brand's shops lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import MEDIA
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_NEVER = -(2**15)


class RetargetBuyers(Mechanism):
    """All ads of the brand on the touchpoint go to the audience: as many per head as the same money buys.

    A buyer is known who consents, or whom the brand's data platform has identified in its shops, where there is one.
    """

    name = "retarget_buyers"
    code = "M5"
    meaning = "ads on a touchpoint are shown to recent buyers in the brand's shops"
    blank = {"bought": _NEVER}
    keys = ("brands.NAME.bridges.retarget_buyers",)
    uses = frozenset({"audiences"})
    state = ("means",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has the bridge."""
        return any(b.bridges is not None and b.bridges.retarget_buyers is not None for b in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        models, names = world.scenario.brands.values(), list(world.scenario.touchpoints)
        self._rules = [None if m.bridges is None else m.bridges.retarget_buyers for m in models]
        self._touch = [-1 if rule is None else names.index(rule.touchpoint) for rule in self._rules]
        self._shops = np.array([o.is_shop for o in world.market.offers], dtype=bool)
        self._shop_touch = np.array([names.index(o.touchpoint) for o in world.market.offers], dtype=np.int64)
        rows = len(world.w.audience)
        #: The row of `audience` of each brand.
        self._row = [rows + sum(rule is not None for rule in self._rules[:b]) for b in range(len(self._rules))]
        added = np.zeros((sum(rule is not None for rule in self._rules), world.size), dtype=np.uint8)
        world.w.put(audience=np.concatenate([world.w.audience.reshape(rows, world.size), added]))
        #: Day of the last purchase in a shop by somebody who is known, (N, brands that have the bridge).
        self.columns["bought"] = np.full((world.size, len(added)), _NEVER, dtype=np.int16)
        #: Impressions per user of today's pairs if everybody were shown them, by brand.
        self.means: dict[int, float] = {}

    def planned(self, world: World) -> None:
        """Point the ads at today's audience."""
        w = world.w
        for b, rule in enumerate(self._rules):
            if rule is None:
                continue
            t = self._touch[b]
            audience = self.columns["bought"][:, self._row[b] - self._row[0]] >= world.day - rule.days
            w.audience[self._row[b]] = audience
            self.today["retargeted"][b] = int(np.count_nonzero(audience))
            at = np.flatnonzero((w.pairs["brand"] == b) & (w.pairs["touch"] == t) & (w.pairs["mode"] == MEDIA))
            for p in at:
                if world.media_fresh:
                    self.means[b] = float(w.pairs["mean"][p])
                    w.pairs["audience"][p] = self._row[b]
                users = float(w.use[t][audience].sum(dtype=np.float64))
                world.set_pair_mean(int(p), self.means[b] * world.media.users[t] / users if users > 0.0 else 0.0)

    def settled(self, world: World, orders: Array) -> None:
        """Buyers in shops whom the brand knows join the audience of tomorrow."""
        w, table = world.w, world.market.table
        mine = orders[self._shops[orders["offer"]]]
        who, b = mine["consumer"].astype(np.int64), table["brand"][mine["offer"]].astype(np.int64)
        if len(w.known):
            known = (w.known[who, b] >> self._shop_touch[mine["offer"]].astype(np.uint32)) & 1 > 0
        else:
            known = w.consent[who] > 0
        for own, rule in enumerate(self._rules):
            if rule is not None:
                self.columns["bought"][who[known & (b == own)], self._row[own] - self._row[0]] = world.day

    def forget(self, world: World, who: Array) -> None:
        """Erase when `who` (n,) bought, who took consent back."""
        self.columns["bought"][who] = _NEVER
        for b, rule in enumerate(self._rules):
            if rule is not None:
                world.w.audience[self._row[b], who] = 0
