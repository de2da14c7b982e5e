"""Project and Lock -> DependencyGraph.

A node is a normalised name, an edge a dependency between two locked names; an edge is hard when at least one of its
lines is not optional; direct is every dependency of every group and extra in pyproject.toml that is locked.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.graph.declared import declared_names
from poetry_aiops.graph.model import Build
from poetry_aiops.graph.model import Demand
from poetry_aiops.graph.model import DependencyGraph
from poetry_aiops.graph.model import Edge
from poetry_aiops.graph.model import Entry
from poetry_aiops.graph.model import Node
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.numbered import adjacency
from poetry_aiops.graph.numbered import reached
from poetry_aiops.graph.scope import optional_extras
from poetry_aiops.graph.scope import select
from poetry_aiops.project.constraints import any_of
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from poetry_aiops.graph.scope import Selected
    from poetry_aiops.project.model import Lock
    from poetry_aiops.project.model import Package
    from poetry_aiops.project.model import PackageSource
    from poetry_aiops.project.model import Project
    from poetry_aiops.project.model import Requirement


_EVERYTHING = Scope()

Builds = dict[str, list["Package"]]


def build_graph(
    project: Project,
    lock: Lock,
    scope: Scope = _EVERYTHING,
    document: Mapping[str, object] | None = None,
) -> DependencyGraph:
    """Return the graph of a lock, or of what ``scope`` leaves of it.

    Without a scope every locked package is a node, orphans included; with one only what the project then installs.
    ``document`` is the parsed pyproject.toml; with it the graph also names the dependencies written there that
    Poetry passes over. Raises InputError for a marker that cannot be read.
    """
    selected = select(project, lock, scope)
    builds = _by_name(selected)
    lines = _entries(selected, builds)
    loops = sorted({source for source, target in lines if source == target})
    edges = tuple(_edge(*pair, lines[pair]) for pair in sorted(lines) if pair[0] != pair[1])
    locked = {package.name for package in lock.packages}
    return DependencyGraph(
        project=project.name,
        nodes=_nodes(selected, builds, edges),
        edges=edges,
        demands=tuple(_demand(group, one, locked) for group, one in selected.demands),
        self_loops=tuple(loops),
        dangling=_dangling(selected, locked),
        passed_over=_passed_over(selected, document) if scope.is_everything else (),
        lock_version=lock.version,
        python=lock.python_versions,
        scope=scope,
    )


def source_label(source: PackageSource | None) -> str:
    """Return where a build comes from: empty for the default index, else a source's name or a public address."""
    if source is None:
        return ""
    if source.type == "legacy":
        return source.reference or public_address(source.url)
    place = public_address(source.url)
    place += f"@{source.resolved_reference[:12]}" if source.resolved_reference else ""
    return f"{source.type} {place}"


def _by_name(selected: Selected) -> Builds:
    found: Builds = {}
    for package, _ in selected.packages:
        found.setdefault(package.name, []).append(package)
    return found


def _entries(selected: Selected, builds: Builds) -> dict[tuple[str, str], list[Entry]]:
    found: dict[tuple[str, str], list[Entry]] = {}
    for package, lines in selected.packages:
        for line in lines:
            if line.name in builds:
                extras = optional_extras(package, line) if line.optional else ()
                entry = Entry(
                    package.version, line.constraint, line.marker, line.extras, line.optional, extras
                )
                found.setdefault((package.name, line.name), []).append(entry)
    return found


def _edge(source: str, target: str, entries: list[Entry]) -> Edge:
    hard = any(not entry.optional for entry in entries)
    extras = {extra for entry in entries for extra in entry.extras}
    markers = list(dict.fromkeys(entry.marker for entry in entries))
    constraints = dict.fromkeys(entry.constraint for entry in entries)
    return Edge(
        source=source,
        target=target,
        hard=hard,
        extras=() if hard else tuple(sorted(extras)),
        marker="" if {"", "*"} & set(markers) else any_of(markers),
        constraint=" || ".join(constraints),
        asks=tuple(sorted({extra for entry in entries for extra in entry.asks})),
        entries=tuple(entries),
    )


def _nodes(selected: Selected, builds: Builds, edges: tuple[Edge, ...]) -> tuple[Node, ...]:
    names = sorted(builds)
    number = {name: index for index, name in enumerate(names)}
    after = adjacency(len(names), ((number[edge.source], number[edge.target]) for edge in edges))
    roots: dict[str, set[int]] = {}
    for group, requirement in selected.demands:
        if requirement.name in number:
            roots.setdefault(group, set()).add(number[requirement.name])
    direct = frozenset().union(*roots.values())
    reachable = reached(after, direct)
    groups = _groups_by_reach(names, roots, after, builds)
    return tuple(
        _node(builds[name], groups[name], direct=index in direct, reached=index in reachable)
        for index, name in enumerate(names)
    )


def _groups_by_reach(
    names: list[str], roots: Mapping[str, set[int]], after: tuple[tuple[int, ...], ...], builds: Builds
) -> dict[str, tuple[str, ...]]:
    """Return the groups of each name: those of its builds, or those that reach it when the lock names none."""
    found: dict[str, set[str]] = {
        name: {group for package in builds[name] for group in package.groups or ()} for name in names
    }
    if all(package.groups is not None for packages in builds.values() for package in packages):
        return {name: _main_first(groups) for name, groups in found.items()}
    for group, starts in roots.items():
        for index in reached(after, starts):
            found[names[index]].add(group)
    return {name: _main_first(groups) for name, groups in found.items()}


def _main_first(groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(groups, key=lambda group: (group != MAIN, group)))


def _node(packages: list[Package], groups: tuple[str, ...], *, direct: bool, reached: bool) -> Node:
    return Node(
        id=packages[0].name,
        name=packages[0].pretty_name,
        builds=tuple(_build(package) for package in packages),
        groups=groups,
        direct=direct,
        optional=all(package.optional for package in packages),
        reached=reached,
        description=packages[0].description,
    )


def _build(package: Package) -> Build:
    groups = package.groups or ()
    if isinstance(package.markers, str):
        marker = "" if package.markers == "*" else package.markers
        markers = dict.fromkeys(groups or (MAIN,), marker) if marker else {}
    else:
        markers = {group: marker for group, marker in package.markers.items() if marker not in {"", "*"}}
    return Build(
        version=package.version,
        source=source_label(package.source),
        groups=groups,
        markers=MappingProxyType(markers),
        python_versions=package.python_versions,
    )


def _demand(group: str, requirement: Requirement, locked: set[str]) -> Demand:
    return Demand(
        name=requirement.name,
        pretty_name=requirement.pretty_name,
        group=group,
        constraint=requirement.constraint,
        marker=requirement.marker,
        asks=requirement.extras,
        in_extras=requirement.in_extras,
        optional=requirement.optional,
        locked=requirement.name in locked,
    )


def _dangling(selected: Selected, locked: set[str]) -> tuple[str, ...]:
    wanted = {line.name for _, lines in selected.packages for line in lines}
    return tuple(sorted(wanted - locked))


def _passed_over(selected: Selected, document: Mapping[str, object] | None) -> tuple[str, ...]:
    asked = {requirement.name for _, requirement in selected.demands}
    return tuple(sorted(declared_names(document or {}) - asked))
