"""What every page is made of: figures drawn and stored beside their data, sections around them, one file in the end."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from agorasim.experiment.files import make_folder, storage_error
from agorasim.report import style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from agorasim.report.figures import Maker
    from agorasim.report.figures.base import Picture


@dataclass(frozen=True)
class Drawn:
    """A figure with its drawings for a wide and a narrow screen."""

    maker: Maker
    picture: Picture
    wide: bytes
    narrow: bytes


def draw_all(
    makers: Iterable[Maker], data: Any, folder: Path, labels: Iterable[str]
) -> tuple[list[Drawn], list[Maker]]:
    """Draw what there is to draw, write the PNG and CSV files, and remove what an earlier page left.

    Args:
        makers: the figures in reading order.
        data: what they draw.
        folder: where the files go.
        labels: names that will be drawn, so that a missing font is noticed.

    Returns:
        What was drawn, and the figures that had nothing to show.

    Raises:
        StorageError: a file could not be written.
    """
    from agorasim.report.figures.base import NARROW, WIDE

    make_folder(folder)
    style.check_fonts(labels)
    drawn, missing = [], []
    for maker in makers:
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
        drawn.append(Drawn(maker, picture, wide, narrow))
    return drawn, missing


def document(title: str, header: str, main: str) -> str:
    """The whole page as text; `title` is escaped here, the rest is HTML already."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="agorasim">
<title>{escape(title)}</title>
<style>{css()}</style>
</head>
<body>
<header>
{header}
</header>
<main>
{main}
</main>
</body>
</html>
"""


def heading(over: str, title: str, description: str) -> str:
    """The words on top of a page."""
    lead = f"<p class=lead>{escape(description.strip())}</p>" if description else ""
    return f'<p class="over">{escape(over)}</p>\n<h1>{escape(title)}</h1>\n{lead}'


def facts(entries: Iterable[tuple[str, str]]) -> str:
    """What was run, as a definition list; empty values are left out."""
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in entries if v)
    return f'<dl class="facts">{items}</dl>'


def contents(drawn: Sequence[Drawn]) -> str:
    """Links to the figures."""
    links = "".join(f'<a href="#{d.maker.name}">{escape(d.maker.heading)}</a>' for d in drawn)
    return f'<nav aria-label="Figures">{links}</nav>'


def section(d: Drawn) -> str:
    """One figure with its words."""
    picture = d.picture
    alt = escape(f"{picture.title}. {picture.reading}", quote=True)
    return f"""<section id="{d.maker.name}"><h2>{escape(d.maker.heading)}</h2>
<p class="reading">{escape(picture.reading)}</p>
<figure><picture><source media="screen and (max-width: 620px)" srcset="{_uri(d.narrow)}">\
<img src="{_uri(d.wide)}" alt="{alt}"></picture>
<figcaption>{escape(picture.caption)} <span class="file">Data: figures/{d.maker.name}.csv</span></figcaption></figure>
</section>
"""


def not_shown(missing: Sequence[Maker]) -> str:
    """What could not be drawn, and why."""
    if not missing:
        return ""
    items = "".join(f"<li>{escape(m.heading)}: {escape(m.without)}.</li>" for m in missing)
    return f'<section id="not-shown"><h2>Not shown</h2><ul class="plain">{items}</ul></section>'


def again(manifest: Mapping[str, Any], scenario: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> str:
    """How to get the same numbers again: seed, hash, versions and the whole scenario."""
    versions = ", ".join(f"{k} {v}" for k, v in manifest.get("versions", {}).items() if v)
    text = json.dumps(scenario, indent=1, ensure_ascii=False)
    asked = (
        f"<details><summary>What was asked</summary><pre>"
        f"{escape(json.dumps(settings, indent=1, ensure_ascii=False, default=str))}</pre></details>"
        if settings
        else ""
    )
    return (
        f'<section id="again"><h2>To run it again</h2><p>Seed {escape(str(manifest["seed"]))}, scenario hash '
        f"<code>{escape(str(manifest.get('scenario_hash', '?'))[:16])}</code>. Tables are in <code>tables/</code> "
        f"beside this page; everything about the run is in <code>manifest.json</code>.</p>"
        f'<p class="caption">{escape(versions)}</p>{asked}'
        f"<details><summary>The scenario as it was run, every default filled in</summary><pre>{escape(text)}</pre>"
        "</details></section>"
    )


def bullets(points: Iterable[str]) -> str:
    """A list of sentences; words between backticks are commands."""
    items = (re.sub(r"`([^`<>]+)`", r"<code>\1</code>", escape(point)) for point in points if point)
    return f"<ul class=short>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def css() -> str:
    """The style sheet, to be set inside the page."""
    return resources.files("agorasim.report").joinpath("page.css").read_text(encoding="utf-8")


def _uri(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
