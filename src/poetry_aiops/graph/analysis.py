"""Every analysis of a graph in one go, for the reports that show all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.graph.cycles import cycles
from poetry_aiops.graph.model import Analysis, NodeMetrics, Summary
from poetry_aiops.project.lock_graph import longest_chain


if TYPE_CHECKING:
    from collections.abc import Mapping

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
