"""What stands where in a scenario file is of no account: names address draws and order what happens."""

from __future__ import annotations

from typing import Any

import pytest

from agorasim import Scenario
from agorasim.ecosystem import World


def reversed_keys(data: dict[str, Any], *paths: str) -> dict[str, Any]:
    out = dict(data)
    for path in paths:
        out[path] = dict(reversed(out[path].items()))
    return out


@pytest.mark.parametrize("section", ["touchpoints", "brands", "places"])
def test_the_order_of_keys_changes_nothing(section: str) -> None:
    scenario = Scenario.load("coffee_o2o").with_overrides({"population.size": 400, "calendar.days": 40})
    turned = Scenario.from_dict(reversed_keys(scenario.to_dict(), section))
    assert list(getattr(turned, section)) != list(getattr(scenario, section))
    one, other = World(scenario).run().tables()["kpis"], World(turned).run().tables()["kpis"]
    assert one.equals(other)
