"""Queues: people reckon with the wait at a till, and more than can be served in a day balk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import FIXED, OF_LOST, OF_ORDERS
from agorasim.ecosystem.mechanisms.base import Mechanism

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
#: Load up to which a queue is taken to be in its steady state; beyond it, what cannot be served piles up.
STEADY = 0.98


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival has to wait in an M/M/c queue (Erlang 1917); `load` = arrivals x service time.

    By the recursion of Erlang's loss formula (Gross, Shortle, Thompson & Harris 2008, section 2.3); 1 from saturation
    (load = servers) on.
    """
    if load >= servers:
        return 1.0
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def expected_wait(arrivals: float, servers: int, minutes: float, hours: float) -> float:
    """Minutes that an arrival expects to wait when `arrivals` come evenly over `hours`.

    M/M/c in its steady state up to a load of 0.98 of what the servers can do; what comes on top of their capacity
    waits as a fluid: rho - 1 times half the day on average. Rises in arrivals and is finite everywhere.
    """
    if minutes <= 0.0 or arrivals <= 0.0:
        return 0.0
    load = arrivals * minutes / (hours * 60.0)
    rho = load / servers
    steady = min(rho, STEADY)
    wait = erlang_c(servers, steady * servers) * minutes / (servers * (1.0 - steady))
    return wait + max(0.0, rho - 1.0) * hours * 60.0 / 2.0


class Queues(Mechanism):
    """The expected wait lowers the utility of going to a shop; expectations follow the demand of days past."""

    name = "queues"
    code = "M12"
    meaning = "lines at the till: expected waiting deters, what exceeds a day's capacity balks"
    keys = ("places.NAME.queue",)
    state = ("expected", "wait")

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Any place has a queue."""
        return any(place.queue is not None for place in scenario.places.values())

    def __init__(self, world: World) -> None:
        super().__init__(world)
        places = world.scenario.places
        #: Offers with a queue.
        self._at = [
            (k, places[o.place].queue) for k, o in enumerate(world.market.offers)
            if o.place in places and places[o.place].queue is not None
        ]  # fmt: skip
        self._factor = world.factor
        #: Orders a day that people expect, and the wait in minutes that follows, by offer.
        self.expected = np.zeros(len(world.market.offers))
        self.wait = np.zeros(len(world.market.offers))

    def opened(self, world: World) -> None:
        """Set today's expected wait and what it costs in utility."""
        for k, queue in self._at:
            assert queue is not None
            self.wait[k] = expected_wait(self.expected[k] / self._factor, queue.servers, queue.minutes, queue.hours)
            world.market.table["bonus"][k] -= self.wait[k] / queue.patience

    def closing(self, world: World) -> None:
        """Today's demand, served or not, is what tomorrow's visitors have heard of."""
        served, lost = world.w.at_offer[:, OF_ORDERS], world.w.at_offer[:, OF_LOST]
        for k, queue in self._at:
            assert queue is not None
            demand = int(served[k] + lost[k])
            if world.market.table["open"][k]:
                self.expected[k] += queue.learning * (demand - self.expected[k])
            self.today["queue_minutes"][k] += round(float(self.wait[k]) * int(served[k]) * FIXED)
