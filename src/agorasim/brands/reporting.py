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

#: Which of a block's four numbers serves which figure: of a touchpoint, and of the brand as a whole (subject 0).
TOUCHPOINT_FIGURES: Final = {"impressions": 0, "clicks": 1, "attributed_orders": 2, "attributed_revenue": 3}
BRAND_FIGURES: Final = {"orders": 0, "revenue": 1, "lost_orders": 2, "new_customers": 3}
#: A rival's total spend as the market monitor gives it (subject: the rival's id).
RIVAL_SPEND: Final = 0


@kernel
def _multiply(now: Any, brand: int, subject: int, figure: int, first: int, sigma: float, values: Any, out: Any) -> None:
    for k in range(values.shape[0]):
        now["day"][0] = np.uint32(first + k)
        a, b, c, d = block(now, REPORT, subject, brand)
        u = a
        if figure == 1:
            u = b
        elif figure == 2:
            u = c
        elif figure == 3:
            u = d
        out[k] = values[k] * math.exp(sigma * normal(u) - 0.5 * sigma * sigma)


def reported(
    values: NDArray[Any],
    cv: float,
    stream: NDArray[Any],
    *,
    brand: int,
    subject: int = 0,
    figure: int = 0,
    first_day: int = 0,
) -> NDArray[np.float64]:
    """True daily figures as the brand's reports show them, shape (days,), float64.

    Each day's figure is multiplied by its own lognormal factor with mean 1 and coefficient of variation `cv`
    (sigma**2 = log(1 + cv**2)); `cv` 0 gives an identical copy, and 0 stays 0.

    Args:
        values: true figures, shape (days,); index 0 is `first_day`.
        cv: coefficient of variation, >= 0.
        stream: `randomness.stream(seed, replicate)`; its day is not used, and it is left as it was.
        brand: stable id of the brand that reads the report.
        subject: stable id of what is reported on: a touchpoint, a rival, or 0 for the brand as a whole.
        figure: 0 to 3, from `TOUCHPOINT_FIGURES`, `BRAND_FIGURES` or `RIVAL_SPEND`.
        first_day: day of the first value.

    Raises:
        ValueError: `cv` negative or not finite, `figure` not 0 to 3, or `values` not one-dimensional.
    """
    if not (cv >= 0.0 and math.isfinite(cv)):
        raise ValueError(f"coefficient of variation must be finite and at least 0, got {cv}")
    if figure not in (0, 1, 2, 3):
        raise ValueError(f"figure must be 0 to 3, got {figure}")
    true = np.array(values, dtype=np.float64)
    if true.ndim != 1:
        raise ValueError(f"values must have shape (days,), got {true.shape}")
    if cv == 0.0:
        return true
    out = np.empty_like(true)
    sigma = math.sqrt(math.log1p(cv * cv))
    _multiply(stream.copy(), brand, subject, figure, first_day, sigma, true, out)
    return out
