"""Returns: goods that disappoint, or were bought unseen, come back; money is refunded and stock restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.availability import Availability
from agorasim.ecosystem.mechanisms.base import Mechanism, distinct, rooms
from agorasim.ecosystem.mechanisms.errands import Errands
from agorasim.ecosystem.mechanisms.last_orders import last_orders
from agorasim.ecosystem.mechanisms.shops import nearest_shop
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
RETURN = PURPOSES.declare("retail.return", 143)
SEEN, BLIND = 1, 2  # how the goods of the last order were bought
CONSUMER, BRAND, OFFER, PAID, RESALE, TO = range(6)  # columns of a parcel on its way back


class Returns(Mechanism):
    """What is opened today may be sent back some days later; of several orders opened together, the last one.

    A refund costs the money paid less what goods that can be sold again are worth (their unit cost).
    """

    name = "returns"
    code = "M12"
    meaning = "goods that disappoint or were bought unseen are returned: refund, restocking, handling"
    keys = ("brands.NAME.returns",)
    state = ("due",)

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand takes goods back."""
        return any(brand.returns is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        models = world.scenario.brands.values()
        self._rules = [m.returns for m in models]
        self._in_store = [None if m.bridges is None else m.bridges.return_in_store for m in models]
        self._entity = [stable_id("return", name) for name in self.brands]
        self._nearest = {
            b: nearest_shop(world, name) for b, name in enumerate(self.brands) if self._in_store[b] is not None
        }
        having = [b for b, rule in enumerate(self._rules) if rule is not None]
        self.room = rooms(len(self.brands), having)
        #: The last order: what was paid (minor units), and how: `SEEN`, or `BLIND` (online, unseen); 0: was returned.
        self.columns["paid"] = np.zeros((world.size, len(having)), dtype=np.int32)
        self.columns["how"] = np.zeros((world.size, len(having)), dtype=np.uint8)
        #: Goods on their way back, (n, 6), by the day they arrive.
        self.due: dict[int, Array] = {}

    def settled(self, world: World, orders: Array) -> None:
        """Remember what was bought, for how much, and whether it had been seen."""
        w, table, brands = world.w, world.market.table, len(self.brands)
        room = self.room[table["brand"][orders["offer"]]]
        orders, room = orders[room >= 0], room[room >= 0]
        if len(orders) == 0:
            return
        who, offer = orders["consumer"].astype(np.int64), orders["offer"].astype(np.int64)
        b = table["brand"][offer].astype(np.int64)
        shown = world.mechanism("availability")
        assert isinstance(shown, Availability)
        codes = who * brands + b
        _, whose, today = np.unique(codes, return_inverse=True, return_counts=True)
        before = w.bought.reshape(-1)[codes] > today[whose]  # their orders of today are counted already
        known = before | shown.saw(world, who, b)
        at = who * self.columns["how"].shape[1] + room
        self.columns["how"].reshape(-1)[at] = np.where(known | (table["located"][offer] > 0), SEEN, BLIND)
        price = orders["price"]
        self.wide_enough("paid", int(price.max())).reshape(-1)[at] = price

    def received(self, world: World, codes: Array) -> None:
        """Decide which of the goods opened today go back."""
        brands, last = len(self.brands), last_orders(world)
        of = codes % brands
        for b, rule in enumerate(self._rules):
            if rule is None:
                continue
            who, room = distinct(codes[of == b]) // brands, self.room[b]
            who = who[self.columns["how"][who, room] > 0]
            if len(who) == 0:
                continue
            worse = np.maximum(0.0, -world.w.surprise[who, b].astype(np.float64))
            blind = self.columns["how"][who, room] == BLIND
            chance = rule.rate + rule.unseen * blind + rule.disappointment * worse
            u = self.uniforms(world, RETURN, who, self._entity[b])
            back = u[:, 0] < chance
            who, u = who[back], u[back]
            if len(who) == 0:
                continue
            offer = last.offer(who, b)
            rows = np.column_stack([
                who, np.full(len(who), b), offer, self.columns["paid"][who, room], u[:, 1] < rule.resale,
                self._where(world, b, who, offer, u[:, 2]),
            ]).astype(np.int64)  # fmt: skip
            self.columns["how"][who, room] = 0
            day = world.day + rule.days
            self.due[day] = np.concatenate([self.due.get(day, np.empty((0, 6), dtype=np.int64)), rows])

    def _where(self, world: World, b: int, who: Array, offer: Array, u: Array) -> Array:
        """The offer of the shop that goods go back to; -1 by mail."""
        located = world.market.table["located"][offer] > 0
        to = np.where(located, offer, -1)
        bridge = self._in_store[b]
        if bridge is not None:
            km, shop = self._nearest[b]
            close = ~located & (km[who] <= bridge.radius_km) & (u < bridge.chance)
            to = np.where(close, shop[who], to)
        return to

    def opened(self, world: World) -> None:
        """Goods arrive back: refund, restock or write off, pay for handling."""
        rows = self.due.pop(world.day, None)
        if rows is None:
            return
        market, minor = world.market, world.minor
        for b, rule in enumerate(self._rules):
            mine = rows[rows[:, BRAND] == b]
            if rule is None or len(mine) == 0:
                continue
            again, shop = mine[:, RESALE] > 0, mine[:, TO] >= 0
            worth = np.where(again, np.minimum(mine[:, PAID], int(world.w.brands[b]["unit_cost"])), 0)
            world.charge(b, "refunds", int((mine[:, PAID] - worth).sum()))
            handling = minor(rule.store_cost) * int(shop.sum()) + minor(rule.cost) * int((~shop).sum())
            world.charge(b, "logistics", handling)
            np.add.at(self.today["returns"], mine[:, OFFER], 1)
            np.add.at(self.today["refunded"], mine[:, OFFER], mine[:, PAID])
            np.add.at(self.today["written_off"], mine[~again, OFFER], 1)
            into = np.where(shop, mine[:, TO], mine[:, OFFER])[again]
            into = into[market.runs_out(into)]
            np.add.at(market.stock, market.pool[into], 1)
            np.add.at(self.today["restocked"], into, 1)
            self._visits(world, b, mine[shop & (market.table["located"][mine[:, OFFER]] == 0)])

    def _visits(self, world: World, b: int, rows: Array) -> None:
        """Who brings back what came by mail is in the shop today."""
        errands, bridge = world.mechanism("errands"), self._in_store[b]
        if isinstance(errands, Errands) and bridge is not None and len(rows):
            self.today["returned_in_store"][b] += len(rows)
            errands.send(world.day, rows[:, CONSUMER], rows[:, TO])
