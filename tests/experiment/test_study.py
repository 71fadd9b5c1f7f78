"""Studies: differences are paired, factors get what is theirs, precision stops, mistakes are told with their line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_lab import execution, scenario

from agorasim.errors import InputError
from agorasim.experiment.anova import anova, clear_terms
from agorasim.experiment.designs import fractional_factorial, full_factorial, grid, latin_hypercube, one_at_a_time
from agorasim.experiment.factors import Factor
from agorasim.experiment.study import StopWhen, Study
from agorasim.experiment.study_file import load_study

PRICE, SEARCH, SIZE = "brands.lumo.product.price", "brands.lumo.policy.plan.search", "population.size"


def world(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
    """Profit is known: 100 + 2 price + search / 10 + price search / 100, with a common shock and a small own one."""
    price, search = moved.get(PRICE, 10.0), moved.get(SEARCH, 50.0)
    own = np.random.default_rng([int(1000 * price), int(search), rng.integers(1 << 30)])
    shock = 50 * rng.standard_normal()
    profit = 100 + 2 * price + search / 10 + price * search / 100 + shock + 0.1 * own.standard_normal()
    return {("profit", "lumo"): profit, ("profit", "rivo"): 7.0, ("orders", "lumo"): 30.0, "needs": 500 + shock}


def study(design: Any, **more: Any) -> Study:
    return Study.of(scenario(), design, **{"measure": ["profit"], "replications": 8, **more})


def test_differences_are_paired_and_cover_the_truth() -> None:
    """The shock that all points of a replicate share leaves no trace in the differences."""
    found = study(grid([Factor.among(PRICE, [8, 12, 16])])).run(execution(world)).effects("difference", brand="lumo")
    assert list(found["channels"]) == ["price=12", "price=16", "price=8"]
    truth = {"price=8": -5.0, "price=12": 5.0, "price=16": 15.0}
    for row in found.itertuples():
        assert row.high - row.low < 1 < row.variance_reduction / 1000
        assert abs(row.estimate - truth[row.channels]) < 0.3
        assert (row.n_pairs, row.unit) == (8, "EUR")


def test_a_point_that_is_the_scenario_is_the_base() -> None:
    """It costs no worlds of its own, and the table of the design says so."""
    design = grid(
        [Factor.among(SEARCH, [25.0, 50.0]), Factor.among("brands.lumo.policy.plan.social", [1, 2], times=True)]
    )
    made = study(design, measure=["profit,lumo", "needs"]).run(execution(world))
    table = made.read("design")
    assert list(table["arm"])[2] == "base" and len(set(table["arm"])) == 4
    assert list(table[SEARCH]) == [25.0, 25.0, 50.0, 50.0]
    level = made.effects("level")
    assert len(level) == 4 * 2 and set(level["brand"]) == {"lumo", ""}


def test_factorial_effects_are_those_of_the_formula() -> None:
    design = full_factorial(
        [Factor.among(PRICE, [10, 20]), Factor.among(SEARCH, [0, 100]), Factor.among(SIZE, [100, 200])]
    )
    made = study(design, brand="lumo").run(execution(world))
    main = made.effects("main_effect").set_index("channels")["estimate"]
    # The mean of the other factor's levels enters: price 2 + 50 / 100 each, search 1 / 10 + 15 / 100 each.
    assert main[f"{PRICE}=20"] == pytest.approx(25, abs=0.2)
    assert main[f"{SEARCH}=100"] == pytest.approx(25, abs=0.2)
    assert main[f"{SIZE}=200"] == pytest.approx(0, abs=0.2)
    both = made.effects("factor_interaction").set_index("channels")
    assert both["estimate"]["+".join(sorted((PRICE, SEARCH)))] == pytest.approx(10, abs=0.3)
    for row in made.effects("factor_interaction").itertuples():
        assert row.low <= (10 if SIZE not in row.channels else 0) <= row.high
    table = made.read("anova").set_index("term")
    assert table.loc[PRICE, "p"] < 1e-9 < 0.01 < table.loc[SIZE, "p"]
    assert table["eta_squared"].sum() == pytest.approx(1, abs=0.01)
    assert (table["low"][:-1] <= table["eta_squared"][:-1]).all() and (table["high"][:-1] <= 1).all()


def test_anova_is_the_textbook_one() -> None:
    """Sums of squares add up, shares are those of the sums, and the F of a two-level factor is its t squared."""
    design = full_factorial([Factor.among("a.x", [0, 1]), Factor.among("a.y", [0, 1, 2])])
    rng = np.random.default_rng(0)
    y = rng.standard_normal((6, 5)) + 10 * rng.standard_normal(5) + np.repeat([0, 0.7], 3)[:, None]
    table = anova(design, y).set_index("term")
    within = ((y - y.mean(axis=0)) ** 2).sum()
    assert table["sum_sq"].sum() == pytest.approx(within)
    assert table["eta_squared"][:-1].to_numpy() == pytest.approx((table["sum_sq"][:-1] / within).to_numpy())
    assert list(table["df"]) == [1, 2, 2, (6 - 1) * (5 - 1)]
    effect = y[3:].mean() - y[:3].mean()
    t = effect / np.sqrt(table.loc["residual", "mean_sq"] * (2 / 15))
    assert table.loc["a.x", "F"] == pytest.approx(t**2)
    with pytest.raises(InputError, match="at least 2 replications"):
        anova(design, y[:, :1])
    with pytest.raises(InputError, match="lhs is none"):
        anova(latin_hypercube([Factor.between("a.x", 0, 1)], points=6), y)


def test_a_fraction_tells_apart_what_it_can() -> None:
    factors = [Factor.among(f"a.x{k}", [0, 1]) for k in range(5)]
    assert len(clear_terms(fractional_factorial(factors, resolution=5), 2)) == 15
    assert clear_terms(fractional_factorial(factors, resolution=3), 2)[:5] == [(0,), (1,), (2,), (3,), (4,)]


def test_stopping_at_a_precision() -> None:
    """Replicates are added until the differences are known well enough; otherwise that is said first."""

    def noisy(moved: dict[str, Any], rng: np.random.Generator) -> dict[Any, float]:
        return {"profit": moved.get(PRICE, 10.0) + (3 * rng.standard_normal() if PRICE in moved else 0)}

    design = one_at_a_time([Factor.among(PRICE, [12, 14])])
    made = study(design, brand="lumo", stop_when=StopWhen(precision=0.2)).run(execution(noisy))
    rows = made.effects("difference")
    half = (rows["high"] - rows["low"]) / 2
    assert made.notes[0].startswith("precision reached") and 20 <= rows["n_pairs"][0] < 200
    assert half.max() <= 0.2 * rows["estimate"].abs().max()
    stop = StopWhen(precision_abs=0.1, max_replications=22)
    made = study(design, brand="lumo", stop_when=stop).run(execution(noisy))
    assert made.notes[0].startswith("precision NOT reached") and "worlds more" in made.notes[0]
    assert set(made.effects("difference")["n_pairs"]) == {22}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"measure": ["proft"]}, "did you mean 'profit'?"),
        ({"measure": ["profit,lumu"]}, "did you mean 'lumo'?"),
        ({"measure": ["needs,lumo"]}, "not one of brands"),
        ({"measure": ["stock"]}, "by place alone"),
        ({"measure": []}, "nothing to measure"),
        ({"brand": "lum"}, "did you mean 'lumo'?"),
        ({"replications": 1}, "at least 2"),
        ({"stop_when": StopWhen(precision=0.1, max_replications=4)}, "at most 4 are allowed"),
        ({"stop_when": StopWhen(precision=0.1, metric="orders")}, "not among what is measured"),
        ({"stop_when": StopWhen()}, "needs precision"),
    ],
)
def test_what_cannot_be_studied_is_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        study(grid([Factor.between(PRICE, 1, 2)]), **more)
    assert said in str(caught.value)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from agorasim.experiment.execution import extra

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"needs optuna.*pip install 'agorasim\[optimize\]'"):
        extra("optuna", "optimize", "optimisation")
    # A factorial still runs without its analysis of variance, and says what is left out.
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    made = study(full_factorial([Factor.among(PRICE, [10, 20])]), brand="lumo").run(execution(world))
    assert any("agorasim[analysis]" in note for note in made.notes)
    assert len(made.effects("eta_squared")) == 0 and len(made.effects("main_effect")) == 1


def test_paths_of_this_file(tmp_path: Path) -> None:
    """The folder that was named is where the tables are."""
    made = study(grid([Factor.among(PRICE, [8, 12])])).run(execution(world, out=tmp_path / "out"))
    assert made.folder == tmp_path / "out" and (made.folder / "tables" / "design.parquet").is_file()


# --- files and command-line words -----------------------------------------------------------------------------------

GOOD = """\
scenario: coffee_o2o
set: {population.size: 200}
vary:
  brands.lumo.product.price: {low: 18, high: 24, steps: 3}
  media:
    levels: {none: {brands.lumo.policy.plan: {}}, today: {}}
design: grid
repeat: 4
measure: [profit, needs]
brand: lumo
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_file_says_all_of_it(tmp_path: Path) -> None:
    made = load_study(written(tmp_path, GOOD), changes={"calendar.days": 60})
    study = made.study
    assert (made.name, study.replications, [m.name for m in study.measures]) == ("prices", 4, ["profit,lumo", "needs"])
    assert (study.scenario.population.size, study.scenario.calendar.days) == (200, 60)
    assert [p.label for p in study.design.points][:2] == ["price=18, media=none", "price=18, media=today"]
    assert dict(study.arms()[1].overrides) == {PRICE: 18.0, "brands.lumo.policy.plan": {}}
    assert load_study(written(tmp_path, GOOD), replications=9).study.replications == 9


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("vary:", "vari:", ":3: vari: unknown key 'vari'; did you mean 'vary'?"),
        ("repeat: 4", "repeat: 1", ":8: repeat: out of range"),
        ("design: grid", "design: gird", ":7: design.kind: not a known value (got 'gird')"),
        ("design: grid", "design: {kind: grid, points: 9}", ":7: the design grid takes no 'points'"),
        ("design: grid", "design: {kind: sobol, points: one}", ":7: design.points: wrong type"),
        ("coffee_o2o", "coffee_o2p", ":1: scenario: no such scenario (got 'coffee_o2p'); did you mean 'coffee_o2o'?"),
        ("price:", "prise:", ":4: vary brands.lumo.product.prise=18.0: unknown key 'prise'; did you mean 'price'?"),
        ("high: 24", "high: 14", ":4: vary.'brands.lumo.product.price': low (18) is above high (14)"),
        ("low: 18, ", "", ":4: vary.'brands.lumo.product.price': a range needs both low and high"),
        ("{low: 18, high: 24, steps: 3}", "[18]", "one level varies nothing"),
        ("[profit, needs]", "[proft]", ":9: unknown metric 'proft'; did you mean 'profit'?"),
        ("brand: lumo", "brand: lumu", ":10: unknown brand 'lumu'; did you mean 'lumo'?"),
        ("population.size", "population.sise", ":2: set.'population.sise': unknown key 'sise'; did you mean 'size'?"),
        ("repeat: 4", "stop_when: {precision: 0}", ":8: stop_when.precision: out of range"),
        ("repeat: 4", "stop_when: {max_replications: 30}", ":8: stop_when needs precision"),
        ("repeat: 4", "repeat: 4\nrepeat: 5", ":9: repeat: duplicate key 'repeat'"),
    ],
)
def test_mistakes_in_a_study_file_have_a_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_study(path)
    assert said in str(caught.value)


def test_a_study_file_that_is_none(tmp_path: Path) -> None:
    for text, said in (("", "not a study"), ("- 1", "not a study (got a list of 1)"), ("a: [", "never closed")):
        with pytest.raises(InputError, match=re.escape(said)):
            load_study(written(tmp_path, text))
    with pytest.raises(InputError, match=r"did you mean .*prices\.yaml"):
        load_study(tmp_path / "price.yaml")


def test_words_of_vary() -> None:
    from agorasim.experiment.vary import parse_varies, parse_vary

    here = scenario()
    assert parse_vary(f"{PRICE}=8:12", here) == Factor.between(PRICE, 8, 12)
    assert parse_vary(f"{SIZE}=100:1000:4:log", here) == Factor.between(
        SIZE, 100, 1000, steps=4, scale="log", integer=True
    )
    assert parse_vary(f"{PRICE}=8,9.5,12", here) == Factor.among(PRICE, [8, 9.5, 12])
    assert parse_vary("a.b={x: 1},null", here).levels == ({"x": 1}, None)
    assert parse_vary(f"{SEARCH}*=0.5:2", here) == Factor.between(SEARCH, 0.5, 2, times=True)
    for text, said in (
        ("price", "expected PATH=LOW:HIGH"), (f"{PRICE}=", "expected PATH"), (f"{PRICE}=5", "one level varies nothing"),
        (f"{PRICE}=5:3", "low (5) is above high (3)"), (f"{PRICE}=5:5", "one level"), (f"{PRICE}=a:b", "two numbers"),
        (f"{PRICE}=1:2:3:4", "only a number of steps"), (f"{PRICE}=1:2:lin", "only a number of steps"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=re.escape(said)):
            parse_vary(text, here)
    with pytest.raises(InputError, match="varied twice"):
        parse_varies([f"{PRICE}=1:2", f"{PRICE}=3:4"], here)
