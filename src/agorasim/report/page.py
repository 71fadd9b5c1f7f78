"""The page: one file with everything inside, for a screen, a phone and paper."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from agorasim.experiment.files import make_folder, storage_error, write_bytes
from agorasim.report import style, tables
from agorasim.report.data import ReportData
from agorasim.report.figures import Maker, makers

if TYPE_CHECKING:
    from os import PathLike

    from agorasim.report.figures.base import Picture


@dataclass(frozen=True)
class _Drawn:
    """A figure with its drawings for a wide and a narrow screen."""

    maker: Maker
    picture: Picture
    wide: bytes
    narrow: bytes


def write(folder: str | PathLike[str]) -> Path:
    """Draw all figures and write the page; see `agorasim.report.write_report`."""
    from agorasim.experiment.results import Results

    data = ReportData(Results.load(folder))
    root = Path(folder)
    drawn, missing = _draw_all(data, root / "figures")
    path = root / "report.html"
    write_bytes(path, page(data, drawn, missing).encode("utf-8"))
    return path


def _draw_all(data: ReportData, folder: Path) -> tuple[list[_Drawn], list[Maker]]:
    """Draw what there is to draw, write the PNG and CSV files, and remove what an earlier page left."""
    from agorasim.report.figures.base import NARROW, WIDE

    make_folder(folder)
    style.check_fonts(
        [*(b.label for b in data.brands), *(t.label for t in data.touchpoints), *data.place_labels.values()]
    )
    drawn, missing = [], []
    for maker in makers():
        picture = maker.make(data)
        image, sheet = folder / f"{maker.name}.png", folder / f"{maker.name}.csv"
        if picture is None:
            missing.append(maker)
            image.unlink(missing_ok=True)
            sheet.unlink(missing_ok=True)
            continue
        with style.drawing():
            wide = style.png(picture.draw(WIDE), WIDE.dpi)
            narrow = style.png(picture.draw(NARROW), NARROW.dpi)
        try:
            image.write_bytes(wide)
            picture.table.to_csv(sheet, index=False, encoding="utf-8", lineterminator="\n", float_format="%.10g")
        except OSError as error:
            raise storage_error(image, error) from error
        drawn.append(_Drawn(maker, picture, wide, narrow))
    return drawn, missing


def page(data: ReportData, drawn: list[_Drawn], missing: list[Maker]) -> str:
    """The whole page as text. Every name from the scenario is escaped here."""
    category = data.scenario["category"]["label"]
    title = data.name.replace("_", " ")
    readings = {d.maker.name: d.picture.reading for d in drawn}
    contents = "".join(f'<a href="#{d.maker.name}">{escape(d.maker.heading)}</a>' for d in drawn)
    description = (
        f"<p class=lead>{escape(data.scenario['description'].strip())}</p>" if data.scenario["description"] else ""
    )
    over = f"agorasim report{' · ' + escape(category) if category else ''}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="agorasim">
<title>{escape(title)} · agorasim report</title>
<style>{_css()}</style>
</head>
<body>
<header>
<p class="over">{over}</p>
<h1>{escape(title)}</h1>
{description}
{tables.facts(data)}
{tables.notes(data)}
</header>
<main>
<section id="short"><h2>In short</h2>{tables.in_short(data, readings)}</section>
<nav aria-label="Figures">{contents}</nav>
<section id="figures-by-brand"><h2>Figures by brand</h2>
{tables.kpi_table(data)}
<p class="caption">{tables.table_caption(data)}</p>
{tables.needs(data)}</section>
{"".join(_section(d) for d in drawn)}
{_missing(missing)}
{_details(data)}
</main>
</body>
</html>
"""


def _section(d: _Drawn) -> str:
    picture = d.picture
    alt = escape(f"{picture.title}. {picture.reading}", quote=True)
    return f"""<section id="{d.maker.name}"><h2>{escape(d.maker.heading)}</h2>
<p class="reading">{escape(picture.reading)}</p>
<figure><picture><source media="screen and (max-width: 620px)" srcset="{_uri(d.narrow)}">\
<img src="{_uri(d.wide)}" alt="{alt}"></picture>
<figcaption>{escape(picture.caption)} <span class="file">Data: figures/{d.maker.name}.csv</span></figcaption></figure>
</section>
"""


def _missing(missing: list[Maker]) -> str:
    if not missing:
        return ""
    items = "".join(f"<li>{escape(m.heading)}: {escape(m.without)}.</li>" for m in missing)
    return f'<section id="not-shown"><h2>Not shown</h2><ul class="plain">{items}</ul></section>'


def _details(data: ReportData) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in data.manifest.get("versions", {}).items() if v)
    scenario = json.dumps(data.scenario, indent=1, ensure_ascii=False)
    return (
        f'<section id="again"><h2>To run it again</h2><p>Seed {data.seed}, scenario hash '
        f"<code>{escape(str(data.manifest.get('scenario_hash', '?'))[:16])}</code>. Tables are in <code>tables/</code> "
        f"beside this page; everything about the run is in <code>manifest.json</code>.</p>"
        f'<p class="caption">{escape(versions)}</p>'
        f"<details><summary>The scenario as it was run, every default filled in</summary><pre>{escape(scenario)}</pre>"
        "</details></section>"
    )


def _css() -> str:
    return resources.files("agorasim.report").joinpath("page.css").read_text(encoding="utf-8")


def _uri(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
