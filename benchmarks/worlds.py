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
}
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
    changes.update({key.replace("__", "."): value for key, value in overrides.items()})
    return scenario.with_overrides(changes)


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
