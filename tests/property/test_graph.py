"""The graph's algorithms against brute force on random graphs: sparse and dense, with large cycles and self loops."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poetry_aiops.graph.components import strongly_connected
from poetry_aiops.graph.cuts import separating, smallest_cut
from poetry_aiops.graph.dominance import (
    BY_THE_PROJECT,
    NOT_REACHED,
    immediate_dominators,
    subtree_sizes,
    subtrees,
)
from poetry_aiops.graph.feedback import breaking_set
from poetry_aiops.graph.metrics import betweenness, longest_chain
from poetry_aiops.graph.numbered import Numbered, adjacency, distances, reached, swapped
from poetry_aiops.graph.paths import count_paths
from poetry_aiops.graph.ranges import intersection, ranges, text_of
from poetry_aiops.project.constraints import allows


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


SMALL = 8
LARGE = 5_000
SECONDS = 6.0
"""Of processor time, generous for a busy machine; each of these needs well below a second, a quadratic one minutes."""


@st.composite
def graphs(draw: st.DrawFn, size: int = SMALL, *, loops: bool = True) -> Numbered:
    """Draw a graph with any edges, self loops included, and any direct dependencies."""
    count = draw(st.integers(1, size))
    node = st.integers(0, count - 1)
    pairs = {
        pair
        for pair in draw(st.sets(st.tuples(node, node), max_size=3 * count))
        if loops or pair[0] != pair[1]
    }
    return numbers(count, sorted(pairs), sorted(draw(st.sets(node))))


def numbers(count: int, pairs: list[tuple[int, int]], roots: list[int]) -> Numbered:
    names = tuple(f"n{place:05}" for place in range(count))
    number = {name: place for place, name in enumerate(names)}
    return Numbered(names, number, adjacency(count, pairs), adjacency(count, swapped(pairs)), tuple(roots))


def simple_paths(graph: Numbered) -> Iterator[tuple[int, ...]]:
    """Yield every path from the project that visits no node twice."""
    waiting: list[tuple[int, ...]] = [(root,) for root in graph.roots]
    while waiting:
        path = waiting.pop()
        yield path
        waiting += [(*path, after) for after in graph.after[path[-1]] if after not in path]


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_a_dominator_is_what_every_path_runs_through(graph: Numbered) -> None:
    size = len(graph.names)
    all_paths = [set[int]() for _ in range(size)]
    met = [False] * size
    for path in simple_paths(graph):
        end = path[-1]
        all_paths[end] = all_paths[end] & set(path) if met[end] else set(path)
        met[end] = True
    found = immediate_dominators(graph.after, graph.roots)
    for node in range(size):
        if not met[node]:
            assert found[node] == NOT_REACHED
            continue
        strict = all_paths[node] - {node}
        nearest = max(strict, key=lambda one: len(all_paths[one]), default=BY_THE_PROJECT)
        assert found[node] == nearest


@given(graphs(40))
@settings(max_examples=150, deadline=None)
def test_a_closure_is_what_is_lost_without_the_node(graph: Numbered) -> None:
    found = immediate_dominators(graph.after, graph.roots)
    everything = reached(graph.after, graph.roots)
    below = subtrees(found)
    assert subtree_sizes(found) == [len(members) for members in below]
    for node in range(len(graph.names)):
        lost = everything - reached(graph.after, graph.roots, {node})
        assert frozenset(below[node]) == lost


@given(graphs(12))
@settings(max_examples=200, deadline=None)
def test_nodes_of_a_component_reach_each_other(graph: Numbered) -> None:
    size = len(graph.names)
    far = [reached(graph.after, [node]) for node in range(size)]
    found = strongly_connected(graph.after)
    assert sorted(itertools.chain(*found)) == list(range(size))
    together = {(one, two) for members in found for one in members for two in members}
    assert together == {(one, two) for one in range(size) for two in far[one] if one in far[two]}
    place = {node: number for number, members in enumerate(found) for node in members}
    assert all(place[after] <= place[node] for node in range(size) for after in graph.after[node])


@given(graphs(), st.data())
@settings(max_examples=300, deadline=None)
def test_no_smaller_set_of_direct_dependencies_cuts_a_node_off(graph: Numbered, data: st.DataObject) -> None:
    goal = data.draw(st.integers(0, len(graph.names) - 1))
    found = smallest_cut(graph.after, graph.roots, goal)
    assert goal not in reached(graph.after, graph.roots, found)
    assert found <= set(graph.roots)
    for size in range(len(found)):
        for fewer in itertools.combinations(graph.roots, size):
            assert goal in reached(graph.after, graph.roots, fewer)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_without_the_breaking_set_no_cycle_is_left(graph: Numbered) -> None:
    size = len(graph.names)
    pairs = [(one, two) for one in range(size) for two in graph.after[one] if one != two]
    broken = breaking_set(size, pairs)
    left = [pair for place, pair in enumerate(pairs) if place not in broken]
    assert all(len(members) == 1 for members in strongly_connected(adjacency(size, left)))
    for place in broken:
        spared = adjacency(size, [*left, pairs[place]])
        assert any(len(members) > 1 for members in strongly_connected(spared))
    alone = [
        place
        for place in range(len(pairs))
        if all(
            len(members) == 1
            for members in strongly_connected(adjacency(size, pairs[:place] + pairs[place + 1 :]))
        )
    ]
    if broken and alone:
        assert broken == {max(alone)}


@given(graphs(14))
@settings(max_examples=200, deadline=None)
def test_without_an_articulation_point_there_are_more_parts(graph: Numbered) -> None:
    size = len(graph.names)
    both = [sorted({*graph.after[node], *graph.before[node]} - {node}) for node in range(size)]

    def parts(without: int) -> int:
        left = set(range(size)) - {without}
        count = 0
        while left:
            left -= reached(both, [min(left)], {without})
            count += 1
        return count

    whole = parts(-1)
    expected = [node for node in range(size) if parts(node) > whole - (not both[node])]
    assert separating(graph.after) == expected


@given(graphs(7))
@settings(max_examples=200, deadline=None)
def test_paths_are_counted_right_also_through_cycles(graph: Numbered) -> None:
    counts = [0] * len(graph.names)
    for path in simple_paths(graph):
        counts[path[-1]] += 1
    assert [count_paths(graph, node) for node in range(len(counts))] == [(count, True) for count in counts]


@given(graphs(10))
@settings(max_examples=150, deadline=None)
def test_the_longest_chain_is_the_longest_way_through_the_components(graph: Numbered) -> None:
    components = strongly_connected(graph.after)
    of = {node: number for number, members in enumerate(components) for node in members}
    beyond = [{of[two] for one in members for two in graph.after[one]} for members in components]

    def longest(number: int) -> int:
        return 1 + max((longest(other) for other in beyond[number] if other != number), default=0)

    assert len(longest_chain(graph)) == max((longest(of[root]) for root in graph.roots), default=0)


@given(graphs(9, loops=False))
@settings(max_examples=150, deadline=None)
def test_betweenness_by_listing_every_shortest_path(graph: Numbered) -> None:
    project = len(graph.names)
    after = [*graph.after, graph.roots]
    size = len(after)
    expected = [0.0] * size
    for start in range(size):
        away = distances(after, [start])
        ways: list[list[tuple[int, ...]]] = [[] for _ in range(size)]
        ways[start] = [(start,)]
        for node in sorted((node for node in range(size) if away[node] >= 0), key=away.__getitem__):
            for target in after[node]:
                if away[target] == away[node] + 1:
                    ways[target] += [(*way, target) for way in ways[node]]
        for end in range(size):
            for way in ways[end]:
                for inner in way[1:-1]:
                    expected[inner] += 1 / len(ways[end])
    scale = (size - 1) * (size - 2) or 1
    shares, exact = betweenness(graph.after, graph.roots)
    assert exact
    assert shares == pytest.approx([value / scale for value in expected[:project]])


VERSIONS = ("0.9", "1", "1.0.1", "1.4", "1.4.3", "1.5", "2", "2.1", "3", "3.0.1", "9")
CLAUSE = st.builds(
    "{}{}".format,
    st.sampled_from(["^", "~", "~=", ">=", "<=", ">", "<", "!=", "=="]),
    st.sampled_from(["1.0", "1.4", "1.5", "2.0", "3.0"]),
)
CONSTRAINT = st.lists(st.lists(CLAUSE, min_size=1, max_size=3).map(",".join), min_size=1, max_size=3).map(
    " || ".join
)


@given(CONSTRAINT, CONSTRAINT)
@settings(max_examples=300, deadline=None)
def test_an_intersection_allows_what_both_allow(first: str, second: str) -> None:
    both = text_of(intersection(ranges(first), ranges(second)))
    for version in VERSIONS:
        expected = allows(first, version) and allows(second, version)
        assert (both != "nothing" and allows(both, version)) == expected


def random_graph(kind: str, seed: int = 7) -> Numbered:
    """Return a graph of 5,000 nodes and about 15,000 edges."""
    chance = random.Random(seed)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < 3 * LARGE:
        one, two = chance.randrange(LARGE), chance.randrange(LARGE)
        pairs.add((min(one, two), max(one, two)) if kind == "layers" and one != two else (one, two))
    if kind == "rings":
        pairs |= {(node, node + 1 if (node + 1) % 500 else node - 499) for node in range(LARGE)}
        pairs |= {(node, node) for node in range(0, LARGE, 100)}
    return numbers(LARGE, sorted(pairs), list(range(0, LARGE, 40)))


KINDS = ("any", "layers", "rings")
FAST: dict[str, Callable[[Numbered], object]] = {
    "dominators": lambda graph: subtree_sizes(immediate_dominators(graph.after, graph.roots)),
    "components": lambda graph: strongly_connected(graph.after),
    "articulation points": lambda graph: separating(graph.after),
    "a cut": lambda graph: smallest_cut(graph.after, graph.roots, LARGE - 1),
    "the longest chain": longest_chain,
    "paths": lambda graph: count_paths(graph, LARGE - 1),
    "betweenness": lambda graph: betweenness(graph.after, graph.roots),
    "breaking cycles": lambda graph: breaking_set(
        LARGE, [(one, two) for one in range(LARGE) for two in graph.after[one]]
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("question", FAST.values(), ids=FAST)
def test_five_thousand_packages_are_no_trouble(kind: str, question: Callable[[Numbered], object]) -> None:
    graph = random_graph(kind)
    begun = time.process_time()
    question(graph)
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_dominators_of_five_thousand_packages_are_those_of_networkx(kind: str) -> None:
    networkx = pytest.importorskip("networkx", reason="networkx is the second opinion here")
    graph = random_graph(kind)
    known = networkx.DiGraph()
    known.add_edges_from((one, two) for one in range(LARGE) for two in graph.after[one])
    known.add_edges_from(("project", root) for root in graph.roots)
    # What networkx says of the root itself differs between its versions.
    expected = {
        node: top
        for node, top in networkx.immediate_dominators(known, "project").items()
        if node != "project"
    }
    found = immediate_dominators(graph.after, graph.roots)
    assert {
        node: "project" if top == BY_THE_PROJECT else top
        for node, top in enumerate(found)
        if top != NOT_REACHED
    } == expected
