"""The later half of a day: orders rationed and settled, money booked, goods received, adopters announced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import experience
from agorasim.behaviour.columns import EXPERIENCED, OF_LOST, OF_ORDERS, OF_REBATE, ORDERS_WRITTEN
from agorasim.behaviour.word_of_mouth import adopted
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.handles import Handles
from agorasim.ecosystem.records import COMMISSION, DISCOUNTS, FULFILMENT, GOODS, LOST, ORDERS, REVENUE, STOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from agorasim.ecosystem.media import Media
    from agorasim.ecosystem.script import Script
    from agorasim.ecosystem.social.csr import Graph
    from agorasim.ecosystem.tapes import Tape

Array = NDArray[Any]


class Trade(Handles):
    """Base of `World`: what happens once people have chosen."""

    media: Media
    graphs: dict[str, Graph]
    script: Script | None
    tape: Tape | None
    replaced: dict[str, Callable[[], None]]
    loose: bool
    plan: Array
    _hooks: dict[str, list[Callable[..., Any]]]
    _offer: Array
    _unit_cost: Array
    _spend: Array
    _due: dict[int, list[Array]]
    _received: Array
    _owners: int
    _tie_weights: list[Array]

    def _let_act(self, hook: str, *about: Any) -> None:
        """Mechanisms act at this point of the day."""
        for act in self._hooks[hook]:
            act(self, *about)

    def fulfil(self) -> None:
        """Ration what is scarce, settle orders, charge media, tell the ties of new adopters."""
        w, market = self.w, self.market
        orders = w.orders[: w.counts[ORDERS_WRITTEN]]
        if "choose" in self.replaced:
            orders[:] = orders[np.lexsort((orders["sequence"], orders["consumer"]))]
        if self._hooks["chosen"]:
            self._let_act("chosen")
        market.ration(w)
        if self._hooks["rationed"]:
            self._let_act("rationed")
        orders = self.orders  # some may have gone, others come
        codes, waits = np.empty(len(orders), dtype=np.int64), np.empty(len(orders), dtype=np.int64)
        count = experience.settle_orders(w, codes, waits)
        served = w.at_offer[:, OF_ORDERS]
        market.take(served)
        self._book(served, w.at_offer[:, OF_LOST])
        if self._hooks["settled"]:
            self._let_act("settled", orders[orders["served"] == 1])
        self._spend = self.media.charged(self.plan, w.at_touch)
        self._expect(codes[:count], waits[:count])
        if self.scenario.category.kind == "durable":
            self._announce(codes[:count] // w.awareness.shape[1])  # bought once, so nobody stands here twice

    def _expect(self, codes: Array, waits: Array) -> None:
        """Note when served orders (codes consumer * B + brand) arrive: a list of codes for each day to come."""
        for wait in self.market.waits:
            there = codes if len(self.market.waits) == 1 else codes[waits == wait]
            if len(there):
                self._due.setdefault(self.day + wait, []).append(there)

    def _book(self, served: Array, lost: Array) -> None:
        """The day's money by offer, minor units."""
        book, market = self._offer, self.market
        table = market.table
        book[:, ORDERS], book[:, LOST] = served, lost
        rebates = self.w.at_offer[:, OF_REBATE]
        book[:, REVENUE] = served * table["price"] - rebates
        book[:, DISCOUNTS] = served * (table["list_price"] - table["price"]) + rebates
        book[:, GOODS] = served * self._unit_cost
        book[:, FULFILMENT] = served * market.delivery_cost
        book[:, COMMISSION] = np.rint(book[:, REVENUE] * market.commission)
        book[:, STOCK] = market.on_hand()

    def _announce(self, newcomers: Array) -> None:
        """Adopters become visible to their ties from tomorrow on."""
        if self.scenario.category.kind != "durable":
            return
        if self.script is not None:
            newcomers = self.script.newcomers(self.day, newcomers)
        if self.tape is not None:
            self.tape.messages.adopted(self.day, newcomers)
        if len(newcomers) == 0:
            return
        newcomers = np.ascontiguousarray(newcomers, dtype=np.int64)  # one type of array, so one compiled form
        self._owners += len(newcomers)
        self.w.params["adopters"] = self._owners
        for graph, weights in zip(self.graphs.values(), self._tie_weights, strict=True):
            if not graph.complete:
                adopted(self.w, newcomers, graph.indptr, graph.neighbours, weights)

    def _after_purchase(self, name: str) -> None:
        """Receive what is due, or reflect on what was received; whole columns are searched only in a loose world."""
        w = self.w
        if name == "receive":
            due = self._due.pop(self.day, [])
            if self.loose:
                due = [np.flatnonzero(w.arrives.reshape(-1) == self.day)]
            codes = np.concatenate([np.empty(0, dtype=np.int64), *due])  # its own: the list of a copied world is shared
            self._received = codes[: experience.receive_codes(w, codes)]
            self._let_act("received", self._received)
        else:
            if self.loose:
                self._received = np.flatnonzero(w.flags.reshape(-1) & np.uint8(EXPERIENCED))
            experience.reflect_codes(w, self._received)

    def expect(self, day: int, codes: Array) -> None:
        """Goods under way (codes consumer * B + brand, whose `arrives` says `day`) are received on that day."""
        self._due.setdefault(day, []).append(codes)

    def set_unit_cost(self, b: int, minor: int) -> None:
        """What a unit of a brand's goods costs from today on, minor units."""
        self.w.brands["unit_cost"][b] = minor
        self._unit_cost = self.w.brands["unit_cost"][self.market.table["brand"]]

    def minor(self, amount: float) -> int:
        """An amount of the scenario's currency in minor units."""
        return to_minor(amount, self.scenario.currency.minor_units)
