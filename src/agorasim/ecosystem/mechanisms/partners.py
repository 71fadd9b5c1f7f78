"""Independent resellers: an effort that answers commission, trust and conflict with the brand's own channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED, OF_LOST, OF_ORDERS
from agorasim.ecosystem.mechanisms.base import Lever, Mechanism, rooms
from agorasim.randomness import PURPOSES, stable_id

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
Floats = NDArray[np.float64]

SHELF = PURPOSES.declare("partners.shelf", 154)


def best_effort(margin: Floats, effort: Floats, trust: Floats, conflict: Floats, terms: Floats) -> Floats:
    """The effort, 0 to 1, that a reseller would like best.

    Linear contract and quadratic cost (Holmstrom & Milgrom 1987): with M0 the margin a day that the brand's goods would
    earn without effort, effort e earns M0 (1 + r e), of which the reseller believes in the share `trust` (promises may
    be broken) times 1 - `conflict` (the brand's own channels may take the sale), and costs k e^2 / 2:

        U(e) = trust (1 - conflict) M0 (1 + r e) - k e^2 / 2,    e* = trust (1 - conflict) M0 r / k within 0 to 1.

    M0 is read off the margin that today's effort earned, M0 = margin / (1 + r effort). All arguments (P,); `terms`
    (2, P) holds r and k, margin and k in the same money a day.
    """
    response, cost = terms
    without = margin / (1.0 + response * effort)
    best: Floats = np.clip(trust * (1.0 - conflict) * without * response / cost, 0.0, 1.0)
    return best


class Partners(Mechanism):
    """Effort, trust and conflict of each reseller, one row an offer at a touchpoint of kind `partner`."""

    name = "partners"
    code = "M16"
    meaning = "independent resellers: effort answers commission, trust, and conflict with the brand's own channels"
    keys = ("brands.NAME.partners", "places.NAME.commission")
    levers = (
        Lever("partners.commission", 0.0, 1.0, "share of what buyers pay at resellers that they keep"),
        Lever("partners.assist", 0.0, 1.0, "share of the commission paid for own sales to a reseller's visitors"),
    )
    state = ("effort", "trust", "conflict", "margin", "sold", "taken", "promised", "known")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any brand has terms for resellers."""
        return any(brand.partners is not None for brand in scenario.brands.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        scenario = world.scenario
        kinds = {name: touchpoint.kind for name, touchpoint in scenario.touchpoints.items()}
        offers = world.market.offers
        #: (P,) offers of resellers, and the brand of each.
        self.at = np.array(
            [k for k, o in enumerate(offers) if o.located and kinds[o.touchpoint] == "partner"
             and scenario.brands[o.brand].partners is not None], dtype=np.int64,
        )  # fmt: skip
        self.of = np.array([self.brands.index(offers[k].brand) for k in self.at], dtype=np.int64)
        terms = [scenario.brands[offers[k].brand].partners for k in self.at]
        self.terms = [t for t in terms if t is not None]
        self._ids = [stable_id("partner", offers[k].brand, offers[k].place) for k in self.at]
        #: Commission that a place has of its own, else NaN.
        own = [scenario.places[offers[k].place].commission for k in self.at]
        self._own = np.array([np.nan if rate is None else rate for rate in own], dtype=np.float64)
        #: Response and cost of effort, the latter in minor units a day, (2, P).
        money = scenario.currency.minor_units * world.factor
        self._answer = np.array(
            [[t.response for t in self.terms], [t.effort_cost * money for t in self.terms]]
        ).reshape(2, len(self.at))  # fmt: skip
        #: Bits of `visited` that stand for a visit to a reseller, by brand.
        self._bits = np.zeros(len(self.brands), dtype=np.uint32)
        for p, k in enumerate(self.at):
            self._bits[self.of[p]] |= np.uint32(1 << world.media.bits[offers[k].touchpoint])
        self.room = rooms(len(self.brands), set(self.of.tolist()))
        #: The reseller nearest to each consumer's home, of the brands that have any.
        self.columns["nearest"] = self._nearest(world)
        self.effort = np.array([t.effort for t in self.terms])
        self.trust = np.array([t.trust for t in self.terms])
        self.conflict = np.zeros(len(self.at))
        #: Averages a day: margin (minor units), own orders, orders of visitors in the brand's own channels.
        self.margin, self.sold, self.taken = (np.zeros(len(self.at)) for _ in range(3))
        #: The commission that was promised yesterday, and how many days have been averaged.
        self.promised = self._commission(world)
        self.known = 0

    def _nearest(self, world: World) -> Array:
        having = np.flatnonzero(self.room >= 0)
        out = np.zeros((world.size, len(having)), dtype=np.min_scalar_type(max(0, len(self.at) - 1)))
        x, y = world.w.traits["x"].astype(np.float64), world.w.traits["y"].astype(np.float64)
        for room, b in enumerate(having):
            rows = np.flatnonzero(self.of == b)
            best = np.full(world.size, np.inf)
            for p in rows:
                offer = world.market.offers[self.at[p]]
                km = np.hypot(x - offer.x, y - offer.y)
                out[km < best, room] = p
                best = np.minimum(best, km)
        return out

    def _commission(self, world: World) -> Floats:
        """What each reseller keeps of a sale today, as a share, (P,)."""
        brand = np.array([world.lever(int(b), "partners.commission") for b in self.of], dtype=np.float64)
        return np.where(np.isnan(self._own), brand, self._own)

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """Effort of today: advice and display, and whether the goods are on the shelf."""
        table = world.market.table
        for p, k in enumerate(self.at):
            terms, effort = self.terms[p], float(self.effort[p])
            table["bonus"][k] += terms.bonus * effort
            empty = terms.shelf * (1.0 - effort)
            if empty > 0.0:
                draw = self.uniforms(world, SHELF, np.zeros(1, dtype=np.int64), self._ids[p])[0, 0]
                if draw < empty:
                    table["open"][k] = 0

    def seen(self, world: World) -> None:
        """Visitors are told about the brand, as strongly as the reseller nearest to them tries."""
        w = world.w
        for b in range(len(self.brands)):
            terms = world.scenario.brands[self.brands[b]].partners
            if terms is None or terms.recommend <= 0.0 or self._bits[b] == 0:
                continue
            who = np.flatnonzero(w.visited[:, b] & self._bits[b])
            share = terms.recommend * self.effort[self.columns["nearest"][who, self.room[b]]]
            world.raise_awareness(who, b, share)

    def settled(self, world: World, orders: Array) -> None:
        """Pay commission on resellers' sales and on those that they assisted."""
        row = np.full(len(world.market.offers), -1, dtype=np.int64)
        row[self.at] = np.arange(len(self.at))
        owner = world.market.table["brand"][orders["offer"]].astype(np.int64)
        paid = orders["price"].astype(np.int64)
        at = row[orders["offer"]]
        sold, revenue = self._counted(at, paid)
        # What the brand's own channels sell to somebody who visited a reseller today.
        own = np.flatnonzero((at < 0) & (self._bits[owner] > 0))
        who = orders["consumer"][own]
        own = own[(world.w.visited[who, owner[own]] & self._bits[owner[own]]) > 0]
        nearest = self.columns["nearest"][orders["consumer"][own], self.room[owner[own]]].astype(np.int64)
        taken, assisted = self._counted(nearest, paid[own])
        rate = self._commission(world)
        assist = np.array([world.lever(int(b), "partners.assist") for b in self.of], dtype=np.float64)
        pay = np.rint(revenue * rate).astype(np.int64) + np.rint(assisted * rate * assist).astype(np.int64)
        for p, b in enumerate(self.of):
            world.charge(int(b), "partners", int(pay[p]))
            self.today["partner_orders"][b] += sold[p]
            self.today["assisted_orders"][b] += taken[p]
        self.known += 1
        for p, terms in enumerate(self.terms):
            weight = 1.0 / min(self.known, terms.memory)
            for average, value in ((self.margin, pay), (self.sold, sold), (self.taken, taken)):
                average[p] += weight * (float(value[p]) - average[p])

    def _counted(self, at: Array, paid: Array) -> tuple[Array, Array]:
        """Number of orders and money by reseller, both (P,) int64; rows of -1 are nobody's."""
        count, money = np.zeros(len(self.at), dtype=np.int64), np.zeros(len(self.at), dtype=np.int64)
        np.add.at(count, at[at >= 0], 1)
        np.add.at(money, at[at >= 0], paid[at >= 0])
        return count, money

    def closing(self, world: World) -> None:
        """Resellers judge the brand and move towards the effort that now pays best."""
        self._judge_promises(world)
        self._judge_conflict(world)
        best = best_effort(self.margin, self.effort, self.trust, self.conflict, self._answer)
        speed = np.array([t.speed for t in self.terms])
        self.effort = self.effort + speed * (best - self.effort)
        for name, values in (("effort", self.effort), ("trust", self.trust), ("conflict", self.conflict)):
            for b in range(len(self.brands)):
                mine = values[self.of == b]
                self.today[f"partner_{name}"][b] = round(float(mine.mean()) * FIXED) if len(mine) else 0
        self.today["place_effort"][self.at] = np.rint(self.effort * FIXED).astype(np.int64)

    def _judge_promises(self, world: World) -> None:
        """Trust falls with commission cuts and with goods that run out, and else grows slowly."""
        rate = self._commission(world)
        lost, served = world.w.at_offer[self.at, OF_LOST], world.w.at_offer[self.at, OF_ORDERS]
        for p, terms in enumerate(self.terms):
            cut = (self.promised[p] - rate[p]) / self.promised[p] if rate[p] < self.promised[p] else 0.0
            refused = float(lost[p]) / float(lost[p] + served[p]) if lost[p] else 0.0
            if cut > 0.0 or refused > 0.0:
                self.trust[p] *= (1.0 - min(1.0, terms.cut * cut)) * (1.0 - terms.refusal * refused)
            else:
                self.trust[p] += terms.rebuild * (1.0 - self.trust[p])
        self.promised = rate

    def _judge_conflict(self, world: World) -> None:
        """Conflict: the brand's own channels are cheaper, or make the sale to whom the reseller advised."""
        table = world.market.table
        price = table["price"].astype(np.float64)
        own = np.ones(len(table), dtype=bool)
        own[self.at] = False
        for p, terms in enumerate(self.terms):
            b, mine = int(self.of[p]), price[self.at[p]]
            direct = price[own & (table["brand"] == b) & ~world.market.shut]
            cheaper = max(0.0, 1.0 - float(direct.min()) / mine) if len(direct) and mine > 0.0 else 0.0
            visitors = self.taken[p] + self.sold[p]
            unpaid = 1.0 - world.lever(b, "partners.assist")
            poached = unpaid * self.taken[p] / visitors if visitors > 0.0 else 0.0
            kept = (1.0 - min(1.0, terms.undercut * cheaper)) * (1.0 - terms.poaching * poached)
            self.conflict[p] = 1.0 - kept
