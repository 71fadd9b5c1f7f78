"""Parts of `explain`: time, numbers, touchpoints, needs, graph, memory and time, odd values."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.ecosystem.descriptors import described
from agorasim.ecosystem.explain import Preview, Section
from agorasim.ecosystem.mechanisms import Lever, active
from agorasim.ecosystem.world import PHASES, World
from agorasim.scenario import warnings
from agorasim.scenario.catalogue import KINDS, KindTraits, is_default

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agorasim.ecosystem.social.csr import Graph
    from agorasim.scenario.schema import Scenario

#: Nanoseconds of one core: of a consumer's day, each brand they remember, each touchpoint and each brand met there;
#: of a need and each offer it weighs. Measured on the bundled scenarios.
DAY_NS: Final = 30.0
BRAND_NS: Final = 20.0
TOUCH_NS: Final = 7.0
PAIR_NS: Final = 5.0
NEED_NS: Final = 140.0
OFFER_NS: Final = 90.0
#: Consumers whose neighbourhoods are looked at for clustering.
CLUSTERING_SAMPLE: Final = 300

_TOUCHPOINT_NUMBERS: Final = (
    "use", "spread", "cap", "awareness", "goodwill", "saturation", "click_rate", "irritation", "join", "reach_km",
    "capacity",
)  # fmt: skip


def overview(seen: Preview) -> Section:
    """Size and time."""
    scenario, calendar = seen.scenario, seen.scenario.calendar
    last = calendar.first() + datetime.timedelta(days=calendar.days - 1)
    need = seen.world.days.need
    rows = [
        ("consumers", f"{seen.size:,}"),
        ("days", f"{calendar.days}, {calendar.first()} to {last}; the first {calendar.warmup} are warm-up and the last"
                 f" {calendar.cooldown} without paid media"),
        ("calendar", f"needs are multiplied by {need.min():.2f} to {need.max():.2f}, on average {need.mean():.3f}"),
        ("seed", str(seen.world.seed)),
        ("outcome", f"{scenario.outcomes.primary}, intervals of {scenario.outcomes.interval:.0%}"),
    ]  # fmt: skip
    if seen.scale != 1.0:
        rows.append(("looked at", f"{seen.world.size:,} of the consumers; counts below are scaled up to all"))
    return Section(scenario.name, ("", ""), rows, note=" ".join(scenario.description.split()))


def phases(seen: Preview) -> Section:
    """The list that `World.step` runs."""
    rows = [(str(k), name, what) for k, (name, what) in enumerate(PHASES, start=1)]
    return Section("A day, in this order", ("", "phase", "what happens"), rows)


def _flat(model: BaseModel, path: str) -> list[tuple[str, str, str]]:
    out = []
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if hasattr(type(value), "model_fields"):
            out += _flat(value, f"{path}.{name}")
        elif not isinstance(value, dict) and name != "label":
            default = info.get_default(call_default_factory=True, validated_data={})
            out.append((f"{path}.{name}", _text(value), "default" if value == default else "scenario"))
    return out


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def numbers(seen: Preview) -> Section:
    """Coefficients in force and whether the scenario chose them."""
    scenario = seen.scenario
    parts: list[tuple[str, Any]] = [
        ("category", scenario.category), ("social.word_of_mouth", scenario.social.word_of_mouth),
        ("data", scenario.data),
    ]  # fmt: skip
    if described(scenario):
        parts.append(("population.responses", scenario.population.responses))
    if (chain := scenario.population.life_stages) is not None:
        parts += [(f"population.life_stages.stages.{name}", stage) for name, stage in chain.stages.items()]
    rows = [row for path, model in parts if model is not None for row in _flat(model, path)]
    note = "'default': the value is the one that the key has when left out"
    return Section("Numbers in force", ("path", "value", "from"), rows, note)


def touchpoints(seen: Preview) -> Section:
    """What each touchpoint does to those who meet a brand there."""
    rows = []
    for name, touchpoint in seen.scenario.touchpoints.items():
        cells = []
        for key in _TOUCHPOINT_NUMBERS:
            value = getattr(touchpoint, key)
            kept = is_default(touchpoint, key)
            mark = "" if not kept else "*" if key in KINDS[touchpoint.kind].defaults else "°"
            cells.append("-" if value is None else f"{value:g}{mark}")
        rows.append((name, touchpoint.kind, *cells))
    note = "* default of the kind, ° default of every touchpoint, all else from the scenario"
    return Section("Touchpoints", ("touchpoint", "kind", *_TOUCHPOINT_NUMBERS), rows, note, numbers_from=2)


def needs(seen: Preview) -> Section:
    """How often people need something and look for it."""
    world, scenario = seen.world, seen.scenario
    rate = world.w.need_rate.astype(np.float64)
    mean = float(world.days.need.mean())
    rows = []
    if rate.any():
        some = float((1.0 - np.exp(-rate)).mean())
        rows += [
            ("needs a day", f"{rate.sum() * mean * seen.scale:,.0f} ({rate.mean() * mean:.3g} a consumer)"),
            ("with a need on an ordinary day", f"{some:.1%} of consumers"),
            ("heaviest tenth", f"{_top_tenth(rate):.0%} of all needs"),
        ]
    rule = scenario.social.word_of_mouth
    if scenario.category.kind == "durable" and rule is not None and rule.rule != "cascade":
        keen = world.w.awareness.max(axis=1).astype(np.float64) if rule.innovation == "awareness" else 1.0
        open_to_it = world.w.owner == 0
        innovators = float((rule.p * keen * open_to_it).sum()) * seen.scale
        rows.append(("innovators on the first day", f"{innovators:,.1f} expected (rule {rule.rule}, p = {rule.p:g})"))
        rows.append(("owners at first", f"{int((~open_to_it).sum() * seen.scale):,}"))
    for t, name in enumerate(scenario.touchpoints):
        if KINDS[scenario.touchpoints[name].kind].on_need:
            searches = world.media.searchers[t] * mean * seen.scale
            rows.append((f"searchers on {name}", f"{searches:,.0f} a day expected"))
    return Section("Needs", ("", ""), rows)


def _top_tenth(rate: Any) -> float:
    ordered = np.sort(rate)[::-1]
    return float(ordered[: max(1, len(ordered) // 10)].sum() / ordered.sum())


def graph(seen: Preview) -> Section:
    """Each layer of the social graph in numbers."""
    rows = []
    for name, layer in seen.world.graphs.items():
        spec = seen.scenario.social.layers[name]
        source = spec.file or (spec.generator.kind if spec.generator else "given")
        if layer.complete:
            rows.append((name, source, f"{layer.n:,}", "all pairs", f"{layer.n - 1:,}", "", "1", "1", "100%"))
            continue
        degree = layer.degree()
        parts, largest = components(layer)
        ties = layer.entries if layer.directed else layer.entries // 2
        rows.append(
            (name, source, f"{layer.n:,}", f"{ties:,}", f"{degree.mean():.2f}", f"{degree.max():,}",
             f"{clustering(layer):.3f}", f"{parts:,}", f"{largest:.1%}")
        )  # fmt: skip
    columns = ("layer", "made by", "nodes", "ties", "mean degree", "largest", "clustering", "components", "largest one")
    rule = seen.scenario.social.word_of_mouth
    note = "nobody talks over it" if rule is None else f"word of mouth by the rule '{rule.rule}'"
    sampled = f"; clustering of {CLUSTERING_SAMPLE} consumers" if seen.world.size > CLUSTERING_SAMPLE else ""
    return Section("Social graph", columns, rows, note + sampled, numbers_from=2)


def components(layer: Graph) -> tuple[int, float]:
    """Number of (weakly) connected components and the share of nodes in the largest."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(layer.neighbours), dtype=np.int8)
    matrix = csr_matrix((ones, layer.neighbours, layer.indptr), shape=(layer.n, layer.n))
    count, labels = connected_components(matrix, directed=layer.directed, connection="weak")
    return int(count), float(np.bincount(labels).max() / layer.n)


def clustering(layer: Graph) -> float:
    """Mean share of a node's pairs of neighbours that are tied (Watts & Strogatz 1998), over an even sample of nodes;
    nodes with fewer than two neighbours count 0."""
    nodes = np.unique(np.linspace(0, layer.n - 1, min(layer.n, CLUSTERING_SAMPLE)).astype(np.int64))
    total = 0.0
    for node in nodes:
        near = layer.neighbours_of(int(node))
        if len(near) >= 2:
            ends = np.concatenate([layer.neighbours_of(int(other)) for other in near])
            total += float(np.isin(ends, near).sum()) / (len(near) * (len(near) - 1))
    return total / len(nodes)


def mechanisms(seen: Preview) -> Section:
    """Mechanisms that the scenario switches on, and what policies may move of them."""
    rows = []
    for kind in active(seen.scenario):
        held = [lever.name for lever in kind.levers if _offered(seen.scenario, lever)]
        rows.append((kind.code, kind.name.replace("_", " "), kind.meaning, ", ".join(kind.keys), ", ".join(held)))
    columns = ("", "mechanism", "what it is", "switched on by", "levers of policies")
    return Section("Mechanisms", columns, rows, "All others are off and cost nothing (`agorasim list mechanisms`)")


def _offered(scenario: Scenario, lever: Lever) -> bool:
    return any(lever.value(brand) is not None for brand in scenario.brands.values())


def without(seen: Preview) -> Section:
    """What leaving a touchpoint means in comparisons."""
    rows = []
    for name, touchpoint in seen.scenario.touchpoints.items():
        kind = KINDS[touchpoint.kind]
        where = "online" if kind.online else "offline"
        rows.append((name, touchpoint.kind, where, kind.without, _scales(kind), _fixed_cost(seen, name)))
    columns = ("touchpoint", "kind", "where", "without it", "scaled by", "fixed cost without it")
    note = "From the end of warm-up, for the brand named; its variable cost stops too, and the money is saved"
    return Section("A brand without a touchpoint", columns, rows, note)


def _scales(kind: KindTraits) -> str:
    """Which factors a counterfactual may put on a touchpoint of the kind."""
    if "presence" in kind.stops:
        return "0 or 1"
    return "money x 0 or more" if "media" in kind.stops else "messages x 0 or more"


def _fixed_cost(seen: Preview, touchpoint: str) -> str:
    """Who saves a fixed cost by leaving, and who goes on paying it."""
    out = [
        f"{name} {'saves it' if brand.avoidable.get(touchpoint, False) else 'goes on paying'}"
        for name, brand in seen.scenario.brands.items()
        if brand.fixed_costs.get(touchpoint, 0.0) > 0.0
    ]
    return ", ".join(out) or "-"


def cost(seen: Preview) -> Section:
    """Memory of one world and time on one core."""
    world, size = seen.world, seen.size
    per_consumer = sum(
        array.nbytes for name, array in world.w.arrays().items() if name != "orders" and world.size in array.shape[:2]
    )
    people = world.population.segment.nbytes + world.population.region.nbytes
    graphs = sum(layer.nbytes for layer in world.graphs.values()) * seen.scale
    each = (per_consumer + people) / world.size
    seconds = day_seconds(world) * seen.scale * world.days.count
    rows = [
        ("memory of a consumer", f"{each:,.0f} bytes, and {graphs / size:,.0f} bytes of ties"),
        ("memory of a world", f"{(each * size + graphs) / 1e6:,.1f} MB"),
        ("time of a world", f"about {seconds:,.1f} s on one core ({seen.size * world.days.count:,} consumer-days)"),
    ]
    return Section("Memory and time", ("", ""), rows)


def day_seconds(world: World) -> float:
    """Seconds that a day takes on one core once kernels are compiled, roughly."""
    w = world.w
    each = DAY_NS + BRAND_NS * w.awareness.shape[1] + TOUCH_NS * len(w.touches) + PAIR_NS * len(w.pairs)
    each += float(w.need_rate.mean(dtype=float)) * (NEED_NS + OFFER_NS * len(w.offers))
    return float(world.size * each * 1e-9)


def oddities(seen: Preview) -> Section:
    """What is allowed and probably not meant."""
    texts = [*warnings(seen.scenario), *([f"this will not run: {seen.refused}"] if seen.refused else [])]
    return Section("Odd values", ("",), [(text,) for text in texts])
