"""What changed between two graphs, such as two revisions or two hardware variants, and what brought each newcomer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.model import Arrival, BuildChange, Diff, Scope
from poetry_aiops.graph.scope import scope_of
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.toml import toml_at
from poetry_aiops.project.versions import parsed


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx  # type: ignore[import-untyped]

    from poetry_aiops.graph.model import ChangeKind, DependencyGraph, Node
    from poetry_aiops.project.model import Lock, Project


_FIRST: Final = ("downgrade", "major", "upgrade", "build")


def diff(old: DependencyGraph, new: DependencyGraph, names: tuple[str, str] = ("old", "new")) -> Diff:
    """Return what changed from ``old`` to ``new``, downgrades and majors first; ``names`` say what the two are called.

    A build is its version and where it comes from.
    """
    before, after = old.by_id, new.by_id
    both = before.keys() & after.keys()
    old_edges = {(edge.source, edge.target): edge for edge in old.edges}
    new_edges = {(edge.source, edge.target): edge for edge in new.edges}
    changed = [
        BuildChange(name, builds_of(before[name]), builds_of(after[name]), _kind(before[name], after[name]))
        for name in sorted(both)
        if sorted(builds_of(before[name])) != sorted(builds_of(after[name]))
    ]
    changed.sort(key=lambda one: _FIRST.index(one.kind))
    return Diff(
        *names,
        added=_arrivals(new, before),
        removed=_arrivals(old, after),
        changed=tuple(changed),
        edges_added=tuple(edge for pair, edge in new_edges.items() if pair not in old_edges),
        edges_removed=tuple(edge for pair, edge in old_edges.items() if pair not in new_edges),
        direct_added=tuple(sorted(set(new.direct) - set(old.direct))),
        direct_removed=tuple(sorted(set(old.direct) - set(new.direct))),
        unchanged=len(both) - len(changed),
    )


def graph_at(revision: str, pyproject: bytes, lock: bytes, scope: Scope) -> DependencyGraph:
    """Return the graph at a revision; groups of ``scope`` that were not there yet count as empty.

    Raises InputError that names the revision with the file.
    """
    project = toml_at(revision, "pyproject.toml", pyproject)
    locked = toml_at(revision, "poetry.lock", lock)
    return build_graph(
        project_from(project, Path(f"pyproject.toml at {revision}")),
        lock_from(locked, Path(f"poetry.lock at {revision}")),
        scope,
        project,
    )


def between_groups(project: Project, lock: Lock, old: str, new: str, within: Scope) -> Diff:
    """Return what an installation with the group ``new`` has more, less or otherwise than one with ``old``.

    ``within`` names the groups that both have, the extras and the machine. Raises UsageError for a group that does not
    exist.
    """
    sides = []
    for group in (old, new):
        groups = scope_of(project, only=[*(within.groups or ()), group]).groups or tuple(project.groups)
        sides.append(build_graph(project, lock, Scope(groups, within.extras or (), within.target)))
    return diff(sides[0], sides[1], (f"main and {old}", f"main and {new}"))


def builds_of(node: Node) -> tuple[str, ...]:
    """Return a node's builds as text, in lock order."""
    return tuple(dict.fromkeys(str(build) for build in node.builds))


def _kind(old: Node, new: Node) -> ChangeKind:
    before, after = (max(filter(None, map(parsed, side.versions)), default=None) for side in (old, new))
    if before is None or after is None or before.public == after.public:
        return "build"
    if after < before:
        return "downgrade"
    part = 0 if before.major or after.major else 1
    return "major" if (after.major, after.minor)[part] > (before.major, before.minor)[part] else "upgrade"


def _arrivals(graph: DependencyGraph, known: Mapping[str, Node]) -> tuple[Arrival, ...]:
    """Return the names that only ``graph`` has, each with the nearest explanation.

    That is the shortest chain from the project's own demand for a new name, or from a package that both sides have.
    """
    asked = [name for name in graph.direct if name not in known]
    came_from = _nearest(graph.names, [*asked, *(node.id for node in graph.nodes if node.id in known)])
    found = []
    for node in graph.nodes:
        if node.id not in known:
            chain = [node.id]
            while came_from.get(chain[-1], chain[-1]) != chain[-1]:
                chain.append(came_from[chain[-1]])
            because = tuple(reversed(chain))
            found.append(Arrival(node.id, builds_of(node), because, direct=because[0] in asked))
    return tuple(found)


def _nearest(names: nx.DiGraph, starts: Iterable[str]) -> dict[str, str]:
    """Return for every name that the starts lead to the one before it; a start is its own."""
    came_from = {start: start for start in starts}
    order = list(came_from)
    for name in order:
        for target in names[name]:
            if target not in came_from:
                came_from[target] = name
                order.append(target)
    return came_from
