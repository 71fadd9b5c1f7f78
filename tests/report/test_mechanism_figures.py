"""Figures of mechanisms over time, through a festival and by stage of life, from small runs of bundled scenarios."""

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
from agorasim.report.figures.base import NARROW, WIDE
from agorasim.report.figures.trends import has

SMALL = {
    "mother_baby_stages": {"population.size": 250, "calendar.days": 40, "calendar.warmup": 6},
    "electronics_double11": {"population.size": 400, "calendar.days": 60, "calendar.warmup": 10},
}
FIGURES = {
    "mother_baby_stages": ["stages", "private_domain", "over_marketing", "data", "loyalty", "voice", "prices"],
    "electronics_double11": ["festival", "voice", "prices", "operations"],
}


@pytest.mark.parametrize("name", SMALL)
def test_figures_of_mechanisms_tell_what_happened(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agorasim.report.page.makers", lambda: ())  # the other figures have tests of their own
    out = tmp_path / "run"
    run_replications(Scenario.load(name).with_overrides(SMALL[name]), replications=2, out=out, progress=False)
    text = write_report(out).read_text(encoding="utf-8")
    data = ReportData(Results.load(out))
    made = {m.name: found for m in mechanism_makers(data.scenario) if (found := m.make(data)) is not None}
    assert [figure for figure in FIGURES[name] if figure not in made] == []
    for figure, picture in made.items():
        assert f'id="{figure}"' in text and html.escape(picture.reading) in text
        assert "nan" not in picture.reading and len(picture.table)
        with style.drawing():
            assert all(style.png(picture.draw(space), 60).startswith(b"\x89PNG") for space in (WIDE, NARROW))
    assert "Cost of rewards" in text or name != "mother_baby_stages"


def test_orders_by_stage_of_life_add_up(tmp_path: Path) -> None:
    scenario = Scenario.load("mother_baby_stages").with_overrides(SMALL["mother_baby_stages"])
    run_replications(scenario, replications=1, out=tmp_path / "run", progress=False)
    results = Results.load(tmp_path / "run")
    stages = results.life_stages()
    totals = results.frame("kpis", metrics=["orders", "revenue"], daily=False).set_index("brand")
    assert stages.groupby("brand")["orders"].sum().to_dict() == totals["orders"].to_dict()
    assert stages.groupby("brand")["revenue"].sum().to_dict() == pytest.approx(totals["revenue"].to_dict())
    assert stages.groupby("brand")["people"].sum().to_dict() == pytest.approx(dict.fromkeys(totals.index, 250.0))
    assert stages["awareness"].dropna().between(0.0, 1.0).all()


def test_keys_are_looked_up_under_any_name() -> None:
    scenario = {"brands": {"a": {"coupons": {}}, "b": {"sells": {"site": {"delay": {"risk": 0.1}}}}}, "places": {}}
    assert has(scenario, "brands.*.sells.*.delay")
    assert not has(scenario, "brands.*.coupons") and not has(scenario, "places.*.queue") and not has(scenario, "x.y")
