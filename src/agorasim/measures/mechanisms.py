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
    "availability": (
        flow("found_closed", "needs", "bp", "needs for which a shop was closed at the hour people came"),
        flow("hesitated", "needs", "bp", "needs for which people did not dare to buy online unseen"),
    ),
    "back_orders": (
        flow("back_orders", "orders", "bp", "refused orders that wait for the next delivery"),
        flow("back_orders_filled", "orders", "bp", "orders that had waited and were served"),
        flow("back_orders_lapsed", "orders", "bp", "orders that waited too long, or were met elsewhere"),
        stock("back_orders_open", "orders", "b", "orders that wait at the end of the day"),
    ),
    "channels": (
        flow("online_orders", "orders", "b", "orders placed online for delivery"),
        flow("pickup_orders", "orders", "b", "orders placed online and picked up in a shop"),
        flow("shop_orders", "orders", "b", "orders placed in shops"),
    ),
    "churn": (
        flow("churn_occasions", "occasions", "b", "occasions on which a customer could leave the brand"),
        flow("churned", "consumers", "b", "customers who left the brand"),
        flow("won_back", "consumers", "b", "customers who had left and bought again"),
        stock("active_customers", "consumers", "b", "people who have bought and not left", additive=True),
        ratio("churn_rate", "share", "b", "share of occasions on which a customer left", "churned", "churn_occasions"),
    ),
    "consent": (
        stock(
            "consenting",
            "consumers",
            "bs",
            "people who let brands identify them (the same for every brand)",
            additive=True,
        ),
        flow("withdrawals", "consumers", "bs", "people who took consent back (the same for every brand)"),
    ),
    "coupons": (
        flow("coupons_issued", "coupons", "b", "campaign coupons put into purses"),
        flow("coupons_redeemed", "orders", "b", "orders that used a campaign coupon"),
        flow("coupons_cannibalised", "orders", "b", "those of them that would have been placed without it"),
        flow("coupons_expired", "coupons", "b", "campaign coupons that ran out or made way for a larger one"),
        flow("coupon_money", "money", "b", "money that campaign coupons took off", money=True),
        stock("coupons_held", "coupons", "b", "campaign coupons that can still be used", additive=True),
        ratio("coupon_redemption", "share", "b", "share of coupons used", "coupons_redeemed", "coupons_issued"),
        ratio(
            "cannibalisation",
            "share",
            "b",
            "share of coupon orders that would have been placed anyway",
            "coupons_cannibalised",
            "coupons_redeemed",
        ),
    ),  # fmt: skip
    "crisis": (
        flow("crises", "outbreaks", "b", "times that complaints about the brand became public"),
        flow("crisis_reach", "consumers", "bs", "people whom the news of complaints reached that day", additive=True),
        stock("crisis_news", "share", "b", "reach of the news tomorrow, as a share of its first day's", fixed=True),
    ),
    "customers": (
        flow("repeat_orders", "orders", "b", "orders of people who had bought from the brand on an earlier occasion"),
        flow(
            "lifetime_margin",
            "money",
            "b",
            "margin of customers whose first order was seen, discounted to it",
            money=True,
        ),
        ratio("clv", "money", "b", "lifetime margin so far of a customer won", "lifetime_margin", "new_customers"),
        ratio("repurchase", "share", "b", "share of orders that are repeat orders", "repeat_orders", "orders"),
    ),  # fmt: skip
    "fairness": (
        stock("reach_parity", "ratio", "b", "least over largest share reached of a segment, so far", fixed=True),
        stock("targeted_parity", "ratio", "b", "the same of days in an audience for retargeting", fixed=True),
        stock("identified_parity", "ratio", "b", "the same of days known to the brand", fixed=True),
        stock("segment_price_gap", "share", "b", "spread of segments' mean prices over what all pay", fixed=True),
    ),
    "life_stages": (
        flow("customers_left", "consumers", "bs", "people who had bought from the brand and left the category"),
        flow("entrants", "consumers", "bs", "people new in the category (the same for every brand)"),
        stock("stage_fit", "utility", "b", "mean fit of the brand to the stages that people are in", fixed=True),
    ),
    "location_coupons": (
        flow("location_coupons", "coupons", "b", "coupons sent to people close to a shop"),
        flow("location_redeemed", "orders", "b", "orders in shops on which such a coupon was used"),
    ),
    "loyalty": (
        flow("cards_issued", "consumers", "b", "buyers who took a card of the loyalty programme"),
        flow("points_earned", "points", "b", "points credited to cards"),
        flow("points_redeemed", "points", "b", "points turned into money off"),
        flow("points_expired", "points", "b", "points lost for want of orders"),
        flow("points_orders", "orders", "b", "orders that redeemed points"),
        stock("points_balance", "points", "b", "points on cards", additive=True),
        stock("points_liability", "money", "b", "value of the points on cards", additive=True, money=True),
        stock("cards", "consumers", "b", "holders of a card", additive=True),
        stock("tier_holders", "consumers", "b", "holders of a card with a rank", additive=True),
    ),
    "modes": (
        flow("orders_habitual", "orders", "bs", "orders served that answer a need in habitual mode"),
        flow("orders_impulse", "orders", "bs", "orders served that answer a need in impulse mode"),
        flow("orders_comparison", "orders", "bs", "orders served that answer a need in comparison mode"),
        flow("orders_personalised", "orders", "bs", "orders served that answer a need in personalised mode"),
        flow("decision_days", "days", "b", "days from need to decision, summed over orders in comparison mode"),
        flow("needs_triggered", "needs", "b", "needs that meeting a brand made arise (of all brands, in each row)"),
        flow("needs_answered", "needs", "b", "needs answered with an order or with nothing (of all, in each row)"),
        flow("needs_abandoned", "needs", "b", "needs in progress that ended without an answer (of all, in each row)"),
        stock("needs_in_progress", "needs", "b", "needs waiting for a decision (of all, in each row)"),
    ),
    "deliveries": (flow("late_orders", "orders", "bp", "orders that will be delivered late"),),
    "errands": (
        flow("errands", "visits", "b", "visits to shops to pick up or bring back something"),
        flow("errand_needs", "needs", "b", "needs that such visits brought up"),
    ),
    "event_follow_up": (
        flow("event_visitors", "consumers", "b", "people who met the brand at its event"),
        flow("follow_up_messages", "messages", "b", "messages to visitors of the event"),
        flow("follow_up_clicks", "clicks", "b", "such messages that were followed to the online seller"),
    ),
    "footprint": (
        flow("footprint", "g CO2e", "b", "emissions of contacts, parcels and trips to shops", fixed=True),
        flow("footprint_contact", "g CO2e", "bt", "emissions of impressions, visits and messages", fixed=True),
        flow("footprint_delivery", "g CO2e", "bp", "emissions of parcels, and of trips to shops", fixed=True),
        flow("ad_impressions", "impressions", "bt", "impressions bought, and messages seen"),
        flow("saturated_impressions", "impressions", "bt", "of these, beyond the day's saturation", fixed=True),
        flow(
            "wasted_impressions",
            "impressions",
            "bt",
            "of these, saturated or shown to people who cannot buy or have no need within the window (expected)",
            fixed=True,
        ),
        flow("wasted_spend", "money", "bt", "media money that bought wasted impressions", money=True),
        ratio("waste_rate", "share", "bt", "wasted impressions per impression", "wasted_impressions", "ad_impressions"),
        ratio("footprint_per_order", "g CO2e per order", "b", "emissions per order", "footprint", "orders"),
    ),
    "funnel": (
        flow("visits", "visits", "bt", "visits to what the brand runs there, or clicked through to from there"),
        flow("visitors", "consumers", "t", "different people among a day's visits (UV)", additive=False),
        flow("page_views", "pages", "bt", "pages of visits (PV); 1 for a visit to a shop"),
        flow("bounces", "visits", "bt", "visits left after one page"),
        flow("dwell_seconds", "seconds", "bt", "time spent on visits"),
        flow("carting_visits", "visits", "bt", "visits by people who put the brand in a cart that day"),
        flow("inquiries", "visits", "bt", "visits by people with a need who put nothing of the brand in a cart"),
        flow("registrations", "consumers", "bt", "people who became members of anything of the brand"),
        flow("carts", "orders", "bp", "orders put in a cart, whatever became of them"),
        flow("abandoned_carts", "orders", "bp", "carts that were abandoned"),
        flow("abandoned_for_price", "orders", "b", "carts that were abandoned because of the price"),
        flow("abandoned_for_wait", "orders", "b", "carts that were abandoned because of the delivery time"),
        flow("returned_needs", "needs", "b", "needs that came back for an open cart of the brand"),
        flow("recovered_carts", "orders", "b", "open carts whose need came back and was met by the brand"),
        ratio("bounce_rate", "share", "bt", "bounces per visit", "bounces", "visits"),
        ratio("dwell_time", "seconds", "bt", "seconds per visit", "dwell_seconds", "visits"),
        ratio("pages_per_visit", "pages", "bt", "pages per visit", "page_views", "visits"),
        ratio("cart_rate", "share", "bt", "visits that led to a cart per visit", "carting_visits", "visits"),
        ratio("cart_abandonment", "share", "bp", "abandoned carts per cart", "abandoned_carts", "carts"),
    ),
    "nps": (
        flow("nps_answers", "answers", "bs", "answers to how likely people would recommend the brand"),
        flow("promoters", "answers", "bs", "answers of 9 or 10"),
        flow("detractors", "answers", "bs", "answers of 0 to 6"),
        flow("nps_balance", "answers", "bs", "promoters less detractors"),
        ratio("nps", "share", "bs", "net promoter score as a share (-1 to 1)", "nps_balance", "nps_answers"),
    ),
    "owned_contact": (
        flow("installs", "consumers", "bt", "people who installed the brand's app without buying first"),
        flow("messages_sent", "messages", "bt", "messages sent to members, read or not"),
    ),
    "over_marketing": (
        stock("recall", "consumers", "bs", "people who would name the brand unaided", additive=True, fixed=True),
        stock("attitude", "index", "b", "mean goodwill (-1 to 1) of those who know the brand", fixed=True),
        stock("distrust", "share", "b", "mean distrust over consumers (0 to 1)", fixed=True),
        flow("opt_outs", "consumers", "bs", "members who left because the brand came too often"),
        flow("consent_withdrawn", "consumers", "bs", "people who took back consent as they left"),
    ),
    "partners": (
        flow("partner_orders", "orders", "b", "orders served at independent resellers"),
        flow("assisted_orders", "orders", "b", "orders in the brand's own channels by people who visited a reseller"),
        stock("partner_effort", "share", "b", "mean effort of resellers (0 to 1)", fixed=True),
        stock("partner_trust", "share", "b", "mean trust of resellers in the brand (0 to 1)", fixed=True),
        stock("partner_conflict", "share", "b", "mean conflict with the brand's own channels (0 to 1)", fixed=True),
        stock("place_effort", "share", "p", "effort of the reseller (0 to 1; 0 at other places)", fixed=True),
    ),
    "personalisation": (
        stock("relevance", "index", "b", "mean relevance of contacts over consumers (1: to a stranger)", fixed=True),
        stock("content", "pieces", "b", "pieces of content in use", fixed=True),
    ),
    "platform": (
        stock("identified", "consumers", "bs", "people whom the brand knows at some touchpoint", additive=True),
        stock("identities", "identities", "bt", "people known at the touchpoint at the end of the day", additive=True),
        flow("audience", "person-days", "bt", "people whom ads with an audience could be shown to, day by day"),
        flow("targeted", "person-days", "bs", "people in an audience for retargeting, day by day"),
    ),
    "price_fairness": (
        flow("price_refunds", "refunds", "b", "buyers who got the difference back after a price fell"),
        flow("price_refund_money", "money", "b", "that difference (part of cost_refunds)", money=True),
        flow("price_resentments", "consumers", "b", "buyers who found that they had paid more than others"),
        flow("price_gap", "money", "b", "what they had paid more", money=True),
    ),
    "prices": (flow("promotion_orders", "orders", "bp", "orders at prices lowered for a time"),),
    "private_domain": (
        flow("joins", "memberships", "bt", "memberships begun"),
        *(
            flow(f"joined_by_{source}", "memberships", "b", f"memberships begun {how}")
            for source, how in (
                ("purchase", "after a purchase"),
                ("event", "at an event"),
                ("qr", "in a shop"),
                ("referral", "on a friend's recommendation"),
                ("content", "after a click on public media"),
            )
        ),
        flow("leaves", "memberships", "bt", "memberships ended because of messages"),
        flow("pushes", "messages", "bt", "messages delivered to members"),
        stock("memberships", "memberships", "bt", "memberships at the end of the day", additive=True),
        stock("active_members", "consumers", "b", "members who bought, visited or clicked lately", additive=True),
        stock("dormant_members", "consumers", "b", "the other members", additive=True),
        flow("member_orders", "orders", "b", "orders served of people who were members"),
        flow("member_revenue", "money", "b", "money paid by people who were members", money=True),
        flow("private_orders", "orders", "b", "orders served at members-only places"),
        flow("private_revenue", "money", "b", "money paid at members-only places", money=True),
        stock("insight_gain", "share", "b", "relevance that members' knowledge adds, mean over consumers", fixed=True),
        ratio("activity_rate", "share", "b", "active members per member", "active_members", "members"),
        ratio("unsubscribe_rate", "share", "bt", "memberships ended per message", "leaves", "pushes"),
        ratio("member_share", "share", "b", "share of revenue paid by members", "member_revenue", "revenue"),
        ratio("private_share", "share", "b", "share of revenue at members-only places", "private_revenue", "revenue"),
    ),
    "reference_prices": (stock("reference_price", "money", "b", "mean price that people expect", money=True),),
    "queues": (
        flow("queue_minutes", "minutes", "bp", "minutes that buyers expected to wait in line", fixed=True),
        ratio("queue_wait", "minutes", "bp", "mean wait in line over all orders", "queue_minutes", "orders"),
    ),
    "referral": (
        flow("invitations", "messages", "b", "recommendations that buyers made for the reward"),
        flow("invited", "consumers", "b", "people without a purchase whom a customer's recommendation reached"),
        flow("referred_orders", "orders", "b", "first orders of people whom a customer had invited"),
        flow("referral_rewards", "rewards", "b", "rewards that referrers earned, one a referred first order"),
        flow("referral_coupons", "coupons", "b", "coupons handed out to referrers"),
    ),
    "replenishment": (
        flow("deliveries", "deliveries", "bp", "deliveries of reordered goods (to a pool: at its first place)"),
        flow("delivered_units", "units", "bp", "units that they brought"),
        flow("held_units", "units", "bp", "units that lay in stock overnight, summed over nights"),
        ratio("stock_turnover", "per day", "b", "orders per unit in stock and day", "orders", "held_units"),
    ),
    "retarget_buyers": (stock("retargeted", "consumers", "b", "recent shop buyers to whom ads are shown"),),
    "returns": (
        flow("returns", "orders", "bp", "orders whose goods were returned, at the place where they were bought"),
        flow("refunded", "money", "bp", "money given back for them", money=True),
        flow("restocked", "units", "bp", "returned units that can be sold again, where they went back on the shelf"),
        flow("written_off", "units", "bp", "returned units that cannot be sold again"),
        flow("returned_in_store", "orders", "b", "online orders returned in a shop"),
        ratio("return_rate", "share", "bp", "returns per order", "returns", "orders"),
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
    "shocks": (flow("missed_deliveries", "deliveries", "bp", "deliveries that a shock kept from arriving"),),
    "store_joins": (
        flow("store_joins", "consumers", "b", "visitors and buyers of shops who joined the private domain there"),
    ),
    "substitution": (
        flow("stockouts", "orders", "bp", "orders refused where people went first, less those that wait"),
        flow("substituted", "orders", "bp", "of these, served elsewhere (another place or brand)"),
        flow("substitutes", "orders", "bp", "orders served here because another place had refused them"),
    ),
    "talk_statistics": (
        flow("heard", "messages", "bs", "recommendations and complaints that reached a friend"),
        ratio("talk_valence", "share", "bs", "recommendations among what was heard", "heard_good", "heard"),
        stock("aware", "consumers", "bs", "people aware of the brand", additive=True),
        stock("aware_by_talk", "consumers", "bs", "those of them who heard of it from friends first", additive=True),
    ),
    "tastes": (
        flow("switches", "orders", "bs", "orders of people whose order before went to another brand"),
        ratio(
            "switching",
            "share",
            "bs",
            "share of orders from people whose order before went to another brand",
            "switches",
            "orders",
        ),
    ),
    "win_back": (
        flow("win_back_offers", "coupons", "b", "offers to customers who stayed away"),
        flow("win_back_orders", "orders", "b", "orders that used one"),
        ratio("win_back_response", "share", "b", "share of offers used", "win_back_orders", "win_back_offers"),
    ),
}
