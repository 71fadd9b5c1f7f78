"""Retail operations: queues, replenishment, back-orders, shared stock, late deliveries, returns."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import Name, NonNegative, Positive, Probability, Strict, Units

Days = Annotated[int, Field(ge=1, le=365)]


class Queue(Strict):
    """Waiting in line at a shop. The wait that people expect follows Erlang's formula for M/M/c queues."""

    servers: Annotated[int, Field(ge=1, le=200)] = 1
    """Tills or counters that serve at the same time."""
    minutes: Annotated[float, Field(ge=0.0, le=1440.0)] = 3.0
    """Mean time to serve one buyer, minutes; 0: nobody waits."""
    patience: Positive = 10.0
    """Minutes of expected waiting that take away one unit of utility."""
    hours: Annotated[float, Field(gt=0.0, le=24.0)] = 10.0
    """Opening hours a day; with servers and minutes they bound how many can be served, the others balk."""
    learning: Annotated[float, Field(gt=0.0, le=1.0)] = 0.3
    """Weight of yesterday's demand in what people expect (1: yesterday alone)."""


class Replenish(Strict):
    """An (s, S) rule: once stock and units on order fall to s or below, order up to S."""

    reorder: Units = 20
    """s: units on hand and on order, less those owed, at or below which an order goes out in the evening."""
    up_to: Units = 60
    """S: units that the order fills up to."""
    lead_days: Days = 2
    """Days from the evening's order to the morning's delivery (1: the next morning)."""
    order_cost: NonNegative = 0.0
    """Cost of each delivery."""
    holding_cost: NonNegative = 0.0
    """Cost of each unit that lies there overnight."""

    @model_validator(mode="after")
    def _fills_up(self) -> Replenish:
        if self.up_to <= self.reorder:
            raise ValueError(
                f"up_to must be above reorder, so that an order adds something (got {self.up_to} and {self.reorder})"
            )
        return self


class BackOrder(Strict):
    """Buyers who find the shelf empty may wait for the next delivery; they pay when they get the goods."""

    chance: Probability = 0.15
    """Probability of waiting instead of going elsewhere (Corsten and Gruen 2003: 15% delay the purchase)."""
    days: Days = 14
    """Days after which those who still wait give up."""


class Delay(Strict):
    """Deliveries that come late."""

    risk: Probability = 0.1
    """Probability that an order is late; buyers reckon with the mean delay when they choose."""
    days: Days = 2
    """Days by which it is late."""
    annoyance: NonNegative = 0.5
    """How far below expectation a late delivery feels, in units of experienced quality."""


class Inventory(Strict):
    """Which places sell from one stock."""

    pools: Annotated[dict[Name, Annotated[list[Name], Field(min_length=2)]], Field(min_length=1)]
    """Pools by name: online sellers and shops of the brand whose stocks are added up and sold from together."""
    shared: bool = True
    """false: every place keeps its own stock after all, for comparison."""


class Returns(Strict):
    """Goods that are sent back: more often when they disappoint, and when they were bought unseen."""

    rate: Probability = 0.02
    """Probability of returning goods that are as expected and were seen before."""
    unseen: Probability = 0.1
    """Added for goods bought online by people who never saw them in a shop."""
    disappointment: NonNegative = 0.1
    """Added per unit of experience below expectation."""
    days: Days = 3
    """Days from receipt to return, when the money is refunded."""
    resale: Probability = 0.8
    """Share of returned goods that can be sold again; the others are written off."""
    cost: NonNegative = 0.0
    """Cost of taking back what was delivered; goods bought in a shop come back there for `store_cost`."""
    store_cost: NonNegative = 0.0
    """Cost of taking goods back in a shop."""


class Unseen(Strict):
    """Buying online what one has never seen. Visiting a shop or showroom, or owning the product, ends it."""

    hesitate: Probability = 0.3
    """Probability that buying online is no alternative for such a person today."""
    days: Days = 90
    """Days for which a visit is remembered."""


class Substitution(Strict):
    """Refused buyers may take what they would have chosen next, of this or another brand."""

    chance: Probability = 0.76
    """Probability of looking further (Corsten and Gruen 2003: another shop 31%, brand 26%, size or variant 19%)."""


__all__ = ["BackOrder", "Delay", "Inventory", "Queue", "Replenish", "Returns", "Substitution", "Unseen"]
