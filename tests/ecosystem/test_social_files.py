"""Files and graph objects become layers under one rule for names, or one clear message."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from agorasim.ecosystem.social.building import build_layers, size_from_files
from agorasim.ecosystem.social.csr import Graph
from agorasim.ecosystem.social.reading import read_graph
from agorasim.errors import InputError
from agorasim.scenario.schema import Scenario

SAME = {
    "spaces.txt": "# a comment with “quotes”\n% and another\n\n10 2\n2 30\n30 10\n",
    "tabs.txt": "10\t2\r\n2\t30\r\n30\t10\r\n",
    "commas.csv": "10,2\n2, 30\n30 ,10\n",
    "header.csv": "source,target\n10,2\n2,30\n30,10\n",
    "counted.txt": "3\n10 2 1\n2 10 1\n2 30 1\n30 2 1\n30 10 1\n10 30 1\n",
    "repeated.txt": "10 2\n2 10\n2 2\n2 30\n10 30\n30 10\n",
    "old_mac.txt": "10 2\r2 30\r30 10\r",
}


@pytest.mark.parametrize("name", SAME)
def test_edge_lists_say_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SAME[name], encoding="utf-8", newline="")
    graph, names = read_graph(tmp_path / name)
    assert list(names.values) == [2, 10, 30]
    assert graph.edges().tolist() == [[0, 1], [0, 2], [1, 2]]
    assert graph.weights is None
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(SAME[name].encode("latin-1", errors="replace")))
    assert read_graph(packed)[0].edges().tolist() == graph.edges().tolist()


def test_weights_directions_and_isolates(tmp_path: Path) -> None:
    path = tmp_path / "e.txt"
    path.write_text("ann bob 0.5\ncat ann 2\nbob ann 1\n")
    graph, names = read_graph(path, directed=True, nodes=5)
    assert names.values == ["ann", "bob", "cat", "(3)", "(4)"]
    assert graph.edges().tolist() == [[0, 1], [1, 0], [2, 0]]
    assert graph.weights is not None and graph.weights.tolist() == [0.5, 1.0, 2.0]
    undirected, _ = read_graph(path)
    assert undirected.edges().tolist() == [[0, 1], [0, 2]]
    assert undirected.edge_weights().tolist() == [1.0, 2.0]
    path.write_text("5 1\n1 3\n")
    assert list(read_graph(path, nodes=7)[1].values) == list(range(7))
    assert list(read_graph(path, nodes=4)[1].values) == [1, 3, 5, 6]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
def test_graphml_equals_its_networkx_graph(tmp_path: Path, kind: Any, directed: bool) -> None:
    want = kind([("b", "a"), ("a", "c")])
    want.add_node("alone")
    path = tmp_path / "g.graphml"
    nx.write_graphml(want, path)
    graph, names = read_graph(path, directed=directed)
    assert names.values == ["b", "a", "c", "alone"]
    both = directed and kind is nx.Graph
    assert graph.edges().tolist() == ([[0, 1], [1, 0], [1, 2], [2, 1]] if both else [[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2\n3\n", r":2: expected 2 columns as above, got '3'"),
        ("1 2\n\n1 2 3 4\n", r":3: expected"),
        ("1 2 3 4\n", r":1: expected 'u v' or 'u v weight'"),
        ("1 2 0.5\n1 3 x\n", r":2: the weight must be a number of at least 0, got 'x'"),
        ("1 2 0.5\n1 3 -1\n", r":2: the weight"),
        ("1 2 nan\n1 3 1\n", r":1: the weight"),
        ("# nothing\n", "names no nodes"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"broken\.txt:?.*{words}"):
        read_graph(path)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?>\n<!DOCTYPE g [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<graphml>&b;</graphml>'
    for name, data, words in (
        ("bomb.graphml", bomb.encode(), r"bomb\.graphml:2: a document type"),
        ("bomb16.graphml", bomb.encode("utf-16"), r"bomb16\.graphml:2: a document type"),
        ("cut.graphml", b"<graphml>\n<graph>", r"cut\.graphml:2: not well-formed XML"),
        ("other.graphml", b"<svg/>", "not a GraphML graph"),
        ("cut.txt.gz", gzip.compress(b"1 2\n" * 99)[:-9], "cannot be read"),
        ("plain.txt.gz", b"1 2\n", "cannot be read"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=words):
            read_graph(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        read_graph(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="is a folder"):
        read_graph(tmp_path)
    (tmp_path / "many.txt").write_text("1 2\n3 4\n")
    with pytest.raises(InputError, match="names 4 nodes, more than the 3 stated"):
        read_graph(tmp_path / "many.txt", nodes=3)


# --- layers ---------------------------------------------------------------------------------------------------------


def scenario(folder: Path, layers: dict[str, Any], **social: Any) -> Scenario:
    data = {"schema_version": 1, "name": "graphs", "brands": {"a": {}}, "social": {"layers": layers, **social}}
    return Scenario.from_dict(data, folder=folder)


def layers_of(made: Scenario, size: int, replicate: int = 0, graphs: Any = None) -> dict[str, Graph]:
    zeros = np.zeros(size)
    return build_layers(made, 7, replicate, size, zeros.astype(np.int32), zeros, zeros, graphs)


def test_the_first_file_names_the_consumers(tmp_path: Path) -> None:
    (tmp_path / "friends.txt").write_text("10 30\n30 20\n")
    (tmp_path / "family.txt").write_text("20 10\n")
    made = scenario(
        tmp_path,
        {"noise": {"generator": {"kind": "erdos_renyi", "degree": 1.0}}, "friends": {"file": "friends.txt"},
         "family": {"file": "family.txt"}},
    )  # fmt: skip
    assert size_from_files(made) == 3
    built = layers_of(made, 3)
    assert list(built) == ["noise", "friends", "family"]
    assert built["friends"].edges().tolist() == [[0, 2], [1, 2]]
    assert built["family"].edges().tolist() == [[0, 1]]
    (tmp_path / "family.txt").write_text("20 10\n10 40\n")
    with pytest.raises(InputError, match=r"family\.txt:2: node 40 is not among the 3 nodes"):
        layers_of(made, 3)
    with pytest.raises(InputError, match="the graph has 3 nodes, the population 4"):
        layers_of(made, 4)


def test_graph_objects_replace_layers(tmp_path: Path) -> None:
    (tmp_path / "replaced.txt").write_text("1 2\n")
    made = scenario(tmp_path, {"friends": {"file": "replaced.txt"}, "family": {"file": "replaced.txt"}})
    graphs = {"friends": nx.Graph([("a", "b"), ("b", "c")]), "family": nx.Graph([("c", "a")])}
    assert size_from_files(made, graphs) == 3
    built = layers_of(made, 3, graphs=graphs)
    assert built["friends"].edges().tolist() == [[0, 1], [1, 2]]
    assert built["family"].edges().tolist() == [[0, 2]]
    for wrong, words in (
        ({"freinds": graphs["friends"]}, "did you mean 'friends'"),
        ({**graphs, "family": nx.Graph([("a", "x")])}, "node 'x' of layer 'family'"),
        ({**graphs, "family": Graph.complete_of(4)}, "has 4 nodes, the first graph 3"),
        ({**graphs, "friends": [[0, 1]]}, "must be a networkx graph"),
    ):
        with pytest.raises(InputError, match=words):
            layers_of(made, 3, graphs=wrong)


def test_generated_layers_are_redrawn_unless_told(tmp_path: Path) -> None:
    layers = {"friends": {"generator": {"kind": "erdos_renyi", "degree": 4.0}}}
    edges = {
        (redraw, replicate): layers_of(scenario(tmp_path, layers, redraw=redraw), 60, replicate)["friends"]
        .edges()
        .tolist()
        for redraw in (True, False)
        for replicate in (0, 1)
    }
    assert edges[True, 0] != edges[True, 1]
    assert edges[True, 0] == edges[False, 0] == edges[False, 1]
    assert size_from_files(scenario(tmp_path, layers)) is None


def test_every_generator_builds(tmp_path: Path) -> None:
    kinds = ("watts_strogatz", "barabasi_albert", "powerlaw_cluster", "erdos_renyi", "stochastic_block", "spatial")
    built = layers_of(scenario(tmp_path, {kind: {"generator": {"kind": kind}} for kind in kinds}), 40)
    assert all(graph.n == 40 and graph.entries > 0 for graph in built.values())
    assert layers_of(scenario(tmp_path, {"all": {"generator": {"kind": "complete"}}}), 40)["all"].complete


def test_published_facebook_graph(data_folder: Path) -> None:
    graph, _ = read_graph(data_folder / "facebook_snap" / "facebook_combined.txt")
    degree = graph.degree()
    assert (graph.n, graph.entries // 2, degree.max()) == (4039, 88234, 1045)
    assert np.mean(degree.astype(float) ** 2) == pytest.approx(4656.1, abs=0.1)
    _, names = read_graph(data_folder / "email_eu_core" / "email-Eu-core.txt")
    assert len(names) == 1005
