"""The figures of a graph."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.metrics import betweenness, summary


def test_depth_is_the_longest_of_the_shortest_paths() -> None:
    assert summary(graph_of("a", "a b c", "b c", "c d")).depth == 3


def test_the_longest_chain_counts_the_edge_from_the_project() -> None:
    found = summary(graph_of("a", "a b c", "b c", "c d"))
    assert (found.longest_chain, found.chain) == (4, ("a", "b", "c", "d"))


def test_a_cycle_counts_as_one_step_of_the_chain() -> None:
    found = summary(graph_of("a", "a b", "b c", "c b d"))
    assert (found.longest_chain, found.chain) == (3, ("a", "b", "d"))


def test_the_chain_begins_at_a_direct_dependency_even_where_others_are_longer() -> None:
    assert summary(graph_of("b", "x a", "a b", "b c")).chain == ("b", "c")


def test_hard_edges_are_counted_apart() -> None:
    found = summary(graph_of("a", "a b", edge("a", "c", extra="x")))
    assert (found.edges, found.edges_hard) == (2, 1)


def test_betweenness_of_a_path() -> None:
    # 4 nodes with the project; a lies on the ways project-b, project-c; b on project-c, a-c.
    shares, exact = betweenness([(1,), (2,), ()], [0])
    assert shares == pytest.approx([2 / 6, 2 / 6, 0.0])
    assert exact


def test_shortest_paths_that_part_are_shared_out() -> None:
    shares, _ = betweenness([(1, 2), (3,), (3,), ()])
    assert shares[1] == shares[2] == pytest.approx(0.5 / 12)


def test_more_paths_than_a_float_can_count_are_no_trouble() -> None:
    diamonds = 1100
    after = [
        after
        for place in range(0, 3 * diamonds, 3)
        for after in ((place + 1, place + 2), (place + 3,), (place + 3,))
    ]
    shares, _ = betweenness([*after, ()], work=1)
    assert shares[1] == pytest.approx(shares[2])


def test_a_huge_graph_is_sampled_and_says_so() -> None:
    size = 300
    ring = [((node + 1) % size, (node + 7) % size) for node in range(size)]
    exact, whole = betweenness(ring)
    sampled, complete = betweenness(ring, work=20_000)
    assert whole
    assert not complete
    assert sum(sampled) == pytest.approx(sum(exact), rel=0.2)


def test_everything_at_once_agrees_with_each_part() -> None:
    found = analyse(graph_of("a z", "a b c", "b d", "c d", alone="o"))
    standing = {one.name: one for one in found.standings}
    assert (standing["d"].depth, standing["d"].dominator, standing["d"].needed_by) == (3, "a", 2)
    assert (standing["a"].frees, standing["a"].dominator, standing["a"].needs) == (4, None, 2)
    assert (standing["o"].depth, standing["o"].frees) == (None, 0)
    assert found.summary.orphans == ("o",)


def test_an_empty_graph_has_figures_too() -> None:
    assert analyse(graph_of("")).standings == ()
