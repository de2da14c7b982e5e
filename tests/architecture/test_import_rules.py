"""Which package may import which, and who may use a library; docs/explanation/architecture.md gives the picture.

Imports go down: features -> spine -> floor. Imports under ``if TYPE_CHECKING`` count, too: a type binds two packages
as well as a call does.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]
from tests.support.sources import SOURCE, trees

from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


FLOOR = ("errors", "system", "project", "config", "index", "cli")
SPINE = ("accelerators", "locking")
FEATURES = ("hardware", "health", "graph", "migrate", "export", "scaffold")

MAY_IMPORT: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    "plugin": frozenset({"locking"}),  # one type; what it loads, it loads by name (tests/startup)
    "data": frozenset(),  # facts, schemas, and programs that run in environments without this package
    "errors": frozenset(),
    "system": frozenset({"errors"}),
    "project": frozenset({"errors", "system"}),
    "config": frozenset({"errors", "system", "project"}),
    "index": frozenset({"errors", "config", "system", "project"}),
    "cli": frozenset({"errors", "config", "system", "project"}),
    "accelerators": frozenset(FLOOR),
    "locking": frozenset({*FLOOR, "accelerators"}),
    **{feature: frozenset({*FLOOR, *SPINE}) for feature in FEATURES},
}
"""Package -> the other packages of ours that it may import."""

MAY_USE: dict[str, tuple[str, ...]] = {
    "cleo": (
        "cli",
        "plugin.py",
        "*/command.py",
        "*/*_command.py",
        "locking/hooks.py",
    ),
    "poetry.core": ("cli", "plugin.py", "project", "index", "locking", *FEATURES),
    "poetry": (
        "cli",
        "plugin.py",
        "index",
        "locking",
        *FEATURES,
    ),
    "httpx": ("system",),
    "requests": ("index",),
    "urllib.error": ("system",),  # urllib.parse only takes texts apart
    "urllib.request": ("system",),
    "socket": ("system", "index/access.py"),  # addresses taken apart, no connection
    "subprocess": ("system", "data"),
    "pip_audit": ("health/advisories",),
    "networkx": ("project/lock_graph.py", "graph"),
    "jinja2": ("health/report", "scaffold"),
}
"""Library -> the packages and files that may import it; the first name that fits counts."""


def dotted(path: Path) -> str:
    """Return the name of a module without ``poetry_aiops.``; a package's own file has the package's name."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


EVERY_MODULE = frozenset(dotted(path) for path in SOURCE.rglob("*.py"))


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Return every import of a module, wherever it stands: the line, and the module in full."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            ours = node.module.removeprefix("poetry_aiops").lstrip(".")
            for alias in node.names:
                submodule = f"{ours}.{alias.name}".lstrip(".")
                yield node.lineno, f"poetry_aiops.{submodule}" if submodule in EVERY_MODULE else node.module


def breaches() -> Iterator[tuple[str, str, int]]:
    """Every import that the tables do not allow: module, imported module, line."""
    for path in trees():
        here, package = dotted(path), path.relative_to(SOURCE).with_suffix("").parts[0]
        for line, module in imports(path):
            top, _, ours = module.partition(".")
            there = ours.split(".")[0]
            if top == "poetry_aiops" and ours and there != package and not may_import(package, ours):
                yield here, ours, line
            library = next((name for name in MAY_USE if f"{module}.".startswith(f"{name}.")), None)
            if library is not None and not may_use(path, MAY_USE[library]):
                yield here, library, line


def may_import(package: str, module: str) -> bool:
    """Say whether a package may import another one's module; features see of locking what its ``api`` offers."""
    if package in FEATURES and module.startswith("locking"):
        return module == "locking.api"
    return module.split(".", maxsplit=1)[0] in MAY_IMPORT[package]


def may_use(path: Path, users: tuple[str, ...]) -> bool:
    within = path.relative_to(SOURCE)
    return any(within.match(user) or within.is_relative_to(user) for user in users)


def test_imports_go_down_and_libraries_stay_in_their_packages() -> None:
    assert [f"{module}:{line} must not import {imported}" for module, imported, line in breaches()] == []


def test_packages_do_not_import_each_other_in_a_circle() -> None:
    edges = {
        (path.relative_to(SOURCE).with_suffix("").parts[0], module.split(".")[1])
        for path in trees()
        for _, module in imports(path)
        if module.startswith("poetry_aiops.")
    }
    graph = nx.DiGraph((here, there) for here, there in edges if here != there)
    assert list(nx.simple_cycles(graph)) == []


def test_every_package_has_its_rule() -> None:
    assert {path.relative_to(SOURCE).with_suffix("").parts[0] for path in trees()} == MAY_IMPORT.keys()


def test_every_package_folder_says_what_it_holds() -> None:
    silent = [
        str(folder.relative_to(SOURCE))
        for folder in SOURCE.rglob("*")
        if folder.is_dir()
        and any(folder.glob("*.py"))
        and not ast.get_docstring(trees()[folder / "__init__.py"])
    ]
    assert silent == []


def test_only_command_modules_know_commands() -> None:
    """A run takes a request and an output; what a command is called with stays in its module."""
    classes = {target.replace(":", ".").rpartition(".")[0] for target in COMMANDS.values()}
    assert [
        f"{dotted(path)}:{line} must not import {module}"
        for path in trees()
        for line, module in imports(path)
        if module in classes
        or (module == "poetry_aiops.cli.base" and f"poetry_aiops.{dotted(path)}" not in classes)
    ] == []
