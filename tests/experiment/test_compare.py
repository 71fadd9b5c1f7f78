"""Comparisons of policies and variants: differences, names, and the choice of the best."""

from __future__ import annotations

import json
from typing import Any

import games
import numpy as np
import pytest

from agorasim import Experiment, Scenario
from agorasim.errors import InputError
from agorasim.experiment.answers import Answers
from agorasim.experiment.policies import parse_variants


class Bench(games.Bench):
    """Profit follows from the media plan of a policy and the price of a variant."""

    @staticmethod
    def _factors(arm: Any) -> dict[str, float]:
        out = {"search": 10.0, "price": 100.0}
        for change in arm.changes:
            out.update(json.loads(change.policy).get("plan", {}))
        for path, value in arm.overrides:
            if path == "brands.lumo.product.price":
                out["price"] = value
        return out


def profit(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
    shared, own = rng.normal(size=2)
    return 100.0 * shared + on["search"] * (1.0 + 0.1 * own) + on["price"]


def compare(replications: int | None = 5, **options: Any) -> Answers:
    how = {k: options.pop(k) for k in ("precision", "max_replications", "out") if k in options}
    question = Experiment.compare(games.market(), "lumo", **options)
    return question.run(
        worker=lambda *a, **more: Bench(profit, *a, **more), progress=False, replications=replications, **how
    )


def differences(answers: Answers, metric: str = "profit") -> dict[str, float]:
    frame = answers.differences(metric)
    return dict(zip(frame["channels"], frame["estimate"], strict=True))


def test_policies_differ_by_what_they_do() -> None:
    """Settings are kept where they are not given; every metric has a row; rivals too."""
    found = compare(policies=["fixed_plan", "fixed_plan:plan.search=30", "fixed_plan:plan={search: 0, video: 5}"])
    assert found.arms == ["fixed_plan", "fixed_plan:plan.search=30", "fixed_plan:plan={search: 0, video: 5}"]
    got = differences(found)
    assert got["fixed_plan:plan.search=30"] == pytest.approx(20.0, abs=4.0)
    assert got["fixed_plan:plan={search: 0, video: 5}"] == pytest.approx(-10.0, abs=2.0)
    settings = [json.loads(arm["changes"][0]["policy"]) for arm in found.manifest["arms"].values()]
    assert settings[1]["plan"] == {"search": 30, "video": 20.0}
    assert all(arm["decisions"] == "react" for arm in found.manifest["arms"].values())
    assert {"orders", "awareness", "satisfaction"} <= set(found.effects("difference", brand="lumo")["metric"])
    assert len(found.effects("difference", brand="rivo", metric="profit")) == 2
    assert len(found.frame("kpis", by="touchpoint"))
    assert "Against fixed_plan, lumo's profit is" in found.words[0]


def test_variants_differ_from_the_scenario_as_it_is() -> None:
    found = compare(
        variants={"cheap": {"brands.lumo.product.price": 60.0}, "same": {"brands.lumo.organic_search": 0.0}}
    )
    assert found.arms == ["as is", "cheap", "same"]
    assert differences(found) == {"cheap": -40.0, "same": 0.0}
    assert "exactly the same with same; exactly 40.0 EUR lower with cheap" in found.words[0]
    nothing = compare(variants={"same": {"brands.lumo.organic_search": 0.0}})
    assert nothing.words[0].startswith("No world differs from as is")


def test_best_is_chosen_with_its_probability() -> None:
    policies = {"now": "fixed_plan", "more": "fixed_plan:plan.search=40", "less": "fixed_plan:plan.search=5"}
    found = compare(None, policies=policies, delta=10.0)
    chosen = found.verdict["selection"]
    assert chosen["best"] == "more" and chosen["decided"] and chosen["probability"] == 0.95
    assert any(line.startswith("Best: more, after") and "95%" in line for line in found.words)
    close = compare(5, policies=policies, delta=0.01)
    assert close.verdict["selection"]["decided"] is False
    assert any("not decided after 5 pairs; more leads" in line and "--max-replications" in line for line in close.words)


def test_comparison_stops_when_it_is_precise() -> None:
    found = compare(None, policies=["fixed_plan", "fixed_plan:plan.search=40"], precision=0.2, max_replications=30)
    assert found.verdict["precision"]["reached"] and found.words[0].startswith("Precision reached")
    assert "of the largest difference" in found.words[0]


REFUSED = [
    ({}, "give two policies or more, or some variants"),
    ({"policies": ["fixed_plan"]}, "name at least two"),
    ({"policies": ["fixed_plan", "fixed_plam"]}, "did you mean 'fixed_plan'"),
    ({"policies": ["fixed_plan", "fixed_plan:paln.search=3"]}, "did you mean 'plan'"),
    ({"policies": ["fixed_plan", "fixed_plan:plan.serch=3"]}, "did you mean 'search'"),
    ({"policies": ["fixed_plan", "fixed_plan:plan.search"]}, "--policy fixed_plan:plan.search: .*expected PATH=VALUE"),
    ({"policies": ["fixed_plan", "fixed_plan"]}, "'fixed_plan' twice"),
    ({"policies": [{"plan": {}}, "fixed_plan"]}, "needs a name"),
    ({"variants": {"a": {}}}, "changes nothing"),
    ({"variants": {"a": {"seed": 4}}}, "share their random numbers"),
    ({"variants": {"as is": {"name": "x"}}}, "is the scenario itself"),
    ({"variants": {"a": {"brands.lumo.prodct.price": 3}}}, "did you mean 'product'"),
    ({"variants": {"a": {"seed": 4}}, "policies": ["fixed_plan", "x"]}, "of policies or of variants"),
    ({"variants": {"a": {"seed": 4}}, "decisions": "held"}, "held only when policies"),
    ({"variants": {"a": {"seed": 4}}, "delta": 0.0}, "above 0"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said"), REFUSED)
def test_impossible_comparisons_are_said_plainly(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=r"(?s)" + said):
        Experiment.compare(games.market(), "lumo", **wrong)


def test_variants_of_a_command_line() -> None:
    assert parse_variants(["a:x.y=1", "b:z=[1, 2]", "a:w=q"]) == {"a": {"x.y": 1, "w": "q"}, "b": {"z": [1, 2]}}
    for wrong in ("x.y=1", ":x=1", "a:x"):
        with pytest.raises(InputError, match="--variant"):
            parse_variants([wrong])


def test_real_policies_share_a_warm_up() -> None:
    """The scenario's own plan as a policy changes nothing; another one does, and is better or worse by the pair."""
    scenario = Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 300, "calendar.days": 40, "calendar.warmup": 10}
    )
    policies = ["fixed_plan", "fixed_plan:promotions=[]", "fixed_plan:plan.search=200"]
    found = Experiment.compare(scenario, "lumo", policies=policies).run(replications=3, progress=False)
    got = found.differences("spend").set_index("channels")["estimate"]
    # The promotion of June lies beyond these forty days.
    assert got["fixed_plan:promotions=[]"] == 0.0
    assert got["fixed_plan:plan.search=200"] > 0.0
