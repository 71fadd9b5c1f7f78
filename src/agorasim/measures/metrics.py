"""The metric dictionary: for each metric its unit, whether it may be added up, and where it exists.

A *flow* happens during a day and adds up over days; a *stock* is a level at the end of a day. A metric is *additive*
when the rows of a breakdown sum to the brand's row. Ratios are recomputed from their parts after adding,
never averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["category", "brand", "touchpoint", "place", "segment", "region"]


@dataclass(frozen=True)
class Metric:
    """One column of the KPI table."""

    name: str
    unit: str
    kind: Literal["flow", "stock"]
    additive: bool
    levels: tuple[Level, ...]
    meaning: str
    #: For a ratio: (numerator, denominator) of flows, so that any sum of rows gives it again.
    ratio: tuple[str, str] | None = None
    money: bool = False


def _flow(name: str, unit: str, levels: str, meaning: str, *, additive: bool = True, money: bool = False) -> Metric:
    return Metric(name, unit, "flow", additive, _levels(levels), meaning, money=money)


def _stock(name: str, unit: str, levels: str, meaning: str, *, additive: bool = False) -> Metric:
    return Metric(name, unit, "stock", additive, _levels(levels), meaning)


def _ratio(name: str, unit: str, levels: str, meaning: str, top: str, bottom: str) -> Metric:
    return Metric(name, unit, "flow", False, _levels(levels), meaning, ratio=(top, bottom))


_LETTERS: Final[dict[str, Level]] = {
    "c": "category", "b": "brand", "t": "touchpoint", "p": "place", "s": "segment", "r": "region",
}  # fmt: skip


def _levels(letters: str) -> tuple[Level, ...]:
    return tuple(_LETTERS[letter] for letter in letters)


METRICS: Final[tuple[Metric, ...]] = (
    # the category as a whole (rows with an empty brand)
    _stock("population", "consumers", "csr", "consumers in the world", additive=True),
    _flow("needs", "needs", "csr", "needs that arose in the category"),
    # media and owned contact
    _flow("spend", "money", "bt", "media money paid for what was delivered", money=True),
    _flow("planned_spend", "money", "bt", "media money the policy planned", money=True),
    _flow("impressions", "impressions", "bt", "times people met the brand on a touchpoint, paid and owned"),
    _flow("reach", "consumers", "btsr", "people who met the brand that day", additive=False),
    _flow("clicks", "clicks", "bt", "impressions clicked"),
    _flow("searches", "searches", "bt", "needs searched with the brand among the results"),
    # word of mouth
    _flow("recommendations", "messages", "bsr", "recommendations that buyers started or passed on"),
    _flow("complaints", "messages", "bsr", "complaints that buyers started or passed on"),
    _flow("heard_good", "messages", "bsr", "recommendations that reached a friend"),
    _flow("heard_bad", "messages", "bsr", "complaints that reached a friend"),
    # choice and sales
    _flow("considered", "needs", "bsr", "needs in which the brand was considered"),
    _flow("orders", "orders", "bpsr", "orders served"),
    _flow("lost_orders", "orders", "bpsr", "orders refused for want of stock or capacity"),
    _flow("revenue", "money", "bpsr", "money paid by buyers", money=True),
    _flow("new_customers", "consumers", "bsr", "first purchases from the brand"),
    _flow("discounts", "money", "bp", "list price not charged because of promotions (not part of revenue)", money=True),
    # money
    _flow("cost_of_goods", "money", "bp", "unit cost of what was sold", money=True),
    _flow("fulfilment_cost", "money", "bp", "delivery borne by the brand", money=True),
    _flow("commission", "money", "bp", "kept by operators of selling touchpoints", money=True),
    _flow("fixed_cost", "money", "bt", "running owned touchpoints", money=True),
    _flow("contribution", "money", "b", "revenue less goods, fulfilment and commission", money=True),
    _flow("profit", "money", "b", "contribution less media spend and fixed cost", money=True),
    # people's states
    _stock("awareness", "share", "bsr", "mean awareness over consumers (0 to 1): strength of memory, decays"),
    _stock("goodwill", "index", "bsr", "mean goodwill over consumers (-1 to 1)"),
    _stock("habit", "share", "bsr", "mean habit over consumers (0 to 1)"),
    _stock("members", "consumers", "b", "members of the brand's community, app or list", additive=True),
    _stock("customers", "consumers", "bsr", "people who have ever bought from the brand", additive=True),
    _stock("stock", "units", "p", "units on hand at the end of the day", additive=True),
    # after the purchase
    _flow(
        "experiences",
        "experiences",
        "bsr",
        "parcels received and experienced (orders of one brand that arrive on one day are one)",
    ),
    _flow("satisfaction_sum", "points", "bsr", "sum of satisfaction scores (1 to 5) over experiences"),
    # ratios
    _ratio(
        "satisfaction",
        "points",
        "bsr",
        "mean score against expectation (1 to 5; 3 is as expected)",
        "satisfaction_sum",
        "experiences",
    ),
    _ratio("price_paid", "money per order", "bpsr", "mean price paid (average order value)", "revenue", "orders"),
    _ratio("click_through", "share", "bt", "clicks per impression", "clicks", "impressions"),
    _ratio("conversion", "share", "bsr", "orders per consideration", "orders", "considered"),
)

BY_NAME: Final[dict[str, Metric]] = {m.name: m for m in METRICS}

#: Columns that say what a row is about; empty text means all.
KEYS: Final = ("day", "brand", "touchpoint", "place", "segment", "region")


def recorded() -> tuple[Metric, ...]:
    """Metrics stored in the KPI table; ratios are derived from them."""
    return tuple(m for m in METRICS if m.ratio is None)
