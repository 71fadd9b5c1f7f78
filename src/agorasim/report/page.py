"""The page of a run: one file with everything inside, for a screen, a phone and paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agorasim.experiment import manifest as manifests
from agorasim.experiment.files import write_bytes
from agorasim.report import shell, tables
from agorasim.report.data import ReportData
from agorasim.report.figures import makers, mechanism_makers

if TYPE_CHECKING:
    from os import PathLike

    from agorasim.report.figures import Maker
    from agorasim.report.shell import Drawn


def write(folder: str | PathLike[str]) -> Path:
    """Draw all figures and write the page; see `agorasim.report.write_report`."""
    from agorasim.report import effects_page

    root = Path(folder)
    if effects_page.is_experiment(manifests.read(root)):
        return effects_page.write(root)
    from agorasim.experiment.results import Results

    data = ReportData(Results.load(folder))
    labels = [*(b.label for b in data.brands), *(t.label for t in data.touchpoints), *data.place_labels.values()]
    general = makers()
    # What was sold and earned, then what the scenario's own mechanisms did, then how it came about.
    chosen = (*general[:3], *mechanism_makers(data.scenario), *general[3:])
    drawn, missing = shell.draw_all(chosen, data, root / "figures", labels)
    path = root / "report.html"
    write_bytes(path, page(data, drawn, missing).encode("utf-8"))
    return path


def page(data: ReportData, drawn: list[Drawn], missing: list[Maker]) -> str:
    """The whole page as text. Every name from the scenario is escaped."""
    category = data.scenario["category"]["label"]
    title = data.name.replace("_", " ")
    readings = {d.maker.name: d.picture.reading for d in drawn}
    over = f"agorasim report{' · ' + category if category else ''}"
    header = f"""{shell.heading(over, title, data.scenario["description"] or "")}
{tables.facts(data)}
{tables.notes(data)}"""
    main = f"""<section id="short"><h2>In short</h2>{tables.in_short(data, readings)}</section>
{shell.contents(drawn)}
<section id="figures-by-brand"><h2>Figures by brand</h2>
{tables.kpi_table(data)}
<p class="caption">{tables.table_caption(data)}</p>
{tables.needs(data)}</section>
{"".join(shell.section(d) for d in drawn)}
{shell.not_shown(missing)}
{shell.again(data.manifest, data.scenario)}"""
    return shell.document(f"{title} · agorasim report", header, main)
