"""Checks of dated shocks and festivals against the rest of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import unknown

if TYPE_CHECKING:
    from agorasim.scenario.checks import Subject


def check_calendar(s: Subject) -> None:
    """Shocks name brands that exist, and only where they hit brands."""
    for name, shock in s.scenario.calendar.shocks.items():
        at = ("calendar", "shocks", name)
        for k, brand in enumerate(shock.brands):
            if brand not in s.names("brands") and s.listed("brands"):
                s.report((*at, "brands", k), unknown("brand", brand, s.names("brands")))
        ours = shock.cost_of_goods != 1.0 or shock.trust != 0.0 or not shock.deliveries or shock.capacity != 1.0
        everybody = shock.need != 1.0 or shock.media_price != 1.0
        if everybody and not ours and shock.brands and s.trusted(*at):
            s.report(
                (*at, "brands"),
                "names brands, but the shock has only needs and media prices, which are everybody's;"
                " expected one of: cost_of_goods, trust, deliveries, capacity",
            )
