"""Analysis of variance of a factorial: how much of what differs between points is whose doing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agorasim.effects.intervals import Interval, check_level
from agorasim.errors import InputError
from agorasim.experiment.designs import Design
from agorasim.experiment.execution import extra
from agorasim.experiment.factors import shown

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
#: Bootstrap samples of replicates behind the interval of a share.
RESAMPLES = 1000


class Contrast(NamedTuple):
    """A weighted sum over points that estimates one effect."""

    estimand: str
    name: str
    weights: Array
    """One weight a point, summing to 0."""


def anova(
    design: Design, values: ArrayLike, *, interactions: int = 2, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Analysis of variance with replicates as blocks, since points share the random numbers of a replicate.

    The model is y = replicate + main effects + interactions of up to `interactions` factors + rest, fitted by
    statsmodels (ordinary least squares); designs are balanced, so that sums of squares do not depend on an order.

    Args:
        design: a factorial, a fraction of one, or a grid.
        values: outcomes, shape (points, R); replicates with a NaN are left out.
        interactions: highest order; of a fraction only effects that stand clear of each other are fitted.
        level: coverage of the interval of `eta_squared`.
        seed: of the bootstrap over replicates.

    Returns:
        A row a term and one for the residual: `term, df, sum_sq, mean_sq, F, p, eta_squared, low, high`. eta_squared is
        the term's share of the variance between points within replicates; its interval is a percentile bootstrap over
        replicates, so it covers the chance of the replicates, not a choice of other levels.

    Raises:
        InputError: statsmodels is missing, the design is no factorial, or fewer than 2 whole replicates exist.
    """
    check_level(level)
    ols = extra("statsmodels.formula.api", "analysis", "an analysis of variance").ols
    lm = extra("statsmodels.stats.anova", "analysis", "an analysis of variance").anova_lm
    import pandas as pd

    if not design.is_factorial:
        raise InputError(f"an analysis of variance needs a factorial design; {design.kind} is none")
    y = np.asarray(values, dtype=np.float64)
    y = y[:, ~np.isnan(y).any(axis=0)]
    points, replicates = y.shape
    if replicates < 2:
        raise InputError(f"an analysis of variance needs at least 2 replications of every point, got {replicates}")
    codes = _codes(design)
    terms = clear_terms(design, interactions)
    data = {f"f{k}": np.repeat(codes[:, k], replicates) for k in range(codes.shape[1])}
    frame = pd.DataFrame({"y": y.ravel(), "block": np.tile(np.arange(replicates), points), **data})
    formula = "y ~ C(block)" + "".join(" + " + ":".join(f"C(f{k})" for k in term) for term in terms)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = lm(ols(formula, frame).fit(), typ=1)
    rows = []
    shares = _shares(y, [_basis(codes, term) for term in terms], level, seed)
    for k, term in enumerate(terms):
        found = fitted.loc[":".join(f"C(f{j})" for j in term)]
        name = "+".join(design.factors[j].name for j in term)
        mean_sq = found["sum_sq"] / found["df"]
        limits = (float(x[k]) for x in shares[:3])
        rows.append((name, int(found["df"]), found["sum_sq"], mean_sq, found["F"], found["PR(>F)"], *limits))
    rest = fitted.loc["Residual"]
    df = int(rest["df"])
    tail = (np.nan,) * 5
    rows.append(("residual", df, rest["sum_sq"], rest["sum_sq"] / df if df else np.nan, *tail))
    columns = ["term", "df", "sum_sq", "mean_sq", "F", "p", "eta_squared", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def contrasts(design: Design) -> list[Contrast]:
    """Weights of main effects (each level against the first) and, where all factors have two, of interactions.

    The interaction of two factors is the effect of one at the other's high level less that at its low level.
    """
    codes = _codes(design)
    made = []
    for k, factor in enumerate(design.factors):
        levels = _levels(design, k)
        first = codes[:, k] == 0
        for code in range(1, len(levels)):
            here = codes[:, k] == code
            weights = here / here.sum() - first / first.sum()
            made.append(Contrast("main_effect", f"{factor.name}={shown(levels[code])}", weights))
    if (codes.max(axis=0) == 1).all():
        for i, j in (term for term in clear_terms(design, 2) if len(term) == 2):
            same = codes[:, i] == codes[:, j]
            name = "+".join(sorted((design.factors[i].name, design.factors[j].name)))
            made.append(Contrast("factor_interaction", name, 2.0 * (same / same.sum() - ~same / (~same).sum())))
    return made


def clear_terms(design: Design, order: int) -> list[tuple[int, ...]]:
    """Effects of up to `order` factors that the design tells apart from each other, main effects first."""
    n = len(design.factors)
    terms = [term for size in range(1, max(1, min(order, n)) + 1) for term in combinations(range(n), size)]
    if design.kind != "fractional":
        return terms
    signs = 2 * _codes(design) - 1
    columns = {term: np.prod(signs[:, list(term)], axis=1) for term in terms}
    groups: dict[bytes, list[tuple[int, ...]]] = {}
    for term, column in columns.items():
        groups.setdefault((column * column[0]).tobytes(), []).append(term)
    # Main effects stay, as everybody reads them, with what they are confounded with in the design's notes.
    return [term for group in groups.values() for term in group if len(term) == 1 or len(group) == 1]


def eta_squared(table: pd.DataFrame, replicates: int) -> Interval:
    """The shares of an `anova` table as intervals, one an effect."""
    terms = table[table["term"] != "residual"]
    estimate, low, high = (terms[name].to_numpy(dtype=np.float64) for name in ("eta_squared", "low", "high"))
    return Interval(estimate, low, high, np.full(len(terms), replicates, dtype=np.int64))


def _levels(design: Design, factor: int) -> list[object]:
    found = list({repr(point.values[factor]): point.values[factor] for point in design.points}.values())
    its = design.factors[factor]
    # In the factor's own order: the first level is what effects are measured from.
    return sorted(found) if its.is_range else [level for level in its.levels if level in found]


def _codes(design: Design) -> NDArray[np.int64]:
    """Which of its levels each factor has at each point, shape (points, factors)."""
    columns = []
    for k in range(len(design.factors)):
        place = {repr(level): code for code, level in enumerate(_levels(design, k))}
        columns.append([place[repr(point.values[k])] for point in design.points])
    return np.array(columns, dtype=np.int64).T


def _basis(codes: NDArray[np.int64], term: Sequence[int]) -> Array:
    """Orthonormal vectors over points that span an effect, shape (points, df)."""
    made = np.ones((len(codes), 1))
    for k in term:
        indicators = (codes[:, k, None] == np.arange(codes[:, k].max() + 1)).astype(np.float64)
        centred = (indicators - indicators.mean(axis=0))[:, 1:]
        made = (made[:, :, None] * centred[:, None, :]).reshape(len(codes), -1)
    return np.asarray(np.linalg.qr(made)[0], dtype=np.float64)


def _shares(y: Array, bases: Sequence[Array], level: float, seed: int) -> tuple[Array, Array, Array]:
    """Each effect's share of the variance within replicates, and its bootstrap limits."""
    replicates = y.shape[1]
    centred = y - y.mean(axis=0)
    within = (centred**2).sum(axis=0)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(replicates, np.full(replicates, 1.0 / replicates), size=RESAMPLES)
    weights = np.vstack([np.ones(replicates), counts]) / replicates
    means, total = centred @ weights.T, replicates * (weights @ within)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.array([replicates * ((basis.T @ means) ** 2).sum(axis=0) / total for basis in bases])
        # A resample that draws one replicate only may have no variance; an outcome that never varies has none at all.
        known = np.where(np.isnan(found), found[:, :1], found)
        low, high = np.quantile(known[:, 1:], [(1 - level) / 2, (1 + level) / 2], axis=1)
    return found[:, 0], np.minimum(low, found[:, 0]), np.maximum(high, found[:, 0])
