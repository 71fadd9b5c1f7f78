"""The touchpoint catalogue: what each kind can do, what "without it" means, and its default numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from agorasim.scenario.schema.touchpoints import Touchpoint

#: What a brand can stop doing on a touchpoint: buying media, being there (selling, showing, being visited and joined),
#: sending messages.
Stop = Literal["media", "presence", "messages"]

#: What a world without the channel means, in words; variable cost stops with each.
_STOPPED: Final[dict[Stop, str]] = {
    "media": "spends nothing",
    "presence": "sells and shows nothing and loses its visits",
    "messages": "messages are not sent, members stay",
}


@dataclass(frozen=True)
class KindTraits:
    """What a kind of touchpoint is; data that the world and the checks read."""

    meaning: str
    online: bool
    paid: bool
    """Paid, or owned by the brand."""
    buys_media: bool
    """Takes spend for impressions or clicks."""
    sells: bool
    """One can buy here."""
    stops: tuple[Stop, ...]
    """What stops for a brand in a world without this channel."""
    on_need: bool = False
    """Used by people with a need (search), not by habit."""
    members_only: bool = False
    """Only members meet the brand here."""
    visits: bool = False
    """Using it is a visit to the brand, which makes buying here more likely today."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Default numbers of the kind, where they differ from the schema's."""

    @property
    def without(self) -> str:
        """What a world without this channel means, in words."""
        text = "; ".join(_STOPPED[stop] for stop in self.stops)
        return text + ("; organic results stay" if self.on_need else "")


def _media(meaning: str, *, online: bool = True, **defaults: Any) -> KindTraits:
    return KindTraits(meaning, online, True, True, False, ("media",), defaults=defaults)


KINDS: Final[dict[str, KindTraits]] = {
    "search": KindTraits(
        "search engine: people with a need find brands, organically or through ads paid by the click",
        True,
        True,
        True,
        False,
        ("media",),
        on_need=True,
        defaults={"use": 0.5, "click_rate": 0.1, "awareness": 0.1, "goodwill": 0.0, "cap": 1},
    ),  # fmt: skip
    "social": _media("social feed", use=0.6, click_rate=0.01),
    "short_video": _media("short video feed", use=0.55, click_rate=0.012, awareness=0.05),
    "live": _media("live stream", use=0.15, click_rate=0.03, awareness=0.08, goodwill=0.01),
    "content": _media("content and opinion-leader posts", use=0.35, click_rate=0.015, awareness=0.05, goodwill=0.02),
    "display": _media("display and retargeting", use=0.6, click_rate=0.002, awareness=0.02, goodwill=0.002),
    "tv": _media("television", online=False, use=0.5, awareness=0.06),
    "out_of_home": _media("posters and screens outdoors", online=False, use=0.7, awareness=0.03),
    "marketplace": KindTraits(
        "e-commerce platform: lists many brands, sells, and may sell ads",
        True,
        False,
        True,
        True,
        ("presence", "media"),
        visits=True,
        defaults={"use": 0.3, "click_rate": 0.02, "awareness": 0.03, "goodwill": 0.0},
    ),  # fmt: skip
    "own_site": KindTraits(
        "the brand's own web shop",
        True,
        False,
        False,
        True,
        ("presence",),
        visits=True,
        defaults={"use": 0.05, "awareness": 0.1, "goodwill": 0.01},
    ),  # fmt: skip
    "app": KindTraits(
        "app or mini-program: members order and get pushes",
        True,
        False,
        False,
        True,
        ("presence",),
        members_only=True,
        visits=True,
        defaults={"use": 0.3, "awareness": 0.1, "goodwill": 0.005, "join": 0.1},
    ),  # fmt: skip
    "message": KindTraits(
        "e-mail or SMS to members",
        True,
        False,
        False,
        False,
        ("messages",),
        members_only=True,
        defaults={"use": 0.5, "awareness": 0.05, "goodwill": 0.0, "irritation": 0.05, "join": 0.1},
    ),  # fmt: skip
    "community": KindTraits(
        "private-domain community (group chat, fan club)",
        True,
        False,
        False,
        True,
        ("messages",),
        members_only=True,
        defaults={"use": 0.4, "awareness": 0.08, "goodwill": 0.02, "irritation": 0.02, "join": 0.1},
    ),  # fmt: skip
    "store": KindTraits(
        "shops, at the locations listed under places",
        False,
        False,
        False,
        True,
        ("presence",),
        visits=True,
        defaults={"use": 0.2, "awareness": 0.08, "goodwill": 0.005, "reach_km": 2.0},
    ),  # fmt: skip
    "event": KindTraits(
        "events with limited room",
        False,
        False,
        False,
        False,
        ("presence",),
        defaults={"use": 0.02, "awareness": 0.4, "goodwill": 0.15, "cap": 1},
    ),  # fmt: skip
    "partner": KindTraits(
        "independent resellers, at the locations listed under places",
        False,
        False,
        False,
        True,
        ("presence",),
        visits=True,
        defaults={"use": 0.15, "awareness": 0.05, "goodwill": 0.0, "reach_km": 2.0},
    ),  # fmt: skip
}


def with_kind_defaults(data: Any) -> Any:
    """Raw data of a touchpoint with its kind's defaults in place of keys that it leaves out."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str) or data["kind"] not in KINDS:
        return data
    return {**KINDS[data["kind"]].defaults, **data}


def is_default(touchpoint: Touchpoint, name: str) -> bool:
    """Whether a number is the one that its kind (or the schema) would have given."""
    kind = KINDS[touchpoint.kind].defaults
    default = kind[name] if name in kind else type(touchpoint).model_fields[name].default
    return bool(getattr(touchpoint, name) == default)
