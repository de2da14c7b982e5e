"""Small graphs, and small locks as Poetry writes them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.model import DependencyGraph, Scope
from poetry_aiops.project.lockfile import lock_from
from poetry_aiops.project.model import Group, Lock, Package, Project, Requirement
from poetry_aiops.project.model import LockedDependency as Line
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.targets import extras_in, targets


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.project.targets import Target


LINUX, LINUX_ARM, MACOS, MACOS_INTEL, WINDOWS = targets(lambda python: python.startswith("3.12."))


def edge(
    source: str,
    target: str,
    constraint: str = "*",
    *,
    extra: str = "",
    marker: str = "",
    asks: tuple[str, ...] = (),
) -> tuple[str, Line]:
    """One line of a package's dependencies; ``extra`` makes it optional, ``asks`` are the target's extras."""
    questions = [marker, f'extra == "{extra}"' if extra else ""]
    return source, Line(target, constraint, asks, " and ".join(filter(None, questions)), optional=bool(extra))


def graph_of(
    direct: str,
    *edges: tuple[str, Line] | str,
    alone: str = "",
    versions: dict[str, tuple[str, ...]] | None = None,
    demands: tuple[tuple[str, Requirement], ...] = (),
) -> DependencyGraph:
    """Return the graph of a lock with these lines, where ``"a b c"`` means that a needs b and c.

    The project demands every name of ``direct`` in main, and besides the (group, requirement) pairs of ``demands``;
    ``alone`` are further names. Every extra that a line needs or asks for is declared by its package.
    """
    lines: dict[str, list[Line]] = {name: [] for name in (*direct.split(), *alone.split())}
    extras: dict[str, dict[str, tuple[str, ...]]] = {}
    for given in edges:
        words = given.split() if isinstance(given, str) else []
        for source, line in (
            [edge(words[0], word) for word in words[1:]] if isinstance(given, str) else [given]
        ):
            lines.setdefault(source, []).append(line)
            lines.setdefault(line.name, [])
            for extra in extras_in(line.marker):
                extras.setdefault(source, {})[extra] = (line.name,)
            for extra in line.extras:
                extras.setdefault(line.name, {}).setdefault(extra, ())
    packages = tuple(
        Package(
            name=name,
            pretty_name=name,
            version=version,
            description="",
            optional=False,
            python_versions="*",
            groups=None,
            markers="",
            files=(),
            edges=tuple(found),
            extras=extras.get(name, {}),
            source=None,
        )
        for name, found in lines.items()
        for version in (versions or {}).get(name, ("1.0",))
    )
    asked = [("main", Requirement(name, name)) for name in direct.split()] + list(demands)
    groups = {
        group: Group(
            group,
            group,
            optional=False,
            requirements=tuple(one for of, one in asked if of == group),
            includes=(),
            key_path=group,
        )
        for group in dict.fromkeys(["main", *(group for group, _ in asked)])
    }
    made = Project(Path("pyproject.toml"), "app", "1", "*", True, groups, (), {}, ">=3.11,<3.14")  # noqa: FBT003
    return build_graph(made, Lock("2.0", ">=3.11,<3.14", None, packages, {}, Path("poetry.lock")))


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
