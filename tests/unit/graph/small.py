"""Small graphs, and small locks as Poetry writes them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.model import Build, Demand, DependencyGraph, Edge, Entry, Node, Scope
from poetry_aiops.graph.numbered import adjacency, reached
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.project.targets import Target


LINUX, LINUX_ARM, MACOS, MACOS_INTEL, WINDOWS = targets(lambda python: python.startswith("3.12."))


def edge(
    source: str,
    target: str,
    constraint: str = "*",
    *,
    extra: str = "",
    marker: str = "",
    version: str = "1.0",
) -> Edge:
    """One dependency with one line; ``extra`` makes it optional."""
    extras = (extra,) if extra else ()
    line = Entry(version, constraint, marker, optional=bool(extra), extras=extras)
    return Edge(source, target, not extra, extras, marker, constraint, entries=(line,))


def graph_of(
    direct: str, *edges: Edge | str, alone: str = "", versions: dict[str, tuple[str, ...]] | None = None
) -> DependencyGraph:
    """Return a graph of edges, where ``"a b c"`` means that a needs b and c; ``alone`` are further names."""
    found = [
        one
        for given in edges
        for one in (
            [given] if isinstance(given, Edge) else [edge(given.split()[0], t) for t in given.split()[1:]]
        )
    ]
    ends = {end for one in found for end in (one.source, one.target)}
    names = sorted(ends | {*direct.split(), *alone.split()})
    number = {name: index for index, name in enumerate(names)}
    after = adjacency(len(names), ((number[one.source], number[one.target]) for one in found))
    there = reached(after, [number[name] for name in direct.split()])
    nodes = tuple(
        Node(
            name,
            name,
            tuple(Build(version) for version in (versions or {}).get(name, ("1.0",))),
            ("main",),
            direct=name in direct.split(),
            reached=number[name] in there,
        )
        for name in names
    )
    demands = tuple(Demand(name, name, "main") for name in direct.split())
    ordered = tuple(sorted(found, key=lambda one: (one.source, one.target)))
    return DependencyGraph("app", nodes, ordered, demands, python=">=3.11,<3.14")


def project(text: str) -> Project:
    """Return a project with ``text`` as its pyproject.toml."""
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def lock(text: str, version: str = "2.1") -> Lock:
    """Return a lock of short package tables: what every package needs and no test is about is added.

    Name and version are the table's header line ``[[package]] # name version``.
    """
    lines = []
    for line in text.splitlines():
        if line.startswith("[[package]]"):
            name, number = line.partition("#")[2].split()
            lines += ["[[package]]", f'name = "{name}"', f'version = "{number}"']
            lines += [
                'description = ""',
                'python-versions = "*"',
                'files = [{file = "f", hash = "sha256:0"}]',
            ]
            continue
        lines.append(line)
    lines += ["[metadata]", f'lock-version = "{version}"', 'python-versions = ">=3.11,<3.14"']
    document = tomllib.loads("\n".join(lines))
    for table in document.get("package", []):
        table.setdefault("optional", False)
        if version == "2.1":
            table.setdefault("groups", ["main"])
    return lock_from(document, Path("poetry.lock"))


def built(
    pyproject: str,
    locked: str,
    *,
    version: str = "2.1",
    groups: Iterable[str] | None = None,
    target: Target | None = None,
) -> DependencyGraph:
    """Return the graph of a small pyproject.toml and lock."""
    scope = Scope(None if groups is None else tuple(groups), target=target)
    return build_graph(project(pyproject), lock(locked, version), scope, tomllib.loads(pyproject))


def pairs(graph: DependencyGraph) -> set[tuple[str, str]]:
    return {(one.source, one.target) for one in graph.edges}


def names(graph: DependencyGraph) -> list[str]:
    return [node.id for node in graph.nodes]
