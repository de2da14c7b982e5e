"""What it takes to lose a package, and which packages hold the graph together."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import graph_of

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.cuts import articulation_points, to_lose


def test_every_direct_dependency_that_leads_there_must_go() -> None:
    found = to_lose(graph_of("a b c", "a x", "b y", "y x", "c z"), "x")
    assert (found.cut, found.must_go) == (("a", "b"), ("a", "b"))


def test_a_bottleneck_is_the_smallest_cut() -> None:
    found = to_lose(graph_of("a b c", "a c", "b c", "c x"), "x")
    assert (found.cut, found.must_go) == (("c",), ("a", "b", "c"))


def test_what_is_no_direct_dependency_cannot_be_cut() -> None:
    assert to_lose(graph_of("a b", "a m", "b m", "m x"), "x").cut == ("a", "b")


def test_a_direct_dependency_is_lost_by_itself() -> None:
    found = to_lose(graph_of("a x", "a x"), "x")
    assert (found.cut, found.must_go) == (("x",), ("a", "x"))


def test_flow_that_took_the_wrong_way_is_taken_back() -> None:
    # Two paths share nothing only when a goes through q: a first greedy path p -> q has to be undone.
    found = to_lose(graph_of("a b p q", "a p q", "b p", "p x", "q x"), "x")
    assert found.cut == ("p", "q")


def test_among_equal_cuts_the_one_nearest_to_the_project_is_named() -> None:
    assert to_lose(graph_of("a b", "a b", "b x"), "x").cut == ("b",)
    assert to_lose(graph_of("a b c d", "a b", "c d", "b x", "d x"), "x").cut == ("b", "d")


def test_an_orphan_needs_no_cut() -> None:
    found = to_lose(graph_of("a", alone="x"), "x")
    assert (found.cut, found.must_go) == ((), ())


def test_a_cycle_on_the_way_does_no_harm() -> None:
    assert to_lose(graph_of("a b", "a m", "b m", "m n", "n m x"), "x").cut == ("a", "b")


def test_any_spelling_of_a_name_will_do_but_an_unknown_one_is_refused() -> None:
    assert to_lose(graph_of("typing-extensions"), "Typing_Extensions").cut == ("typing-extensions",)
    with pytest.raises(UsageError, match="the graph holds no package"):
        to_lose(graph_of("a"), "b")


def test_articulation_points_leave_directions_aside() -> None:
    assert articulation_points(graph_of("a d", "a b", "c b", "d c", "c e")) == ("b", "c")


def test_a_ring_has_no_articulation_point() -> None:
    assert articulation_points(graph_of("a", "a b", "b c", "a c")) == ()
