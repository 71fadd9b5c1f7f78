"""One world from start to end, as a function that workers can call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.ecosystem.world import World

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.scenario.schema import Scenario


def simulate(scenario: Scenario, seed: int | None = None, replicate: int = 0) -> dict[str, pa.Table]:
    """Run one world and return its tables: `kpis`, and from replicate 0 `network` and `network_edges`."""
    return World(scenario, seed=seed, replicate=replicate).run().tables()
