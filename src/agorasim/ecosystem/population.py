"""The people: segments, homes and traits, drawn once per replicate by inversion of keyed uniforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour.columns import TRAITS
from agorasim.ecosystem.descriptors import describe
from agorasim.randomness import HOME_REGION, HOME_X, HOME_Y, SEGMENT, TRAIT, stable_id, stream, uniforms

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
_SAME = 1e-6  # a coefficient of variation below this is none


class Population:
    """Columns of people: `need_rate`, `cell`, `consent`, `traits`, `segment` and `region` (N,), `use` (T, N)."""

    def __init__(self, scenario: Scenario, seed: int, replicate: int, size: int) -> None:
        self.now = stream(seed, replicate if scenario.social.redraw else 0)
        self.size = size
        self.segments = list(scenario.population.segments)
        self.regions = list(scenario.population.regions)
        self.segment = self._segments(scenario)
        self.region = self._regions(scenario)
        self.traits = np.zeros(size, dtype=TRAITS)
        self.cell = (self.segment * len(self.regions) + self.region).astype(np.int32)
        self._homes(scenario)
        self._traits(scenario)
        self.use = self._use(scenario)
        #: What describes people of segments that state it, (N,) by name.
        self.described: dict[str, NDArray[np.float64]] = describe(self, scenario)

    def _uniform(self, purpose: int, *name: str) -> NDArray[np.float64]:
        return uniforms(self.now, purpose, self.size, stable_id(*name))

    def _pick(self, purpose: int, kind: str, names: list[str], weights: Array) -> NDArray[np.int64]:
        """One of `names` for each consumer by Gumbel-max, weights (names,) or (names, N).

        Each name has its own draw, so that taking one away moves only those who had it.
        """
        best = np.full(self.size, -np.inf)
        out = np.zeros(self.size, dtype=np.int64)
        for k, name in enumerate(names):
            with np.errstate(divide="ignore"):
                score = np.log(weights[k]) - np.log(-np.log(self._uniform(purpose, kind, name)))
            better = score > best
            out[better] = k
            best = np.maximum(best, score)
        return out

    def _segments(self, scenario: Scenario) -> NDArray[np.int64]:
        shares = np.array([s.share for s in scenario.population.segments.values()])
        if len(shares) == 1:
            return np.zeros(self.size, dtype=np.int64)
        return self._pick(SEGMENT, "segment", self.segments, shares)

    def _regions(self, scenario: Scenario) -> NDArray[np.int64]:
        regions = scenario.population.regions
        own = {name: region.share for name, region in regions.items()}
        if len(regions) == 1:
            return np.zeros(self.size, dtype=np.int64)
        table = np.array(
            [
                [(segment.regions or own).get(name, 0.0) for segment in scenario.population.segments.values()]
                for name in regions
            ]
        )
        return self._pick(HOME_REGION, "region", self.regions, table[:, self.segment])

    def _homes(self, scenario: Scenario) -> None:
        regions = list(scenario.population.regions.values())
        radius = np.array([r.radius for r in regions])[self.region]
        far = radius * np.sqrt(self._uniform(HOME_X, "home"))
        angle = 2.0 * np.pi * self._uniform(HOME_Y, "home")
        self.traits["x"] = np.array([r.x for r in regions])[self.region] + far * np.cos(angle)
        self.traits["y"] = np.array([r.y for r in regions])[self.region] + far * np.sin(angle)

    def _traits(self, scenario: Scenario) -> None:
        segments = list(scenario.population.segments.values())

        def by_segment(field: str) -> NDArray[np.float64]:
            return np.array([float(getattr(s, field)) for s in segments])[self.segment]

        need = scenario.category.need
        rate = need.rate * by_segment("need")
        if need.shape is not None:
            rate = rate * gamma_of_mean_one(self._uniform(TRAIT, "need_rate"), need.shape)
        self.need_rate = rate.astype(np.float32)
        price = by_segment("price_sensitivity")
        for k, segment in enumerate(segments):
            if segment.price_sensitivity_cv > _SAME:
                here = self.segment == k
                spread = gamma_of_mean_one(
                    self._uniform(TRAIT, "price_sensitivity")[here], segment.price_sensitivity_cv**-2
                )
                price[here] *= spread
        self.traits["price"] = price
        self.traits["deal"] = by_segment("deal_proneness")
        self.traits["talk"] = by_segment("talk")
        self.traits["ear"] = by_segment("susceptibility")
        self.consent = (self._uniform(TRAIT, "consent") < by_segment("consent")).astype(np.uint8)
        word_of_mouth = scenario.social.word_of_mouth
        phi = word_of_mouth.phi if word_of_mouth else "uniform"
        self.traits["phi"] = self._uniform(TRAIT, "phi") if phi == "uniform" else phi

    def _use(self, scenario: Scenario) -> NDArray[np.float32]:
        touchpoints = scenario.touchpoints
        use = np.zeros((len(touchpoints), self.size), dtype=np.float32)
        segments = list(scenario.population.segments.values())
        for t, (name, touchpoint) in enumerate(touchpoints.items()):
            means = np.array([s.use.get(name, touchpoint.use) for s in segments])
            if touchpoint.spread == 0.0:
                use[t] = means[self.segment]
                continue
            u = self._uniform(TRAIT, "use", name)
            for k, mean in enumerate(means):
                here = self.segment == k
                use[t, here] = beta_of_mean(u[here], float(mean), touchpoint.spread)
        return use


def need_zero(rate: Array, factor: float) -> NDArray[np.float32]:
    """exp(-rate x factor), the chance of no need on a day."""
    return np.exp(-rate.astype(np.float64) * factor).astype(np.float32)


def gamma_of_mean_one(u: NDArray[np.float64], shape: float) -> NDArray[np.float64]:
    """Gamma quantiles with mean 1 and the given shape."""
    from scipy.special import gammaincinv

    out: NDArray[np.float64] = np.asarray(gammaincinv(shape, u) / shape, dtype=np.float64)
    return out


def beta_of_mean(u: NDArray[np.float64], mean: float, correlation: float) -> NDArray[np.float64]:
    """Beta quantiles with the given mean and intra-class correlation 1 / (a + b + 1), by a table of 1,025 points."""
    if mean <= 0.0 or mean >= 1.0:
        return np.full(len(u), mean)
    from scipy.special import betaincinv

    size = (1.0 - correlation) / correlation
    grid = np.linspace(0.0, 1.0, 1025)
    quantiles = betaincinv(mean * size, (1.0 - mean) * size, grid)
    return np.asarray(np.interp(u, grid, quantiles), dtype=np.float64)
