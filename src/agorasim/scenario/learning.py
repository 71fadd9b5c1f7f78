"""Segments learned from a table of customers: k-means on standardised columns, then shares and moments of each group.

>>> table = {"price_sensitivity": [0.5, 0.6, 0.7, 1.5, 1.6], "use.social": [0.2, 0.1, 0.15, 0.8, 0.9]}
>>> learned = learn_segments(table, 2)
>>> learned["share"].tolist(), learned["use.social"].round(2).tolist()
([0.6, 0.4], [0.15, 0.85])
>>> learned.to_csv("segments.csv", index=False)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd

_ROUNDS: Final = 100
#: Columns of the file for a column's mean and, where a segment can say it, its spread: (mean, standard deviation,
#: coefficient of variation).
_MOMENTS: Final[dict[str, tuple[str, str | None, str | None]]] = {
    "price_sensitivity": ("price_sensitivity", None, "price_sensitivity_cv"),
    "age": ("age.mean", "age.sd", None),
    "income": ("income.mean", None, "income.cv"),
    "household": ("household.mean", None, None),
    "channel": ("channel.mean", "channel.sd", None),
    **{
        taste: (f"{taste}.mean", f"{taste}.sd", None)
        for taste in ("innovativeness", "variety_seeking", "quality_consciousness")
    },
}
#: Columns whose unit is not the scenario's: learned values are relative to the mean over all customers.
_RELATIVE: Final = ("price_sensitivity", "need", "income")


def learn_segments(
    customers: Any, count: int, *, by: Sequence[str] | None = None, seed: int = 0, starts: int = 10
) -> pd.DataFrame:
    """Segments of customers as a table that `population.segments_from` reads.

    Customers are grouped by k-means (Lloyd 1982, started by k-means++, Arthur & Vassilvitskii 2007) on columns of mean
    0 and variance 1; the best of several starts counts. Segments are sorted by share, largest first.

    Args:
        customers: a frame, a mapping of columns, or the path of a CSV; a row a customer. Columns are named like keys of
            a segment (`need`, `price_sensitivity`, `age`, `use.social`, ...); need, price sensitivity and income may
            be in any unit, as they are divided by their means.
        count: how many segments, from 1 to the number of customers.
        by: columns to group by; all when None. Of the others shares and moments are taken all the same.
        seed: of the starts; equal seeds give equal segments.
        starts: how many starts.

    Raises:
        InputError: unknown columns, cells that are not finite numbers, or more segments than customers.
    """
    import pandas as pd

    frame = _frame(customers)
    columns = [str(name) for name in frame.columns]
    for name in columns:
        if name not in _MOMENTS and not name.startswith(("use.", "modes.")) and name not in _PLAIN:
            raise InputError(unknown("column", name, [*_MOMENTS, *_PLAIN, "use.TOUCHPOINT", "modes.MODE"]))
    chosen = columns if by is None else list(by)
    for name in chosen:
        if name not in columns:
            raise InputError(unknown("column", name, columns))
    data = _numbers(frame)
    if not 1 <= count <= len(data):
        raise InputError(f"cannot make {count} segments of {len(data)} customers; expected from 1 to {len(data)}")
    picked = data[:, [columns.index(name) for name in chosen]]
    spread = picked.std(axis=0)
    scaled = (picked - picked.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    label = _grouped(scaled, count, np.random.default_rng(seed), starts)
    sizes = np.bincount(label, minlength=count)
    rows = []
    for number, k in enumerate(k for k in np.argsort(-sizes, kind="stable") if sizes[k]):
        row: dict[str, Any] = {"name": f"segment_{number + 1}", "share": sizes[k] / len(data)}
        for c, name in enumerate(columns):
            row.update(_moments(name, data[label == k, c], float(data[:, c].mean())))
        rows.append(row)
    return pd.DataFrame(rows)


#: Columns of which a segment states a mean only.
_PLAIN: Final = ("need", "deal_proneness", "talk", "susceptibility", "consent")


def _frame(customers: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(customers, pd.DataFrame):
        return customers
    if isinstance(customers, (str, PathLike)):
        try:
            return pd.read_csv(customers)
        except (OSError, ValueError) as error:
            raise InputError(f"{customers}: cannot be read as CSV: {error}") from None
    if isinstance(customers, Mapping):
        return pd.DataFrame(customers)
    raise InputError(f"customers must be a frame, a mapping of columns or a path, got {type(customers).__name__}")


def _numbers(frame: pd.DataFrame) -> NDArray[np.float64]:
    """The table as float64 (rows, columns). InputError names the first cell that is no finite number."""
    import pandas as pd

    out = np.empty(frame.shape)
    for c, name in enumerate(frame.columns):
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            bad = int(np.argmin(np.isfinite(values)))
            raise InputError(
                f"column {name!r}, customer {bad + 1}: expected a finite number, got {frame[name].iloc[bad]!r}"
            )
        out[:, c] = values
    return out


def _grouped(data: NDArray[np.float64], count: int, rng: np.random.Generator, starts: int) -> NDArray[np.int64]:
    """The group of each row: the best of several k-means."""
    best, least = np.zeros(len(data), dtype=np.int64), np.inf
    for _ in range(max(1, starts)):
        centres = _seeded(data, count, rng)
        label = np.full(len(data), -1)
        for _ in range(_ROUNDS):
            distance = ((data[:, None, :] - centres[None]) ** 2).sum(axis=2)
            fresh = distance.argmin(axis=1)
            if (fresh == label).all():
                break
            label = fresh
            for k in range(count):
                if (label == k).any():
                    centres[k] = data[label == k].mean(axis=0)
        cost = float(((data - centres[label]) ** 2).sum())
        if cost < least * (1.0 - 1e-12):
            best, least = label.astype(np.int64), cost
    return best


def _seeded(data: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """First centres: rows drawn with chances proportional to the squared distance to the centres so far."""
    rows = [int(rng.integers(len(data)))]
    distance = ((data - data[rows[0]]) ** 2).sum(axis=1)
    while len(rows) < count:
        total = distance.sum()
        chances = distance / total if total > 0.0 else np.full(len(data), 1.0 / len(data))
        rows.append(int(rng.choice(len(data), p=chances)))
        distance = np.minimum(distance, ((data - data[rows[-1]]) ** 2).sum(axis=1))
    return data[rows].copy()


def _moments(name: str, values: NDArray[np.float64], overall: float) -> dict[str, float]:
    mean, sd = float(values.mean()), float(values.std())
    scale = overall if name in _RELATIVE and overall > 0.0 else 1.0
    keys = _MOMENTS.get(name, (name, None, None))
    out = {keys[0]: mean / scale}
    if keys[1] is not None:
        out[keys[1]] = sd
    if keys[2] is not None:
        out[keys[2]] = sd / mean if mean > 0.0 else 0.0
    return out
