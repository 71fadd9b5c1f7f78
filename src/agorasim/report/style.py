"""How every picture looks: colours that mean the same thing throughout, fonts, and room for words.

Nothing here touches Matplotlib's global state for good: draw inside `drawing()`.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#1f2328"
MUTED: Final = "#5f6770"
RULE: Final = "#d8dce1"
SHADE: Final = "#eef0f2"
FESTIVAL: Final = "#f6e3b4"
NOBODY: Final = "#c4c9cf"
GOOD: Final = "#0072B2"
BAD: Final = "#D55E00"

#: Okabe & Ito (2008), without the yellow that vanishes on white; ink stands for their black.
BRAND_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#3c4043")
#: A second cue once the colours repeat, and for readers who cannot tell them apart.
BRAND_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")

#: One hue for each group of touchpoints, dark to light; neighbours in a group differ in lightness.
TOUCHPOINT_HUES: Final[dict[str, tuple[str, ...]]] = {
    "paid": ("#4a3a9c", "#7b6bd0", "#5d2f86", "#9a86dd", "#3b2f6b", "#8f5fb8", "#6f63a8"),
    "owned": ("#1b6e6a", "#3f9c95", "#0f4f4c", "#66a89f", "#2c8278", "#4b7f7b"),
    "offline": ("#8a5a12", "#b5803a", "#6a430a", "#a06c28", "#7c5a32"),
}

_CJK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
)
_LATIN: Final = "DejaVu Sans"


def brand_colour(place: int) -> str:
    """Colour of the brand at a place in the scenario's order (0-based); repeats after seven."""
    return BRAND_COLOURS[place % len(BRAND_COLOURS)]


def brand_marker(place: int) -> str:
    """Marker of a brand: shifts each time the colours start again, so that no two of 49 look alike."""
    return BRAND_MARKERS[(place + place // len(BRAND_COLOURS)) % len(BRAND_MARKERS)]


def touchpoint_colours(groups: dict[str, str]) -> dict[str, str]:
    """Colour of each touchpoint from its group (`paid`, `owned`, `offline`), in the scenario's order."""
    used = dict.fromkeys(TOUCHPOINT_HUES, 0)
    colours = {}
    for name, group in groups.items():
        ramp = TOUCHPOINT_HUES[group]
        colours[name] = ramp[used[group] % len(ramp)]
        used[group] += 1
    return colours


def has_cjk(text: str) -> bool:
    """Whether a text holds Chinese, Japanese or Korean characters, which few Latin fonts draw."""
    return any(
        "\u2e80" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" or "\uf900" <= c <= "\ufaff" or "\uff00" <= c <= "\uffef"
        for c in text
    )


@cache
def _cjk_fonts() -> tuple[str, ...]:
    """Installed fonts that draw Chinese, best first; one is enough."""
    from matplotlib import font_manager

    names = {font.name for font in font_manager.fontManager.ttflist}
    known = [name for name in _CJK_FONTS if name in names]
    # Older Matplotlib lists only the first face of a collection, so any CJK family will do as a last resort.
    other = sorted(name for name in names if "CJK" in name and "Sans" in name)
    return tuple(known[:1] or other[:1])


@cache
def _warn_no_cjk_font() -> None:
    warnings.warn(
        "Some names hold Chinese, Japanese or Korean characters and no font here can draw them in the figures; "
        "install one (Debian/Ubuntu: apt-get install fonts-noto-cjk) and write the report again.",
        UserWarning,
        stacklevel=3,
    )


def check_fonts(labels: Iterable[str]) -> None:
    """Warn, once a process, when a label needs a font that is not installed."""
    if any(has_cjk(label) for label in labels) and not _cjk_fonts():
        _warn_no_cjk_font()


@contextmanager
def drawing() -> Iterator[None]:
    """Settings for one figure; restored on leaving. Text is taken as it stands: `$x_1$` is a name, not a formula."""
    import matplotlib

    settings: dict[Any, Any] = {
        "font.family": [_LATIN, *_cjk_fonts()],
        "font.size": 9.0,
        "text.parse_math": False,
        "text.usetex": False,
        # Fitting outlines to pixels costs a quarter of the drawing time and shows no difference at these resolutions.
        "text.hinting": "none",
        "text.color": INK,
        "axes.unicode_minus": True,
        "axes.edgecolor": "#9aa1a9",
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": False,
        # A fixed height: looking for one that clears the ticks takes a third of the drawing time.
        "axes.titley": 1.0,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "xtick.major.size": 2.5,
        "ytick.major.size": 0.0,
        "xtick.minor.size": 0.0,
        "xtick.major.width": 0.7,
        "hatch.linewidth": 0.6,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "path.simplify": True,
    }
    # Characters beyond both fonts (emoji) come out as boxes; a warning for each draw would bury the ones that matter.
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


@cache
def _advance(character: str) -> float:
    """Width of a character in ems: as the font says, one em for what other fonts must draw."""
    from matplotlib.font_manager import findfont, get_font

    if unicodedata.combining(character):
        return 0.0
    font = get_font(findfont(_LATIN))
    if font.get_char_index(ord(character)) == 0:
        return 1.0
    font.set_size(100.0, 72.0)
    return float(font.load_char(ord(character)).linearHoriAdvance / 65536 / 100.0)


def inches(text: str, size: float, bold: bool = False) -> float:
    """Width of a text at a font size in points."""
    return sum(_advance(c) for c in text) * size / 72.0 * (1.15 if bold else 1.0)


def widest(texts: Iterable[str], size: float) -> float:
    """Width in inches of the widest of some texts; 0 when there is none."""
    return max((inches(text, size) for text in texts), default=0.0)


def shorten(text: str, room: float, size: float, bold: bool = False) -> str:
    """A text cut with an ellipsis to a width in inches; line breaks become spaces."""
    flat = " ".join(text.split())
    if inches(flat, size, bold) <= room:
        return flat
    kept = flat
    while kept and inches(kept + "…", size, bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrap(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Lines of at most a width in inches; a word that is too long for a line, and Chinese, break anywhere."""
    lines: list[str] = []
    line = ""
    # Only plain spaces part words: a non-breaking one holds "95 %" together.
    for whole in text.replace("\n", " ").split(" "):
        word = whole
        joined = f"{line} {word}" if line else word
        if inches(joined, size, bold) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        while inches(word, size, bold) > room and len(word) > 1:
            fits = max(len(shorten(word, room, size, bold)) - 1, 1)
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line] if line else lines


def png(figure: Figure, dpi: int) -> bytes:
    """The figure as PNG bytes, equal for equal figures; call inside `drawing()`."""
    import io

    import PIL.Image
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    buffer = io.BytesIO()
    # The sheet is opaque: without the alpha channel the file is smaller and written faster.
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = PIL.Image.fromarray(pixels).convert("RGB")
    # A palette of 256 looks the same at a third of the size, and is written in half the time.
    flat = image.quantize(256, method=PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    # The average of all that is nearly white is paper again.
    flat.putpalette([255 if level >= 253 else level for level in flat.getpalette() or []])
    flat.save(buffer, format="png", dpi=(dpi, dpi), compress_level=4)
    return buffer.getvalue()
