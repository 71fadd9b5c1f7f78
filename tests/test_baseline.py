"""The numbers of the bundled scenarios stay what they were, or the changelog says why they moved.

`python tests/test_baseline.py` writes the baseline anew; the same commit then says so under "Results change".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

BASELINE = Path(__file__).with_name("baseline.json")
SMALL = {"population.size": 600, "calendar.days": 60}
SCENARIOS = ("coffee_o2o", "durable_launch", "electronics_double11", "fashion_private_domain", "mother_baby_stages")
METRICS = ("orders", "lost_orders", "revenue", "profit", "new_customers", "impressions", "clicks", "considered",
           "recommendations", "complaints", "heard_good", "heard_bad", "awareness", "goodwill", "habit")  # fmt: skip


def totals(name: str) -> dict[str, dict[str, float]]:
    """Totals of each brand in a small world of a bundled scenario."""
    from agorasim import Ecosystem, Scenario

    model = Ecosystem(Scenario.load(name).with_overrides({**SMALL, "calendar.warmup": 0, "calendar.cooldown": 0}))
    model.run()
    return {brand: {metric: model.total(metric, brand) for metric in METRICS} for brand in model.brand_names}


def test_bundled_scenarios_give_the_numbers_they_gave() -> None:
    # Exact on one platform; another libm may flip a rare comparison, so that counts differ by a few.
    expected: dict[str, Any] = json.loads(BASELINE.read_text(encoding="utf-8"))
    for name, brands in expected.items():
        found = totals(name)
        for brand, metrics in brands.items():
            assert found[brand] == pytest.approx(metrics, rel=2e-3, abs=2e-3), f"{name}, {brand}: results changed"


if __name__ == "__main__":
    text = json.dumps({name: totals(name) for name in SCENARIOS}, indent=1)
    BASELINE.write_text(text + "\n", encoding="utf-8")
