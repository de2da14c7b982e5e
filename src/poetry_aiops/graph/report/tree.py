"""Trees for a terminal that do not explode: what the project needs, and what surrounds one package.

Every locked build has one line with what follows below it, where it is nearest to the start of the tree. Wherever else
it comes up it is named with ``(*)``, so that a tree is never longer than two lines per build. Builds that exclude each
other have a line each, with their groups, and below it only what that build needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from poetry_aiops.graph.model import THE_PROJECT
from poetry_aiops.graph.paths import without_extras
from poetry_aiops.project.lock_graph import PROJECT, LockNode
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.model import LockedDependency, Requirement

    Asked = dict[tuple[str, LockedDependency | Requirement], None]  # the source's extra, and what it requires


REPEATED: Final = "(*)"


class Row(NamedTuple):
    """A line of a tree: its text, the node that it shows, and the node's short name."""

    text: str
    node: LockNode
    name: str


def tree_lines(graph: DependencyGraph, depth: int | None = None) -> list[str]:
    """Return everything that the project needs, then what is locked without being needed; at most ``depth`` levels."""
    trees = _Trees(graph)
    lines = _drawn(trees.roots(), trees.below, depth)
    for name in graph.by_id:
        for node in sorted(one for one in graph.reach.of[name] if not one.extra):
            if node not in graph.reach.reached:
                lines.append(f"{trees.row(node).text}  (not needed by the project)")
    return lines or ["The project requires nothing that is locked."]


def focus_lines(graph: DependencyGraph, name: str, depth: int | None = None) -> list[str]:
    """Return what leads to a package up to the project, then what it needs, each with what is requested."""
    trees = _Trees(graph, detailed=True)
    centre = [
        trees.row(node)
        for node in sorted(graph.reach.of.get(name, ()))
        if not node.extra and node in graph.reach.reached
    ]
    if not centre:
        return ["Nothing leads to it."]
    return ["Needed by", *_drawn(centre, trees.above, depth), "Needs", *_drawn(centre, trees.below, depth)]


class _Trees:
    def __init__(self, graph: DependencyGraph, *, detailed: bool = False) -> None:
        self.graph = graph
        self.links = graph.links
        self.detailed = detailed
        self.faces: dict[LockNode, list[LockNode]] = {}
        for node in graph.reach.reached:
            self.faces.setdefault(node._replace(extra="") if node.name else node, []).append(node)
        self.several = {node.name for node in self.faces if node.build and node.name}

    def roots(self) -> list[Row]:
        """Return the builds that the project itself requires, by name."""
        return self._leading(self.links[PROJECT], PROJECT)

    def below(self, build: LockNode) -> list[Row]:
        """Return what a build leads to, by name."""
        return self._leading(self.faces[build], build)

    def _leading(self, faces: Iterable[LockNode], start: LockNode) -> list[Row]:
        found: dict[LockNode, Asked] = {}
        for face in faces:
            for target in self.links[face]:
                self._note(found, target, start, face, (face, target))
        return [self.row(node, found[node]) for node in sorted(found)]

    def above(self, build: LockNode) -> list[Row]:
        """Return what leads to a build: the project's groups, then packages by name."""
        found: dict[LockNode, Asked] = {}
        for face in self.faces[build]:
            for source in self.links.pred[face]:
                if source in self.graph.reach.reached and source != PROJECT:
                    self._note(found, source, build, source, (source, face))
        return [self.row(node, found[node], up=True) for node in sorted(found)]

    def _note(
        self,
        found: dict[LockNode, Asked],
        other: LockNode,
        build: LockNode,
        source: LockNode,
        edge: tuple[LockNode, LockNode],
    ) -> None:
        home = other._replace(extra="") if other.name else other
        if home != build:
            asked = found.setdefault(home, {})
            extra = source.extra if source.name else ""
            asked.update(dict.fromkeys((extra, one) for one in self.links.edges[edge]["requirements"]))

    def row(self, node: LockNode, asked: Asked | None = None, *, up: bool = False) -> Row:
        """Return the line of a node; ``asked`` is what leads there, or with ``up`` what it requires."""
        asked = asked or {}
        if node.name:
            package = self.links.nodes[node]["package"]
            name = package.pretty_name
            text = f"{name}{'' if up else _in_brackets(one.extras for _, one in asked)} {package.version}"
            if node.name in self.several:
                name = f"{name} {package.version}"
                text += f"  ({', '.join(package.groups)})" if package.groups else ""
        else:
            name = text = f"{THE_PROJECT} ({node.extra or 'main'})"
        return Row(one_line(text + self._reason(asked, up=up)), node, one_line(name))

    def _reason(self, asked: Asked, *, up: bool) -> str:
        """Return what a line requires, the extra that switches it on, and where it holds."""
        text = ""
        if self.detailed and asked:
            constraints = dict.fromkeys(one.constraint for _, one in asked)
            asks = _in_brackets(one.extras for _, one in asked) if up else ""
            wanted = " ".join(filter(None, [asks, " || ".join(constraints)]))
            text += f"  wants {wanted}" if wanted != "*" else ""
        extras = sorted({extra for extra, _ in asked})
        if extras and extras[0]:
            text += f"  (extra {' or '.join(extras)})"
        markers = list(dict.fromkeys(without_extras(one.marker).replace("'", '"') for _, one in asked))
        if markers and not {"", "*"} & set(markers):
            text += f"  ; {' or '.join(markers)}"
        return text


def _in_brackets(extras: Iterable[tuple[str, ...]]) -> str:
    named = sorted({extra for one in extras for extra in one})
    return f"[{','.join(named)}]" if named else ""


def _drawn(starts: Sequence[Row], following: Callable[[LockNode], list[Row]], depth: int | None) -> list[str]:
    """Return a tree from its starts, without recursion: a chain may be longer than Python's stack."""
    parent: dict[LockNode, LockNode | None] = {row.node: None for row in starts}
    rows: dict[LockNode, list[Row]] = {}
    for node in (queue := list(parent)):
        rows[node] = following(node)
        for row in rows[node]:
            if row.node not in parent:
                parent[row.node] = node
                queue.append(row.node)
    lines: list[str] = []
    work: list[tuple[str, LockNode | None, str, int]] = [
        (row.text, row.node, "", 1) for row in reversed(starts)
    ]
    while work:
        text, current, indent, level = work.pop()
        lines.append(text)
        if current is None or (depth is not None and level >= depth):
            continue
        again = [row.name for row in rows[current] if parent[row.node] != current]
        entries: list[tuple[str, LockNode | None]] = [
            (row.text, row.node) for row in rows[current] if parent[row.node] == current
        ]
        entries += [(f"{REPEATED} {', '.join(dict.fromkeys(again))}", None)] if again else []
        for place, (line, child) in enumerate(reversed(entries)):
            branch, further = ("├── ", "│   ") if place else ("└── ", "    ")
            work.append((f"{indent}{branch}{line}", child, indent + further, level + 1))
    return lines
