"""Metrics of the mechanisms, by the mechanism's name: columns of the KPI table of worlds that have it."""

from __future__ import annotations

from typing import Final

from agorasim.measures.metric import Metric, flow

#: Accounts that mechanisms book costs to; each is a metric `cost_ACCOUNT` of worlds with any mechanism.
ACCOUNTS: Final[dict[str, str]] = {
    "refunds": "money given back to buyers: returns, price protection",
    "rewards": "points, referral rewards and gifts",
    "content": "making content",
    "service": "messages pushed, complaints answered",
    "logistics": "ordering, holding, returns of goods",
    "platform": "running the data platform",
    "partners": "paid to channel partners beyond commission",
}

COSTS: Final[tuple[Metric, ...]] = tuple(
    flow(f"cost_{account}", "money", "b", meaning, money=True) for account, meaning in ACCOUNTS.items()
)

#: A block a mechanism, in the order of names.
OF_MECHANISM: Final[dict[str, tuple[Metric, ...]]] = {}
