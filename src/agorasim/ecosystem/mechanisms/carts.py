"""M4 Carts: chosen offers are put in a cart; some are abandoned, remembered, and taken up again later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FOUND, NEEDS_ARISEN, ORDERS_WRITTEN
from agorasim.ecosystem.mechanisms.touches import CLICK, IMPRESSION, VISIT, identified, touches
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.mechanisms.funnel import Funnel
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema.funnel import Carts as Settings

Array = NDArray[Any]

ABANDON = PURPOSES.declare("funnel.abandon", 99)
RETURN = PURPOSES.declare("funnel.return", 100)
_NONE = -1


class Carts:
    """Carts of a world. What grows with the population is among the funnel's columns.

    Columns: `cart_until` (N, B), the last day on which an abandoned cart is remembered (-1 none), and `cart_known`
    (N, B), whether the brand knows whose cart it is.
    """

    def __init__(self, funnel: Funnel, world: World, settings: Settings) -> None:
        self.settings = settings
        size, brands = world.size, len(funnel.brands)
        funnel.columns["cart_until"] = np.full((size, brands), _NONE, dtype=np.int32)
        funnel.columns["cart_known"] = np.zeros((size, brands), dtype=np.uint8)
        offers = world.market.offers
        names = list(world.scenario.touchpoints)
        #: Touchpoint, and chance of distraction, of each offer (O,); shops hold carts that only `places` makes risky.
        self.touch = np.array([names.index(o.touchpoint) for o in offers], dtype=np.int64)
        self.online = np.array([not o.located for o in offers], dtype=bool)
        self.distraction = np.array(
            [settings.places.get(o.place, 0.0 if o.located else settings.distraction) for o in offers]
        )
        self.reminders = {names.index(name): chance for name, chance in settings.recover.items()}
        self.entities = [stable_id("brand", name) for name in funnel.brands]
        choice = world.scenario.category
        self._reference = choice.reference_price * world.scenario.currency.minor_units
        self._most = 1 if choice.kind == "durable" else choice.need.most
        #: Codes consumer x B + brand of carts that were taken up again today.
        self.returned: Array = np.empty(0, dtype=np.int64)

    # --- leaving ----------------------------------------------------------------------------------------------------

    def abandon(self, funnel: Funnel, world: World) -> None:
        """Take abandoned carts out of today's orders; the first of price, wait and distraction that strikes counts.

        Chances: 1 - exp(-price x sensitivity x price / reference), 1 - exp(-wait x days), and the place's own.
        """
        w, s, orders = world.w, self.settings, world.orders
        if len(orders) == 0:
            return
        who, o = orders["consumer"].astype(np.int64), orders["offer"].astype(np.int64)
        u = funnel.uniforms(world, ABANDON, who, w.choice_ids[orders["sequence"] % len(w.choice_ids), o])
        sensitivity = w.traits["price"][who].astype(np.float64)
        price = s.price * sensitivity * w.offers["price"][o] / self._reference
        # People who adopt at once never stood before a cart.
        open_to = (orders["served"] > 0) & (w.direct[who] == 0)
        price_struck = open_to & self.online[o] & (u[:, 0] < -np.expm1(-price))
        wait_struck = open_to & self.online[o] & (u[:, 1] < -np.expm1(-s.wait * w.offers["days"][o]))
        gone = open_to & (u[:, 2] < self.distraction[o]) | price_struck | wait_struck
        brand = w.offers["brand"][o].astype(np.int64)
        np.add.at(funnel.today["abandoned_carts"], o[gone], 1)
        np.add.at(funnel.today["abandoned_for_price"], brand[price_struck], 1)
        np.add.at(funnel.today["abandoned_for_wait"], brand[wait_struck & ~price_struck], 1)
        funnel.columns["cart_until"][who[gone], brand[gone]] = world.day + s.remember
        funnel.columns["cart_known"][who[gone], brand[gone]] = identified(
            world, who[gone], brand[gone], self.touch[o[gone]]
        )
        kept = orders[~gone].copy()
        orders["served"][len(kept) :] = 0  # whoever still holds the longer list must not find orders beyond its end
        orders[: len(kept)] = kept
        w.counts[ORDERS_WRITTEN] = len(kept)

    # --- coming back ------------------------------------------------------------------------------------------------

    def come_back(self, funnel: Funnel, world: World) -> Array | None:
        """Needs of open carts that come back today, unprompted or because people were reminded."""
        w, until = world.w, funnel.columns["cart_until"]
        self.returned = np.empty(0, dtype=np.int64)
        until[until < world.day] = _NONE
        codes = np.flatnonzero(until.reshape(-1) >= 0)
        if len(codes) == 0:
            return None
        who, b = np.divmod(codes, len(funnel.brands))
        stays = (1.0 - self.settings.unprompted) * self._unmoved(funnel, world, codes)
        u = funnel.uniforms(world, RETURN, who, np.array(self.entities)[b])[:, 0]
        back = (u < 1.0 - stays) & (w.owner[who] == 0 if world.scenario.category.kind == "durable" else True)
        for code in codes[back]:  # few; one after the other, so that nobody gets more needs than a day holds
            i = code // len(funnel.brands)
            if w.needs[i] < self._most:
                w.needs[i] += 1
                w.counts[NEEDS_ARISEN] += 1
                w.needs_by_cell[w.cell[i]] += 1
                self.returned = np.append(self.returned, code)
        until.reshape(-1)[self.returned] = _NONE
        np.add.at(funnel.today["returned_needs"], self.returned % len(funnel.brands), 1)
        return np.flatnonzero(w.needs) if len(self.returned) else None

    def _unmoved(self, funnel: Funnel, world: World, codes: Array) -> NDArray[np.float64]:
        """Chance that none of today's reminders brings the need of a cart back, (n,)."""
        stays = np.ones(len(codes))
        rows = touches(world)
        met = np.isin(rows["event"], (IMPRESSION, VISIT, CLICK))
        known = funnel.columns["cart_known"].reshape(-1)[codes] > 0
        for t, chance in sorted(self.reminders.items()):
            there = rows[met & (rows["touch"] == t)]
            reminded = np.isin(codes, there["consumer"].astype(np.int64) * len(funnel.brands) + there["brand"])
            stays[reminded & known] *= 1.0 - chance
        return stays

    def favour(self, funnel: Funnel, world: World) -> None:
        """Whoever takes a cart up again has its brand in mind, and leans towards it."""
        w = world.w
        w.flags.reshape(-1)[self.returned] |= np.uint8(FOUND)
        w.appeal.reshape(-1)[self.returned] += np.float32(self.settings.appeal)

    def close(self, funnel: Funnel, world: World, orders: Array) -> None:
        """Purchases close carts; those of needs that came back are recovered."""
        brand = world.w.offers["brand"][orders["offer"]].astype(np.int64)
        bought = np.unique(orders["consumer"].astype(np.int64) * len(funnel.brands) + brand)
        funnel.columns["cart_until"].reshape(-1)[bought] = _NONE
        recovered = np.intersect1d(self.returned, bought)
        np.add.at(funnel.today["recovered_carts"], recovered % len(funnel.brands), 1)
