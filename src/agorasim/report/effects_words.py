"""Words about effects: outcomes, channels, certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agorasim.report import style, words
from agorasim.report.scale import covers_zero

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agorasim.report.data import Estimate
    from agorasim.report.effects_data import EffectsData
    from agorasim.report.scale import Scale

#: Metrics whose name needs more words in a sentence.
_WORDS = {
    "contribution": "contribution before media",
    "new_customers": "new customers",
    "price_paid": "mean order value",
}


#: Outcomes in the order in which they matter most to a reader who compares.
HEADLINE: Final = (
    "profit", "contribution", "revenue", "orders", "new_customers", "spend", "awareness", "satisfaction",
)  # fmt: skip


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Each dotted path by its shortest ending that no other path has: `brands.lumo.product.price` becomes `price`."""
    found = {}
    for path in paths:
        parts = path.split(".")
        endings = (".".join(parts[-k:]) for k in range(1, len(parts) + 1))
        others = [other for other in paths if other != path]
        found[path] = next(e for e in endings if e == path or not any(f".{o}".endswith(f".{e}") for o in others))
    return found


def outcome_words(metric: str) -> str:
    """A metric's name in a sentence."""
    return _WORDS.get(metric, metric.replace("_", " "))


def outcome_of(data: EffectsData, metric: str | None = None) -> str:
    """`Lumo's profit`, or `profit` of the whole category; another metric than the outcome in question when named."""
    word = outcome_words(metric or data.outcome)
    return f"{data.brand_label}'s {word}" if data.brand else word


def gain(data: EffectsData, x: float, scale: Scale) -> str:
    """`add 4,308 CNY to Lumo's profit`, `take 12 from Lumo's orders`, `change nothing in Lumo's orders`."""
    amount = scale.text(abs(x))
    if not any(c in "123456789" for c in amount):
        return f"change nothing in {outcome_of(data)}"
    unit = "" if scale.unit == data.outcome.replace("_", " ") else f" {scale.unit}"
    return f"{'add' if x > 0 else 'take'} {amount}{unit} {'to' if x > 0 else 'from'} {outcome_of(data)}"


def brief(label: str) -> str:
    """A name short enough to stand in a title."""
    return style.shorten(label, 2.4, 11.5, bold=True)


def label_list(labels: Sequence[str], most: int = 6) -> str:
    """`a, b and c`."""
    return words.listed(list(labels), most)


def nothing(n: int, noun: str = "pair") -> str:
    """How an interval that holds zero is worded."""
    return f"cannot be told from nothing with {words.count(n, noun)}"


def exactly_zero(e: Estimate) -> bool:
    """Whether an effect is nothing in every pair, not just on average."""
    return e.known and e.mean == 0.0 and (not e.sure or e.low == e.high == 0.0)


def doubtful(e: Estimate) -> bool:
    """Whether to say that an effect cannot be told from nothing."""
    return covers_zero(e) and not exactly_zero(e)
