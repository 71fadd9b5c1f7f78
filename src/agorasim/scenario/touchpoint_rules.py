"""Which keys of a touchpoint go with which kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from agorasim.scenario.catalogue import KINDS, KindTraits

if TYPE_CHECKING:
    from agorasim.scenario.schema import Touchpoint

#: Keys that only some kinds have: what has them, in words, and the test.
_ONLY: Final[dict[str, tuple[str, Callable[[str, KindTraits], bool]]]] = {
    "dates": ("an event or a broadcast has dates", lambda name, kind: kind.timed or name == "event"),
    "capacity": ("an event has capacity", lambda name, kind: name == "event"),
    "windows": ("a broadcast has windows", lambda name, kind: kind.timed),
    "tier": ("content has a tier of publishers", lambda name, kind: kind.tiered),
    "install": ("an app or mini-program is installed", lambda name, kind: kind.members_only and kind.visits),
    "message_cost": ("what sends messages pays for them", lambda name, kind: kind.messages),
    "engine": ("paid search shares another's result pages", lambda name, kind: kind.auction),
    "auction": ("paid search is auctioned", lambda name, kind: kind.auction),
}


def touchpoint_problems(touchpoint: Touchpoint) -> Iterator[tuple[str, str]]:
    """(key, message) for each key that the touchpoint's kind does not have."""
    kind = KINDS[touchpoint.kind]
    for key, (words, has) in _ONLY.items():
        given = getattr(touchpoint, key)
        if given != type(touchpoint).model_fields[key].default and not has(touchpoint.kind, kind):
            kinds = ", ".join(name for name, traits in KINDS.items() if has(name, traits))
            yield key, f"only {words} (its kind is {touchpoint.kind!r}); expected a kind of: {kinds}"
    model = touchpoint.cost.model
    if "cost" not in touchpoint.model_fields_set or not kind.buys_media:
        return
    if kind.auction and model != "cpc":
        yield "cost.model", f"an auction sells clicks (got {model!r}); expected 'cpc'"
    elif kind.on_need and model not in ("cpc", "cpm"):
        yield "cost.model", f"search ads are paid by the click or impression (got {model!r}); expected 'cpc' or 'cpm'"
    elif model in ("cpa", "commission") and touchpoint.click_rate == 0.0:
        yield "click_rate", f"is 0 where {model!r} pays for what clicks lead to; expected a number above 0"
