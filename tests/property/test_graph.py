"""The graph's answers against brute force on random locks with extras, several builds, cycles and self loops."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.timing import within
from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.analysis import analyse, removal
from poetry_aiops.graph.cycles import breaking_set
from poetry_aiops.graph.layout import longest_path_layers
from poetry_aiops.graph.paths import why
from poetry_aiops.project.lock_graph import PROJECT, longest_chain
from poetry_aiops.project.model import Requirement


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.lock_graph import LockNode


LARGE = 5_000
SECONDS = 8.0
"""Of processor time, generous for a busy machine; each of these needs about a second, a quadratic one minutes."""

NAMES = "abcdefg"
EXTRAS = ("", "x", "y")


@st.composite
def graphs(draw: st.DrawFn) -> DependencyGraph:
    """Draw a lock: any lines, behind extras and asking for extras, some names in two builds, any demands."""
    name, extra = st.sampled_from(NAMES), st.sampled_from(EXTRAS)
    constraint = st.sampled_from(["*", "<2", ">=2"])
    line = st.builds(
        lambda one, two, switch, asked, limit: edge(one, two, limit, extra=switch, asks=(asked,) if asked else ()),
        name, name, extra, extra, constraint,
    )  # fmt: skip
    demand = st.builds(
        lambda group, one, asked: (group, Requirement(one, one, extras=(asked,) if asked else ())),
        st.sampled_from(["main", "dev"]), name, extra,
    )  # fmt: skip
    several = draw(st.sets(name, max_size=2))
    return graph_of(
        "",
        *draw(st.lists(line, max_size=14)),
        alone=" ".join(NAMES),
        versions=dict.fromkeys(several, ("1.0", "2.0")),
        demands=tuple(draw(st.lists(demand, max_size=4))),
    )


def reached(graph: DependencyGraph, cut: set[LockNode]) -> set[str]:
    """Return the names that the project leads to when some nodes are not there."""
    left = nx.DiGraph(graph.links)
    left.remove_nodes_from(cut)
    return {node.name for node in nx.descendants(left, PROJECT)} - {""}


@given(graphs())
@examples(60)
def test_what_a_package_frees_is_what_is_no_longer_reached_without_it(graph: DependencyGraph) -> None:
    everything = reached(graph, set())
    for one in analyse(graph).metrics:
        cut = {node for node in graph.links if node.name == one.name or (node.name == "" and node != PROJECT)}
        asked = {node for node in cut if not node.name and graph.links.nodes[node]["demand"].name == one.name}
        cut = asked or {node for node in cut if node.name}
        gone = everything - reached(graph, cut)
        assert set(removal(graph, [one.name]).gone) == gone
        assert one.frees == len(gone)


@given(graphs(), st.sets(st.sampled_from(NAMES), min_size=2, max_size=3))
@examples(50)
def test_a_set_frees_at_least_what_its_members_do(graph: DependencyGraph, names: set[str]) -> None:
    direct = names & set(graph.direct)
    together = set(removal(graph, direct).gone)
    assert all(together >= set(removal(graph, [name]).gone) for name in direct)


@given(graphs())
@examples(50)
def test_every_path_of_why_can_be_walked_and_is_a_shortest(graph: DependencyGraph) -> None:
    for name in NAMES:
        found = why(graph, name, limit=99)
        goals = [node for node in graph.links if node.name == name and not node.extra]
        leading = {
            graph.links.nodes[node]["demand"].name
            for node in graph.links[PROJECT]
            if any(nx.has_path(graph.links, node, goal) for goal in goals)
        }
        assert set(found.leading) == leading
        for path, steps in zip(found.paths, found.steps, strict=True):
            assert [step.target for step in steps] == list(path)
            assert [step.source for step in steps] == [None, *path[:-1]]
            assert path[-1] == name
            assert all(set(step.extras) <= {"x", "y"} for step in steps)


@given(graphs())
@examples(50)
def test_the_longest_chain_is_the_longest_way_through_the_components(graph: DependencyGraph) -> None:
    components = [frozenset(found) for found in nx.strongly_connected_components(graph.names)]
    home = {name: members for members in components for name in members}

    def longest(members: frozenset[str]) -> int:
        beyond = {home[two] for one in members for two in graph.names[one]} - {members}
        return max((1 + longest(other) for other in beyond), default=0)

    chain = longest_chain(graph.names)
    assert len(chain) == longest(home[""])
    assert all(
        any(graph.names.has_edge(one, two) for one in above for two in below)
        for above, below in itertools.pairwise([("",), *chain])
    )


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, unique=True))
@examples(60)
def test_without_the_breaking_set_no_cycle_is_left(pairs: list[tuple[str, str]]) -> None:
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    if nx.is_directed_acyclic_graph(nx.DiGraph(pairs)):
        return
    broken = breaking_set(pairs)
    left = [pair for pair in pairs if pair not in broken]
    assert nx.is_directed_acyclic_graph(nx.DiGraph(left))
    for pair in broken:
        assert not nx.is_directed_acyclic_graph(nx.DiGraph([*left, pair]))
    alone = [
        pair
        for place, pair in enumerate(pairs)
        if nx.is_directed_acyclic_graph(nx.DiGraph(pairs[:place] + pairs[place + 1 :]))
    ]
    if alone:
        assert broken == [alone[-1]]


def random_graph(seed: int = 7) -> DependencyGraph:
    """Return a graph of 5,000 packages and about 15,000 lines, every tenth asking for an extra."""
    chance = random.Random(seed)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < 3 * LARGE:
        one, two = chance.randrange(LARGE), chance.randrange(LARGE)
        if one != two:
            pairs.add((min(one, two), max(one, two)))
    edges = [
        edge(f"n{one}", f"n{two}", asks=("x",) * (not two % 10), extra="x" * (not one % 10))
        for one, two in sorted(pairs)
    ]
    return graph_of(" ".join(f"n{node}" for node in range(0, LARGE, 40)), *edges)


def test_five_thousand_packages_are_no_trouble() -> None:
    graph = random_graph()
    with within(SECONDS):
        analyse(graph)
        why(graph, graph.nodes[-1].id)
        longest_path_layers([[node + 1] for node in range(LARGE - 1)] + [[]])
