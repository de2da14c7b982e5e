"""What changed between two graphs, and what brought each newcomer in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.graph.model import Arrival, Change, Diff
from poetry_aiops.graph.numbered import numbered


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.graph.model import DependencyGraph, Node


def diff(old: DependencyGraph, new: DependencyGraph) -> Diff:
    """Return what changed from ``old`` to ``new``; a build is its version and where it comes from."""
    before, after = old.by_id(), new.by_id()
    both = before.keys() & after.keys()
    old_edges = {(edge.source, edge.target): edge for edge in old.edges}
    new_edges = {(edge.source, edge.target): edge for edge in new.edges}
    changed = tuple(
        Change(name, builds_of(before[name]), builds_of(after[name]))
        for name in sorted(both)
        if sorted(builds_of(before[name])) != sorted(builds_of(after[name]))
    )
    return Diff(
        added=_arrivals(new, before),
        removed=_arrivals(old, after),
        changed=changed,
        edges_added=tuple(edge for pair, edge in new_edges.items() if pair not in old_edges),
        edges_removed=tuple(edge for pair, edge in old_edges.items() if pair not in new_edges),
        direct_added=tuple(sorted(set(new.direct) - set(old.direct))),
        direct_removed=tuple(sorted(set(old.direct) - set(new.direct))),
        unchanged=len(both) - len(changed),
    )


def builds_of(node: Node) -> tuple[str, ...]:
    """Return a node's builds as text, in lock order."""
    return tuple(dict.fromkeys(str(build) for build in node.builds))


def _arrivals(graph: DependencyGraph, known: dict[str, Node]) -> tuple[Arrival, ...]:
    """Return the names that only ``graph`` has, each with the nearest explanation.

    That is the shortest chain from the project's own demand for a new name, or from a package that both sides have.
    """
    numbers = numbered(graph)
    asked = [root for root in numbers.roots if numbers.names[root] not in known]
    there = [index for index, name in enumerate(numbers.names) if name in known]
    came_from = _nearest(numbers.after, [*asked, *there])
    direct = set(asked)
    found = []
    for index, node in enumerate(graph.nodes):
        if node.id not in known:
            chain = _chain(came_from, index)
            because = tuple(numbers.names[place] for place in chain)
            found.append(Arrival(node.id, builds_of(node), because, direct=chain[0] in direct))
    return tuple(found)


def _nearest(after: Sequence[Sequence[int]], starts: Sequence[int]) -> dict[int, int]:
    """Return for every node that the starts lead to the one before it; a start is its own."""
    came_from = {start: start for start in starts}
    order = list(came_from)
    for node in order:
        for target in after[node]:
            if target not in came_from:
                came_from[target] = node
                order.append(target)
    return came_from


def _chain(came_from: dict[int, int], node: int) -> list[int]:
    chain = [node]
    while came_from.get(chain[-1], chain[-1]) != chain[-1]:
        chain.append(came_from[chain[-1]])
    return chain[::-1]
