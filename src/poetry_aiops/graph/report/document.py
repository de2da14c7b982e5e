"""The graph as the document of ``poetry graph --format json``, node-link with the key ``edges``.

``networkx.node_link_graph(document, edges="edges")`` reads it. Nothing in it depends on the time or the machine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.document import picked, plain
from poetry_aiops.graph.answers import NO_ANSWERS
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.graph.answers import Answers, Why
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
        **picked(analysis, "summary"),
        **picked(graph, "demands"),
        **picked(analysis, "cycles"),
    }
    known = overlay.vulnerabilities
    document["audit"] = {"audited": len(known.audited) if known else 0, "packages": len(graph.nodes)}
    _lay_over(document["nodes"], overlay)
    if overlay.sizes is not None:
        document["sizes"] = _sizes(overlay.sizes)
    cleaned: dict[str, Any] = plain({**document, **_answers(answers)}, one_line)
    return cleaned


def _about(graph: DependencyGraph) -> dict[str, Any]:
    scope = graph.scope
    target = {"target": scope.target.name if scope.target else None}
    about = {**picked(scope, "groups extras"), **target, **picked(scope, "variant?")}
    return {**picked(graph, "project lock_version python"), "scope": about}


def _node(node: Node, metrics: NodeMetrics) -> dict[str, Any]:
    return {
        **picked(node, "id name versions"),
        "builds": [picked(build, "version source?") for build in node.builds],
        **picked(node, "groups direct optional description"),
        **picked(metrics, "depth frees"),
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
            node["advisories"] = known.found.get(node["id"], ())


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        **picked(sizes, "machine total"),
        "known": len(sizes.by_name()),
        "unknown": [picked(one, "name version reason") for one in sizes.unknown],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return picked(edge, "source target hard extras marker constraint asks")


def _answers(answers: Answers) -> dict[str, Any]:
    """Return the answers that there are; a question that was not asked has no key."""
    focus, diff = answers.focus, answers.diff
    found: dict[str, Any] = {"why": [_why(why) for why in answers.why]}
    if focus:
        around = {
            side: [{"name": name, "distance": distance} for name, distance in names]
            for side, names in picked(focus, "ancestors descendants").items()
        }
        found["focus"] = {"name": focus.name, **around}
    found |= picked(answers, "removal held")
    if diff:
        edges = {
            key: list(map(_edge, edges)) for key, edges in picked(diff, "edges_added edges_removed").items()
        }
        found["diff"] = {**plain(replace(diff, edges_added=(), edges_removed=()), one_line), **edges}
    return {key: value for key, value in found.items() if value}


def _why(why: Why) -> dict[str, Any]:
    return {"name": why.name, "from": why.start, **picked(why, "needed paths steps leading demands held")}
