"""Layers of a graph with cycles: the longest path to each node over the condensation of its cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]


if TYPE_CHECKING:
    from collections.abc import Sequence


def longest_path_layers(after: Sequence[Sequence[int]]) -> list[int]:
    """Return each node's layer: 0 where nothing leads, else one more than the deepest node that leads to it.

    Nodes that reach each other share a layer.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(after)))
    graph.add_edges_from((node, target) for node, targets in enumerate(after) for target in targets)
    components = [tuple(found) for found in nx.strongly_connected_components(graph)]
    home = {node: number for number, members in enumerate(components) for node in members}
    layer = [0] * len(components)
    for number in range(len(components) - 1, -1, -1):  # what is needed stands before what needs it
        for target in {home[target] for node in components[number] for target in after[node]} - {number}:
            layer[target] = max(layer[target], layer[number] + 1)
    return [layer[home[node]] for node in range(len(after))]
