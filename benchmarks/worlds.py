"""The workloads as scenarios, sized for a number of consumers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agorasim.scenario import Scenario

TOP = Path(__file__).resolve().parents[1]
FILES = {
    "network_bass": TOP / "benchmarks/scenarios/network_bass.yaml",
    "plain": TOP / "benchmarks/scenarios/plain.yaml",
    "coffee": TOP / "scenarios/coffee_o2o.yaml",
    "everything": TOP / "benchmarks/scenarios/everything.yaml",
    "nothing": TOP / "benchmarks/scenarios/everything.yaml",
}
#: Keys that switch mechanisms on, by the part of the scenario that they stand in: "nothing" is "everything" without.
SWITCHES = {
    "calendar": ("shocks",),
    "population": ("life_stages",),
    "population.segments.*": ("age", "income", "household"),
    "social": ("reviews", "crisis", "statistics"),
    "category": (
        "modes", "over_marketing", "reference_prices", "price_fairness", "churn", "nps", "substitution",
    ),
    "places.*": ("queue", "replenish", "back_order", "pickup"),
    "brands.*": (
        "organisation", "data_platform", "personalisation", "private_domain", "referral", "seeding", "crisis",
        "pricing", "promotions", "price_protection", "coupons", "win_back", "loyalty", "returns", "unseen", "partners",
        "bridges", "bids",
    ),
    "data": ("privacy", "consent", "fairness", "funnel", "journeys"),
    "outcomes": ("footprint", "lifetime"),
}  # fmt: skip
GRAPHS = {
    "ws": {"kind": "watts_strogatz", "degree": 10, "rewire": 0.05},
    "ba": {"kind": "barabasi_albert", "links": 5},
}


def load(name: str, size: int, graph: str = "ws", **overrides: Any) -> Scenario:
    """A workload with `size` consumers and everything that is meant for all of them in proportion.

    `graph` (ws or ba) is the social graph of network_bass. `overrides` replace further settings, dots as "__".
    """
    from agorasim.scenario import Scenario

    scenario = Scenario.load(FILES[name])
    changes: dict[str, Any] = {"population.size": size, **_in_proportion(scenario, size / scenario.population.size)}
    if name == "network_bass":
        changes["social.layers.friends.generator"] = GRAPHS[graph]
    if name == "nothing":
        scenario = _without_mechanisms(scenario)
    changes.update({key.replace("__", "."): value for key, value in overrides.items()})
    return scenario.with_overrides(changes)


def _without_mechanisms(scenario: Scenario) -> Scenario:
    """The same market with every switch of a mechanism left out."""
    from agorasim.scenario import Scenario as Model

    data = scenario.model_dump(mode="python", exclude_unset=True)
    for where, keys in SWITCHES.items():
        parts: list[dict[str, Any]] = [data]
        for name in where.split("."):
            if name == "*":
                parts = [inner for part in parts for inner in part.values()]
            else:
                parts = [part[name] for part in parts if name in part]
        for part in parts:
            for key in keys:
                part.pop(key, None)
    data["places"] = {name: place for name, place in data["places"].items() if not place.pop("showroom", False)}
    for place in data["places"].values():
        place.pop("open_share", None)
    for brand in data["brands"].values():
        for sells in brand.get("sells", {}).values():
            sells.pop("delay", None)
    data["calendar"]["festivals"] = {}
    return Model.from_dict(data)


def _in_proportion(scenario: Scenario, factor: float) -> dict[str, Any]:
    """Money, stock and room, multiplied."""
    out: dict[str, Any] = {}
    for name, brand in scenario.brands.items():
        out[f"brands.{name}.budget"] = brand.budget * factor
        for touchpoint, spend in (brand.policy.model_extra or {}).get("plan", {}).items():
            out[f"brands.{name}.policy.plan.{touchpoint}"] = spend * factor
        for touchpoint, cost in brand.fixed_costs.items():
            out[f"brands.{name}.fixed_costs.{touchpoint}"] = cost * factor
    for name, place in scenario.places.items():
        for what in ("stock", "capacity"):
            if (amount := getattr(place, what)) is not None:
                out[f"places.{name}.{what}"] = max(1, round(amount * factor))
    for name, touchpoint in scenario.touchpoints.items():
        if touchpoint.capacity is not None:
            out[f"touchpoints.{name}.capacity"] = touchpoint.capacity * factor
    return out
