"""The page holds everything, says how much and how sure, survives ugly input, and looks the same every time."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from agorasim.errors import InputError
from agorasim.experiment import Results
from agorasim.report import style, words, write_report
from agorasim.report.data import ReportData
from agorasim.report.figures import makers
from agorasim.report.figures.base import WIDE, date_ticks
from agorasim.report.figures.fans import moving_mean, orders
from agorasim.report.figures.layout import spread_out

Make = Callable[..., Path]
Data = Callable[..., dict[str, Any]]
Check = Callable[[str], bool]


@pytest.fixture(scope="module")
def plain(make_results: Make, scenario_data: Data) -> Path:
    folder = make_results(scenario_data(days=40), replications=6)
    before = dict(matplotlib.rcParams)
    write_report(folder)
    assert dict(matplotlib.rcParams) == before, "a report leaves Matplotlib's settings as they were"
    return folder


@pytest.fixture(scope="module")
def ugly(make_results: Make, scenario_data: Data) -> Path:
    """Hostile and foreign names, more brands than colours, one failed replication, no spend, nobody talks."""
    data = scenario_data(brands=8, days=8, shops=1, description="<img src=x onerror=alert(1)>\n$5 & more")
    names = [
        "<script>alert(1)</script>",
        "$x_1$ \\frac{1}",
        "_hidden",
        "瑞幸咖啡",
        '"><svg onload=x>',
        "a" * 90,
        "a\nb",
    ]
    for key, name in zip(data["brands"], names, strict=False):
        data["brands"][key]["label"] = name
    data["touchpoints"]["social"]["label"] = "短视频 <b>$5_$</b>"
    data["places"]["shop_lumo_0"]["label"] = "旗舰店" * 20
    folder = make_results(data, replications=3, failing=(1,), talk=False, spend=False)
    write_report(folder)
    return folder


def body(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_every_figure_stands_as_png_csv_and_on_the_page(plain: Path, self_contained: Check) -> None:
    text = body(plain)
    data = ReportData(Results.load(plain))
    for maker in makers():
        picture = maker.make(data)
        assert picture is not None and picture.name == maker.name
        assert (plain / "figures" / f"{maker.name}.png").read_bytes().startswith(b"\x89PNG")
        table = pd.read_csv(plain / "figures" / f"{maker.name}.csv")
        assert len(table) == len(picture.table) > 0
        assert re.match(r"n = (6 replications|1 replication \(the first of 6\))", picture.caption)
        assert picture.reading.endswith(".") and "nan" not in picture.reading
        for words_ in (picture.caption, picture.reading):
            assert html.escape(words_) in text
        assert f'id="{maker.name}"' in text
    assert self_contained(text) and 'name="viewport"' in text and "@media print" in text
    assert len(text) < 3_000_000


def test_the_page_says_what_was_run(plain: Path) -> None:
    text = body(plain)
    for piece in ("6 of 6 finished", "1,000", "<dt>Seed</dt><dd>7</dd>", "agorasim 0.", "15 Jan 2026 to 23 Feb 2026"):
        assert piece in text


def test_the_table_holds_the_summary(plain: Path) -> None:
    summary = Results.load(plain).frame("summary", by="brand", brand="lumo", metrics="orders")
    low, high, mean = (float(summary[name].iloc[0]) for name in ("low", "high", "estimate"))
    decimals = words.decimals(mean, low, high)
    shown = [words.fixed(x, decimals) for x in (mean, low, high)]
    assert f"<td>{shown[0]}<small>{shown[1]} to {shown[2]}</small></td>" in body(plain)


def test_names_are_escaped_and_ugly_input_is_drawn(ugly: Path, self_contained: Check) -> None:
    text = body(ugly)
    assert self_contained(text)
    assert "<script" not in text and "<svg" not in text and "<img src=x" not in text
    assert html.escape("<script>alert(1)</script>") in text and "瑞幸咖啡" in text
    assert "1 of 3 replications failed" in text
    assert 'id="word_of_mouth"' not in text and 'id="spend"' not in text and "nobody talked" in text
    assert not (ugly / "figures" / "word_of_mouth.png").exists()


def test_one_brand_one_day_one_replication_without_a_graph(make_results: Make, scenario_data: Data) -> None:
    folder = make_results(scenario_data(brands=1, days=1, shops=1), replications=1, graph=False)
    text = write_report(folder).read_text(encoding="utf-8")
    assert "no figure here has an interval" in text and "to nan" not in text and 'id="network"' not in text


def test_an_interrupted_run_shows_what_is_there_and_says_so(make_results: Make, scenario_data: Data) -> None:
    folder = make_results(scenario_data(brands=1, days=2, shops=1), replications=4, interrupt=2, graph=False)
    text = write_report(folder).read_text(encoding="utf-8")
    assert "2 of 4 finished" in text and "The run is not complete: 2 of 4 replications are here." in text


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="folder"):
            write_report(folder)


def test_equal_results_give_equal_pictures(plain: Path) -> None:
    picture = orders(ReportData(Results.load(plain)))
    assert picture is not None
    with style.drawing():
        again = style.png(picture.draw(WIDE), WIDE.dpi)
    assert again == (plain / "figures" / "orders.png").read_bytes()


def test_a_brand_and_a_touchpoint_keep_their_colour(plain: Path, ugly: Path) -> None:
    few, many = (ReportData(Results.load(folder)).brands for folder in (plain, ugly))
    assert [b.colour for b in few] == [b.colour for b in many[: len(few)]]
    looks = {(style.brand_colour(i), style.brand_marker(i)) for i in range(49)}
    assert len(looks) == 49
    points = ReportData(Results.load(plain)).touchpoints
    assert len({p.colour for p in points}) == len(points)
    assert {p.group for p in points} == {"paid", "owned", "offline"}


def test_chinese_without_a_font_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "_cjk_fonts", lambda: ())
    style._warn_no_cjk_font.cache_clear()
    with pytest.warns(UserWarning, match="fonts-noto-cjk") as caught:
        style.check_fonts(["lumo"])
        style.check_fonts(["瑞幸"])
        style.check_fonts(["瑞幸", "星巴克"])
    assert len(caught) == 1


def test_a_moving_mean_averages_what_there_is() -> None:
    series = np.arange(1.0, 21.0)[None, :]
    smooth = moving_mean(series, 7)
    assert smooth[0, 0] == 1.0 and smooth[0, 3] == 2.5
    np.testing.assert_allclose(smooth[0, 6:], [series[0, i - 6 : i + 1].mean() for i in range(6, 20)])
    np.testing.assert_allclose(moving_mean(series[:, :3], 7)[0], [1.0, 1.5, 2.0])


@pytest.mark.parametrize("days", [1, 2, 6, 13, 40, 90, 180, 400, 1500])
def test_date_ticks_fit(days: int) -> None:
    class Run:
        def __init__(self) -> None:
            self.days = days

        def date(self, day: int) -> Any:
            return pd.Timestamp("2026-01-15").date() + pd.Timedelta(days=day).to_pytimedelta()

    ticks = date_ticks(Run(), 5)  # type: ignore[arg-type]
    assert 1 <= len(ticks) <= 5 and all(0 <= day < days for day, _ in ticks)


def test_the_layout_is_the_same_every_time_and_stays_in_its_disc() -> None:
    rng = np.random.default_rng(1)
    pairs = np.unique(np.sort(rng.integers(0, 400, (900, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    where = spread_out(400, pairs)
    np.testing.assert_array_equal(where, spread_out(400, pairs))
    assert np.isfinite(where).all() and np.hypot(*where.T).max() <= 1.0 + 1e-9
    length = np.hypot(*(where[pairs[:, 0]] - where[pairs[:, 1]]).T).mean()
    others = rng.permutation(400)
    assert length < 0.6 * np.hypot(*(where - where[others]).T).mean(), "linked nodes are nearer than any two"
    for few in (0, 1, 2):
        assert spread_out(few, np.empty((0, 2), dtype=np.int64)).shape == (few, 2)


def test_numbers_are_worded_with_their_certainty() -> None:
    assert words.number(1234.4) == "1,234" and words.number(-0.0001234) == "\u22120.000123"
    assert words.number(2_500_000) == "2.50 million" and words.number(26.0) == "26"
    assert words.percent(0.0251) == "2.5\u00a0%" and words.percent(0.5) == "50\u00a0%"
    assert words.decimals(59.7, 59.4, 60.0) == 1 and words.decimals(1e4, 9e3, 1.1e4) == 0
    assert words.listed(["a", "b", "c"]) == "a, b and c" and words.listed([]) == ""
    assert words.compact(1e6) == "1M" and words.compact(950) == "950"
