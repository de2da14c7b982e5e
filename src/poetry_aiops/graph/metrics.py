"""The figures of a graph: depth, the longest chain, betweenness, and what looks wrong in the lock."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.components import component_of, strongly_connected
from poetry_aiops.graph.model import Summary
from poetry_aiops.graph.numbered import UNREACHED, distances, numbered


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.graph.numbered import Numbered


_WORK: Final = 600_000
"""How many edges betweenness may follow before it goes on with a sample of the starting points."""

Centrality = tuple[list[float], bool]


def summary(graph: DependencyGraph) -> Summary:
    """Return the figures of a graph."""
    numbers = numbered(graph)
    depths = distances(numbers.after, numbers.roots)
    chain = longest_chain(numbers)
    orphans = [index for index, depth in enumerate(depths) if depth == UNREACHED]
    missing = {demand.name for demand in graph.demands if not demand.locked}
    locked = numbers.number.keys()
    return Summary(
        packages=sum(len(node.builds) for node in graph.nodes),
        nodes=len(graph.nodes),
        edges=len(graph.edges),
        edges_hard=sum(edge.hard for edge in graph.edges),
        direct=len(numbers.roots),
        depth=max(depths, default=UNREACHED) + 1,
        longest_chain=len(chain),
        chain=chain,
        orphans=numbers.named(orphans),
        orphan_roots=numbers.named(index for index in orphans if not numbers.before[index]),
        direct_missing_from_lock=tuple(sorted(missing | (set(graph.passed_over) - locked))),
        several_versions=tuple(node.id for node in graph.nodes if len(node.builds) > 1),
        self_loops=graph.self_loops,
        dangling=graph.dangling,
    )


def longest_chain(numbers: Numbered) -> tuple[str, ...]:
    """Return a longest chain from the project, each cycle counted as one node and named by its first member.

    Its length is the number of edges, the one from the project included. Among equals the first by name.
    """
    components = strongly_connected(numbers.after)
    of = component_of(components, len(numbers.names))
    length = [1] * len(components)
    following = [-1] * len(components)
    for number, members in enumerate(components):  # what is needed comes before what needs it
        beyond = {of[target] for member in members for target in numbers.after[member]} - {number}
        best = min(beyond, key=lambda other: (-length[other], components[other]), default=-1)
        if best >= 0:
            length[number] = length[best] + 1
            following[number] = best
    starts = {of[root] for root in numbers.roots}
    place = min(starts, key=lambda number: (-length[number], components[number]), default=-1)
    chain = []
    while place >= 0:
        chain.append(numbers.names[components[place][0]])
        place = following[place]
    return tuple(chain)


def betweenness(after: Sequence[Sequence[int]], roots: Sequence[int] = (), work: int = _WORK) -> Centrality:
    """Return the share of all shortest paths that run through each node (Brandes 2001), and whether it is exact.

    Paths from the project, which asks for ``roots``, count as well. Normalised as for directed graphs: divided by
    (n - 1)(n - 2), the project among the n. When following every node would take more than ``work`` edges, evenly
    spread nodes are followed and the result is scaled (Brandes and Pich 2007).
    """
    graph = [*after, tuple(roots)]
    size = len(graph)
    total = [0.0] * size
    left = work
    followed = 0
    for start in _spread(size):
        left -= _accumulate(graph, start, total)
        followed += 1
        if left < 0:
            break
    pairs = (size - 1) * (size - 2) * followed / size
    return [value / pairs if pairs > 0 else 0.0 for value in total[:-1]], followed == size


def _spread(size: int) -> Iterator[int]:
    """Yield every number below ``size`` once, any first part of them evenly spread."""
    stride = next((step for step in range(int(size * 0.618) + 1, size) if gcd(step, size) == 1), 1)
    return (index * stride % size for index in range(size))


def _accumulate(after: Sequence[Sequence[int]], start: int, total: list[float]) -> int:
    """Add the dependencies of all paths from ``start``; return how many edges were followed."""
    if not after[start]:
        return 1
    depth = {start: 0}
    paths = {start: 1}
    above: dict[int, list[int]] = {start: []}
    order = [start]
    work = 0
    for node in order:
        below = depth[node] + 1
        count = paths[node]
        work += len(after[node])
        for target in after[node]:
            if target not in depth:
                depth[target] = below
                paths[target] = count
                above[target] = [node]
                order.append(target)
            elif depth[target] == below:
                paths[target] += count
                above[target].append(node)
    share = dict.fromkeys(order, 0.0)
    for node in reversed(order[1:]):
        part = 1.0 + share[node]
        count = paths[node]
        for source in above[node]:
            share[source] += (
                paths[source] / count * part
            )  # whole numbers first: they may be too large for a float
        total[node] += share[node]
    return work
