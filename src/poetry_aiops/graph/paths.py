"""Why a package is there, and what surrounds it: shortest paths, their number, ancestors and descendants.

Paths are counted, never listed: hundreds lead to a common package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.answers import Focus, Why
from poetry_aiops.graph.components import component_of, strongly_connected
from poetry_aiops.graph.numbered import UNREACHED, distances, numbered, reached


if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.graph.numbered import Numbered


SHOWN: Final = 12
_STEPS: Final = 50_000
"""How many steps the counting of paths inside cycles may take."""


def why(graph: DependencyGraph, name: str, limit: int = SHOWN) -> Why:
    """Return why ``name`` is there, with at most ``limit`` paths; none for an orphan.

    Raises UsageError for a name that the graph does not hold.
    """
    numbers = numbered(graph)
    goal = numbers.find(name, "--why")
    away = distances(numbers.before, [goal])
    leading = sorted(
        (root for root in numbers.roots if away[root] != UNREACHED), key=lambda root: (away[root], root)
    )
    total, exact = count_paths(numbers, goal)
    return Why(
        name=numbers.names[goal],
        paths=tuple(_shortest(numbers, root, away) for root in leading[:limit]),
        leading=numbers.named(leading),
        total=total,
        exact=exact,
        demands=tuple(demand for demand in graph.demands if demand.name == numbers.names[goal]),
    )


def count_paths(numbers: Numbered, goal: int) -> tuple[int, bool]:
    """Return the number of paths from the project to ``goal`` that visit no node twice, and whether it is exact.

    A path never comes back to a strongly connected component that it left, so paths are counted component by
    component; inside a component they have to be walked. After 50,000 steps one path is taken for granted.
    """
    above = reached(numbers.before, [goal])
    components = strongly_connected(numbers.after)
    of = component_of(components, len(numbers.names))
    entering = [0] * len(numbers.names)
    for root in numbers.roots:
        entering[root] = 1
    steps = _STEPS
    for members in reversed(components):
        inside = [member for member in members if member in above]
        if not inside:
            continue
        if len(members) == 1:
            arriving = {members[0]: entering[members[0]]}
        else:
            arriving, steps = _through(numbers.after, inside, entering, steps)
        for node, count in arriving.items():
            for target in numbers.after[node]:
                if of[target] != of[node]:
                    entering[target] += count
        if of[goal] == of[inside[0]]:
            return arriving[goal], steps > 0
    return 0, True


def focus(graph: DependencyGraph, name: str, depth: int | None = None) -> Focus:
    """Return everything that leads to ``name`` and everything that it leads to, at most ``depth`` edges away.

    Raises UsageError for a name that the graph does not hold.
    """
    numbers = numbered(graph)
    centre = numbers.find(name, "--focus")
    return Focus(
        name=numbers.names[centre],
        ancestors=_around(numbers, distances(numbers.before, [centre]), depth),
        descendants=_around(numbers, distances(numbers.after, [centre]), depth),
    )


def part(graph: DependencyGraph, names: Collection[str]) -> DependencyGraph:
    """Return the graph of the named packages alone, with the edges among them and the project's demands on them."""
    kept = frozenset(names)
    return replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.id in kept),
        edges=tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept),
        demands=tuple(demand for demand in graph.demands if demand.name in kept),
        self_loops=tuple(name for name in graph.self_loops if name in kept),
        dangling=(),
        passed_over=(),
    )


def _shortest(numbers: Numbered, start: int, away: Sequence[int]) -> tuple[str, ...]:
    """Return a shortest path to where ``away`` is 0, the first by name."""
    trail = [start]
    while away[trail[-1]]:
        here = trail[-1]
        trail.append(next(target for target in numbers.after[here] if away[target] == away[here] - 1))
    return tuple(numbers.names[index] for index in trail)


def _around(numbers: Numbered, away: Sequence[int], depth: int | None) -> tuple[tuple[str, int], ...]:
    found = [
        (numbers.names[index], distance)
        for index, distance in enumerate(away)
        if distance > 0 and (depth is None or distance <= depth)
    ]
    return tuple(sorted(found, key=lambda one: (one[1], one[0])))


def _through(
    after: Sequence[Sequence[int]], inside: Sequence[int], entering: Sequence[int], steps: int
) -> tuple[dict[int, int], int]:
    """Return how many paths arrive at each node of a component, and the steps that are left (0 when cut short)."""
    arriving = dict.fromkeys(inside, 0)
    members = frozenset(inside)
    for start in inside:
        if not entering[start]:
            continue
        counts, steps = _walk(after, members, start, steps)
        for node in inside:
            arriving[node] += entering[start] * max(counts.get(node, 0), 1)
    return arriving, steps


def _walk(
    after: Sequence[Sequence[int]], members: frozenset[int], start: int, steps: int
) -> tuple[dict[int, int], int]:
    """Count the paths from ``start`` inside ``members`` to each of them, for as many steps as are left."""
    counts = {start: 1}
    trail = {start}
    work = [(start, iter(after[start]))]
    while work and steps > 0:
        node, targets = work[-1]
        for target in targets:
            if target in members and target not in trail:
                steps -= 1
                counts[target] = counts.get(target, 0) + 1
                trail.add(target)
                work.append((target, iter(after[target])))
                break
        else:
            work.pop()
            trail.discard(node)
    return counts, steps
