"""How long customers stay and what they are worth: estimators on a customer table, pure arithmetic.

BG/NBD (Fader, Hardie & Lee 2005, Marketing Science 24(2)): while a customer is active, purchases are Poisson with rate
lambda; after each purchase the customer defects with probability p. lambda is gamma(r, alpha) and p beta(a, b) over
customers. sBG (Fader & Hardie 2007, Journal of Interactive Marketing 21(1)): at the end of each period a customer
defects with probability theta, beta(a, b) over customers. Gamma-gamma (Fader & Hardie 2013, "The gamma-gamma model of
monetary value"): a customer's purchases are gamma(p, nu) with nu gamma(q, gamma) over customers.

Times are in any one unit (weeks, days); rates are per that unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

Floats = NDArray[np.float64]


def _fitted(minus: Callable[[Floats], float], start: list[float], what: str) -> tuple[Floats, float]:
    """Positive parameters that minimise `minus`, searched on the log scale; and the log-likelihood there."""

    def at(logs: Floats) -> float:
        value = minus(np.exp(np.clip(logs, -12.0, 12.0)))
        return value if np.isfinite(value) else 1e12

    first = np.log(np.array(start))
    # A simplex finds the valley whatever the start; it is then run again, because it may stop in a corner.
    settings: Any = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-7, "fatol": 1e-9}
    found = minimize(at, first, method="Nelder-Mead", options=settings)
    found = minimize(at, found.x, method="Nelder-Mead", options=settings)
    if not np.all(np.isfinite(found.x)) or found.fun >= 1e12:
        raise ValueError(f"{what} cannot be fitted to these customers: the likelihood is not finite")
    return np.exp(np.clip(found.x, -12.0, 12.0)), -float(found.fun)


def _columns(**columns: ArrayLike) -> list[Floats]:
    """Finite columns of one length. ValueError names the first that is not."""
    out = []
    for name, values in columns.items():
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 1 or not np.all(np.isfinite(array)) or (array < 0).any():
            raise ValueError(f"{name} must be one finite number from 0 upwards for each customer")
        out.append(array)
    if len({len(array) for array in out}) != 1 or len(out[0]) == 0:
        raise ValueError(f"{', '.join(columns)} must have the same length, at least 1")
    return out


@dataclass(frozen=True)
class BGNBD:
    """The BG/NBD's parameters: purchase rates gamma(r, alpha), defection after a purchase beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")

    def expected_so_far(self, age: ArrayLike) -> Floats:
        """Repeat purchases of a random new customer up to `age` (equation 9 of the source), same shape as `age`."""
        t = np.asarray(age, dtype=np.float64)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        hyper = hyp2f1(r, b, a + b - 1.0, t / (alpha + t))
        out: Floats = (a + b - 1.0) / (a - 1.0) * (1.0 - (alpha / (alpha + t)) ** r * hyper)
        return out

    def alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Probability that each customer is still active, (n,).

        Args:
            frequency: repeat purchases (the first is not counted), (n,).
            recency: time from the first purchase to the last, (n,); 0 without a repeat purchase.
            age: time from the first purchase to now, (n,).
        """
        x, tx, t = _columns(frequency=frequency, recency=recency, age=age)
        log_odds = np.log(self.a / np.maximum(self.b + x - 1.0, 1e-300)) + (self.r + x) * np.log(
            (self.alpha + t) / (self.alpha + tx)
        )
        out: Floats = np.where(x > 0, 1.0 / (1.0 + np.exp(np.minimum(log_odds, 700.0))), 1.0)
        return out

    def expected(self, ahead: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Purchases of each customer in the next `ahead` units of time (equation 10 of the source), (n,)."""
        x, tx, t = _columns(frequency=frequency, recency=recency, age=age)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        hyper = hyp2f1(r + x, b + x, a + b + x - 1.0, ahead / (alpha + t + ahead))
        ratio = ((alpha + t) / (alpha + t + ahead)) ** (r + x)
        out: Floats = (a + b + x - 1.0) / (a - 1.0) * (1.0 - ratio * hyper) * self.alive(x, tx, t)
        return out


def _bg_nbd_minus(parameters: Floats, x: Floats, tx: Floats, t: Floats, weight: Floats) -> float:
    r, alpha, a, b = parameters
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    stayed = -(r + x) * np.log(alpha + t)
    left = np.log(a) - np.log(np.maximum(b + x - 1.0, 1e-300)) - (r + x) * np.log(alpha + tx)
    return -float(weight @ (first + second + np.where(x > 0, np.logaddexp(stayed, left), stayed)))


def fit_bg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BGNBD:
    """Maximum likelihood of the BG/NBD. ValueError when the columns (n,) do not fit together.

    Args:
        frequency: repeat purchases of each customer.
        recency: time from the first purchase to the last; 0 without a repeat purchase.
        age: time from the first purchase to the end of observation.
    """
    x, tx, t = _columns(frequency=frequency, recency=recency, age=age)
    if (tx > t).any():
        raise ValueError("recency must not exceed age")
    if t.max() <= 0.0:
        raise ValueError("no customer was observed for any time after the first purchase")
    # Times near 1 keep the four parameters of one size; customers with equal rows are counted once.
    scale = t.max() / 10.0
    rows, weight = np.unique(np.stack([x, tx / scale, t / scale], axis=1), axis=0, return_counts=True)
    counts = weight.astype(np.float64)
    (r, alpha, a, b), best = _fitted(
        lambda p: _bg_nbd_minus(p, rows[:, 0], rows[:, 1], rows[:, 2], counts), [0.5, 1.0, 1.0, 2.0], "the BG/NBD"
    )
    # A density per unit of time: each purchase contributes one factor of the scale.
    return BGNBD(float(r), float(alpha * scale), float(a), float(b), best - float(x.sum()) * float(np.log(scale)))


@dataclass(frozen=True)
class SBG:
    """The shifted-beta-geometric's parameters: defection at the end of a period is beta(a, b) over customers."""

    a: float
    b: float
    log_likelihood: float = float("nan")

    def survival(self, periods: int) -> Floats:
        """Share of a cohort left after 0, 1, ..., `periods` periods, (periods + 1,)."""
        k = np.arange(periods + 1)
        out: Floats = np.exp(betaln(self.a, self.b + k) - betaln(self.a, self.b))
        return out

    def retention(self, periods: int) -> Floats:
        """Share of those left that stay one period more, periods 1 to `periods`, (periods,): it rises by itself."""
        k = np.arange(1, periods + 1, dtype=np.float64)
        out: Floats = (self.b + k - 1.0) / (self.a + self.b + k - 1.0)
        return out

    def lifetime_value(self, margin: float, discount: float, tenure: int = 0, most: int = 5000) -> float:
        """Discounted margin still to come from a customer who has stayed `tenure` periods.

        Args:
            margin: money in each period that the customer is there for, from the next one on.
            discount: rate per period.
            tenure: renewals so far; 0 values a new customer, whose first period counts in full.
            most: periods looked ahead.
        """
        k = np.arange(most + 1)
        ahead = np.exp(betaln(self.a, self.b + tenure + k) - betaln(self.a, self.b + tenure) - k * np.log1p(discount))
        return float(margin * ahead.sum())


def fit_sbg(survivors: ArrayLike) -> SBG:
    """Maximum likelihood of the sBG to a cohort. ValueError unless the counts fall or stay.

    Args:
        survivors: customers left after 0, 1, 2, ... periods, (n,), n at least 2.
    """
    (left,) = _columns(survivors=survivors)
    if len(left) < 2 or (np.diff(left) > 0).any() or left[0] <= 0:
        raise ValueError("survivors must start above 0, have at least two entries, and never rise")
    lost, k = -np.diff(left), np.arange(len(left) - 1)

    def minus(parameters: Floats) -> float:
        a, b = parameters
        chances = betaln(a + 1.0, b + k) - betaln(a, b)
        stays = betaln(a, b + len(k)) - betaln(a, b)
        return -float(lost @ chances + left[-1] * stays)

    (a, b), best = _fitted(minus, [1.0, 1.0], "the sBG")
    return SBG(float(a), float(b), best)


@dataclass(frozen=True)
class GammaGamma:
    """The gamma-gamma model's parameters; `gamma` is in money."""

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")

    def expected(self, frequency: ArrayLike, mean_value: ArrayLike) -> Floats:
        """Expected value of one further purchase of each customer, (n,): their own mean, shrunk to everybody's."""
        x, m = _columns(frequency=frequency, mean_value=mean_value)
        out: Floats = (self.gamma + m * x) * self.p / (self.p * x + self.q - 1.0)
        return out


def fit_gamma_gamma(frequency: ArrayLike, mean_value: ArrayLike) -> GammaGamma:
    """Maximum likelihood of the gamma-gamma model. ValueError without a customer that has purchases of some value.

    Args:
        frequency: purchases behind each mean, (n,).
        mean_value: mean money of a customer's purchases, (n,). Customers without purchases or value are left out.
    """
    x, m = _columns(frequency=frequency, mean_value=mean_value)
    use = (x > 0) & (m > 0)
    x, m = x[use], m[use]
    if len(x) == 0:
        raise ValueError("no customer has purchases of a value above 0")
    scale = float(m.mean())
    m = m / scale

    def minus(parameters: Floats) -> float:
        p, q, gamma = parameters
        parts = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
            + (p * x - 1.0) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(gamma + m * x)
        )  # fmt: skip
        return -float(parts.sum())

    (p, q, gamma), best = _fitted(minus, [2.0, 3.0, 1.0], "the gamma-gamma model")
    return GammaGamma(float(p), float(q), float(gamma * scale), best - len(x) * float(np.log(scale)))


def lifetime_value(
    model: BGNBD,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    margin: ArrayLike,
    *,
    periods: int,
    discount: float,
) -> Floats:
    """Discounted margin of each customer in the `periods` units of time to come, (n,), in money.

    Args:
        model: a fitted BG/NBD.
        frequency: repeat purchases, (n,).
        recency: time from the first purchase to the last, (n,).
        age: time since the first purchase, (n,).
        margin: expected margin of one purchase, (n,) or one number (`GammaGamma.expected`).
        periods: units of time looked ahead.
        discount: rate per unit of time; a purchase counts as made at the end of its unit.
    """
    upto = np.stack([model.expected(float(k), frequency, recency, age) for k in range(1, periods + 1)])
    each = np.diff(upto, axis=0, prepend=0.0)
    weights = (1.0 + discount) ** -np.arange(1, periods + 1, dtype=np.float64)
    out: Floats = (weights @ each) * np.asarray(margin, dtype=np.float64)
    return out


def survivors(tenure: ArrayLike, ended: ArrayLike, period: float, periods: int) -> Floats:
    """Survivors of 1000 after 0, 1, ..., `periods` periods, (periods + 1,), by the product limit (Kaplan & Meier 1958).

    Args:
        tenure: time from the first purchase to the end of the relation, or of observation, (n,).
        ended: 1 where the relation ended, 0 where only observation did, (n,).
        period: length of a period, in the unit of `tenure`.
        periods: how many.
    """
    time, gone = _columns(tenure=tenure, ended=ended)
    moments, lost = np.unique(time[gone > 0], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), moments)
    left = np.cumprod(1.0 - lost / at_risk)
    upto = np.searchsorted(moments, np.arange(periods + 1) * period, side="left")
    out: Floats = 1000.0 * np.concatenate([[1.0], left])[upto]
    return out


def retention_by_tenure(tenure: ArrayLike, ended: ArrayLike, period: float, periods: int) -> list[dict[str, Any]]:
    """Retention in the k-th period after the first purchase: rows `tenure` (k), `at_risk`, `retention` (None: nobody).

    Arguments as in `survivors`. Retention that rises with k while every customer's own hazard is constant is the mark
    of heterogeneity: those likely to go have gone (Fader & Hardie 2007).
    """
    left = survivors(tenure, ended, period, periods)
    time = np.asarray(tenure, dtype=np.float64)
    out: list[dict[str, Any]] = []
    for k in range(1, periods + 1):
        risk = int((time >= (k - 1) * period).sum())
        out.append(
            {"tenure": k, "at_risk": risk, "retention": float(left[k] / left[k - 1]) if risk and left[k - 1] else None}
        )
    return out
