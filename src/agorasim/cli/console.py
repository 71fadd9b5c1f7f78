"""Tables on the terminal; plain and wide when the output goes to a file or another program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

#: Wide enough that no row is folded when nobody looks at it as a table.
PIPED_WIDTH = 240


def console(width: int | None = None) -> Console:
    """The console for stdout, as wide as the terminal when no width is given."""
    from rich.console import Console

    return Console(highlight=False, width=width if width or sys.stdout.isatty() else PIPED_WIDTH)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", numbers_from: int | None = None
) -> None:
    """Print a table of text; columns from `numbers_from` on are right-aligned. Names are never read as markup."""
    from rich import box
    from rich.cells import cell_len
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    lines = [list(row) for row in rows]
    for k, column in enumerate(columns):
        right = numbers_from is not None and k >= numbers_from
        # Figures and names of rows are never cut in the middle.
        parts = [word for row in lines for word in (row[k].split() if k else [row[k]])]
        longest = max(map(cell_len, parts), default=0) if right or k == 0 else None
        justify: Literal["left", "right"] = "right" if right else "left"
        out.add_column(Text(column), justify=justify, no_wrap=k == 0, overflow="fold", min_width=longest)
    for row in lines:
        out.add_row(*[Text(cell) for cell in row])
    target = console()
    if title:
        target.print(Text(title, style="bold"))
    # On a terminal too narrow for that lines run over.
    least = Measurement.get(target, target.options.update(width=10 * PIPED_WIDTH), out).minimum + len(columns)
    (target if least <= target.width else console(least)).print(out)
