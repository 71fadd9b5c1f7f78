"""The table of kinds of touchpoint, with their default numbers.

Shares and rates are of a day; `footprint` is in grams of CO2 equivalent for each contact (impression, visit, message or
leaflet). docs/model.md says where the numbers come from.
"""

from __future__ import annotations

from typing import Any, Final

from agorasim.scenario.traits import KindTraits, media, owned

_EVENING: Final[dict[str, Any]] = {"weekdays": [0, 1, 2, 3, 4, 5, 6], "start": 19, "end": 23}

KINDS: Final[dict[str, KindTraits]] = {
    # --- search ---
    "search": KindTraits(
        "search engine: people with a need find brands, organically or through ads paid by the click",
        True,
        True,
        True,
        False,
        ("media",),
        on_need=True,
        defaults={
            "use": 0.5, "click_rate": 0.1, "awareness": 0.1, "goodwill": 0.0, "cap": 1,
            "identity": "cookie", "targeting": "context", "footprint": 0.2,
        },
    ),
    "organic_search": owned(
        "organic search results: people with a need find brands that rank well, free of charge",
        "presence",
        on_need=True,
        defaults={
            "use": 0.5, "click_rate": 0.1, "awareness": 0.1, "goodwill": 0.0, "cap": 1,
            "identity": "cookie", "targeting": "context", "footprint": 0.2,
        },
    ),
    "paid_search": KindTraits(
        "search ads: clicks sold by a second-price auction over bid x quality, better positions clicked more",
        True,
        True,
        True,
        False,
        ("media",),
        on_need=True,
        auction=True,
        defaults={
            "use": 0.5, "click_rate": 0.1, "awareness": 0.1, "goodwill": 0.0, "cap": 1,
            "cost": {"model": "cpc", "price": 1.0},
            "identity": "cookie", "targeting": "context", "footprint": 0.2,
        },
    ),
    # --- bought attention online ---
    "social": media(
        "social feed", use=0.6, click_rate=0.01, identity="account", targeting="interest", footprint=0.3
    ),
    "short_video": media(
        "short video feed",
        use=0.55, click_rate=0.012, awareness=0.05, identity="account", targeting="interest", footprint=0.5,
    ),
    "live": media(
        "live stream, at its hours",
        timed=True,
        use=0.15, click_rate=0.03, awareness=0.08, goodwill=0.01,
        identity="account", targeting="interest", footprint=1.0,
    ),
    "live_commerce": owned(
        "live shopping room, at its hours: shows, sells, and takes traffic ads",
        "presence",
        "media",
        sells=True,
        visits=True,
        timed=True,
        defaults={
            "use": 0.12, "click_rate": 0.04, "awareness": 0.08, "goodwill": 0.01, "windows": [_EVENING],
            "identity": "account", "targeting": "interest", "footprint": 2.0,
        },
    ),
    "content": media(
        "content and opinion-leader posts, by tier of publisher",
        tiered=True,
        use=0.35, click_rate=0.015, awareness=0.05, goodwill=0.02,
        identity="account", targeting="interest", footprint=0.3,
    ),
    "display": media(
        "display and retargeting",
        use=0.6, click_rate=0.002, awareness=0.02, goodwill=0.002,
        identity="cookie", targeting="behaviour", footprint=0.5,
    ),
    "retargeting": media(
        "display ads that follow people by what they did before",
        use=0.6, click_rate=0.006, awareness=0.02, goodwill=0.0, irritation=0.02, cap=5,
        identity="cookie", targeting="behaviour", footprint=0.6,
    ),
    # --- bought attention offline ---
    "tv": media(
        "television", online=False, timed=True, use=0.5, awareness=0.06, targeting="context", footprint=0.3
    ),
    "radio": media(
        "radio and podcasts",
        online=False, timed=True, use=0.4, awareness=0.025, goodwill=0.003, targeting="context", footprint=0.1,
    ),
    "out_of_home": media(
        "posters and screens outdoors", online=False, use=0.7, awareness=0.03, targeting="place", footprint=0.1
    ),
    "print": media(
        "newspapers and magazines",
        online=False, use=0.2, awareness=0.04, goodwill=0.008, cap=2, targeting="context", footprint=1.0,
    ),
    "flyer": media(
        "leaflets through the letterbox",
        online=False, use=0.8, awareness=0.03, goodwill=0.0, irritation=0.01, cap=1,
        cost={"model": "cpm", "price": 80.0}, targeting="place", footprint=10.0,
    ),
    # --- where one can buy online ---
    "marketplace": owned(
        "e-commerce platform: lists many brands, sells, and may sell ads",
        "presence",
        "media",
        sells=True,
        visits=True,
        defaults={
            "use": 0.3, "click_rate": 0.02, "awareness": 0.03, "goodwill": 0.0,
            "identity": "account", "targeting": "behaviour", "footprint": 0.5,
        },
    ),
    "own_site": owned(
        "the brand's own web shop",
        "presence",
        sells=True,
        visits=True,
        defaults={"use": 0.05, "awareness": 0.1, "goodwill": 0.01, "identity": "cookie", "footprint": 1.0},
    ),
    "app": owned(
        "app or mini-program: members order and get pushes",
        "presence",
        sells=True,
        members_only=True,
        visits=True,
        defaults={
            "use": 0.3, "awareness": 0.1, "goodwill": 0.005, "join": 0.1,
            "identity": "member", "targeting": "person", "footprint": 0.5,
        },
    ),
    "mini_program": owned(
        "mini-program inside a messenger: installed with a tap, members order, posts arrive as pushes",
        "presence",
        sells=True,
        members_only=True,
        visits=True,
        pushes=True,
        defaults={
            "use": 0.25, "awareness": 0.08, "goodwill": 0.005, "irritation": 0.03, "join": 0.2,
            "identity": "phone", "targeting": "person", "footprint": 0.5,
        },
    ),
    # --- messages to members ---
    "message": owned(
        "e-mail or SMS to members",
        "messages",
        members_only=True,
        defaults={
            "use": 0.5, "awareness": 0.05, "goodwill": 0.0, "irritation": 0.05, "join": 0.1,
            "identity": "phone", "targeting": "person", "footprint": 0.2,
        },
    ),
    "email": owned(
        "e-mail to members: cheap, often unread, clicked through to the shop",
        "messages",
        members_only=True,
        defaults={
            "use": 0.25, "click_rate": 0.025, "awareness": 0.05, "goodwill": 0.002, "irritation": 0.03, "join": 0.15,
            "identity": "email", "targeting": "person", "footprint": 0.3,
        },
    ),
    "sms": owned(
        "text messages to members: nearly always read, soon too many",
        "messages",
        members_only=True,
        defaults={
            "use": 0.9, "click_rate": 0.04, "awareness": 0.05, "goodwill": 0.0, "irritation": 0.12, "join": 0.1,
            "identity": "phone", "targeting": "person", "footprint": 0.014,
        },
    ),
    "community": owned(
        "private-domain community (group chat, fan club)",
        "messages",
        sells=True,
        members_only=True,
        defaults={
            "use": 0.4, "awareness": 0.08, "goodwill": 0.02, "irritation": 0.02, "join": 0.1,
            "identity": "member", "targeting": "person", "footprint": 0.3,
        },
    ),
    # --- places ---
    "store": owned(
        "shops, at the locations listed under places",
        "presence",
        online=False,
        sells=True,
        visits=True,
        defaults={
            "use": 0.2, "awareness": 0.08, "goodwill": 0.005, "reach_km": 2.0,
            "identity": "loyalty_card", "targeting": "place", "footprint": 0.0,
        },
    ),
    "event": owned(
        "events with limited room",
        "presence",
        online=False,
        defaults={
            "use": 0.02, "awareness": 0.4, "goodwill": 0.15, "cap": 1,
            "identity": "phone", "targeting": "place", "footprint": 1000.0,
        },
    ),
    "partner": owned(
        "independent resellers, at the locations listed under places",
        "presence",
        online=False,
        sells=True,
        visits=True,
        defaults={
            "use": 0.15, "awareness": 0.05, "goodwill": 0.0, "reach_km": 2.0, "targeting": "place", "footprint": 0.0,
        },
    ),
}  # fmt: skip

#: Publishers of content by the size of their following: reach (use), trust (goodwill), price. Large accounts are seen
#: by many, small ones are believed and answered by more of their followers (De Veirman, Cauberghe & Hudders 2017;
#: Beichert et al. 2024).
TIERS: Final[dict[str, dict[str, Any]]] = {
    "mega": {
        "use": 0.3, "awareness": 0.06, "goodwill": 0.012, "click_rate": 0.008, "cost": {"model": "cpm", "price": 60.0},
    },
    "macro": {
        "use": 0.18, "awareness": 0.055, "goodwill": 0.018, "click_rate": 0.012,
        "cost": {"model": "cpm", "price": 45.0},
    },
    "mid": {
        "use": 0.1, "awareness": 0.05, "goodwill": 0.025, "click_rate": 0.016, "cost": {"model": "cpm", "price": 40.0},
    },
    "micro": {
        "use": 0.05, "awareness": 0.05, "goodwill": 0.035, "click_rate": 0.022,
        "cost": {"model": "cpm", "price": 38.0},
    },
    "nano": {
        "use": 0.02, "awareness": 0.05, "goodwill": 0.05, "click_rate": 0.03, "cost": {"model": "cpm", "price": 36.0},
    },
}  # fmt: skip
