"""The graph as the document of ``poetry graph --format json``, node-link with the key ``edges``.

``networkx.node_link_graph(document, edges="edges")`` reads it. Nothing in it depends on the time or the machine.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from poetry_aiops.graph.answers import NO_ANSWERS
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.graph.answers import Answers, Focus, Why
    from poetry_aiops.graph.model import Analysis, DependencyGraph, Edge, Node, NodeMetrics
    from poetry_aiops.graph.overlay import Overlay
    from poetry_aiops.graph.sizes import Sizes


def graph_document(
    analysis: Analysis, answers: Answers = NO_ANSWERS, overlay: Overlay = NO_OVERLAY
) -> dict[str, Any]:
    """Return the content of the document ``poetry-aiops/graph/1``; sizes and advisories only where they are known."""
    graph = analysis.graph
    document: dict[str, Any] = {
        "directed": True,
        "multigraph": False,
        "graph": _about(graph),
        "nodes": [_node(node, metrics) for node, metrics in zip(graph.nodes, analysis.metrics, strict=True)],
        "edges": [_edge(edge) for edge in graph.edges],
        "summary": _record(analysis.summary),
        "demands": [_record(demand) for demand in graph.demands],
        "cycles": [_record(cycle) for cycle in analysis.cycles],
    }
    known = overlay.vulnerabilities
    document["audit"] = {"audited": len(known.audited) if known else 0, "packages": len(graph.nodes)}
    _lay_over(document["nodes"], overlay)
    if overlay.sizes is not None:
        document["sizes"] = _sizes(overlay.sizes)
    cleaned: dict[str, Any] = _clean({**document, **_answers(answers)})
    return cleaned


def _about(graph: DependencyGraph) -> dict[str, Any]:
    scope = graph.scope
    return {
        "project": graph.project,
        "lock_version": graph.lock_version,
        "python": graph.python,
        "scope": {
            "groups": None if scope.groups is None else list(scope.groups),
            "extras": None if scope.extras is None else list(scope.extras),
            "target": scope.target.name if scope.target else None,
            "variant": scope.variant or None,
        },
    }


def _node(node: Node, metrics: NodeMetrics) -> dict[str, Any]:
    return {
        "id": node.id,
        "name": node.name,
        "versions": list(node.versions),
        "builds": [{"version": build.version, "source": build.source or None} for build in node.builds],
        "groups": list(node.groups),
        "direct": node.direct,
        "optional": node.optional,
        "description": node.description,
        "depth": metrics.depth,
        "frees": metrics.frees,
    }


def _lay_over(nodes: list[dict[str, Any]], overlay: Overlay) -> None:
    known = overlay.vulnerabilities
    sizes = overlay.sizes.by_build() if overlay.sizes else {}
    largest = overlay.bytes_by_name
    for node in nodes:
        if overlay.sizes is not None:
            node["size"] = largest.get(node["id"])
            for build in node["builds"]:
                size = sizes.get((node["id"], build["version"], build["source"] or ""))
                build["file"] = (size.file or None) if size else None
                build["size"] = size.size if size else None
        if known is not None and (node["id"] in known.audited or node["id"] in known.found):
            node["advisories"] = [_record(one) for one in known.found.get(node["id"], ())]


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "machine": sizes.machine,
        "total": sizes.total,
        "known": len(sizes.by_name()),
        "unknown": [
            {"name": one.name, "version": one.version, "reason": one.reason} for one in sizes.unknown
        ],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source,
        "target": edge.target,
        "hard": edge.hard,
        "extras": list(edge.extras),
        "marker": edge.marker,
        "constraint": edge.constraint,
        "asks": list(edge.asks),
    }


def _answers(answers: Answers) -> dict[str, Any]:
    """Return the answers that there are; a question that was not asked has no key."""
    diff = answers.diff
    edges = {
        key: [_edge(edge) for edge in getattr(diff, key)] for key in ("edges_added", "edges_removed") if diff
    }
    found: dict[str, Any] = {
        "why": [_why(why) for why in answers.why],
        "focus": _focus(answers.focus) if answers.focus else None,
        "removal": _record(answers.removal) if answers.removal else None,
        "held": [_record(held) for held in answers.held],
        "diff": {**_record(replace(diff, edges_added=(), edges_removed=())), **edges} if diff else None,
    }
    return {key: value for key, value in found.items() if value}


def _why(why: Why) -> dict[str, Any]:
    return {
        "name": why.name,
        "from": why.start,
        "needed": why.needed,
        "paths": why.paths,
        "steps": [_record(steps) for steps in why.steps],
        "leading": why.leading,
        "demands": [_record(demand) for demand in why.demands],
        "held": [_record(held) for held in why.held],
    }


def _focus(focus: Focus) -> dict[str, Any]:
    return {
        "name": focus.name,
        "ancestors": [{"name": name, "distance": distance} for name, distance in focus.ancestors],
        "descendants": [{"name": name, "distance": distance} for name, distance in focus.descendants],
    }


def _record(value: Any) -> Any:  # noqa: ANN401 - a frozen value of the model, with whatever it holds
    """Return a frozen value as a JSON object with its own field names."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_record(entry) for entry in value]
    return value


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the document with every text made harmless."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {key: _clean(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(entry) for entry in value]
    return value
