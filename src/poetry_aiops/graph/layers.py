"""Layers of a graph with cycles: the longest path to each node over the condensation of its cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.graph.components import component_of, strongly_connected


if TYPE_CHECKING:
    from collections.abc import Sequence


def longest_path_layers(after: Sequence[Sequence[int]]) -> list[int]:
    """Return each node's layer: 0 where nothing leads, else one more than the deepest node that leads to it.

    Nodes that reach each other share a layer.
    """
    components = strongly_connected(after)
    component = component_of(components, len(after))
    layer = [0] * len(components)
    for number in range(len(components) - 1, -1, -1):  # what is needed stands before what needs it
        following = {component[target] for node in components[number] for target in after[node]}
        for target in following - {number}:
            layer[target] = max(layer[target], layer[number] + 1)
    return [layer[number] for number in component]
