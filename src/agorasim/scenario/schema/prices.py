"""Prices: coupons, discounts for a time, protection against falls, and how people judge what they are asked to pay."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from agorasim.scenario.schema.base import Name, NonNegative, Positive, Probability, Strict
from agorasim.scenario.schema.calendar import Date

Where = Literal["online", "offline", "everywhere"]
#: A share taken off a price.
Share = Annotated[float, Field(ge=0.0, le=0.95)]
Days = Annotated[int, Field(ge=1, le=3650)]
Weekday = Annotated[int, Field(ge=0, le=6)]


class Coupon(Strict):
    """A campaign that hands out coupons, each good for one order. A purse holds one coupon of a brand: the largest."""

    amount: Positive | None = None
    """Money off, in the scenario's currency; or give `share`."""
    share: Annotated[float, Field(gt=0.0, le=0.95)] | None = None
    """Money off as a share of the brand's list price on the day of issue; or give `amount`."""
    to: Literal["everybody", "customers", "newcomers", "members", "lapsed"] = "everybody"
    """Who gets one: everybody, people who have bought from the brand, people who never have, its members, or
    customers without an order for `lapsed_after` days."""
    lapsed_after: Days | None = None
    """Days without an order after which a customer counts as lapsed, with `to: lapsed`; absent: 60."""
    segments: list[Name] = []
    """Only people of these segments; all when empty."""
    chance: Probability = 1.0
    """Probability that somebody who qualifies gets one, drawn anew each time."""
    touchpoint: Name | None = None
    """Handed out here: only to its members where it is for members, and as often as people use it (`chance` times the
    probability of using it on a day); absent: it reaches them by itself."""
    start: Date | None = None
    """First day of issue (YYYY-MM-DD); absent: the first day of the world."""
    every: Days | None = None
    """Days until the next issue; absent: there is only one."""
    days: Days = 14
    """Days on which the coupon can be used, that of issue included."""
    where: Where = "everywhere"
    """Where it can be used."""
    awareness: Probability = 0.0
    """Share of the awareness gap that getting one closes: coupons advertise to those, too, who never use them
    (Venkatesan & Farris 2012)."""

    @model_validator(mode="after")
    def _one_value(self) -> Coupon:
        if (self.amount is None) == (self.share is None):
            raise ValueError("give exactly one of 'amount' (money) and 'share' (of the list price)")
        if self.lapsed_after is not None and self.to != "lapsed":
            raise ValueError(f"'lapsed_after' goes with 'to: lapsed' (got to: {self.to})")
        return self


class Promotion(Strict):
    """A discount for a time, on top of the policy's own; where several run at once the largest holds."""

    discount: Share
    """Share of the price taken off."""
    start: Date | None = None
    """First day (YYYY-MM-DD), with `days`; or give `weekdays` or `festival`."""
    days: Days | None = None
    """How many days it lasts from `start`; absent: 1."""
    weekdays: list[Weekday] = []
    """Runs on these weekdays, Monday 0."""
    festival: Name | None = None
    """Runs while this festival of the calendar lasts."""
    where: Where = "everywhere"
    """Whose prices fall."""

    @model_validator(mode="after")
    def _one_time(self) -> Promotion:
        given = [self.start is not None, bool(self.weekdays), self.festival is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of 'start' (with 'days'), 'weekdays' and 'festival'")
        if self.days is not None and self.start is None:
            raise ValueError("'days' goes with 'start'; weekdays and festivals have their own length")
        return self


class PriceProtection(Strict):
    """Whoever bought dearer gets the difference back when the price falls soon afterwards."""

    days: Days = 14
    """Days after the order within which a fall of the price where it was bought is refunded."""
    claim: Probability = 0.5
    """Share of those buyers who notice a fall and ask for the difference (assumption)."""


class Pricing(Strict):
    """Prices that a policy moves by channel, day by day (levers `pricing.online` and `pricing.offline`)."""

    online: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    """Multiplier of the brand's prices at online places, before fees."""
    offline: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    """Multiplier of the brand's prices in shops."""


class PriceFairness(Strict):
    """Who pays more than others, elsewhere or tomorrow, resents it (Campbell 1999; Xia, Monroe & Cox 2004)."""

    resentment: NonNegative = 0.5
    """Share of the gap to goodwill -1 that opens when the price paid was twice the lower one (a gap of 0.5 of what was
    paid counts half of it): resentment x (paid - lower) / paid (assumption)."""
    notice: Probability = 0.3
    """Probability that a buyer who uses another channel of the brand on a usual day knows its price; whoever was there
    on the day of purchase knows it. Also that a buyer notices a later fall of the price (assumption)."""
    days: Annotated[int, Field(ge=0, le=3650)] = 7
    """Days after an order within which a fall of the price is still noticed; 0: never."""


class ReferencePrices(Strict):
    """What people have come to expect a brand to cost (Kalyanaram & Winer 1995; Putler 1992)."""

    memory: Probability = 0.75
    """Weight of the reference price so far when a price is seen (exponential smoothing); 1: never learns."""
    gain: NonNegative = 1.0
    """Utility when the price is below the reference by the category's reference price, in units of the price
    coefficient."""
    loss_aversion: NonNegative = 2.0
    """How much more a price above the reference hurts (about 2: Putler 1992; Kalyanaram & Winer 1995)."""
