"""The product category: how needs arise, how brands are remembered, chosen and experienced."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agorasim.scenario.schema.base import Finite, NonNegative, Positive, Probability, Strict
from agorasim.scenario.schema.loyalty import Churn, NetPromoter
from agorasim.scenario.schema.modes import Modes
from agorasim.scenario.schema.over_marketing import OverMarketing
from agorasim.scenario.schema.prices import PriceFairness, ReferencePrices
from agorasim.scenario.schema.retail import Substitution


class Need(Strict):
    """Needs are Poisson in time with gamma-distributed rates over people, hence NBD counts (Ehrenberg 1959)."""

    rate: NonNegative = 0.1
    """Mean needs per consumer and day."""
    shape: Positive | None = None
    """Shape of the gamma distribution of rates over people; None: everybody has the mean rate."""
    most: Annotated[int, Field(ge=1, le=8)] = 4
    """Most needs a person has on one day."""


class Memory(Strict):
    """What is remembered of brands and how it fades."""

    awareness_decay: Probability = 0.01
    """Share of awareness forgotten a day."""
    goodwill_decay: Probability = 0.02
    """Share of goodwill lost a day, towards 0."""
    habit_decay: Probability = 0.01
    """Share of habit lost a day."""
    fatigue_decay: Probability = 0.15
    """Share of fatigue that recovers a day."""
    encoding_variability: NonNegative = 0.0
    """Extra effect of a second touchpoint on the same day (Unnava & Burnkrant 1991); 0 leaves synergy emergent."""


class Choice(Strict):
    """Coefficients of the nested logit: brand or nothing above, place below (McFadden 1978)."""

    dissimilarity: Annotated[float, Field(ge=0.01, le=1.0)] = 0.5
    """1: plain multinomial logit; near 0: identical places add nothing."""
    intercept: Finite = 1.0
    """Utility of buying against not buying."""
    quality: Finite = 1.0
    """Weight of a product's quality."""
    price: NonNegative = 2.0
    """Utility lost when the price rises by the category's reference price."""
    promotion: Finite = 0.2
    """Utility of the promotion signal itself, besides the lower price."""
    goodwill: Finite = 1.0
    """Weight of goodwill (-1 to 1)."""
    habit: Finite = 1.0
    """Weight of habit (0 to 1)."""
    distance: NonNegative = 0.3
    """Utility lost per km to a shop."""
    delivery: NonNegative = 0.3
    """Utility lost per day of waiting."""
    visit: Finite = 0.3
    """Utility of a place whose touchpoint the consumer used or clicked through to today."""


class Experience(Strict):
    """What happens after the purchase (expectation-disconfirmation, Oliver 1980)."""

    noise: NonNegative = 0.5
    """Standard deviation of experienced quality around the product's quality."""
    adaptation: Probability = 0.2
    """Share by which an experience moves the expectation."""
    habit: Probability = 0.1
    """Share of the gap to full habit that a purchase closes."""
    goodwill: NonNegative = 0.1
    """Goodwill moved by one unit of disconfirmation, as a share of the gap."""
    delight: NonNegative = 0.5
    """Experience above expectation beyond which people may recommend."""
    disappointment: NonNegative = 0.5
    """Experience below expectation beyond which people may complain."""
    stockout: NonNegative = 0.3
    """Disconfirmation that a refused order feels like."""


class Category(Strict):
    """The product category."""

    kind: Literal["repeat", "durable"] = "repeat"
    """`repeat` is bought again and again, `durable` once."""
    label: str = ""
    """Name to show."""
    reference_price: Positive = 100.0
    """The price that the price coefficient refers to, in the scenario's currency."""
    need: Need = Need()
    memory: Memory = Memory()
    choice: Choice = Choice()
    experience: Experience = Experience()
    modes: Modes | None = None
    """Buying modes; absent means that everybody buys in one way."""
    over_marketing: OverMarketing | None = None
    """Wear-out, distrust and opt-out; absent means that fatigue only dampens what contacts do."""
    substitution: Substitution | None = None
    """Refused buyers may look further; absent: the need is lost."""
    price_fairness: PriceFairness | None = None
    """Buyers who see that they paid more than others resent it; absent: nobody compares."""
    reference_prices: ReferencePrices | None = None
    """People remember prices and judge today's by them; absent: only today's price counts."""
    churn: Churn | None = None
    """Customers leave brands for good; absent: nobody does."""
    nps: NetPromoter | None = None
    """A survey of how likely buyers are to recommend; absent: nobody is asked."""
