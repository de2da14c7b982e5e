"""Why a package is there, and what surrounds it."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import graph_of

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.paths import focus, part, why


def test_one_shortest_path_for_each_direct_dependency_shortest_first() -> None:
    found = why(graph_of("a b c", "a m", "m x", "b x", "c d", "d m"), "x")
    assert found.paths == (("b", "x"), ("a", "m", "x"), ("c", "d", "m", "x"))
    assert found.total == 3


def test_paths_are_counted_but_not_listed() -> None:
    layers = [f"n{layer}{side} n{layer + 1}a n{layer + 1}b" for layer in range(40) for side in "ab"]
    found = why(graph_of("n0a n0b", *layers), "n40a")
    assert (found.total, found.exact, len(found.paths)) == (2**40, True, 2)


def test_paths_through_a_cycle_visit_nothing_twice() -> None:
    # project -> a -> x, a -> b -> x; project -> b -> x, b -> a -> x
    found = why(graph_of("a b", "a b x", "b a x"), "x")
    assert (found.total, found.exact) == (4, True)


def test_paths_to_a_package_inside_a_cycle() -> None:
    assert why(graph_of("a", "a b", "b c", "c a b"), "c").total == 1


def test_a_knot_that_is_too_large_to_walk_gives_a_lower_bound() -> None:
    everyone = [f"n{place:02}" for place in range(14)]
    found = why(
        graph_of("n00", *(f"{one} {' '.join(t for t in everyone if t != one)}" for one in everyone)), "n13"
    )
    assert not found.exact
    assert found.total >= 1


def test_an_orphan_is_there_for_no_reason() -> None:
    found = why(graph_of("a", alone="x"), "x")
    assert (found.paths, found.total) == ((), 0)


def test_what_the_project_asks_for_itself_says_so() -> None:
    found = why(graph_of("a x", "a x"), "x")
    assert [demand.group for demand in found.demands] == ["main"]
    assert found.paths[0] == ("x",)


def test_only_so_many_paths_are_shown() -> None:
    direct = " ".join(f"d{place:02}" for place in range(30))
    found = why(graph_of(direct, *(f"{name} x" for name in direct.split())), "x", limit=5)
    assert (len(found.paths), len(found.leading), found.total) == (5, 30, 30)


def test_focus_has_what_is_above_and_below_with_distances() -> None:
    found = focus(graph_of("a", "a b", "b c", "c d", "d e", "q c"), "c")
    assert found.ancestors == (("b", 1), ("q", 1), ("a", 2))
    assert found.descendants == (("d", 1), ("e", 2))
    assert found.names == ("a", "b", "c", "d", "e", "q")


def test_focus_can_stop_early() -> None:
    found = focus(graph_of("a", "a b", "b c", "c d", "d e"), "c", depth=1)
    assert found.names == ("b", "c", "d")


def test_a_part_keeps_the_edges_inside_it() -> None:
    found = part(graph_of("a", "a b c", "b c"), ["b", "c"])
    assert [(one.source, one.target) for one in found.edges] == [("b", "c")]
    assert found.direct == ()


@pytest.mark.parametrize("ask", [why, focus])
def test_an_unknown_name_is_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UsageError):
        ask(graph_of("a"), "\x1b[31mnothing")
