"""Cycles: which there are, of what kind, and what breaks them."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx  # type: ignore[import-untyped]
import pytest
from tests.unit.graph.small import LINUX, WINDOWS, edge, graph_of

from poetry_aiops.graph.cycles import breaking_set, cycles
from poetry_aiops.graph.model import NodeBuild


def test_a_graph_without_cycles_has_none() -> None:
    assert cycles(graph_of("a", "a b c", "b c")) == ()


def test_hard_edges_make_a_hard_cycle() -> None:
    (found,) = cycles(graph_of("a", "a b", "b c", "c b"))
    assert (found.members, found.kind, found.core) == (("b", "c"), "hard", ("b", "c"))
    assert found.example == ("b", "c")
    assert len(found.broken_by) == 1


def test_a_cycle_through_an_extra_is_broken_by_leaving_it_out() -> None:
    (found,) = cycles(graph_of("dask", edge("dask", "expr", extra="dataframe"), "expr dask"))
    assert (found.kind, found.core) == ("extra", ())
    (breaker,) = found.broken_by
    assert (breaker.source, breaker.target, breaker.extras) == ("dask", "expr", ("dataframe",))
    assert breaker.text == "without the extra dataframe of dask, it does not need expr"


def test_a_cycle_that_some_machine_closes_is_hard() -> None:
    (found,) = cycles(graph_of("a", edge("a", "b", marker="sys_platform == 'linux'"), "b a"))
    assert found.kind == "hard"
    assert found.broken_by[0].text == "a needs b only where sys_platform == 'linux'"


def test_a_cycle_that_no_machine_closes_is_one_of_markers() -> None:
    there = edge("a", "b", marker="sys_platform == 'linux'")
    back = edge("b", "a", marker="sys_platform == 'win32'")
    (found,) = cycles(graph_of("a", there, back))
    assert found.kind == "marker"


def test_on_one_machine_only_its_markers_count() -> None:
    graph = graph_of("a", edge("a", "b", marker="sys_platform == 'linux'"), "b a")
    on_linux, on_windows = (
        replace(graph, scope=replace(graph.scope, target=machine)) for machine in (LINUX, WINDOWS)
    )
    assert [one.kind for one in cycles(on_linux)] == ["hard"]
    assert [one.kind for one in cycles(on_windows)] == ["marker"]


def test_builds_that_are_never_installed_together_close_no_cycle() -> None:
    graph = graph_of(
        "a",
        edge("a", "b"),
        edge("b", "a", marker="python_version >= '3.12'"),
        versions={"a": ("1.0", "2.0")},
    )
    old = NodeBuild("1.0", groups=("main",), markers={"main": "python_version < '3.12'"})
    new = NodeBuild("2.0", groups=("main",), markers={"main": "python_version >= '3.12'"})
    nodes = tuple(node._replace(builds=(old, new)) if node.id == "a" else node for node in graph.nodes)
    edges = tuple(one._replace(entries=one.entries[:1]) for one in graph.edges)
    assert [one.kind for one in cycles(replace(graph, nodes=nodes, edges=edges))] == ["marker"]


def test_a_hard_core_inside_a_larger_component_is_named() -> None:
    (found,) = cycles(graph_of("a", "a b", "b a c", "c d", edge("d", "a", extra="x")))
    assert (found.members, found.kind, found.core) == (("a", "b", "c", "d"), "hard", ("a", "b"))
    assert [(one.source, one.target) for one in found.broken_by] == [("a", "b")]


def test_one_edge_is_named_where_one_is_enough() -> None:
    (found,) = cycles(graph_of("a", "a b", "b c d", "c e", "d e", "e a"))
    assert len(found.broken_by) == 1
    assert found.broken_by[0].source in {"a", "e"}


def test_the_example_is_a_shortest_cycle() -> None:
    (found,) = cycles(graph_of("a", "a b", "b c", "c d", "d a c"))
    assert found.example == ("c", "d")


def test_the_largest_component_comes_first() -> None:
    found = cycles(graph_of("a x", "a b", "b a", "x y", "y z", "z x"))
    assert [one.members for one in found] == [("x", "y", "z"), ("a", "b")]


def test_edges_at_the_end_are_given_up_first() -> None:
    assert breaking_set([("a", "b"), ("b", "a")]) == [("b", "a")]
    assert breaking_set([("b", "a"), ("a", "b")]) == [("a", "b")]


def test_two_cycles_that_share_nothing_need_two_edges() -> None:
    assert len(breaking_set([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")])) == 2


@pytest.mark.parametrize("size", [30, 900])
def test_a_knot_is_broken_however_large_it_is(size: int) -> None:
    pairs = [(f"n{one}", f"n{(one * 7 + step) % size}") for one in range(size) for step in (1, 3)]
    pairs = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
    left = nx.DiGraph(pairs)
    left.remove_edges_from(breaking_set(pairs))
    assert nx.is_directed_acyclic_graph(left)
