"""Differentially private reports: Laplace noise on each reported figure, by what one person's day can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.reporting import BRAND_FIGURES, FIGURES
from agorasim.randomness import PURPOSES, block, stable_id
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.compliance import Privacy

Array = NDArray[Any]
Series = NDArray[np.float64]

FIGURE = PURPOSES.declare("data.privacy", 86)
#: Entity of the noise on the number of members, which is a figure of its own.
_MEMBERS = stable_id("members")


def laplace(u: Series, scale: Series) -> Series:
    """Laplace quantiles with mean 0, monotone in u: -scale sign(u - 1/2) ln(1 - 2 |u - 1/2|); shapes broadcast."""
    away = u - 0.5
    return np.asarray(-scale * np.sign(away) * np.log1p(-2.0 * np.abs(away)), dtype=np.float64)


def sensitivities(scenario: Scenario, brand: str) -> Series:
    """Most that one person's day adds to each reported figure of a brand, shape (touchpoints + 1 + brands, 4).

    Rows are touchpoints, then the brand, then all brands' media money, which tells of no person (0). Nobody's
    contributions need cutting: the bounds hold by construction, for money up to the scenario's dearest price.
    """
    own = scenario.brands[brand]
    orders = 1.0 if scenario.category.kind == "durable" else float(scenario.category.need.most)
    money = orders * dearest(scenario, brand)
    rows = []
    for name, touchpoint in scenario.touchpoints.items():
        kind, owned = KINDS[touchpoint.kind], name in own.owns
        posts = owned and kind.members_only and not kind.visits
        shown = (touchpoint.cap if kind.buys_media else 0) + (touchpoint.cap if posts else int(owned))
        ways = int(kind.buys_media) + int(owned)
        rows.append([float(shown), float(ways), orders, money])
    of_brand = {"orders": orders, "revenue": money, "lost_orders": orders, "new_customers": 1.0}
    rows.append([of_brand[figure] for figure in BRAND_FIGURES])
    rows += [[0.0] * FIGURES for _ in scenario.brands]
    return np.array(rows)


def dearest(scenario: Scenario, brand: str) -> float:
    """The largest amount an order can cost anywhere at the scenario's list price, in its currency."""
    own = scenario.brands[brand]
    prices = [own.product.price * s.price_factor + s.delivery_fee for s in own.sells.values()]
    prices += [own.product.price * p.price_factor for p in scenario.places.values() if p.brand == brand]
    return max(prices, default=own.product.price)


class PrivateFigures:
    """Noise on the figures of one brand's reports.

    Args:
        scenario: the scenario, whose `data.privacy` is there.
        brand: the brand's name.
        subjects: stable ids of what is reported on, in the order of `sensitivities`.
        stream: `randomness.stream(seed, replicate)`; left as it was.
        factor: how many times larger the population is than the scenario's: figures are told in the scenario's scale.
    """

    def __init__(
        self, privacy: Privacy, scenario: Scenario, brand: str, subjects: Array, stream: Array, factor: float
    ) -> None:
        self._id = stable_id("brand", brand)
        self._subjects = subjects
        self._stream = stream
        self._floor = privacy.floor
        #: Scale of the noise by subject and figure, in the scenario's scale.
        self.scale = sensitivities(scenario, brand) / (privacy.epsilon * factor)
        self._one = 1.0 / (privacy.epsilon * factor)

    def told(self, values: Series, day: int) -> Series:
        """A day's figures (subjects, 4) with their noise; the same whenever they are asked for."""
        noisy = values + laplace(self._uniforms(day), self.scale)
        private = self.scale > 0.0
        return np.where(private & self._floor, np.maximum(noisy, 0.0), np.where(private, noisy, values))

    def members(self, count: float, day: int) -> float:
        """The number of members as told on a day."""
        u = np.array(block(self._at(day), FIGURE, _MEMBERS, self._id)[0])
        noisy = float(count + laplace(u, np.array(self._one)))
        return max(0.0, noisy) if self._floor else noisy

    def _uniforms(self, day: int) -> Series:
        at = self._at(day)
        return np.array([block(at, FIGURE, int(subject), self._id) for subject in self._subjects])

    def _at(self, day: int) -> Array:
        now = self._stream.copy()
        now["day"] = day
        return now
