"""The graph in Mermaid's language, kept within what Mermaid draws: 500 edges and 50,000 characters.

The limits are its defaults ``maxEdges`` and ``maxTextSize`` (Mermaid 10 to 12), which GitHub and GitLab do not raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.system.record import Record
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.graph.model import Analysis, Edge, Node


MAX_EDGES: Final = 500
MAX_CHARACTERS: Final = 50_000
_LABEL: Final = 120
_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_.,:+")
_FAR: Final = 1_000_000
_STYLES = (
    "  classDef direct stroke-width:3px",
    "  classDef cycle stroke:#c1121f",
    "  classDef note stroke-dasharray:4",
)


def graph_mermaid(
    analysis: Analysis, max_edges: int = MAX_EDGES, max_characters: int = MAX_CHARACTERS
) -> str:
    """Return the graph as a flowchart; a large one is cut down to what is nearest to the project, and says so.

    Packages come in by their distance from the project, among equals those first of which more depends.
    """
    whole = _Chart(analysis)
    ranked = whole.ranked()
    kept = len(ranked)
    text = whole.text(ranked)
    if whole.edges_among(ranked) > max_edges:
        kept = whole.fitting(ranked, max_edges)
        text = whole.text(ranked[:kept])
    while len(text) > max_characters and kept:
        kept = min(kept - 1, kept * max_characters // len(text))
        text = whole.text(ranked[:kept])
    return text


def label(text: str) -> str:
    """Return a text for a quoted Mermaid label: whatever is no plain sign becomes a character code."""
    short = one_line(text)[:_LABEL]
    return "".join(sign if sign in _SAFE else f"#{ord(sign)};" for sign in short)


class _Chart(Record):
    analysis: Analysis

    def ranked(self) -> list[Node]:
        """Return the nodes, those that are kept longest first."""
        rows = zip(self.analysis.graph.nodes, self.analysis.metrics, strict=True)
        ranked = sorted(
            rows,
            key=lambda row: (
                _FAR if row[1].depth is None else row[1].depth,
                -row[1].frees,
                -row[1].needed_by,
                row[0].id,
            ),
        )
        return [node for node, _ in ranked]

    def edges_among(self, nodes: Iterable[Node]) -> int:
        kept = {node.id: node for node in nodes}
        return sum(node.direct for node in kept.values()) + len(self._edges(kept))

    def fitting(self, ranked: list[Node], max_edges: int) -> int:
        """Return how many nodes can be kept so that the edges among them stay within the limit."""
        beside: dict[str, list[str]] = {}
        for edge in self.analysis.graph.edges:
            beside.setdefault(edge.source, []).append(edge.target)
            beside.setdefault(edge.target, []).append(edge.source)
        kept: set[str] = set()
        edges = 0
        for node in ranked:
            edges += node.direct + sum(other in kept for other in beside.get(node.id, ()))
            if edges > max_edges:
                break
            kept.add(node.id)
        return len(kept)

    def text(self, nodes: list[Node]) -> str:
        graph = self.analysis.graph
        kept = {node.id for node in nodes}
        shown = [node for node in graph.nodes if node.id in kept]
        number = {node.id: place for place, node in enumerate(shown)}
        edges = self._edges(number)
        circling = {name for cycle in self.analysis.cycles for name in cycle.members}
        lines = ["flowchart LR", *self._note(len(shown), len(edges)), *_STYLES]
        lines.append(f'  project(["{label(graph.project or "the project")}"])')
        for node in shown:
            look = ":::cycle" if node.id in circling else ":::direct" if node.direct else ""
            lines.append(
                f'  n{number[node.id]}["{label(node.name)} {label(", ".join(node.versions))}"]{look}'
            )
        lines += [f"  project --> n{number[node.id]}" for node in shown if node.direct]
        for edge in edges:
            arrow = "-->" if edge.hard else "-.->"
            lines.append(f"  n{number[edge.source]} {arrow} n{number[edge.target]}")
        return "\n".join(lines) + "\n"

    def _edges(self, kept: dict[str, Node] | dict[str, int]) -> list[Edge]:
        return [edge for edge in self.analysis.graph.edges if edge.source in kept and edge.target in kept]

    def _note(self, nodes: int, edges: int) -> list[str]:
        graph = self.analysis.graph
        if nodes == len(graph.nodes):
            return []
        said = (
            f"{nodes} of {len(graph.nodes)} packages and {edges} of {len(graph.edges)} edges,"
            " those nearest to the project"
        )
        why = "Mermaid cannot draw more. Narrow it with --focus, --only or --depth, or use html or dot."
        return [f"  %% {said}: {why}", f'  note["{label(f"Shown: {said}")}"]:::note']
