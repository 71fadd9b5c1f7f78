"""The day's tallies of everybody are added up by segment and by region, and cleared for tomorrow."""

from __future__ import annotations

from typing import Any

from agorasim._compile import borrowed
from agorasim.behaviour.columns import Columns


@borrowed
def close(
    w: Columns, touch: Any, by_segment: Any, by_region: Any, levels_segment: Any, levels_region: Any,
    needs_segment: Any, needs_region: Any,
) -> None:  # fmt: skip
    """Write a day's tallies into its (empty) place of the history and clear them.

    touch (B, T, .), by_segment and levels_segment (B, S, .), by_region and levels_region (B, R, .), needs (S,), (R,).
    """
    regions = needs_region.shape[0]
    fold(w.by_cell, regions, by_segment, by_region)
    fold(w.levels, regions, levels_segment, levels_region)
    for cell in range(w.needs_by_cell.shape[0]):
        needs_segment[cell // regions] += w.needs_by_cell[cell]
        needs_region[cell % regions] += w.needs_by_cell[cell]
    for b in range(touch.shape[0]):
        for t in range(touch.shape[1]):
            for k in range(touch.shape[2]):
                touch[b, t, k] = w.at_touch[b, t, k]
    w.at_touch[:, :, :] = 0
    w.at_offer[:, :] = 0
    w.by_cell[:, :, :] = 0
    w.needs_by_cell[:] = 0
    w.counts[:] = 0


@borrowed
def fold(cells: Any, regions: int, by_segment: Any, by_region: Any) -> None:
    """Add up cells (B, segments x regions, .) by segment and by region."""
    for b in range(cells.shape[0]):
        for cell in range(cells.shape[1]):
            for k in range(cells.shape[2]):
                by_segment[b, cell // regions, k] += cells[b, cell, k]
                by_region[b, cell % regions, k] += cells[b, cell, k]
