"""Why a package is there, and what surrounds it: shortest paths with what each step requires, ancestors, descendants.

Paths are never listed in full: hundreds lead to a common package.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.errors import InputError
from poetry_aiops.graph.answers import Focus, PathStep, Why
from poetry_aiops.graph.constraints import bound_text, holds_back, upper_bound
from poetry_aiops.project.constraints import any_of, read_marker


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from poetry.core.constraints.version import Version

    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.lock_graph import LockNode

    Nodes = frozenset[LockNode]


SHOWN: Final = 12


def why(graph: DependencyGraph, name: str, start: str | None = None, limit: int = SHOWN) -> Why:
    """Return why ``name`` is there, with at most ``limit`` paths; none for an orphan.

    With ``start`` the paths begin with that package instead of the project, one for each of its dependencies that
    leads on. Raises UsageError for a name that the lock does not hold.
    """
    goal = graph.find(name, "--why")
    begin = None if start is None else graph.find(start, "--from")
    goals = frozenset(node for node in graph.links if node.name == goal and not node.extra)
    layers = nx.bfs_layers(graph.links.reverse(copy=False), goals)
    away = {node: distance for distance, layer in enumerate(layers) for node in layer}
    starts = _starts(graph, begin)
    found = []
    for first, nodes in starts.items():
        path = _shortest(graph, nodes, first[0], away)
        if path:
            names = (*([] if begin is None else [begin]), *path)
            found.append((names, _steps(graph, nodes, path, goals)))
    found.sort(key=lambda one: (_looseness(one[1]), len(one[0]), one[0]))
    return Why(
        name=goal,
        paths=tuple(path for path, _ in found[:limit]),
        steps=tuple(steps for _, steps in found[:limit]),
        leading=() if begin else tuple(sorted({path[0] for path, _ in found})),
        demands=tuple(demand for demand in graph.demands if demand.name == goal),
        start=begin,
        more=max(0, len(found) - limit),
        needed=goal in graph.by_id,
        held=holds_back(graph, goal) if begin is None and goal in graph.by_id else (),
    )


def focus(graph: DependencyGraph, name: str, depth: int | None = None) -> Focus:
    """Return everything that leads to ``name`` and everything that it leads to, at most ``depth`` edges away.

    Raises UsageError for a name that the lock does not hold.
    """
    centre = graph.find(name, "--focus")
    if centre not in graph.by_id:
        return Focus(centre, (), ())
    around = [
        nx.single_source_shortest_path_length(names, centre, cutoff=depth)
        for names in (graph.names.reverse(copy=False), graph.names)
    ]
    above, below = (
        tuple(
            sorted(
                ((one, far) for one, far in found.items() if one and far), key=lambda one: (one[1], one[0])
            )
        )
        for found in around
    )
    return Focus(centre, above, below, depth)


def part(graph: DependencyGraph, names: Collection[str]) -> DependencyGraph:
    """Return the graph of the named packages alone, with the edges among them and the project's demands on them.

    What each frees stays what the whole lock says.
    """
    kept = frozenset(names)
    return replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.id in kept),
        edges=tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept),
        demands=tuple(demand for demand in graph.demands if demand.name in kept),
        self_loops=tuple(name for name in graph.self_loops if name in kept),
        dangling=(),
        passed_over=(),
        outside=tuple(sorted({*graph.outside, *(graph.by_id.keys() - kept)})),
    )


def _starts(graph: DependencyGraph, begin: str | None) -> dict[tuple[str, str], Nodes]:
    """Return where paths begin: the demands of each direct dependency and group, or a package for each that it needs."""
    found: dict[tuple[str, str], set[LockNode]] = {}
    if begin is None:
        for name, demands in graph.reach.demands.items():
            for node in demands:
                found.setdefault((name, node.extra), set()).add(node)
    else:
        for node in graph.reach.of.get(begin, ()):
            if node in graph.reach.reached or not node.extra:
                for target in graph.links[node]:
                    if target.name != begin:
                        found.setdefault((target.name, ""), set()).add(node)
    return {key: frozenset(nodes) for key, nodes in found.items()}


def _shortest(graph: DependencyGraph, nodes: Nodes, first: str, away: dict[LockNode, int]) -> tuple[str, ...]:
    """Return the names of a shortest path through ``first`` to where ``away`` is 0, the first by name; or none."""
    entries = [
        target for node in nodes for target in graph.links[node] if target.name == first and target in away
    ]
    if not entries:
        return ()
    here = min(entries, key=lambda node: (away[node], node))
    trail = [here.name]
    while away[here]:
        here = min(target for target in graph.links[here] if away.get(target) == away[here] - 1)
        if here.name != trail[-1]:
            trail.append(here.name)
    return tuple(trail)


def _steps(graph: DependencyGraph, nodes: Nodes, path: tuple[str, ...], goals: Nodes) -> tuple[PathStep, ...]:
    """Return the steps of a path of names, over all builds and extras that can take it."""
    links = graph.links
    levels = [nodes]
    for name in path:
        levels.append(_within(links, name, {target for node in levels[-1] for target in links[node]}))
    levels[-1] &= goals
    for place in range(len(path) - 1, -1, -1):
        leads = frozenset(one for one in levels[place] if not levels[place + 1].isdisjoint(links[one]))
        levels[place] &= _within(links.pred, path[place - 1], leads) if place else leads
    return tuple(_step(graph, one, two) for one, two in pairwise(levels))


def _within(beside: nx.DiGraph, name: str, nodes: Iterable[LockNode]) -> Nodes:
    """Return the nodes of a name among ``nodes`` and those of the same name that ``beside`` leads to."""
    waiting = [node for node in nodes if node.name == name]
    found = set(waiting)
    while waiting:
        for target in beside[waiting.pop()]:
            if target.name == name and target not in found:
                found.add(target)
                waiting.append(target)
    return frozenset(found)


def _step(graph: DependencyGraph, sources: Nodes, targets: Nodes) -> PathStep:
    links = graph.links
    edges = sorted((one, two) for one in sources for two in links[one] if two in targets)
    requirements = list(dict.fromkeys(found for edge in edges for found in links.edges[edge]["requirements"]))
    taking = sorted({one for one, _ in edges})
    asked = [links.nodes[one]["demand"].in_extras for one in taking] if not taking[0].name else ()
    extras = {extra for found in asked for extra in found or ("",)} or {one.extra for one in taking}
    markers = list(dict.fromkeys(without_extras(one.marker) for one in requirements))
    name = taking[0].name
    several = name and len({one.build for one in graph.reach.of[name]}) > 1
    constraint = " || ".join(dict.fromkeys(one.constraint for one in requirements))
    return PathStep(
        source=name or None,
        target=edges[0][1].name,
        constraint=constraint,
        marker="" if {"", "*"} & set(markers) else any_of(markers),
        extras=tuple(sorted(extras)) if "" not in extras else (),
        asks=tuple(sorted({extra for one in requirements for extra in one.extras})),
        group=None if name else taking[0].extra,
        source_versions=tuple(dict.fromkeys(links.nodes[one]["package"].version for one in taking))
        if several
        else (),
        allows=bound_text(upper_bound(constraint)),
    )


@lru_cache(maxsize=4096)
def without_extras(marker: str) -> str:
    """Return a marker without what it says about extras, which the step says itself; unreadable text as it is."""
    if "extra" not in marker:
        return marker
    try:
        return str(read_marker(marker).without_extras())
    except InputError:
        return marker


def _looseness(steps: tuple[PathStep, ...]) -> tuple[bool, tuple[Version, bool] | tuple[()]]:
    """Return what paths are ordered by: the upper bound of the last step, none at the end."""
    found = upper_bound(steps[-1].constraint)
    return (found is None, found or ())
