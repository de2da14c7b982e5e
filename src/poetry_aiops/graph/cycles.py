"""Cycles among packages: each strongly connected component, what kind it is, and what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.components import strongly_connected
from poetry_aiops.graph.feedback import breaking_set
from poetry_aiops.graph.model import Breaker, Cycle
from poetry_aiops.graph.numbered import adjacency, numbered
from poetry_aiops.graph.scope import machines_for
from poetry_aiops.project.targets import extras_in, marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import Build, CycleKind, DependencyGraph, Edge, Entry
    from poetry_aiops.project.targets import Target


_STARTS: Final = 200
"""From how many members the shortest cycle of a component is looked for."""


def cycles(graph: DependencyGraph) -> tuple[Cycle, ...]:
    """Return every cycle, the largest first, then by name."""
    numbers = numbered(graph)
    components = [found for found in strongly_connected(numbers.after) if len(found) > 1]
    if not components:
        return ()
    place = {numbers.names[index]: row for row, found in enumerate(components) for index in found}
    inner: list[list[Edge]] = [[] for _ in components]
    for edge in graph.edges:
        row = place.get(edge.source)
        if row is not None and place.get(edge.target) == row:
            inner[row].append(edge)
    builds = {node.id: {build.version: build for build in node.builds} for node in graph.nodes}
    found = [
        _Component(numbers.named(members), edges) for members, edges in zip(components, inner, strict=True)
    ]
    return tuple(
        sorted(
            (one.cycle(graph, builds) for one in found),
            key=lambda cycle: (-len(cycle.members), cycle.members),
        )
    )


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


@dataclass(frozen=True, slots=True)
class _Component:
    members: tuple[str, ...]
    edges: list[Edge]

    def cycle(self, graph: DependencyGraph, builds: dict[str, dict[str, Build]]) -> Cycle:
        hard = [edge for edge in self.edges if edge.hard]
        core = self._core(hard)
        kind: CycleKind = "hard" if core else "extra"
        if core and self._never_closes(hard, graph, builds):
            kind = "marker"
        return Cycle(self.members, kind, self._breakers(kind), self._example(), core)

    def _core(self, edges: Iterable[Edge]) -> tuple[str, ...]:
        """Return the members that these edges alone bind into cycles."""
        bound = [found for found in strongly_connected(self._after(edges)) if len(found) > 1]
        return tuple(sorted(self.members[index] for found in bound for index in found))

    def _never_closes(
        self, hard: list[Edge], graph: DependencyGraph, builds: dict[str, dict[str, Build]]
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
        place = self._place()
        pairs = [(place[edge.source], place[edge.target]) for edge in ordered]
        chosen = sorted(breaking_set(len(self.members), pairs))
        broken = sorted((ordered[index] for index in chosen), key=lambda edge: (edge.source, edge.target))
        return tuple(
            Breaker(edge.source, edge.target, edge.extras, edge.marker, in_words(edge)) for edge in broken
        )

    def _example(self) -> tuple[str, ...]:
        after = self._after(self.edges)
        found = min((_shortest(after, start) for start in range(len(after))[:_STARTS]), key=len)
        return tuple(self.members[index] for index in found)

    def _after(self, edges: Iterable[Edge]) -> tuple[tuple[int, ...], ...]:
        place = self._place()
        return adjacency(len(self.members), ((place[edge.source], place[edge.target]) for edge in edges))

    def _place(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.members)}


def _firmness(edge: Edge, kind: CycleKind) -> tuple[int, str, str]:
    """Order edges: those that are broken last come first; markers are no way out of a cycle that some machine has."""
    if not edge.hard:
        return (2, edge.source, edge.target)
    return (1 if edge.marker and kind != "extra" else 0, edge.source, edge.target)


def _is_conditional(edge: Edge, builds: dict[str, Build]) -> bool:
    several = len(builds) > 1
    return all(
        entry.optional or entry.marker not in {"", "*"} or (several and builds[entry.version].markers)
        for entry in edge.entries
    ) and bool(edge.entries)


def _holds_on(edge: Edge, builds: dict[str, Build], machine: Target) -> bool:
    if not edge.entries:
        return not edge.marker or marker_applies(edge.marker, machine, extras_in(edge.marker))
    return any(_line_holds(entry, builds.get(entry.version), machine) for entry in edge.entries)


def _line_holds(entry: Entry, build: Build | None, machine: Target) -> bool:
    if entry.optional or not marker_applies(entry.marker, machine, extras_in(entry.marker)):
        return False
    if build is None or not build.markers or any(group not in build.markers for group in build.groups):
        return True
    return any(marker_applies(marker, machine, extras_in(marker)) for marker in build.markers.values())


def _shortest(after: Sequence[Sequence[int]], start: int) -> list[int]:
    """Return a shortest cycle through ``start``, which lies on one."""
    came_from = {start: start}
    layer = [start]
    while True:
        following = []
        for node in layer:
            for target in after[node]:
                if target == start:
                    return _back(came_from, start, node)
                if target not in came_from:
                    came_from[target] = node
                    following.append(target)
        layer = following


def _back(came_from: dict[int, int], start: int, node: int) -> list[int]:
    trail = [node]
    while trail[-1] != start:
        trail.append(came_from[trail[-1]])
    return trail[::-1]
