"""Cycles among packages: each strongly connected component, what kind it is, and what breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.graph.model import Breaker, Cycle
from poetry_aiops.project.targets import machines_for, marker_applies
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import CycleKind, DependencyEntry, DependencyGraph, Edge, NodeBuild
    from poetry_aiops.project.targets import Target


_TRIED: Final = 400
_STARTS: Final = 200
"""From how many members the shortest cycle of a component is searched for."""


def cycles(graph: DependencyGraph) -> tuple[Cycle, ...]:
    """Return every cycle, the largest first, then by name."""
    components = [
        tuple(sorted(found)) for found in nx.strongly_connected_components(graph.names) if len(found) > 1
    ]
    home = {name: members for members in components for name in members}
    inner: dict[tuple[str, ...], list[Edge]] = {members: [] for members in components}
    for edge in graph.edges:
        if edge.source in home and home[edge.source] == home.get(edge.target):
            inner[home[edge.source]].append(edge)
    builds = {node.id: {build.version: build for build in node.builds} for node in graph.nodes}
    return tuple(
        _Component(members, inner[members]).cycle(graph, builds)
        for members in sorted(components, key=lambda members: (-len(members), members))
    )


def breaking_set(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return edges without which no cycle is left; edges at the end of ``pairs`` are given up first.

    One edge where one is enough, else a set from which no edge could be spared; beyond 400 edges, which no real lock
    has in one cycle, those that a depth-first search meets backwards. The smallest set is NP-hard (Karp 1972).
    """
    graph = nx.DiGraph(pairs)
    if len(pairs) > _TRIED:
        rank = {node: place for place, node in enumerate(nx.dfs_postorder_nodes(graph))}
        return [(one, two) for one, two in pairs if rank[one] <= rank[two]]
    for pair in reversed(pairs):
        graph.remove_edge(*pair)
        if nx.is_directed_acyclic_graph(graph):
            return [pair]
        graph.add_edge(*pair)
    kept = nx.DiGraph()
    kept.add_nodes_from(graph)
    broken = []
    for one, two in pairs:
        if nx.has_path(kept, two, one):
            broken.append((one, two))
        else:
            kept.add_edge(one, two)
    return broken


def in_words(edge: Edge) -> str:
    """Say what breaks an edge: an extra of its source, a marker, or the edge itself."""
    if not edge.hard and edge.extras:
        named = " or ".join(edge.extras)
        return f"without the extra {named} of {edge.source}, it does not need {edge.target}"
    if not edge.hard:
        return f"{edge.source} needs {edge.target} only optionally"
    if edge.marker:
        return f"{edge.source} needs {edge.target} only where {edge.marker}"
    return f"if {edge.source} did not need {edge.target}"


class _Component(Record):
    members: tuple[str, ...]
    edges: list[Edge]

    def cycle(self, graph: DependencyGraph, builds: dict[str, dict[str, NodeBuild]]) -> Cycle:
        hard = [edge for edge in self.edges if edge.hard]
        core = self._core(hard)
        kind: CycleKind = "hard" if core else "extra"
        if core and self._never_closes(hard, graph, builds):
            kind = "marker"
        return Cycle(self.members, kind, self._breakers(kind), self._example(), core)

    def _core(self, edges: Iterable[Edge]) -> tuple[str, ...]:
        """Return the members that these edges alone bind into cycles."""
        bound = nx.strongly_connected_components(nx.DiGraph((edge.source, edge.target) for edge in edges))
        return tuple(sorted(name for found in bound if len(found) > 1 for name in found))

    def _never_closes(
        self, hard: list[Edge], graph: DependencyGraph, builds: dict[str, dict[str, NodeBuild]]
    ) -> bool:
        """Say whether there is no machine on which the hard edges close a cycle."""
        always = [edge for edge in hard if not _is_conditional(edge, builds[edge.source])]
        if self._core(always):
            return False
        machines = [graph.scope.target] if graph.scope.target else machines_for(graph.python)
        return not any(
            self._core(edge for edge in hard if _holds_on(edge, builds[edge.source], machine))
            for machine in machines
        )

    def _breakers(self, kind: CycleKind) -> tuple[Breaker, ...]:
        ordered = sorted(self.edges, key=lambda edge: _firmness(edge, kind))
        by_ends = {(edge.source, edge.target): edge for edge in ordered}
        broken = [by_ends[pair] for pair in sorted(breaking_set(list(by_ends)))]
        return tuple(
            Breaker(edge.source, edge.target, edge.extras, edge.marker, in_words(edge)) for edge in broken
        )

    def _example(self) -> tuple[str, ...]:
        after = nx.DiGraph(sorted((edge.source, edge.target) for edge in self.edges))
        return min((_shortest(after, start) for start in self.members[:_STARTS]), key=len)


def _firmness(edge: Edge, kind: CycleKind) -> tuple[int, str, str]:
    """Order edges: those that are broken last come first; markers are no way out of a cycle that some machine has."""
    if not edge.hard:
        return (2, edge.source, edge.target)
    return (1 if edge.marker and kind != "extra" else 0, edge.source, edge.target)


def _is_conditional(edge: Edge, builds: dict[str, NodeBuild]) -> bool:
    several = len(builds) > 1
    return all(
        entry.optional or entry.marker not in {"", "*"} or (several and builds[entry.version].markers)
        for entry in edge.entries
    ) and bool(edge.entries)


def _holds_on(edge: Edge, builds: dict[str, NodeBuild], machine: Target) -> bool:
    if not edge.entries:
        return not edge.marker or marker_applies(edge.marker, machine, None)
    return any(_line_holds(entry, builds.get(entry.version), machine) for entry in edge.entries)


def _line_holds(entry: DependencyEntry, build: NodeBuild | None, machine: Target) -> bool:
    if entry.optional or not marker_applies(entry.marker, machine, None):
        return False
    if build is None or not build.markers or any(group not in build.markers for group in build.groups):
        return True
    return any(marker_applies(marker, machine, None) for marker in build.markers.values())


def _shortest(after: nx.DiGraph, start: str) -> tuple[str, ...]:
    """Return a shortest cycle through ``start``, which is on one."""
    paths = nx.single_target_shortest_path(after, start)
    return (start, *min((paths[target] for target in after[start]), key=lambda path: (len(path), path))[:-1])
