"""What a scenario means before it runs: read from a world that is built and never stepped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agorasim.ecosystem.world import World
from agorasim.errors import ActionError

if TYPE_CHECKING:
    from rich.console import Group

    from agorasim.scenario.schema import Scenario

#: Larger populations are looked at through a sample of this many consumers.
MOST_BUILT: Final = 20_000


@dataclass(frozen=True)
class Section:
    """A table of text with a title; columns from `numbers_from` on are aligned to the right."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    numbers_from: int = 99


@dataclass(frozen=True)
class Preview:
    """A world on its first morning, brands' first plans made, with what scales it up to the scenario's population."""

    scenario: Scenario
    world: World
    size: int
    """Consumers of the real world."""
    refused: str = ""
    """Why a brand's first decision cannot be carried out; empty when all can."""

    @property
    def scale(self) -> float:
        """Real consumers for each one looked at."""
        return self.size / self.world.size


def preview(scenario: Scenario, seed: int | None = None) -> Preview:
    """Build (at most 20,000 consumers of) a scenario's world and let brands make their first plans; nothing steps.

    A decision that cannot be carried out leaves its brand and those after it without a plan, and is noted.
    """
    size, wanted = scenario.population.size, scenario
    from_files = any(layer.file is not None for layer in scenario.social.layers.values())
    if size > MOST_BUILT and not from_files:
        # Rooms that are limited for all together shrink with the population; plans and stock are scaled below.
        changes: dict[str, Any] = {"population.size": MOST_BUILT}
        for name, touchpoint in scenario.touchpoints.items():
            if touchpoint.capacity is not None:
                changes[f"touchpoints.{name}.capacity"] = touchpoint.capacity * MOST_BUILT / size
        wanted = scenario.with_overrides(changes)
    world = World(wanted, seed=seed)
    world.open_day()
    refused = ""
    try:
        world.decide()
    except ActionError as error:
        refused = str(error)
    seen = Preview(scenario, world, size if wanted is not scenario else world.size, refused)
    world.strategies.plan = (world.strategies.plan / seen.scale).round().astype(world.strategies.plan.dtype)
    world.plan_media()
    return seen


def sections(seen: Preview) -> list[Section]:
    """Everything that `explain` shows, as text."""
    from agorasim.ecosystem import explain_brands, explain_parts

    makers: tuple[Callable[[Preview], Section], ...] = (
        explain_parts.overview, explain_parts.phases, explain_parts.numbers, explain_parts.touchpoints,
        explain_brands.brands, explain_brands.contacts, explain_parts.needs, explain_parts.graph,
        explain_brands.market, explain_parts.mechanisms, explain_parts.without, explain_parts.cost,
        explain_parts.oddities,
    )  # fmt: skip
    return [section for make in makers if (section := make(seen)).rows]


def explain(scenario: Scenario, seed: int | None = None) -> Group:
    """What a scenario means, as tables for a console: phases of a day, numbers and where they come from, brands, who
    meets whom how often, needs, graph, market, memory and time, and odd values.

    Expectations are of the first day, from states on the first morning. Nothing is simulated. InputError as for a run.
    """
    from rich.console import Group

    shown: list[Any] = []
    for section in sections(preview(scenario, seed)):
        shown += _draw(section)
    return Group(*shown)


def _draw(section: Section) -> list[Any]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(section.columns))
    for k, column in enumerate(section.columns):
        right = k >= section.numbers_from
        table.add_column(Text(column), justify="right" if right else "left", overflow="fold")
    for row in section.rows:
        table.add_row(*[Text(cell) for cell in row])
    note = [Text(section.note, style="dim")] if section.note else []
    return [Text(section.title, style="bold"), *note, table]
