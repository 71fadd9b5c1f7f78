"""The metric dictionary: for each metric its unit, whether it may be added up, and where it exists.

A *flow* happens during a day and adds up over days; a *stock* is a level at the end of a day. A metric is *additive*
when the rows of a breakdown sum to the brand's row. Ratios are recomputed from their parts after adding,
never averaged. Metrics of a mechanism (`measures.mechanisms`) exist in worlds that have it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from agorasim.measures.mechanisms import COSTS, OF_MECHANISM
from agorasim.measures.metric import Level, Metric, flow, ratio, stock

__all__ = ["BASE", "BY_NAME", "KEYS", "METRICS", "Level", "Metric", "recorded"]

BASE: Final[tuple[Metric, ...]] = (
    # the category as a whole (rows with an empty brand)
    stock("population", "consumers", "csr", "consumers in the world", additive=True),
    flow("needs", "needs", "csr", "needs that arose in the category"),
    # media and owned contact
    flow("spend", "money", "bt", "media money paid for what was delivered", money=True),
    flow("planned_spend", "money", "bt", "media money the policy planned", money=True),
    flow("impressions", "impressions", "bt", "times people met the brand on a touchpoint, paid and owned"),
    flow("reach", "consumers", "btsr", "people who met the brand that day", additive=False),
    flow("clicks", "clicks", "bt", "impressions clicked"),
    flow("searches", "searches", "bt", "needs searched with the brand among the results"),
    # word of mouth
    flow("recommendations", "messages", "bsr", "recommendations that buyers started or passed on"),
    flow("complaints", "messages", "bsr", "complaints that buyers started or passed on"),
    flow("heard_good", "messages", "bsr", "recommendations that reached a friend"),
    flow("heard_bad", "messages", "bsr", "complaints that reached a friend"),
    # choice and sales
    flow("considered", "needs", "bsr", "needs in which the brand was considered"),
    flow("orders", "orders", "bpsr", "orders served"),
    flow("lost_orders", "orders", "bpsr", "orders refused for want of stock or capacity"),
    flow("revenue", "money", "bpsr", "money paid by buyers", money=True),
    flow("new_customers", "consumers", "bsr", "first purchases from the brand"),
    flow("discounts", "money", "bp", "list price not charged because of promotions (not part of revenue)", money=True),
    # money
    flow("cost_of_goods", "money", "bp", "unit cost of what was sold", money=True),
    flow("fulfilment_cost", "money", "bp", "delivery borne by the brand", money=True),
    flow("commission", "money", "bp", "kept by operators of selling touchpoints", money=True),
    flow("fixed_cost", "money", "bt", "running owned touchpoints", money=True),
    flow("contribution", "money", "b", "revenue less goods, fulfilment and commission", money=True),
    flow("profit", "money", "b", "contribution less media spend and fixed cost", money=True),
    # people's states
    stock("awareness", "share", "bsr", "mean awareness over consumers (0 to 1): strength of memory, decays"),
    stock("goodwill", "index", "bsr", "mean goodwill over consumers (-1 to 1)"),
    stock("habit", "share", "bsr", "mean habit over consumers (0 to 1)"),
    stock("members", "consumers", "b", "members of the brand's community, app or list", additive=True),
    stock("customers", "consumers", "bsr", "people who have ever bought from the brand", additive=True),
    stock("stock", "units", "p", "units on hand at the end of the day", additive=True),
    # after the purchase
    flow(
        "experiences",
        "experiences",
        "bsr",
        "parcels received and experienced (orders of one brand that arrive on one day are one)",
    ),
    flow("satisfaction_sum", "points", "bsr", "sum of satisfaction scores (1 to 5) over experiences"),
    # ratios
    ratio(
        "satisfaction",
        "points",
        "bsr",
        "mean score against expectation (1 to 5; 3 is as expected)",
        "satisfaction_sum",
        "experiences",
    ),
    ratio("price_paid", "money per order", "bpsr", "mean price paid (average order value)", "revenue", "orders"),
    ratio("click_through", "share", "bt", "clicks per impression", "clicks", "impressions"),
    ratio("conversion", "share", "bsr", "orders per consideration", "orders", "considered"),
)

METRICS: Final[tuple[Metric, ...]] = (
    *BASE, *COSTS, *(metric for metrics in OF_MECHANISM.values() for metric in metrics),
)  # fmt: skip
BY_NAME: Final[dict[str, Metric]] = {m.name: m for m in METRICS}

#: Columns that say what a row is about; empty text means all.
KEYS: Final = ("day", "brand", "touchpoint", "place", "segment", "region")


def recorded(mechanisms: Collection[str] | None = None) -> tuple[Metric, ...]:
    """Metrics stored in the KPI table (ratios are derived from them): of worlds with these mechanisms; None: of all."""
    if mechanisms is None:
        chosen = METRICS
    else:
        own = (metric for name in OF_MECHANISM if name in mechanisms for metric in OF_MECHANISM[name])
        chosen = (*BASE, *(COSTS if mechanisms else ()), *own)
    return tuple(m for m in chosen if m.ratio is None)
