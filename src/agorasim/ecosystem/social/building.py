"""A scenario's social layers: generated, read from files, or handed in as graph objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.social import generators as make
from agorasim.ecosystem.social.csr import Graph, from_networkx
from agorasim.ecosystem.social.reading import Names, read_graph
from agorasim.ecosystem.social.rows import row_numbers
from agorasim.ecosystem.social.spatial import spatial
from agorasim.errors import InputError, unknown
from agorasim.randomness import MAX_WORD, TIE, deep_uniforms, stable_id

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.social import Layer


_SAME = 1e-6  # a coefficient of variation below this is none
_AT_ONCE = 1_000_000


def size_from_files(scenario: Scenario, graphs: Mapping[str, Any] | None = None) -> int | None:
    """The number of consumers that the first file layer or graph object sets; None when every layer is generated."""
    given = _given(scenario, graphs)
    for name in scenario.social.layers:
        if found := _from_outside(scenario, name, given, None):
            return found[0].n
    return None


def build_layers(
    scenario: Scenario,
    seed: int,
    replicate: int,
    size: int,
    segments: Any,
    x: Any,
    y: Any,
    graphs: Mapping[str, Any] | None = None,
) -> dict[str, Graph]:
    """The graph of every layer, in the scenario's order, over consumers 0 .. size - 1.

    `segments` (int) and `x`, `y` (km) have shape (size,). `graphs` replaces layers by networkx graphs or `Graph`s. The
    first file or graph object names the consumers; later ones must use its names. InputError names the layer or file.
    """
    given = _given(scenario, graphs)
    drawn = replicate if scenario.social.redraw else 0
    names: Names | None = None
    out: dict[str, Graph] = {}
    for name, layer in scenario.social.layers.items():
        if found := _from_outside(scenario, name, given, names):
            out[name], names = found
        else:
            out[name] = _generate(layer, name, seed, drawn, size, segments, x, y)
        if out[name].n != size:
            raise InputError(f"social.layers.{name}: the graph has {out[name].n} nodes, the population {size}")
    return out


def tie_strengths(graph: Graph, cv: float, name: str, now: Any) -> NDArray[np.float32]:
    """Strength of every entry of a layer: gamma with mean 1, both ways alike. Shape (m,), or (0,) where all are 1."""
    if cv < _SAME or graph.complete:
        return np.empty(0, dtype=np.float32)
    from scipy.special import gammaincinv

    out = np.empty(graph.entries, dtype=np.float32)
    sources, about = row_numbers(graph.indptr, graph.entries), stable_id("layer", name, "strength")
    for first in range(0, graph.entries, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        low, high = np.minimum(sources[part], graph.neighbours[part]), np.maximum(sources[part], graph.neighbours[part])
        u = deep_uniforms(now, TIE, low, (high.astype(np.int64) + about) % (MAX_WORD + 1))[:, 0]
        out[part] = gammaincinv(cv**-2, u) * cv**2
    return out


def _given(scenario: Scenario, graphs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    for name in graphs or {}:
        if name not in scenario.social.layers:
            raise InputError("graphs: " + unknown("social layer", name, scenario.social.layers))
    return graphs or {}


def _from_outside(
    scenario: Scenario, name: str, given: Mapping[str, Any], names: Names | None
) -> tuple[Graph, Names] | None:
    """Graph and node names of a layer that is handed in or read from a file; None for a generated one."""
    layer = scenario.social.layers[name]
    if name in given:
        return _object(given[name], name, names)
    if layer.file is None:
        return None
    path = _resolve(scenario, layer.file, name)
    stamp = path.stat() if path.is_file() else None
    key = (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0)
    return _read(path, key, layer.directed, layer.nodes, names)


@lru_cache(maxsize=4)
def _read(
    path: Path, stamp: tuple[int, int], directed: bool, nodes: int | None, names: Names | None
) -> tuple[Graph, Names]:
    """Each replicate wants the same file; `stamp` makes an edited one be read again."""
    return read_graph(path, directed=directed, nodes=nodes, names=names)


def _resolve(scenario: Scenario, file: str, layer: str) -> Path:
    """The file's place: relative to the scenario and under its folder unless more is allowed."""
    folder = (scenario._folder or Path.cwd()).resolve()
    path = (folder / file).resolve()
    if not scenario._allow_outside and not path.is_relative_to(folder):
        raise InputError(
            f"social.layers.{layer}.file: {file!r} lies outside the scenario's folder {folder}; "
            "move it there or allow it with --allow-outside (allow_outside=True)"
        )
    return path


def _object(graph: Any, layer: str, names: Names | None) -> tuple[Graph, Names]:
    """A `Graph` goes by position, a networkx graph by its nodes."""
    if isinstance(graph, Graph):
        if names is not None and len(names) != graph.n:
            raise InputError(f"graphs: layer {layer!r} has {graph.n} nodes, the first graph {len(names)}")
        return graph, names or Names(np.arange(graph.n, dtype=np.int64))
    if not (hasattr(graph, "nodes") and hasattr(graph, "is_directed")):
        raise InputError(f"graphs: layer {layer!r} must be a networkx graph or a Graph, got {type(graph).__name__}")
    if len(graph) == 0:
        raise InputError(f"graphs: layer {layer!r} has no nodes")
    made, nodes = from_networkx(graph)
    whole = all(isinstance(node, (int, np.integer)) for node in nodes)
    own = Names(np.array(nodes, dtype=np.int64) if whole else [str(node) for node in nodes])
    if names is None:
        return made, own
    number = names.numbers(own.values)
    if (number < 0).any():
        stranger = nodes[int(np.argmax(number < 0))]
        raise InputError(f"graphs: node {stranger!r} of layer {layer!r} is not among the nodes of the first graph")
    edges = number[made.edges()] if made.entries else np.empty((0, 2), dtype=np.int64)
    return Graph.from_edges(edges, len(names), made.directed, made.edge_weights()), names


def _generate(layer: Layer, name: str, seed: int, replicate: int, size: int, segments: Any, x: Any, y: Any) -> Graph:
    what = layer.generator
    assert what is not None
    key: dict[str, Any] = {"seed": seed, "replicate": replicate, "name": name}
    if what.kind == "watts_strogatz":
        return make.watts_strogatz(size, what.degree, what.rewire, **key)
    if what.kind == "barabasi_albert":
        return make.barabasi_albert(size, what.links, **key)
    if what.kind == "powerlaw_cluster":
        return make.powerlaw_cluster(size, what.links, what.triangle, **key)
    if what.kind == "erdos_renyi":
        return make.erdos_renyi(size, what.degree, **key)
    if what.kind == "stochastic_block":
        return make.stochastic_block(segments, what.degree, what.homophily, **key)
    if what.kind == "followers":
        return make.followers(size, what.leaders, what.follows, what.exponent, **key)
    if what.kind == "spatial":
        return spatial(x, y, what.degree, what.scale, **key)
    return make.complete(size)
