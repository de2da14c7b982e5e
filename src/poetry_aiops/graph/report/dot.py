"""The graph in Graphviz's language, for ``dot -Tsvg``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.graph.model import Analysis, Edge, Node


_HEAD = """\
digraph dependencies {
  rankdir=LR;
  graph [fontname="sans-serif"];
  node [shape=box, style=rounded, fontname="sans-serif", fontsize=10];
  edge [color="#5f6b7a", arrowsize=0.6];"""


def graph_dot(analysis: Analysis) -> str:
    """Return the graph as a ``digraph``: direct dependencies bold, optional edges dashed, cycles red."""
    return "\n".join([_HEAD, *_body(analysis), "}"]) + "\n"


def _body(analysis: Analysis) -> Iterator[str]:
    graph = analysis.graph
    together = {name: number for number, cycle in enumerate(analysis.cycles) for name in cycle.members}
    yield f'  "" [label={quoted(graph.project or "the project")}, shape=ellipse, style=bold];'
    yield from (_node(node) for node in graph.nodes)
    yield from (f'  "" -> {quoted(name)};' for name in graph.direct)
    for edge in graph.edges:
        in_cycle = edge.source in together and together[edge.source] == together.get(edge.target)
        yield _edge(edge, in_cycle=in_cycle)


def quoted(text: str) -> str:
    """Return a text as a DOT string in which nothing is an escape sequence."""
    inert = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inert}"'


def _node(node: Node) -> str:
    name, versions = quoted(node.name)[1:-1], quoted(", ".join(node.versions))[1:-1]
    look = [f'label="{name}\\n{versions}"']
    if node.direct:
        look.append('style="rounded,bold"')
    if not node.reached:
        look.append('style="rounded,dotted"')
    return f"  {quoted(node.id)} [{', '.join(look)}];"


def _edge(edge: Edge, *, in_cycle: bool) -> str:
    look = []
    if not edge.hard:
        look.append("style=dashed")
    if in_cycle:
        look.append('color="#c1121f"')
    reasons = [f"[{', '.join(edge.extras)}]" if edge.extras else "", edge.marker if edge.hard else ""]
    reason = " ".join(filter(None, reasons))
    if reason:
        look.append(f"tooltip={quoted(reason)}")
    attributes = f" [{', '.join(look)}]" if look else ""
    return f"  {quoted(edge.source)} -> {quoted(edge.target)}{attributes};"
