"""M4 Carts: chosen offers are put in a cart; some are abandoned, remembered, and taken up again later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FOUND, NEEDS_ARISEN, ORDERS_WRITTEN
from agorasim.ecosystem.mechanisms.touches import CLICK, IMPRESSION, VISIT, among, identified, shown
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.mechanisms.funnel import Funnel
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema.funnel import Carts as Settings

Array = NDArray[Any]

ABANDON = PURPOSES.declare("funnel.abandon", 99)
RETURN = PURPOSES.declare("funnel.return", 100)


class Carts:
    """Carts of a world. What grows with the population is among the funnel's columns.

    Column: `cart` (N, B), 0 for none, else 2 x (1 + the last day on which the abandoned cart is remembered), plus 1
    when the brand knows whose cart it is.
    """

    def __init__(self, funnel: Funnel, world: World, settings: Settings) -> None:
        self.settings = settings
        funnel.columns["cart"] = np.zeros((world.size, len(funnel.brands)), dtype=np.uint16)
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
        # People who adopt at once never stood before a cart.
        at = np.flatnonzero((orders["served"] > 0) & (w.direct[orders["consumer"]] == 0))
        if len(at) == 0:
            return
        who, o = orders["consumer"][at].astype(np.int64), orders["offer"][at].astype(np.int64)
        number = orders["sequence"][at] % len(w.choice_ids)
        u = funnel.uniforms(world, ABANDON, who, w.choice_ids[number, o])
        rate = s.price * w.offers["price"] / self._reference
        price = 1.0 - np.exp(-w.traits["price"][who].astype(np.float64) * rate[o])
        online = self.online[o]
        price_struck = online & (u[:, 0] < price)
        wait_struck = online & (u[:, 1] < -np.expm1(-s.wait * w.offers["days"])[o])
        struck = np.flatnonzero((u[:, 2] < self.distraction[o]) | price_struck | wait_struck)
        if len(struck) == 0:
            return
        brand = w.offers["brand"].astype(np.int64)[o]
        brands = len(funnel.brands)
        funnel.today["abandoned_carts"] += np.bincount(o[struck], minlength=len(self.touch))
        funnel.today["abandoned_for_price"] += np.bincount(brand[price_struck], minlength=brands)
        funnel.today["abandoned_for_wait"] += np.bincount(brand[wait_struck & ~price_struck], minlength=brands)
        who, brand = who[struck], brand[struck]
        known = identified(world, who, brand, self.touch[o[struck]])
        funnel.columns["cart"][who, brand] = 2 * (world.day + s.remember + 1) + known
        gone = np.zeros(len(orders), dtype=bool)
        gone[at[struck]] = True
        kept = np.flatnonzero(~gone)
        orders.view(f"V{orders.itemsize}")[: len(kept)] = orders.view(f"V{orders.itemsize}")[kept]
        orders["served"][len(kept) :] = 0  # whoever still holds the longer list must not find orders beyond its end
        w.counts[ORDERS_WRITTEN] = len(kept)

    # --- coming back ------------------------------------------------------------------------------------------------

    def come_back(self, funnel: Funnel, world: World) -> Array | None:
        """Needs of open carts that come back today, unprompted or because people were reminded."""
        w, cart, brands = world.w, funnel.columns["cart"].reshape(-1), len(funnel.brands)
        self.returned = np.empty(0, dtype=np.int64)
        codes = np.flatnonzero(cart > 0)
        old = cart[codes] < 2 * (world.day + 1)
        cart[codes[old]] = 0
        codes = codes[~old]
        if len(codes) == 0:
            return None
        who = codes // brands
        stays = (1.0 - self.settings.unprompted) * self._unmoved(funnel, world, codes)
        u = funnel.uniforms(world, RETURN, who, np.array(self.entities)[codes - who * brands])[:, 0]
        back = u < 1.0 - stays
        if world.scenario.category.kind == "durable":
            back &= w.owner[who] == 0
        codes, who = codes[back], who[back]
        # One after the other, so that nobody gets more needs than a day holds.
        turn = np.arange(len(who)) - np.searchsorted(who, who)
        fits = w.needs[who] + turn < self._most
        self.returned, who = codes[fits], who[fits]
        np.add.at(w.needs, who, np.uint8(1))
        w.counts[NEEDS_ARISEN] += len(who)
        w.needs_by_cell[...] += np.bincount(w.cell[who], minlength=len(w.needs_by_cell))
        cart[self.returned] = 0
        funnel.today["returned_needs"] += np.bincount(self.returned % brands, minlength=brands)
        return np.flatnonzero(w.needs > 0) if len(self.returned) else None

    def _unmoved(self, funnel: Funnel, world: World, codes: Array) -> NDArray[np.float64]:
        """Chance that none of today's reminders brings the need of a cart back, (n,)."""
        brands, stays = len(funnel.brands), np.ones(len(codes))
        known = (funnel.columns["cart"].reshape(-1)[codes] & np.uint16(1)) > 0
        for t, chance in sorted(self.reminders.items()):
            there = shown(world, t, (IMPRESSION, VISIT, CLICK))
            met = np.zeros(world.size * brands, dtype=bool)
            met[there["consumer"].astype(np.int64) * brands + there["brand"]] = True
            stays[met[codes] & known] *= 1.0 - chance
        return stays

    def favour(self, funnel: Funnel, world: World) -> None:
        """Whoever takes a cart up again has its brand in mind, and leans towards it."""
        w = world.w
        w.flags.reshape(-1)[self.returned] |= np.uint8(FOUND)
        w.appeal.reshape(-1)[self.returned] += np.float32(self.settings.appeal)

    def close(self, funnel: Funnel, world: World, orders: Array) -> None:
        """Purchases close carts; those of needs that came back are recovered."""
        brands = len(funnel.brands)
        brand = world.w.offers["brand"].astype(np.int64)[orders["offer"]]
        bought = orders["consumer"].astype(np.int64) * brands + brand
        funnel.columns["cart"].reshape(-1)[bought] = 0
        if len(self.returned):
            recovered = self.returned[among(self.returned, bought)]
            funnel.today["recovered_carts"] += np.bincount(recovered % brands, minlength=brands)
