"""The figures of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.analysis import analyse


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph, Summary


def figures(graph: DependencyGraph) -> Summary:
    return analyse(graph).summary


def test_depth_is_the_longest_of_the_shortest_paths() -> None:
    assert figures(graph_of("a", "a b c", "b c", "c d")).depth == 3


def test_the_longest_chain_counts_the_edge_from_the_project() -> None:
    found = figures(graph_of("a", "a b c", "b c", "c d"))
    assert (found.longest_chain, found.chain) == (4, ("a", "b", "c", "d"))


def test_a_cycle_counts_as_one_step_of_the_chain() -> None:
    found = figures(graph_of("a", "a b", "b c", "c b d"))
    assert (found.longest_chain, found.chain) == (3, ("a", "b", "d"))


def test_the_chain_begins_at_a_direct_dependency_even_where_others_are_longer() -> None:
    assert figures(graph_of("b", "x a", "a b", "b c")).chain == ("b", "c")


def test_hard_edges_are_counted_apart() -> None:
    found = figures(graph_of("a", "a b", edge("a", "c", extra="x")))
    assert (found.edges, found.edges_hard) == (2, 1)


def test_everything_at_once_agrees_with_each_part() -> None:
    found = analyse(graph_of("a z", "a b c", "b d", "c d", alone="o"))
    metrics = {one.name: one for one in found.metrics}
    assert (metrics["d"].depth, metrics["d"].needed_by) == (3, 2)
    assert (metrics["a"].frees, metrics["a"].needs) == (4, 2)
    assert (metrics["o"].depth, metrics["o"].frees) == (None, 0)
    assert found.summary.orphans == ("o",)


def test_an_empty_graph_has_figures_too() -> None:
    assert analyse(graph_of("")).metrics == ()
