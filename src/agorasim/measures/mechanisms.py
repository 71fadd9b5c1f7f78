"""Metrics of the mechanisms, by the mechanism's name: columns of the KPI table of worlds that have it."""

from __future__ import annotations

from typing import Final

from agorasim.measures.metric import Metric, flow, ratio, stock

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
OF_MECHANISM: Final[dict[str, tuple[Metric, ...]]] = {
    "crisis": (
        flow("crises", "outbreaks", "b", "times that complaints about the brand became public"),
        flow("crisis_reach", "consumers", "bs", "people whom the news of complaints reached that day", additive=True),
        stock("crisis_news", "share", "b", "reach of the news tomorrow, as a share of its first day's", fixed=True),
    ),
    "over_marketing": (
        stock("recall", "consumers", "bs", "people who would name the brand unaided", additive=True, fixed=True),
        stock("attitude", "index", "b", "mean goodwill (-1 to 1) of those who know the brand", fixed=True),
        stock("distrust", "share", "b", "mean distrust over consumers (0 to 1)", fixed=True),
        flow("opt_outs", "consumers", "bs", "members who left because the brand came too often"),
        flow("consent_withdrawn", "consumers", "bs", "people who took back consent as they left"),
    ),
    "referral": (
        flow("invitations", "messages", "b", "recommendations that buyers made for the reward"),
        flow("invited", "consumers", "b", "people without a purchase whom a customer's recommendation reached"),
        flow("referred_orders", "orders", "b", "first orders of people whom a customer had invited"),
        flow("referral_rewards", "rewards", "b", "rewards that referrers earned, one a referred first order"),
        flow("referral_coupons", "coupons", "b", "coupons handed out to referrers"),
    ),
    "reviews": (
        flow("reviews", "reviews", "bs", "reviews written"),
        flow("review_stars", "stars", "bs", "sum of the stars of reviews written"),
        ratio("review_mean", "stars", "bs", "mean stars of reviews written", "review_stars", "reviews"),
        stock("rating_shown", "stars", "b", "rating that shoppers see tomorrow", fixed=True),
        stock("reviews_shown", "reviews", "b", "reviews behind that rating"),
    ),
    "seeding": (
        flow("seeded", "products", "b", "products given to opinion leaders"),
        flow("seeded_posts", "messages", "b", "posts of those who were given one"),
    ),
    "talk_statistics": (
        stock("aware", "consumers", "bs", "people aware of the brand", additive=True),
        stock("aware_by_talk", "consumers", "bs", "those of them who heard of it from friends first", additive=True),
    ),
}
