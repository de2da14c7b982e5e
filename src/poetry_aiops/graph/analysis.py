"""Every analysis of a graph in one go, for the reports that show all of them, and what goes away with packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.graph.answers import KeptPackage, Removal
from poetry_aiops.graph.cycles import cycles
from poetry_aiops.graph.model import Analysis, NodeMetrics, Summary
from poetry_aiops.project.lock_graph import longest_chain


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.graph.model import DependencyGraph


def analyse(graph: DependencyGraph) -> Analysis:
    """Return everything that the reports show of a graph."""
    names = graph.names
    depths: Mapping[str, int] = nx.single_source_shortest_path_length(names, "")
    frees = graph.reach.frees()
    metrics = tuple(
        NodeMetrics(
            name=node.id,
            depth=depths.get(node.id),
            needs=len(names[node.id]),
            needed_by=len(names.pred[node.id].keys() - {""}),
            frees=frees[node.id],
        )
        for node in graph.nodes
    )
    return Analysis(graph, summary(graph, depths), cycles(graph), metrics)


def summary(graph: DependencyGraph, depths: Mapping[str, int]) -> Summary:
    """Return the figures of a graph; ``depths`` are the distances from the project."""
    chain = longest_chain(graph.names)
    orphans = tuple(node.id for node in graph.nodes if node.id not in depths)
    missing = {demand.name for demand in graph.demands if not demand.locked}
    return Summary(
        packages=sum(len(node.builds) for node in graph.nodes),
        nodes=len(graph.nodes),
        edges=len(graph.edges),
        edges_hard=sum(edge.hard for edge in graph.edges),
        direct=len(graph.direct),
        depth=max(depths.values()),
        longest_chain=len(chain),
        chain=tuple(step[0] for step in chain),
        orphans=orphans,
        orphan_roots=tuple(name for name in orphans if not graph.names.pred[name]),
        direct_missing_from_lock=tuple(sorted(missing | (set(graph.passed_over) - graph.by_id.keys()))),
        several_versions=tuple(node.id for node in graph.nodes if len(node.builds) > 1),
        self_loops=graph.self_loops,
        dangling=graph.dangling,
    )


def removal(graph: DependencyGraph, names: Iterable[str]) -> Removal:
    """Return what goes away when ``names`` leave pyproject.toml together, as after ``poetry remove``.

    A direct dependency that something else still needs stays, but what only its extras brought goes. For a package
    that the project never named the answer is what goes when nothing needs it any more. Raises UsageError for a name
    that the lock does not hold.
    """
    asked = sorted({graph.find(name, "--without-package") for name in names})
    nodes = graph.reach.without(asked)
    gone = graph.reach.names_without(asked)
    left = graph.reach.reached - nodes
    kept = tuple(
        KeptPackage(
            name,
            tuple(
                sorted({one.name for node in stays for one in graph.links.pred[node] if one in left} - {name})
            ),
        )
        for name in asked
        if name in graph.reach.demands and (stays := left.intersection(graph.reach.of[name]))
    )
    transitive = tuple(name for name in asked if name not in graph.reach.demands)
    return Removal(tuple(asked), tuple(sorted(gone)), kept, transitive)
