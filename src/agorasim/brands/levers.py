"""Levers in the settings of policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from agorasim.brands.view import BrandView

#: A lever by its dotted name, such as "loyalty.points_rate".
LeverName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$")]


def offered(view: BrandView, wanted: Mapping[str, float]) -> dict[str, float]:
    """Those of the wanted lever values that the brand's mechanisms offer, within their bounds."""
    out = {}
    for name, value in wanted.items():
        if name in view.levers:
            low, high = view.lever_bounds[name]
            out[name] = min(max(value, low), high)
    return out
