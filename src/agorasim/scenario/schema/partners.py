"""Independent resellers: what they are promised, how they answer, and what their effort does."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agorasim.scenario.schema.base import NonNegative, Positive, Probability, Strict


class Partners(Strict):
    """A brand's resellers: its `places` at touchpoints of kind `partner`. Each puts in an effort from 0 to 1."""

    commission: Probability = 0.2
    """Share of what buyers pay at a reseller that the reseller keeps; lever `partners.commission`. A place's own
    `commission` goes first."""
    assist: Probability = 0.0
    """Share of that commission paid, besides, for a sale in the brand's own channels to somebody who visited a
    reseller that day; 0.5 is the Shapley share of two who are both needed for a sale. Lever `partners.assist`."""
    bonus: Annotated[float, Field(ge=0.0, le=10.0)] = 0.6
    """Utility that full effort adds to buying the brand at the reseller (advice, display)."""
    recommend: Probability = 0.1
    """Share of the awareness gap that full effort closes in somebody who visits the reseller."""
    shelf: Probability = 0.0
    """Probability that a reseller without effort has nothing of the brand on its shelf on a day."""
    effort: Probability = 0.5
    """Effort on the first day."""
    effort_cost: Positive = 50.0
    """What a day of full effort costs the reseller twice over, in the scenario's currency: effort e costs
    effort_cost e^2 / 2 a day."""
    response: NonNegative = 1.0
    """Gain in sales that resellers expect of full effort, as a share of their sales without it."""
    speed: Probability = 0.1
    """Share of the way to the best effort that a day goes."""
    trust: Probability = 0.7
    """Trust on the first day, 0 to 1."""
    rebuild: Probability = 0.01
    """Share of the gap to full trust that a day of kept promises closes."""
    cut: NonNegative = 2.0
    """Share of trust that a commission cut to nothing would cost; a cut by a tenth costs a tenth of it, at most all."""
    refusal: Probability = 0.1
    """Share of trust that a day costs on which the brand's goods run out for every buyer."""
    undercut: NonNegative = 2.0
    """Conflict (0 to 1) that a direct price below the reseller's price makes, per share of the price."""
    poaching: Probability = 1.0
    """Conflict that it makes when every visitor who buys, buys in the brand's own channels without an `assist`."""
    memory: Annotated[int, Field(ge=1, le=365)] = 30
    """Days over which resellers average margin and sales."""
