import json
import shutil

import cheap_worlds as worlds
import numpy as np
import pandas as pd
import pytest

from agorasim.effects import mean_interval
from agorasim.errors import InputError
from agorasim.experiment import Experiment, Results
from agorasim.measures import metrics

KEYS = ["brand", "touchpoint", "place", "segment", "region"]


@pytest.fixture(scope="module")
def results():
    return Experiment.replicate(worlds.scenario(), replications=4, seed=5).run(worker=worlds.good, progress=False)


@pytest.fixture(scope="module")
def truth():
    return pd.DataFrame([row for r in range(4) for row in worlds.rows(5, r)])


def at(frame, **keys):
    """Rows of exactly these keys, the others being empty."""
    for key in KEYS:
        frame = frame[frame[key] == keys.get(key, "")]
    return frame


def test_summary_agrees_with_arithmetic_by_hand(results, truth):
    summary = results.frame("summary")
    counted = truth[truth["day"] >= worlds.WARMUP]

    def check(metric, period, values, **keys):
        row = at(summary, **keys).query("metric == @metric and period == @period").squeeze()
        expected = mean_interval(np.array(values), 0.95)
        assert (row["estimate"], row["low"], row["high"]) == pytest.approx(
            (float(expected.estimate), float(expected.low), float(expected.high)), rel=1e-12
        )
        assert row["n"] == 4 and row["estimand"] == "mean"
        return row["unit"]

    revenue = at(counted, brand="lumo").groupby("replicate")["revenue"].sum()
    orders = at(counted, brand="lumo").groupby("replicate")["orders"].sum()
    assert check("revenue", "counted", revenue, brand="lumo") == "EUR"
    assert check("price_paid", "counted", revenue / orders, brand="lumo") == "EUR per order"
    shop = at(counted, brand="rivo", place="north")
    check("orders", "counted", shop.groupby("replicate")["orders"].sum(), brand="rivo", place="north")
    aware = at(counted, brand="lumo", segment="old").groupby("replicate")["awareness"].mean()
    check("awareness", "counted", aware, brand="lumo", segment="old")
    last = at(truth, brand="lumo").query("day == @worlds.DAYS - 1")
    check("awareness", "end", last["awareness"], brand="lumo")
    check("reach", "counted", at(counted, brand="lumo").groupby("replicate")["reach"].mean(), brand="lumo")
    check("needs", "counted", at(counted).groupby("replicate")["needs"].sum())


def test_a_single_replication_has_no_interval():
    one = Experiment.replicate(worlds.scenario(), replications=1).run(worker=worlds.good, progress=False)
    summary = one.frame("summary")
    assert summary["low"].isna().all() and summary["high"].isna().all() and summary["estimate"].notna().all()


@pytest.mark.parametrize("by", [None, "touchpoint", "place", "segment", "region"])
@pytest.mark.parametrize("brand", [None, "lumo"])
@pytest.mark.parametrize("daily", [True, False])
def test_a_frame_holds_one_level_and_every_row_of_it(results, truth, by, brand, daily):
    frame = results.frame("kpis", by=by, brand=brand, daily=daily, counted=False)
    rows = truth[truth["brand"] == brand] if brand else truth[truth["brand"] != ""]
    for key in KEYS[1:]:
        rows = rows[(rows[key] != "") == (key == by)]
    keys = ["replicate", "brand"] + ([by] if by else []) + (["day"] if daily else [])
    assert len(frame) == len(rows.groupby(keys)) and not frame.duplicated(keys).any()
    exists = [m for m in metrics.BASE if (by or "brand") in m.levels and "category" not in m.levels]
    assert set(frame.columns) == {*keys, *(m.name for m in exists)}
    for metric in exists:
        if metric.kind == "flow" and metric.additive and not metric.ratio:
            assert frame[metric.name].sum() == pytest.approx(rows[metric.name].sum())


def test_frames_leave_warm_up_out_unless_asked(results):
    assert results.frame("kpis")["day"].min() == worlds.WARMUP
    assert results.frame("kpis", counted=False)["day"].min() == 0


def test_ratios_come_from_sums(results):
    frame = results.frame("kpis", metrics=["conversion", "orders", "considered"], daily=False)
    assert list(frame.columns) == ["replicate", "brand", "conversion", "orders", "considered"]
    np.testing.assert_allclose(frame["conversion"], frame["orders"] / frame["considered"])


def test_the_category_stands_alone(results):
    frame = results.frame("kpis", brand="")
    assert set(frame.columns) == {"replicate", "day", "brand", "population", "needs"} and len(frame) == 4 * 9
    assert set(results.frame("kpis", brand="", by="segment")["segment"]) == {"old", "young"}
    with pytest.raises(InputError, match="ask for it alone"):
        results.frame("kpis", brand=["", "lumo"])


def test_headline_and_fan(results, truth):
    table = results.kpi_table()
    assert list(dict.fromkeys(table["brand"])) == ["rivo", "lumo"], "the scenario's order"
    assert list(table["metric"])[:3] == ["revenue", "profit", "orders"]
    assert (table["low"] <= table["estimate"]).all() and (table["estimate"] <= table["high"]).all()
    fan = results.fan("orders", "lumo", [0.25, 0.5])
    assert list(fan.columns) == ["brand", "day", "date", "mean", "q25", "q50", "n"] and len(fan) == worlds.DAYS
    orders = at(truth, brand="lumo").query("day == 2")["orders"]
    assert fan.loc[2, "q25"] == np.quantile(orders, 0.25) and fan.loc[2, "mean"] == orders.mean()
    assert str(fan.loc[2, "date"]) == "2026-01-03"
    assert len(results.fan("awareness")) == 2 * worlds.DAYS


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"table": "kpi"}, "did you mean 'kpis'"),
        ({"by": "touchpoints"}, "did you mean 'touchpoint'"),
        ({"brand": "lumen"}, "did you mean 'lumo'"),
        ({"metrics": ["revenu"]}, "did you mean 'revenue'"),
        ({"metrics": "spend", "by": "segment"}, "exists for brands, by brand, touchpoint"),
        ({"metrics": ["needs"]}, r"the category \(brand ''\)"),
    ],
)
def test_wrong_names_are_answered_with_the_nearest(results, wrong, words):
    with pytest.raises(InputError, match=words):
        results.frame(**wrong)


def test_the_scenario_comes_back(results):
    assert results.scenario == worlds.scenario(seed=5)
    assert results.manifest["scenario_hash"] and "2 of" not in repr(results)
    assert list(results.frame("network")["node"]) == [0, 1]


def test_folders_that_are_no_results(tmp_path, results):
    with pytest.raises(InputError, match="no results folder"):
        Results.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        Results.load(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(results.folder, copy)
    (copy / "tables" / "kpis.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(InputError, match=r"kpis\.parquet is damaged"):
        Results.load(copy)
    (copy / "manifest.json").write_text('{"format": ')
    with pytest.raises(InputError, match=r"manifest\.json is damaged"):
        Results.load(copy)


def test_a_manifest_that_lacks_something_is_damaged(tmp_path, results):
    copy = tmp_path / "copy"
    shutil.copytree(results.folder, copy)
    whole = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({k: v for k, v in whole.items() if k != "scenario"}))
    with pytest.raises(InputError, match=r"manifest\.json is damaged: 'scenario' is missing"):
        Results.load(copy)
    (copy / "manifest.json").write_text(json.dumps({**whole, "scenario": {"brands": {"<x>": 1}}}))
    with pytest.raises(InputError, match=r"manifest\.json is damaged: the scenario in it"):
        _ = Results.load(copy).scenario
