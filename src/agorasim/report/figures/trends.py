"""What mechanisms did over time: a panel for each metric, a line for each brand, by theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.measures.metrics import BY_NAME
from agorasim.report import style, words
from agorasim.report.figures.base import Key, Picture, Sheet, Space, date_axis, provenance, season_key, season_marks
from agorasim.report.figures.fans import FEW, moving_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from agorasim.report.data import Named, ReportData

    Floats = NDArray[np.float64]

#: Days that a flow is averaged over, and a quotient taken over, in runs long enough to have weeks.
WEEK: Final = 7
_QUANTILES: Final = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Theme:
    """Metrics that belong together; the first that a run has is what the words are about."""

    name: str
    heading: str
    title: str
    keys: tuple[str, ...]
    """Scenario keys of which one must be there; `*` stands for any name."""
    metrics: tuple[tuple[str, str], ...]
    """(metric, what it is called) in reading order."""


THEMES: Final = (
    Theme(
        "private_domain", "The private domain", "The private domain over time", ("brands.*.private_domain",),
        (
            ("private_share", "revenue at members-only places"),
            ("member_share", "revenue from members"),
            ("members", "members"),
            ("active_members", "active members"),
            ("joins", "memberships begun a day"),
            ("leaves", "unsubscriptions a day"),
            ("unsubscribe_rate", "unsubscriptions per message"),
            ("click_through", "clicks per impression"),
            ("insight_gain", "relevance added by insight"),
        ),
    ),
    Theme(
        "over_marketing", "Too much of it?", "Attitude, distrust and people who leave", ("category.over_marketing",),
        (
            ("distrust", "mean distrust (0 to 1)"),
            ("attitude", "attitude of those aware (−1 to 1)"),
            ("opt_outs", "opt-outs a day"),
            ("consent_withdrawn", "consent taken back a day"),
        ),
    ),
    Theme(
        "data", "Data and content", "People known, content and its relevance",
        ("brands.*.data_platform", "brands.*.personalisation"),
        (
            ("identified", "people known"),
            ("relevance", "relevance of contacts"),
            ("content", "pieces of content in use"),
            ("consenting", "people who consent"),
        ),
    ),
    Theme(
        "loyalty", "Customers who stay", "Repurchase, churn and customers lost",
        ("outcomes.lifetime", "category.churn", "population.life_stages", "brands.*.loyalty", "brands.*.win_back"),
        (
            ("repurchase", "repeat orders, of all orders"),
            ("active_customers", "customers who have not left the brand"),
            ("churned", "customers who left the brand, a day"),
            ("customers_left", "customers who left the category, a day"),
            ("won_back", "customers won back a day"),
            ("win_back_response", "win-back offers used"),
            ("cards", "holders of a loyalty card"),
            ("points_liability", "value of points on cards"),
        ),
    ),
    Theme(
        "voice", "Reviews, referrals, storms", "Ratings shown, newcomers referred and news of complaints",
        ("social.reviews", "social.crisis", "brands.*.referral", "brands.*.seeding", "category.nps"),
        (
            ("rating_shown", "rating shown (1 to 5)"),
            ("reviews_shown", "reviews behind it"),
            ("referred_orders", "referred first orders a day"),
            ("seeded_posts", "posts of seeded leaders a day"),
            ("crisis_news", "news of complaints"),
            ("nps", "net promoter score"),
        ),
    ),
    Theme(
        "prices", "Prices and deals", "Prices paid, what was taken off, and what people made of it",
        ("brands.*.promotions", "brands.*.pricing", "brands.*.coupons", "category.reference_prices",
         "brands.*.price_protection", "category.price_fairness"),
        (
            ("discounts", "money taken off a day"),
            ("price_paid", "mean price paid"),
            ("reference_price", "price that people expect"),
            ("coupons_redeemed", "campaign coupons used a day"),
            ("cannibalisation", "of these, by people who would have bought"),
            ("price_refund_money", "differences paid back a day"),
            ("price_resentments", "buyers who resent a price, a day"),
        ),
    ),
    Theme(
        "operations", "Stock, queues and delivery", "Stock, lost orders, queues, deliveries and returns",
        ("places.*.replenish", "places.*.queue", "places.*.back_order", "places.*.pickup", "brands.*.inventory",
         "brands.*.returns", "brands.*.sells.*.replenish", "brands.*.sells.*.delay", "category.substitution"),
        (
            ("lost_orders", "orders lost a day"),
            ("stockouts", "orders refused at first a day"),
            ("held_units", "units in stock overnight"),
            ("queue_wait", "wait in line, minutes"),
            ("late_orders", "late deliveries a day"),
            ("back_orders_open", "orders that wait for goods"),
            ("pickup_orders", "orders picked up in shops a day"),
            ("returns", "returns a day"),
            ("missed_deliveries", "deliveries missed a day"),
        ),
    ),
    Theme(
        "resellers", "Resellers", "Effort, trust and conflict of resellers", ("brands.*.partners",),
        (
            ("partner_effort", "effort (0 to 1)"),
            ("partner_trust", "trust (0 to 1)"),
            ("partner_conflict", "conflict (0 to 1)"),
            ("partner_orders", "orders at resellers a day"),
        ),
    ),
    Theme(
        "waste", "Waste and footprint", "Wasted impressions and emissions", ("outcomes.footprint",),
        (("waste_rate", "impressions wasted"), ("footprint_per_order", "g CO2e an order")),
    ),
)  # fmt: skip


def has(scenario: Any, path: str) -> bool:
    """Whether a dotted key is in a scenario and holds something; `*` stands for any name."""
    if not path:
        return scenario is not None and scenario != {} and scenario != []
    if not hasattr(scenario, "get"):
        return False
    name, _, rest = path.partition(".")
    if name == "*":
        return any(has(entry, rest) for entry in scenario.values())
    return has(scenario.get(name), rest)


def themes(scenario: Mapping[str, Any]) -> list[Theme]:
    """The themes that a scenario has something about."""
    return [theme for theme in THEMES if any(has(scenario, key) for key in theme.keys)]


def trend(data: ReportData, theme: Theme) -> Picture | None:
    """A theme's metrics over time; None when nothing of it was recorded, or nothing happened."""
    panels = [
        (metric, label, found)
        for metric, label in theme.metrics
        if data.counts(metric) and (found := _series(data, metric))
    ]
    if not panels:
        return None

    def draw(space: Space) -> Figure:
        shown = [b for b in data.brands if any(b.key in found for _, _, found in panels)]
        key = [Key("line", b.label, b.colour) for b in shown]
        if data.n > FEW:
            key.append(Key("band", "90 % of replications", alpha=0.25))
        key += season_key(data)
        columns = 1 if space.narrow else min(len(panels), 2)
        rows = -(-len(panels) // columns)
        left, gap, above, below, high = 0.46, 0.56, 0.26, 0.3, 1.15 if space.narrow else 1.35
        width = (space.room - left - gap * (columns - 1)) / columns
        sheet = Sheet(space, theme.title, provenance(data), rows * (above + high + below), key)
        for i, (metric, label, found) in enumerate(panels):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), row * (above + high + below) + above, width, high)
            season_marks(axes, data)
            for brand in shown:
                if brand.key in found:
                    _line(axes, found[brand.key], brand, data)
            _scale(axes, metric, found, data)
            title = style.shorten(label + (f", {data.currency}" if _money(metric) else ""), width + 0.3, 8.5)
            axes.set_title(title, loc="left", fontsize=8.5, color=style.INK, pad=4.0)
            date_axis(axes, data, width)
        return sheet.figure

    caption = (
        f"n = {words.count(data.n, 'replication')}. Lines: medians over replications"
        + (", bands: the middle 90 % of them" if data.n > FEW else "")
        + (". What happens in a day, and shares, are of the last seven days" if _window(data) > 1 else "")
        + ". Brands for which there is nothing to show have no line."
    )
    return Picture(theme.name, theme.title, _reading(data, *panels[0]), caption, _table(data, panels), draw)


def _series(data: ReportData, name: str) -> dict[str, Floats]:
    """Daily series of the brands for which something happened, (replications, days); weekly means of flows."""
    metric, week = BY_NAME[name], _window(data)
    if metric.ratio is not None:
        top, bottom = data.cube(metric.ratio[0]), data.cube(metric.ratio[1])
        top, bottom = moving_mean(top, week), moving_mean(bottom, week)
        with np.errstate(divide="ignore", invalid="ignore"):
            cube = np.where(bottom > 0.0, top / bottom, np.nan)
    else:
        cube = data.cube(name)
        cube = moving_mean(cube, week) if metric.kind == "flow" else cube
    return {
        b.key: cube[:, k]
        for k, b in enumerate(data.brands)
        if np.isfinite(cube[:, k]).any() and np.nan_to_num(cube[:, k]).any()
    }


def _window(data: ReportData) -> int:
    """Days that flows and quotients are taken over: a week, where no festival would be smeared over it."""
    return WEEK if data.days >= 28 and (data.days > 120 or not data.festivals) else 1


def _money(metric: str) -> bool:
    return BY_NAME[metric].money or BY_NAME[metric].unit.startswith("money")


def _bands(series: Floats) -> Floats:
    """Quantiles over the replications that have a value, (3, days); NaN on days on which none has."""
    out = np.full((len(_QUANTILES), series.shape[1]), np.nan)
    some = np.isfinite(series).any(axis=0)
    if some.any():
        out[:, some] = np.nanquantile(series[:, some], _QUANTILES, axis=0)
    return out


def _line(axes: Axes, series: Floats, brand: Named, data: ReportData) -> None:
    days = np.arange(series.shape[1])
    low, middle, high = _bands(series)
    if data.n > FEW:
        axes.fill_between(days, low, high, color=brand.colour, alpha=0.22, linewidth=0)
    axes.plot(days, middle, color=brand.colour, linewidth=1.5, marker="o" if len(days) == 1 else "")


def _scale(axes: Axes, metric: str, found: dict[str, Floats], data: ReportData) -> None:
    """An axis from zero where zero means nothing, its numbers as the unit asks."""
    from matplotlib.ticker import MaxNLocator

    # The first days of a warm-up, in which states settle, do not set the scale.
    values = np.concatenate([s[:, min(data.warmup, data.days - 1) :].ravel() for s in found.values()])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    anchored = metric not in ("rating_shown", "price_paid", "reference_price", "relevance")
    floor = min(low, 0.0) if anchored else low - 0.1 * (high - low)
    room = (high - floor) * 0.06 or 1.0
    axes.set_ylim(floor - (room if floor < 0.0 else 0.0), high + room)
    share = BY_NAME[metric].unit == "share" and metric not in ("distrust", "partner_effort", "partner_trust",
                                                              "partner_conflict", "nps")  # fmt: skip
    if share:
        axes.yaxis.set_major_formatter(words.percent)
    else:
        axes.yaxis.set_major_formatter(words.ticks(floor, high + room))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")


def _table(data: ReportData, panels: list[tuple[str, str, dict[str, Floats]]]) -> pd.DataFrame:
    import pandas as pd

    frames = []
    for metric, _, found in panels:
        for brand, series in found.items():
            low, middle, high = _bands(series)
            frames.append(
                pd.DataFrame(
                    {
                        "metric": metric,
                        "brand": brand,
                        "day": np.arange(data.days),
                        "date": [data.date(d).isoformat() for d in range(data.days)],
                        "counted": np.arange(data.days) >= data.warmup,
                        "p05": low,
                        "p50": middle,
                        "p95": high,
                        "replications": data.n,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def _reading(data: ReportData, metric: str, label: str, found: dict[str, Floats]) -> str:
    """From where to where the first metric went, at the brand that ends highest; of a flow, who has most and when."""
    if BY_NAME[metric].kind == "flow" and BY_NAME[metric].ratio is None:
        return _most(data, metric, label, found)
    span = min(28, max(1, (data.days - data.warmup) // 2))
    share = BY_NAME[metric].unit == "share"
    unit = data.currency if _money(metric) else ""
    ends = {key: data.estimate(_mean(s[:, -span:])) for key, s in found.items()}
    brand = max((b for b in data.brands if b.key in ends), key=lambda b: np.nan_to_num(ends[b.key].mean))
    start = data.estimate(_mean(found[brand.key][:, data.warmup : data.warmup + span]))
    show = words.percent if share else words.number
    name = label[0].upper() + label[1:]
    return (
        f"{name}: {brand.label} {'ends' if len(found) == 1 else 'ends highest,'} at "
        f"{words.interval(ends[brand.key], unit, share=share, level=data.interval)} in the last "
        f"{words.count(span, 'day')}, from {show(start.mean)} in the first {words.count(span, 'counted day')}."
    )


def _most(data: ReportData, metric: str, label: str, found: dict[str, Floats]) -> str:
    """Who has most of a flow over the counted days, and on which day."""
    cube = data.cube(metric)
    days = {b.key: cube[:, k, data.warmup :] for k, b in enumerate(data.brands) if b.key in found}
    means = {key: data.estimate(series.mean(axis=1)) for key, series in days.items()}
    brand = max((b for b in data.brands if b.key in means), key=lambda b: np.nan_to_num(means[b.key].mean))
    course = days[brand.key].mean(axis=0)
    peak = data.date(data.warmup + int(np.argmax(course)))
    unit = data.currency if _money(metric) else ""
    return (
        f"{label[0].upper() + label[1:]}: {brand.label} has {'' if len(found) == 1 else 'most, '}"
        f"{words.interval(means[brand.key], unit, level=data.interval)} on average over the counted days; the most, "
        f"{words.number(float(course.max()))}, on {peak.day} {words.MONTHS[peak.month - 1]}."
    )


def _mean(series: Floats) -> Floats:
    """Mean over the days that have a value, a replication; NaN where none has."""
    some = np.isfinite(series)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(some, series, 0.0).sum(axis=1) / some.sum(axis=1), dtype=np.float64)
