"""What a kind of touchpoint can do, as data that the world, the checks and the counterfactuals read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

#: What a brand can stop doing on a touchpoint: buying media, being there (selling, showing, being visited and joined),
#: sending messages.
Stop = Literal["media", "presence", "messages"]

#: By what a touchpoint recognises a person: what it can hand on to a brand's data platform.
Identity = Literal["none", "cookie", "device", "phone", "email", "account", "member", "loyalty_card"]

#: The finest thing that money, or the brand, can aim at: nobody in particular, places, what is being read or watched,
#: interests and segments, what people did before, single persons.
Targeting = Literal["nobody", "place", "context", "interest", "behaviour", "person"]

#: What a world without the channel means, in words; variable cost stops with each.
_STOPPED: Final[dict[Stop, str]] = {
    "media": "spends nothing",
    "presence": "sells and shows nothing and loses its visits",
    "messages": "messages are not sent, members stay",
}


@dataclass(frozen=True)
class KindTraits:
    """What a kind of touchpoint is."""

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
    timed: bool = False
    """Is on air at times: may have `windows` and `dates`."""
    auction: bool = False
    """Clicks are sold by auction among the brands that spend here."""
    pushes: bool = False
    """The brand's posts reach members here, besides their visits."""
    tiered: bool = False
    """Has publishers of several sizes: may have a `tier`."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Default numbers of the kind, where they differ from the schema's."""

    @property
    def messages(self) -> bool:
        """Whether the brand sends something to members here."""
        return "messages" in self.stops or self.pushes

    @property
    def without(self) -> str:
        """What a world without this channel means, in words."""
        text = "; ".join(_STOPPED[stop] for stop in self.stops)
        if not self.on_need:
            return text
        return text + "; organic results stay" if "media" in self.stops else "is not among the organic results"


def media(
    meaning: str, *, online: bool = True, timed: bool = False, tiered: bool = False, **defaults: Any
) -> KindTraits:
    """A kind that shows what money buys, and nothing else."""
    return KindTraits(meaning, online, True, True, False, ("media",), timed=timed, tiered=tiered, defaults=defaults)


def owned(meaning: str, *stops: Stop, online: bool = True, sells: bool = False, **more: Any) -> KindTraits:
    """A kind that a brand runs itself; `more` are further traits and `defaults`."""
    return KindTraits(meaning, online, False, "media" in stops, sells, stops, **more)
