"""Are published regularities found in simulated data, with the studies' estimators? Writes docs/validation.md.

    python experiments/validation.py                   # everything, printed; a few minutes on two cores
    python experiments/validation.py price seeding     # some regularities
    python experiments/validation.py --write           # also puts tables and pictures into docs/validation.md

Everything is drawn from the scenarios' seeds: two runs give equal numbers. Where AGORASIM_DATA names the folder of
published data sets, two regularities are compared with them as well.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # regressions are small: more threads only wait for one another
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).parent / "validation"))

if TYPE_CHECKING:
    from results import Regularity, Result

PAGE = ROOT / "docs" / "validation.md"
PICTURES = ROOT / "docs" / "img" / "validation"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = ["regularity", "study", "estimate, 95 % interval", "agrees within", "verdict", "origin", "why"]


def regularities() -> list[Regularity]:
    """All of them, in the page's order."""
    from advertising import ADVERTISING, CARRY_OVER
    from double_jeopardy import DOUBLE_JEOPARDY
    from omnichannel import OMNICHANNEL
    from price import PRICE
    from repeat_buying import REPEAT_BUYING
    from repetition import REPETITION
    from retention import RETENTION
    from seeding import SEEDING
    from talk import TALK

    return [
        ADVERTISING, PRICE, TALK, REPETITION, CARRY_OVER, DOUBLE_JEOPARDY, RETENTION, REPEAT_BUYING, OMNICHANNEL,
        SEEDING,
    ]  # fmt: skip


def rows(found: Sequence[tuple[Regularity, Result]]) -> list[str]:
    """Lines of the table."""
    lines = [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    for regularity, result in found:
        lines.append(f"| **{regularity.words('title')}** |" + " |" * (len(HEAD) - 1))
        lines += [f"| {' | '.join(finding.cells())} |" for finding in result.findings]
    return lines


def tally(found: Sequence[tuple[Regularity, Result]]) -> str:
    """How many figures agree."""
    findings = [f for _, result in found for f in result.findings if f.verdict != "no figure"]
    verdicts = Counter(finding.verdict for finding in findings)
    origins = Counter(finding.origin for finding in findings if finding.verdict == "agrees")
    return (
        f"Of {len(findings)} figures {verdicts['agrees']} agree, {verdicts['misses']} miss, {verdicts['unclear']} are "
        f"unclear. Of those that agree {origins['emerges']} emerge, {origins['chosen']} were chosen, "
        f"{origins['input']} are inputs."
    )


def page(found: Sequence[tuple[Regularity, Result]]) -> str:
    """The measured part of the page."""
    parts = [tally(found), *["\n".join(rows(found))]]
    for regularity, result in found:
        parts += [
            f"## {regularity.words('title')}",
            f"*Published.* {regularity.words('published')}",
            f"*Estimator.* {regularity.words('estimator')}",
            f"*Worlds.* {regularity.words('worlds')}",
            f"*Comparable if.* {regularity.words('comparable')}",
            f"![{regularity.words('title')}](img/validation/{regularity.name}.png)",
        ]
        parts += [result.more] if result.more else []
        parts.append(f"*Limits.* {regularity.words('limits')}")
    parts = [
        part if part.startswith(("|", "!", "#")) else textwrap.fill(part, 120, break_on_hyphens=False) for part in parts
    ]
    return "\n\n".join(parts)


def draw(regularity: Regularity, result: Result) -> None:
    """The regularity's picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    PICTURES.mkdir(parents=True, exist_ok=True)
    figure = plt.figure(figsize=(7.2, 3.0), layout="constrained")
    result.draw(figure)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.savefig(PICTURES / f"{regularity.name}.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and with --write fill the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = regularities()
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(r.name for r in known)}; all when left out")
    parser.add_argument("--write", action="store_true", help="write docs/validation.md and its pictures")
    parser.add_argument("--jobs", type=int, default=2)
    got = parser.parse_args(words)
    strange = {*got.names} - {r.name for r in known}
    if strange:
        parser.error(f"no regularity {', '.join(sorted(strange))}; there are {', '.join(r.name for r in known)}")
    if got.write and got.names:
        parser.error("--write measures everything; leave the names out")
    found = []
    for regularity in known:
        if not got.names or regularity.name in got.names:
            result = regularity.measure(got.jobs)
            found.append((regularity, result))
            print("\n".join(rows(found[-1:])[2:]), result.more, sep="\n", flush=True)
            if got.write:
                draw(regularity, result)
    print(tally(found))
    if got.write:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n\n{page(found)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
