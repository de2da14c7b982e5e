"""The graph as GraphML, for Gephi, yEd, Cytoscape or ``networkx.read_graphml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Analysis


def graph_graphml(analysis: Analysis) -> str:
    """Return the graph as GraphML; lists are texts with spaces between the names."""
    cycle = {name: place for place, found in enumerate(analysis.cycles, 1) for name in found.members}
    graph = nx.DiGraph()
    for node, metrics in zip(analysis.graph.nodes, analysis.metrics, strict=True):
        attributes = {
            "label": node.name,
            "versions": " ".join(node.versions),
            "groups": " ".join(node.groups),
            "direct": node.direct,
            "optional": node.optional,
            "depth": metrics.depth,
            "frees": metrics.frees,
            "cycle": cycle.get(node.id),
        }
        graph.add_node(_text(node.id), **_written(attributes))
    for edge in analysis.graph.edges:
        attributes = {
            "hard": edge.hard,
            "extras": " ".join(edge.extras),
            "marker": edge.marker,
            "constraint": edge.constraint,
        }
        graph.add_edge(_text(edge.source), _text(edge.target), **_written(attributes))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, *nx.generate_graphml(graph)]) + "\n"


def _written(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that GraphML can hold: no None, no empty text, no character that XML forbids."""
    return {
        key: _text(value) if isinstance(value, str) else value
        for key, value in attributes.items()
        if value not in {None, ""}
    }


def _text(text: str) -> str:
    return "".join(character for character in one_line(text) if character not in "\ufffe\uffff")
