"""The tables that questions to many worlds end with: effects with half their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agorasim.cli.console import table
from agorasim.cli.kpis import _number as number

if TYPE_CHECKING:
    import pandas as pd

    from agorasim.experiment.answers import Answers

NONE: Final = "-"
_PARTS: Final = ("direct", "carried")
#: Up to so much longer than the mean of both sides, the longer side of an interval stands for both.
_EVEN: Final = 1.3
#: Outcomes beside the one in question, in the order in which they are read.
OTHERS: Final = ("new_customers", "orders", "revenue", "profit", "awareness", "satisfaction")


def cell(row: Mapping[str, Any] | None, prefix: str = "estimate") -> str:
    """An estimate with half its interval; its limits where they are not symmetric; a dash where there is none."""
    if row is None:
        return NONE
    low_name, high_name = ("low", "high") if prefix == "estimate" else (f"{prefix}_low", f"{prefix}_high")
    return text(row.get(prefix), row.get(low_name), row.get(high_name))


def text(value: float | None, low: float | None, high: float | None, *, percent: bool = False) -> str:
    """`12.3 ± 0.4`, or `1.9 (1.2 to 4.0)` where the limits are not symmetric, or `1.9 (no bound)`."""
    if value is None or math.isnan(value):
        return NONE
    scale, unit = (100.0, " %") if percent else (1.0, "")
    known = low is not None and high is not None and not (math.isnan(low) or math.isnan(high))
    if not known:
        return f"{number(scale * value, None)}{unit}"
    assert low is not None and high is not None
    half = scale * max(high - value, value - low)
    # Intervals under stopping lie a little unevenly: their longer side stands for both.
    if 2.0 * half <= _EVEN * scale * (high - low):
        return f"{number(scale * value, half)} ± {number(half, half)}{unit}"
    ends = (number(scale * limit, half) for limit in (low, high))
    return f"{number(scale * value, half)} ({' to '.join(ends)}){unit}"


def synergy(answers: Answers) -> None:
    """Print what channels are worth, what each adds last and returns on money, and what pairs are worth together."""
    _worth(answers)
    _returns(answers)
    _pairs(answers)


def _worth(answers: Answers) -> None:
    frame = answers.shapley()
    split = "carried" in frame.columns
    # Shares of a gain to which some add and from which others take say little.
    shared = bool((frame["share"] >= 0.0).all()) if "share" in frame.columns else False
    lines = []
    for row in _records(frame.sort_values("estimate", ascending=False, kind="stable")):
        share = text(row.get("share"), row.get("share_low"), row.get("share_high"), percent=True)
        parts = [cell(row, part) for part in _PARTS] if split else []
        lines.append([str(row["channel"]), cell(row), *([share] if shared else []), *parts])
    talk = [_by_channels(answers, f"grand_{part}", answers.outcome) for part in _PARTS]
    for every, row in _by_channels(answers, "grand", answers.outcome).items():
        parts = [cell(found.get(every)) for found in talk] if split else []
        lines.append(["all together", cell(row), *([NONE] if shared else []), *parts])
    heads = ["channel", f"Shapley value, {frame['unit'].iloc[0]}", *(["share of all"] if shared else [])]
    heads += ["reaches people directly", "carried by word of mouth"] if split else []
    wide = [line + [NONE] * (len(heads) - len(line)) for line in lines]
    n = int(frame["n_pairs"].max())
    title = f"What channels are worth: {answers.outcome}, {_how(answers, n)}"
    table(heads, wide, title=title, numbers_from=1)


def _returns(answers: Answers) -> None:
    last = _by_channels(answers, "incremental", answers.outcome)
    returns = {name: _by_channels(answers, name) for name in ("roas", "roi", "marginal_roas")}
    moved = _by_channels(answers, "incremental_reallocated", answers.outcome)
    grand = _by_channels(answers, "grand", answers.outcome)
    # Where Shapley values are not split by word of mouth, what each channel adds last is.
    split = "carried" not in answers.shapley().columns
    talk = _by_channels(answers, "incremental_carried", answers.outcome) if split else {}
    told = {**talk, **_by_channels(answers, "grand_carried", answers.outcome)}
    lines = []
    for channels, row in {**last, **grand}.items():
        name = "all together" if channels in grand else channels
        line = [name, cell(row), *([cell(told.get(channels))] if talk else [])]
        line += [cell(found.get(channels)) for found in returns.values()]
        lines.append(line + ([cell(moved.get(channels))] if moved else []))
    heads = ["channel", f"on top of all others, {next(iter(last.values()))['unit']}"]
    heads += [*(["of it by word of mouth"] if talk else []), "ROAS", "ROI", "marginal ROAS"]
    heads += ["with its money on other media instead"] if moved else []
    table(heads, lines, title="What each adds last, and what its media money returns", numbers_from=1)


def _pairs(answers: Answers) -> None:
    frame = answers.interactions()
    if not len(frame):
        return
    heads = {"shapley_interaction": "on average", "interaction_empty": "when no other is on",
             "interaction_full": "when all others are on"}  # fmt: skip
    kinds = [kind for kind in heads if (frame["estimand"] == kind).any()]
    found: dict[str, dict[str, Any]] = {}
    for row in _records(frame):
        found.setdefault(str(row["channels"]), {})[str(row["estimand"])] = row
    lines = [[" + ".join(pair.split("+")), *(cell(rows.get(kind)) for kind in kinds)] for pair, rows in found.items()]
    unit = frame["unit"].iloc[0]
    table(["pair", *(heads[kind] for kind in kinds)], lines,
          title=f"What two are worth together beyond each alone, {unit}", numbers_from=1)  # fmt: skip


def compare(answers: Answers, metrics: Sequence[str] = OTHERS) -> None:
    """Print each policy's or variant's difference to the first."""
    order = list(dict.fromkeys([answers.outcome, *metrics]))
    levels = {(r["channels"], r["metric"]): r for r in _rows(answers, "level")}
    differences = {(r["channels"], r["metric"]): r for r in _rows(answers, "difference")}
    first, *others = answers.arms
    lines = []
    for metric in order:
        base = levels.get((first, metric))
        if base is None:
            continue
        shown = metric if base["unit"] == metric else f"{metric}, {base['unit']}"
        lines.append([shown, cell(base), *(cell(differences.get((name, metric))) for name in others)])
    n = max((int(row["n_pairs"]) for row in differences.values()), default=0)
    heads = ["", first, *(f"{name} less {first}" for name in others)]
    table(heads, lines, title=f"Differences to {first}, {_how(answers, n)}", numbers_from=1)


def _how(answers: Answers, n: int) -> str:
    level = float(answers.manifest["scenario"]["outcomes"]["interval"])
    kind = "simultaneous " if answers.settings.get("simultaneous") else ""
    return f"mean over {n} pairs of worlds ± half its {kind}{level:.0%} interval"


def _by_channels(answers: Answers, estimand: str, metric: str | None = None) -> dict[str, dict[str, Any]]:
    return {str(row["channels"]): row for row in _rows(answers, estimand, metric)}


def _rows(answers: Answers, estimand: str, metric: str | None = None) -> list[dict[str, Any]]:
    """Rows of the brand in question, and of the category for metrics that are the category's."""
    frame: pd.DataFrame = answers.effects(estimand, metric=metric)
    return _records(frame[frame["brand"].isin([answers.settings.get("brand"), ""])])


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
