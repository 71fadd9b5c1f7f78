"""What optimiser and calibration promise, held against real worlds that are small enough to know the answer."""

from __future__ import annotations

import numpy as np
import pytest

from agorasim.experiment.calibrate import Calibration
from agorasim.experiment.execution import Execution, Measure
from agorasim.experiment.factors import Factor
from agorasim.experiment.optimise import Optimisation
from agorasim.experiment.plans import TODAY
from agorasim.experiment.targets import Target
from agorasim.scenario.schema import Scenario


def coffee(**more: object) -> Scenario:
    small = {"population.size": 250, "calendar.days": 36, "calendar.warmup": 6}
    return Scenario.load("coffee_o2o").with_overrides({**small, **more})


@pytest.mark.slow
def test_the_optimiser_is_within_one_percent_of_a_dense_grid() -> None:
    """Two channels, an optimum inside: judged on replicates that neither the search nor the report has seen."""
    world = coffee(
        **{"brands.lumo.budget": 200.0, "brands.lumo.policy.plan": {"social": 5.0, "short_video": 5.0},
           "brands.lumo.fixed_costs": {}, "brands.lumo.initial": {"awareness": 0.05},
           "touchpoints.social.awareness": 0.06, "touchpoints.short_video.awareness": 0.06}
    )  # fmt: skip
    question = Optimisation.of(world, "lumo", ["social", "short_video"], 60.0, trials=12, replications=10)
    found = question.run(Execution(progress=False))
    best = found.read("plan")["best"].to_numpy()
    grid = [np.array([a, b]) for a in (3.0, 6.0, 9.0, 13.0, 18.0) for b in (2.0, 5.0, 8.0, 12.0, 17.0)]
    arms = list(dict.fromkeys([question.plans.arm(plan) for plan in [best, *grid]]))
    unseen = range(1000, 1010)
    with Execution(progress=False).open(world, "grid", {}) as lab:
        lab.run([TODAY, *arms], unseen)
        today, mine, *others = Measure("profit", "lumo").read(lab, [TODAY, *arms], unseen).mean(axis=1)
    assert mine > 0.99 * max(others) and mine > today
    rows = found.effects("marginal_return").set_index("channels")
    for channel in ("social", "short_video"):
        assert rows.loc[channel, "low"] <= 1 <= rows.loc[channel, "high"]
        assert any(note.startswith(f"{channel}: inside") and "as it must be" in note for note in found.notes)


@pytest.mark.slow
def test_planted_parameters_of_a_market_are_recovered() -> None:
    """Targets come from the same market under another seed, off by their own standard errors."""
    planted = {"category.need.rate": 0.22, "category.choice.price": 3.0}
    world = coffee(**{"population.size": 200, "calendar.days": 24, "calendar.warmup": 4})
    names = ("needs", "orders,lumo", "orders,rivo")
    with Execution(progress=False, seed=99).open(world.with_overrides(planted), "truth", {}) as lab:
        lab.run([TODAY], range(20))
        targets = []
        for name in names:
            metric, _, brand = name.partition(",")
            values = Measure(metric, brand).read(lab, [TODAY], range(20))[0]
            error = float(values.std(ddof=1) / np.sqrt(20))
            targets.append(Target(Measure(metric, brand), float(values.mean()), error))
    factors = [Factor.between("category.need.rate", 0.1, 0.5), Factor.between("category.choice.price", 1.0, 5.0)]
    question = Calibration.of(world, factors, targets, waves=2, trials=4, replications=8)
    rows = question.run(Execution(progress=False)).effects("parameter").set_index("channels")
    for path, value in planted.items():
        assert rows.loc[path, "low"] <= value <= rows.loc[path, "high"]
    assert rows.loc["category.need.rate", "high"] - rows.loc["category.need.rate", "low"] < 0.15
    assert rows.loc["category.choice.price", "high"] - rows.loc["category.choice.price", "low"] < 3.0
