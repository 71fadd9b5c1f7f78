"""Fan charts over time: daily orders, awareness, and the share of consumers who have bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agorasim.report import words
from agorasim.report.figures.base import (
    Key,
    Picture,
    Sheet,
    Space,
    date_axis,
    grid,
    panel_title,
    provenance,
    season_key,
    season_marks,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator
    from numpy.typing import NDArray

    from agorasim.report.data import Estimate, Named, ReportData

    Floats = NDArray[np.float64]

#: Up to this many replications each one is a line; bands of so few would promise more than they know.
FEW = 5
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Fan:
    """One fan chart: a series of shape (replications, days) for each brand."""

    name: str
    title: str
    reading: str
    note: str
    series: dict[str, Floats]
    share: bool = False


def orders(data: ReportData) -> Picture | None:
    """Orders a day of each brand, as a 7-day mean when the run is long enough to have weeks."""
    week = data.days >= 28
    series = {b.key: data.daily("orders", b.key) for b in data.brands}
    if not _anything(series):
        return None
    means = {b.key: data.estimate(series[b.key][:, data.warmup :].mean(axis=1)) for b in data.brands}
    return _picture(
        data,
        Fan(
            "orders",
            "Orders a day, by brand" + (" (mean of the last 7 days)" if week else ""),
            _leader(data, means, series, "sells most", "orders a day on average"),
            "",
            {k: moving_mean(v, 7) if week else v for k, v in series.items()},
        ),
    )


def awareness(data: ReportData) -> Picture | None:
    """Mean awareness of each brand at the end of each day."""
    series = {b.key: data.daily("awareness", b.key) for b in data.brands}
    if not _anything(series):
        return None
    ends = {b.key: data.estimate(series[b.key][:, -1]) for b in data.brands}
    best = max(data.brands, key=lambda b: _or_low(ends[b.key].mean))
    first = float(np.nanmean(series[best.key][:, data.warmup]))
    reading = (
        f"{best.label} ends best known, at {words.interval(ends[best.key], share=True, level=data.interval)} mean "
        f"awareness" + (f", from {words.percent(first)} {_first_day(data)}." if data.days > 1 else ".")
    )
    fan = Fan("awareness", "Mean awareness over consumers, by brand", reading, "", series, share=True)
    return _picture(data, fan)


def customers(data: ReportData) -> Picture | None:
    """Share of consumers who have ever bought from each brand: the adoption curve of a durable."""
    people = data.consumers
    series = {b.key: data.daily("customers", b.key) / max(people, 1) for b in data.brands}
    if not _anything(series):
        return None
    ends = {b.key: data.estimate(series[b.key][:, -1]) for b in data.brands}
    best = max(data.brands, key=lambda b: _or_low(ends[b.key].mean))
    fresh = data.estimate(data.daily("new_customers", best.key)[:, data.warmup :].sum(axis=1))
    bought = "has been adopted by" if data.durable else "has reached the most buyers:"
    reading = (
        f"{best.label} {bought} {words.interval(ends[best.key], share=True, level=data.interval)} of "
        f"{words.count(people, 'consumer')} by the last day"
        + (f", {words.number(fresh.mean)} of them new in the counted days." if fresh.known else ".")
    )
    title = "Adoption: share of consumers who own it" if data.durable else "Share of consumers who have ever bought"
    note = "" if data.durable else "A consumer may have bought from several brands."
    return _picture(data, Fan("customers", f"{title}, by brand", reading, note, series, share=True))


def moving_mean(series: Floats, days: int) -> Floats:
    """Mean of the last `days` days (fewer at the start) along the last axis, each replication for itself."""
    total = np.cumsum(np.nan_to_num(series), axis=-1)
    lagged = np.concatenate([np.zeros_like(total[..., :days]), total[..., :-days]], axis=-1)[..., : total.shape[-1]]
    window = np.minimum(np.arange(1, series.shape[-1] + 1), days)
    return np.asarray((total - lagged) / window, dtype=np.float64)


def _picture(data: ReportData, fan: Fan) -> Picture:
    bands = {key: np.quantile(np.nan_to_num(s), _QUANTILES, axis=0) for key, s in fan.series.items()}
    return Picture(
        fan.name,
        fan.title,
        fan.reading,
        f"{_marks(data)} {fan.note}".strip(),
        _table(data, bands),
        _drawer(data, fan, bands),
    )


def _marks(data: ReportData) -> str:
    n = words.count(data.n, "replication")
    if data.n == 1:
        return f"n = {n}: a single run, so nothing here says how sure it is."
    if data.n <= FEW:
        return f"n = {n}. Thick line: median; thin lines: each replication."
    return (
        f"n = {n}. Line: median; dark band: the middle 50 %, light band: the middle 90 % of replications. Bands show "
        "how single runs differ, not the uncertainty of their mean."
    )


def _drawer(data: ReportData, fan: Fan, bands: dict[str, Floats]) -> Callable[[Space], Figure]:
    def draw(space: Space) -> Figure:
        columns, rows = grid(space, len(data.brands))
        key = [Key("line", "median" if data.n > 1 else "the one replication")]
        if data.n > FEW:
            key += [Key("band", "50 %", alpha=0.45), Key("band", "90 % of replications", alpha=0.2)]
        elif data.n > 1:
            key.append(Key("line", "single replications", alpha=0.4))
        key += season_key(data)
        left, gap, below, above = 0.42, 0.22, 0.36, 0.24
        width = (space.room - left - gap * (columns - 1)) / columns
        high = (2.6 if columns == 1 else 1.9) if not space.narrow else (1.75 if rows == 1 else 1.25)
        body = rows * (above + high) + below + (rows - 1) * 0.12
        sheet = Sheet(space, fan.title, provenance(data), body, key)
        top = max((float(b[-1].max()) for b in bands.values()), default=0.0)
        if data.n <= FEW:
            top = max((float(np.nanmax(np.nan_to_num(s))) for s in fan.series.values()), default=top)
        for i, brand in enumerate(data.brands):
            row, column = divmod(i, columns)
            axes = sheet.axes(left + column * (width + gap), above + row * (above + high + 0.12), width, high)
            season_marks(axes, data)
            _fan(axes, fan.series[brand.key], bands[brand.key], brand)
            axes.set_ylim(0.0, top * 1.05 if top > 0.0 else 1.0)
            axes.grid(axis="y")
            axes.yaxis.set_major_formatter(words.percent if fan.share else words.compact)
            axes.yaxis.set_major_locator(_locator())
            if column:
                axes.tick_params(labelleft=False)
            last = i + columns >= len(data.brands)
            date_axis(axes, data, width, labels=last)
            panel_title(axes, brand, width)
        return sheet.figure

    return draw


def _fan(axes: Axes, series: Floats, band: Floats, brand: Named) -> None:
    n = series.shape[0]
    days = np.arange(series.shape[1])
    if len(days) == 1:
        # A single day has no line: the replications as points.
        axes.plot(np.zeros(n), series[:, 0], brand.marker, color=brand.colour, markersize=5.0, alpha=0.7)
        return
    if n > FEW:
        axes.fill_between(days, band[0], band[4], color=brand.colour, alpha=0.2, linewidth=0)
        axes.fill_between(days, band[1], band[3], color=brand.colour, alpha=0.3, linewidth=0)
    elif n > 1:
        axes.plot(days, series.T, color=brand.colour, linewidth=0.6, alpha=0.4)
    axes.plot(days, band[2], color=brand.colour, linewidth=1.6)


def _locator() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, steps=[1, 2, 5, 10])


def _table(data: ReportData, bands: dict[str, Floats]) -> pd.DataFrame:
    import pandas as pd

    dates = [data.date(d).isoformat() for d in range(data.days)]
    frames = [
        pd.DataFrame(
            {
                "day": np.arange(data.days),
                "date": dates,
                "brand": key,
                "counted": np.arange(data.days) >= data.warmup,
                **{f"p{round(100 * q):02d}": band[i] for i, q in enumerate(_QUANTILES)},
                "replications": data.n,
            }
        )
        for key, band in bands.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _leader(data: ReportData, means: dict[str, Estimate], series: dict[str, Floats], verb: str, unit: str) -> str:
    """Who leads, by how much, and in how many replications."""
    order = sorted(data.brands, key=lambda b: -_or_low(means[b.key].mean))
    first = order[0]
    text = f"{first.label} {verb}: {words.interval(means[first.key], unit, level=data.interval)}"
    if len(order) == 1:
        return text.replace(f"{verb}: ", "sells ") + "."
    second = order[1]
    wins = (series[first.key][:, data.warmup :].sum(axis=1) > series[second.key][:, data.warmup :].sum(axis=1)).sum()
    text += f", against {words.number(means[second.key].mean)} for {second.label}"
    if data.n > 1:
        text += f"; it is ahead in {'all' if wins == data.n else wins} of {data.n} replications"
    return text + "."


def _first_day(data: ReportData) -> str:
    return "at the end of warm-up" if data.warmup else "on the first day"


def _anything(series: dict[str, Floats]) -> bool:
    return any(bool(np.isfinite(s).any()) for s in series.values())


def _or_low(x: float) -> float:
    return x if np.isfinite(x) else -np.inf
