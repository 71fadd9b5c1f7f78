"""Tables on the terminal; plain and wide when the output goes to a file or another program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Wide enough that no row is folded when nobody looks at it as a table.
PIPED_WIDTH = 240


def console() -> Console:
    """The console for stdout."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", numbers_from: int | None = None
) -> None:
    """Print a table of text; columns from `numbers_from` on are right-aligned. Names are never read as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for k, column in enumerate(columns):
        right = numbers_from is not None and k >= numbers_from
        out.add_column(Text(column), justify="right" if right else "left", no_wrap=k == 0, overflow="fold")
    for row in rows:
        out.add_row(*[Text(cell) for cell in row])
    target = console()
    if title:
        target.print(Text(title, style="bold"))
    target.print(out)
