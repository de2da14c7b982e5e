"""Where each package is in a drawing: layers from left to right, few crossings, the same on every run.

Layers are longest paths over the condensation. Within a layer the order follows the barycentre of the
neighbours (Sugiyama, Tagawa, Toda 1981), a long layer is folded into several columns, and heights are the least
squares fit to the neighbours' heights that keeps the order and the distances (pool adjacent violators).

To compare two revisions, lay out the union of both graphs once: every package then has one place in both.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.graph.model import DependencyGraph


ROW = 28
COLUMN = 124
LAYER_GAP = 48
SWEEPS = 6
FITS = 3
WIDTH_TO_HEIGHT = 1.5
MOST_STRETCH = 2.0


class Position(Record):
    """A place on the plane: ``x`` grows from dependents to dependencies, ``y`` downwards; in pixels at zoom 1."""

    x: int
    y: int
    layer: int


def lay_out(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> Mapping[str, Position]:
    """Return a place for each name; ``edges`` lead from a dependent to its dependency.

    Edges from or to a name that is not among ``names`` are left out, and so are loops. The order in which names and
    edges are given does not matter.
    """
    ordered = sorted(set(names))
    number = {name: index for index, name in enumerate(ordered)}
    pairs = sorted(
        {
            (number[source], number[target])
            for source, target in edges
            if source != target and source in number and target in number
        }
    )
    drawing = _Drawing(len(ordered), pairs)
    drawing.order()
    drawing.fit()
    return MappingProxyType(dict(zip(ordered, drawing.places(), strict=True)))


def places_of(*graphs: DependencyGraph) -> Mapping[str, Position]:
    """Return one place for each name of all ``graphs``: a name that two revisions share stands still."""
    return lay_out(
        (node.id for graph in graphs for node in graph.nodes),
        ((edge.source, edge.target) for graph in graphs for edge in graph.edges),
    )


class _Drawing:
    def __init__(self, count: int, pairs: Sequence[tuple[int, int]]) -> None:
        self.dependencies: list[list[int]] = [[] for _ in range(count)]
        self.dependents: list[list[int]] = [[] for _ in range(count)]
        for source, target in pairs:
            self.dependencies[source].append(target)
            self.dependents[target].append(source)
        self.layer = longest_path_layers(self.dependencies)
        self.layers: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for node, layer in enumerate(self.layer):
            self.layers[layer].append(node)
        self.columns = [_columns(len(nodes), count) for nodes in self.layers]
        self.y = [0.0] * count
        for number in range(len(self.layers)):
            self._spread_layer(number)

    def order(self) -> None:
        """Sort each layer by the barycentre of its neighbours: down by dependents, then up by dependencies."""
        for sweep in range(SWEEPS):
            downwards = sweep % 2 == 0
            neighbours = self.dependents if downwards else self.dependencies
            for number in range(len(self.layers)) if downwards else range(len(self.layers) - 1, -1, -1):
                wanted = [(self._centre(node, neighbours[node]), node) for node in self.layers[number]]
                self.layers[number] = [node for _, node in sorted(wanted)]
                self._spread_layer(number)

    def fit(self) -> None:
        """Move each layer towards its neighbours without changing its order."""
        for _ in range(FITS):
            for number in (*range(len(self.layers)), *range(len(self.layers) - 1, -1, -1)):
                self._fit_layer(number)
        low = min(self.y, default=0.0)
        self.y = [y - low for y in self.y]

    def places(self) -> list[Position]:
        """Return the place of every node, by its number."""
        found = [Position(0, 0, 0)] * len(self.y)
        left = 0
        for layer, (nodes, columns) in enumerate(zip(self.layers, self.columns, strict=True)):
            for index, node in enumerate(nodes):
                found[node] = Position(left + index % columns * COLUMN, round(self.y[node]), layer)
            left += columns * COLUMN + LAYER_GAP
        width, height = left - LAYER_GAP, max(self.y, default=0.0)
        stretch = min(MOST_STRETCH, max(1.0, width / WIDTH_TO_HEIGHT / (height or 1)))
        return [Position(place.x, round(place.y * stretch), place.layer) for place in found]

    def _centre(self, node: int, neighbours: Sequence[int]) -> float:
        if not neighbours:
            return self.y[node]
        return math.fsum(self.y[other] for other in neighbours) / len(neighbours)

    def _spread_layer(self, number: int) -> None:
        nodes = self.layers[number]
        step = ROW / self.columns[number]
        top = -step * (len(nodes) - 1) / 2
        for index, node in enumerate(nodes):
            self.y[node] = top + index * step

    def _fit_layer(self, number: int) -> None:
        nodes = self.layers[number]
        step = ROW / self.columns[number]
        wanted = [
            self._centre(node, [*self.dependents[node], *self.dependencies[node]]) - index * step
            for index, node in enumerate(nodes)
        ]
        for index, (node, y) in enumerate(zip(nodes, _never_falling(wanted), strict=True)):
            self.y[node] = y + index * step


def _columns(in_layer: int, in_all: int) -> int:
    """Return into how many columns a layer is folded, so that the whole drawing is wider than high."""
    rows = max(12.0, 1.6 * math.sqrt(in_all * COLUMN / ROW / WIDTH_TO_HEIGHT))  # columns are rarely full
    return max(1, math.ceil(in_layer / rows))


def _never_falling(wanted: Sequence[float]) -> list[float]:
    """Return the closest sequence, in least squares, that never falls: pool adjacent violators."""
    means: list[float] = []
    sizes: list[int] = []
    for value in wanted:
        means.append(value)
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            size = sizes[-2] + sizes[-1]
            mean = (means[-2] * sizes[-2] + means[-1] * sizes[-1]) / size
            del means[-1], sizes[-1]
            means[-1], sizes[-1] = mean, size
    return [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]


def longest_path_layers(after: Sequence[Sequence[int]]) -> list[int]:
    """Return each node's layer: 0 where nothing leads, else one more than the deepest node that leads to it.

    Nodes that reach each other share a layer.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(after)))
    graph.add_edges_from((node, target) for node, targets in enumerate(after) for target in targets)
    parts = nx.condensation(graph)
    layer = [0] * len(after)
    for number, generation in enumerate(nx.topological_generations(parts)):
        for part in generation:
            for node in parts.nodes[part]["members"]:
                layer[node] = number
    return layer
