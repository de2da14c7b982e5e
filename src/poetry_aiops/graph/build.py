"""Project and Lock -> DependencyGraph.

A node is a normalised name, an edge a dependency between two locked names; an edge is hard when at least one of its
lines is not optional; direct is every dependency of every group and extra in pyproject.toml that is locked.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.graph.model import (
    DependencyEntry,
    DependencyGraph,
    Edge,
    Node,
    NodeBuild,
    ProjectDemand,
    Scope,
)
from poetry_aiops.graph.scope import select
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.constraints import any_of
from poetry_aiops.project.extras import switching_extras
from poetry_aiops.project.lines import REQUIREMENT_NAME, listed_requirements, table_in
from poetry_aiops.project.lock_graph import by_name, lock_graph
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.scope import Selected
    from poetry_aiops.project.model import Lock, Package, PackageSource, Project, Requirement


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
    links = lock_graph(selected.packages, selected.demands, lock.python_versions)
    locked = {package.name for package in lock.packages}
    itself = normalised(project.name)
    asked = {requirement.name for _, requirement in selected.demands}
    declared = declared_names(document or {}) if scope.is_everything else set()
    needed = {line.name for _, found in selected.packages for line in found}
    return DependencyGraph(
        project=project.name,
        nodes=_nodes(selected, builds, by_name(links)),
        edges=tuple(_edge(*pair, lines[pair]) for pair in sorted(lines) if pair[0] != pair[1]),
        demands=tuple(_demand(group, one, locked) for group, one in selected.demands),
        links=links,
        self_loops=tuple(sorted({source for source, target in lines if source == target})),
        dangling=tuple(sorted(needed - locked - {itself})),
        passed_over=tuple(sorted(declared - asked - {itself})),
        outside=tuple(sorted(locked - builds.keys())),
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


def _entries(selected: Selected, builds: Builds) -> dict[tuple[str, str], list[DependencyEntry]]:
    found: dict[tuple[str, str], list[DependencyEntry]] = {}
    for package, lines in selected.packages:
        for line in lines:
            if line.name in builds:
                extras = switching_extras(package, line) if line.optional else ()
                entry = DependencyEntry(
                    package.version, line.constraint, line.marker, line.extras, line.optional, extras
                )
                found.setdefault((package.name, line.name), []).append(entry)
    return found


def _edge(source: str, target: str, entries: list[DependencyEntry]) -> Edge:
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


def _nodes(selected: Selected, builds: Builds, names: nx.DiGraph) -> tuple[Node, ...]:
    reachable = nx.descendants(names, "")
    groups = _groups_by_reach(selected, builds, names)
    return tuple(
        Node(
            id=name,
            name=builds[name][0].pretty_name,
            builds=tuple(map(_build, builds[name])),
            groups=tuple(sorted(groups[name], key=lambda group: (group != MAIN, group))),
            direct=name in names[""],
            optional=all(package.optional for package in builds[name]),
            reached=name in reachable,
            description=builds[name][0].description,
        )
        for name in sorted(builds)
    )


def _groups_by_reach(selected: Selected, builds: Builds, names: nx.DiGraph) -> dict[str, set[str]]:
    """Return the groups of each name: those of its builds, or those that reach it when the lock names none."""
    found = {
        name: {group for one in packages for group in one.groups or ()} for name, packages in builds.items()
    }
    if any(package.groups is None for packages in builds.values() for package in packages):
        for group, requirement in selected.demands:
            if requirement.name in builds:
                for name in nx.descendants(names, requirement.name) | {requirement.name}:
                    found[name].add(group)
    return found


def _build(package: Package) -> NodeBuild:
    groups = package.groups or ()
    if isinstance(package.markers, str):
        marker = "" if package.markers == "*" else package.markers
        markers = dict.fromkeys(groups or (MAIN,), marker) if marker else {}
    else:
        markers = {group: marker for group, marker in package.markers.items() if marker not in {"", "*"}}
    return NodeBuild(
        version=package.version,
        source=source_label(package.source),
        groups=groups,
        markers=MappingProxyType(markers),
        python_versions=package.python_versions,
    )


def _demand(group: str, requirement: Requirement, locked: set[str]) -> ProjectDemand:
    return ProjectDemand(
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


def declared_names(document: Mapping[str, object]) -> set[str]:
    """Return every declared dependency's canonical name, whether Poetry reads that table or not.

    Poetry leaves an entry of ``[tool.poetry.dependencies]`` out when ``[project] dependencies`` is there and does not
    name it; the author of such an entry should see it. What is no table or list is passed over.
    """
    written = (REQUIREMENT_NAME.match(text) for *_, text in listed_requirements(document))
    names = {normalised(found["name"].rstrip("-_.")) for found in written if found}
    poetry = table_in(document, "tool", "poetry")
    groups = (table_in(group, "dependencies") for group in table_in(poetry, "group").values())
    for entries in (table_in(poetry, "dependencies"), table_in(poetry, "dev-dependencies"), *groups):
        names.update(map(normalised, entries))
    return names - {"python"}
