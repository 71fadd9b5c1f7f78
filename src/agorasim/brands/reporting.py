"""What becomes of true figures on the way to a brand's dashboard: multiplicative noise, the same in every arm.

A figure's noise belongs to (seed, replicate, day, observer, subject, figure), so that a report of day 5 reads the same
whenever it is looked at, and two worlds that share a seed share their measurement errors.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim._compile import kernel
from agorasim.randomness import REPORT, block, normal

#: Columns of a report: of a touchpoint, and of the brand as a whole (subject 0).
TOUCHPOINT_FIGURES: Final = ("impressions", "clicks", "attributed_orders", "attributed_revenue")
BRAND_FIGURES: Final = ("orders", "revenue", "lost_orders", "new_customers")
#: Column of a rival's total spend as the market monitor gives it (subject: the rival's id).
RIVAL_SPEND: Final = 0
FIGURES: Final = 4


@kernel
def _multiply(now: Any, brand: int, subjects: Any, sigma: float, values: Any, out: Any) -> None:
    for s in range(subjects.shape[0]):
        u = block(now, REPORT, np.int64(subjects[s]), brand)
        out[s, 0] = values[s, 0] * math.exp(sigma * normal(u[0]) - 0.5 * sigma * sigma)
        out[s, 1] = values[s, 1] * math.exp(sigma * normal(u[1]) - 0.5 * sigma * sigma)
        out[s, 2] = values[s, 2] * math.exp(sigma * normal(u[2]) - 0.5 * sigma * sigma)
        out[s, 3] = values[s, 3] * math.exp(sigma * normal(u[3]) - 0.5 * sigma * sigma)


def reported(
    values: NDArray[np.float64], cv: float, stream: NDArray[Any], *, brand: int, subjects: NDArray[np.uint32], day: int
) -> NDArray[np.float64]:
    """One day's true figures as a brand's reports show them, shape (subjects, 4), float64.

    Each figure is multiplied by its own lognormal factor with mean 1 and coefficient of variation `cv`
    (sigma**2 = log(1 + cv**2)); `cv` 0 gives an identical copy, and 0 stays 0.

    Args:
        values: true figures, shape (subjects, 4): a row a touchpoint, brand or rival, columns as `TOUCHPOINT_FIGURES`,
            `BRAND_FIGURES` or `RIVAL_SPEND` name them.
        cv: coefficient of variation, >= 0.
        stream: `randomness.stream(seed, replicate)`; left as it was.
        brand: stable id of the brand that reads the report.
        subjects: stable ids of what is reported on, shape (subjects,): touchpoints, rivals, 0 for the brand itself.
        day: the day that the figures are of.

    Raises:
        ValueError: `cv` negative or not finite, or shapes that do not fit.
    """
    if not (cv >= 0.0 and math.isfinite(cv)):
        raise ValueError(f"coefficient of variation must be finite and at least 0, got {cv}")
    if values.shape != (len(subjects), FIGURES):
        raise ValueError(f"values must have shape ({len(subjects)}, {FIGURES}), got {values.shape}")
    true = np.array(values, dtype=np.float64)
    if cv == 0.0:
        return true
    now = stream.copy()
    now["day"] = day
    out = np.empty_like(true)
    _multiply(now, brand, subjects, math.sqrt(math.log1p(cv * cv)), true, out)
    return out
