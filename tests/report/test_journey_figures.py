"""Figures of visits and paths, from a real run of the funnel's scenario."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from agorasim import Scenario
from agorasim.experiment.results import Results
from agorasim.experiment.runner import run_replications
from agorasim.report import style, write_report
from agorasim.report.data import ReportData
from agorasim.report.figures import mechanism_makers
from agorasim.report.figures.base import NARROW

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms" / "funnel.yaml"
SMALL = {"population.size": 250, "calendar.days": 25, "calendar.warmup": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("funnel") / "run"
    scenario = Scenario.load(FILE).with_overrides({**SMALL, "touchpoints.live.label": "直播 <b>$5_$</b>"})
    run_replications(scenario, replications=1, out=out, progress=False)
    return out


def test_figures_of_the_funnel_are_drawn_and_tell_what_their_tables_hold(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agorasim.report.page.makers", lambda: ())  # the other figures have tests of their own
    text = write_report(folder).read_text(encoding="utf-8")
    data = ReportData(Results.load(folder))
    made = {maker.name: maker.make(data) for maker in mechanism_makers(data.scenario)}
    assert list(made) == ["visits", "paths", "path_flows"]
    for name, picture in made.items():
        assert picture is not None
        assert f'id="{name}"' in text and html.escape(picture.reading) in text and "nan" not in picture.reading
        with style.drawing():
            assert style.png(picture.draw(NARROW), 60).startswith(b"\x89PNG")
    visits, paths, flows = (made[name].table for name in made)  # type: ignore[union-attr]
    assert (visits["bounces"] + visits["carting_visits"] <= visits["visits"]).all()
    log = data.journeys
    assert log is not None
    orders = log[log["event"] == "order"].groupby("brand")["count"].sum()
    assert paths.groupby("brand")["orders"].sum().to_dict() == orders.to_dict()
    assert ((flows.groupby("from")["share"].sum() - 1.0).abs() < 1e-9).all()


def test_without_the_mechanisms_there_are_no_such_figures() -> None:
    plain = Scenario.load(FILE).with_overrides({"data.funnel": None, "data.journeys": None})
    assert mechanism_makers(plain.to_dict()) == ()
