from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import lock_of, project_of

from poetry_aiops.health.depth import depth_metric, longest_chain, score_of


if TYPE_CHECKING:
    from poetry_aiops.project.model import Lock


def test_the_chain_runs_from_the_project() -> None:
    lock = lock_of("apple 1 -> pear *\npear 1 -> plum *\nplum 1\norphan 1 -> apple *")
    assert str(longest_chain(lock, project_of("apple"))) == "apple -> pear -> plum"


def test_a_cycle_is_one_step() -> None:
    lock = lock_of("a 1 -> b *\nb 1 -> c *\nc 1 -> b *; d *\nd 1 -> d *")
    chain = longest_chain(lock, project_of("a", "c"))
    assert chain.steps == (("a",), ("b", "c"), ("d",))
    assert str(chain) == "a -> b/c -> d"


def test_dependencies_that_are_not_locked_do_not_count() -> None:
    assert longest_chain(lock_of("apple 1 -> missing *"), project_of("apple", "nothing")).length == 1


def test_a_project_without_dependencies_has_depth_0() -> None:
    metric = depth_metric(lock_of("apple 1"), project_of())
    assert (metric.score, metric.coverage, metric.inputs["longest_chain"]) == (100.0, 100.0, 0)


def test_a_very_long_chain_does_not_need_a_deep_stack() -> None:
    count = sys.getrecursionlimit() + 500
    lines = [f"p{number} 1 -> p{number + 1} *" for number in range(count)]
    chain = longest_chain(lock_of("\n".join([*lines, f"p{count} 1"])), project_of("p0"))
    assert chain.length == count + 1


@for_each(("depth", "score"), [(0, 100), (5, 100), (6, 92), (10, 60), (17, 4), (18, 0), (99, 0)])
def test_every_step_beyond_five_costs_eight(depth: int, score: int) -> None:
    assert score_of(depth) == score


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, set[int]]:
    count = draw(st.integers(1, 7))
    nodes = st.integers(0, count - 1)
    return {node: draw(st.sets(nodes, max_size=3)) for node in range(count)}


def locked(graph: dict[int, set[int]]) -> Lock:
    rows = [
        f"p{node} 1 -> " + "; ".join(f"p{child} *" for child in sorted(children))
        for node, children in graph.items()
    ]
    return lock_of("\n".join(rows))


def reaches(graph: dict[int, set[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@given(graphs())
def test_the_length_is_that_of_a_plain_search_over_the_condensation(graph: dict[int, set[int]]) -> None:
    reach = {node: reaches(graph, node) for node in graph}
    home = {node: frozenset(other for other in reach[node] if node in reach[other]) for node in graph}

    def longest(component: frozenset[int]) -> int:
        below = {home[child] for node in component for child in graph[node]} - {component}
        return 1 + max(map(longest, below), default=0)

    assert longest_chain(locked(graph), project_of("p0")).length == longest(home[0])
