"""The figures of the report, in reading order; each maker returns None when a run has nothing to show there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from agorasim.report.figures.base import Picture


class Maker(NamedTuple):
    """How a figure comes about."""

    name: str
    """File name without ending, and anchor on the page."""
    heading: str
    without: str
    """Why a run may have nothing to show here."""
    make: Callable[[Any], Picture | None]
    """From what the page reads (`ReportData` or `EffectsData`) to the picture, None where there is nothing."""


def makers() -> tuple[Maker, ...]:
    """Every figure, in reading order."""
    from agorasim.report.figures import fans, funnel, network, places, spend, talk

    return (
        Maker("orders", "Sales over time", "no orders were recorded", fans.orders),
        Maker("places", "Where people buy", "nobody bought in the counted days", places.places),
        Maker("profit", "Spend and return", "profit was not recorded", spend.profit),
        Maker("awareness", "Awareness over time", "awareness was not recorded", fans.awareness),
        Maker("funnel_brands", "From known to bought", "no needs arose in the counted days", funnel.brand_funnel),
        Maker("customers", "Customers won", "customers were not recorded", fans.customers),
        Maker("funnel_touchpoints", "Touchpoints", "nobody met a brand in the counted days", funnel.touchpoint_funnel),
        Maker("spend", "Media spend", "no brand spent money on media in the counted days", spend.spend),
        Maker("word_of_mouth", "Word of mouth", "nobody talked, or word of mouth is off", talk.word_of_mouth),
        Maker("network", "The social graph", "the run kept no sample of the social graph", network.network),
    )


def mechanism_makers(scenario: Mapping[str, Any]) -> tuple[Maker, ...]:
    """Figures that only some mechanisms give anything to show: those of the mechanisms that a scenario has on."""
    from agorasim.report.figures import fairness, festival, paths, stages, trends, visits

    data = scenario.get("data", {})
    found = []
    if festival.wanted(scenario):
        found.append(
            Maker("festival", "Through the festival", "no festival lies in the counted days", festival.festival)
        )
    if scenario.get("population", {}).get("life_stages") is not None:
        found.append(Maker("stages", "Stages of life", "nobody was in any stage", stages.stages))
    found += [
        Maker(theme.name, theme.heading, "nothing of it happened", partial(trends.trend, theme=theme))
        for theme in trends.themes(scenario)
    ]
    if data.get("funnel") is not None:
        found.append(Maker("visits", "Visits and carts", "nobody visited a brand", visits.visits))
    if data.get("journeys") is not None:
        found.append(Maker("paths", "Paths to purchase", "nobody in the log of touches ordered", paths.top_paths))
        found.append(
            Maker("path_flows", "Moves between touchpoints", "no logged order came after a step", paths.path_flows)
        )
    if data.get("fairness") is not None:
        found.append(Maker("fairness", "How alike segments are served", "there is one segment", fairness.fairness))
    return tuple(found)
