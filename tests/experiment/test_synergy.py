"""Synergy: truth by hand on worlds of a formula, what is asked and refused, and stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import games
import numpy as np
import pytest

from agorasim import Experiment, Results, Scenario
from agorasim.errors import InputError, WorldsFailedError
from agorasim.experiment.answers import Answers


def ask(formula: games.Formula, channels: Any = ("search", "video", "store"), **options: Any) -> Answers:
    how = {k: options.pop(k) for k in list(options) if k in RUNNING}
    question = Experiment.synergy(options.pop("scenario", games.market()), "lumo", channels, **options)
    return question.run(worker=games.Maker(formula), progress=False, **how)


RUNNING = {"precision", "precision_abs", "replications", "max_replications", "out", "resume", "jobs"}


def estimates(answers: Answers, estimand: str, **which: Any) -> dict[str, float]:
    frame = answers.effects(estimand, metric=which.pop("metric", "profit"), brand="lumo", **which)
    return dict(zip(frame["channels"], frame["estimate"], strict=True))


def additive(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
    del heard
    return 50.0 * rng.normal() + 10.0 * on["search"] + 20.0 * on["video"] - 5.0 * on["store"]


def test_additive_channels_are_worth_what_they_add() -> None:
    found = ask(additive, replications=4)
    for estimand in ("shapley", "incremental"):
        assert estimates(found, estimand) == pytest.approx({"search": 10.0, "store": -5.0, "video": 20.0})
    assert estimates(found, "grand") == pytest.approx({"search+store+video": 25.0})
    assert all(abs(x) < 1e-9 for x in estimates(found, "shapley_interaction").values())
    rivals = found.effects("grand", metric="profit", brand="rivo")
    assert rivals["estimate"].item() == pytest.approx(-12.5)
    assert found.shapley()["share"].tolist() == pytest.approx([0.4, -0.2, 0.8])


def test_outcome_of_the_category_has_no_rows_by_month() -> None:
    found = ask(additive, outcome="needs", replications=3, curves=True)
    rows = found.frame("effects", metrics=["needs"])
    assert set(rows["brand"]) == {""} and set(rows["period"]) == {"counted"}
    assert rows[rows["estimand"] == "grand"]["estimate"].item() == 0.0
    assert set(found.effects("grand", metric="needs", by="segment")["segment"]) == {"young", "old"}


def test_outcome_that_is_undefined_without_channels_is_said_plainly() -> None:
    """Satisfaction of nobody: without both channels nobody buys, in the second formula but rarely."""

    def nobody(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        del heard, rng
        return 1.0 if any(on[c] for c in ("search", "store")) else np.nan

    found = ask(nobody, ("search", "store"), replications=3)
    assert found.words[0].startswith("What search and store add to lumo's profit cannot be told")
    assert any("is undefined in nearly every pair" in line for line in found.words)
    assert any("In 3 of the 3 pairs lumo's profit is undefined" in line for line in found.words)
    assert np.isnan(estimates(found, "grand")["search+store"]) and not np.isnan(
        estimates(found, "incremental")["store"]
    )

    def rarely(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        return nobody(on, heard, rng) if rng.random() < 0.8 else 1.0 + on["store"]

    found = ask(rarely, ("search", "store"), precision=0.1, max_replications=24)
    assert found.words[0].startswith("Precision NOT reached: half-widths unknown after 24 pairs")
    assert found.verdict["precision"]["half_width"] is None


def test_complements_and_substitutes() -> None:
    """Two channels that work only together share the gain and have all of it as interaction; of two that do the same,
    each takes half, and one is lost."""
    both = ask(lambda on, heard, rng: 100.0 * on["search"] * on["video"] + rng.normal(), replications=3)
    assert estimates(both, "shapley") == pytest.approx({"search": 50.0, "store": 0.0, "video": 50.0})
    for estimand in ("interaction_empty", "interaction_full", "shapley_interaction"):
        assert estimates(both, estimand)["search+video"] == pytest.approx(100.0)
    assert estimates(both, "dividend")["search+video"] == pytest.approx(100.0)
    assert estimates(both, "dividend")["search+store+video"] == pytest.approx(0.0)
    either = ask(lambda on, heard, rng: 60.0 * max(on["search"], on["video"]), replications=3)
    assert estimates(either, "shapley") == pytest.approx({"search": 30.0, "store": 0.0, "video": 30.0})
    assert estimates(either, "shapley_interaction")["search+video"] == pytest.approx(-60.0)
    assert estimates(either, "incremental")["search"] == 0.0


def test_word_of_mouth_is_held_apart() -> None:
    """People hear of search (30, if they also see it: 12 more); the store works by itself."""

    def talk(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        return rng.normal() + 7.0 * on["store"] + 5.0 * on["search"] + heard["search"] * (30.0 + 12.0 * on["search"])

    found = ask(talk, ("search", "store"), replications=3)
    assert estimates(found, "grand_direct") == pytest.approx({"search+store": 12.0})
    assert estimates(found, "grand_carried") == pytest.approx({"search+store": 42.0})
    assert estimates(found, "shapley_direct") == pytest.approx({"search": 5.0, "store": 7.0})
    assert estimates(found, "shapley_carried") == pytest.approx({"search": 42.0, "store": 0.0})
    assert estimates(found, "incremental_direct") == pytest.approx({"search": 5.0, "store": 7.0})
    carried = found.effects("incremental_carried", metric="profit", brand="lumo")
    assert carried[carried["channels"] == "store"][["estimate", "low", "high"]].to_numpy().tolist() == [[0.0] * 3]
    last = ask(talk, ("search", "store"), replications=3, split="last")
    assert estimates(last, "incremental_carried") == pytest.approx({"search": 42.0, "store": 0.0})
    assert estimates(last, "shapley_carried") == {}
    none = ask(talk, ("search", "store"), replications=3, split="none")
    assert estimates(none, "grand_carried") == {}
    assert len(none.arms) == 4 + 1  # and one with a little more for search


def test_what_changes_nothing_is_worth_exactly_nothing() -> None:
    """Zero with zero width, also beside channels that matter; when nothing differs at all, the answer says so."""
    idle = ask(additive, ("search", "social", "video"), replications=5, idle=True)
    for estimand in ("shapley", "incremental", "shapley_carried"):
        frame = idle.effects(estimand, metric="profit", brand="lumo")
        row = frame[frame["channels"] == "social"]
        assert row[["estimate", "low", "high"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]
    assert "social: worth exactly nothing" in idle.words[-1]
    nothing = ask(lambda on, heard, rng: rng.normal(), replications=3)
    assert nothing.words[0].startswith("No world differs")
    # A relative precision of no gain at all is reached at once, rather than never.
    assert ask(lambda on, heard, rng: rng.normal(), precision=0.1).verdict["precision"]["reached"] is True


def test_money_words() -> None:
    """Revenue is twice the profit of the formula, 100 are saved by each paid channel, and profit is after spend."""
    found = ask(additive, replications=4)
    roas, roi = (estimates(found, name, metric=m) for name, m in (("roas", "revenue"), ("roi", "contribution")))
    assert roas["search"] == pytest.approx(0.2) and roas["search+store+video"] == pytest.approx(50.0 / 200.0)
    assert roi["search"] == pytest.approx(0.1)
    assert np.isnan(roas["store"])
    assert estimates(found, "marginal_roas", metric="revenue") == pytest.approx({"search": 0.2, "video": 0.4})


def test_reallocation_is_a_contrast_of_its_own() -> None:
    found = ask(additive, replications=3, reallocate=True)
    assert estimates(found, "incremental_reallocated") == pytest.approx({"search": 10.0, "video": 20.0})
    assert found.arms.count("without search, reallocated") == 1
    assert any("only what each channel adds last" in line for line in found.words)
    with pytest.raises(InputError, match="of store, mail, none is a channel where lumo does nothing but buy media"):
        Experiment.synergy(games.market(), "lumo", ["store", "mail"], reallocate=True)


def test_curves() -> None:
    """Responses at five budgets, a surface of sixteen points, and a pulse followed by the day."""

    def saturating(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        return 40.0 * np.sqrt(on["search"]) + 10.0 * on["video"] + 3.0 * on["store"] + 2.0 * on["mail"]

    found = ask(saturating, ("video", "search", "store", "mail"), replications=3, curves=True, split="none")
    rows = found.effects("response", metric="profit")
    search = rows[rows["channels"] == "search"]
    assert search["at"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert search["estimate"].tolist() == pytest.approx([15.0 + 40.0 * np.sqrt(x) for x in (0.0, 0.5, 1.0, 1.5, 2.0)])
    assert set(rows["channels"]) == {"search", "video"}
    surface = found.effects("response_surface", metric="profit")
    assert len(surface) == 16 and "search@0.5+video@1.5" in set(surface["channels"])
    pulse = found.effects("carry_over", metric="profit")
    first = pulse[pulse["at"] == 0.0].set_index("channels")["estimate"]
    # An owned place is closed for its week; its curve, too, is with less without.
    assert first.to_dict() == pytest.approx(
        {"search": 40.0 * (np.sqrt(2.0) - 1.0), "video": 10.0, "store": 3.0, "mail": 2.0}
    )
    assert len(pulse) == 4 * 40


def test_parts_of_the_outcome() -> None:
    months = estimates(ask(additive, replications=3), "grand", period="2026-05")
    assert months["search+store+video"] == pytest.approx(12.5)
    by = ask(additive, replications=3, outcome="orders").effects("shapley", metric="orders", by="segment")
    assert set(by["segment"]) == {"young", "old"}


def test_many_channels_are_sampled() -> None:
    """Beyond ten channels orders of arrival are drawn; of channels that add up each order gives the truth."""
    names = [f"c{k:02d}" for k in range(11)]
    scenario = games.market(
        touchpoints={c: {"kind": "own_site"} for c in names},
        places={},
        brands={"lumo": {"owns": dict.fromkeys(names, 0.5)}},
    )

    def weighted(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        both = on.get("c01", 1.0) * on.get("c02", 1.0)
        return rng.normal() + sum(k * on.get(c, 1.0) for k, c in enumerate(names)) + 5.0 * both

    class Open(games.Bench):
        @staticmethod
        def _factors(arm: Any) -> dict[str, float]:
            return {channel: factor for change in arm.changes for channel, factor in change.scale}

    question = Experiment.synergy(scenario, "lumo", names, split="none")
    maker = lambda *args, **more: Open(weighted, *args, **more)  # noqa: E731
    found = question.run(worker=maker, replications=3, progress=False)
    shapley = estimates(found, "shapley")
    assert [shapley[c] for c in names[3:]] == pytest.approx(list(range(3, 11)))
    assert sum(shapley.values()) == pytest.approx(estimates(found, "grand")["+".join(names)])
    assert estimates(found, "interaction_full")["c01+c02"] == pytest.approx(5.0)
    assert any("too many for every combination" in line for line in found.words)
    assert 0 <= max(found.verdict["sampling"].values()) <= 1
    # Announced is the most that it can take.
    assert 3 * (question.worlds.count - 10) < found.manifest["worlds"]["asked"] <= 3 * question.worlds.count


# --- how precise ------------------------------------------------------------------------------------------------------


def noisy(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
    """Each channel's effect varies from replicate to replicate."""
    a, b = rng.normal(size=2)
    return (100.0 + 10.0 * a) * on["search"] + (50.0 + 10.0 * b) * on["video"]


def test_stops_as_soon_as_it_is_precise_enough() -> None:
    found = ask(noisy, ("search", "video"), precision=0.05)
    told = found.verdict["precision"]
    assert told["reached"] and told["relative"] <= 0.05
    assert found.words[0].startswith("Precision reached")
    n = len(found.replicates)
    assert n == told["pairs"] >= 20
    shapley = found.shapley()
    assert ((shapley["high"] - shapley["low"]) / 2 <= 0.05 * 150 * 1.1).all()
    # A finer one takes more, and so says a forecast that was not allowed to be.
    finer = ask(noisy, ("search", "video"), precision_abs=1.0, max_replications=22)
    told = finer.verdict["precision"]
    assert finer.words[0].startswith("Precision NOT reached") and "1.00 EUR asked for" in finer.words[0]
    assert told["pairs"] == 22 and told["more"]["pairs"] > 22
    assert told["more"]["worlds"] == (told["more"]["pairs"] - 22) * len(finer.arms)
    assert any("--max-replications" in line and "--resume" in line for line in finer.words)


def test_an_extended_experiment_is_the_same_as_a_longer_one(tmp_path: Path) -> None:
    """Fewer replications that are resumed, and more at once: the same bytes, and no world twice."""
    ask(noisy, replications=4, out=tmp_path / "a")
    maker = games.Maker(noisy)
    Experiment.synergy(games.market(), "lumo", ["search", "video", "store"]).run(
        worker=maker, replications=6, out=tmp_path / "a", resume=True, progress=False
    )
    assert len(maker.ran) == 2 * len(set(maker.ran))
    ask(noisy, replications=6, out=tmp_path / "b")
    for name in ("worlds", "effects"):
        a, b = (tmp_path / x / "tables" / f"{name}.parquet" for x in "ab")
        assert a.read_bytes() == b.read_bytes()


def test_a_failed_world_takes_its_replication_along() -> None:
    def breaking(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        noise = rng.normal()
        if on["search"] == 0.0 and abs(noise - np.random.default_rng([3, 1]).normal()) < 1e-12:
            raise ZeroDivisionError("nobody left")
        return noise + 3.0 * on["video"] + on["search"]

    found = ask(breaking, ("search", "video"), replications=5)
    assert set(found.effects("shapley", metric="profit", brand="lumo")["n_pairs"]) == {4}
    assert any("failed" in note for note in found.notes)


def test_when_every_replication_fails_the_reason_is_said_and_kept(tmp_path: Path) -> None:
    def broken(on: dict[str, float], heard: dict[str, float], rng: np.random.Generator) -> float:
        raise ZeroDivisionError("nobody left")

    with pytest.raises(WorldsFailedError, match=r"no replication finished: .*ZeroDivisionError: nobody left \(see "):
        ask(broken, replications=2, out=tmp_path)
    assert list((tmp_path / "failures").iterdir())


def test_simultaneous_intervals_are_wider() -> None:
    how = {"replications": 5, "split": "none", "periods": "counted"}
    alone, together = (ask(noisy, ("search", "video"), simultaneous=s, **how).shapley() for s in (False, True))
    assert ((together["high"] - together["low"]) > (alone["high"] - alone["low"])).all()


# --- reading the folder -----------------------------------------------------------------------------------------------


def test_results_of_an_experiment(tmp_path: Path) -> None:
    out = tmp_path / "replicate=odd"
    ask(noisy, replications=3, out=out)
    found = Results.load(out)
    assert isinstance(found, Answers) and found.kind == "synergy" and found.outcome == "profit"
    by = found.frame("kpis", by="touchpoint")
    assert list(by.columns[:3]) == ["replicate", "brand", "touchpoint"] and len(by) == 3 * 2 * 6
    assert by["click_through"].tolist() == pytest.approx([1.0 / 3.0] * len(by))
    assert found.frame("kpis")["satisfaction"].eq(3.0).all() and len(found.frame("kpis")) == 6
    worlds = found.frame("worlds", brand="lumo", metrics="profit")
    assert len(worlds) == 3 * len(found.arms) and worlds["arm"].iloc[0] == "full"
    assert len(found.frame("worlds", arm="none", period="2026-05", brand="rivo")) == 3
    assert set(found.frame("effects", metrics="profit")["metric"]) == {"profit"}
    assert len(found.kpi_table()) and {"awareness", "profit"} <= set(found.kpi_table()["metric"])
    assert set(found.variance_reduction("profit")["estimand"]) == {"grand", "incremental"}
    for wrong in ({"table": "efects"}, {"arm": "ful"}, {"by": "place"}, {"by": "plase"}, {"metrics": "proft"}):
        with pytest.raises(InputError):
            found.frame(**{"table": "worlds", **wrong})
    with pytest.raises(InputError, match="keep totals per period"):
        found.fan("orders")


# --- what cannot be asked ---------------------------------------------------------------------------------------------

REFUSED = [
    ({"brand": "lumu"}, "did you mean 'lumo'"),
    ({"channels": ["serch", "store"]}, "did you mean 'search'"),
    ({"channels": ["search"]}, "at least 2, got 1.*also uses video, store, mail"),
    ({"channels": []}, "at least 2, got 0"),
    ({"channels": ["search", "search"]}, "named twice"),
    ({"channels": ["search", "social"]}, "zero budget: lumo spends nothing on 'social'.*policy.plan.social=AMOUNT"),
    ({"channels": ["search", "site"]}, "lumo does not run 'site'.*--allow-idle"),
    ({"outcome": "proft"}, "did you mean 'profit'"),
    ({"outcome": "stock"}, "known by place only"),
    ({"split": "shapely"}, "did you mean 'shapley'"),
    ({"decisions": "hold"}, "did you mean 'held'"),
    ({"precision": 0.0}, "--precision must be above 0"),
    ({"precision": 5.0}, "for 5 % write 0.05"),
    ({"precision_abs": -1.0}, "--precision-abs must be above 0"),
    ({"precision": 0.1, "replications": 30}, "give one of the two"),
    ({"precision": 0.1, "max_replications": 10}, "at least 20"),
    ({"max_replications": 100}, "bounds a precision"),
    ({"replications": 1}, "at least 2"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said"), REFUSED)
def test_impossible_requests_are_said_plainly(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    asked = {"brand": "lumo", "channels": ["search", "video"], **wrong}
    how = {k: asked.pop(k) for k in list(asked) if k in RUNNING}
    with pytest.raises(InputError, match=said):
        Experiment.synergy(games.market(), asked.pop("brand"), asked.pop("channels"), **asked).run(
            out=tmp_path / "out", progress=False, **how
        )
    assert not (tmp_path / "out").exists()


def test_no_money_at_all_is_zero_budget() -> None:
    scenario = games.market().with_overrides({"brands.lumo.budget": 0, "brands.lumo.policy.plan": {}})
    with pytest.raises(InputError, match="zero budget: lumo has no media money"):
        Experiment.synergy(scenario, "lumo", ["search", "store"])


# --- real worlds ------------------------------------------------------------------------------------------------------


def test_small_real_market() -> None:
    """The store matters, and without talk nothing is carried."""
    scenario = Scenario.load("coffee_o2o").with_overrides(
        {"population.size": 300, "calendar.days": 40, "calendar.warmup": 10, "social.word_of_mouth": None}
    )
    found = Experiment.synergy(scenario, "lumo", ["store", "search"], "orders").run(replications=4, progress=False)
    shapley = found.shapley().set_index("channel")
    assert shapley.loc["store", "low"] > 0.0
    assert (found.effects(["grand_carried", "shapley_carried", "incremental_carried"])["estimate"] == 0.0).all()
    grand = found.effects("grand", metric="orders", brand="lumo")["estimate"].item()
    assert shapley["estimate"].sum() == pytest.approx(grand, rel=1e-12)
