"""The graph as GraphML, for Gephi, yEd, Cytoscape or ``networkx.read_graphml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.plain import plain


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.graph.model import Analysis, Edge, Node, Standing


_NODE_KEYS: Final = {
    "label": "string",
    "versions": "string",
    "groups": "string",
    "direct": "boolean",
    "optional": "boolean",
    "depth": "int",
    "betweenness": "double",
    "frees": "int",
    "cycle": "int",
}
_EDGE_KEYS: Final = {
    "hard": "boolean",
    "extras": "string",
    "marker": "string",
    "constraint": "string",
}
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">"""
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}

Value = str | bool | int | float | None


def graph_graphml(analysis: Analysis) -> str:
    """Return the graph as GraphML; lists are texts with spaces between the names."""
    lines = [_HEAD, *_keys(), '  <graph id="dependencies" edgedefault="directed">']
    number = {name: place for place, cycle in enumerate(analysis.cycles, 1) for name in cycle.members}
    for node, standing in zip(analysis.graph.nodes, analysis.standings, strict=True):
        lines += _node(node, standing, number.get(node.id))
    for edge in analysis.graph.edges:
        lines += _edge(edge)
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


def escaped(text: str) -> str:
    """Return a text for XML, as content or inside an attribute."""
    allowed = (sign for sign in plain(text) if sign not in "\ufffe\uffff")
    return "".join(_ENTITIES.get(sign, sign) for sign in allowed)


def _keys() -> Iterator[str]:
    for owner, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for name, kind in keys.items():
            yield f'  <key id="{owner}_{name}" for="{owner}" attr.name="{name}" attr.type="{kind}"/>'


def _node(node: Node, standing: Standing, cycle: int | None) -> list[str]:
    values: dict[str, Value] = {
        "label": node.name,
        "versions": " ".join(node.versions),
        "groups": " ".join(node.groups),
        "direct": node.direct,
        "optional": node.optional,
        "depth": standing.depth,
        "betweenness": round(standing.betweenness, 6),
        "frees": standing.frees,
        "cycle": cycle,
    }
    return _element("node", f'id="{escaped(node.id)}"', values)


def _edge(edge: Edge) -> list[str]:
    values: dict[str, Value] = {
        "hard": edge.hard,
        "extras": " ".join(edge.extras),
        "marker": edge.marker,
        "constraint": edge.constraint,
    }
    ends = f'source="{escaped(edge.source)}" target="{escaped(edge.target)}"'
    return _element("edge", ends, values)


def _element(kind: str, attributes: str, values: dict[str, Value]) -> list[str]:
    data = [
        f'      <data key="{kind}_{name}">{_text(value)}</data>'
        for name, value in values.items()
        if value not in {None, ""}
    ]
    return [f"    <{kind} {attributes}>", *data, f"    </{kind}>"]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(str(value))
