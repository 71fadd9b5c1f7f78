"""The page of an experiment: what channels are worth, or which policy is better, with intervals and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.experiment.files import write_bytes
from agorasim.report import answers, effects_tables, shell
from agorasim.report.data import named_brands
from agorasim.report.effects_data import EffectsData, kind_of
from agorasim.report.figures.effect_makers import makers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from agorasim.report.figures import Maker
    from agorasim.report.shell import Drawn


def is_experiment(manifest: Mapping[str, Any]) -> bool:
    """Whether a folder holds an experiment's effects rather than a run's days."""
    return kind_of(manifest) not in ("run", "replicate")


def write(folder: Path) -> Path:
    """Draw all figures of an experiment and write its page; see `agorasim.report.write_report`."""
    data = EffectsData(folder)
    labels = [b.label for b in named_brands(data.scenario)] + [c.label for c in data.channels] + data.variants
    labels += [*data.segments.values(), *data.regions.values()]
    drawn, missing = shell.draw_all(makers(data.kind), data, folder / "figures", labels)
    path = folder / "report.html"
    write_bytes(path, page(data, drawn, missing).encode("utf-8"))
    return path


def page(data: EffectsData, drawn: list[Drawn], missing: list[Maker]) -> str:
    """The whole page as text. Every name from the scenario is escaped."""
    title = data.name.replace("_", " ")
    header = f"""{shell.heading(f"agorasim {data.kind}", f"{title}: {answers.question(data)}", "")}
{effects_tables.facts(data)}
{answers.notes(data)}"""
    table = effects_tables.main_table(data)
    readings = [d.picture.reading for d in drawn]
    main = f"""<section id="short"><h2>In short</h2>{shell.bullets(answers.in_short(data, readings))}</section>
{shell.contents(drawn)}
{table}
{"".join(shell.section(d) for d in drawn)}
{shell.not_shown(missing if data.kind in ("synergy", "compare") else [])}
<section id="reading"><h2>How to read this</h2>{shell.bullets(answers.how_to_read(data))}</section>
{shell.again(data.manifest, data.scenario, data.settings)}"""
    return shell.document(f"{title} · agorasim {data.kind}", header, main)
