"""Places on the plane: layers, order, determinism, and the same place in two revisions."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.graph_pages import large_graph, small_graph

from poetry_aiops.graph.layout import ROW, lay_out, longest_path_layers, places_of


CHAIN = [("a", "b"), ("b", "c"), ("a", "c")]
EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=60)


def test_a_dependency_stands_right_of_everything_that_needs_it() -> None:
    places = lay_out("abc", CHAIN)

    assert [places[name].layer for name in "abc"] == [0, 1, 2]
    assert places["a"].x < places["b"].x < places["c"].x


def test_members_of_a_cycle_share_a_layer_and_what_follows_comes_after() -> None:
    places = lay_out("abcd", [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])

    assert places["b"].layer == places["c"].layer == 1
    assert places["d"].layer == 2


def test_the_order_of_the_input_does_not_matter() -> None:
    graph = large_graph(120)
    names = [node.id for node in graph.nodes]
    edges = [(edge.source, edge.target) for edge in graph.edges]
    shuffled_names, shuffled_edges = names[:], edges[:]
    random.Random(3).shuffle(shuffled_names)
    random.Random(4).shuffle(shuffled_edges)

    assert lay_out(shuffled_names, shuffled_edges) == lay_out(names, edges)


def test_loops_and_edges_to_unknown_names_change_nothing() -> None:
    assert lay_out("abc", [*CHAIN, ("a", "a"), ("a", "unknown"), ("unknown", "c")]) == lay_out("abc", CHAIN)


def test_no_names_have_no_places() -> None:
    assert dict(lay_out([], [])) == {}


def test_two_revisions_share_one_place_for_each_name() -> None:
    old, new = small_graph(newer=False), small_graph()

    assert places_of(old, new) == places_of(new, old)
    assert {"old-thing", "new-thing"} <= places_of(old, new).keys()


@pytest.mark.parametrize("count", [30, 300])
def test_two_packages_never_stand_on_one_place(count: int) -> None:
    places = places_of(large_graph(count)).values()

    columns: dict[int, list[int]] = {}
    for place in places:
        columns.setdefault(place.x, []).append(place.y)
    for heights in columns.values():
        ordered = sorted(heights)
        assert all(after - before >= ROW - 1 for before, after in pairwise(ordered))


def test_the_drawing_is_not_much_wider_than_a_window() -> None:
    places = list(places_of(large_graph(650)).values())
    width = max(place.x for place in places)
    height = max(place.y for place in places)

    assert 0.5 < width / height < 3


def test_crossings_are_fewer_than_in_the_order_of_names() -> None:
    mirrored = [(f"a{number}", f"b{9 - number}") for number in range(10)]
    places = lay_out([name for pair in mirrored for name in pair], mirrored)

    assert _crossings(mirrored, {name: place.y for name, place in places.items()}) == 0


@given(EDGES)
@settings(max_examples=80, deadline=None)
def test_every_edge_leads_to_a_later_layer_or_stays_in_its_cycle(pairs: list[tuple[int, int]]) -> None:
    after: list[list[int]] = [[] for _ in range(15)]
    for source, target in pairs:
        after[source].append(target)
    layers = longest_path_layers(after)

    for source, target in pairs:
        assert layers[target] > layers[source] or (
            layers[target] == layers[source] and source in _reached(after, target)
        )


def _reached(after: list[list[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        for target in after[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _crossings(pairs: list[tuple[str, str]], y: dict[str, int]) -> int:
    return sum(
        (y[a] - y[c]) * (y[b] - y[d]) < 0 for index, (a, b) in enumerate(pairs) for c, d in pairs[index + 1 :]
    )
