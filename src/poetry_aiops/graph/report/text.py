"""The graph as text for a terminal: figures, answers, and a tree that does not explode.

Every package has one line with what it needs below it: where it lies nearest to the project. Wherever else it is
needed it is named with ``(*)``, so that the tree is never longer than two lines per package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.plain import counted
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.graph.report.words import cycle_lines, figures, oddities, overlay_rows, sections
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Analysis, DependencyGraph, Edge
    from poetry_aiops.graph.overlay import Overlay


REPEATED: Final = "(*)"
_NOTHING = Answers()
_ASCII: Final = str.maketrans("├└│─", "|`|-")


def graph_text(
    analysis: Analysis,
    answers: Answers = _NOTHING,
    depth: int | None = None,
    *,
    ascii_only: bool = False,
    overlay: Overlay = NO_OVERLAY,
) -> str:
    """Return the tree, then the figures and the answers.

    ``depth`` cuts the tree below that many levels; ``ascii_only`` draws it for a terminal without line signs.
    """
    lines = tree_lines(analysis.graph, depth)
    if any(REPEATED in line for line in lines):
        lines += ["", f"{REPEATED} is shown in full nearer to the project."]
    if ascii_only:
        lines = [line.translate(_ASCII) for line in lines]
    return "\n".join([*lines, "", summary_text(analysis, overlay), *_answer_lines(answers, overlay)])


def summary_text(analysis: Analysis, overlay: Overlay = NO_OVERLAY) -> str:
    """Return the figures, the cycles and what looks odd, without the tree."""
    rows = [
        *figures(analysis.summary),
        *_frees(analysis),
        *oddities(analysis),
        *overlay_rows(analysis, overlay),
    ]
    width = max(len(title) for title, _ in rows) + 2
    lines = [f"{title + ':':<{width}}{text}" for title, text in rows]
    for cycle in analysis.cycles:
        first, *rest = cycle_lines(cycle)
        lines += [f"{'Cycle:':<{width}}{first}", *(f"{'':<{width}}{line}" for line in rest)]
    if not analysis.cycles:
        lines.append(f"{'Cycles:':<{width}}none")
    return "\n".join(lines)


def answers_text(answers: Answers, overlay: Overlay = NO_OVERLAY) -> str:
    """Return the answers alone."""
    return "\n".join(_answer_lines(answers, overlay)).strip("\n")


def cycles_text(analysis: Analysis) -> str:
    """Return every cycle with what breaks it, or that there is none."""
    if not analysis.cycles:
        return "No package needs itself through others."
    lines = [counted(len(analysis.cycles), "circle") + " of packages that need each other"]
    for cycle in analysis.cycles:
        first, *rest = cycle_lines(cycle)
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines)


def tree_lines(graph: DependencyGraph, depth: int | None = None) -> list[str]:
    """Return the tree, a line for each package and one for each package's repeated dependencies."""
    tree = _Tree(graph)
    lines = []
    for name in graph.direct:
        lines.append(tree.line(name))
        lines += tree.below(name, depth)
    for node in graph.nodes:
        if node.id not in tree.parent:
            lines.append(f"{tree.line(node.id)}  (not needed by the project)")
    return lines or ["The project asks for nothing that is locked."]


def _frees(analysis: Analysis) -> list[tuple[str, str]]:
    most = ", ".join(f"{one.name} ({one.frees})" for one in analysis.freeing()[:5])
    return [("Removing frees most", one_line(most))] if most else []


def _answer_lines(answers: Answers, overlay: Overlay) -> list[str]:
    return [
        line
        for section in sections(answers, overlay)
        for line in ("", section.title, *(f"  {line}" for line in section.lines))
    ]


class _Tree:
    """Which package each package is shown below: the first that is found from the project, level by level."""

    def __init__(self, graph: DependencyGraph) -> None:
        self.graph = graph
        self.nodes = graph.by_id
        self.after: dict[str, list[Edge]] = {}
        for edge in graph.edges:
            self.after.setdefault(edge.source, []).append(edge)
        self.parent: dict[str, str] = dict.fromkeys(graph.direct, "")
        for name in (queue := list(graph.direct)):
            for edge in self.after.get(name, ()):
                if edge.target not in self.parent:
                    self.parent[edge.target] = name
                    queue.append(edge.target)

    def line(self, name: str, edge: Edge | None = None) -> str:
        node = self.nodes[name]
        text = f"{node.name} {' | '.join(node.versions)}"
        if edge and not edge.hard:
            text += f"  [{', '.join(edge.extras)}]" if edge.extras else "  [optional]"
        if edge and edge.hard and edge.marker:
            text += f"  ; {edge.marker}"
        return one_line(text)

    def below(self, start: str, depth: int | None) -> list[str]:
        """Return the lines below a package, without recursion: a chain may be longer than Python's stack."""
        lines: list[str] = []
        work = [self._children(start, "", 1, depth)]
        while work:
            if not work[-1]:
                work.pop()
                continue
            text, name, indent, level = work[-1].pop()
            lines.append(text)
            if name:
                work.append(self._children(name, indent, level, depth))
        return lines

    def _children(
        self, name: str, indent: str, level: int, depth: int | None
    ) -> list[tuple[str, str, str, int]]:
        """Return what stands below a package, the last line first: text, package, indent and level of what follows."""
        if depth is not None and level >= depth:
            return []
        edges = self.after.get(name, [])
        first = [edge for edge in edges if self.parent.get(edge.target) == name]
        again = [edge.target for edge in edges if self.parent.get(edge.target) != name]
        rows: list[tuple[str, str]] = [(self.line(edge.target, edge), edge.target) for edge in first]
        if again:
            rows.append((one_line(f"{REPEATED} {', '.join(again)}"), ""))
        found = []
        for place, (text, child) in enumerate(rows):
            last = place == len(rows) - 1
            branch, further = ("└── ", "    ") if last else ("├── ", "│   ")
            found.append((f"{indent}{branch}{text}", child, indent + further, level + 1))
        return found[::-1]
