"""Win-back: offers to customers who have not bought for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.mechanisms.base import DAY, Lever, Mechanism, rooms
from agorasim.ecosystem.mechanisms.base import Coupon as Source
from agorasim.ecosystem.mechanisms.last_orders import last_orders
from agorasim.ecosystem.mechanisms.prices import CHANNELS
from agorasim.ecosystem.mechanisms.wallet import issue
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
CONTACT = PURPOSES.declare("win_back.contact", 128)


class WinBack(Mechanism):
    """Writes to customers without an order for `after` days whom the brand knows: members, and who consented."""

    name = "win_back"
    code = "M13"
    meaning = "offers to customers who stay away"
    blank = {"written": -1}
    keys = ("brands.NAME.win_back",)
    levers = (
        Lever("win_back.value", 0.0, 1e6, "money off in a win-back offer; 0 sends none"),
        Lever("win_back.chance", 0.0, 1.0, "share of customers who stay away that is written to"),
    )
    uses = frozenset({"wallet"})

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a brand sends offers."""
        return any(brand.win_back is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        """Who had bought before the first day counts as having bought on it."""
        super().__init__(world)
        having = [b for b, brand in enumerate(world.scenario.brands.values()) if brand.win_back is not None]
        self.room = rooms(len(self.brands), having)
        self.entities = [stable_id("win_back", name) for name in self.brands]
        #: Day of the last offer, of the brands that send any; -1: none.
        self.columns["written"] = np.full((world.size, len(having)), -1, dtype=DAY)

    def decided(self, world: World) -> None:
        """Send today's offers."""
        w, written, orders = world.w, self.columns["written"], last_orders(world)
        for b, brand in enumerate(world.scenario.brands.values()):
            terms = brand.win_back
            if terms is None:
                continue
            minor = world.scenario.currency.minor_units
            value = to_minor(world.lever(b, "win_back.value"), minor)
            if value == 0 or world.day < terms.after:
                continue
            # Days as small as the columns: no pass over everybody makes a wider copy.
            last, offered = orders.days(b), written[:, self.room[b]]
            who = np.flatnonzero((last >= 0) & (last <= DAY.type(world.day - terms.after)))
            then = offered[who].astype(np.int64)
            who = who[(then < last[who]) | (world.day - then >= terms.again)]
            who = who[(w.consent[who] > 0) | (w.member[who, b] > 0)]
            if len(who) == 0:
                continue
            u = self.uniforms(world, CONTACT, who, self.entities[b])[:, 0]
            # Who is passed over today has their turn counted, too: `chance` is a share, not a delay.
            offered[who] = world.day
            who = who[u < world.lever(b, "win_back.chance")]
            sent = issue(world, who, b, value, terms.days, CHANNELS[terms.where], Source.WIN_BACK)
            world.charge(b, "service", to_minor(terms.contact_cost, minor) * sent)
            self.today["win_back_offers"][b] += sent

    def settled(self, world: World, orders: Array) -> None:
        """Count offers that were used."""
        used = orders["offer"][(orders["rebate"] > 0) & (orders["source"] == Source.WIN_BACK)]
        self.today["win_back_orders"] += np.bincount(world.market.table["brand"][used], minlength=len(self.brands))
